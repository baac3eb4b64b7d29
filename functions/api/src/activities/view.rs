//! Activities as callers see them.

use std::collections::BTreeMap;

use domain::Visibility;
use domain::activity::{Activity, Direction, Form, Outcome, Priority, Status};
use kernel::Time;
use kernel::ids::{ActivityId, CompanyId, ContactId, DealId, TaskId, TeamId, UserId};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::words::{ActivityStatusWord, ActivityTypeWord, DirectionWord, OutcomeWord, PriorityWord, VisibilityWord};
use crate::rules::cause::CauseView;

/// What somebody did, or is going to do, with a contact.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActivityView {
    #[schema(value_type = String, example = "act_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: ActivityId,
    #[serde(rename = "type")]
    #[schema(value_type = ActivityTypeWord)]
    form: Form,
    subject: String,
    /// Null in lists when it is long: read the activity then.
    description: Option<String>,
    #[schema(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
    /// The task that it was logged with, when that was completed.
    #[schema(value_type = Option<String>)]
    task_id: Option<TaskId>,
    #[schema(value_type = ActivityStatusWord)]
    status: Status,
    #[schema(value_type = Option<DirectionWord>)]
    direction: Option<Direction>,
    /// How long it took, in seconds.
    duration: Option<u32>,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Time>,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Time>,
    location: Option<String>,
    #[schema(value_type = Option<OutcomeWord>)]
    outcome: Option<Outcome>,
    #[schema(value_type = PriorityWord)]
    priority: Priority,
    /// The user who did it, or is to do it.
    #[schema(value_type = Option<String>)]
    assignee: Option<UserId>,
    tags: Vec<String>,
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Value>,
    #[schema(value_type = VisibilityWord)]
    visibility: Visibility,
    /// The user whose it is.
    #[schema(value_type = Option<String>)]
    owner: Option<UserId>,
    #[schema(value_type = Option<String>)]
    team: Option<TeamId>,
    /// Whether it was put into the archive: changing it brings it back.
    archived: bool,
    /// The rule that wrote it down, if one did.
    cause: Option<CauseView>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Activity> for ActivityView {
    fn from(row: Activity) -> Self {
        Self {
            id: row.id,
            form: row.form,
            subject: row.subject,
            description: row.description,
            contact_id: row.contact,
            company_id: row.company,
            deal_id: row.deal,
            task_id: row.task,
            status: row.status,
            direction: row.direction,
            duration: row.duration,
            scheduled_at: row.scheduled_at,
            completed_at: row.completed_at,
            location: row.location,
            outcome: row.outcome,
            priority: row.priority,
            assignee: row.assignee,
            tags: row.tags,
            fields: row.fields,
            visibility: row.visibility,
            owner: row.owner,
            team: row.team,
            archived: row.archived,
            cause: CauseView::of(row.cause),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

impl ActivityView {
    /// With its description, wherever that stands.
    pub(super) fn described(row: Activity, description: Option<String>) -> Self {
        Self { description, ..row.into() }
    }
}
