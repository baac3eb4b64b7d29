//! What a task is made of, as requests and views say it.

use domain::flows::assign::{Assign, Fallback, Strategy};
use domain::task::{Actor, Deed, Did, Item, Kind, Priority, Reminder, State, Step, Way, Whom};
use domain::{Recurrence, Recurring, Role, Task};
use kernel::ids::{ApiKeyId, ContactId, TaskId, TeamId, UserId};
use kernel::{Error, Result, Time, Zone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::input::{double_option, present, put};
use crate::reply::words::{
    AssignStrategyWord, ReminderWayWord, RoleWord, TaskDeedWord, TaskKindWord, TaskPriorityWord, TaskStatusWord,
};
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
    tags: Vec<String>,
    #[schema(value_type = Object)]
    fields: Map<String, Value>,
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
    /// Which one of its row it is, counted from 1.
    occurrence: Option<u32>,
    /// The task that comes after it, once there is one.
    #[schema(value_type = Option<String>)]
    next: Option<TaskId>,
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

impl From<Task> for TaskView {
    fn from(task: Task) -> Self {
        let (recurrence, occurrence) = task.recurring.map(|recurring| (recurring.rule, recurring.number)).unzip();
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
            tags: task.tags,
            fields: task.fields,
            checklist: task.checklist,
            outcome: task.outcome,
            ended_at: task.ended_at,
            acknowledged_at: task.acknowledged_at,
            recurrence,
            occurrence,
            next: task.next,
            reminders: task.reminders.into_iter().map(Into::into).collect(),
            escalation: task.escalation,
            history: task.history.into_iter().map(Into::into).collect(),
            cause: CauseView::of(task.cause),
            created_at: task.created_at,
            updated_at: task.updated_at,
        }
    }
}

/// A step of a task.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskItem)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct TaskItem {
    #[schema(max_length = 200)]
    text: String,
    /// False when not said.
    #[schema(required = false)]
    done: bool,
}

/// When somebody is reminded, and how: whoever has the task.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskReminder)]
pub(crate) struct ReminderShape {
    /// Minutes before the task is due. This or `at` is needed.
    #[serde(default)]
    before: Option<u32>,
    /// The moment, not after the task is due.
    #[serde(default, with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
    /// By email or text message to the user's own address, or in the notification centre.
    #[schema(value_type = Vec<ReminderWayWord>, min_items = 1)]
    by: Vec<Way>,
}

impl From<Reminder> for ReminderShape {
    fn from(Reminder { before, at, by }: Reminder) -> Self {
        Self { before, at, by }
    }
}

impl From<ReminderShape> for Reminder {
    fn from(ReminderShape { before, at, mut by }: ReminderShape) -> Self {
        let mut seen = Vec::new();
        by.retain(|way| {
            !seen.contains(way) && {
                seen.push(*way);
                true
            }
        });
        Self { before, at, by }
    }
}

/// Who is told when nobody has acknowledged or ended a task.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskEscalation)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct TaskEscalation {
    /// Minutes after the task was due, or after it was made when it is due at no time. Each step is later than the one before.
    after_minutes: u32,
    to: WhomShape,
}

/// One of them: a user, a team (those who lead it, or all of it when nobody does), or the users of a role.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = EscalationTarget)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct WhomShape {
    #[schema(value_type = String, required = false)]
    user: UserId,
    #[schema(value_type = String, required = false)]
    team: TeamId,
    #[schema(value_type = RoleWord, required = false)]
    role: Role,
}

/// To give a task to a member of a team by itself.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AssignRule)]
pub(crate) struct AssignShape {
    #[schema(value_type = AssignStrategyWord)]
    strategy: Strategy,
    /// Its available members are chosen among.
    #[schema(value_type = String)]
    team: TeamId,
    /// What to do when nobody is available; the task is refused when nothing is said.
    fallback: Option<FallbackShape>,
}

/// What to do when nobody is available.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AssignFallback)]
pub(crate) enum FallbackShape {
    Unassigned,
}

impl From<AssignShape> for Assign {
    fn from(AssignShape { strategy, team, fallback }: AssignShape) -> Self {
        Self { strategy, team, fallback: fallback.map(|FallbackShape::Unassigned| Fallback::Unassigned) }
    }
}

/// The states that a task can be put into by a change.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OpenTaskStatus)]
pub(crate) enum OpenStatus {
    Pending,
    InProgress,
}

/// What a task is made of, and what changes of one. What is absent stays as it is; null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskFields {
    /// `task` when not said.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = TaskKindWord, required = false)]
    kind: Option<Kind>,
    /// A new task needs one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200)]
    title: Option<String>,
    /// `@` and a user's id mention that user.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 4096)]
    description: Option<Option<String>>,
    /// Whether somebody is at it.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = OpenStatus, required = false)]
    status: Option<OpenStatus>,
    /// `normal` when not said.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = TaskPriorityWord, required = false)]
    priority: Option<Priority>,
    #[serde(default, with = "rfc3339_change")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Option<Time>>,
    /// The user who is to do it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Option<UserId>>,
    /// The team that is to do it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    team: Option<Option<TeamId>>,
    /// The contact it is about.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    contact_id: Option<Option<ContactId>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Option<Option<Vec<String>>>,
    /// Further fields: text, numbers, true and false; null removes one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Object>)]
    fields: Option<Option<Map<String, Value>>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<TaskItem>>, max_items = 50)]
    checklist: Option<Option<Vec<Item>>>,
    /// A rule as in RFC 5545, on the wall clock of the assignee or, when there is none, of the tenant. The first time is when the task is
    /// due. The next task is made when this one is completed, or when its time has come.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "FREQ=WEEKLY;BYDAY=MO")]
    recurrence: Option<Option<Recurrence>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<ReminderShape>>, max_items = 5)]
    reminders: Option<Option<Vec<ReminderShape>>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<TaskEscalation>>, max_items = 10)]
    escalation: Option<Option<Vec<Step>>>,
    /// Who is to do it is found out by this.
    pub(super) assign: Option<AssignShape>,
}

impl TaskFields {
    /// Carries the change out; [`Task::check`] judges the result. `zone` is what a new rule speaks of.
    pub(super) fn apply(self, task: &mut Task, zone: Zone) -> Result<()> {
        put(&mut task.kind, self.kind);
        put(&mut task.title, self.title);
        put(&mut task.description, self.description.map(|text| text.filter(|text| !text.trim().is_empty())));
        put(&mut task.priority, self.priority);
        put(&mut task.due_at, self.due_at);
        put(&mut task.assignee, self.assignee);
        put(&mut task.team, self.team);
        put(&mut task.contact_id, self.contact_id);
        let trimmed = |tags: Vec<String>| tags.into_iter().map(|tag| tag.trim().to_owned()).collect();
        put(&mut task.tags, self.tags.map(|tags| tags.map_or_else(Vec::new, trimmed)));
        put(&mut task.checklist, self.checklist.map(Option::unwrap_or_default));
        let reminders = |list: Option<Vec<ReminderShape>>| list.into_iter().flatten().map(Into::into).collect();
        put(&mut task.reminders, self.reminders.map(reminders));
        put(&mut task.escalation, self.escalation.map(Option::unwrap_or_default));
        match self.fields {
            Some(Some(patch)) => {
                for (name, value) in patch {
                    if value.is_null() {
                        task.fields.remove(&name);
                    } else {
                        task.fields.insert(name, value);
                    }
                }
            }
            Some(None) => task.fields.clear(),
            None => {}
        }
        if let Some(status) = self.status {
            task.must_be_open()?;
            task.state = match status {
                OpenStatus::Pending => State::Pending,
                OpenStatus::InProgress => State::InProgress,
            };
        }
        if let Some(rule) = self.recurrence {
            let due = || {
                task.due_at.ok_or_else(|| Error::invalid("/due_at", "required", "a task that comes again is due at some time"))
            };
            task.recurring = match rule {
                Some(rule) => Some(Recurring::begin(rule, zone, due()?)),
                None => None,
            };
        }
        Ok(())
    }

    /// The assignee that it would have.
    pub(super) fn assignee(&self, task: &Task) -> Option<UserId> {
        self.assignee.unwrap_or(task.assignee)
    }
}

/// A moment of a change: absent, null or RFC 3339.
mod rfc3339_change {
    use kernel::Time;
    use serde::Deserializer;

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Time>>, D::Error> {
        kernel::clock::rfc3339::option::deserialize(deserializer).map(Some)
    }
}

/// Whom a task goes to.
pub(super) fn target(user: Option<UserId>, team: Option<TeamId>) -> Result<Whom> {
    match (user, team) {
        (Some(user), None) => Ok(Whom::User(user)),
        (None, Some(team)) => Ok(Whom::Team(team)),
        (Some(_), Some(_)) | (None, None) => Err(Error::invalid("", "target", "either user or team is needed")),
    }
}
