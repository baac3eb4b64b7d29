//! What a person chose on the page of preferences.

use std::collections::BTreeSet;

use domain::contact::{Consent, QuietHours, parse_consent_key};
use domain::{Channel, Contact};
use kernel::error::Faults;
use kernel::{Error, Locale, Result, Time, Zone};

use crate::boxes::Boxes;

/// See the file's head.
pub(super) enum Wishes {
    /// Nothing that can be left.
    Nothing,
    /// What is ticked and filled in.
    Chosen(Box<Chosen>),
}

/// What the form says. What it does not bring along stays as it is.
pub(super) struct Chosen {
    channels: Boxes,
    consents: Boxes,
    campaigns: Boxes,
    locale: Option<Option<Locale>>,
    zone: Option<Option<Zone>>,
    quiet_hours: Option<Option<QuietHours>>,
}

impl Wishes {
    /// Reads the form.
    pub(super) fn read(fields: &[(String, String)]) -> Result<Self> {
        let given = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str());
        match given("choice") {
            Some("none") => return Ok(Self::Nothing),
            Some("save") => {}
            Some(_) | None => return Err(Error::invalid("/choice", "choice", "nothing was decided")),
        }
        let mut faults = Faults::default();
        let locale = given("locale").map(|text| some(text).and_then(|text| faults.take("/locale", Locale::parse(text))));
        let zone = given("zone").map(|text| some(text).and_then(|text| faults.take("/zone", Zone::parse(text))));
        let quiet_hours = match (given("quiet_start"), given("quiet_end")) {
            (None, None) => None,
            (start, end) => Some(match (start.and_then(some), end.and_then(some)) {
                (Some(start), Some(end)) => faults.take("/quiet_hours", quiet(start, end)),
                (None, None) => None,
                (Some(_), None) | (None, Some(_)) => {
                    faults.add("/quiet_hours", "quiet_hours", "quiet hours have a start and an end");
                    None
                }
            }),
        };
        faults.check()?;
        let boxes = |name: &str| Boxes::read(fields, name);
        let (channels, consents, campaigns) = (boxes("channel"), boxes("consent"), boxes("campaign"));
        Ok(Self::Chosen(Box::new(Chosen { channels, consents, campaigns, locale, zone, quiet_hours })))
    }

    /// Whether they ask for a consent.
    pub(super) fn ask_for(&self, consent: &str) -> bool {
        matches!(self, Self::Chosen(chosen) if chosen.consents.answer(consent) == Some(true))
    }

    /// Carries them out. Only what the page offers can be chosen: what somebody smuggles in is not looked at.
    pub(super) fn apply(&self, contact: &mut Contact, now: Time, source: &str) {
        match self {
            Self::Nothing => {
                answer(contact, now, source, |_| Some(false));
                let reached = contact.channels();
                contact.preferences.refused.channels.extend(reached);
            }
            Self::Chosen(chosen) => chosen.apply(contact, now, source),
        }
    }
}

impl Chosen {
    fn apply(&self, contact: &mut Contact, now: Time, source: &str) {
        answer(contact, now, source, |key| self.consents.answer(key));
        for channel in offered(contact) {
            match self.channels.answer(channel.as_str()) {
                Some(true) => drop(contact.preferences.refused.channels.remove(&channel)),
                Some(false) => drop(contact.preferences.refused.channels.insert(channel)),
                None => {}
            }
        }
        contact.preferences.refused.campaigns.retain(|campaign| self.campaigns.answer(campaign) != Some(true));
        if let Some(locale) = &self.locale {
            contact.locale.clone_from(locale);
        }
        if let Some(zone) = &self.zone {
            contact.zone.clone_from(zone);
        }
        if let Some(hours) = self.quiet_hours {
            contact.quiet_hours = hours;
        }
    }
}

/// The channels that the page asks about.
pub(super) fn offered(contact: &Contact) -> BTreeSet<Channel> {
    contact.channels().union(&contact.preferences.refused.channels).copied().collect()
}

/// Records an answer for each of the contact's consents that something is said of.
fn answer(contact: &mut Contact, now: Time, source: &str, said: impl Fn(&str) -> Option<bool>) {
    let keys: Vec<String> = contact.consents.keys().cloned().collect();
    for key in keys {
        let Ok((channel, category)) = parse_consent_key(&key) else { continue };
        let Some(granted) = said(&key) else { continue };
        if granted {
            contact.preferences.refused.categories.remove(&category);
        }
        if contact.consent(channel, &category).is_none_or(|known| known.granted != granted) {
            contact.record_consent(channel, &category, Consent { granted, at: now, source: source.to_owned() });
        }
    }
}

fn some(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn quiet(start: &str, end: &str) -> Result<QuietHours> {
    let hours = serde_json::json!({ "start": start, "end": end });
    serde_json::from_value(hours).map_err(|_| Error::invalid("", "quiet_hours", "a time of day such as 21:30 is needed"))
}
