//! Contacts: the people a tenant talks to, how they are reached and what they allow.

use std::collections::{BTreeMap, BTreeSet};

use kernel::error::Faults;
use kernel::ids::{CompanyId, ContactId, UserId};
use kernel::{Email, Error, Locale, Phone, Result, Time, Zone};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::event::Cause;
use crate::field::Object;
use crate::find::{self, Findable};
use crate::suppression::Reason;
use crate::unique::By;
use crate::{Category, Channel, Preferences, address};

mod quiet_hours;

pub use quiet_hours::QuietHours;

/// A person or mailbox.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The contact's id.
    pub id: ContactId,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// Company name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The company, when it is a known one: its name was taken over when the two were linked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// The user who keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Email addresses, the preferred one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<Email>,
    /// Phone numbers, the preferred one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "kernel::phone::stored")]
    pub phones: Vec<Phone>,
    /// Addresses on channels that have a form of their own, the preferred one of a channel first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub handles: Vec<Handle>,
    /// Why addresses must not be written to, by `channel:address`: kept in step with the addresses' own rows, so that the gate needs
    /// one read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub suppressed: BTreeMap<String, Reason>,
    /// Time zone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Nothing may be sent, whatever the channel and category.
    #[serde(default)]
    pub do_not_contact: bool,
    /// Answers to the question whether a category may be sent by a channel, by `channel:category`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consents: BTreeMap<String, Consent>,
    /// When not to be disturbed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// What else is preferred.
    #[serde(default, skip_serializing_if = "Preferences::is_empty")]
    pub preferences: Preferences,
    /// Words to find and group by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Custom fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "crate::as_json")]
    pub fields: BTreeMap<String, Value>,
    /// The version that was written for nobody to act on: no event tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<u64>,
    /// What brought it about, when it was no request: `inbound`, `import`, `signup_form`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What led to its latest change by a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// An address on a channel that has a form of its own: chat id, device token, subscription.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Handle {
    /// The channel.
    pub channel: Channel,
    /// The address.
    pub address: String,
}

/// One of a contact's addresses, for finding its row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spot {
    /// A channel that reaches it.
    pub channel: Channel,
    /// Its key form.
    pub key: String,
    /// Where it stands in the contact, as a JSON pointer.
    pub pointer: String,
}

/// A recorded answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Yes or no.
    pub granted: bool,
    /// When.
    pub at: Time,
    /// Where it came from: `api`, `preference_page`, `one_click`, `double_opt_in`, `inbound`, `import`, `rule`.
    pub source: String,
}

/// Most addresses of one kind and tags.
const MOST: usize = 20;
/// Most recorded consents.
const CONSENTS: usize = 100;

impl Contact {
    /// A contact that nothing is known of.
    pub fn blank(id: ContactId, now: Time) -> Self {
        Self {
            id,
            first_name: None,
            last_name: None,
            company: None,
            company_id: None,
            owner: None,
            emails: Vec::new(),
            phones: Vec::new(),
            handles: Vec::new(),
            suppressed: BTreeMap::new(),
            zone: None,
            locale: None,
            do_not_contact: false,
            consents: BTreeMap::new(),
            quiet_hours: None,
            preferences: Preferences::default(),
            tags: Vec::new(),
            fields: BTreeMap::new(),
            silent: None,
            source: None,
            cause: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Checks what the types do not. Fields are judged by their definitions.
    pub fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        for (pointer, text) in [("/first_name", &self.first_name), ("/last_name", &self.last_name), ("/company", &self.company)]
        {
            if let Some(text) = text {
                faults.take(pointer, crate::name::title(text));
            }
        }
        for (pointer, count, most) in [
            ("/emails", self.emails.len(), MOST),
            ("/phones", self.phones.len(), MOST),
            ("/handles", self.handles.len(), MOST),
            ("/tags", self.tags.len(), MOST),
            ("/consents", self.consents.len(), CONSENTS),
        ] {
            if count > most {
                faults.add(pointer, "too_many", format!("at most {most}"));
            }
        }
        faults.take("", self.preferences.check());
        for (at, handle) in self.handles.iter().enumerate() {
            if handle.channel == Channel::Email || handle.channel.by_phone() {
                faults.add(format!("/handles/{at}/channel"), "channel", "emails and phones have lists of their own");
            } else {
                faults.take(&format!("/handles/{at}/address"), address::parse(handle.channel, &handle.address));
            }
        }
        let spots = self.spots();
        for (at, spot) in spots.iter().enumerate() {
            if spots.iter().take(at).any(|earlier| earlier.same(spot)) {
                faults.add(spot.pointer.clone(), "duplicate", "the address is there already");
            }
        }
        for (at, tag) in self.tags.iter().enumerate() {
            faults.take(&format!("/tags/{at}"), crate::name::title(tag));
        }
        faults.check()
    }

    /// The name to greet by.
    pub fn full_name(&self) -> Option<String> {
        let name = [self.first_name.as_deref(), self.last_name.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
        Some(name).filter(|name| !name.is_empty())
    }

    /// All addresses.
    pub fn spots(&self) -> Vec<Spot> {
        let spot = |channel, key, pointer| Spot { channel, key, pointer };
        let emails =
            self.emails.iter().enumerate().map(|(at, email)| spot(Channel::Email, email.key(), format!("/emails/{at}")));
        let phones = self.phones.iter().enumerate();
        let phones = phones.map(|(at, phone)| spot(Channel::Sms, phone.to_string(), format!("/phones/{at}")));
        let handles = self.handles.iter().enumerate();
        let handles = handles.map(|(at, handle)| spot(handle.channel, handle.address.clone(), format!("/handles/{at}")));
        emails.chain(phones).chain(handles).collect()
    }

    /// The channels that it has an address on.
    pub fn channels(&self) -> BTreeSet<Channel> {
        Channel::ALL.into_iter().filter(|channel| !self.addresses(*channel).is_empty()).collect()
    }

    /// Its addresses of a channel, the preferred one first.
    fn addresses(&self, channel: Channel) -> Vec<String> {
        if channel == Channel::Email {
            self.emails.iter().map(Email::to_string).collect()
        } else if channel.by_phone() {
            self.phones.iter().map(Phone::to_string).collect()
        } else {
            self.handles.iter().filter(|one| one.channel == channel).map(|one| one.address.clone()).collect()
        }
    }

    /// The preferred address of a channel that is not suppressed, or the preferred one.
    pub fn address(&self, channel: Channel) -> Option<String> {
        let mut all = self.addresses(channel);
        let free = all.iter().position(|address| self.suppression_of(channel, address).is_none());
        (!all.is_empty()).then(|| all.swap_remove(free.unwrap_or(0)))
    }

    /// Whether the address is one of its own.
    pub fn has(&self, channel: Channel, address: &str) -> bool {
        let wanted = address::key(channel, address);
        let same =
            |own: &String| address::key(channel, own).is_ok_and(|own| wanted.as_ref().is_ok_and(|wanted| *wanted == own));
        self.addresses(channel).iter().any(same)
    }

    /// Why that address must not be written to.
    pub fn suppression_of(&self, channel: Channel, address: &str) -> Option<Reason> {
        // Most contacts have none, and reading an address takes its time.
        if self.suppressed.is_empty() {
            return None;
        }
        let key = address::key(channel, address).ok()?;
        self.suppressed.get(&suppression_key(channel, &key)).copied()
    }

    /// Notes why an address must not be written to, or that it may.
    pub fn suppress(&mut self, channel: Channel, key: &str, reason: Option<Reason>) {
        let key = suppression_key(channel, key);
        match reason {
            Some(reason) => drop(self.suppressed.insert(key, reason)),
            None => drop(self.suppressed.remove(&key)),
        }
    }

    /// What it has of that which contacts are recognised by.
    pub fn known_by(&self, by: &By) -> Option<Value> {
        match by {
            By::Email => self.emails.first().map(|email| email.as_str().into()),
            By::Phone => self.phones.first().map(|phone| phone.as_str().into()),
            By::Domain => None,
            By::Field(key) => self.fields.get(key).cloned(),
        }
    }

    /// The recorded answer for a category and channel.
    pub fn consent(&self, channel: Channel, category: &Category) -> Option<&Consent> {
        self.consents.get(&consent_key(channel, category))
    }

    /// Records an answer, which ends waiting for one.
    pub fn record_consent(&mut self, channel: Channel, category: &Category, consent: Consent) {
        let key = consent_key(channel, category);
        self.preferences.pending.remove(&key);
        self.consents.insert(key, consent);
    }

    /// Takes back what it refused, so that what it asks for on a channel reaches it.
    pub fn wants_again(&mut self, channel: Channel, category: &Category) {
        self.preferences.refused.channels.remove(&channel);
        self.preferences.refused.categories.remove(category);
    }

    /// The contact as templates see it.
    pub fn variables(&self) -> Value {
        let mut fields: serde_json::Map<String, Value> = self.fields.clone().into_iter().collect();
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), Value::String(value));
            }
        };
        put("id", Some(self.id.to_string()));
        put("first_name", self.first_name.clone());
        put("last_name", self.last_name.clone());
        put("name", self.full_name());
        put("email", self.emails.first().map(Email::to_string));
        put("phone", self.phones.first().map(Phone::to_string));
        put("zone", self.zone.as_ref().map(Zone::to_string));
        put("locale", self.locale.as_ref().map(Locale::to_string));
        if let Some(company) = &self.company {
            fields.insert("company".to_owned(), serde_json::json!({ "name": company }));
        }
        Value::Object(fields)
    }
}

impl Spot {
    /// Whether both are one address.
    pub fn same(&self, other: &Self) -> bool {
        address::space(self.channel) == address::space(other.channel) && self.key == other.key
    }
}

/// The key of a suppression: `sms:+14155550123`.
fn suppression_key(channel: Channel, key: &str) -> String {
    format!("{}:{key}", channel.as_str())
}

/// The key of a consent: `email:marketing`.
pub fn consent_key(channel: Channel, category: &Category) -> String {
    format!("{}:{category}", channel.as_str())
}

/// Reads a consent's key.
pub fn parse_consent_key(key: &str) -> Result<(Channel, Category)> {
    let refuse = || Error::invalid("", "consent", "a channel and a category such as email:marketing");
    let (channel, category) = key.split_once(':').ok_or_else(refuse)?;
    let channel = Channel::parse(channel).ok_or_else(refuse)?;
    let category = Category::parse(category).map_err(|_| refuse())?;
    if category.can_be_left() { Ok((channel, category)) } else { Err(refuse()) }
}

impl Entity for Contact {
    const ROW: Row = schema::CONTACT;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

impl Findable for Contact {
    const OBJECT: Object = Object::Contact;

    fn hex(&self) -> String {
        self.id.hex()
    }

    fn label(&self) -> String {
        self.id.to_string()
    }

    fn terms(&self) -> BTreeSet<String> {
        let names = [&self.first_name, &self.last_name, &self.company].into_iter().flatten();
        let names = names.flat_map(|name| find::words(name));
        let phones = self.phones.iter().map(|phone| find::digits(phone.as_str()));
        let emails = self.emails.iter().map(|email| find::address(&email.key()));
        // Who types the beginning of an address without its @ is understood too.
        let locals = self.emails.iter().filter_map(|email| Some(find::words(email.as_str().split_once('@')?.0))).flatten();
        find::bounded(names.chain(phones).chain(emails).chain(locals))
    }

    fn fields(&self) -> &BTreeMap<String, Value> {
        &self.fields
    }
}
