//! Completing a task, with the activity that it was and the task that follows.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::Task;
use domain::activity::{Activity, Direction, Form, Outcome};
use domain::flows::keep_task::{self, Sequel};
use domain::task::State as Doing;
use kernel::Result;
use kernel::ids::{ActivityId, TaskId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::deeds::found;
use super::draft::drafted;
use super::fields::TaskFields;
use super::view::TaskView;
use crate::activities::words::{ActivityTypeWord, DirectionWord, OutcomeWord};
use crate::caller::{Caller, may};
use crate::contacts::fields::trimmed;
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// What came of a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskOutcome {
    /// For people. `@` and a user's id mention that user.
    #[schema(max_length = 4096)]
    outcome: Option<String>,
    /// What was done for it, to be logged as an activity with those that the task is about.
    activity: Option<TaskActivity>,
    /// A task that follows: a `follow_up` about the same and for whoever has this one, where it does not say otherwise. It comes of the
    /// activity, if one is logged. It needs a title.
    next: Option<TaskFields>,
}

/// An activity by which a task was completed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskActivity {
    #[serde(rename = "type")]
    #[schema(value_type = ActivityTypeWord, example = "call")]
    form: Form,
    /// The task's title when not said.
    #[schema(max_length = 200)]
    subject: Option<String>,
    #[schema(max_length = 16384)]
    description: Option<String>,
    #[schema(value_type = Option<DirectionWord>)]
    direction: Option<Direction>,
    /// How it went.
    #[schema(value_type = Option<OutcomeWord>)]
    outcome: Option<Outcome>,
    /// How long it took, in seconds.
    #[schema(maximum = 2_678_400)]
    duration: Option<u32>,
    /// Custom fields, as `/v1/fields` defines them for activities.
    #[schema(value_type = Option<Object>)]
    fields: Option<BTreeMap<String, Value>>,
}

impl TaskActivity {
    /// The activity, as something that the caller did for the task, and its description.
    fn log(self, caller: &Caller<may::WriteContacts>, task: &Task) -> (Activity, Option<String>) {
        let id = ActivityId::new(&caller.context.ids, &caller.context.clock);
        let now = caller.context.clock.now();
        let blank = Activity::of_task(id, self.form, task, caller.credential.user, now);
        let subject = self.subject.map_or_else(|| blank.subject.clone(), trimmed);
        let fields = self.fields.unwrap_or_default();
        let Self { direction, outcome, duration, .. } = self;
        (Activity { subject, direction, outcome, duration, fields, ..blank }, self.description)
    }
}

/// What is to be made when the task is completed.
async fn sequel(
    api: &Api,
    caller: &Caller<may::WriteContacts>,
    task: &Task,
    activity: Option<TaskActivity>,
    next: Option<TaskFields>,
) -> Result<Sequel> {
    let activity = activity.map(|activity| activity.log(caller, task));
    let next = match next {
        Some(fields) => {
            let id = TaskId::new(&caller.context.ids, &caller.context.clock);
            let mut base = task.followed_by(id, caller.context.clock.now());
            base.activity_id = activity.as_ref().map(|(activity, _)| activity.id);
            Some(drafted(api, caller, base, fields).await.map_err(|error| error.under("/next"))?)
        }
        None => None,
    };
    Ok(Sequel { activity, next })
}

/// Completes a task; if that is wanted, logs what was done for it and makes a task that follows, all at once or not at all. Once more
/// changes nothing and makes nothing.
#[utoipa::path(post, path = "/v1/tasks/{id}/complete", tag = "tasks", operation_id = "complete_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), IfMatch, Repeatable), request_body = TaskOutcome,
    responses((status = 200, description = "The task.", body = TaskView, headers(("etag" = String))), refused::Changing))]
async fn complete_task(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<TaskId>,
    if_match: IfMatch,
    Input(body): Input<TaskOutcome>,
) -> Result<Reply<TaskView>, Failure> {
    let TaskOutcome { outcome, activity, next } = body;
    let mut rounds = found(&caller, id, if_match, ("/outcome", outcome.as_ref())).await?;
    loop {
        let task = rounds.next(&caller.scope).await?;
        if task.row.state == Doing::Completed {
            return Ok(TaskView::reply(task.row));
        }
        task.row.must_be_open()?;
        let sequel = sequel(&api, &caller, &task.row, activity.clone(), next.clone()).await?;
        let by = (caller.actor(), caller.context.clock.now());
        let completed = keep_task::complete(&api.0.catalog, &caller.scope, by, task, outcome.clone(), sequel).await?;
        if let Some(completed) = completed {
            return Ok(TaskView::reply(completed));
        }
    }
}

operations!(complete_task);
