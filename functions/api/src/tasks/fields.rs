//! What a task is made of, as requests say it.

use std::collections::BTreeMap;

use domain::flows::assign::{Assign, Fallback, Strategy};
use domain::task::{Item, Kind, Priority, Reminder, State, Step, Way, Whom};
use domain::{Recurrence, Role, Task};
use kernel::ids::{ActivityId, CompanyId, ContactId, DealId, TeamId, UserId};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::contacts::fields::merge_fields;
use crate::input::{double_option, present, put};
use crate::reply::words::{AssignStrategyWord, ReminderWayWord, RoleWord, TaskKindWord, TaskPriorityWord};

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
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, Deserialize, ToSchema)]
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
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TaskFields {
    /// `task` when not said.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = TaskKindWord, required = false)]
    kind: Option<Kind>,
    /// A new task needs one, unless it has an activity's.
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
    /// The company it is about. When nobody says which, it is the one that the contact, or else the deal, belongs to when these are said.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    company_id: Option<Option<CompanyId>>,
    /// The deal it is about.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    deal_id: Option<Option<DealId>>,
    /// The activity that it came of, one that the caller sees. A new task has its title, contact, company and deal where they are not
    /// said; whoever sees the task sees them then.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    activity_id: Option<Option<ActivityId>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Option<Option<Vec<String>>>,
    /// Custom fields, as `/v1/fields` defines them; others hold text, numbers, true and false. Null removes one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Object>)]
    fields: Option<Option<BTreeMap<String, Value>>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<TaskItem>>, max_items = 50)]
    checklist: Option<Option<Vec<Item>>>,
    /// A rule as in RFC 5545, on the wall clock of the assignee or, when there is none, of the tenant. The first time is when the task
    /// is due. The next task is made when this one is completed, or when its time has come: at the same hour on the clock of whoever has
    /// the task then. Sent as it stands, it goes on where it is; another rule begins anew.
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
    assign: Option<AssignShape>,
}

impl TaskFields {
    /// Carries the change out, but for the rule; [`Task::check`] judges the result.
    pub(super) fn apply(self, task: &mut Task) -> Result<()> {
        put(&mut task.kind, self.kind);
        put(&mut task.title, self.title);
        put(&mut task.description, self.description.map(|text| text.filter(|text| !text.trim().is_empty())));
        put(&mut task.priority, self.priority);
        put(&mut task.due_at, self.due_at);
        put(&mut task.assignee, self.assignee);
        put(&mut task.team, self.team);
        put(&mut task.contact_id, self.contact_id);
        task.follows = task.follows && self.company_id.is_none();
        put(&mut task.company_id, self.company_id);
        put(&mut task.deal_id, self.deal_id);
        put(&mut task.activity_id, self.activity_id);
        put(&mut task.tags, self.tags.map(crate::contacts::fields::tags));
        put(&mut task.checklist, self.checklist.map(Option::unwrap_or_default));
        let reminders = |list: Option<Vec<ReminderShape>>| list.into_iter().flatten().map(Into::into).collect();
        put(&mut task.reminders, self.reminders.map(reminders));
        put(&mut task.escalation, self.escalation.map(Option::unwrap_or_default));
        match self.fields {
            Some(Some(fields)) => merge_fields(&mut task.fields, fields),
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
        Ok(())
    }

    /// The activity that it is to come of.
    pub(super) fn activity(&self) -> Option<ActivityId> {
        self.activity_id.flatten()
    }

    /// Takes out by what the assignee is to be found, if nobody is named.
    pub(super) fn take_assign(&mut self) -> Result<Option<Assign>> {
        let assign = self.assign.take().map(Assign::from);
        if assign.is_some() && self.assignee.flatten().is_some() {
            return Err(Error::invalid("/assign", "assignee", "either an assignee is named or one is to be found"));
        }
        Ok(assign)
    }

    /// Takes out what is said of the rule.
    pub(super) fn take_recurrence(&mut self) -> Option<Option<Recurrence>> {
        self.recurrence.take()
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
