//! How many tasks were made, done, done late and called off, and by whom.

use axum::extract::State;
use domain::statistic::{Figure, Handled};
use domain::task::Kind;
use http::HeaderMap;
use kernel::ids::{TeamId, UserId};
use kernel::{Time, Zone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::grain::Key;
use super::listed::{ENDED, MADE};
use super::question::Format;
use super::sums::{Sums, share};
use super::table::{Told, table, wanted};
use super::work::{By, List, Teamwork, Wish, Work, word};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::words::TaskKindWord;
use crate::reply::{Reply, refused};
use crate::state::Api;

const LIST: List = List { path: "/v1/tasks", kind: "kind", user: "assignee", always: None };

/// What is asked. `assignee` and `team` are counted apart; `kind` and groups of time go with both.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TaskQuestion {
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
    group_by: Option<TaskGroupBy>,
    /// Tasks of this kind only.
    #[param(value_type = Option<TaskKindWord>)]
    kind: Option<Kind>,
    /// Tasks that this user has now, or had when they ended.
    #[param(value_type = Option<String>)]
    assignee: Option<UserId>,
    /// Tasks that were given to this team.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    /// `csv` answers with a table of the groups, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// What numbers of tasks are kept apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TaskGroupBy {
    Hour,
    Day,
    Week,
    Month,
    HourOfWeek,
    Kind,
    Assignee,
    Team,
}

impl From<TaskGroupBy> for By {
    fn from(group: TaskGroupBy) -> Self {
        match group {
            TaskGroupBy::Hour => Self::HOUR,
            TaskGroupBy::Day => Self::DAY,
            TaskGroupBy::Week => Self::WEEK,
            TaskGroupBy::Month => Self::MONTH,
            TaskGroupBy::HourOfWeek => Self::HOUR_OF_WEEK,
            TaskGroupBy::Kind => Self::Kind,
            TaskGroupBy::Assignee => Self::User,
            TaskGroupBy::Team => Self::Team,
        }
    }
}

/// What became of tasks between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskNumbers {
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
    totals: TaskCounts,
    rows: TaskRows,
    /// Groups in which something was counted, in the order of their keys.
    groups: Vec<TaskGroup>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskGroup {
    /// The start of the hour, day, week or month, the hour of the week, or the word or id; null for nobody's or no
    /// team's.
    key: Option<String>,
    counts: TaskCounts,
    rows: TaskRows,
}

/// Tasks by what became of them, each in the hour in which it did. One that is taken up again is not counted as ended any more.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct TaskCounts {
    created: i64,
    completed: i64,
    /// Completed after the moment that they were due at.
    completed_late: i64,
    cancelled: i64,
    /// Completed late, of completed; null when none were.
    late_rate: Option<f64>,
}

/// Where tasks are listed; null for hours of the week.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct TaskRows {
    /// Those that ended. `&status=completed` behind it lists those that were completed, `&late=true` behind that those that were late.
    ended: Option<String>,
    /// Those that were made.
    created: Option<String>,
}

impl From<&Sums> for TaskCounts {
    fn from(sums: &Sums) -> Self {
        let mut counts = Self::default();
        for (figure, amount) in sums.figures() {
            let Figure::Task(_, handled) = figure else { continue };
            match handled {
                Handled::Created => counts.created += amount,
                Handled::Completed => counts.completed += amount,
                Handled::Late => counts.completed_late += amount,
                Handled::Cancelled => counts.cancelled += amount,
            }
        }
        counts.late_rate = share(counts.completed_late, counts.completed);
        counts
    }
}

impl TaskRows {
    fn of(work: &Work, filters: &[(&'static str, Option<String>)], group: Option<&Key>) -> Self {
        Self { ended: work.rows(LIST, ENDED, filters, group), created: work.rows(LIST, MADE, filters, group) }
    }
}

/// Counts what became of tasks. However many they were, a month is one read.
#[utoipa::path(get, path = "/v1/analytics/tasks", tag = "analytics", operation_id = "count_tasks", security(("key" = [])),
    params(TaskQuestion),
    responses((status = 200, description = "The numbers.",
        content((TaskNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn count_tasks(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<TaskQuestion>,
) -> Result<Told<TaskNumbers>, Failure> {
    let TaskQuestion { since, until, zone, group_by, kind, assignee, team, format } = question;
    let filters = [
        ("kind", kind.map(|kind| kind.as_str().to_owned())),
        ("assignee", assignee.map(|id| id.to_string())),
        ("team", team.map(|id| id.to_string())),
    ];
    let wish = Wish { since, until, zone, user: assignee, team, tag: None, teamwork: Teamwork::Given };
    let work = wish.check(group_by.map_or(By::DAY, By::from), "assignee", &api, &caller.scope).await?;
    let of_kind = |figure: Figure| {
        let Figure::Task(of, _) = figure else { return None };
        kind.is_none_or(|kind| kind == of).then(|| word(of))
    };
    let (totals, groups) = work.answer(&caller.scope, of_kind).await?;
    let of = |(key, sums): (&Key, &Sums)| TaskGroup {
        key: key.shown(),
        counts: sums.into(),
        rows: TaskRows::of(&work, &filters, Some(key)),
    };
    let groups: Vec<TaskGroup> = groups.iter().map(of).collect();
    if wanted(format, &headers) {
        let blank = TaskGroup { key: None, counts: TaskCounts::default(), rows: TaskRows::default() };
        return Ok(Told::Table(table(&blank, &groups)));
    }
    let rows = TaskRows::of(&work, &filters, None);
    let (since, until) = (work.span.since, work.span.until);
    Ok(Told::Json(Reply::ok(TaskNumbers { since, until, zone: work.zone, totals: (&totals).into(), rows, groups })))
}

operations!(count_tasks);
