//! Lists by time: rows below an owner whose sort keys begin with thirteen digits of milliseconds, newest first. What has too many
//! rows for one partition is spread over owners named by month and shard, and merged.

use kernel::clock::Month;
use kernel::{Result, Time};

use super::{Listing, Months, Page, Pager};
use crate::schema::{self, Entity};
use crate::scope::TenantScope;

/// The owner of rows of one month and shard.
pub fn monthly(month: Month, shard: u8) -> String {
    format!("{month}:{shard}")
}

/// The smallest sort key of that moment.
pub fn timed(at: Time) -> String {
    schema::due_sort(at)
}

fn moment(sort: &str) -> Option<Time> {
    sort.get(..13)?.parse().ok().map(Time::from_millis)
}

/// Where a list ends on its newer side: where the last page ended, or the moment asked for, whichever is older.
fn upper(listing: &Listing) -> Option<String> {
    let (after, until) = (listing.after.as_ref().map(|after| after.0.clone()), listing.until.map(timed));
    match (after, until) {
        (Some(after), Some(until)) => Some(after.min(until)),
        (after, until) => after.or(until),
    }
}

impl TenantScope {
    /// One page of the rows below one owner by time, newest first, of those that `keep` lets through: one query, unless many are left
    /// out.
    pub async fn page_by_time<E: Entity>(
        &self,
        owner: &str,
        listing: &Listing,
        keep: impl Fn(&E) -> bool + Send,
    ) -> Result<Page<E>> {
        let pk = schema::below_partition(self.tenant, &E::ROW, owner)?;
        let mut page = Pager::empty(listing.limit);
        self.merge(vec![pk], listing.since.map(timed).as_ref(), upper(listing).as_ref(), &mut page, &keep).await?;
        Ok(page.end())
    }

    /// The same of the rows below the owners of each month, merged from their shards: back from `until`, or else from `now`, to
    /// `since`, or else to the tenant's first day.
    pub async fn page_by_month<E: Entity>(
        &self,
        shards: u8,
        listing: &Listing,
        now: Time,
        keep: impl Fn(&E) -> bool + Send,
    ) -> Result<Page<E>> {
        let until = listing.until.unwrap_or(now.plus_millis(1));
        let listing = Listing { until: Some(until), ..listing.clone() };
        let (lower, upper) = (listing.since.map(timed), upper(&listing));
        let newest = upper.as_deref().and_then(moment).unwrap_or(until).month();
        let oldest = listing.since.unwrap_or(self.tenant.made_at()).month();
        let months = Months { newest, oldest, lower: lower.as_ref(), upper: upper.as_ref() };
        let partitions = |month| {
            (0..shards)
                .map(|shard| schema::below_partition(self.tenant, &E::ROW, &monthly(month, shard)))
                .collect::<Result<_>>()
        };
        let mut page = Pager::empty(listing.limit);
        self.walk(months, partitions, timed, &mut page, &keep).await?;
        Ok(page.end())
    }
}
