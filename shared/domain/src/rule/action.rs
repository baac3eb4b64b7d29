//! What a rule does: one kind after the other in a list, each with its words.

use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::ids::{AccountId, UserId};
use kernel::{Email, Locale};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use super::work::{CreateTask, LogActivity};
use crate::event::{Occurrence, known};
use crate::flows::accept::{Order, To};
use crate::{Category, Channel, Extras, name};

/// Most tags and fields of one action.
const MOST: usize = 20;
/// Longest address of a webhook.
const ADDRESS: usize = 2_048;

/// What is done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Send a message to whom the event is about.
    SendMessage(SendMessage),
    /// Change the contact that it is about.
    UpdateContact(UpdateContact),
    /// Post the event to an address, signed.
    CallWebhook(CallWebhook),
    /// Tell of another event.
    RaiseEvent(RaiseEvent),
    /// Give somebody something to do.
    CreateTask(CreateTask),
    /// Write down what was done, or is to be.
    LogActivity(LogActivity),
}

/// A message of a template. It sees the contact as `contact`, the event as `event`, and the event's data as variables of their own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// Id or name of the template.
    pub template: String,
    /// The medium; the template's when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The one account to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// Another category than the template's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// Another locale than the contact's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Values for the template, before the event's data.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
}

/// What changes of the contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UpdateContact {
    /// Fields to set; null removes one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, Value>,
    /// Tags that it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub add_tags: Vec<String>,
    /// Tags that it loses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove_tags: Vec<String>,
    /// Another language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// The user who keeps it from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Whether nothing may be sent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub do_not_contact: Option<bool>,
}

/// Where the event is posted, by an account of the webhook channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallWebhook {
    /// The address.
    pub url: String,
    /// The one account to use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
}

/// Another event about the same.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RaiseEvent {
    /// Its name.
    pub name: String,
    /// Its data; the event's own when there is none.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
}

impl RaiseEvent {
    /// The data that it is raised with.
    pub fn data(&self, occurrence: &Occurrence) -> Map<String, Value> {
        if self.data.is_empty() { occurrence.data.clone() } else { self.data.clone() }
    }
}

impl Action {
    /// The word in the API.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::SendMessage(_) => "send_message",
            Self::UpdateContact(_) => "update_contact",
            Self::CallWebhook(_) => "call_webhook",
            Self::RaiseEvent(_) => "raise_event",
            Self::CreateTask(_) => "create_task",
            Self::LogActivity(_) => "log_activity",
        }
    }

    /// Notes what is wrong with its words.
    pub fn check(&self, at: &str, faults: &mut Faults) {
        let at = format!("{at}/{}", self.as_str());
        match self {
            // What it says is bounded with all actions together.
            Self::SendMessage(_) => {}
            Self::UpdateContact(change) => change.check(&at, faults),
            Self::CallWebhook(post) => {
                if !is_address(&post.url) {
                    faults.add(format!("{at}/url"), "url", "a https address without user name and password is needed");
                }
            }
            Self::RaiseEvent(event) => drop(faults.take(&format!("{at}/name"), known::callers(&event.name))),
            Self::CreateTask(task) => task.check(&at, faults),
            Self::LogActivity(activity) => activity.check(&at, faults),
        }
    }
}

/// Whether a webhook may be posted there, as far as its text tells.
fn is_address(text: &str) -> bool {
    let bare = |url: &Url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none();
    text.len() <= ADDRESS
        && Url::parse(text).is_ok_and(|url| bare(&url))
        && crate::address::parse(Channel::Webhook, text).is_ok()
}

impl UpdateContact {
    fn check(&self, at: &str, faults: &mut Faults) {
        if *self == Self::default() {
            faults.add(at, "required", "nothing changes");
        }
        for (pointer, count) in
            [("fields", self.fields.len()), ("add_tags", self.add_tags.len()), ("remove_tags", self.remove_tags.len())]
        {
            if count > MOST {
                faults.add(format!("{at}/{pointer}"), "too_many", format!("at most {MOST}"));
            }
        }
        for (pointer, tags) in [("add_tags", &self.add_tags), ("remove_tags", &self.remove_tags)] {
            for (number, tag) in tags.iter().enumerate() {
                faults.take(&format!("{at}/{pointer}/{number}"), name::title(tag));
            }
        }
        for (field, value) in &self.fields {
            let pointer = format!("{at}/fields/{}", field.replace('~', "~0").replace('/', "~1"));
            faults.take(&pointer, name::slug(field));
            if value.is_array() || value.is_object() || value.to_string().len() > 1000 {
                faults.add(pointer, "field", "text, a number or true/false of at most 1000 bytes");
            }
        }
    }
}

/// The event as templates and webhooks see it.
pub fn told(occurrence: &Occurrence) -> Value {
    serde_json::json!({
        "name": occurrence.name, "occurred_at": occurrence.occurred_at.to_string(), "contact": occurrence.about.contact,
        "company": occurrence.about.company, "deal": occurrence.about.deal, "user": occurrence.about.user, "message": occurrence.about.message, "data": occurrence.data,
    })
}

impl SendMessage {
    /// The order that it stands for.
    pub fn order(&self, occurrence: &Occurrence) -> Order {
        let mut variables = occurrence.data.clone();
        variables.extend(self.variables.clone());
        variables.insert("event".to_owned(), told(occurrence));
        let (contact, address) = (occurrence.about.contact, occurrence.about.address.clone());
        let email = address.as_deref().filter(|_| self.channel.is_none_or(|channel| channel == Channel::Email));
        let email = email.and_then(|address| Email::parse(address).ok()).filter(|_| contact.is_none());
        let address = address.filter(|_| contact.is_none() && email.is_none());
        Order {
            to: To { contact, email, address, ..To::default() },
            channel: self.channel,
            template: Some(self.template.clone()),
            locale: self.locale.clone(),
            variables,
            category: self.category.clone(),
            account: self.account,
            track: true,
            ..Order::default()
        }
    }
}

impl CallWebhook {
    /// The order that it stands for.
    pub fn order(&self, occurrence: &Occurrence) -> Order {
        let content = render::Source { text: Some("{{ name }}".to_owned()), ..render::Source::default() };
        let name = Map::from_iter([("name".to_owned(), Value::from(occurrence.name.clone()))]);
        let data = Map::from_iter([("event".to_owned(), told(occurrence))]);
        Order {
            to: To { address: Some(self.url.clone()), ..To::default() },
            channel: Some(Channel::Webhook),
            content: Some(content),
            variables: name,
            account: self.account,
            track: true,
            extras: Extras { data, ..Extras::default() },
            ..Order::default()
        }
    }
}
