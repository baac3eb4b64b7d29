//! Which message of ours a message answers. Mail programs repeat the Message-ID of what they answer, and ours begin with the message's
//! id; elsewhere it is our latest message to that address by that account, which the contact's timeline knows, or our latest answer in
//! the conversation, whichever is later.

use kernel::ids::{ContactId, MessageId};
use kernel::{Result, Time};
use providers::{Event, EventDetail, EventKind, Inbound as Came};
use store::list::timed::timed;
use store::{TenantScope, Write};

use super::person::Sender;
use crate::activity::Direction;
use crate::entry::{self, Noun};
use crate::flows::Context;
use crate::flows::report::merging;
use crate::message::Entry;
use crate::{Account, Channel, Conversation, Message, address};

/// How long after a message was sent an answer to it is one.
const DAYS: i64 = 30;
/// Entries of the contact's timeline that are looked at, newest first: one query.
const ENTRIES: u16 = 25;
/// Messages that are read at most until one is found that went out by the account that was written to.
const MESSAGES: usize = 3;

/// A message that came in, and where.
pub(super) struct Answer<'a> {
    pub(super) context: &'a Context,
    pub(super) scope: &'a TenantScope,
    pub(super) account: &'a Account,
    pub(super) sender: &'a Sender,
    /// Who wrote, when that was known before.
    pub(super) contact: Option<ContactId>,
    pub(super) conversation: &'a Conversation,
    pub(super) came: &'a Came,
}

impl Answer<'_> {
    /// The write that notes on the message which this one answers that it was answered: by whom it went to, and by a person. It
    /// belongs to the transaction that keeps what came in, so that both are there or neither, and has the receipt's digest.
    pub(super) async fn noting(&self, digest: &str) -> Result<Option<Write>> {
        if !self.came.speaks() || self.came.automatic || self.came.wish.is_some() {
            return Ok(None);
        }
        let now = self.context.clock.now();
        let named = self.named();
        let some = if let Some(id) = named { vec![id] } else { self.latest(now).await? };
        for id in some.into_iter().take(MESSAGES) {
            let Some(mut message) = self.scope.read_now::<Message>(id).await? else { continue };
            if !self.went_to_them(&message.row, now) {
                continue;
            }
            let answered = message.row.events.iter().any(|event| event.kind == EventKind::Replied);
            let first = named.is_some() || !answered;
            let told = first && message.row.tell(Entry::of(&self.context.keys, &event(now, digest)));
            return if told { merging(self.scope, &message).map(Some) } else { Ok(None) };
        }
        Ok(None)
    }

    /// The message whose Message-ID an email refers to.
    fn named(&self) -> Option<MessageId> {
        self.came.references.iter().find_map(|reference| MessageId::from_hex(reference.split('@').next()?))
    }

    /// Our latest messages to them, newest first: of the conversation, when nobody has answered that one yet, and of the timeline, where
    /// nothing tells what a message answers.
    async fn latest(&self, now: Time) -> Result<Vec<MessageId>> {
        let Conversation { awaiting, answered, thread, .. } = self.conversation;
        let mut found: Vec<(Time, MessageId)> =
            answered.iter().filter(|_| awaiting.is_none()).map(|answered| (answered.at, answered.message)).collect();
        if let Some(contact) = self.contact
            && self.sender.channel != Channel::Email
            && thread.is_none()
        {
            let since = timed(now.plus_seconds(-DAYS * 86_400));
            let entries = self.scope.below::<entry::Entry>(&contact.hex(), Some(&since), None, false, ENTRIES).await?;
            found.extend(entries.iter().filter_map(|entry| self.sent(&entry.row)));
        }
        found.sort_unstable_by(|one, other| other.cmp(one));
        Ok(found.into_iter().map(|(_, id)| id).collect())
    }

    /// The message of ours that an entry tells of, by the channel, and when it was sent.
    fn sent(&self, entry: &entry::Entry) -> Option<(Time, MessageId)> {
        let sent = entry.noun == Noun::Message
            && entry.direction == Some(Direction::Outbound)
            && entry.channel == Some(self.sender.channel)
            && entry.withdrawn.is_none();
        if sent { Some((entry.at, MessageId::parse(&entry.subject)?)) } else { None }
    }

    /// Whether it was sent to the address that this one comes from, of late, and by the account that was written to. Mail is answered
    /// wherever it asks for answers.
    fn went_to_them(&self, message: &Message, now: Time) -> bool {
        let Sender { channel, key, .. } = self.sender;
        let by = |account| *channel == Channel::Email || account == Some(self.account.id);
        let carried = message.carried();
        carried.is_some_and(|carried| by(carried.account) && now.since(carried.at) <= DAYS * 86_400_000)
            && message.channel == *channel
            && address::key(*channel, &message.to.address).is_ok_and(|to| to == *key)
    }
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
