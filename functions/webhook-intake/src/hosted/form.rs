//! The form of preferences: plain HTML, labelled and grouped, so that it can be read aloud and used by keys alone.

use std::fmt::Write as _;

use domain::contact::parse_consent_key;
use domain::suppression::Reason;
use domain::{Channel, Contact};

use super::wishes::offered;
use crate::boxes;
use crate::pages::{escape, masked};

/// What the contact has chosen, to be changed.
pub(super) fn form(contact: &Contact) -> String {
    let address = contact.emails.first().map(|email| masked(email.as_str())).unwrap_or_default();
    let mut rows = String::new();
    if !address.is_empty() {
        let _ = write!(rows, "<p>For <strong>{}</strong></p>", escape(&address));
    }
    rows.push_str("<form method=\"post\">");
    group(&mut rows, "What should we send?", "consent", consents(contact));
    let channels = offered(contact).into_iter();
    let refused = &contact.preferences.refused;
    let channels = channels.map(|one| (one.as_str().to_owned(), one.as_str().to_owned(), !refused.channels.contains(&one)));
    group(&mut rows, "How may we reach you with it?", "channel", channels.collect());
    let campaigns = refused.campaigns.iter().map(|campaign| (campaign.clone(), campaign.clone(), false));
    group(&mut rows, "Campaigns that you left", "campaign", campaigns.collect());
    rows.push_str("<fieldset><legend>Language and time</legend>");
    let text = |value: Option<String>| value.map(|value| escape(&value)).unwrap_or_default();
    input(
        &mut rows,
        "locale",
        "text",
        "Language, such as en or de-AT",
        &text(contact.locale.as_ref().map(ToString::to_string)),
    );
    input(&mut rows, "zone", "text", "Time zone, such as Europe/London", &text(contact.zone.as_ref().map(ToString::to_string)));
    let quiet = contact.quiet_hours.and_then(|hours| serde_json::to_value(hours).ok()).unwrap_or_default();
    let hour = |name: &str| quiet.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    input(&mut rows, "quiet_start", "time", "Do not disturb me from", &text(hour("start")));
    input(&mut rows, "quiet_end", "time", "until", &text(hour("end")));
    rows.push_str(
        "</fieldset><button class=\"first\" name=\"choice\" value=\"save\">Save</button>\
         <button name=\"choice\" value=\"none\">Unsubscribe from all</button></form>\
         <p>What you asked for or must know, such as receipts, comes in any case.</p>",
    );
    rows
}

/// The consents that can be given or taken back: value, words, and whether they stand.
fn consents(contact: &Contact) -> Vec<(String, String, bool)> {
    let left = |channel: Channel| {
        let address = contact.address(channel);
        address.and_then(|address| contact.suppression_of(channel, &address)) == Some(Reason::Unsubscribe)
    };
    let row = |(key, consent): (&String, &domain::contact::Consent)| {
        let (channel, category) = parse_consent_key(key).ok()?;
        let refused = contact.preferences.refused.categories.contains(&category);
        let wanted = consent.granted && !refused && !left(channel);
        Some((key.clone(), format!("{category} by {}", channel.as_str()), wanted))
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

fn input(rows: &mut String, name: &str, kind: &str, words: &str, value: &str) {
    let _ = write!(
        rows,
        "<label for=\"{name}\">{words}</label><input id=\"{name}\" name=\"{name}\" type=\"{kind}\" value=\"{value}\">"
    );
}
