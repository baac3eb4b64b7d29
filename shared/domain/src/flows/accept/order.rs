//! What a caller asks for, and what of it can be judged without reading anything.

use kernel::error::Faults;
use kernel::ids::{AccountId, ContactId, DealId};
use kernel::{Email, Error, Locale, Phone, Result, Time};
use render::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::attachment::Enclosing;
use crate::attachment::enclosed::check_order;
use crate::message::Throttle;
use crate::{Category, Channel, Extras};

/// What a caller asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Whom it is for.
    pub to: To,
    /// The medium; the template's when not said.
    #[serde(default)]
    pub channel: Option<Channel>,
    /// Id or name of the template.
    #[serde(default)]
    pub template: Option<String>,
    /// Another version than the live one.
    #[serde(default)]
    pub version: Option<u32>,
    /// Content instead of a template.
    #[serde(default)]
    pub content: Option<Source>,
    /// Another locale than the contact's.
    #[serde(default)]
    pub locale: Option<Locale>,
    /// The deal that it is about.
    #[serde(default)]
    pub deal_id: Option<DealId>,
    /// Values for the template.
    #[serde(default)]
    pub variables: Map<String, Value>,
    /// Data of the caller's that comes back with the message and its events.
    #[serde(default)]
    pub metadata: Map<String, Value>,
    /// Further mail headers.
    #[serde(default)]
    pub headers: std::collections::BTreeMap<String, String>,
    /// Where answers go.
    #[serde(default)]
    pub reply_to: Option<Email>,
    /// Visible further recipients.
    #[serde(default)]
    pub cc: Vec<Email>,
    /// Hidden further recipients.
    #[serde(default)]
    pub bcc: Vec<Email>,
    /// Words to find it by.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Another category than the template's.
    #[serde(default)]
    pub category: Option<Category>,
    /// The campaign that it belongs to, which its recipient may have refused.
    #[serde(default)]
    pub campaign: Option<String>,
    /// A key that calls it off together with others.
    #[serde(default)]
    pub cancel_key: Option<String>,
    /// How many of its like the recipient may get.
    #[serde(default)]
    pub throttle: Option<Throttle>,
    /// Not before then.
    #[serde(default, with = "kernel::clock::rfc3339::option")]
    pub send_at: Option<Time>,
    /// The one account to use.
    #[serde(default)]
    pub account: Option<AccountId>,
    /// Render and decide, but call no provider.
    #[serde(default)]
    pub sandbox: bool,
    /// Whether opens and clicks are tracked.
    #[serde(default = "yes")]
    pub track: bool,
    /// What it says beside its text, on channels other than email.
    #[serde(default)]
    pub extras: Extras,
    /// Files that go along.
    #[serde(default)]
    pub attachments: Vec<Enclosing>,
}

const fn yes() -> bool {
    true
}

/// Whom a message is for: a contact, or a bare address.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct To {
    /// The contact.
    #[serde(default)]
    pub contact: Option<ContactId>,
    /// The address, when it is for no contact.
    #[serde(default)]
    pub email: Option<Email>,
    /// The telephone number, when it is for no contact.
    #[serde(default)]
    pub phone: Option<Phone>,
    /// The address in the channel's own form, when it is for no contact.
    #[serde(default)]
    pub address: Option<String>,
    /// The name shown beside the address.
    #[serde(default)]
    pub name: Option<String>,
}

/// Most further recipients, tags, headers and metadata entries.
const MOST: usize = 20;
/// SES and most others take at most fifty recipients in one call.
const RECIPIENTS: usize = 49;
/// How far ahead a message may be scheduled.
const AHEAD_DAYS: i64 = 366;
/// Most caller's data of one message, in bytes of JSON.
const DATA: usize = 256 * 1024;

impl Order {
    /// Checks what can be checked without reading anything.
    pub(super) fn check(&self, now: Time) -> Result<()> {
        let mut faults = Faults::default();
        let to = &self.to;
        let ways = [to.contact.is_some(), to.email.is_some(), to.phone.is_some(), to.address.is_some()];
        if ways.into_iter().filter(|given| *given).count() != 1 {
            faults.add("/to", "recipient", "one of contact, email, phone and address is needed");
        }
        if let Some(name) = &self.to.name {
            faults.take("/to/name", crate::name::title(name));
        }
        match (&self.template, &self.content) {
            (None, None) if self.extras.speak() || !self.attachments.is_empty() => {}
            (Some(_), Some(_)) | (None, None) => faults.add("/template", "content", "either a template or content is needed"),
            (None, Some(_)) if self.version.is_some() => {
                faults.add("/version", "content", "a version belongs to a template");
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        if self.cc.len() + self.bcc.len() > RECIPIENTS {
            faults.add("/cc", "too_many", format!("at most {RECIPIENTS} further recipients"));
        }
        for (pointer, count) in
            [("/tags", self.tags.len()), ("/metadata", self.metadata.len()), ("/headers", self.headers.len())]
        {
            if count > MOST {
                faults.add(pointer, "too_many", format!("at most {MOST}"));
            }
        }
        for (at, tag) in self.tags.iter().enumerate() {
            let pointer = format!("/tags/{at}");
            faults.take(&pointer, crate::name::title(tag));
            faults.longer(&pointer, tag, 50);
        }
        if let Some(campaign) = &self.campaign {
            faults.take("/campaign", crate::name::slug(campaign));
        }
        if let Some(key) = &self.cancel_key {
            faults.take("/cancel_key", key_text(key));
        }
        if let Some(throttle) = &self.throttle {
            throttle.check("/throttle", &mut faults);
        }
        for (name, value) in &self.headers {
            let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
            faults.take(&pointer, providers::mail::check_header(name, value));
        }
        for (pointer, data) in [("/variables", &self.variables), ("/metadata", &self.metadata)] {
            if size(data) > DATA {
                faults.add(pointer, "too_long", format!("at most {DATA} bytes"));
            }
        }
        if let Some(at) = self.send_at {
            if at < now.plus_seconds(-60) {
                faults.add("/send_at", "past", "the time lies in the past");
            } else if at > now.plus_seconds(AHEAD_DAYS * 86_400) {
                faults.add("/send_at", "too_far", format!("at most {AHEAD_DAYS} days ahead"));
            }
        }
        faults.check()
    }
}

impl Order {
    /// Checks what hangs on the channel.
    pub(super) fn check_for(&self, channel: Channel) -> Result<()> {
        let mut faults = Faults::default();
        self.extras.check(channel, &mut faults);
        check_order(channel, &self.attachments, &mut faults);
        if channel == Channel::Email && self.template.is_none() && self.content.is_none() {
            faults.add("/content", "required", "an email needs a subject and a text");
        }
        if channel != Channel::Email {
            let mail = [
                ("/cc", self.cc.is_empty()),
                ("/bcc", self.bcc.is_empty()),
                ("/headers", self.headers.is_empty()),
                ("/reply_to", self.reply_to.is_none()),
            ];
            for (pointer, _) in mail.into_iter().filter(|(_, none)| !none) {
                faults.add(pointer, "channel", format!("{} has no such thing; email does", channel.as_str()));
            }
        }
        faults.check()
    }
}

/// Checks a key of the caller's: 1 to 200 bytes without control characters.
pub fn key_text(text: &str) -> Result<()> {
    let sound = !text.is_empty() && text.len() <= 200 && !text.contains(char::is_control);
    if sound { Ok(()) } else { Err(Error::invalid("", "key", "1 to 200 bytes without control characters")) }
}

pub(super) fn size(data: &Map<String, Value>) -> usize {
    if data.is_empty() { 0 } else { serde_json::to_string(data).map_or(usize::MAX, |text| text.len()) }
}
