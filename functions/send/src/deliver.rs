//! Delivering one message. The steps, each of which may be the last one before a crash:
//!
//! 1. Claim: one conditional write takes the lease and brings the row along. 2. Gate: the one decision, by the contact as it is
//!    now. 3. Compose. 4. One provider call. 5. Settle: one write, conditional on still holding this very attempt.
//!
//! A crash before 4 leaves a lease that runs out; a crash after it leaves a message of which nobody knows whether it was sent.
//! Both look alike from outside, so both end as `unknown`, unless the one account that could have been called makes repeating
//! harmless. A failure that the sender lives to see is told apart: before 4 nothing was sent, and it is tried again after a wait.

use std::sync::Arc;

use domain::flows::release::enter;
use domain::gate::{Decision, Facts};
use domain::message::{State, Try, Verdict as Meaning, Wait, cut};
use domain::suppression::Reason;
use domain::{Account, Address, Contact, Message, Tenant, address};
use kernel::ids::{AccountId, MessageId};
use kernel::{Email, Error, Result, Time};
use net::words;
use store::batch::Done;
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Outcome, Stored, TenantScope, Value};

use crate::call::call;
use crate::compose::compose;
use crate::turn::{Turn, candidates, carries, hold, later, next, unknown, wait_for};
use crate::{Sender, room, window};

/// How long a claim holds: longer than the function may run.
pub(crate) const LEASE_SECONDS: i64 = 60;
/// How often a conditional write is tried when its answer is lost.
const WRITES: usize = 4;

/// Delivers a message whose state has that number.
pub async fn deliver(sender: &Sender, scope: &TenantScope, id: MessageId, seq: u64) -> Result<Done> {
    let message = match claim(sender, scope, id, seq).await? {
        Claim::Mine(message) => message,
        Claim::Over(done) => return Ok(done),
    };
    let change = match attempt(sender, scope, &message).await {
        Ok(change) => change,
        Err(error) => {
            tracing::warn!(message.id = %message.id, ?error, "message {} could not be made ready", message.id);
            not_ready(sender, &message)?
        }
    };
    settle(scope, &message, change).await?;
    Ok(Done::Settled)
}

enum Claim {
    Mine(Box<Message>),
    Over(Done),
}

/// Takes the lease on the state that the job is about. A job about a past state is void.
async fn claim(sender: &Sender, scope: &TenantScope, id: MessageId, seq: u64) -> Result<Claim> {
    let now = sender.context.clock.now();
    let owner = kernel::crypto::encode(&sender.context.ids.bytes::<9>());
    let change = Change::new()
        .set(attr::STATE, State::Sending.value())
        .set(attr::STATE_AT, n(now.millis()))
        .add(attr::STATE_SEQ, 1)
        .add(attr::ATTEMPT, 1)
        .set(attr::OWNER, Value::S(owner.clone()))
        .set(attr::LEASE, n(now.plus_seconds(LEASE_SECONDS).millis()));
    let waiting = Cond::In(attr::STATE, vec![State::Accepted.value(), State::Queued.value()]);
    let cond = Cond::All(vec![waiting, Cond::Is(attr::STATE_SEQ, n(i64::try_from(seq).unwrap_or(i64::MAX)))]);
    match insist(scope, id, &change, &cond).await? {
        Outcome::Done(message) => Ok(Claim::Mine(Box::new(message.row))),
        Outcome::Refused(None) => Ok(Claim::Over(Done::Settled)),
        Outcome::Refused(Some(found)) => {
            let claimed = found.row.state == State::Sending && found.row.state_seq == seq.saturating_add(1);
            // A claim whose answer was lost is repeated on the way and then refused by its own first try.
            if claimed && found.row.owner.as_deref() == Some(owner.as_str()) {
                return Ok(Claim::Mine(Box::new(found.row)));
            }
            if !claimed {
                return Ok(Claim::Over(Done::Settled));
            }
            if found.row.lease.is_some_and(|lease| lease > now) {
                return Ok(Claim::Over(Done::NotYet));
            }
            take_over(sender, scope, &found).await?;
            Ok(Claim::Over(Done::Settled))
        }
    }
}

/// Settles an attempt whose owner died: sent again at once where that is harmless, unknown otherwise.
async fn take_over(sender: &Sender, scope: &TenantScope, found: &Stored<Message>) -> Result<()> {
    let now = sender.context.clock.now();
    let message = &found.row;
    // Any account may have been called that was there then, also one that is switched off by now.
    let accounts = sender.catalog.accounts(scope).await?;
    let accounts: Vec<&Account> = accounts.iter().filter(|account| carries(account, message)).collect();
    let harmless = message.sandbox || matches!(accounts.as_slice(), [one] if one.sending().is_ok_and(|p| p.repeatable()));
    let change = if harmless {
        enter(State::Queued, now)
    } else {
        let lost = record(message, None, now, Meaning::Unknown, None, "the sender stopped before it could note the answer");
        unknown(accounts.first().copied(), now).append(attr::TRIES, store::scope::value(&lost)?)
    };
    // By version: an event or another sender that came first has settled it.
    scope.change::<Message>(message.id, change, Cond::Version(found.version)).await?;
    Ok(())
}

/// Decides, composes and calls; answers with the change that settles the attempt. An error means that no provider was called.
async fn attempt(sender: &Sender, scope: &TenantScope, message: &Message) -> Result<Change> {
    let now = sender.context.clock.now();
    let tenant = tenant(sender, scope).await?;
    let candidates = candidates(sender, scope, message).await?;
    let (contact, suppressed) = recipient(sender, scope, message).await?;
    let account = !candidates.is_empty();
    let candidates = window::open(sender, scope, message, candidates).await?;
    // A rehearsal without any account has no window to look at.
    let window = !candidates.is_empty() || !account;
    let facts = Facts { tenant: &tenant, account, contact: contact.as_ref(), suppressed, window, full: None, now };
    let answer = room::judge(sender, scope, message, facts).await?;
    let noted = store::scope::value(&answer)?;
    let change = match answer.decision {
        Decision::Stop(_) => enter(State::Rejected, now),
        Decision::Hold(until) => hold(State::Held, Wait::QuietHours, now, until)?,
        Decision::Go if message.sandbox => {
            rehearse(sender, scope, &tenant, contact.as_ref(), message, candidates.first(), now).await?
        }
        Decision::Go => match next(sender, scope, message, &candidates).await? {
            Turn::Account(chosen) => call(sender, scope, &tenant, contact.as_ref(), message, chosen).await?,
            Turn::Booked(booking) => return Ok(wait_for(sender, &booking, now)?.set(attr::GATE, noted)),
            Turn::Wait(until) => hold(State::Held, Wait::Outage, now, until)?,
            Turn::Nobody => enter(State::Failed, now),
        },
    };
    // What it had booked is spent or void.
    let change = if message.booking.is_some() { change.remove(attr::BOOKING) } else { change };
    Ok(change.set(attr::GATE, noted))
}

/// The tenant. One that is switched off stops the message for good, so one that was switched on a moment ago must be seen.
async fn tenant(sender: &Sender, scope: &TenantScope) -> Result<Arc<Tenant>> {
    let known = sender.catalog.tenant(scope).await?;
    if known.active {
        return Ok(known);
    }
    sender.catalog.look_again(scope);
    sender.catalog.tenant(scope).await
}

/// The contact and what stands against the address. A contact carries its addresses' suppressions along; a bare address is
/// looked up, and its contact with it.
async fn recipient(sender: &Sender, scope: &TenantScope, message: &Message) -> Result<(Option<Contact>, Option<Reason>)> {
    let (channel, to) = (message.channel, &message.to);
    let contact = match to.contact {
        Some(id) => scope.read::<Contact>(id).await?.map(|contact| contact.row),
        None => None,
    };
    // An address that the contact has let go of since is known by its own row alone.
    if to.contact.is_some() && contact.as_ref().is_none_or(|contact| contact.has(channel, &to.address)) {
        return Ok((contact, None));
    }
    let Ok(key) = address::key(channel, &to.address) else { return Ok((contact, None)) };
    let Some(address) = scope.read::<Address>(Address::at(&sender.context.keys, channel, &key)).await? else {
        return Ok((contact, None));
    };
    let suppressed = address.row.suppressed(channel).map(|suppressed| suppressed.reason);
    let contact = match address.row.contact.filter(|_| to.contact.is_none()) {
        Some(id) => scope.read::<Contact>(id).await?.map(|contact| contact.row),
        None => contact,
    };
    Ok((contact, suppressed))
}

/// Renders and decides everything, and calls nobody.
async fn rehearse(
    sender: &Sender,
    scope: &TenantScope,
    tenant: &Tenant,
    contact: Option<&Contact>,
    message: &Message,
    account: Option<&Account>,
    now: Time,
) -> Result<Change> {
    let nobody = nobody()?;
    let from = account.and_then(|account| account.from.as_ref()).or(Some(&nobody));
    let outcome = match compose(sender, scope, tenant, contact, message, from).await {
        Ok(_) => (State::Sent, record(message, None, now, Meaning::Sent, Some("sandbox"), "sandbox: no provider was called")),
        Err(Error::Invalid(faults)) => (State::Rejected, record(message, None, now, Meaning::Rejected, None, &words(&faults))),
        Err(error) => return Err(error),
    };
    Ok(enter(outcome.0, now).append(attr::TRIES, store::scope::value(&outcome.1)?))
}

fn nobody() -> Result<providers::Mailbox> {
    Ok(providers::Mailbox { email: Email::parse("sandbox@example.com")?, name: None })
}

/// After a failure of our own that came before any provider was called: after a wait, else never.
fn not_ready(sender: &Sender, message: &Message) -> Result<Change> {
    let now = sender.context.clock.now();
    let own = |attempt: &&Try| attempt.n > message.grants && attempt.account.is_none() && attempt.verdict == Meaning::Retry;
    let used = message.tries.iter().filter(own).count() + 1;
    let made = record(message, None, now, Meaning::Retry, None, "nothing was sent: it could not be made ready");
    Ok(later(sender, used, now, None)?.append(attr::TRIES, store::scope::value(&made)?))
}

/// The attempt as its row keeps it.
pub(crate) fn record(
    message: &Message,
    account: Option<AccountId>,
    at: Time,
    verdict: Meaning,
    id: Option<&str>,
    note: &str,
) -> Try {
    Try {
        n: message.attempt,
        account,
        at,
        ms: None,
        verdict,
        id: id.map(str::to_owned),
        note: Some(cut(note, 160)).filter(|note| !note.is_empty()),
        cost: None,
        passed: Vec::new(),
    }
}

/// Carries out a conditional write, again when its answer is lost: twice is once.
async fn insist(scope: &TenantScope, id: MessageId, change: &Change, cond: &Cond) -> Result<Outcome<Message>> {
    let mut tries = 1;
    loop {
        match scope.change::<Message>(id, change.clone(), cond.clone()).await {
            Err(_) if tries < WRITES => tries += 1,
            ended => return ended,
        }
    }
}

/// Writes the end of the attempt. A refused condition means that somebody else owns the message: then nothing is written and
/// nothing tried again.
async fn settle(scope: &TenantScope, message: &Message, change: Change) -> Result<()> {
    let change = change.remove(attr::OWNER).remove(attr::LEASE);
    let mine = Cond::All(vec![
        Cond::Is(attr::OWNER, Value::S(message.owner.clone().unwrap_or_default())),
        Cond::Is(attr::ATTEMPT, n(i64::from(message.attempt))),
    ]);
    if let Outcome::Refused(found) = insist(scope, message.id, &change, &mine).await? {
        // A write whose answer was lost is repeated, and then refused because it is done.
        let done = found.is_some_and(|found| found.row.owner.is_none() && found.row.attempt == message.attempt);
        if !done {
            tracing::warn!(message.id = %message.id, "message {} was taken over", message.id);
        }
    }
    Ok(())
}
