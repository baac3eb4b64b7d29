//! Carrying out errands: what is asked of a provider for an account and not for a message.
//!
//! 1. Claim: one conditional write takes the lease. 2. The deed. 3. Settle: one write, on the condition that it is still ours.
//!
//! A crash in between leaves a lease that runs out; the queue brings the job again, and the deed is done once more, unless the account
//! says what came of it. One that fails for a reason of ours comes again as well, and is given up before the queue would park it.

mod check;
mod consent;
mod fetch;
mod finding;
mod registration;

use domain::Errand;
use domain::errand::{Deed, State};
use kernel::ids::ErrandId;
use kernel::{Error, Result};
use store::batch::Done;
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Outcome, TenantScope, Value};

use crate::Sender;
use crate::deliver::LEASE_SECONDS;
use finding::Finding;

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
    let carried = match &errand.deed {
        Deed::Check => check::check(sender, scope, &errand).await,
        Deed::Consent { sealed } => consent::exchange(sender, scope, &errand, sealed).await,
        Deed::Fetch { attachment, place } => fetch::fetch(sender, scope, &errand, *attachment, place).await,
    };
    if let Err(error) = carried {
        give_up(sender, scope, &errand, error).await?;
    }
    let settled = Change::new().set(attr::STATE, State::Done.value()).add(attr::STATE_SEQ, 1).remove(attr::LEASE);
    scope.change::<Errand>(id, settled, Cond::Is(attr::OWNER, Value::S(owner))).await?;
    Ok(Done::Settled)
}

/// An errand that fails is tried again, but not for ever.
async fn give_up(sender: &Sender, scope: &TenantScope, errand: &Errand, error: Error) -> Result<()> {
    if errand.attempt < ATTEMPTS {
        return Err(error);
    }
    tracing::error!(errand.id = %errand.id, ?error, "errand {} is given up", errand.id);
    match &errand.deed {
        Deed::Check | Deed::Consent { .. } => {
            Finding::failed("it could not be found out, for a reason that lies with us").note(sender, scope, errand, None).await
        }
        Deed::Fetch { attachment, .. } => fetch::give_up(scope, *attachment).await,
    }
}
