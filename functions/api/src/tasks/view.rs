//! Tasks as callers see them.

use std::collections::BTreeMap;

use domain::task::{Actor, Deed, Did, Item, Kind, Priority, State, Step};
use domain::{Recurrence, Recurring, Task};
use kernel::ids::{ActivityId, ApiKeyId, CompanyId, ContactId, DealId, TaskId, TeamId, UserId};
use kernel::{Time, Zone};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::expanded::ExpandedTask;
use super::fields::{ReminderShape, TaskEscalation, TaskItem};
use crate::reply::Reply;
use crate::reply::words::{TaskDeedWord, TaskKindWord, TaskPriorityWord, TaskStatusWord};
use crate::rules::cause::CauseView;

/// Something that somebody is to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TaskView {
    #[schema(value_type = String, example = "tsk_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: TaskId,
    #[schema(value_type = TaskKindWord)]
    kind: Kind,
    title: String,
    description: Option<String>,
    #[schema(value_type = TaskStatusWord)]
    status: State,
    #[schema(value_type = TaskPriorityWord)]
    priority: Priority,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Time>,
    /// The user who is to do it.
    #[schema(value_type = Option<String>)]
    assignee: Option<UserId>,
    /// The team that is to do it.
    #[schema(value_type = Option<String>)]
    team: Option<TeamId>,
    /// The user who made it, if a user did.
    #[schema(value_type = Option<String>)]
    creator: Option<UserId>,
    /// The user who gave it to somebody else and keeps it in sight.
    #[schema(value_type = Option<String>)]
    assigner: Option<UserId>,
    #[schema(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
    /// The activity that it came of.
    #[schema(value_type = Option<String>)]
    activity_id: Option<ActivityId>,
    tags: Vec<String>,
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Value>,
    #[schema(value_type = Vec<TaskItem>)]
    checklist: Vec<Item>,
    /// What came of it.
    outcome: Option<String>,
    /// When it was completed or cancelled.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ended_at: Option<Time>,
    /// When somebody said that it is seen to.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    acknowledged_at: Option<Time>,
    /// The rule by which it comes again.
    #[schema(value_type = Option<String>)]
    recurrence: Option<Recurrence>,
    /// IANA time zone of the wall clock that the rule speaks of.
    #[schema(value_type = Option<String>)]
    recurrence_zone: Option<Zone>,
    /// Which one of its row it is, counted from 1.
    occurrence: Option<u32>,
    /// The task that comes after it, once there is one.
    #[schema(value_type = Option<String>)]
    next: Option<TaskId>,
    /// The activity that was logged when it was completed.
    #[schema(value_type = Option<String>)]
    logged: Option<ActivityId>,
    /// The task that was made when it was completed.
    #[schema(value_type = Option<String>)]
    follow_up: Option<TaskId>,
    reminders: Vec<ReminderShape>,
    #[schema(value_type = Vec<TaskEscalation>)]
    escalation: Vec<Step>,
    /// Who did what, oldest first: the first deed and the latest ones.
    history: Vec<DeedView>,
    /// The rule that made it, if one did.
    cause: Option<CauseView>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
    /// What `?expand` asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) expanded: Option<ExpandedTask>,
}

/// What somebody did to a task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskDeed)]
pub(crate) struct DeedView {
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// The user, if a user did it.
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    /// The key, if a machine did it.
    #[schema(value_type = Option<String>)]
    api_key: Option<ApiKeyId>,
    #[schema(value_type = TaskDeedWord)]
    what: Did,
    /// The user or team that has the task since then.
    to: Option<String>,
    note: Option<String>,
}

impl From<Deed> for DeedView {
    fn from(deed: Deed) -> Self {
        let Deed { at, by: Actor { user, key }, what, to, note } = deed;
        Self { at, user, api_key: key, what, to, note }
    }
}

impl TaskView {
    /// The task with its version as people name it.
    pub(super) fn reply(task: Task) -> Reply<Self> {
        let version = task.edits;
        Reply::ok(task.into()).version(version)
    }
}

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let (recurrence, on) = task.recurring.map(|Recurring { rule, zone, number, .. }| (rule, (zone, number))).unzip();
        let (recurrence_zone, occurrence) = on.unzip();
        Self {
            id: task.id,
            kind: task.kind,
            title: task.title,
            description: task.description,
            status: task.state,
            priority: task.priority,
            due_at: task.due_at,
            assignee: task.assignee,
            team: task.team,
            creator: task.creator,
            assigner: task.assigner,
            contact_id: task.contact_id,
            company_id: task.company_id,
            deal_id: task.deal_id,
            activity_id: task.activity_id,
            tags: task.tags,
            fields: task.fields,
            checklist: task.checklist,
            outcome: task.outcome,
            ended_at: task.ended_at,
            acknowledged_at: task.acknowledged_at,
            recurrence,
            recurrence_zone,
            occurrence,
            next: task.next,
            logged: task.logged,
            follow_up: task.follow_up,
            reminders: task.reminders.into_iter().map(Into::into).collect(),
            escalation: task.escalation,
            history: task.history.into_iter().map(Into::into).collect(),
            cause: CauseView::of(task.cause),
            created_at: task.created_at,
            updated_at: task.updated_at,
            expanded: None,
        }
    }
}
