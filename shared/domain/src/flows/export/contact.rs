//! A contact as a row.

use serde_json::Value;

use super::{fields, own};
use crate::Contact;
use crate::import::cells::list;

pub(super) const HEADER: [&str; 18] = [
    "id",
    "first_name",
    "last_name",
    "company",
    "company_id",
    "owner",
    "emails",
    "phones",
    "handles",
    "tags",
    "locale",
    "zone",
    "do_not_contact",
    "refused",
    "quiet_hours",
    "cap",
    "consents",
    "fields",
];

pub(super) fn cells(contact: &Contact) -> [String; HEADER.len()] {
    let handles = contact.handles.iter().map(|handle| format!("{}:{}", handle.channel.as_str(), handle.address));
    let said = |granted: bool| if granted { "yes" } else { "no" };
    let consents = contact.consents.iter().map(|(key, consent)| format!("{key}={}", said(consent.granted)));
    let refused = &contact.preferences.refused;
    let channels = refused.channels.iter().map(|channel| format!("channel.{}", channel.as_str()));
    let categories = refused.categories.iter().map(|category| format!("category.{category}"));
    let refused = channels.chain(categories).chain(refused.campaigns.iter().map(|campaign| format!("campaign.{campaign}")));
    let cap = contact.preferences.cap.unwrap_or_default();
    let caps = [(cap.per_day, "day"), (cap.per_week, "week")];
    let caps = caps.into_iter().filter_map(|(most, span)| Some(format!("{}/{span}", most?)));
    let quiet = contact.quiet_hours.and_then(|hours| serde_json::to_value(hours).ok()).unwrap_or_default();
    let hour = |name: &str| quiet.get(name).and_then(Value::as_str).map(str::to_owned);
    [
        contact.id.to_string(),
        own(contact.first_name.as_deref()),
        own(contact.last_name.as_deref()),
        own(contact.company.as_deref()),
        contact.company_id.map(|company| company.to_string()).unwrap_or_default(),
        contact.owner.map(|owner| owner.to_string()).unwrap_or_default(),
        list(contact.emails.iter().map(ToString::to_string)),
        list(contact.phones.iter().map(ToString::to_string)),
        list(handles),
        list(contact.tags.iter().cloned()),
        contact.locale.as_ref().map(ToString::to_string).unwrap_or_default(),
        contact.zone.as_ref().map(ToString::to_string).unwrap_or_default(),
        if contact.do_not_contact { "yes".to_owned() } else { String::new() },
        list(refused),
        hour("start").zip(hour("end")).map(|(start, end)| format!("{start}-{end}")).unwrap_or_default(),
        list(caps),
        list(consents),
        fields(&contact.fields),
    ]
}
