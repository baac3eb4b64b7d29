//! Reading activities wherever they are, at hand or in the archive, and bringing them back from there.

use std::collections::BTreeMap;

use kernel::clock::Month;
use kernel::ids::ActivityId;
use kernel::{Error, Result, Time};
use store::list::{bound, moment};
use store::schema::Locator;
use store::{Listing, Page, Position, Stored, TenantScope, Write};

use super::log;
use crate::Activity;
use crate::activity::Text;
use crate::archive::{self, Archive, Kept, LEAST_DAYS, Pack, State};

/// Most packs that one page looks into.
const PACKS: usize = 10;
/// Most months that one page walks back through.
const MONTHS: usize = 24;

/// An activity that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The activity.
    pub activity: Stored<Activity>,
    /// Its description, wherever that stands.
    pub description: Option<String>,
    /// Whether it stands in a pack alone.
    packed: bool,
}

/// Finds an activity, at hand or in the archive.
pub async fn find(scope: &TenantScope, id: ActivityId, now: Time) -> Result<Found> {
    if let Some(activity) = scope.read_now::<Activity>(id).await? {
        let description = log::description(scope, &activity.row).await?;
        return Ok(Found { activity, description, packed: false });
    }
    let pack = if archive::may_hold(id, now) { pack_of(scope, id).await? } else { None };
    let kept = pack.map(|pack| pack.row.open()).transpose()?.unwrap_or_default();
    let kept = kept.into_iter().find(|kept| kept.activity.id == id).ok_or(Error::NotFound { kind: ActivityId::KIND })?;
    let description = kept.words.clone().or_else(|| kept.activity.description.clone());
    Ok(Found { activity: kept.stored(), description, packed: true })
}

/// The activities of those ids, at hand or in the archive: one cheap batch, a sure one for what that misses, and a query for each
/// pack. It may be a moment behind: for pages, not for decisions.
pub async fn read_many(scope: &TenantScope, ids: &[ActivityId], now: Time) -> Result<Vec<Option<Stored<Activity>>>> {
    let at: Vec<Locator> = ids.iter().map(|id| (*id).into()).collect();
    let mut found = scope.read_many::<Activity>(&at).await?;
    // What was just written down, or just brought back from the archive, is missed by a cheap read alone.
    let missed: Vec<Locator> = at.into_iter().zip(&found).filter(|(_, place)| place.is_none()).map(|(at, _)| at).collect();
    let surely = scope.read_many_now::<Activity>(&missed).await?;
    for (place, row) in found.iter_mut().filter(|place| place.is_none()).zip(surely) {
        *place = row;
    }
    let mut opened: BTreeMap<ActivityId, Stored<Activity>> = BTreeMap::new();
    for (id, place) in ids.iter().zip(&mut found).filter(|(id, place)| place.is_none() && archive::may_hold(**id, now)) {
        if !opened.contains_key(id)
            && let Some(pack) = pack_of(scope, *id).await?
        {
            opened.extend(pack.row.open()?.into_iter().map(|kept| (kept.activity.id, kept.stored())));
        }
        *place = opened.get(id).cloned();
    }
    Ok(found)
}

/// The long descriptions of those activities, at hand or in the archive: one batch, and a query for each pack.
pub(super) async fn descriptions(scope: &TenantScope, ids: &[ActivityId], now: Time) -> Result<BTreeMap<ActivityId, String>> {
    let at: Vec<Locator> = ids.iter().map(|id| Text::at(*id)).collect();
    let texts = scope.read_many_now::<Text>(&at).await?;
    let mut found: BTreeMap<ActivityId, String> =
        ids.iter().zip(texts).filter_map(|(id, text)| Some((*id, text?.row.words))).collect();
    for id in ids {
        if !found.contains_key(id)
            && archive::may_hold(*id, now)
            && let Some(pack) = pack_of(scope, *id).await?
        {
            found.extend(pack.row.open()?.into_iter().filter_map(|kept| Some((kept.activity.id, kept.words?))));
        }
    }
    Ok(found)
}

/// The pack that holds the activity of that id, if any does.
pub(super) async fn pack_of(scope: &TenantScope, id: ActivityId) -> Result<Option<Stored<Pack>>> {
    reaching(scope, &archive::owner(id.made_at().month()), &id.hex()).await
}

/// The first pack that ends with that id or beyond. Packs are found by the last id in them.
async fn reaching(scope: &TenantScope, owner: &str, digits: &str) -> Result<Option<Stored<Pack>>> {
    // All digits of an id but one are less than the whole, and no other id lies between the two.
    let below = digits.get(..31).unwrap_or(digits);
    Ok(scope.below_now::<Pack>(owner, Some(below), None, true, 1).await?.into_iter().next())
}

/// One page of activities, newest first: those at hand, and between them those of the archive.
pub async fn page(
    scope: &TenantScope,
    listing: &Listing,
    now: Time,
    keep: impl Fn(&Activity) -> bool + Send + Sync,
) -> Result<Page<Activity>> {
    let mut page = scope.list::<Activity>(listing, now, &keep).await?;
    let span = Span::of(listing, page.next.as_ref(), scope, now);
    let (kept, reached) = packed(scope, &span, listing.limit).await?;
    if let Some(reached) = &reached {
        page.rows.retain(|found| found.row.id.hex() > *reached);
        page.next = Some(Position::at(reached.clone()));
    }
    let known: Vec<ActivityId> = page.rows.iter().map(|found| found.row.id).collect();
    let new = kept.iter().filter(|kept| !known.contains(&kept.activity.id) && keep(&kept.activity));
    page.rows.extend(new.map(Kept::stored));
    page.rows.sort_by_key(|found| std::cmp::Reverse(found.row.id));
    if page.rows.len() > listing.limit {
        page.rows.truncate(listing.limit);
        page.next = page.rows.last().map(|last| Position::at(last.row.id.hex()));
    }
    Ok(page)
}

/// Digits of ids between which a page lies, both excluded.
struct Span {
    above: String,
    below: String,
}

impl Span {
    fn of(listing: &Listing, next: Option<&Position>, scope: &TenantScope, now: Time) -> Self {
        let ends = [listing.after.as_ref().map(|after| after.sort_key().to_owned()), listing.until.map(bound)];
        // Nothing younger is in any pack.
        let youngest = bound(now.plus_seconds(-i64::from(LEAST_DAYS) * 86_400));
        let below = ends.into_iter().flatten().fold(youngest, std::cmp::min);
        let since = listing.since.unwrap_or(scope.tenant().made_at());
        Self { above: next.map_or_else(|| bound(since), |next| next.sort_key().to_owned()), below }
    }

    /// The months of its last and of its first moment.
    fn months(&self) -> (Month, Month) {
        let month = |digits: &str| moment(digits).unwrap_or(Time::EPOCH).month();
        (month(&self.below), month(&self.above))
    }

    fn holds(&self, id: ActivityId) -> bool {
        let hex = id.hex();
        self.above < hex && hex < self.below
    }
}

/// What packs hold between those ids, newest first, and the digits down to which they were looked at when there are more.
async fn packed(scope: &TenantScope, span: &Span, limit: usize) -> Result<(Vec<Kept>, Option<String>)> {
    let (mut found, mut looked) = (Vec::new(), 0);
    let (mut month, first) = span.months();
    for _ in 0..MONTHS {
        if month < first || span.above >= span.below {
            return Ok((found, None));
        }
        let owner = archive::owner(month);
        // The first that ends beyond the page may reach into it.
        let beyond = reaching(scope, &owner, &span.below).await?;
        let most = u16::try_from(PACKS).unwrap_or(1);
        let within = scope.below_now::<Pack>(&owner, None, Some(&span.below), false, most).await?;
        for pack in beyond.into_iter().chain(within) {
            let mut kept = pack.row.open()?;
            kept.sort_by_key(|kept| std::cmp::Reverse(kept.activity.id));
            let lowest = kept.last().map(|last| last.activity.id.hex());
            found.extend(kept.into_iter().filter(|kept| span.holds(kept.activity.id)));
            looked += 1;
            if found.len() > limit || looked >= PACKS {
                return Ok((found, lowest.filter(|lowest| *lowest > span.above)));
            }
        }
        month = month.previous();
    }
    Ok((found, Some(bound(month.next().start()))))
}

/// Makes an activity of the archive one at hand again, so that it can be changed. What is just being put away must wait.
pub async fn bring_back(scope: &TenantScope, found: Found, now: Time) -> Result<Stored<Activity>> {
    let Found { mut activity, description, packed } = found;
    if !packed {
        let at_hand = !activity.row.archived;
        return if at_hand { Ok(activity) } else { Err(Error::unavailable("an activity is being put into the archive")) };
    }
    let id = activity.row.id;
    let pack = pack_of(scope, id).await?.ok_or(Error::NotFound { kind: ActivityId::KIND })?;
    let rest: Vec<Kept> = pack.row.open()?.into_iter().filter(|kept| kept.activity.id != id).collect();
    activity.row.archived = false;
    activity.version = activity.version.saturating_add(1);
    let mut writes = vec![scope.restoring(&activity)?];
    writes.push(if rest.is_empty() {
        scope.erasing(&pack)?
    } else {
        scope.replacing(&Stored { row: pack.row.holding(&rest)?, version: pack.version })?
    });
    if let Some(words) = description.filter(|_| activity.row.long) {
        writes.push(scope.creating(&Text { activity: id, words })?);
    }
    let archive = scope.read_now::<Archive>(Archive::id_of(id.made_at().month())).await?;
    writes.extend(archive.map(|archive| put_away_again(scope, archive, now)).transpose()?.flatten());
    match scope.transact(writes).await? {
        None => Ok(activity),
        Some(_) => Err(Error::unavailable("a pack is being changed by another request")),
    }
}

/// The write by which what is brought back is put away again in its time. An archive that waits for its time, or is under way and stays so,
/// sees it without being told.
fn put_away_again(scope: &TenantScope, mut archive: Stored<Archive>, now: Time) -> Result<Option<Write>> {
    match archive.row.state {
        State::Waiting => Ok(None),
        State::Working => scope.checking(&archive).map(Some),
        State::Done => {
            archive.row.state = State::Waiting;
            archive.row.state_seq += 1;
            archive.row.until = Some(now.plus_seconds(i64::from(LEAST_DAYS) * 86_400));
            scope.replacing(&archive).map(Some)
        }
    }
}
