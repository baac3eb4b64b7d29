//! What people do to tasks.

use axum::extract::State;
use domain::flows::keep_task;
use domain::task::{Actor, Whom};
use domain::{Task, User};
use kernel::error::Faults;
use kernel::ids::{TaskId, TeamId, UserId};
use kernel::{Error, Result, Time};
use serde::Deserialize;
use store::TenantScope;
use utoipa::ToSchema;

use super::fields::target;
use super::rounds::Rounds;
use super::view::TaskView;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Longest note, in bytes.
const NOTE: usize = 4_096;

/// Why something is done to a task.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskReason {
    #[schema(max_length = 4096)]
    reason: Option<String>,
}

/// Whom a task is given to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskDelegation {
    #[schema(value_type = String)]
    user: UserId,
    #[schema(max_length = 4096)]
    note: Option<String>,
}

/// Whom a task is handed over to: a user or a team.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskTransfer {
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    #[schema(value_type = Option<String>)]
    team: Option<TeamId>,
    #[schema(max_length = 4096)]
    reason: Option<String>,
}

/// The task that something is done to, at the version that the caller knows, when what is said about it is short enough.
pub(super) async fn found(
    caller: &Caller<may::WriteContacts>,
    id: TaskId,
    if_match: IfMatch,
    (pointer, words): (&str, Option<&String>),
) -> Result<Rounds> {
    let rounds = Rounds::begin(&caller.scope, id, if_match).await?;
    let mut faults = Faults::default();
    faults.longer(pointer, words.map_or("", String::as_str), NOTE);
    faults.check()?;
    Ok(rounds)
}

/// Does something to a task, and writes it if that changed it.
async fn act(
    caller: &Caller<may::WriteContacts>,
    mut rounds: Rounds,
    deed: impl Fn(&mut Task, Actor, Time) -> Result<bool> + Send,
) -> Result<Reply<TaskView>, Failure> {
    loop {
        let mut task = rounds.next(&caller.scope).await?;
        let before = task.row.clone();
        let changed = deed(&mut task.row, caller.actor(), caller.context.clock.now())?;
        if !changed || keep_task::replace(&caller.scope, &before, &task, None).await? {
            return Ok(TaskView::reply(task.row));
        }
    }
}

/// Refuses to give a task to somebody who is not there.
async fn must_be_there(api: &Api, scope: &TenantScope, to: Whom) -> Result<()> {
    let (pointer, there) = match to {
        Whom::User(user) => ("/user", scope.read_now::<User>(user).await?.is_some()),
        Whom::Team(team) => ("/team", api.0.catalog.team(scope, team).await?.is_some()),
        Whom::Role(_) => ("/role", false),
    };
    if there { Ok(()) } else { Err(Error::invalid(pointer, "unknown", "there is none")) }
}

/// Calls a task off: nobody is reminded any more, and no further one follows it. Once more changes nothing.
#[utoipa::path(post, path = "/v1/tasks/{id}/cancel", tag = "tasks", operation_id = "cancel_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), IfMatch, Repeatable), request_body = TaskReason,
    responses((status = 200, description = "The task.", body = TaskView, headers(("etag" = String))), refused::Changing))]
async fn cancel_task(
    caller: Caller<may::WriteContacts>,
    Id(id): Id<TaskId>,
    if_match: IfMatch,
    Input(body): Input<TaskReason>,
) -> Result<Reply<TaskView>, Failure> {
    let rounds = found(&caller, id, if_match, ("/reason", body.reason.as_ref())).await?;
    act(&caller, rounds, |task, by, now| task.cancel(by, now, body.reason.clone())).await
}

/// Takes a task up again that has ended.
#[utoipa::path(post, path = "/v1/tasks/{id}/reopen", tag = "tasks", operation_id = "reopen_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), IfMatch, Repeatable), request_body = TaskReason,
    responses((status = 200, description = "The task.", body = TaskView, headers(("etag" = String))), refused::Changing))]
async fn reopen_task(
    caller: Caller<may::WriteContacts>,
    Id(id): Id<TaskId>,
    if_match: IfMatch,
    Input(body): Input<TaskReason>,
) -> Result<Reply<TaskView>, Failure> {
    let rounds = found(&caller, id, if_match, ("/reason", body.reason.as_ref())).await?;
    act(&caller, rounds, |task, by, now| Ok(task.reopen(by, now, body.reason.clone()))).await
}

/// Says that somebody sees to a task: it is not escalated any further.
#[utoipa::path(post, path = "/v1/tasks/{id}/acknowledge", tag = "tasks", operation_id = "acknowledge_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), IfMatch, Repeatable),
    responses((status = 200, description = "The task.", body = TaskView, headers(("etag" = String))), refused::Changing))]
async fn acknowledge_task(
    caller: Caller<may::WriteContacts>,
    Id(id): Id<TaskId>,
    if_match: IfMatch,
) -> Result<Reply<TaskView>, Failure> {
    let rounds = found(&caller, id, if_match, ("", None)).await?;
    act(&caller, rounds, Task::acknowledge).await
}

/// Gives a task to another user; who does so keeps it in sight. Once more changes nothing.
#[utoipa::path(post, path = "/v1/tasks/{id}/delegate", tag = "tasks", operation_id = "delegate_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), IfMatch, Repeatable), request_body = TaskDelegation,
    responses((status = 200, description = "The task.", body = TaskView, headers(("etag" = String))), refused::Changing))]
async fn delegate_task(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<TaskId>,
    if_match: IfMatch,
    Input(body): Input<TaskDelegation>,
) -> Result<Reply<TaskView>, Failure> {
    let rounds = found(&caller, id, if_match, ("/note", body.note.as_ref())).await?;
    must_be_there(&api, &caller.scope, Whom::User(body.user)).await?;
    act(&caller, rounds, |task, by, now| task.delegate(by, now, body.user, body.note.clone())).await
}

/// Hands a task over to a user or a team; who has had it is done with it. Once more changes nothing.
#[utoipa::path(post, path = "/v1/tasks/{id}/transfer", tag = "tasks", operation_id = "transfer_task", security(("key" = [])),
    params(("id" = String, Path, description = "The task's id."), IfMatch, Repeatable), request_body = TaskTransfer,
    responses((status = 200, description = "The task.", body = TaskView, headers(("etag" = String))), refused::Changing))]
async fn transfer_task(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<TaskId>,
    if_match: IfMatch,
    Input(body): Input<TaskTransfer>,
) -> Result<Reply<TaskView>, Failure> {
    let rounds = found(&caller, id, if_match, ("/reason", body.reason.as_ref())).await?;
    let to = target(body.user, body.team)?;
    must_be_there(&api, &caller.scope, to).await?;
    act(&caller, rounds, |task, by, now| task.transfer(by, now, to, body.reason.clone())).await
}

operations!(cancel_task, reopen_task, acknowledge_task, delegate_task, transfer_task);
