//! Taking off timelines what they tell of somebody or something that is gone: what `automation` carries out, in steps, each of which may
//! die anywhere and be done again.
//!
//! The timeline of what is gone goes as a whole. What it tells of nobody else goes from every other timeline too: messages and answers of
//! a contact, what became of a deal. Activities and tasks stay there, for they stay themselves.

use futures_util::future::try_join_all;
use kernel::ids::ErasureId;
use kernel::{Error, Result, Time};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Position, Stored, TenantScope, Value, Write};

use super::Context;
use crate::Entry;
use crate::erasure::{Erasure, State};

/// Entries of one step.
const STEP: usize = 25;
/// Seconds after which nothing can be written any more because of what happened before: the stream brings nothing older than a day.
const LATE: i64 = 25 * 3600;
/// The version of an entry that is gone for good: no change that the stream can still bring comes after it.
const LAST: u64 = i64::MAX.unsigned_abs();

/// The write of a transaction that has everything forgotten which timelines tell of what has an id of those digits.
pub(super) fn ordering(context: &Context, scope: &TenantScope, owner: String) -> Result<Write> {
    scope.creating(&Erasure::new(ErasureId::new(&context.ids, &context.clock), owner))
}

/// A change into a state.
pub(super) fn enter(state: State) -> Change {
    Change::new().set(attr::STATE, state.value()).add(attr::STATE_SEQ, 1).not_due()
}

/// Takes one step, after which there is another one, or it is gone through once more a day later, or all is done.
pub async fn carry_out(scope: &TenantScope, id: ErasureId, seq: u64, now: Time) -> Result<()> {
    let Some(erasure) = scope.read_now::<Erasure>(id).await? else { return Ok(()) };
    if erasure.row.state != State::Queued || erasure.row.state_seq != seq {
        return Ok(());
    }
    let next = match (step(scope, &erasure.row, now).await?, erasure.row.until) {
        (Some(mark), _) => enter(State::Queued).set(attr::MARK, Value::S(mark)),
        (None, None) => {
            let later = now.plus_seconds(LATE);
            enter(State::Waiting).remove(attr::MARK).set(attr::UNTIL, n(later.millis())).due(later)
        }
        (None, Some(_)) => {
            return match scope.erase(&erasure).await {
                Ok(()) | Err(Error::Stale { .. } | Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(error),
            };
        }
    };
    let same = Cond::Is(attr::STATE_SEQ, n(i64::try_from(seq).unwrap_or(i64::MAX)));
    scope.change::<Erasure>(id, next, same).await?;
    Ok(())
}

/// Withdraws some entries. Where to go on, when there may be more.
async fn step(scope: &TenantScope, erasure: &Erasure, now: Time) -> Result<Option<String>> {
    let after = erasure.mark.clone().map(Position::at);
    let page = scope.page_ahead::<Entry>(&erasure.owner, STEP, after.as_ref(), None).await?;
    let standing = page.rows.iter().map(|entry| &entry.row).filter(|entry| entry.withdrawn.is_none());
    let standing: Vec<Entry> = standing.cloned().collect();
    let elsewhere = standing.iter().filter(|entry| entry.goes_with(&erasure.owner)).cloned().flat_map(Entry::everywhere);
    withdraw(scope, elsewhere.filter(|entry| entry.owner != erasure.owner).collect(), now).await?;
    // Its own are last: as long as one of them stands, the others are found by it.
    withdraw(scope, standing, now).await?;
    Ok(page.rows.last().filter(|_| page.next.is_some()).map(|last| last.row.place()))
}

async fn withdraw(scope: &TenantScope, entries: Vec<Entry>, now: Time) -> Result<()> {
    let gone = entries.into_iter().map(|entry| Stored { row: entry.withdrawn(now), version: LAST });
    let gone: Vec<Stored<Entry>> = gone.collect();
    try_join_all(gone.iter().map(|entry| scope.supersede(entry))).await.map(drop)
}
