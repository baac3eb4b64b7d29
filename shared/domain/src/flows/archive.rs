//! Putting activities of past months away: what `automation` carries out, in steps, each of which may die anywhere and be done again.
//!
//! An activity is marked first, and nobody changes it from then on; then it is in a pack; then its row goes. So it is never nowhere,
//! and what is read twice is the same.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use kernel::clock::Month;
use kernel::ids::ArchiveId;
use kernel::{Error, Result, Time};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Record, Store, Stored, TenantScope};

use super::log;
use crate::archive::{self, Archive, BYTES, Kept, LEAST_DAYS, Pack, State};
use crate::{Activity, Tenant};

/// Most activities that one step puts away.
const STEP: u16 = 50;

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
    for (evidence, archive) in months.into_values() {
        store.resume(&evidence).create(&archive).await?;
    }
    Ok(())
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
    let next = match next_look(archive.row.month(), tenant.archive_after_days, now) {
        Some(later) => enter(State::Waiting).due(later).set(attr::UNTIL, n(later.millis())),
        None if put_away(scope, archive.row.month()).await? => enter(State::Working),
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
    let whole = fit(&mut kept);
    if !kept.is_empty() {
        pack(scope, &mut kept).await?;
        for gone in join_all(kept.iter().map(|kept| log::delete_packed(scope, kept))).await {
            gone?;
        }
    }
    Ok(!whole || found == usize::from(STEP))
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

/// Leaves the first that fit one pack. Whether they are all.
fn fit(kept: &mut Vec<Kept>) -> bool {
    let mut bytes = 0;
    let size = |kept: &Kept| serde_json::to_vec(kept).map_or(BYTES, |text| text.len());
    let fits = kept.iter().take_while(|one| {
        bytes += size(one);
        bytes <= BYTES
    });
    let count = fits.count().max(1);
    let whole = count >= kept.len();
    kept.truncate(count);
    whole
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
    let all: Vec<Kept> = all.into_values().collect();
    scope.replace(&Stored { row: standing.row.holding(&all)?, version: standing.version }).await.map_err(|_| refused())?;
    Ok(())
}
