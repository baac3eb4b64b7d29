//! Windows: channels that take free text only for some hours after the recipient has written, and only by the account that they
//! wrote to. When that was stands on the address's row, so a check costs half a read unit, on those channels alone.

use kernel::{Error, Result, Time};
use store::TenantScope;

use super::Context;
use super::accept::Accepted;
use super::catalog::Catalog;
use crate::message::State;
use crate::{Account, Address, Message, address};

/// What the recipient's windows hang on, of a message that needs one.
#[derive(Debug)]
pub struct Window {
    /// None: nobody has ever written from that address.
    address: Option<Address>,
}

impl Window {
    /// The window of the message's recipient; none when the message needs none.
    pub async fn of(context: &Context, scope: &TenantScope, message: &Message) -> Result<Option<Self>> {
        if !message.windowed {
            return Ok(None);
        }
        let key = address::key(message.channel, &message.to.address)?;
        let address = scope.read::<Address>(Address::at(&context.keys, message.channel, &key)).await?;
        Ok(Some(Self { address: address.map(|address| address.row) }))
    }

    /// When the recipient last wrote to the account.
    fn wrote_to(&self, account: &Account) -> Option<Time> {
        self.address.as_ref()?.wrote_to(account.id)
    }

    /// Whether the account may send free text now.
    pub fn is_open(&self, account: &Account, now: Time) -> bool {
        let Some(hours) = account.window_hours() else { return true };
        self.wrote_to(account).is_some_and(|wrote| wrote.plus_seconds(i64::from(hours) * 3600) > now)
    }
}

/// Refuses an order at once that no window is open for. The gate asks again when the message goes: what is to go later, and what
/// no account carries, is its affair alone.
pub async fn check(context: &Context, catalog: &Catalog, scope: &TenantScope, accepted: &Accepted) -> Result<()> {
    let message = &accepted.message;
    if message.state == State::Scheduled {
        return Ok(());
    }
    let Some(window) = Window::of(context, scope, message).await? else { return Ok(()) };
    let mut accounts = carriers(catalog, scope, message).await?;
    if accounts.is_empty() {
        // An account that was made a moment ago must be seen.
        catalog.look_again(scope);
        accounts = carriers(catalog, scope, message).await?;
    }
    let now = context.clock.now();
    if accounts.is_empty() || accounts.iter().any(|account| window.is_open(account, now)) {
        return Ok(());
    }
    let last = accounts.iter().filter_map(|account| window.wrote_to(account)).max();
    let hours = accounts.iter().filter_map(Account::window_hours).max().unwrap_or_default();
    Err(closed(accepted, hours, last))
}

/// The accounts that the message may go by.
async fn carriers(catalog: &Catalog, scope: &TenantScope, message: &Message) -> Result<Vec<Account>> {
    let accounts = catalog.accounts(scope).await?;
    Ok(accounts.iter().filter(|account| account.enabled && message.fits(account)).cloned().collect())
}

/// The refusal, with the rule named. It points to what the message says.
fn closed(Accepted { message, body }: &Accepted, hours: u16, last: Option<Time>) -> Error {
    let channel = message.channel;
    let pointer = match (message.template, body.as_ref().and_then(|body| body.source.as_ref())) {
        (Some(_), _) => "/template",
        (None, Some(_)) => "/content",
        (None, None) => "/location",
    };
    let last = last.map_or_else(|| "the contact has not".to_owned(), |last| format!("at {last}"));
    let instead = if channel.capabilities().templates { "; use provider_template" } else { "" };
    let word = channel.as_str();
    let rule = format!("{word}: free text only within {hours} hours after the contact last wrote ({last}){instead}");
    Error::invalid(pointer, "window", rule)
}
