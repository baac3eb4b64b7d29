//! What a person chose on the page of preferences.

use std::collections::BTreeSet;

use domain::contact::{Consent, QuietHours, parse_consent_key};
use domain::preference::{Cap, LARGEST_CAP};
use domain::{Category, Channel, Contact};
use kernel::{Locale, Time, Zone};

use super::words::Words;
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
    categories: Boxes,
    consents: Boxes,
    campaigns: Boxes,
    most_day: Filled<u16>,
    most_week: Filled<u16>,
    locale: Filled<Locale>,
    zone: Filled<Zone>,
    quiet_hours: Filled<QuietHours>,
}

/// A field of a form.
enum Filled<T> {
    /// It did not come along.
    Absent,
    /// It was left empty.
    Empty,
    /// It was filled in.
    In(T),
}

impl<T: Clone> Filled<T> {
    /// Makes that which it is about what it says.
    fn apply(&self, to: &mut Option<T>) {
        match self {
            Self::Absent => {}
            Self::Empty => *to = None,
            Self::In(value) => *to = Some(value.clone()),
        }
    }
}

impl Wishes {
    /// Whether they ask for a consent.
    pub(super) fn ask_for(&self, consent: &str) -> bool {
        matches!(self, Self::Chosen(chosen) if chosen.consents.answer(consent) == Some(true))
    }

    /// Carries them out. Only what the page offers can be chosen, topics among it: what somebody smuggles in is not looked at.
    pub(super) fn apply(&self, contact: &mut Contact, topics: &BTreeSet<Category>, now: Time, source: &str) {
        match self {
            Self::Nothing => {
                answer(contact, now, source, |_| Some(false));
                let reached = contact.channels();
                contact.preferences.refused.channels.extend(reached);
            }
            Self::Chosen(chosen) => chosen.apply(contact, topics, now, source),
        }
    }
}

impl Chosen {
    /// Reads the form; or tells what is wrong with it, in those words.
    pub(super) fn read(fields: &[(String, String)], words: &Words) -> Result<Self, Vec<&'static str>> {
        let boxes = |name: &str| Boxes::read(fields, name);
        let given = |name: &str| fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.trim());
        let mut wrong = Vec::new();
        let most = |text: &str| text.parse::<u16>().ok().filter(|most| (1..=LARGEST_CAP).contains(most));
        let chosen = Self {
            channels: boxes("channel"),
            categories: boxes("category"),
            consents: boxes("consent"),
            campaigns: boxes("campaign"),
            most_day: filled(given("most_day"), most, words.wrong_most, &mut wrong),
            most_week: filled(given("most_week"), most, words.wrong_most, &mut wrong),
            locale: filled(given("locale"), |text| Locale::parse(text).ok(), words.wrong_locale, &mut wrong),
            zone: filled(given("zone"), |text| Zone::parse(text).ok(), words.wrong_zone, &mut wrong),
            quiet_hours: match (given("quiet_start"), given("quiet_end")) {
                (None, None) => Filled::Absent,
                (None | Some(""), None | Some("")) => Filled::Empty,
                (start, end) => {
                    let hours = quiet(start.unwrap_or_default(), end.unwrap_or_default());
                    understood(hours, words.wrong_quiet, &mut wrong)
                }
            },
        };
        wrong.dedup();
        if wrong.is_empty() { Ok(chosen) } else { Err(wrong) }
    }

    fn apply(&self, contact: &mut Contact, topics: &BTreeSet<Category>, now: Time, source: &str) {
        let (channels, kinds) = (channels(contact), kinds(contact, topics.clone()));
        answer(contact, now, source, |key| self.consents.answer(key));
        let refused = &mut contact.preferences.refused;
        refuse(&mut refused.channels, channels, |channel| self.channels.answer(channel.as_str()));
        refuse(&mut refused.categories, kinds, |category| self.categories.answer(category.as_str()));
        refused.campaigns.retain(|campaign| self.campaigns.answer(campaign) != Some(true));
        let mut cap = contact.preferences.cap.unwrap_or_default();
        self.most_day.apply(&mut cap.per_day);
        self.most_week.apply(&mut cap.per_week);
        contact.preferences.cap = Some(cap).filter(|cap| *cap != Cap::default());
        self.locale.apply(&mut contact.locale);
        self.zone.apply(&mut contact.zone);
        self.quiet_hours.apply(&mut contact.quiet_hours);
    }
}

/// The channels that the page asks about.
pub(super) fn channels(contact: &Contact) -> BTreeSet<Channel> {
    contact.channels().union(&contact.preferences.refused.channels).copied().collect()
}

/// The categories that the page asks about, whatever the channel: topics of the sign-up form, and what was refused.
pub(super) fn kinds(contact: &Contact, mut topics: BTreeSet<Category>) -> BTreeSet<Category> {
    topics.extend(contact.preferences.refused.categories.iter().cloned());
    topics
}

/// Notes what is not wanted, of what was offered and something is said of.
fn refuse<T: Ord>(refused: &mut BTreeSet<T>, offered: BTreeSet<T>, said: impl Fn(&T) -> Option<bool>) {
    for one in offered {
        match said(&one) {
            Some(true) => drop(refused.remove(&one)),
            Some(false) => drop(refused.insert(one)),
            None => {}
        }
    }
}

/// Records an answer for each of the contact's consents that something new is said of. Who consents to what was refused takes the
/// refusal back.
fn answer(contact: &mut Contact, now: Time, source: &str, said: impl Fn(&str) -> Option<bool>) {
    let keys: Vec<String> = contact.consents.keys().cloned().collect();
    for key in keys {
        let Ok((channel, category)) = parse_consent_key(&key) else { continue };
        let Some(granted) = said(&key) else { continue };
        if contact.consent(channel, &category).is_some_and(|known| known.granted == granted) {
            continue;
        }
        if granted {
            contact.preferences.refused.categories.remove(&category);
        }
        contact.record_consent(channel, &category, Consent { granted, at: now, source: source.to_owned() });
    }
}

/// What stands in a field, or that it cannot be meant.
fn filled<T>(
    text: Option<&str>,
    read: impl Fn(&str) -> Option<T>,
    sentence: &'static str,
    wrong: &mut Vec<&'static str>,
) -> Filled<T> {
    match text {
        None => Filled::Absent,
        Some("") => Filled::Empty,
        Some(text) => understood(read(text), sentence, wrong),
    }
}

fn understood<T>(value: Option<T>, sentence: &'static str, wrong: &mut Vec<&'static str>) -> Filled<T> {
    if value.is_none() {
        wrong.push(sentence);
    }
    value.map_or(Filled::Empty, Filled::In)
}

fn quiet(start: &str, end: &str) -> Option<QuietHours> {
    serde_json::from_value(serde_json::json!({ "start": start, "end": end })).ok()
}
