//! How many deals were begun, won and lost, what those that were won are worth, and whose they are.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::price::{Currency, Total};
use domain::statistic::{Decided, Figure};
use http::HeaderMap;
use kernel::ids::UserId;
use kernel::{Time, Zone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::grain::Key;
use super::listed::{CLOSED, MADE};
use super::question::Format;
use super::sums::{Sums, share};
use super::table::{Told, table, wanted};
use super::work::{By, List, Wish, Work};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

const LIST: List = List { path: "/v1/deals", kind: "", user: "owner", always: None };

/// What is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DealQuestion {
    /// From the hour of this moment on; 30 days ago when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Up to this moment, the hour it lies in included; now when not said. At most 93 days after `since` by the hour, and two years
    /// (731 days) otherwise.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Where days, weeks, months and hours of the week begin, as an IANA name; the tenant's zone when not said. An hour that a day
    /// begins within belongs to the day before.
    #[param(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
    /// One set of numbers for each; day when not said.
    #[param(inline)]
    group_by: Option<DealGroupBy>,
    /// Deals that this user keeps.
    #[param(value_type = Option<String>)]
    owner: Option<UserId>,
    /// `csv` answers with a table of the groups, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// What numbers of deals are kept apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DealGroupBy {
    Hour,
    Day,
    Week,
    Month,
    HourOfWeek,
    Owner,
}

impl From<DealGroupBy> for By {
    fn from(group: DealGroupBy) -> Self {
        match group {
            DealGroupBy::Hour => Self::HOUR,
            DealGroupBy::Day => Self::DAY,
            DealGroupBy::Week => Self::WEEK,
            DealGroupBy::Month => Self::MONTH,
            DealGroupBy::HourOfWeek => Self::HOUR_OF_WEEK,
            DealGroupBy::Owner => Self::User,
        }
    }
}

/// What became of deals between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DealNumbers {
    /// First moment that is counted: the start of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// First moment that is not counted any more: the end of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// Where days, weeks, months and hours of the week begin.
    #[schema(value_type = String, example = "Europe/Berlin")]
    zone: Zone,
    totals: DealCounts,
    rows: DealRows,
    /// Groups in which something was counted, in the order of their keys.
    groups: Vec<DealGroup>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DealGroup {
    /// The start of the hour, day, week or month, the hour of the week, or the id; null for nobody's.
    key: Option<String>,
    counts: DealCounts,
    rows: DealRows,
}

/// Deals by what became of them, each in the hour in which it did. A decision that is taken back is not counted any more.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DealCounts {
    /// Made.
    opened: i64,
    won: i64,
    lost: i64,
    /// Won, of won and lost; null when none were.
    win_rate: Option<f64>,
    /// What those that were won are worth, by currency.
    value_won: Vec<WorthView>,
}

/// What deals are worth in one currency.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DealWorth)]
pub(crate) struct WorthView {
    #[schema(example = "12500")]
    amount: String,
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
}

/// Where deals are listed; null for hours of the week.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct DealRows {
    /// Those that were decided. `&status=won` behind it lists those that were won.
    closed: Option<String>,
    /// Those that were made.
    opened: Option<String>,
}

/// What deals that were won are worth, by currency.
pub(super) fn worth(sums: &Sums) -> Vec<WorthView> {
    let mut totals: BTreeMap<Currency, Total> = BTreeMap::new();
    for (figure, amount) in sums.figures() {
        let Figure::Deal(decided) = figure else { continue };
        match decided {
            Decided::Worth(currency) => totals.entry(currency).or_default().add_whole(amount),
            Decided::Rest(currency) => totals.entry(currency).or_default().add_millionths(amount),
            Decided::Opened | Decided::Won | Decided::Lost => {}
        }
    }
    let some = totals.into_iter().filter(|(_, total)| *total != Total::default());
    some.map(|(currency, total)| WorthView { amount: total.to_string(), currency }).collect()
}

impl From<&Sums> for DealCounts {
    fn from(sums: &Sums) -> Self {
        let [opened, won, lost] =
            [Decided::Opened, Decided::Won, Decided::Lost].map(|decided| sums.amount(Figure::Deal(decided)));
        Self { opened, won, lost, win_rate: share(won, won + lost), value_won: worth(sums) }
    }
}

impl DealRows {
    fn of(work: &Work, filters: &[(&'static str, Option<String>)], group: Option<&Key>) -> Self {
        Self { closed: work.rows(LIST, CLOSED, filters, group), opened: work.rows(LIST, MADE, filters, group) }
    }
}

/// Counts what became of deals. However many they were, a month is one read.
#[utoipa::path(get, path = "/v1/analytics/deals", tag = "analytics", operation_id = "count_deals", security(("key" = [])),
    params(DealQuestion),
    responses((status = 200, description = "The numbers.",
        content((DealNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn count_deals(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<DealQuestion>,
) -> Result<Told<DealNumbers>, Failure> {
    let DealQuestion { since, until, zone, group_by, owner, format } = question;
    let filters = [("owner", owner.map(|id| id.to_string()))];
    let wish = Wish { since, until, zone, user: owner, ..Wish::default() };
    let work = wish.check(group_by.map_or(By::DAY, By::from), "owner", &api, &caller.scope).await?;
    let deals = |figure: Figure| matches!(figure, Figure::Deal(_)).then_some(Key::Word(None));
    let (totals, groups) = work.answer(&caller.scope, deals).await?;
    let of = |(key, sums): (&Key, &Sums)| DealGroup {
        key: key.shown(),
        counts: sums.into(),
        rows: DealRows::of(&work, &filters, Some(key)),
    };
    let groups: Vec<DealGroup> = groups.iter().map(of).collect();
    if wanted(format, &headers) {
        let blank = DealGroup { key: None, counts: DealCounts::default(), rows: DealRows::default() };
        return Ok(Told::Table(table(&blank, &groups)));
    }
    let rows = DealRows::of(&work, &filters, None);
    let (since, until) = (work.span.since, work.span.until);
    Ok(Told::Json(Reply::ok(DealNumbers { since, until, zone: work.zone, totals: (&totals).into(), rows, groups })))
}

operations!(count_deals);
