//! What recipients did: opens, clicks, replies and unsubscriptions, by people and by programs, and when it is best to send.

use axum::extract::State;
use domain::message::Mark;
use domain::statistic::Measure;
use http::HeaderMap;
use kernel::{Time, Zone};
use serde::Serialize;
use utoipa::ToSchema;

use super::grain::Key;
use super::question::{GroupBy, Groups, Question};
use super::sums::{Rates, Sums, share};
use super::table::{Told, table, wanted};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Messages that an hour of the week must have sent to be called good or bad.
const LEAST: i64 = 30;
/// How many hours are named.
const BEST: usize = 5;

/// What recipients did between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EngagementNumbers {
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
    totals: Engagement,
    /// Where the messages that are counted are listed. `&reached=opened` behind it lists those that are counted as opened.
    rows: Option<String>,
    groups: Vec<EngagementGroup>,
    /// When messages that were sent did best, when numbers are told by `hour_of_week`; null otherwise.
    best: Option<BestHours>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EngagementGroup {
    /// The template's id, or whatever was asked for; null for messages without one.
    key: Option<String>,
    numbers: Engagement,
    /// Where its messages are listed; null for hours of the week.
    rows: Option<String>,
}

/// What recipients did. Things done count in the hour in which they were done. `opened`, `clicked` and their like count messages:
/// each once, however often it was opened. `opens` and `clicks` count every time, of which a message keeps the first twelve.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Engagement {
    sent: i64,
    delivered: i64,
    /// Messages opened by a person.
    opened: i64,
    /// Messages opened by a program, such as a mail proxy.
    machine_opened: i64,
    /// Messages with a link followed by a person.
    clicked: i64,
    /// Messages with a link followed by a program, such as a scanner.
    machine_clicked: i64,
    replied: i64,
    unsubscribed: i64,
    complained: i64,
    /// Times that people opened.
    opens: i64,
    /// Times that people followed links.
    clicks: i64,
    rates: Rates,
    /// Of the messages sent in the span, what people have done since, whenever they did it.
    since_sent: SinceSent,
}

/// Of messages sent in a span: how many were acted upon since.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SinceSent {
    opened: i64,
    clicked: i64,
    replied: i64,
    /// Opened of sent.
    open: Option<f64>,
    /// Followed of sent.
    click: Option<f64>,
    /// Answered of sent.
    reply: Option<f64>,
}

/// The hours of the week in which it was best to send.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BestHours {
    /// Messages sent that this is drawn from.
    messages: i64,
    /// Messages that an hour must have sent to be looked at.
    least: i64,
    /// Hours that have.
    hours: usize,
    /// The best of them by the share of messages opened since, the best first: at most five.
    best: Vec<BestHour>,
}

/// An hour of the week.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BestHour {
    #[schema(example = "tue-09")]
    hour: Option<String>,
    sent: i64,
    since_sent: SinceSent,
}

impl From<&Sums> for SinceSent {
    fn from(sums: &Sums) -> Self {
        let sent = sums.count(Mark::Sent);
        let [opened, clicked, replied] =
            [Measure::SentOpened, Measure::SentClicked, Measure::SentReplied].map(|measure| sums.sum(measure));
        Self { opened, clicked, replied, open: share(opened, sent), click: share(clicked, sent), reply: share(replied, sent) }
    }
}

impl From<&Sums> for Engagement {
    fn from(sums: &Sums) -> Self {
        Self {
            sent: sums.count(Mark::Sent),
            delivered: sums.count(Mark::Delivered),
            opened: sums.count(Mark::Opened),
            machine_opened: sums.count(Mark::MachineOpened),
            clicked: sums.count(Mark::Clicked),
            machine_clicked: sums.count(Mark::MachineClicked),
            replied: sums.count(Mark::Replied),
            unsubscribed: sums.count(Mark::Unsubscribed),
            complained: sums.count(Mark::Complained),
            opens: sums.sum(Measure::Opens),
            clicks: sums.sum(Measure::Clicks),
            rates: sums.into(),
            since_sent: sums.into(),
        }
    }
}

/// The best hours of groups by the hour of the week.
fn best(groups: &Groups) -> BestHours {
    let messages = groups.values().map(|sums| sums.count(Mark::Sent)).sum();
    let mut enough: Vec<_> = groups.iter().filter(|(_, sums)| sums.count(Mark::Sent) >= LEAST).collect();
    let hours = enough.len();
    // By a / b < c / d without division: a * d < c * b.
    enough.sort_by(|(_, a), (_, b)| {
        let of = |sums: &Sums| (i128::from(sums.sum(Measure::SentOpened)), i128::from(sums.count(Mark::Sent)));
        let ((a, all_a), (b, all_b)) = (of(a), of(b));
        (b * all_a).cmp(&(a * all_b))
    });
    let best = enough.into_iter().take(BEST);
    let best = best.map(|(key, sums)| BestHour { hour: key.shown(), sent: sums.count(Mark::Sent), since_sent: sums.into() });
    BestHours { messages, least: LEAST, hours, best: best.collect() }
}

/// Counts what recipients did, by template when nothing else is said.
#[utoipa::path(get, path = "/v1/analytics/engagement", tag = "analytics", operation_id = "count_engagement",
    security(("key" = [])), params(Question),
    responses((status = 200, description = "The numbers.",
        content((EngagementNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn count_engagement(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<Question>,
) -> Result<Told<EngagementNumbers>, Failure> {
    let asked = question.check(&api, &caller.scope, GroupBy::Template).await?;
    let (totals, mut groups) = asked.answer(&caller.scope).await?;
    // What was opened before may be opened again in an hour in which nothing else happened.
    groups.retain(|_, sums| !sums.is_empty() || sums.sum(Measure::Opens) + sums.sum(Measure::Clicks) > 0);
    let best = (asked.group_by == GroupBy::HourOfWeek).then(|| best(&groups));
    let of =
        |(key, sums): (&Key, &Sums)| EngagementGroup { key: key.shown(), numbers: sums.into(), rows: asked.rows(Some(key)) };
    let groups: Vec<EngagementGroup> = groups.iter().map(of).collect();
    if wanted(question.format, &headers) {
        let blank = EngagementGroup { key: None, numbers: (&Sums::default()).into(), rows: None };
        return Ok(Told::Table(table(&blank, &groups)));
    }
    Ok(Told::Json(Reply::ok(EngagementNumbers {
        since: asked.span.since,
        until: asked.span.until,
        rows: asked.rows(None),
        zone: asked.zone,
        totals: (&totals).into(),
        groups,
        best,
    })))
}

operations!(count_engagement);

#[cfg(test)]
mod tests {
    use domain::statistic::Figure;

    use super::*;

    #[test]
    fn the_best_hours_have_sent_enough() {
        let mut groups = Groups::new();
        for (slot, sent, opened) in [(9, 40, 10), (10, 400, 120), (11, 29, 29), (12, 30, 9), (13, 50, 0)] {
            let sums = groups.entry(Key::Slot(slot)).or_default();
            sums.add(Figure::Mark(Mark::Sent), sent);
            sums.add(Figure::Measure(Measure::SentOpened), opened);
        }
        let told = best(&groups);
        assert_eq!((told.messages, told.hours), (549, 4));
        let hours: Vec<_> = told.best.iter().map(|hour| (hour.hour.clone().unwrap(), hour.since_sent.open)).collect();
        let expected = [("mon-10", 0.3), ("mon-12", 0.3), ("mon-09", 0.25), ("mon-13", 0.0)];
        assert_eq!(hours, expected.map(|(hour, share)| (hour.to_owned(), Some(share))));
    }
}
