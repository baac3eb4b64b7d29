//! Which message of ours a message answers. Mail programs repeat the Message-ID of what they answer, and ours begin with the message's
//! id; elsewhere it is our latest answer in the conversation.

use kernel::ids::MessageId;
use kernel::{Result, Time};
use providers::{Event, EventDetail, EventKind, Inbound as Came};
use store::TenantScope;

use super::person::Sender;
use crate::flows::Context;
use crate::flows::report::record;
use crate::message::Entry;
use crate::{Conversation, Message, address};

/// How long after a message was sent an answer to it is one.
const DAYS: i64 = 30;

/// Notes on the message that this one answers that it was answered: by whom it went to, and by a person. It is noted before the
/// message is kept, under the digest of its receipt: doing it again changes nothing, and a message that is kept needs it no more.
pub(super) async fn note(
    context: &Context,
    scope: &TenantScope,
    sender: &Sender,
    conversation: &Conversation,
    came: &Came,
    digest: &str,
) -> Result<()> {
    let speaks = came.speaks() && !came.automatic && came.wish.is_none();
    let Some(id) = answered(conversation, came).filter(|_| speaks) else { return Ok(()) };
    let Some(message) = scope.read_now::<Message>(id).await?.map(|found| found.row) else { return Ok(()) };
    let at = context.clock.now();
    let recent = message.carried().is_some_and(|carried| at.since(carried.at) <= DAYS * 86_400_000);
    if recent && went_to(&message, sender) {
        record(scope, id, Entry::of(&context.keys, &event(at, digest))).await?;
    }
    Ok(())
}

/// The message whose Message-ID an email refers to, else our latest in the conversation, when nobody has answered it yet.
fn answered(conversation: &Conversation, came: &Came) -> Option<MessageId> {
    let named = came.references.iter().find_map(|reference| MessageId::from_hex(reference.split('@').next()?));
    let latest = || conversation.answered.filter(|_| conversation.awaiting.is_none()).map(|answered| answered.message);
    named.or_else(latest)
}

fn went_to(message: &Message, sender: &Sender) -> bool {
    message.channel == sender.channel && address::key(message.channel, &message.to.address).is_ok_and(|key| key == sender.key)
}

fn event(at: Time, digest: &str) -> Event {
    Event {
        kind: EventKind::Replied,
        at,
        id: digest.to_owned(),
        tag: None,
        provider_id: None,
        recipient: None,
        detail: EventDetail::default(),
    }
}
