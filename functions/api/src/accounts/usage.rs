//! What went through an account, and how well: by hour or day, and of late together with whether it works.

use std::collections::BTreeMap;

use domain::account::{Cause, PastOutage};
use domain::message::{Mark, Measure};
use domain::{Account, Statistic};
use kernel::ids::AccountId;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use store::TenantScope;
use utoipa::{IntoParams, ToSchema};

use super::AccountHealthView;
use crate::analytics::{DAY, HOUR, Span, floor, share, walk};
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
    /// Up to this moment, the hour it lies in included; now when not said. At most 93 days after `since`.
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
    totals: UsageNumbers,
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
    numbers: UsageNumbers,
}

/// What went through an account. A message counts in the hour of its milestone, a call in the hour in which it was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UsageNumbers {
    /// Messages that the provider took, or sent back at once.
    sent: i64,
    delivered: i64,
    bounced: i64,
    complained: i64,
    /// Messages that the provider dropped after taking them.
    failed: i64,
    /// Calls of the provider. A message may need several.
    calls: i64,
    /// Calls in vain for no reason that lies in the message: no answer, a refusal of the account, a limit.
    calls_in_vain: i64,
    /// Share of the calls that were not in vain, between 0 and 1; null when there were none.
    success_rate: Option<f64>,
    /// Mean time until a call was answered or given up; null when there were none.
    mean_latency_ms: Option<i64>,
}

/// Whether an account works, and how well it did of late.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HealthReport {
    now: AccountHealthView,
    /// Since the beginning of the last full hour.
    hour: UsageNumbers,
    /// Since the beginning of the last 24 full hours.
    day: UsageNumbers,
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

/// Sums on the way to numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sums {
    sent: i64,
    delivered: i64,
    bounced: i64,
    complained: i64,
    failed: i64,
    calls: i64,
    vain: i64,
    millis: i64,
}

impl From<&Statistic> for Sums {
    fn from(row: &Statistic) -> Self {
        Self {
            sent: row.count(Mark::Sent),
            delivered: row.count(Mark::Delivered),
            bounced: row.count(Mark::Bounced),
            complained: row.count(Mark::Complained),
            failed: row.count(Mark::Failed),
            calls: row.sum(Measure::Calls),
            vain: row.sum(Measure::Vain),
            millis: row.sum(Measure::Millis),
        }
    }
}

impl Sums {
    fn and(self, other: Self) -> Self {
        Self {
            sent: self.sent + other.sent,
            delivered: self.delivered + other.delivered,
            bounced: self.bounced + other.bounced,
            complained: self.complained + other.complained,
            failed: self.failed + other.failed,
            calls: self.calls + other.calls,
            vain: self.vain + other.vain,
            millis: self.millis + other.millis,
        }
    }
}

impl From<Sums> for UsageNumbers {
    fn from(sums: Sums) -> Self {
        Self {
            sent: sums.sent,
            delivered: sums.delivered,
            bounced: sums.bounced,
            complained: sums.complained,
            failed: sums.failed,
            calls: sums.calls,
            calls_in_vain: sums.vain,
            success_rate: share(sums.calls - sums.vain, sums.calls),
            mean_latency_ms: (sums.calls > 0).then(|| sums.millis / sums.calls),
        }
    }
}

/// The sums of an account by the hour, over a span.
async fn by_hour(scope: &TenantScope, account: AccountId, span: Span) -> Result<BTreeMap<Time, Sums>> {
    let mut hours: BTreeMap<Time, Sums> = BTreeMap::new();
    walk(scope, span, |row| {
        if row.account == Some(account) {
            let sums = hours.entry(row.hour).or_default();
            *sums = sums.and(row.into());
        }
    })
    .await?;
    Ok(hours)
}

fn total<'a>(hours: impl Iterator<Item = (&'a Time, &'a Sums)>) -> UsageNumbers {
    hours.fold(Sums::default(), |all, (_, sums)| all.and(*sums)).into()
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
    caller.scope.find::<Account>(id).await?;
    let span = Span::asked(question.since, question.until, caller.context.clock.now())?;
    let hours = by_hour(&caller.scope, id, span).await?;
    let mut groups: BTreeMap<Time, Sums> = BTreeMap::new();
    for (hour, sums) in &hours {
        let group = groups.entry(floor(*hour, question.group_by.millis())).or_default();
        *group = group.and(*sums);
    }
    groups.retain(|_, sums| *sums != Sums::default());
    let groups = groups.into_iter().map(|(start, sums)| UsageGroup { start, numbers: sums.into() }).collect();
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
    let hours = by_hour(&caller.scope, id, span).await?;
    Ok(Reply::ok(HealthReport {
        now: AccountHealthView::from(&account),
        hour: total(hours.range(this_hour.plus_millis(-HOUR)..)),
        day: total(hours.iter()),
        outages: account.outages.into_iter().rev().map(OutageView::from).collect(),
    }))
}

operations!(count_account_usage, read_account_health);
