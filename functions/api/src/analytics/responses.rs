//! How long people wait for an answer.

use axum::extract::State;
use domain::statistic::{Figure, Measure, WAITS};
use http::HeaderMap;
use kernel::{Time, Zone};
use serde::Serialize;
use utoipa::ToSchema;

use super::grain::Key;
use super::question::{GroupBy, Question};
use super::sums::Sums;
use super::table::{Told, table, wanted};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// How long people waited for the first answer to what they wrote, between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResponseNumbers {
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
    totals: Waits,
    /// Where the answers are listed that are counted.
    rows: Option<String>,
    groups: Vec<ResponseGroup>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ResponseGroup {
    /// The start of the hour, day, week or month, the hour of the week, or the word or id; null for what has none.
    key: Option<String>,
    numbers: Waits,
    /// Where its answers are listed; null for hours of the week.
    rows: Option<String>,
}

/// How long people waited: from the first message that nobody had answered to the answer. A wait counts in the hour of its end.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Waits {
    /// First answers.
    answered: i64,
    /// Mean wait; null when nobody waited.
    mean_seconds: Option<i64>,
    /// Half of the answers came within so many seconds: the end of the range that the median lies in. Null when nobody waited, or when
    /// it lies beyond the last range.
    half_within_seconds: Option<i64>,
    /// Nine of ten came within so many seconds: the end of a range, too.
    nine_tenths_within_seconds: Option<i64>,
    /// How many waits were how long.
    waits: Vec<WaitRange>,
}

/// Waits of some length.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WaitRange {
    /// At most so long; null for longer than all others.
    within_seconds: Option<i64>,
    count: i64,
}

impl From<&Sums> for Waits {
    fn from(sums: &Sums) -> Self {
        let ends = WAITS.into_iter().map(Some).chain([None]);
        let waits: Vec<WaitRange> = (0..)
            .zip(ends)
            .map(|(range, within_seconds)| WaitRange { within_seconds, count: sums.amount(Figure::Wait(range)) })
            .collect();
        let answered = waits.iter().map(|range| range.count).sum();
        Self {
            answered,
            mean_seconds: (answered > 0).then(|| sums.sum(Measure::Waited) / answered),
            half_within_seconds: within(&waits, answered, 5),
            nine_tenths_within_seconds: within(&waits, answered, 9),
            waits,
        }
    }
}

/// The end of the range within which so many tenths of the waits ended.
fn within(waits: &[WaitRange], answered: i64, tenths: i64) -> Option<i64> {
    let mut seen = 0;
    let range = waits.iter().find(|range| {
        seen += range.count;
        answered > 0 && seen * 10 >= answered * tenths
    });
    range.and_then(|range| range.within_seconds)
}

/// Counts how long people waited for answers that were given in their conversations.
#[utoipa::path(get, path = "/v1/analytics/responses", tag = "analytics", operation_id = "count_responses",
    security(("key" = [])), params(Question),
    responses((status = 200, description = "The numbers.",
        content((ResponseNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn count_responses(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<Question>,
) -> Result<Told<ResponseNumbers>, Failure> {
    let asked = question.check(&api, &caller.scope, GroupBy::Day).await?;
    let (totals, mut groups) = asked.answer(&caller.scope).await?;
    groups.retain(|_, sums| Waits::from(&*sums).answered != 0);
    let of =
        |(key, sums): (&Key, &Sums)| ResponseGroup { key: key.shown(), numbers: sums.into(), rows: asked.answers(Some(key)) };
    let groups: Vec<ResponseGroup> = groups.iter().map(of).collect();
    if wanted(question.format, &headers) {
        let blank = ResponseGroup { key: None, numbers: (&Sums::default()).into(), rows: None };
        return Ok(Told::Table(table(&blank, &groups)));
    }
    let (since, until) = (asked.span.since, asked.span.until);
    let rows = asked.answers(None);
    Ok(Told::Json(Reply::ok(ResponseNumbers { since, until, zone: asked.zone, totals: (&totals).into(), rows, groups })))
}

operations!(count_responses);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_and_nine_tenths_are_told_by_the_ranges_that_they_lie_in() {
        let mut sums = Sums::default();
        for (range, count) in [(0, 4), (1, 1), (3, 4), (8, 1)] {
            sums.add(Figure::Wait(range), count);
        }
        sums.add(Figure::Measure(Measure::Waited), 9_000);
        let told = Waits::from(&sums);
        assert_eq!((told.answered, told.mean_seconds), (10, Some(900)));
        assert_eq!((told.half_within_seconds, told.nine_tenths_within_seconds), (Some(300), Some(3_600)));
        sums.add(Figure::Wait(8), 10);
        assert_eq!(Waits::from(&sums).half_within_seconds, None);
        assert_eq!(Waits::from(&Sums::default()).half_within_seconds, None);
    }
}
