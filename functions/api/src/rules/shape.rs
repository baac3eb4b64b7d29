//! What rules are made of, for the description: conditions, delays and actions are read by the domain itself.

use std::collections::BTreeMap;

use kernel::ids::AccountId;
use serde_json::Value;
use utoipa::ToSchema;

use crate::reply::words::{ChannelWord, ConditionWord};

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

/// How long actions wait: so long, and then until a time of day, if there is one. At most 28 days.
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
