//! What a person chose on the page of preferences.

use std::collections::BTreeSet;

use domain::contact::{Consent, QuietHours, parse_consent_key};
use domain::{Channel, Contact};
use kernel::error::Faults;
use kernel::{Error, Locale, Result, Time, Zone};

/// See the file's head.
pub(super) enum Wishes {
    /// Nothing that can be left.
    Nothing,
    /// What is ticked and filled in.
    Chosen(Box<Chosen>),
}

pub(super) struct Chosen {
    channels: BTreeSet<String>,
    consents: BTreeSet<String>,
    campaigns: BTreeSet<String>,
    locale: Option<Locale>,
    zone: Option<Zone>,
    quiet_hours: Option<QuietHours>,
}

impl Wishes {
    /// Reads the form.
    pub(super) fn read(fields: &[(String, String)]) -> Result<Self> {
        let all = |name: &str| fields.iter().filter(|(field, _)| field == name).map(|(_, value)| value.clone()).collect();
        let one = |name: &str| fields.iter().find(|(field, value)| field == name && !value.is_empty()).map(|(_, value)| value);
        match one("choice").map(String::as_str) {
            Some("none") => return Ok(Self::Nothing),
            Some("save") => {}
            Some(_) | None => return Err(Error::invalid("/choice", "choice", "nothing was decided")),
        }
        let mut faults = Faults::default();
        let locale = one("locale").and_then(|text| faults.take("/locale", Locale::parse(text)));
        let zone = one("zone").and_then(|text| faults.take("/zone", Zone::parse(text)));
        let quiet_hours = match (one("quiet_start"), one("quiet_end")) {
            (Some(start), Some(end)) => faults.take("/quiet_hours", quiet(start, end)),
            (None, None) => None,
            (Some(_), None) | (None, Some(_)) => {
                faults.add("/quiet_hours", "quiet_hours", "quiet hours have a start and an end");
                None
            }
        };
        faults.check()?;
        let (channels, consents, campaigns) = (all("channel"), all("consent"), all("campaign"));
        Ok(Self::Chosen(Box::new(Chosen { channels, consents, campaigns, locale, zone, quiet_hours })))
    }

    /// Carries them out. Only what the page offers can be chosen: what somebody smuggles in is not looked at.
    pub(super) fn apply(&self, contact: &mut Contact, now: Time, source: &str) {
        match self {
            Self::Nothing => {
                answer(contact, now, source, |_| false);
                let reached = contact.channels();
                contact.preferences.refused.channels.extend(reached);
            }
            Self::Chosen(chosen) => chosen.apply(contact, now, source),
        }
    }
}

impl Chosen {
    fn apply(&self, contact: &mut Contact, now: Time, source: &str) {
        answer(contact, now, source, |key| self.consents.contains(key));
        for channel in offered(contact) {
            if self.channels.contains(channel.as_str()) {
                contact.preferences.refused.channels.remove(&channel);
            } else {
                contact.preferences.refused.channels.insert(channel);
            }
        }
        contact.preferences.refused.campaigns.retain(|campaign| !self.campaigns.contains(campaign));
        contact.locale.clone_from(&self.locale);
        contact.zone.clone_from(&self.zone);
        contact.quiet_hours = self.quiet_hours;
    }
}

/// The channels that the page asks about.
pub(super) fn offered(contact: &Contact) -> BTreeSet<Channel> {
    contact.channels().union(&contact.preferences.refused.channels).copied().collect()
}

/// Records an answer for each consent that the page asks about.
fn answer(contact: &mut Contact, now: Time, source: &str, wants: impl Fn(&str) -> bool) {
    let keys: Vec<String> = contact.consents.keys().cloned().collect();
    for key in keys {
        let Ok((channel, category)) = parse_consent_key(&key) else { continue };
        let granted = wants(&key);
        if granted {
            contact.preferences.refused.categories.remove(&category);
        }
        if contact.consent(channel, &category).is_none_or(|known| known.granted != granted) {
            contact.record_consent(channel, &category, Consent { granted, at: now, source: source.to_owned() });
        }
    }
}

fn quiet(start: &str, end: &str) -> Result<QuietHours> {
    let hours = serde_json::json!({ "start": start, "end": end });
    serde_json::from_value(hours).map_err(|_| Error::invalid("", "quiet_hours", "a time of day such as 21:30 is needed"))
}
