//! Delivering one message. The steps, each of which may be the last one before a crash:
//!
//! 1. Claim: one conditional write takes the lease and brings the row along. 2. Gate: the one decision, by the contact as it is
//!    now. 3. Compose. 4. One provider call. 5. Settle: one write, conditional on still holding this very attempt.
//!
//! A crash before 4 leaves a lease that runs out; a crash after it leaves a message of which nobody knows whether it was sent.
//! Both look alike from outside, so both end as `unknown`, unless every account that could have been called makes repeating
//! harmless.

use domain::account::OnUnknown;
use domain::flows::connect;
use domain::flows::release::enter;
use domain::gate::{self, Answer, Decision, Facts};
use domain::message::{Hold, State, Try, Verdict as Meaning, Wait, cut};
use domain::suppression::Reason;
use domain::{Account, Address, Contact, Message, Tenant};
use kernel::ids::AccountId;
use kernel::{Email, Error, Result, Time};
use providers::{Reply, Verdict};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Job, Outcome, Stored, TenantScope, Value};

use crate::Sender;
use crate::compose::compose;

/// How long a claim holds: longer than the function may run.
const LEASE_SECONDS: i64 = 60;
/// How long evidence is waited for when an answer was lost.
const EVIDENCE_SECONDS: i64 = 300;
/// Attempts through one account before a message has failed.
const TRIES: usize = 8;
/// First wait between attempts; each further one is four times as long, up to [`LONGEST_SECONDS`].
const FIRST_SECONDS: i64 = 30;
/// Longest wait between attempts.
const LONGEST_SECONDS: i64 = 6 * 3600;
/// How often a settling write is tried when its answer is lost. It is conditional: twice is once.
const WRITES: usize = 4;

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing more to do for it.
    Settled,
    /// Somebody else holds the lease; come again when it has run out.
    NotYet,
}

/// Carries out a job.
pub async fn deliver(sender: &Sender, job: &Job) -> Result<Done> {
    let scope = sender.store.resume(&job.internal());
    let message = match claim(sender, &scope, job).await? {
        Claim::Mine(message) => message,
        Claim::Over(done) => return Ok(done),
    };
    let change = attempt(sender, &scope, &message).await?;
    settle(&scope, &message, change).await?;
    Ok(Done::Settled)
}

enum Claim {
    Mine(Box<Message>),
    Over(Done),
}

/// Takes the lease on the state that the job is about. A job about a past state is void.
async fn claim(sender: &Sender, scope: &TenantScope, job: &Job) -> Result<Claim> {
    let now = sender.context.clock.now();
    let owner = kernel::crypto::encode(&sender.context.ids.bytes::<9>());
    let seq = n(i64::try_from(job.seq).unwrap_or(i64::MAX));
    let change = Change::new()
        .set(attr::STATE, State::Sending.value())
        .set(attr::STATE_AT, n(now.millis()))
        .add(attr::STATE_SEQ, 1)
        .add(attr::ATTEMPT, 1)
        .set(attr::OWNER, Value::S(owner.clone()))
        .set(attr::LEASE, n(now.plus_seconds(LEASE_SECONDS).millis()));
    let waiting = Cond::In(attr::STATE, vec![State::Accepted.value(), State::Queued.value()]);
    let cond = Cond::All(vec![waiting, Cond::Is(attr::STATE_SEQ, seq)]);
    match scope.change::<Message>(job.message, change, cond).await? {
        Outcome::Done(message) => Ok(Claim::Mine(Box::new(message.row))),
        Outcome::Refused(None) => Ok(Claim::Over(Done::Settled)),
        Outcome::Refused(Some(found)) => {
            let claimed = found.row.state == State::Sending && found.row.state_seq == job.seq.saturating_add(1);
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
    let candidates = candidates(sender, scope, message).await?;
    let harmless = message.sandbox || candidates.iter().all(|account| account.provider().is_ok_and(|p| p.repeatable()));
    let change = if harmless {
        enter(State::Queued, now)
    } else {
        let lost = record(message, None, now, Meaning::Unknown, None, "the sender stopped before it could note the answer");
        unknown(candidates.first(), now).append(attr::TRIES, store::scope::value(&lost)?)
    };
    // By version: an event or another sender that came first has settled it.
    scope.change::<Message>(message.id, change, Cond::Version(found.version)).await?;
    Ok(())
}

/// Decides, composes and calls; answers with the change that settles the attempt.
async fn attempt(sender: &Sender, scope: &TenantScope, message: &Message) -> Result<Change> {
    let now = sender.context.clock.now();
    let tenant = sender.catalog.tenant(scope).await?;
    let candidates = candidates(sender, scope, message).await?;
    let (contact, suppressed) = recipient(sender, scope, message).await?;
    let facts = Facts { tenant: &tenant, account: !candidates.is_empty(), contact: contact.as_ref(), suppressed, now };
    let answer = gate::decide(message, &facts);
    match answer.decision {
        Decision::Stop(_) => return with_gate(enter(State::Rejected, now), &answer),
        Decision::Hold(until) => return with_gate(hold(State::Held, Wait::QuietHours, now, until)?, &answer),
        Decision::Go => {}
    }
    let change = if message.sandbox {
        rehearse(sender, scope, &tenant, contact.as_ref(), message, candidates.first(), now).await?
    } else {
        match next(message, &candidates) {
            Some(account) => call(sender, scope, &tenant, contact.as_ref(), message, account, &candidates).await?,
            None => enter(State::Failed, now),
        }
    };
    with_gate(change, &answer)
}

/// The accounts that may carry the message, in order.
async fn candidates(sender: &Sender, scope: &TenantScope, message: &Message) -> Result<Vec<Account>> {
    let accounts = sender.catalog.accounts(scope).await?;
    let fits = |account: &&Account| {
        account.enabled && account.channel == message.channel && message.pinned.is_none_or(|pinned| pinned == account.id)
    };
    Ok(accounts.iter().filter(fits).cloned().collect())
}

/// The contact and what stands against the address. A contact carries its addresses' suppressions along; a bare address is
/// looked up, and its contact with it.
async fn recipient(sender: &Sender, scope: &TenantScope, message: &Message) -> Result<(Option<Contact>, Option<Reason>)> {
    if let Some(id) = message.to.contact {
        return Ok((scope.read::<Contact>(id).await?.map(|contact| contact.row), None));
    }
    let Ok(email) = Email::parse(&message.to.address) else { return Ok((None, None)) };
    let place = Address::at(&sender.context.keys, message.channel, &email.key());
    let Some(address) = scope.read::<Address>(place).await? else { return Ok((None, None)) };
    let contact = match address.row.contact {
        Some(id) => scope.read::<Contact>(id).await?.map(|contact| contact.row),
        None => None,
    };
    Ok((contact, address.row.suppressed.map(|suppressed| suppressed.reason)))
}

/// Attempts through the account in the present round: a person who sends a message again gives it a new round.
fn tried(message: &Message, account: AccountId) -> usize {
    let earlier = usize::try_from(message.grants).unwrap_or(usize::MAX).saturating_mul(TRIES);
    message.tries.iter().filter(|attempt| attempt.account == Some(account)).count().saturating_sub(earlier)
}

/// The account to try now: the one tried least, the earlier one among equals; none when all have been tried often enough.
fn next<'a>(message: &Message, candidates: &'a [Account]) -> Option<&'a Account> {
    candidates.iter().filter(|account| tried(message, account.id) < TRIES).min_by_key(|account| tried(message, account.id))
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
    let from = account.map_or_else(nobody, |account| Ok(account.from.clone()))?;
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

fn words(faults: &[kernel::Fault]) -> String {
    faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect::<Vec<_>>().join("; ")
}

/// One call through one account.
async fn call(
    sender: &Sender,
    scope: &TenantScope,
    tenant: &Tenant,
    contact: Option<&Contact>,
    message: &Message,
    account: &Account,
    candidates: &[Account],
) -> Result<Change> {
    let now = sender.context.clock.now();
    let provider = account.provider()?;
    let refuse = |note: &str| -> Result<Change> {
        let refused = record(message, Some(account.id), now, Meaning::Rejected, None, note);
        Ok(enter(State::Rejected, now).append(attr::TRIES, store::scope::value(&refused)?))
    };
    let outgoing = match compose(sender, scope, tenant, contact, message, account.from.clone()).await {
        Ok(outgoing) => outgoing,
        // What cannot be rendered now never will be: the version and the variables do not change.
        Err(Error::Invalid(faults)) => return refuse(&words(&faults)),
        Err(error) => return Err(error),
    };
    let credentials = connect::open(&sender.vault, tenant, account).await?;
    let verdict = match provider.call(&outgoing, &account.settings, &credentials) {
        Ok(call) => {
            let reply = sender.carrier.carry(&call, now).await;
            judge(provider, &reply)
        }
        Err(Error::Invalid(faults)) => return refuse(&words(&faults)),
        Err(error) => return Err(error),
    };
    let (meaning, id, note, after) = match &verdict {
        Verdict::Sent { id } => (Meaning::Sent, Some(id.as_str()), "", None),
        Verdict::Retry { after, reason } => (Meaning::Retry, None, reason.as_str(), *after),
        Verdict::Rejected { reason } => (Meaning::Rejected, None, reason.as_str(), None),
        Verdict::Misconfigured { reason } => (Meaning::Misconfigured, None, reason.as_str(), None),
        Verdict::Unknown { reason } => (Meaning::Unknown, None, reason.as_str(), None),
    };
    let made = record(message, Some(account.id), now, meaning, id, note);
    let done = sender.context.clock.now();
    let change = match meaning {
        Meaning::Sent => enter(State::Sent, done),
        Meaning::Rejected => enter(State::Rejected, done),
        Meaning::Unknown => unknown(Some(account), done),
        Meaning::Retry | Meaning::Misconfigured => again(sender, message, account, candidates, done, after)?,
    };
    Ok(change.append(attr::TRIES, store::scope::value(&made)?))
}

/// What the answer means; a lost answer of a provider that recognises repetitions is simply no answer.
fn judge(provider: &dyn providers::Provider, reply: &Reply) -> Verdict {
    match provider.verdict(reply) {
        Verdict::Unknown { reason } if provider.repeatable() => Verdict::Retry { after: None, reason },
        verdict @ (Verdict::Sent { .. }
        | Verdict::Retry { .. }
        | Verdict::Rejected { .. }
        | Verdict::Misconfigured { .. }
        | Verdict::Unknown { .. }) => verdict,
    }
}

/// After an attempt that certainly sent nothing: at once through an account that was tried less, else after a wait, else never.
fn again(
    sender: &Sender,
    message: &Message,
    account: &Account,
    candidates: &[Account],
    now: Time,
    after: Option<u32>,
) -> Result<Change> {
    let used = tried(message, account.id) + 1;
    if candidates.iter().any(|other| other.id != account.id && tried(message, other.id) < used) {
        return Ok(enter(State::Queued, now));
    }
    if used >= TRIES {
        return Ok(enter(State::Failed, now));
    }
    let exponent = u32::try_from(used.saturating_sub(1)).unwrap_or(u32::MAX).min(8);
    let ceiling = FIRST_SECONDS.saturating_mul(4_i64.saturating_pow(exponent)).min(LONGEST_SECONDS);
    // Between half and all of the ceiling, so that messages which failed together do not come back together.
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "seconds of at most six hours")]
    let wait = (ceiling as f64 * (0.5 + sender.context.ids.fraction() / 2.0)) as i64;
    let wait = after.map_or(wait, |asked| wait.max(i64::from(asked).min(LONGEST_SECONDS)));
    hold(State::Held, Wait::Retry, now, now.plus_seconds(wait.max(1)))
}

fn hold(state: State, why: Wait, now: Time, until: Time) -> Result<Change> {
    // `enter` takes the row out of the due index; what follows it puts it back in.
    let change = enter_waiting(state, now);
    Ok(change.set(attr::HOLD, store::scope::value(&Hold { why, until })?).due(until))
}

fn enter_waiting(state: State, now: Time) -> Change {
    Change::new().set(attr::STATE, state.value()).set(attr::STATE_AT, n(now.millis())).add(attr::STATE_SEQ, 1)
}

/// Into `unknown`, until evidence has had its time. The account's policy is noted with the hold.
fn unknown(account: Option<&Account>, now: Time) -> Change {
    let resend = account.is_some_and(|account| account.on_unknown == OnUnknown::Resend);
    let why = if resend { Wait::Resend } else { Wait::Evidence };
    let until = now.plus_seconds(EVIDENCE_SECONDS);
    hold(State::Unknown, why, now, until).unwrap_or_else(|_| enter_waiting(State::Unknown, now).due(until))
}

fn record(message: &Message, account: Option<AccountId>, at: Time, verdict: Meaning, id: Option<&str>, note: &str) -> Try {
    Try {
        n: message.attempt,
        account,
        at,
        verdict,
        id: id.map(str::to_owned),
        note: Some(cut(note, 160)).filter(|note| !note.is_empty()),
    }
}

fn with_gate(change: Change, answer: &Answer) -> Result<Change> {
    Ok(change.set(attr::GATE, store::scope::value(answer)?))
}

/// Writes the end of the attempt. A refused condition means that somebody else owns the message: then nothing is written and
/// nothing tried again.
async fn settle(scope: &TenantScope, message: &Message, change: Change) -> Result<()> {
    let change = change.remove(attr::OWNER).remove(attr::LEASE);
    let mine = Cond::All(vec![
        Cond::Is(attr::OWNER, Value::S(message.owner.clone().unwrap_or_default())),
        Cond::Is(attr::ATTEMPT, n(i64::from(message.attempt))),
    ]);
    let mut lost = None;
    for _ in 0..WRITES {
        match scope.change::<Message>(message.id, change.clone(), mine.clone()).await {
            Ok(Outcome::Done(_)) => return Ok(()),
            Ok(Outcome::Refused(_)) => {
                if lost.is_none() {
                    tracing::warn!(message.id = %message.id, "message {} was taken over", message.id);
                }
                return Ok(());
            }
            Err(error) => lost = Some(error),
        }
    }
    Err(lost.unwrap_or_else(|| Error::internal("a settling write was never tried")))
}
