//! Numbers: how many messages reached which milestone and what they cost, by hour, day, template or account.

use std::collections::BTreeMap;

use domain::Statistic;
use domain::message::Mark;
use domain::price::{Amount, Currency};
use domain::statistic::day_hour;
use kernel::error::Faults;
use kernel::ids::{AccountId, TemplateId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use store::TenantScope;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};

pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// Longest span of one question, in days.
const LONGEST: i64 = 93;
/// Span when none is asked for, in days.
const USUAL: i64 = 30;
/// Counter rows of one read.
const CHUNK: u16 = 1000;

/// What is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct Question {
    /// From the hour of this moment on; 30 days ago when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Up to this moment, the hour it lies in included; now when not said. At most 93 days after `since`.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// One set of counts for each; `day` when not said. Days are UTC.
    #[param(inline)]
    group_by: Option<GroupBy>,
    /// Messages made of this template only.
    #[param(value_type = Option<String>)]
    template: Option<TemplateId>,
    /// Messages carried by this account only.
    #[param(value_type = Option<String>)]
    account: Option<AccountId>,
}

/// What counts are kept apart by.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GroupBy {
    /// Hour, in UTC.
    Hour,
    /// Day, in UTC.
    Day,
    /// Template.
    Template,
    /// Account.
    Account,
}

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
    totals: Counts,
    rates: Rates,
    /// What the messages cost, by currency: those whose account has a price.
    costs: Vec<CostSumView>,
    /// Groups in which something was counted, in the order of their keys.
    groups: Vec<Group>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Group {
    /// The start of the hour or day, or the id of the template or account; null for messages without one.
    #[schema(example = "2026-03-01T00:00:00.000Z")]
    key: Option<String>,
    counts: Counts,
    /// What its messages cost, by currency.
    costs: Vec<CostSumView>,
}

/// A sum of costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CostSum)]
pub(crate) struct CostSumView {
    #[serde(with = "domain::price::decimal")]
    #[schema(value_type = String, example = "12.5")]
    amount: Amount,
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
}

/// What rows add up to.
#[derive(Default)]
struct Sums {
    counts: Counts,
    costs: BTreeMap<Currency, i64>,
}

impl Sums {
    fn add(&mut self, row: &Statistic) {
        self.counts.add(row);
        for (currency, amount) in row.costs() {
            *self.costs.entry(currency).or_default() += amount.millionths();
        }
    }

    fn is_empty(&self) -> bool {
        self.counts == Counts::default() && self.costs.values().all(|sum| *sum == 0)
    }

    fn costs(&self) -> Vec<CostSumView> {
        let views = self.costs.iter().filter(|(_, sum)| **sum != 0);
        views.map(|(currency, sum)| CostSumView { amount: Amount::from_millionths(*sum), currency: *currency }).collect()
    }
}

/// Messages by milestone. A message counts once in each that it reached, in the hour in which it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Counts {
    accepted: i64,
    /// Taken by a provider, or sent back by it at once.
    sent: i64,
    /// Taken by the recipient's server.
    delivered: i64,
    bounced: i64,
    complained: i64,
    /// Opened by a person.
    opened: i64,
    /// Opened by a program, such as a mail proxy.
    machine_opened: i64,
    /// A link followed by a person.
    clicked: i64,
    /// A link followed by a program, such as a scanner.
    machine_clicked: i64,
    unsubscribed: i64,
    failed: i64,
    rejected: i64,
    cancelled: i64,
    /// The provider's answer was lost.
    unknown: i64,
}

impl Counts {
    fn of(&mut self, mark: Mark) -> &mut i64 {
        match mark {
            Mark::Accepted => &mut self.accepted,
            Mark::Sent => &mut self.sent,
            Mark::Delivered => &mut self.delivered,
            Mark::Bounced => &mut self.bounced,
            Mark::Complained => &mut self.complained,
            Mark::Opened => &mut self.opened,
            Mark::MachineOpened => &mut self.machine_opened,
            Mark::Clicked => &mut self.clicked,
            Mark::MachineClicked => &mut self.machine_clicked,
            Mark::Unsubscribed => &mut self.unsubscribed,
            Mark::Failed => &mut self.failed,
            Mark::Rejected => &mut self.rejected,
            Mark::Cancelled => &mut self.cancelled,
            Mark::Unknown => &mut self.unknown,
        }
    }

    fn add(&mut self, row: &Statistic) {
        for mark in Mark::ALL {
            *self.of(mark) += row.count(mark);
        }
    }
}

/// Shares between 0 and 1, of what was counted in the span; null when there is nothing to take a share of.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Rates {
    /// Delivered of sent.
    delivery: Option<f64>,
    /// Bounced of sent.
    bounce: Option<f64>,
    /// Called spam of delivered.
    complaint: Option<f64>,
    /// Opened by people of delivered.
    open: Option<f64>,
    /// Followed by people of delivered.
    click: Option<f64>,
}

/// A share with four digits.
pub(crate) fn share(part: i64, whole: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts far below the 2^53 that a double holds exactly")]
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

impl From<Counts> for Rates {
    fn from(counts: Counts) -> Self {
        Self {
            delivery: share(counts.delivered, counts.sent),
            bounce: share(counts.bounced, counts.sent),
            complaint: share(counts.complained, counts.delivered),
            open: share(counts.opened, counts.delivered),
            click: share(counts.clicked, counts.delivered),
        }
    }
}

/// A span of whole hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) since: Time,
    pub(crate) until: Time,
}

/// The start of the hour or day that a moment lies in.
pub(crate) const fn floor(time: Time, step: i64) -> Time {
    Time::from_millis(time.millis() - time.millis().rem_euclid(step))
}

impl Span {
    /// The whole hours that a question is about.
    pub(crate) fn asked(since: Option<Time>, until: Option<Time>, now: Time) -> Result<Self> {
        let mut faults = Faults::default();
        // A span up to now has what happened this very moment in it.
        let last = until.unwrap_or_else(|| now.plus_millis(1));
        let since = floor(since.unwrap_or_else(|| last.plus_millis(-USUAL * DAY)), HOUR);
        let until = floor(last.plus_millis(HOUR - 1), HOUR);
        if until <= since {
            faults.add("?until", "range", "until must be later than since");
        } else if until.since(since) > LONGEST * DAY + HOUR {
            faults.add("?since", "range", format!("at most {LONGEST} days"));
        }
        faults.check().map(|()| Self { since, until })
    }
}

impl Question {
    fn span(&self, now: Time) -> Result<Span> {
        Span::asked(self.since, self.until, now)
    }

    fn keeps(&self, row: &Statistic) -> bool {
        self.template.is_none_or(|wanted| row.template == Some(wanted))
            && self.account.is_none_or(|wanted| row.account == Some(wanted))
    }

    fn key(&self, row: &Statistic) -> Option<String> {
        match self.group_by.unwrap_or(GroupBy::Day) {
            GroupBy::Hour => Some(row.hour.to_string()),
            GroupBy::Day => Some(floor(row.hour, DAY).to_string()),
            GroupBy::Template => row.template.map(|id| id.to_string()),
            GroupBy::Account => row.account.map(|id| id.to_string()),
        }
    }
}

/// Looks at every counter row of the span, month by month, a bounded number at a time.
pub(crate) async fn walk(scope: &TenantScope, span: Span, mut each: impl FnMut(&Statistic)) -> Result<()> {
    let last = span.until.plus_millis(-1).month();
    let mut month = span.since.month();
    while month <= last {
        // Sort keys begin with day and hour, and more stands behind: the bounds let the first hour in and the last one not.
        let mut after = (month == span.since.month()).then(|| day_hour(span.since));
        let before = (month == span.until.month()).then(|| day_hour(span.until));
        loop {
            let rows = scope.below::<Statistic>(&month.to_string(), after.as_deref(), before.as_deref(), true, CHUNK).await?;
            rows.iter().for_each(|row| each(&row.row));
            after = rows.last().and_then(|row| row.row.place().map(str::to_owned));
            if rows.len() < usize::from(CHUNK) || after.is_none() {
                break;
            }
        }
        month = month.next();
    }
    Ok(())
}

/// Counts emails by what became of them.
#[utoipa::path(get, path = "/v1/analytics/emails", tag = "analytics", operation_id = "count_emails", security(("key" = [])),
    params(Question),
    responses((status = 200, description = "The numbers.", body = EmailNumbers), refused::Listing))]
async fn count_emails(caller: Caller<may::Read>, Params(question): Params<Question>) -> Result<Reply<EmailNumbers>, Failure> {
    let span = question.span(caller.context.clock.now())?;
    let mut totals = Sums::default();
    let mut groups: BTreeMap<Option<String>, Sums> = BTreeMap::new();
    walk(&caller.scope, span, |row| {
        if question.keeps(row) {
            totals.add(row);
            groups.entry(question.key(row)).or_default().add(row);
        }
    })
    .await?;
    groups.retain(|_, sums| !sums.is_empty());
    let groups = groups.into_iter().map(|(key, sums)| Group { key, counts: sums.counts, costs: sums.costs() }).collect();
    Ok(Reply::ok(EmailNumbers {
        since: span.since,
        until: span.until,
        totals: totals.counts,
        rates: totals.counts.into(),
        costs: totals.costs(),
        groups,
    }))
}

operations!(count_emails);

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn a_span_is_whole_hours_and_bounded() {
        let now = at("2026-03-31T10:20:00Z");
        let usual = Question::default().span(now).unwrap();
        assert_eq!((usual.since, usual.until), (at("2026-03-01T10:00:00Z"), at("2026-03-31T11:00:00Z")));
        let asked =
            |since: &str, until: &str| Question { since: Some(at(since)), until: Some(at(until)), ..Question::default() };
        let exact = asked("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z").span(now).unwrap();
        assert_eq!((exact.since, exact.until), (at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")));
        assert!(asked("2026-01-01T00:30:00Z", "2026-04-04T00:10:00Z").span(now).is_ok());
        assert!(asked("2026-01-01T00:00:00Z", "2026-04-05T00:00:00Z").span(now).is_err());
        assert!(asked("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z").span(now).is_err());
    }

    #[test]
    fn the_first_moment_of_an_hour_lies_in_it() {
        let usual = Question::default().span(at("2026-03-31T10:00:00Z")).unwrap();
        assert_eq!(usual.until, at("2026-03-31T11:00:00Z"));
    }

    #[test]
    fn every_milestone_has_its_field() {
        let mut counts = Counts::default();
        for (number, mark) in (1..).zip(Mark::ALL) {
            *counts.of(mark) = number;
        }
        let shown = serde_json::to_value(counts).unwrap();
        for (number, mark) in (1..).zip(Mark::ALL) {
            assert_eq!(shown[mark.as_str()], number, "{}", mark.as_str());
        }
        assert_eq!(shown.as_object().unwrap().len(), Mark::ALL.len());
    }

    #[test]
    fn shares_of_nothing_are_null() {
        assert_eq!(share(1, 0), None);
        assert_eq!(share(1, 3), Some(0.3333));
    }
}
