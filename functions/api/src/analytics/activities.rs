//! How many activities there were, of which type, how they went, and who did them.

use axum::extract::State;
use domain::activity::{Form, Outcome, Status};
use domain::statistic::{Done, Figure};
use http::HeaderMap;
use kernel::ids::{TeamId, UserId};
use kernel::{Time, Zone};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::grain::Key;
use super::listed::MADE;
use super::question::Format;
use super::sums::Sums;
use super::table::{Told, table, wanted};
use super::work::{By, List, Teamwork, Wish, Work, word};
use crate::activities::words::ActivityTypeWord;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

const LIST: List = List { path: "/v1/activities", kind: "type", user: "user", always: Some(("counted", "true")) };

/// What is asked. `user` and `team` go together, and `tag` stands alone; `type` and groups of time go with all of them.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ActivityQuestion {
    /// From the hour of this moment on; 30 days ago when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Up to this moment, the hour it lies in included; now when not said, so that what is to be is left out. At most 93 days after
    /// `since` by the hour, and two years (731 days) otherwise.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// Where days, weeks, months and hours of the week begin, as an IANA name; the tenant's zone when not said. An hour that a day
    /// begins within belongs to the day before.
    #[param(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
    /// One set of numbers for each; day when not said.
    #[param(inline)]
    group_by: Option<ActivityGroupBy>,
    /// Activities of this type only.
    #[serde(rename = "type")]
    #[param(rename = "type", value_type = Option<ActivityTypeWord>)]
    form: Option<Form>,
    /// Activities of this person only: its assignee's, or its owner's when it has no assignee.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
    /// Activities of those who are in this team now.
    #[param(value_type = Option<String>)]
    team: Option<TeamId>,
    /// Activities with this tag only. The first five tags of an activity are counted.
    tag: Option<String>,
    /// `csv` answers with a table of the groups, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// What numbers of activities are kept apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ActivityGroupBy {
    Hour,
    Day,
    Week,
    Month,
    HourOfWeek,
    Type,
    User,
    Team,
    Tag,
}

impl From<ActivityGroupBy> for By {
    fn from(group: ActivityGroupBy) -> Self {
        match group {
            ActivityGroupBy::Hour => Self::HOUR,
            ActivityGroupBy::Day => Self::DAY,
            ActivityGroupBy::Week => Self::WEEK,
            ActivityGroupBy::Month => Self::MONTH,
            ActivityGroupBy::HourOfWeek => Self::HOUR_OF_WEEK,
            ActivityGroupBy::Type => Self::Kind,
            ActivityGroupBy::User => Self::User,
            ActivityGroupBy::Team => Self::Team,
            ActivityGroupBy::Tag => Self::Tag,
        }
    }
}

/// How many activities there were between two moments. What is private is not counted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityNumbers {
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
    totals: ActivityCounts,
    rows: ActivityRows,
    /// Groups in which something was counted, in the order of their keys.
    groups: Vec<ActivityGroup>,
}

/// One group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityGroup {
    /// The start of the hour, day, week or month, the hour of the week, or the word or id; null for nobody's.
    key: Option<String>,
    counts: ActivityCounts,
    rows: ActivityRows,
}

/// Activities by what became of them. One counts as logged in the hour in which it was written down, and otherwise in the hour in
/// which it was or is to be.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ActivityCounts {
    logged: i64,
    scheduled: i64,
    completed: i64,
    cancelled: i64,
    /// Seconds that the completed ones took, of those that say so.
    seconds: i64,
    outcomes: OutcomeCounts,
}

/// Activities by how they went, of those that say so.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct OutcomeCounts {
    positive: i64,
    neutral: i64,
    negative: i64,
    no_answer: i64,
}

/// Where activities are listed, of which a caller sees those that are for the caller; null for hours of the week.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(crate) struct ActivityRows {
    /// Those that are counted by status and outcome. `&status=completed` or `&outcome=positive` behind it lists those alone.
    done: Option<String>,
    /// Those that are counted as logged.
    logged: Option<String>,
}

impl From<&Sums> for ActivityCounts {
    fn from(sums: &Sums) -> Self {
        let mut counts = Self::default();
        for (figure, amount) in sums.figures() {
            if let Figure::Activity(_, done) = figure {
                *counts.of(done) += amount;
            }
        }
        counts
    }
}

impl ActivityCounts {
    const fn of(&mut self, done: Done) -> &mut i64 {
        match done {
            Done::Logged => &mut self.logged,
            Done::Status(Status::Scheduled) => &mut self.scheduled,
            Done::Status(Status::Completed) => &mut self.completed,
            Done::Status(Status::Cancelled) => &mut self.cancelled,
            Done::Outcome(Outcome::Positive) => &mut self.outcomes.positive,
            Done::Outcome(Outcome::Neutral) => &mut self.outcomes.neutral,
            Done::Outcome(Outcome::Negative) => &mut self.outcomes.negative,
            Done::Outcome(Outcome::NoAnswer) => &mut self.outcomes.no_answer,
            Done::Seconds => &mut self.seconds,
        }
    }
}

impl ActivityRows {
    fn of(work: &Work, filters: &[(&'static str, Option<String>)], group: Option<&Key>) -> Self {
        Self { done: work.rows(LIST, ("at_since", "at_until"), filters, group), logged: work.rows(LIST, MADE, filters, group) }
    }
}

/// Counts activities by what became of them. However many they were, a month is one read.
#[utoipa::path(get, path = "/v1/analytics/activities", tag = "analytics", operation_id = "count_activities",
    security(("key" = [])), params(ActivityQuestion),
    responses((status = 200, description = "The numbers.",
        content((ActivityNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn count_activities(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(question): Params<ActivityQuestion>,
) -> Result<Told<ActivityNumbers>, Failure> {
    let ActivityQuestion { since, until, zone, group_by, form, user, team, tag, format } = question;
    let filters = [
        ("type", form.and_then(|form| word(form).shown())),
        ("user", user.map(|id| id.to_string())),
        ("team", team.map(|id| id.to_string())),
        ("tag", tag.clone()),
    ];
    let wish = Wish { since, until, zone, user, team, tag, teamwork: Teamwork::Members };
    let work = wish.check(group_by.map_or(By::DAY, By::from), "user", &api, &caller.scope).await?;
    let kind = |figure: Figure| {
        let Figure::Activity(of, _) = figure else { return None };
        form.is_none_or(|form| form == of).then(|| word(of))
    };
    let (totals, groups) = work.answer(&caller.scope, kind).await?;
    let of = |(key, sums): (&Key, &Sums)| ActivityGroup {
        key: key.shown(),
        counts: sums.into(),
        rows: ActivityRows::of(&work, &filters, Some(key)),
    };
    let groups: Vec<ActivityGroup> = groups.iter().map(of).collect();
    if wanted(format, &headers) {
        let blank = ActivityGroup { key: None, counts: ActivityCounts::default(), rows: ActivityRows::default() };
        return Ok(Told::Table(table(&blank, &groups)));
    }
    let rows = ActivityRows::of(&work, &filters, None);
    let (since, until) = (work.span.since, work.span.until);
    Ok(Told::Json(Reply::ok(ActivityNumbers { since, until, zone: work.zone, totals: (&totals).into(), rows, groups })))
}

operations!(count_activities);
