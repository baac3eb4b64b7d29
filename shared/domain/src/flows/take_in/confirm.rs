//! Telling who says STOP, START or HELP that it was heard. The confirmation is an ordinary message, written with the receipt of what
//! it answers: there is one for each wish, however often that is brought and wherever the process dies.

use kernel::Result;
use kernel::ids::MessageId;
use providers::{Inbound as Came, Wish};
use render::Source;
use serde_json::Map;
use store::{TenantScope, Write};

use super::person::{Person, Sender};
use crate::flows::Context;
use crate::message::Recipient;
use crate::{Account, Body, Channel, Extras, Message};

/// What is said. The sender fills in the tenant's name.
const fn words(wish: Wish) -> &'static str {
    match wish {
        Wish::Stop => "{{ tenant.name }}: You will get no more messages from us. Reply START to get them again.",
        Wish::Start => "{{ tenant.name }}: You will get messages from us again. Reply STOP to get no more.",
        Wish::Help => "{{ tenant.name }}: Reply STOP to get no more messages from us, START to get them again.",
    }
}

/// Whether who wrote this expects a confirmation: by a channel where that is the custom, from a person, in a chat of their own, and
/// not when the provider has given one.
pub(super) fn is_expected(channel: Channel, came: &Came) -> bool {
    channel.capabilities().confirms && came.speaks() && !came.automatic && !came.answered && came.thread.is_none()
}

/// The writes of a confirmation, which goes by the account that was written to. None when one like it went out within a day.
pub(super) fn confirm(
    context: &Context,
    scope: &TenantScope,
    account: &Account,
    sender: &Sender,
    person: &mut Person<'_>,
    wish: Wish,
) -> Result<Vec<Write>> {
    if !person.confirm(wish, context.clock.now()) {
        return Ok(Vec::new());
    }
    let id = MessageId::new(&context.ids, &context.clock);
    let contact = Some(person.id).filter(|_| !person.is_new());
    let to = Recipient { address: sender.address.clone(), name: None, contact };
    let body = Body {
        message: id,
        source: Some(Source { text: Some(words(wish).to_owned()), ..Source::default() }),
        variables: Map::new(),
        metadata: Map::new(),
        headers: Vec::new(),
        extras: Extras::default(),
        attachments: Vec::new(),
        at: id.made_at(),
    };
    // It was not judged by its text, as an order is: what it says is known, and whoever takes callbacks renders nothing.
    let message =
        Message { body: true, confirms: Some(wish), pinned: Some(account.id), ..Message::new(id, sender.channel, to) };
    Ok(vec![scope.creating(&body)?, scope.creating(&message)?])
}
