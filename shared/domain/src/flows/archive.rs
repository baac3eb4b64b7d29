//! Putting activities of past months away: what `automation` carries out, in steps, each of which may die anywhere and be done again.
//!
//! An activity is marked first, and nobody changes it from then on; then it is in a pack; then its row goes. So it is never nowhere,
//! and what is read twice is the same.

use std::collections::BTreeMap;

use futures_util::future::{join_all, try_join_all};
use kernel::clock::Month;
use kernel::ids::ArchiveId;
use kernel::{Error, Result, Time};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Internal, Record, Store, Stored, TenantScope};

use super::log;
use crate::archive::{self, Archive, BYTES, Kept, LEAST_DAYS, Pack, State};
use crate::{Activity, Tenant};

/// Most activities that one step puts away.
const STEP: u16 = 50;
/// Writes that are under way side by side.
const SIDE_BY_SIDE: usize = 32;

/// Appoints the archive of each month that a new activity lies in: what `analytics` carries out beside its counters.
pub async fn appoint(store: &Store, records: &[Record]) -> Result<()> {
    let mut months = BTreeMap::new();
    for record in records {
        let new = record.old_value(&attr::KIND).is_none().then(|| record.new_row::<Activity>()).flatten();
        if let (Some(evidence), Some(activity)) = (record.internal(), new) {
            let archive = Archive::of(activity.row.id.made_at());
            months.insert((store.resume(&evidence).tenant(), archive.id), (evidence, archive));
        }
    }
    let months: Vec<_> = months.into_values().collect();
    for some in months.chunks(SIDE_BY_SIDE) {
        try_join_all(some.iter().map(|(evidence, archive)| appointed(store, evidence, archive))).await?;
    }
    Ok(())
}

async fn appointed(store: &Store, evidence: &Internal, archive: &Archive) -> Result<bool> {
    store.resume(evidence).create(archive).await
}

/// A change into a state.
pub fn enter(state: State) -> Change {
    Change::new().set(attr::STATE, state.value()).add(attr::STATE_SEQ, 1).not_due()
}

/// Works on the archive of a month: one step, after which it is worked on again, waits for its time, or is done.
pub async fn work(scope: &TenantScope, tenant: &Tenant, id: ArchiveId, seq: u64, now: Time) -> Result<()> {
    let Some(archive) = scope.read_now::<Archive>(id).await? else { return Ok(()) };
    if archive.row.state != State::Working || archive.row.state_seq != seq {
        return Ok(());
    }
    let month = archive.row.month();
    // What was begun is carried through, whatever the tenant says meanwhile: nobody changes what is marked.
    let look = archive.row.until.and_then(|_| next_look(month, tenant.archive_after_days, now));
    let next = match look {
        Some(later) => enter(State::Waiting).due(later).set(attr::UNTIL, n(later.millis())),
        None if put_away(scope, month).await? => enter(State::Working).remove(attr::UNTIL),
        None => enter(State::Done),
    };
    let same = Cond::Is(attr::STATE_SEQ, n(i64::try_from(seq).unwrap_or(i64::MAX)));
    scope.change::<Archive>(id, next, same).await?;
    Ok(())
}

/// When to look again, unless it is time. The tenant may change its mind, so that is every month.
fn next_look(month: Month, days: u16, now: Time) -> Option<Time> {
    let again = now.plus_seconds(i64::from(LEAST_DAYS) * 86_400);
    if days == 0 {
        return Some(again);
    }
    let time = archive::ends(month, days);
    (time > now).then(|| time.min(again))
}

/// Puts the oldest activities of a month away. Whether there may be more.
async fn put_away(scope: &TenantScope, month: Month) -> Result<bool> {
    let oldest = scope.oldest::<Activity>(month, STEP).await?;
    let found = oldest.len();
    let marked = join_all(oldest.into_iter().map(|activity| mark(scope, activity))).await;
    let mut kept: Vec<Kept> = marked.into_iter().collect::<Result<Vec<_>>>()?.into_iter().flatten().collect();
    kept.truncate(fitting(&kept));
    if !kept.is_empty() {
        pack(scope, &mut kept).await?;
        for gone in join_all(kept.iter().map(|kept| log::delete_packed(scope, kept))).await {
            gone?;
        }
    }
    // Those that belong into another pack, did not fit, or were changed by somebody just now are next.
    Ok(kept.len() < found || found == usize::from(STEP))
}

/// Marks an activity, so that nobody changes it any more; nothing when somebody just has.
async fn mark(scope: &TenantScope, mut activity: Stored<Activity>) -> Result<Option<Kept>> {
    if !activity.row.archived {
        activity.row.archived = true;
        activity.version = match scope.replace(&activity).await {
            Ok(version) => version,
            Err(Error::Stale { .. } | Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
    }
    let words = if activity.row.long { log::description(scope, &activity.row).await? } else { None };
    Ok(Some(Kept { activity: activity.row, version: activity.version, words }))
}

/// How many of the first fit one pack.
fn fitting(kept: &[Kept]) -> usize {
    let mut bytes = 0;
    let size = |kept: &Kept| serde_json::to_vec(kept).map_or(BYTES, |text| text.len());
    let fits = kept.iter().take_while(|one| {
        bytes += size(one);
        bytes <= BYTES
    });
    fits.count().max(1)
}

/// Writes them into the pack whose range they lie in, or into a new one after all others. Leaves those that are in it.
async fn pack(scope: &TenantScope, kept: &mut Vec<Kept>) -> Result<()> {
    let Some(first) = kept.first().map(|kept| kept.activity.id) else { return Ok(()) };
    let refused = || Error::unavailable("a pack is being changed by another process");
    let Some(standing) = super::retrieve::pack_of(scope, first).await? else {
        return if scope.create(&Pack::of(kept)?).await? { Ok(()) } else { Err(refused()) };
    };
    kept.retain(|kept| kept.activity.id.hex() <= standing.row.last);
    let mut all: BTreeMap<_, _> = standing.row.open()?.into_iter().map(|kept| (kept.activity.id, kept)).collect();
    all.extend(kept.iter().map(|kept| (kept.activity.id, kept.clone())));
    let mut rest: Vec<Kept> = all.into_values().collect();
    let mut writes = Vec::new();
    // What has become too much for it stands before it, in packs of its own.
    while fitting(&rest) < rest.len() {
        let later = rest.split_off(fitting(&rest));
        writes.push(scope.creating(&Pack::of(&rest)?)?);
        rest = later;
    }
    let standing = Stored { row: standing.row.holding(&rest)?, version: standing.version };
    if writes.is_empty() {
        return scope.replace(&standing).await.map(drop);
    }
    writes.push(scope.replacing(&standing)?);
    if scope.transact(writes).await?.is_none() { Ok(()) } else { Err(refused()) }
}
