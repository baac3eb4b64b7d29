//! Carrying out errands: what is asked of a provider for an account and not for a message.
//!
//! 1. Claim: one conditional write takes the lease. 2. The deed. 3. Settle: one write, on the condition that it is still ours.
//!
//! A crash in between leaves a lease that runs out; the queue brings the job again, and the deed is done once more. One that fails
//! for a reason of ours comes again as well, and is given up before the queue would park it.

mod fetch;

use domain::errand::{Deed, State};
use domain::flows::connect;
use domain::{Account, Errand, Tenant};
use kernel::ids::{AccountId, ErrandId};
use kernel::{Error, Result};
use providers::Setup;
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Outcome, TenantScope, Value};

use crate::deliver::{Done, LEASE_SECONDS};
use crate::veil::Veil;
use crate::{Sender, health};

/// How often an errand is begun.
pub(super) const ATTEMPTS: u32 = 4;

/// Carries out an errand whose state has that number.
pub async fn carry_out(sender: &Sender, scope: &TenantScope, id: ErrandId, seq: u64) -> Result<Done> {
    let now = sender.context.clock.now();
    let owner = kernel::crypto::encode(&sender.context.ids.bytes::<9>());
    let claim = Change::new()
        .add(attr::ATTEMPT, 1)
        .set(attr::OWNER, Value::S(owner.clone()))
        .set(attr::LEASE, n(now.plus_seconds(LEASE_SECONDS).millis()));
    let current = Cond::Is(attr::STATE_SEQ, n(i64::try_from(seq).unwrap_or(i64::MAX)));
    let free = Cond::Below(attr::LEASE, n(now.millis()));
    let errand = match scope.change::<Errand>(id, claim, Cond::All(vec![current, free])).await? {
        Outcome::Done(found) => found.row,
        Outcome::Refused(Some(found)) if found.row.state_seq == seq => return Ok(Done::NotYet),
        Outcome::Refused(_) => return Ok(Done::Settled),
    };
    match &errand.deed {
        Deed::Check => check(sender, scope, errand.account).await,
        Deed::Fetch { attachment, place } => fetch::fetch(sender, scope, &errand, *attachment, place).await,
    }
    .or_else(|error| give_up(&errand, error))?;
    let settled = Change::new().set(attr::STATE, State::Done.value()).add(attr::STATE_SEQ, 1).remove(attr::LEASE);
    scope.change::<Errand>(id, settled, Cond::Is(attr::OWNER, Value::S(owner))).await?;
    Ok(Done::Settled)
}

/// An errand that fails is tried again, but not for ever.
fn give_up(errand: &Errand, error: Error) -> Result<()> {
    if errand.attempt < ATTEMPTS {
        return Err(error);
    }
    tracing::error!(errand.id = %errand.id, ?error, "errand {} is given up", errand.id);
    Ok(())
}

/// Asks the provider whether the account is in order, and notes what that says of its health.
async fn check(sender: &Sender, scope: &TenantScope, id: AccountId) -> Result<()> {
    let Some(account) = scope.read_now::<Account>(id).await?.map(|found| found.row) else { return Ok(()) };
    let Some(tenant) = scope.read::<Tenant>(scope.tenant()).await?.map(|found| found.row) else { return Ok(()) };
    let provider = account.provider()?;
    let credentials = connect::open(&sender.vault, &tenant, &account).await?;
    let callback = account.callback(&sender.public_url);
    let bare = Setup { settings: &account.settings, credentials: &credentials, token: None, callback: &callback };
    let (carrier, clock) = (&sender.carrier, &sender.context.clock);
    let token = match sender.tokens.find(account.id, provider, &bare, carrier, clock).await? {
        Ok(token) => token,
        Err(verdict) => {
            health::note_no_token(sender, scope, &account, &Veil::of(&bare).over(verdict)).await;
            return Ok(());
        }
    };
    let setup = Setup { token: token.as_ref(), ..bare };
    let Some(call) = provider.probe(&setup)? else { return Ok(()) };
    let reply = carrier.carry(account.channel, &call, clock).await;
    let verdict = Veil::of(&setup).and(&call).over(provider.verdict_for(&reply, &setup));
    health::note(sender, scope, &account, &reply, &verdict).await;
    Ok(())
}
