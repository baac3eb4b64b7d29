//! What rules are made of, for the description: conditions, delays and actions are read by the domain itself.

use std::collections::BTreeMap;

use kernel::ids::{AccountId, TeamId, UserId};
use serde_json::Value;
use utoipa::ToSchema;

use crate::activities::words::{ActivityStatusWord, ActivityTypeWord, OutcomeWord};
use crate::reply::words::{ChannelWord, ConditionWord, TaskKindWord, TaskPriorityWord};

/// What must hold: one of `all`, `any` and `not`, or a test of a field. At most 8 levels and 50 tests.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleCondition)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct ConditionShape {
    /// Conditions that must all hold.
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    all: Option<Vec<Value>>,
    /// Conditions of which one must hold.
    #[schema(value_type = Option<Vec<Object>>, nullable = false)]
    any: Option<Vec<Value>>,
    /// A condition that must not hold.
    #[schema(value_type = Option<Object>, nullable = false)]
    not: Option<Value>,
    /// The field: `contact.locale`, `contact.fields.plan`, `event.data.amount`, `message.template`, `user.role` and their like.
    #[schema(nullable = false, example = "contact.locale")]
    field: Option<String>,
    #[schema(value_type = Option<ConditionWord>, nullable = false)]
    op: Option<String>,
    /// What the field is compared with: a list for `in`, nothing for `exists` and `changed`.
    #[schema(value_type = Option<Value>)]
    value: Option<Value>,
}

/// So long, and then until a time of day, if there is one.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleDelay)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct DelayShape {
    #[schema(required = false)]
    days: u32,
    #[schema(required = false)]
    hours: u32,
    #[schema(required = false)]
    minutes: u32,
    #[schema(required = false)]
    seconds: u32,
    /// The time of day, by the contact's clock, else the tenant's.
    #[schema(nullable = false, example = "09:00", pattern = "^[0-9]{2}:[0-9]{2}$")]
    until: Option<String>,
}

/// What is done: exactly one of these.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RuleAction)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct ActionShape {
    #[schema(nullable = false)]
    send_message: Option<SendMessageShape>,
    #[schema(nullable = false)]
    update_contact: Option<UpdateContactShape>,
    #[schema(nullable = false)]
    call_webhook: Option<CallWebhookShape>,
    #[schema(nullable = false)]
    raise_event: Option<RaiseEventShape>,
    #[schema(nullable = false)]
    create_task: Option<CreateTaskShape>,
    #[schema(nullable = false)]
    log_activity: Option<LogActivityShape>,
}

/// A message of a template to whom the event is about. It sees the contact as `contact`, the event as `event`, and each entry of the
/// event's data as a variable.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SendMessageAction)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct SendMessageShape {
    /// Id or name of the template.
    template: String,
    /// The medium; the template's when not said.
    #[schema(value_type = Option<ChannelWord>, nullable = false)]
    channel: Option<String>,
    /// The one account to use.
    #[schema(value_type = Option<String>, nullable = false)]
    account: Option<AccountId>,
    /// Another category than the template's.
    #[schema(nullable = false)]
    category: Option<String>,
    /// Another locale than the contact's.
    #[schema(nullable = false)]
    locale: Option<String>,
    /// Values for the template, before the event's data.
    #[schema(value_type = Object, required = false)]
    variables: Value,
}

/// What changes of the contact that the event is about.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UpdateContactAction)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct UpdateContactShape {
    /// Fields to set; null removes one.
    #[schema(value_type = Object, required = false)]
    fields: BTreeMap<String, Value>,
    #[schema(required = false, max_items = 20)]
    add_tags: Vec<String>,
    #[schema(required = false, max_items = 20)]
    remove_tags: Vec<String>,
    #[schema(nullable = false)]
    locale: Option<String>,
    /// The user who keeps it from now on.
    #[schema(value_type = Option<String>, nullable = false)]
    owner: Option<UserId>,
    #[schema(nullable = false)]
    do_not_contact: Option<bool>,
}

/// A signed POST of the event, by an account of the webhook channel.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CallWebhookAction)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct CallWebhookShape {
    #[schema(max_length = 2048, example = "https://shop.example/hooks")]
    url: String,
    /// The one account to use.
    #[schema(value_type = Option<String>, nullable = false)]
    account: Option<AccountId>,
}

/// Another event about the same.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RaiseEventAction)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct RaiseEventShape {
    #[schema(example = "customer.reminded")]
    name: String,
    /// Its data; the event's own when there is none.
    #[schema(value_type = Object, required = false)]
    data: Value,
}

/// A task about whom and what the event is about. Its texts are templates in plain text that see the contact as `contact`, its company as
/// `company`, the deal as `deal`, the event as `event`, and each entry of the event's data as a variable.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreateTaskAction)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct CreateTaskShape {
    /// Cut to 200 bytes once it is known.
    #[schema(example = "Call {{ contact.name }} about invoice {{ number }}")]
    title: String,
    /// Cut to 4096 bytes once it is known.
    #[schema(nullable = false)]
    description: Option<String>,
    /// `task` when not said.
    #[schema(value_type = Option<TaskKindWord>, nullable = false)]
    kind: Option<String>,
    /// `normal` when not said.
    #[schema(value_type = Option<TaskPriorityWord>, nullable = false)]
    priority: Option<String>,
    /// When it is due, counted from the moment of the event: at most 366 days. At no time when not said.
    #[schema(required = false)]
    due: DelayShape,
    /// A user's id, or `owner`: who keeps the deal or else the contact that the event is about. Who is gone by then is left out, and the run
    /// says so.
    #[schema(nullable = false, example = "owner")]
    assignee: Option<String>,
    /// The team that is to do it.
    #[schema(value_type = Option<String>, nullable = false)]
    team: Option<TeamId>,
}

/// An activity with whom and what the event is about. Its texts are templates like those of a task.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LogActivityAction)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct LogActivityShape {
    #[schema(value_type = ActivityTypeWord)]
    r#type: String,
    /// Cut to 200 bytes once it is known.
    #[schema(example = "Paid invoice {{ number }}")]
    subject: String,
    /// Cut to 16384 bytes once it is known.
    #[schema(nullable = false)]
    description: Option<String>,
    /// `completed` when not said.
    #[schema(value_type = Option<ActivityStatusWord>, nullable = false)]
    status: Option<String>,
    #[schema(value_type = Option<OutcomeWord>, nullable = false)]
    outcome: Option<String>,
    /// When what is scheduled is to be, counted from the moment of the event: at most 366 days.
    #[schema(required = false)]
    due: DelayShape,
}
