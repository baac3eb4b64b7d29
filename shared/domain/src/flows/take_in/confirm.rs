//! Telling who says STOP, START or HELP that it was heard. The confirmation is an ordinary message, written with the receipt of what
//! it answers: there is one for each wish, however often that is brought and wherever the process dies.

use kernel::Result;
use kernel::ids::MessageId;
use providers::{Inbound as Came, Wish};
use render::Source;
use store::{TenantScope, Write};

use super::person::{Person, Sender};
use crate::flows::Context;
use crate::flows::accept::{self, Order, To};
use crate::flows::catalog::Catalog;
use crate::{Account, Category, Channel};

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
pub(super) async fn confirm(
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
    let order = Order {
        to: To { address: Some(sender.address.clone()), ..To::default() },
        channel: Some(sender.channel),
        content: Some(Source { text: Some(words(wish).to_owned()), ..Source::default() }),
        category: Some(Category::default()),
        ..Order::default()
    };
    let catalog = Catalog::new(context.clock.clone());
    let id = MessageId::new(&context.ids, &context.clock);
    let mut made = accept::prepare(&catalog, scope, order, id).await?;
    let message = &mut made.message;
    message.confirms = Some(wish);
    message.pinned = Some(account.id);
    // The recipient has written this moment, which a replica may not know yet.
    message.windowed = false;
    message.to.contact = Some(person.id).filter(|_| !person.is_new());
    let body = made.body.as_ref().map(|body| scope.creating(body));
    body.into_iter().chain([scope.creating(&made.message)]).collect()
}
