//! Events: that something happened, by name. Callers report theirs, which are kept for a while; what changes in the house itself is
//! told by the table's stream and not written once more ([`raised`]). Rules wait for both.

use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::ids::{CompanyId, ContactId, ConversationId, DealId, EventId, MessageId, RuleId, RunId, UserId};
use kernel::{Error, Keys, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::schema::{self, Entity, Locator, Row};

pub mod known;
pub mod raised;

/// Days after which an event is forgotten.
pub const KEPT_DAYS: i64 = 30;
/// Most data of one event, in bytes of JSON.
const DATA: usize = 16 * 1024;
/// How long ago an event may have happened that is reported now, in days.
const BACK_DAYS: i64 = 30;
/// Longest word of a caller's for an event.
const KEY: usize = 128;
/// Most rules that may follow from one another.
pub const DEPTH: usize = 5;

/// What a caller reported, or a rule raised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its id, which also says when it was taken in.
    pub id: EventId,
    /// What happened.
    pub name: String,
    /// When.
    pub occurred_at: Time,
    /// Whom and what it is about.
    #[serde(default)]
    pub about: About,
    /// The rest.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "crate::as_json")]
    pub data: Map<String, Value>,
    /// The caller's own word for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What led to it, when a rule raised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// Whom and what an event is about.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// An address, when it is about nobody who is a contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<CompanyId>,
    /// The deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
}

/// Which rules led to something, the latest last. What has none was done by a person, a machine or a provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// What it all began with.
    pub root: String,
    /// The rules, in the order they followed from one another.
    pub rules: Vec<RuleId>,
    /// The run that did it, and its action by number.
    pub run: RunId,
    /// The action's number within the run.
    pub action: usize,
}

/// An event as rules see it, whoever told of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Occurrence {
    /// What happened.
    pub name: String,
    /// What tells it apart from all others: the same again when it is told again.
    pub of: String,
    /// When we learnt of it.
    pub at: Time,
    /// When it happened.
    pub occurred_at: Time,
    /// The row that keeps it, when a caller reported it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// Whom and what it is about.
    #[serde(default)]
    pub about: About,
    /// The rest.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "crate::as_json")]
    pub data: Map<String, Value>,
    /// What changed, by the name that conditions give it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "crate::as_json")]
    pub changes: BTreeMap<String, Shift>,
    /// Which rules led to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
}

/// What a field was and is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shift {
    /// Before; null when there was nothing.
    #[serde(default)]
    pub old: Value,
    /// After; null when there is nothing.
    #[serde(default)]
    pub new: Value,
}

impl Event {
    /// Checks what can be checked without reading anything.
    pub fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        faults.take("/name", known::callers(&self.name));
        let now = self.id.made_at();
        if self.occurred_at > now.plus_seconds(60) {
            faults.add("/occurred_at", "future", "the time lies in the future");
        } else if self.occurred_at < now.plus_seconds(-BACK_DAYS * 86_400) {
            faults.add("/occurred_at", "too_old", format!("at most {BACK_DAYS} days ago"));
        }
        if self.about.contact.is_some() && self.about.address.is_some() {
            faults.add("/address", "recipient", "either a contact or an address");
        }
        if let Some(address) = &self.about.address
            && (address.trim().is_empty() || address.len() > 320 || address.chars().any(char::is_control))
        {
            faults.add("/address", "address", "1 to 320 bytes without control characters");
        }
        if serde_json::to_string(&self.data).map_or(usize::MAX, |text| text.len()) > DATA {
            faults.add("/data", "too_long", format!("at most {DATA} bytes"));
        }
        if let Some(key) = &self.key
            && (key.trim().is_empty() || key.len() > KEY || key.chars().any(char::is_control))
        {
            faults.add("/key", "key", format!("1 to {KEY} bytes without control characters"));
        }
        faults.check()
    }

    /// As rules see it.
    pub fn occurrence(self) -> Occurrence {
        Occurrence {
            of: self.id.to_string(),
            name: self.name,
            at: self.id.made_at(),
            occurred_at: self.occurred_at,
            event: Some(self.id),
            about: self.about,
            data: self.data,
            changes: BTreeMap::new(),
            cause: self.cause,
        }
    }
}

/// Longest news, in bytes: ten of them fit one request to the queue, whatever they hold.
const NEWS: usize = 12_000;

impl Occurrence {
    /// As a job brings it along. Of changes that are too long only the names are told.
    pub fn news(mut self) -> String {
        let text = |this: &Self| serde_json::to_string(this).unwrap_or_default();
        let whole = text(&self);
        if whole.len() <= NEWS {
            return whole;
        }
        for shift in self.changes.values_mut() {
            *shift = Shift { old: Value::Null, new: Value::Null };
        }
        text(&self)
    }

    /// The inverse of [`Occurrence::news`].
    pub fn of_news(text: &str) -> Result<Self> {
        serde_json::from_str(text).map_err(|error| Error::internal(format!("news that cannot be read: {error}")))
    }

    /// What it all began with: itself, when no rule led to it.
    pub fn root(&self) -> &str {
        self.cause.as_ref().map_or(self.of.as_str(), |cause| cause.root.as_str())
    }

    /// The rules that led to it.
    pub fn rules(&self) -> &[RuleId] {
        self.cause.as_ref().map_or(&[], |cause| cause.rules.as_slice())
    }
}

impl Entity for Event {
    const ROW: Row = schema::EVENT;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn expires(&self) -> Option<Time> {
        Some(self.id.made_at().plus_seconds(KEPT_DAYS * 86_400))
    }
}

/// Days that a caller's word for an event is remembered for.
const KEY_DAYS: i64 = 7;

/// That an event was reported under a word of its caller's before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Digest of the caller's word.
    pub key: String,
    /// Digest of what was reported.
    pub request: String,
    /// The event.
    pub event: EventId,
}

impl Report {
    /// The row for an event with a word of its caller's.
    pub fn of(keys: &Keys, event: &Event, key: &str) -> Result<Self> {
        // What makes it the same event. Its time does not: it is ours, where the caller says none.
        let said = serde_json::to_vec(&(&event.name, &event.about, &event.data));
        let said = said.map_err(|error| Error::internal(error.to_string()))?;
        let digest = |kind: &str, text: &[u8]| {
            let mac = keys.digest.sign(&[kind.as_bytes(), b"\0", text].concat());
            kernel::crypto::encode(mac.get(..18).unwrap_or(&mac))
        };
        Ok(Self { key: digest("event", key.as_bytes()), request: digest("reported", &said), event: event.id })
    }

    /// Where it is.
    pub fn at(key: &str) -> Locator {
        Locator::Natural(key.to_owned())
    }

    /// Whether the word is forgotten by now. Time to live deletes late, so the stored time decides.
    pub fn expires_by(&self, now: Time) -> bool {
        self.event.made_at().plus_seconds(KEY_DAYS * 86_400) <= now
    }
}

impl Entity for Report {
    const ROW: Row = schema::REPORT;

    fn locator(&self) -> Locator {
        Self::at(&self.key)
    }

    fn expires(&self) -> Option<Time> {
        Some(self.event.made_at().plus_seconds(KEY_DAYS * 86_400))
    }
}
