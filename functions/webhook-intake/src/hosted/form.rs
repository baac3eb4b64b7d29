//! The form of preferences: plain HTML, labelled and grouped, so that it can be read aloud and used by keys alone.

use std::fmt::Write as _;

use domain::contact::parse_consent_key;
use domain::preference::LARGEST_CAP;
use domain::suppression::Reason;
use domain::{Category, Channel, Contact};

use super::Guest;
use super::wishes::{channels, kinds};
use super::words::Words;
use crate::boxes;
use crate::pages::{escape, masked};

/// What the guest has chosen, to be changed.
pub(super) fn form(guest: &Guest) -> String {
    let (contact, words) = (&guest.contact.row, guest.words());
    let mut rows = String::new();
    if let Some(email) = contact.emails.first() {
        let _ = write!(rows, "<p>{} <strong>{}</strong></p>", words.to, escape(&masked(email.as_str())));
    }
    rows.push_str("<form method=\"post\">");
    let refused = &contact.preferences.refused;
    group(&mut rows, words.topics, "consent", consents(guest));
    let kind = |one: Category| (one.to_string(), guest.name(&one).to_owned(), !refused.categories.contains(&one));
    group(&mut rows, words.kinds, "category", kinds(contact, guest.topics()).into_iter().map(kind).collect());
    let channel = |one: Channel| (one.as_str().to_owned(), words.channel(one).to_owned(), !refused.channels.contains(&one));
    group(&mut rows, words.ways, "channel", channels(contact).into_iter().map(channel).collect());
    let campaigns = refused.campaigns.iter().map(|campaign| (campaign.clone(), campaign.clone(), false));
    group(&mut rows, words.left, "campaign", campaigns.collect());
    most(&mut rows, contact, words);
    time(&mut rows, contact, words);
    let _ = write!(
        rows,
        "<button class=\"first\" name=\"choice\" value=\"save\">{}</button>\
         <button name=\"choice\" value=\"none\">{}</button></form><p>{}</p>",
        words.save, words.leave_all, words.in_any_case
    );
    rows
}

/// The consents that can be given or taken back: value, words, and whether they stand.
fn consents(guest: &Guest) -> Vec<(String, String, bool)> {
    let (contact, words) = (&guest.contact.row, guest.words());
    let left = |channel: Channel| {
        let address = contact.address(channel);
        address.and_then(|address| contact.suppression_of(channel, &address)) == Some(Reason::Unsubscribe)
    };
    let row = |(key, consent): (&String, &domain::contact::Consent)| {
        let (channel, category) = parse_consent_key(key).ok()?;
        Some((key.clone(), words.by(guest.name(&category), channel), consent.granted && !left(channel)))
    };
    contact.consents.iter().filter_map(row).collect()
}

/// A group of boxes; nothing where there is nothing to choose.
fn group(rows: &mut String, legend: &str, name: &str, choices: Vec<(String, String, bool)>) {
    if choices.is_empty() {
        return;
    }
    let _ = write!(rows, "<fieldset><legend>{legend}</legend>");
    for (value, words, wanted) in choices {
        boxes::draw(rows, name, &value, &words, wanted);
    }
    rows.push_str("</fieldset>");
}

fn most(rows: &mut String, contact: &Contact, words: &Words) {
    let cap = contact.preferences.cap.unwrap_or_default();
    let _ = write!(rows, "<fieldset><legend>{}</legend>", words.most);
    for (name, label, most) in [("most_day", words.most_day, cap.per_day), ("most_week", words.most_week, cap.per_week)] {
        let kind = format!("type=\"number\" min=\"1\" max=\"{LARGEST_CAP}\"");
        input(rows, name, &kind, label, &most.map(|most| most.to_string()).unwrap_or_default());
    }
    rows.push_str("</fieldset>");
}

fn time(rows: &mut String, contact: &Contact, words: &Words) {
    let quiet = contact.quiet_hours.and_then(|hours| serde_json::to_value(hours).ok()).unwrap_or_default();
    let hour = |name: &str| quiet.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let locale = contact.locale.as_ref().map(ToString::to_string).unwrap_or_default();
    let zone = contact.zone.as_ref().map(ToString::to_string).unwrap_or_default();
    let _ = write!(rows, "<fieldset><legend>{}</legend>", words.time);
    input(rows, "locale", "type=\"text\"", words.locale, &locale);
    input(rows, "zone", "type=\"text\"", words.zone, &zone);
    input(rows, "quiet_start", "type=\"time\"", words.quiet_from, &hour("start"));
    input(rows, "quiet_end", "type=\"time\"", words.quiet_until, &hour("end"));
    rows.push_str("</fieldset>");
}

fn input(rows: &mut String, name: &str, kind: &str, words: &str, value: &str) {
    let value = escape(value);
    let _ = write!(rows, "<label for=\"{name}\">{words}</label><input id=\"{name}\" name=\"{name}\" {kind} value=\"{value}\">");
}
