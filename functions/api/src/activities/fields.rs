//! What an activity is made of, as requests say it.

use std::collections::BTreeMap;

use domain::Visibility;
use domain::activity::{Activity, Direction, Form, Outcome, Priority, Status};
use domain::field::Definitions;
use kernel::error::Faults;
use kernel::ids::{ActivityId, CompanyId, ContactId, DealId, TeamId, UserId};
use kernel::{Error, Result, Time};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::words::{ActivityStatusWord, ActivityTypeWord, DirectionWord, OutcomeWord, PriorityWord, VisibilityWord};
use crate::input::{double_option, present, put};

/// What an activity is made of, and what changes of one: a new one needs `type` and `subject`. What is absent stays as it is; null
/// removes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ActivityFields {
    #[serde(rename = "type", default, deserialize_with = "present")]
    #[schema(value_type = ActivityTypeWord, required = false, example = "call")]
    form: Option<Form>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200, example = "Asked about the invoice")]
    subject: Option<String>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 16384)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    contact_id: Option<Option<ContactId>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    company_id: Option<Option<CompanyId>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    deal_id: Option<Option<DealId>>,
    /// When not said of a new one: `scheduled` when it has a time to be at and none that it was done at, and `completed` otherwise.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = ActivityStatusWord, required = false)]
    status: Option<Status>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<DirectionWord>)]
    direction: Option<Option<Direction>>,
    /// How long it took, in seconds.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<u32>, maximum = 2_678_400)]
    duration: Option<Option<u32>>,
    #[serde(default, deserialize_with = "moment")]
    #[schema(value_type = Option<String>, format = DateTime)]
    scheduled_at: Option<Option<Time>>,
    /// Of what is completed; now when not said.
    #[serde(default, deserialize_with = "moment")]
    #[schema(value_type = Option<String>, format = DateTime)]
    completed_at: Option<Option<Time>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 200)]
    location: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<OutcomeWord>)]
    outcome: Option<Option<Outcome>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = PriorityWord, required = false)]
    priority: Option<Priority>,
    /// The user who did it, or is to do it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    assignee: Option<Option<UserId>>,
    /// All tags.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Option<Option<Vec<String>>>,
    /// Further fields: text, numbers, true and false; null removes one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Object>)]
    fields: Option<Option<BTreeMap<String, Value>>>,
    /// What is private needs an owner.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = VisibilityWord, required = false)]
    visibility: Option<Visibility>,
    /// The user whose it is; of a new one the caller when not said.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<UserId>>,
    /// What is for a team needs one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    team: Option<Option<TeamId>>,
}

/// Reads a moment that can be removed.
fn moment<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Option<Time>>, D::Error> {
    kernel::clock::rfc3339::option::deserialize(value).map(Some)
}

impl ActivityFields {
    /// A new activity and its description.
    pub(super) fn make(
        self,
        id: ActivityId,
        by: Option<UserId>,
        definitions: &Definitions,
        now: Time,
    ) -> Result<(Activity, Option<String>)> {
        let mut faults = Faults::default();
        let required = "a new activity needs it";
        if self.form.is_none() {
            faults.add("/type", "required", required);
        }
        if self.subject.is_none() {
            faults.add("/subject", "required", required);
        }
        faults.check()?;
        let mut activity = Activity::blank(id, self.form.unwrap_or(Form::Note), String::new(), now);
        activity.owner = by;
        let to_be = self.scheduled_at.flatten().is_some() && self.completed_at.flatten().is_none();
        if to_be && self.status.is_none() {
            activity.status = Status::Scheduled;
        }
        let description = self.apply(&mut activity, now)?.flatten();
        activity.check(description.as_deref(), definitions, None)?;
        Ok((activity, description))
    }

    /// Carries the change out; [`Activity::check`] judges the result. Answers with what becomes of the description, if anything does.
    pub(super) fn apply(self, activity: &mut Activity, now: Time) -> Result<Option<Option<String>>> {
        put(&mut activity.form, self.form);
        put(&mut activity.subject, self.subject.map(|subject| subject.trim().to_owned()));
        put(&mut activity.contact, self.contact_id);
        put(&mut activity.company, self.company_id);
        put(&mut activity.deal, self.deal_id);
        put(&mut activity.status, self.status);
        put(&mut activity.direction, self.direction);
        put(&mut activity.duration, self.duration);
        put(&mut activity.scheduled_at, self.scheduled_at);
        put(&mut activity.location, self.location.map(|place| place.map(|place| place.trim().to_owned())));
        put(&mut activity.outcome, self.outcome);
        put(&mut activity.priority, self.priority);
        put(&mut activity.assignee, self.assignee);
        put(&mut activity.tags, self.tags.map(crate::contacts::fields::tags));
        put(&mut activity.visibility, self.visibility);
        put(&mut activity.owner, self.owner);
        put(&mut activity.team, self.team);
        match self.fields {
            Some(Some(fields)) => crate::contacts::fields::merge_fields(&mut activity.fields, fields),
            Some(None) => activity.fields.clear(),
            None => {}
        }
        if self.completed_at.flatten().is_some() && activity.status != Status::Completed {
            return Err(Error::invalid("/completed_at", "status", "only what is completed was done at some time"));
        }
        put(&mut activity.completed_at, self.completed_at);
        activity.settle(now);
        activity.updated_at = now;
        Ok(self.description)
    }
}
