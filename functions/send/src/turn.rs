//! Whose turn it is to carry a message, and when: which account comes next, how long to wait for its slot or for the attempt after
//! this one, and what is waited for when nobody knows how an attempt ended.

use std::cmp::Ordering;

use domain::account::OnUnknown;
use domain::flows::breaker::Passage;
use domain::flows::pace::Room;
use domain::flows::release::enter;
use domain::message::{Hold, Obstacle, Passed, State, Wait};
use domain::price::Cost;
use domain::slot::{Booking, Window};
use domain::{Account, Message};
use kernel::ids::AccountId;
use kernel::{Result, Time};
use store::change::n;
use store::schema::attr;
use store::{Change, TenantScope};

use crate::{Sender, pause};

/// How long evidence is waited for when an answer was lost.
const EVIDENCE_SECONDS: i64 = 300;
/// Attempts through one account before a message has failed.
const TRIES: usize = 8;
/// How long a message waits at least when no account works.
const OUTAGE_SECONDS: i64 = 15;
/// Up to how much longer, so that not all come back at once.
const SPREAD_MILLIS: f64 = 30_000.0;
/// Longest wait for a slot that the queue sees to: as long as it can hold a message back.
const QUEUED_SECONDS: i64 = 900;
/// How long before a slot that is further off the row is due: more than a scan can be late.
const AHEAD_SECONDS: i64 = 180;
/// First wait between attempts; each further one is four times as long, up to [`LONGEST_SECONDS`].
const FIRST_SECONDS: i64 = 30;
/// Longest wait between attempts.
const LONGEST_SECONDS: i64 = 6 * 3600;

/// The accounts that may carry the message, in order.
pub async fn candidates(sender: &Sender, scope: &TenantScope, message: &Message) -> Result<Vec<Account>> {
    let fits = |account: &&Account| account.enabled && carries(account, message);
    let found: Vec<Account> = sender.catalog.accounts(scope).await?.iter().filter(fits).cloned().collect();
    if !found.is_empty() {
        return Ok(found);
    }
    // An account that was switched on a moment ago must be seen.
    sender.catalog.look_again(scope);
    Ok(sender.catalog.accounts(scope).await?.iter().filter(fits).cloned().collect())
}

/// Whether the account is one for such a message, switched on or not.
pub fn carries(account: &Account, message: &Message) -> bool {
    message.fits(account)
}

/// Attempts through the account in the present round: a person who sends a message again gives it a new round.
pub fn tried(message: &Message, account: AccountId) -> usize {
    message.tries.iter().filter(|attempt| attempt.n > message.grants && attempt.account == Some(account)).count()
}

/// Who carries the message now.
#[derive(Debug)]
pub enum Turn<'a> {
    /// An account.
    Account(Chosen<'a>),
    /// None yet: of those that are left and work, all have carried as many as they may, and this one has promised it its next slot.
    Booked(Booking),
    /// None of those that are left works at present: it is looked at again then.
    Wait(Time),
    /// Nobody: all have been tried often enough.
    Nobody,
}

/// The account that carries a message, and how it came to that.
#[derive(Debug)]
pub struct Chosen<'a> {
    /// The account.
    pub account: &'a Account,
    /// All that could have carried it.
    pub candidates: &'a [Account],
    /// Those that would have been tried before.
    pub passed: Vec<Passed>,
    /// What the message costs.
    pub cost: Option<Cost>,
}

/// The account to try now: of those that work and have a slot free the one tried least; among equals the one of the lowest
/// priority number, and then the one with the highest lot.
pub async fn next<'a>(sender: &Sender, scope: &TenantScope, message: &Message, candidates: &'a [Account]) -> Result<Turn<'a>> {
    let mut left: Vec<&Account> = candidates.iter().filter(|account| tried(message, account.id) < TRIES).collect();
    left.sort_by(|a, b| order(message, a, b));
    let mut passed = Vec::new();
    let mut full: Option<(Time, &Account)> = None;
    for account in left {
        let mut pass = |why| passed.push(Passed { account: account.id, why });
        if sender.breaker.shut_until(scope, account).is_some_and(|until| until > sender.context.clock.now()) {
            pass(Obstacle::Outage);
            continue;
        }
        match sender.paces.ask(scope, account, message.booking.as_ref()).await? {
            Room::Free => {}
            Room::Full { until, window } => {
                pass(if window == Window::Second { Obstacle::Pace } else { Obstacle::DayLimit });
                full = full.filter(|(earlier, _)| *earlier <= until).or(Some((until, account)));
                continue;
            }
        }
        match sender.breaker.pass(scope, account).await? {
            Passage::Free | Passage::Probe => return Ok(Turn::Account(Chosen { account, candidates, passed, cost: None })),
            Passage::Shut { .. } => pass(Obstacle::Outage),
        }
    }
    if let Some((_, account)) = full {
        return book(sender, scope, message, account, candidates, passed).await;
    }
    if passed.is_empty() {
        return Ok(Turn::Nobody);
    }
    Ok(Turn::Wait(after_outage(sender)))
}

/// Who comes first.
fn order(message: &Message, a: &Account, b: &Account) -> Ordering {
    let rank = |account: &Account| (tried(message, account.id), account.priority);
    let lot = |account: &Account| account.terms.lot(account.id, message.id);
    rank(a).cmp(&rank(b)).then_with(|| lot(b).total_cmp(&lot(a)))
}

/// Books a slot of the account. One that begins in a moment is waited for.
async fn book<'a>(
    sender: &Sender,
    scope: &TenantScope,
    message: &Message,
    account: &'a Account,
    candidates: &'a [Account],
    mut passed: Vec<Passed>,
) -> Result<Turn<'a>> {
    let clock = &sender.context.clock;
    let booking = sender.paces.book(scope, account, message.booking.as_ref()).await?;
    if booking.at.since(clock.now()) > pause::longest(clock) {
        return Ok(Turn::Booked(booking));
    }
    pause::until(clock, booking.at).await;
    let place = passed.iter().position(|passed| passed.account == account.id);
    passed.truncate(place.unwrap_or_default());
    match sender.breaker.pass(scope, account).await? {
        Passage::Free | Passage::Probe => Ok(Turn::Account(Chosen { account, candidates, passed, cost: None })),
        Passage::Shut { .. } => Ok(Turn::Wait(after_outage(sender))),
    }
}

/// When a message comes back for which no account works: not all at once, and all within a minute of the provider's return.
fn after_outage(sender: &Sender) -> Time {
    #[expect(clippy::cast_possible_truncation, reason = "at most thirty seconds")]
    let spread = (sender.context.ids.fraction() * SPREAD_MILLIS) as i64;
    sender.context.clock.now().plus_seconds(OUTAGE_SECONDS).plus_millis(spread)
}

/// The wait for a slot that was booked: in the queue where it can hold a message back so long, else in the due index until a few
/// minutes before.
pub fn wait_for(sender: &Sender, booking: &Booking, now: Time) -> Result<Change> {
    let (why, until) = (booking.why(), booking.at);
    let booking = Booking { at: pause::before(&sender.context.clock, until), ..booking.clone() };
    let change = if until.since(now) <= QUEUED_SECONDS * 1000 {
        enter(State::Queued, now).set(attr::HOLD, store::scope::value(&Hold { why, until })?)
    } else {
        hold(State::Held, why, now, until)?.due(until.plus_seconds(-AHEAD_SECONDS))
    };
    Ok(change.set(attr::BOOKING, store::scope::value(&booking)?))
}

/// After an attempt that certainly sent nothing: at once through an account that was tried less, else after a wait, else never.
pub fn again(
    sender: &Sender,
    scope: &TenantScope,
    message: &Message,
    account: &Account,
    candidates: &[Account],
    now: Time,
    after: Option<u32>,
) -> Result<Change> {
    let used = tried(message, account.id) + 1;
    let works = |other: &Account| sender.breaker.shut_until(scope, other).is_none_or(|until| until <= now);
    if candidates.iter().any(|other| other.id != account.id && tried(message, other.id) < used && works(other)) {
        return Ok(enter(State::Queued, now));
    }
    later(sender, used, now, after)
}

/// The next attempt after `used` ones: after a wait that grows, and after the last one never.
pub fn later(sender: &Sender, used: usize, now: Time, after: Option<u32>) -> Result<Change> {
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

/// Into that state for that reason, until then.
pub fn hold(state: State, why: Wait, now: Time, until: Time) -> Result<Change> {
    // `enter` takes the row out of the due index; what follows it puts it back in.
    let change = enter_waiting(state, now);
    Ok(change.set(attr::HOLD, store::scope::value(&Hold { why, until })?).due(until))
}

fn enter_waiting(state: State, now: Time) -> Change {
    Change::new().set(attr::STATE, state.value()).set(attr::STATE_AT, n(now.millis())).add(attr::STATE_SEQ, 1)
}

/// Into `unknown`, until evidence has had its time. The account's policy is noted with the hold.
pub fn unknown(account: Option<&Account>, now: Time) -> Change {
    let resend = account.is_some_and(|account| account.on_unknown == OnUnknown::Resend);
    let why = if resend { Wait::Resend } else { Wait::Evidence };
    let until = now.plus_seconds(EVIDENCE_SECONDS);
    hold(State::Unknown, why, now, until).unwrap_or_else(|_| enter_waiting(State::Unknown, now).due(until))
}
