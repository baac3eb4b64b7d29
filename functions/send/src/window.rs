//! Which accounts may carry a message as things stand between them and its recipient.

use domain::flows::window::Window;
use domain::{Account, Message};
use kernel::Result;
use store::TenantScope;

use crate::Sender;

/// Those whose window is open for the message: all of them, unless it is free text on a channel with a window.
pub async fn open(sender: &Sender, scope: &TenantScope, message: &Message, accounts: Vec<Account>) -> Result<Vec<Account>> {
    let Some(window) = Window::of(&sender.context, scope, message).await? else { return Ok(accounts) };
    let now = sender.context.clock.now();
    Ok(accounts.into_iter().filter(|account| window.is_open(account, now)).collect())
}
