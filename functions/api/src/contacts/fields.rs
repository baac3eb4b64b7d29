//! What a contact is made of, as requests say it.

use std::collections::{BTreeMap, HashSet};

use domain::contact::{Consent, Handle, QuietHours, parse_consent_key};
use domain::{Channel, Contact};
use kernel::error::Faults;
use kernel::ids::{CompanyId, UserId};
use kernel::{Email, Locale, Phone, Result, Time, Zone};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::input::{double_option, present, put, step};
use crate::reply::words::ChannelWord;

/// Hours of the day without disturbance, by the wall clock. An end before the start lies on the next day.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = QuietHours)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct QuietHoursShape {
    #[schema(example = "21:00", pattern = "^[0-9]{2}:[0-9]{2}$")]
    start: String,
    #[schema(example = "08:00", pattern = "^[0-9]{2}:[0-9]{2}$")]
    end: String,
}

/// An address on a channel that has a form of its own: chat id, device token, subscription.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Handle)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct HandleShape {
    #[schema(value_type = ChannelWord, example = "telegram")]
    channel: Channel,
    #[schema(max_length = 2048, example = "700000001")]
    address: String,
}

/// What a contact is made of, and what changes of one. What is absent stays as it is; null removes.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactFields {
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 200)]
    first_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 200)]
    last_name: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 200)]
    company: Option<Option<String>>,
    /// A known company, whose name is taken over.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    company_id: Option<Option<CompanyId>>,
    /// The user who keeps it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<UserId>>,
    /// All addresses, the preferred one first. One that another contact has is refused.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, example = json!(["ada@example.com"]))]
    emails: Option<Option<Vec<Email>>>,
    /// All numbers, the preferred one first, in international form. One that another contact has is refused.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, example = json!(["+14155552671"]))]
    phones: Option<Option<Vec<Phone>>>,
    /// All addresses on channels that have a form of their own, the preferred one of a channel first. One that another contact has
    /// is refused.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<HandleShape>>, max_items = 20)]
    handles: Option<Option<Vec<Handle>>>,
    /// IANA time zone.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Option<Zone>>,
    /// Language tag.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "de-AT")]
    locale: Option<Option<Locale>>,
    /// Nothing may be sent, whatever the channel and category.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    do_not_contact: Option<bool>,
    /// Answers to record, by `channel:category`; null forgets one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<BTreeMap<String, Option<bool>>>, example = json!({"email:marketing": true}))]
    consents: Option<Option<BTreeMap<String, Option<bool>>>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<Option<QuietHours>>,
    /// All tags.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Option<Option<Vec<String>>>,
    /// Custom fields, as `/v1/fields` defines them; others hold text, numbers, true and false. Null removes one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Object>)]
    fields: Option<Option<BTreeMap<String, Value>>>,
}

pub(crate) fn trimmed(text: String) -> String {
    text.trim().to_owned()
}

/// Tags as they are kept: each once. A list with one that is none stays as it was said, so that the fault points to its place.
pub(crate) fn tags(said: Option<Vec<String>>) -> Vec<String> {
    let mut tags: Vec<String> = said.into_iter().flatten().map(trimmed).collect();
    if tags.iter().all(|tag| domain::name::title(tag).is_ok()) {
        let mut known = HashSet::new();
        tags.retain(|tag| known.insert(tag.clone()));
    }
    tags
}

impl ContactFields {
    /// Carries the change out; [`Contact::check`] judges the result.
    pub(crate) fn apply(self, contact: &mut Contact, now: Time) -> Result<()> {
        put(&mut contact.first_name, self.first_name.map(|name| name.map(trimmed)));
        put(&mut contact.last_name, self.last_name.map(|name| name.map(trimmed)));
        put(&mut contact.company, self.company.map(|name| name.map(trimmed)));
        put(&mut contact.company_id, self.company_id);
        put(&mut contact.owner, self.owner);
        put(&mut contact.emails, self.emails.map(Option::unwrap_or_default));
        put(&mut contact.phones, self.phones.map(Option::unwrap_or_default));
        put(&mut contact.handles, self.handles.map(Option::unwrap_or_default));
        put(&mut contact.zone, self.zone);
        put(&mut contact.locale, self.locale);
        put(&mut contact.do_not_contact, self.do_not_contact);
        put(&mut contact.quiet_hours, self.quiet_hours);
        put(&mut contact.tags, self.tags.map(tags));
        match self.fields {
            Some(Some(fields)) => merge_fields(&mut contact.fields, fields),
            Some(None) => contact.fields.clear(),
            None => {}
        }
        contact.updated_at = now;
        match self.consents {
            Some(Some(answers)) => record(contact, answers, now),
            Some(None) => {
                contact.consents.clear();
                Ok(())
            }
            None => Ok(()),
        }
    }
}

/// Sets the fields of a patch, and removes those that are null in it.
pub(crate) fn merge_fields(fields: &mut BTreeMap<String, Value>, patch: BTreeMap<String, Value>) {
    for (name, value) in patch {
        if value.is_null() {
            fields.remove(&name);
        } else {
            fields.insert(name, value);
        }
    }
}

/// Records answers. One that stands already keeps its time and source: the earlier record is the better proof.
pub(super) fn record(contact: &mut Contact, answers: BTreeMap<String, Option<bool>>, now: Time) -> Result<()> {
    let mut faults = Faults::default();
    for (key, granted) in answers {
        let Some((channel, category)) = faults.take(&format!("/consents{}", step(&key)), parse_consent_key(&key)) else {
            continue;
        };
        let standing = contact.consent(channel, &category).map(|consent| consent.granted);
        match granted {
            None => drop(contact.consents.remove(&key)),
            Some(granted) if standing == Some(granted) => drop(contact.preferences.pending.remove(&key)),
            Some(granted) => contact.record_consent(channel, &category, Consent { granted, at: now, source: "api".to_owned() }),
        }
    }
    faults.check()
}

#[cfg(test)]
mod tests {
    use kernel::ids::ContactId;
    use kernel::{Clock, Error, Ids};

    use super::*;

    fn sample() -> Contact {
        let clock = Clock::manual(Time::from_millis(1_772_000_000_000));
        Contact::blank(ContactId::new(&Ids::seeded(1), &clock), clock.now())
    }

    fn apply(contact: &mut Contact, body: &str) -> Result<()> {
        let body: ContactFields = crate::input::parse(body.as_bytes())?;
        body.apply(contact, contact.updated_at.plus_seconds(1))
    }

    #[test]
    fn what_is_absent_stays_and_null_removes() {
        let mut contact = sample();
        apply(
            &mut contact,
            r#"{"first_name": " Ada ", "tags": ["vip"], "fields": {"plan": "pro", "seats": 3}, "zone": "UTC"}"#,
        )
        .unwrap();
        apply(&mut contact, r#"{"fields": {"plan": null, "city": "Bonn"}, "zone": null}"#).unwrap();
        assert_eq!(contact.first_name.as_deref(), Some("Ada"));
        assert_eq!(contact.tags, ["vip"]);
        assert_eq!(contact.zone, None);
        assert_eq!(serde_json::to_value(&contact.fields).unwrap(), serde_json::json!({"seats": 3, "city": "Bonn"}));
        apply(&mut contact, r#"{"tags": null, "fields": null}"#).unwrap();
        assert!(contact.tags.is_empty() && contact.fields.is_empty());
    }

    #[test]
    fn an_answer_that_stands_keeps_its_record() {
        let mut contact = sample();
        apply(&mut contact, r#"{"consents": {"email:marketing": true}}"#).unwrap();
        let first = contact.consents.get("email:marketing").unwrap().clone();
        assert_eq!((first.granted, first.source.as_str()), (true, "api"));
        apply(&mut contact, r#"{"consents": {"email:marketing": true, "email:news": false}}"#).unwrap();
        assert_eq!(contact.consents.get("email:marketing"), Some(&first));
        apply(&mut contact, r#"{"consents": {"email:marketing": false, "email:news": null}}"#).unwrap();
        assert!(!contact.consents.get("email:marketing").unwrap().granted);
        assert_eq!(contact.consents.len(), 1);
    }

    #[test]
    fn faults_point_to_their_place() {
        let places = |body: &str| {
            let Err(Error::Invalid(faults)) = apply(&mut sample(), body) else { unreachable!("{body}") };
            faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>()
        };
        assert_eq!(places(r#"{"emails": ["ada@example.com", "nobody"]}"#), ["/emails/1"]);
        assert_eq!(places(r#"{"quiet_hours": {"start": "25:00", "end": "08:00"}}"#), ["/quiet_hours/start"]);
        assert_eq!(places(r#"{"do_not_contact": null}"#), ["/do_not_contact"]);
        assert_eq!(
            places(r#"{"consents": {"pigeon:a/b": true, "email:transactional": true}}"#),
            ["/consents/email:transactional", "/consents/pigeon:a~1b"]
        );
    }
}
