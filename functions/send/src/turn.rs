//! Whose turn it is to carry a message, and when: which account comes next, how long to wait for the attempt after this one, and
//! what is waited for when nobody knows how an attempt ended.

use domain::account::OnUnknown;
use domain::flows::breaker::Passage;
use domain::flows::release::enter;
use domain::flows::window::Window;
use domain::message::{Hold, State, Wait};
use domain::{Account, Message};
use kernel::ids::AccountId;
use kernel::{Result, Time};
use store::change::n;
use store::schema::attr;
use store::{Change, TenantScope};

use crate::Sender;

/// How long evidence is waited for when an answer was lost.
const EVIDENCE_SECONDS: i64 = 300;
/// Attempts through one account before a message has failed.
const TRIES: usize = 8;
/// How long a message waits at least when no account works.
const OUTAGE_SECONDS: i64 = 15;
/// Up to how much longer, so that not all come back at once.
const SPREAD_MILLIS: f64 = 30_000.0;
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

/// Those of the accounts that may send the message as things stand between them and the recipient: all of them, unless it is free
/// text on a channel with a window.
pub async fn open(sender: &Sender, scope: &TenantScope, message: &Message, accounts: Vec<Account>) -> Result<Vec<Account>> {
    let Some(window) = Window::of(&sender.context, scope, message).await? else { return Ok(accounts) };
    let now = sender.context.clock.now();
    Ok(accounts.into_iter().filter(|account| window.is_open(account, now)).collect())
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
    /// This account.
    Account(&'a Account),
    /// None of those that are left works at present: it is looked at again then.
    Wait(Time),
    /// Nobody: all have been tried often enough.
    Nobody,
}

/// The account to try now: of those that work the one tried least, the earlier one among equals.
pub async fn next<'a>(sender: &Sender, scope: &TenantScope, message: &Message, candidates: &'a [Account]) -> Result<Turn<'a>> {
    let mut left: Vec<&Account> = candidates.iter().filter(|account| tried(message, account.id) < TRIES).collect();
    left.sort_by_key(|account| tried(message, account.id));
    let mut shut = false;
    for account in left {
        match sender.breaker.pass(scope, account).await? {
            Passage::Free | Passage::Probe => return Ok(Turn::Account(account)),
            Passage::Shut { .. } => shut = true,
        }
    }
    if !shut {
        return Ok(Turn::Nobody);
    }
    // Not all at once, and all within a minute of the provider's return.
    #[expect(clippy::cast_possible_truncation, reason = "at most thirty seconds")]
    let spread = (sender.context.ids.fraction() * SPREAD_MILLIS) as i64;
    Ok(Turn::Wait(sender.context.clock.now().plus_seconds(OUTAGE_SECONDS).plus_millis(spread)))
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
