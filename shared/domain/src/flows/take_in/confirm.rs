//! Telling who says STOP, START or HELP that it was heard. The confirmation is an ordinary message, written with the receipt of what
//! it answers: there is one for each wish, however often that is brought and wherever the process dies.

use kernel::Result;
use kernel::ids::MessageId;
use providers::{Inbound as Came, Wish};
use store::{TenantScope, Write};

use super::person::{Person, Sender};
use crate::flows::Context;
use crate::message::Recipient;
use crate::{Account, Channel, Message};

/// Whether who wrote this expects a confirmation: by a channel where that is the custom, from a person, in a chat of their own, and
/// not when the provider has given one.
pub(super) fn is_expected(channel: Channel, came: &Came) -> bool {
    channel.capabilities().confirms && came.speaks() && !came.automatic && !came.answered && came.thread.is_none()
}

/// The write of a confirmation, which goes by the account that was written to. None when one like it went out within a day.
pub(super) fn confirm(
    context: &Context,
    scope: &TenantScope,
    account: &Account,
    sender: &Sender,
    person: &mut Person<'_>,
    wish: Wish,
) -> Result<Option<Write>> {
    if !person.confirm(wish, context.clock.now()) {
        return Ok(None);
    }
    let id = MessageId::new(&context.ids, &context.clock);
    let contact = Some(person.id).filter(|_| !person.is_new());
    let to = Recipient { address: sender.address.clone(), name: None, contact };
    // It was not judged by its text, as an order is: what it says is known, and the sender puts it into words.
    let (confirms, pinned, company) = (Some(wish), Some(account.id), person.company);
    let message = Message { confirms, pinned, company, ..Message::new(id, sender.channel, to) };
    scope.creating(&message).map(Some)
}
