//! What an action would come to, as a trial tells it.

use std::collections::BTreeMap;

use domain::Task;
use domain::activity::{Form, Outcome, Status};
use domain::event::Shift;
use domain::flows::automate::trial::{Logged, Step};
use domain::rule::action::RaiseEvent;
use domain::task::{Kind, Priority};
use kernel::Time;
use kernel::ids::{CompanyId, ContactId, DealId, TeamId, UserId};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::trial::ShiftShape;
use crate::activities::words::{ActivityStatusWord, ActivityTypeWord, OutcomeWord};
use crate::reply::words::{TaskKindWord, TaskPriorityWord};

/// What an action would come to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleStep)]
pub(crate) struct StepView {
    #[schema(example = "send_message")]
    kind: &'static str,
    /// Why it could not be done.
    why: Option<String>,
    /// To which address a message would go.
    to: Option<String>,
    /// Its subject.
    subject: Option<String>,
    /// Its text.
    text: Option<String>,
    /// What it would change of the contact, by the names of fields: nothing of what is so already.
    #[schema(value_type = Option<BTreeMap<String, ShiftShape>>)]
    changes: Option<BTreeMap<String, Shift>>,
    /// The event that it would raise.
    event: Option<EventDraftView>,
    /// The task that it would make.
    task: Option<TaskDraftView>,
    /// The activity that it would write down.
    activity: Option<ActivityDraftView>,
    /// What of a task or an activity is not there any more, and left out.
    note: Option<String>,
}

/// An event that a rule would raise.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventDraft)]
pub(crate) struct EventDraftView {
    #[schema(example = "customer.reminded")]
    name: String,
    #[schema(value_type = Object)]
    data: Map<String, Value>,
}

/// A task that a rule would make.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskDraft)]
pub(crate) struct TaskDraftView {
    #[schema(value_type = TaskKindWord)]
    kind: Kind,
    title: String,
    description: Option<String>,
    #[schema(value_type = TaskPriorityWord)]
    priority: Priority,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    due_at: Option<Time>,
    #[schema(value_type = Option<String>)]
    assignee: Option<UserId>,
    #[schema(value_type = Option<String>)]
    team: Option<TeamId>,
    #[schema(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
}

/// An activity that a rule would write down.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActivityDraft)]
pub(crate) struct ActivityDraftView {
    #[serde(rename = "type")]
    #[schema(value_type = ActivityTypeWord)]
    form: Form,
    subject: String,
    description: Option<String>,
    #[schema(value_type = ActivityStatusWord)]
    status: Status,
    #[schema(value_type = Option<OutcomeWord>)]
    outcome: Option<Outcome>,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Time>,
    #[schema(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
}

impl From<Task> for TaskDraftView {
    fn from(task: Task) -> Self {
        let Task { kind, title, description, priority, due_at, assignee, team, contact_id, company_id, deal_id, .. } = task;
        Self { kind, title, description, priority, due_at, assignee, team, contact_id, company_id, deal_id }
    }
}

impl From<Logged> for ActivityDraftView {
    fn from(Logged { activity, description }: Logged) -> Self {
        Self {
            form: activity.form,
            subject: activity.subject,
            description,
            status: activity.status,
            outcome: activity.outcome,
            scheduled_at: activity.scheduled_at,
            contact_id: activity.contact,
            company_id: activity.company,
            deal_id: activity.deal,
        }
    }
}

impl From<Step> for StepView {
    fn from(Step { kind, why, to, subject, text, changes, event, task, activity, note }: Step) -> Self {
        let (task, activity) = (task.map(Into::into), activity.map(Into::into));
        let event = event.map(|RaiseEvent { name, data }| EventDraftView { name, data });
        Self { kind, why, to, subject, text, changes, event, task, activity, note }
    }
}
