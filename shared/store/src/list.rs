//! Lists: one bounded page at a time, newest first. The rows of a dated kind are merged from their shards, month by month.

use std::collections::VecDeque;

use futures_util::future::try_join_all;
use kernel::clock::Month;
use kernel::{Result, Time};

use crate::cursor::Position;
use crate::schema::{self, Entity, Shape, attr};
use crate::scope::{Stored, TenantScope};
use crate::table::{Index, Query, text};
use crate::{Item, Value};

pub mod timed;

/// Most rows that one page looks at, however few of them its filters let through.
pub const EXAMINED: usize = 500;
/// Most months that one page walks back through.
const MONTHS: usize = 24;

/// What a page is asked for.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Rows wanted, 1 to 100.
    pub limit: usize,
    /// Where the last page ended.
    pub after: Option<Position>,
    /// Rows made at this moment or later.
    pub since: Option<Time>,
    /// Rows made before this moment.
    pub until: Option<Time>,
}

/// One page.
#[derive(Clone, Debug)]
pub struct Page<E> {
    /// The rows.
    pub rows: Vec<Stored<E>>,
    /// Where to go on, when there may be more.
    pub next: Option<Position>,
}

/// The smallest sort key of ids made at `time` or later: the digits that they begin with.
pub fn bound(time: Time) -> String {
    format!("{:012x}", time.millis().max(0))
}

/// The months that a walk goes back through, and the sort keys between which it stays.
struct Months<'a> {
    newest: Month,
    oldest: Month,
    lower: Option<&'a String>,
    upper: Option<&'a String>,
}

/// One shard of a month while it is being merged.
struct Lane {
    pk: String,
    rows: VecDeque<Item>,
    before: Option<String>,
    chunk: u16,
    more: bool,
}

/// Most rows that one request asks for.
const CHUNK: u16 = 110;

impl Lane {
    async fn fill(&mut self, scope: &TenantScope, after: Option<&String>) -> Result<()> {
        if !self.rows.is_empty() || !self.more {
            return Ok(());
        }
        let query = Query {
            pk: self.pk.clone(),
            index: Index::Primary,
            behind: None,
            after: after.cloned(),
            before: self.before.clone(),
            forward: false,
            limit: self.chunk,
        };
        let found = scope.table.query(&query).await?;
        // A request also ends at a megabyte: fewer rows than asked for are not the last ones.
        self.more = found.more && !found.items.is_empty();
        // A lane that is asked again has a filter that lets little through: fewer, larger requests then.
        self.chunk = self.chunk.saturating_mul(2).min(CHUNK);
        if let Some(last) = found.items.last().and_then(|item| text(item, attr::SK.as_str())) {
            self.before = Some(last.to_owned());
        }
        self.rows = found.items.into();
        Ok(())
    }

    fn head(&self) -> Option<&str> {
        self.rows.front().and_then(|item| text(item, attr::SK.as_str()))
    }
}

impl TenantScope {
    /// One page of a kind, newest first, of the rows that `keep` lets through.
    pub async fn list<E: Entity>(&self, listing: &Listing, now: Time, keep: impl Fn(&E) -> bool + Send) -> Result<Page<E>> {
        let row = E::ROW;
        let lower = listing.since.map(bound);
        let upper = match (&listing.after, listing.until.map(bound)) {
            (Some(after), Some(until)) => Some(if after.0 < until { after.0.clone() } else { until }),
            (Some(after), None) => Some(after.0.clone()),
            (None, until) => until,
        };
        let mut page = Pager::empty(listing.limit);
        // `Query::after` is exclusive; an id is always longer than its bound, so the first id of a moment sorts after it.
        match row.shape {
            Shape::Dated { shards } => {
                let since = lower.as_deref().and_then(moment).unwrap_or(Time::EPOCH).max(self.tenant.made_at());
                let until = upper.as_deref().and_then(moment).unwrap_or(now).min(now);
                let (lower, upper) = (lower.as_ref(), upper.as_ref());
                let months = Months { newest: until.month(), oldest: since.month(), lower, upper };
                let partitions =
                    |month| Ok((0..shards).map(|shard| schema::dated_partition(self.tenant, &row, month, shard)).collect());
                self.walk(months, partitions, bound, &mut page, &keep).await?;
            }
            Shape::Small => {
                let pk = schema::small_partition(self.tenant, &row);
                self.merge(vec![pk], lower.as_ref(), upper.as_ref(), &mut page, &keep).await?;
            }
            Shape::Single | Shape::Below | Shape::Door => {
                return Err(kernel::Error::internal(format!("{} rows are not listed that way", row.kind)));
            }
        }
        Ok(page.end())
    }

    /// The oldest rows of a dated kind in a month as they are now, oldest first, at most `limit` of each of its shards.
    pub async fn oldest<E: Entity>(&self, month: Month, limit: u16) -> Result<Vec<Stored<E>>> {
        let Shape::Dated { shards } = E::ROW.shape else {
            return Err(kernel::Error::internal(format!("{} rows are not dated", E::ROW.kind)));
        };
        let query = |shard| Query {
            pk: schema::dated_partition(self.tenant, &E::ROW, month, shard),
            index: Index::Current,
            behind: None,
            after: None,
            before: None,
            forward: true,
            limit,
        };
        let found = try_join_all((0..shards).map(|shard| self.table.rows(query(shard)))).await?;
        found.into_iter().flatten().map(Stored::read).collect()
    }

    /// Rows below an owner, by their sort keys, strictly between the bounds, at most `limit`.
    pub async fn below<E: Entity>(
        &self,
        owner: &str,
        after: Option<&str>,
        before: Option<&str>,
        forward: bool,
        limit: u16,
    ) -> Result<Vec<Stored<E>>> {
        self.rows_below(Index::Primary, owner, (after, before), forward, limit).await
    }

    /// The same as they are now.
    pub async fn below_now<E: Entity>(
        &self,
        owner: &str,
        after: Option<&str>,
        before: Option<&str>,
        forward: bool,
        limit: u16,
    ) -> Result<Vec<Stored<E>>> {
        self.rows_below(Index::Current, owner, (after, before), forward, limit).await
    }

    async fn rows_below<E: Entity>(
        &self,
        index: Index,
        owner: &str,
        (after, before): (Option<&str>, Option<&str>),
        forward: bool,
        limit: u16,
    ) -> Result<Vec<Stored<E>>> {
        let query = Query {
            pk: schema::below_partition(self.tenant, &E::ROW, owner)?,
            index,
            behind: None,
            after: after.map(str::to_owned),
            before: before.map(str::to_owned),
            forward,
            limit,
        };
        self.table.rows(query).await?.into_iter().map(Stored::read).collect()
    }

    /// One page of the rows below an owner, the last sort key first: one query, which ends early where a megabyte is full.
    pub async fn page_below<E: Entity>(&self, owner: &str, limit: usize, after: Option<&Position>) -> Result<Page<E>> {
        let before = after.map(|position| position.0.clone());
        self.page_between(Index::Primary, owner, (None, before), false, limit).await
    }

    /// The same of the rows as they are now.
    pub async fn page_below_now<E: Entity>(&self, owner: &str, limit: usize, after: Option<&Position>) -> Result<Page<E>> {
        let before = after.map(|position| position.0.clone());
        self.page_between(Index::Current, owner, (None, before), false, limit).await
    }

    /// The same of the rows whose sort keys begin like this, the first sort key first.
    pub async fn page_beginning<E: Entity>(
        &self,
        owner: &str,
        start: &str,
        limit: usize,
        after: Option<&Position>,
    ) -> Result<Page<E>> {
        let after = after.map_or_else(|| start.to_owned(), |position| position.0.clone());
        self.page_between(Index::Primary, owner, (Some(after), Some(format!("{start}{}", char::MAX))), true, limit).await
    }

    /// Rows below an owner, the first sort key first and none at or after `before`.
    pub async fn page_ahead<E: Entity>(
        &self,
        owner: &str,
        limit: usize,
        after: Option<&Position>,
        before: Option<String>,
    ) -> Result<Page<E>> {
        let after = after.map(|position| position.0.clone());
        self.page_between(Index::Primary, owner, (after, before), true, limit).await
    }

    async fn page_between<E: Entity>(
        &self,
        index: Index,
        owner: &str,
        (after, before): (Option<String>, Option<String>),
        forward: bool,
        limit: usize,
    ) -> Result<Page<E>> {
        let pk = schema::below_partition(self.tenant, &E::ROW, owner)?;
        let limit = u16::try_from(limit.clamp(1, 100)).unwrap_or(CHUNK);
        let found = self.table.query(&Query { pk, index, behind: None, after, before, forward, limit }).await?;
        let last = found.items.last().and_then(|item| text(item, attr::SK.as_str())).map(str::to_owned);
        let next = last.filter(|_| found.more).map(Position);
        Ok(Page { rows: found.items.into_iter().map(Stored::read).collect::<Result<_>>()?, next })
    }

    /// Walks back through the partitions of each month until the page is full. `start` is the sort key that a moment begins with.
    async fn walk<E: Entity>(
        &self,
        months: Months<'_>,
        partitions: impl Fn(Month) -> Result<Vec<String>> + Send,
        start: fn(Time) -> String,
        page: &mut Pager<E>,
        keep: &(impl Fn(&E) -> bool + Send),
    ) -> Result<()> {
        let mut month = months.newest;
        for _ in 0..MONTHS {
            if month < months.oldest || page.full {
                return Ok(());
            }
            self.merge(partitions(month)?, months.lower, months.upper, page, keep).await?;
            month = month.previous();
        }
        if month >= months.oldest && !page.full {
            // Years of silence: the page ends here and the next one goes on from the month reached.
            page.full = true;
            page.last = Some(start(month.next().start()));
        }
        Ok(())
    }

    /// Merges partitions by descending sort key into the page.
    async fn merge<E: Entity>(
        &self,
        partitions: Vec<String>,
        lower: Option<&String>,
        upper: Option<&String>,
        page: &mut Pager<E>,
        keep: &(impl Fn(&E) -> bool + Send),
    ) -> Result<()> {
        // Rows are spread by chance: twice the usual deviation more than a lane's share, and it is seldom asked again.
        let share = (page.limit - page.rows.len()).div_ceil(partitions.len().max(1));
        let more = if partitions.len() > 1 { share.isqrt() * 2 } else { 0 };
        let chunk = u16::try_from(share + more).unwrap_or(CHUNK).clamp(8, CHUNK);
        let mut lanes: Vec<Lane> = partitions
            .into_iter()
            .map(|pk| Lane { pk, rows: VecDeque::new(), before: upper.cloned(), chunk, more: true })
            .collect();
        while !page.full {
            try_join_all(lanes.iter_mut().map(|lane| lane.fill(self, lower))).await?;
            let Some(lane) = lanes.iter_mut().filter(|lane| lane.head().is_some()).max_by(|a, b| a.head().cmp(&b.head()))
            else {
                return Ok(());
            };
            let Some(item) = lane.rows.pop_front() else { return Ok(()) };
            page.take(item, keep)?;
        }
        Ok(())
    }
}

struct Pager<E> {
    rows: Vec<Stored<E>>,
    examined: usize,
    limit: usize,
    last: Option<String>,
    full: bool,
}

impl<E> Pager<E> {
    fn empty(limit: usize) -> Self {
        Self { rows: Vec::new(), examined: 0, limit: limit.clamp(1, 100), last: None, full: false }
    }

    fn end(self) -> Page<E> {
        Page { rows: self.rows, next: if self.full { self.last.map(Position) } else { None } }
    }
}

impl<E: Entity> Pager<E> {
    fn take(&mut self, item: Item, keep: &impl Fn(&E) -> bool) -> Result<()> {
        self.examined += 1;
        self.last = match item.get(attr::SK.as_str()) {
            Some(Value::S(sk)) => Some(sk.clone()),
            _ => None,
        };
        let row = Stored::read(item)?;
        if keep(&row.row) {
            self.rows.push(row);
        }
        self.full = self.rows.len() >= self.limit || self.examined >= EXAMINED;
        Ok(())
    }
}

/// The moment that the digits of an id, or a bound, begin with.
pub fn moment(bound: &str) -> Option<Time> {
    i64::from_str_radix(bound.get(..12)?, 16).ok().map(Time::from_millis)
}
