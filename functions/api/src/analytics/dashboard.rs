//! The numbers of a first look: today, seven days and thirty, each beside the span before, and what there is to do.

use axum::extract::State;
use domain::Agenda;
use domain::agenda::Owner;
use domain::message::Mark;
use domain::statistic::{Decided, Dimension, Done, Figure, Handled, Measure, Whose};
use http::HeaderMap;
use kernel::{Result, Time, Zone};
use serde::{Deserialize, Serialize};
use store::TenantScope;
use utoipa::{IntoParams, ToSchema};

use super::deals::{WorthView, worth};
use super::listed::{CLOSED, ENDED, MADE, REACHED, listed};
use super::question::Format;
use super::reading::{Values, read};
use super::span::{HOUR, Span, ceiling, floor};
use super::sums::Sums;
use super::table::{Told, table, wanted};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Most open tasks that are counted.
const TASKS: u16 = 1_000;

/// What is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DashboardQuestion {
    /// Where days begin, as an IANA name; the tenant's zone when not said. An hour that a day begins within belongs to the day before.
    #[param(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
    /// `csv` answers with a table of the spans, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// The numbers of a first look.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Dashboard {
    /// Where days begin.
    #[schema(value_type = String, example = "Europe/Berlin")]
    zone: Zone,
    today: Comparison,
    /// The last seven days, today included.
    week: Comparison,
    /// The last thirty days, today included.
    month: Comparison,
    tasks: OpenTasks,
}

/// Tasks that are open now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenTasks {
    /// Of a tenant with more than a thousand, a thousand.
    open: usize,
    /// Those of them whose time has passed. The ones due soonest are looked at first.
    overdue: usize,
    /// Whether there are no more than were counted.
    complete: bool,
    rows: OpenTaskRows,
}

/// Where these tasks are listed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OpenTaskRows {
    #[schema(example = "/v1/tasks")]
    open: &'static str,
    #[schema(example = "/v1/tasks?overdue=true")]
    overdue: &'static str,
}

impl OpenTaskRows {
    const LISTS: Self = Self { open: "/v1/tasks", overdue: "/v1/tasks?overdue=true" };
}

impl OpenTasks {
    /// One query of the tenant's agenda.
    async fn count(scope: &TenantScope, now: Time) -> Result<Self> {
        let open = scope.below::<Agenda>(&Owner::All.key(), None, None, true, TASKS + 1).await?;
        let counted = open.get(..usize::from(TASKS)).unwrap_or(&open);
        let overdue = counted.iter().filter(|row| row.row.due_at.is_some_and(|due| due <= now)).count();
        Ok(Self { open: counted.len(), overdue, complete: counted.len() == open.len(), rows: OpenTaskRows::LISTS })
    }
}

/// A span up to now, and the same hours on the wall clock as many days before.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Comparison {
    /// First moment that is counted.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// First moment that is not counted any more: the end of this hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    now: Glance,
    before: Glance,
}

/// A few numbers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Glance {
    sent: i64,
    delivered: i64,
    bounced: i64,
    /// Opened by a person.
    opened: i64,
    /// Answered by their recipients.
    replied: i64,
    /// Messages that came in.
    received: i64,
    /// Conversations that were begun.
    conversations: i64,
    /// Activities that were written down, but for private ones.
    activities: i64,
    tasks_created: i64,
    tasks_completed: i64,
    deals_won: i64,
    /// What these deals are worth, by currency.
    value_won: Vec<WorthView>,
    /// Null where the clocks have left no hour of the span.
    rows: Option<GlanceRows>,
}

/// Where the rows are listed that are counted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GlanceRows {
    /// Messages that reached something. `&reached=sent` behind it lists those that are counted as sent.
    messages: String,
    /// Messages that came in, of which a caller sees those that are for the caller.
    received: String,
    conversations: String,
    /// Activities, of which a caller sees those that are for the caller.
    activities: String,
    tasks_created: String,
    tasks_completed: String,
    deals_won: String,
}

impl GlanceRows {
    fn of(span: Span) -> Self {
        let list = |path: &str, bounds, filters: &[(&str, &str)]| listed(path, bounds, span, filters.iter().copied());
        Self {
            messages: list("/v1/messages", REACHED, &[]),
            received: list("/v1/timeline", MADE, &[("kind", "message"), ("direction", "inbound")]),
            conversations: list("/v1/conversations", MADE, &[]),
            activities: list("/v1/activities", MADE, &[("counted", "true")]),
            tasks_created: list("/v1/tasks", MADE, &[]),
            tasks_completed: list("/v1/tasks", ENDED, &[("status", "completed")]),
            deals_won: list("/v1/deals", CLOSED, &[("status", "won")]),
        }
    }
}

impl Glance {
    fn of(span: Span, sums: &Sums) -> Self {
        Self {
            sent: sums.count(Mark::Sent),
            delivered: sums.count(Mark::Delivered),
            bounced: sums.count(Mark::Bounced),
            opened: sums.count(Mark::Opened),
            replied: sums.count(Mark::Replied),
            received: sums.sum(Measure::Received),
            conversations: sums.sum(Measure::Begun),
            activities: sums.total(|figure| matches!(figure, Figure::Activity(_, Done::Logged))),
            tasks_created: sums.total(|figure| matches!(figure, Figure::Task(_, Handled::Created))),
            tasks_completed: sums.total(|figure| matches!(figure, Figure::Task(_, Handled::Completed))),
            deals_won: sums.amount(Figure::Deal(Decided::Won)),
            value_won: worth(sums),
            rows: (span.since < span.until).then(|| GlanceRows::of(span)),
        }
    }
}

/// A span and the one before, while they are counted.
struct Pair {
    now: Span,
    before: Span,
    sums: [Sums; 2],
}

impl Pair {
    /// The last days, the one of this hour included, up to its end. An hour that a day begins within belongs to the day before.
    fn of(days: i64, zone: &Zone, hour: Time) -> Self {
        let end = hour.plus_millis(HOUR);
        let since = |days: i64| ceiling(zone.day(zone.days_before(hour, days)).0);
        let now = Span { since: since(days - 1), until: end };
        let before = Span { since: since(2 * days - 1), until: ceiling(zone.days_before(end, days)) };
        Self { now, before, sums: Default::default() }
    }
}

impl From<Pair> for Comparison {
    fn from(Pair { now, before, sums: [this, earlier] }: Pair) -> Self {
        Self { since: now.since, until: now.until, now: Glance::of(now, &this), before: Glance::of(before, &earlier) }
    }
}

/// A line of the table.
#[derive(Serialize)]
struct Line<'a> {
    span: &'static str,
    compared: &'static str,
    #[serde(flatten)]
    glance: &'a Glance,
}

impl Comparison {
    fn lines(&self, span: &'static str) -> [Line<'_>; 2] {
        [("now", &self.now), ("before", &self.before)].map(|(compared, glance)| Line { span, compared, glance })
    }
}

/// Tells the numbers of a first look: today, seven and thirty days, each beside the span before, and how many tasks are open.
#[utoipa::path(get, path = "/v1/analytics/dashboard", tag = "analytics", operation_id = "read_dashboard",
    security(("key" = [])), params(DashboardQuestion),
    responses((status = 200, description = "The numbers.",
        content((Dashboard = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn read_dashboard(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<DashboardQuestion>,
) -> Result<Told<Dashboard>, Failure> {
    let zone = match question.zone {
        Some(zone) => zone,
        None => api.0.catalog.tenant(&caller.scope).await?.zone.clone(),
    };
    let now = api.0.context.clock.now();
    let hour = floor(now, HOUR);
    let mut pairs = [1, 7, 30].map(|days| Pair::of(days, &zone, hour));
    let since = pairs.iter().map(|pair| pair.before.since).min().unwrap_or(hour);
    let whole = Span { since, until: hour.plus_millis(HOUR) };
    for (dimension, values) in [(Dimension::All, Values::Any), (Dimension::Work, Values::One(Whose::All.value()))] {
        read(&caller.scope, dimension, &values, whole, |_, hour, figure, amount| {
            for Pair { now, before, sums: [this, earlier] } in &mut pairs {
                if now.has(hour) {
                    this.add(figure, amount);
                }
                if before.has(hour) {
                    earlier.add(figure, amount);
                }
            }
        })
        .await?;
    }
    let [today, week, month] = pairs.map(Comparison::from);
    if wanted(question.format, &headers) {
        let lines = [("today", &today), ("week", &week), ("month", &month)].map(|(span, pair)| pair.lines(span));
        return Ok(Told::Table(table(&Line { span: "", compared: "", glance: &today.now }, lines.as_flattened())));
    }
    let tasks = OpenTasks::count(&caller.scope, now).await?;
    Ok(Told::Json(Reply::ok(Dashboard { zone, today, week, month, tasks })))
}

operations!(read_dashboard);
