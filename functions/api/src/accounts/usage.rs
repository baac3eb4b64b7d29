//! What went through an account, and how well: by hour or day, and of late together with whether it works.

use std::collections::BTreeMap;

use domain::Account;
use domain::account::{Cause, PastOutage};
use domain::statistic::{Dimension, Way};
use kernel::ids::AccountId;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use store::TenantScope;
use utoipa::{IntoParams, ToSchema};

use super::AccountHealthView;
use crate::analytics::channels::Performance;
use crate::analytics::reading::{Values, read};
use crate::analytics::span::{COARSE, DAY, FINE, HOUR, Span, floor};
use crate::analytics::sums::Sums;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Params};
use crate::operations::operations;
use crate::reply::words::CauseWord;
use crate::reply::{Reply, refused};

/// What is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct UsageQuestion {
    /// From the hour of this moment on; 30 days ago when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Up to this moment, the hour it lies in included; now when not said. At most 93 days after `since` by the
    /// hour, and 731 by the day.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// One set of numbers for each; `day` when not said. Both are UTC.
    #[param(inline)]
    group_by: Step,
}

/// How long the parts of a span are.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// An hour.
    Hour,
    /// A day.
    #[default]
    Day,
}

impl Step {
    /// Most days that are told by such parts.
    const fn longest(self) -> i64 {
        match self {
            Self::Hour => FINE,
            Self::Day => COARSE,
        }
    }

    const fn millis(self) -> i64 {
        match self {
            Self::Hour => HOUR,
            Self::Day => DAY,
        }
    }
}

/// What went through an account between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageView {
    /// First moment that is counted: the start of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// First moment that is not counted any more: the end of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    totals: Performance,
    /// Hours or days in which something was counted, in their order.
    groups: Vec<UsageGroup>,
}

/// One hour or day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageGroup {
    /// Its first moment.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    start: Time,
    numbers: Performance,
}

/// Whether an account works, and how well it did of late.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthReport {
    now: AccountHealthView,
    /// Since the beginning of the last full hour.
    hour: Performance,
    /// Since the beginning of the last 24 full hours.
    day: Performance,
    /// Outages that are over, newest first: the latest 20.
    outages: Vec<OutageView>,
}

/// An outage that is over.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutageView {
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    ended_at: Time,
    #[schema(value_type = CauseWord)]
    cause: Cause,
    /// The provider's words, or what the network did.
    note: String,
}

impl From<PastOutage> for OutageView {
    fn from(PastOutage { outage, ended_at }: PastOutage) -> Self {
        Self { since: outage.since, ended_at, cause: outage.cause, note: outage.note }
    }
}

/// The sums of an account by the hour, over a span: one query for each month.
async fn by_hour(scope: &TenantScope, account: &Account, span: Span) -> Result<BTreeMap<Time, Sums>> {
    let mut hours: BTreeMap<Time, Sums> = BTreeMap::new();
    let values = Values::Starting(Way::prefix(account.channel, Some(account.id)));
    read(scope, Dimension::All, &values, span, |_, hour, figure, amount| {
        hours.entry(hour).or_default().add(figure, amount);
    })
    .await?;
    Ok(hours)
}

fn total<'a>(hours: impl Iterator<Item = (&'a Time, &'a Sums)>) -> Performance {
    let mut total = Sums::default();
    hours.for_each(|(_, sums)| total.and(sums));
    (&total).into()
}

/// Counts what went through an account.
#[utoipa::path(get, path = "/v1/accounts/{id}/usage", tag = "accounts", operation_id = "count_account_usage",
    security(("key" = [])), params(("id" = String, Path, description = "The account's id."), UsageQuestion),
    responses((status = 200, description = "The numbers.", body = UsageView), refused::Finding))]
async fn count_account_usage(
    caller: Caller<may::ManageAccounts>,
    Id(id): Id<AccountId>,
    Params(question): Params<UsageQuestion>,
) -> Result<Reply<UsageView>, Failure> {
    let account = caller.scope.find::<Account>(id).await?.row;
    let longest = question.group_by.longest();
    let span = Span::asked(question.since, question.until, caller.context.clock.now(), longest)?;
    let hours = by_hour(&caller.scope, &account, span).await?;
    let mut groups: BTreeMap<Time, Sums> = BTreeMap::new();
    for (hour, sums) in &hours {
        groups.entry(floor(*hour, question.group_by.millis())).or_default().and(sums);
    }
    let groups = groups.iter().map(|(start, sums)| UsageGroup { start: *start, numbers: sums.into() }).collect();
    Ok(Reply::ok(UsageView { since: span.since, until: span.until, totals: total(hours.iter()), groups }))
}

/// Tells whether an account works, how well it did of late, and when it did not.
#[utoipa::path(get, path = "/v1/accounts/{id}/health", tag = "accounts", operation_id = "read_account_health",
    security(("key" = [])), params(("id" = String, Path, description = "The account's id.")),
    responses((status = 200, description = "How it is.", body = HealthReport), refused::Finding))]
async fn read_account_health(
    caller: Caller<may::ManageAccounts>,
    Id(id): Id<AccountId>,
) -> Result<Reply<HealthReport>, Failure> {
    let account = caller.scope.find::<Account>(id).await?.row;
    let this_hour = floor(caller.context.clock.now(), HOUR);
    let span = Span { since: this_hour.plus_millis(-DAY), until: this_hour.plus_millis(HOUR) };
    let hours = by_hour(&caller.scope, &account, span).await?;
    Ok(Reply::ok(HealthReport {
        now: AccountHealthView::from(&account),
        hour: total(hours.range(this_hour.plus_millis(-HOUR)..)),
        day: total(hours.iter()),
        outages: account.outages.into_iter().rev().map(OutageView::from).collect(),
    }))
}

operations!(count_account_usage, read_account_health);
