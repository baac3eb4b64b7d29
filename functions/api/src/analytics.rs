//! Numbers: how many messages reached which milestone, what they cost, what their recipients did, and how an account does.

use axum::extract::State;
use http::HeaderMap;
use kernel::{Time, Zone};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

pub(crate) mod activities;
pub(crate) mod channels;
pub(crate) mod dashboard;
pub(crate) mod deals;
pub(crate) mod engagement;
pub(crate) mod frequency;
mod grain;
mod listed;
pub(crate) mod question;
pub(crate) mod reading;
pub(crate) mod responses;
pub(crate) mod span;
pub(crate) mod sums;
mod table;
pub(crate) mod tasks;
pub(crate) mod templates;
mod work;

use grain::Key;
use question::{Asked, GroupBy, Question};
use sums::{CostSumView, Counts, Rates, Sums};
use table::{Told, table, wanted};

/// How many messages reached which milestone between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailNumbers {
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
    totals: Counts,
    rates: Rates,
    /// What the messages cost, by currency: those whose account has a price.
    costs: Vec<CostSumView>,
    /// Where the messages that are counted are listed. `&reached=bounced` behind it lists those that are counted as bounced.
    rows: Option<String>,
    /// Groups in which something was counted, in the order of their keys.
    groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Group {
    /// The start of the hour, day, week or month, the hour of the week, or the word or id; null for messages without one.
    #[schema(example = "2026-03-01T00:00:00.000Z")]
    key: Option<String>,
    counts: Counts,
    rates: Rates,
    /// What its messages cost, by currency.
    costs: Vec<CostSumView>,
    /// Where its messages are listed; null for hours of the week.
    rows: Option<String>,
}

impl Group {
    fn of(asked: &Asked, key: &Key, sums: &Sums) -> Self {
        Self { key: key.shown(), counts: sums.into(), rates: sums.into(), costs: sums.costs(), rows: asked.rows(Some(key)) }
    }

    /// A group in which nothing was counted.
    fn blank() -> Self {
        let sums = Sums::default();
        Self { key: None, counts: (&sums).into(), rates: (&sums).into(), costs: Vec::new(), rows: None }
    }
}

/// Counts messages by what became of them. However many they were, a month is one read.
#[utoipa::path(get, path = "/v1/analytics/emails", tag = "analytics", operation_id = "count_emails", security(("key" = [])),
    params(Question),
    responses((status = 200, description = "The numbers.",
        content((EmailNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn count_emails(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<Question>,
) -> Result<Told<EmailNumbers>, Failure> {
    let asked = question.check(&api, &caller.scope, GroupBy::Day).await?;
    let (totals, mut groups) = asked.answer(&caller.scope).await?;
    groups.retain(|_, sums| !sums.is_empty());
    let groups: Vec<Group> = groups.iter().map(|(key, sums)| Group::of(&asked, key, sums)).collect();
    if wanted(question.format, &headers) {
        return Ok(Told::Table(table(&Group::blank(), &groups)));
    }
    Ok(Told::Json(Reply::ok(EmailNumbers {
        since: asked.span.since,
        until: asked.span.until,
        rows: asked.rows(None),
        zone: asked.zone,
        totals: (&totals).into(),
        rates: (&totals).into(),
        costs: totals.costs(),
        groups,
    })))
}

operations!(count_emails);
