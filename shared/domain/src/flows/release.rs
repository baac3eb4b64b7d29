//! What is due moves to its next state: what `reminder-scan` carries out. It decides nothing about sending; the stream does the
//! rest.

use kernel::{Result, Time};
use store::change::{n, s};
use store::schema::attr;
use store::{Change, Cond, Due};

use super::{forget, look};
use crate::message::{Hold, State, Try, Verdict, Wait};
use crate::task::State as Doing;
use crate::{Archive, Attachment, Erasure, Mailbox, Message, Run, Series, Task, archive, attachment, erasure, run, series};

/// What became of a due row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Released {
    /// It moved on.
    Moved,
    /// Somebody else was first, or it is no longer due.
    Passed,
    /// A row of a kind that this build does not know: left for one that does.
    Unknown,
}

/// Whether somebody waits for it, so that a minute matters. The rest is housekeeping, and mailboxes, which are looked into by minutes.
pub fn awaited(due: &Due) -> bool {
    due.concerns::<Message>() || due.concerns::<Task>() || due.concerns::<Series>() || due.concerns::<Run>()
}

/// Moves one due row on.
pub async fn release(due: &Due, now: Time) -> Result<Released> {
    if due.concerns::<Archive>() {
        let waiting = Cond::Is(attr::STATE, archive::State::Waiting.value());
        return Ok(moved(due.take::<Archive>(super::archive::enter(archive::State::Working), waiting).await?.is_some()));
    }
    if due.concerns::<Attachment>() {
        return give_up(due).await;
    }
    if due.concerns::<Erasure>() {
        let waiting = Cond::Is(attr::STATE, erasure::State::Waiting.value());
        return Ok(moved(due.take::<Erasure>(forget::enter(erasure::State::Queued), waiting).await?.is_some()));
    }
    if due.concerns::<Mailbox>() {
        return look::release(due, now).await;
    }
    if due.concerns::<Run>() {
        return run(due, now).await;
    }
    if due.concerns::<Task>() {
        let open = Cond::In(attr::STATE, vec![s(Doing::Pending.as_str()), s(Doing::InProgress.as_str())]);
        return Ok(moved(due.take::<Task>(ring(now), open).await?.is_some()));
    }
    if due.concerns::<Series>() {
        let active = Cond::Is(attr::STATE, s(series::State::Active.as_str()));
        return Ok(moved(due.take::<Series>(ring(now), active).await?.is_some()));
    }
    if !due.concerns::<Message>() {
        return Ok(Released::Unknown);
    }
    let waiting = Cond::In(attr::STATE, vec![State::Scheduled.value(), State::Held.value()]);
    if due.take::<Message>(enter(State::Queued, now), waiting).await?.is_some() {
        return Ok(Released::Moved);
    }
    // A lost answer: what the provider told since then decides, else the account's policy as it was noted with the hold.
    let Some(found) = due.read::<Message>().await? else { return Ok(Released::Passed) };
    let unknown = Cond::All(vec![Cond::Is(attr::STATE, State::Unknown.value()), Cond::Version(found.version)]);
    let next = after_unknown(&found.row);
    let change = match next {
        Some(state) => enter(state, now),
        None => Change::new().remove(attr::HOLD).not_due(),
    };
    Ok(moved(due.take::<Message>(change, unknown).await?.is_some()))
}

const fn moved(taken: bool) -> Released {
    if taken { Released::Moved } else { Released::Passed }
}

/// Whatever the row has for this moment is to be told: by whom, it need not be read for.
fn ring(now: Time) -> Change {
    Change::new().set(attr::RINGING, n(now.millis())).add(attr::STATE_SEQ, 1)
}

/// Gives up a file that nobody brought or made use of. From then on it cannot be ordered, so that its bytes can be deleted.
async fn give_up(due: &Due) -> Result<Released> {
    let change = Change::new().set(attr::STATE, attachment::State::Failed.value()).add(attr::STATE_SEQ, 1);
    let waiting = Cond::Is(attr::STATE, attachment::State::Wanted.value());
    Ok(moved(due.take::<Attachment>(change, waiting).await?.is_some()))
}

/// A run of a rule whose actions have waited long enough.
async fn run(due: &Due, now: Time) -> Result<Released> {
    let ready = Change::new()
        .set(attr::STATE, run::State::Ready.value())
        .set(attr::STATE_AT, n(now.millis()))
        .add(attr::STATE_SEQ, 1)
        .not_due();
    let waiting = Cond::Is(attr::STATE, run::State::Waiting.value());
    Ok(moved(due.take::<Run>(ready, waiting).await?.is_some()))
}

/// A change into a state, out of any wait.
pub fn enter(state: State, now: Time) -> Change {
    Change::new()
        .set(attr::STATE, state.value())
        .set(attr::STATE_AT, n(now.millis()))
        .add(attr::STATE_SEQ, 1)
        .remove(attr::HOLD)
        .not_due()
}

/// Where a message with a lost answer goes when its wait is over: `sent` when events prove it, `queued` when the account
/// resends and this was its first lost answer, nowhere otherwise.
fn after_unknown(message: &Message) -> Option<State> {
    if message.evidence.is_some() || !message.events.is_empty() {
        return Some(State::Sent);
    }
    let lost = |attempt: &&Try| attempt.n > message.grants && attempt.verdict == Verdict::Unknown;
    let resend = matches!(message.hold, Some(Hold { why: Wait::Resend, .. }));
    (resend && message.tries.iter().filter(lost).count() <= 1).then_some(State::Queued)
}
