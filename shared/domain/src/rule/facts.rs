//! What conditions can ask about: the fields of each noun with the kind of value they hold, and the values themselves.

use serde_json::{Map, Value, json};

use super::condition::Op;
use crate::{Company, Contact, Deal, Message, User};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A moment, in RFC 3339.
    Time,
    /// Words.
    List,
    /// Whatever somebody put there.
    Any,
}

impl Kind {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Time => "time",
            Self::List => "list",
            Self::Any => "any",
        }
    }

    /// What can be asked of it.
    pub const fn ops(self) -> &'static [Op] {
        use Op::{Changed, ChangedFrom, ChangedTo, Contains, Eq, Exists, Gt, Gte, In, Lt, Lte, Ne, StartsWith};
        match self {
            Self::Text => &[Eq, Ne, Contains, StartsWith, In, Exists, Changed, ChangedTo, ChangedFrom],
            Self::Number => &[Eq, Ne, Lt, Lte, Gt, Gte, In, Exists, Changed, ChangedTo, ChangedFrom],
            Self::Boolean => &[Eq, Ne, Exists, Changed, ChangedTo, ChangedFrom],
            Self::Time => &[Eq, Ne, Lt, Lte, Gt, Gte, Exists, Changed],
            Self::List => &[Contains, Exists, Changed],
            Self::Any => Op::ALL,
        }
    }
}

/// Every field. A name that ends in a star stands for all that lie below it.
pub const FIELDS: &[(&str, Kind)] = &[
    ("company.domains", Kind::List),
    ("company.fields.*", Kind::Any),
    ("company.id", Kind::Text),
    ("company.name", Kind::Text),
    ("company.tags", Kind::List),
    ("company.website", Kind::Text),
    ("contact.company", Kind::Text),
    ("contact.created_at", Kind::Time),
    ("contact.do_not_contact", Kind::Boolean),
    ("contact.email", Kind::Text),
    ("contact.fields.*", Kind::Any),
    ("contact.first_name", Kind::Text),
    ("contact.id", Kind::Text),
    ("contact.last_name", Kind::Text),
    ("contact.locale", Kind::Text),
    ("contact.phone", Kind::Text),
    ("contact.source", Kind::Text),
    ("contact.tags", Kind::List),
    ("contact.zone", Kind::Text),
    ("deal.currency", Kind::Text),
    ("deal.fields.*", Kind::Any),
    ("deal.id", Kind::Text),
    ("deal.reason", Kind::Text),
    ("deal.stage", Kind::Text),
    ("deal.status", Kind::Text),
    ("deal.tags", Kind::List),
    ("deal.title", Kind::Text),
    ("deal.value", Kind::Number),
    ("event.data.*", Kind::Any),
    ("event.name", Kind::Text),
    ("event.occurred_at", Kind::Time),
    ("message.category", Kind::Text),
    ("message.channel", Kind::Text),
    ("message.id", Kind::Text),
    ("message.sandbox", Kind::Boolean),
    ("message.status", Kind::Text),
    ("message.tags", Kind::List),
    ("message.template", Kind::Text),
    ("user.email", Kind::Text),
    ("user.id", Kind::Text),
    ("user.name", Kind::Text),
    ("user.role", Kind::Text),
];

/// Longest name of a field.
const NAME: usize = 200;
/// Most steps that a field lies below its noun.
const STEPS: usize = 8;

/// What a field holds; none when there is no such field.
pub fn kind(field: &str) -> Option<Kind> {
    if field.len() > NAME || field.split('.').count() > STEPS || field.split('.').any(str::is_empty) {
        return None;
    }
    let fits = |(known, _): &&(&str, Kind)| {
        *known == field || known.strip_suffix('*').is_some_and(|below| field.len() > below.len() && field.starts_with(below))
    };
    FIELDS.iter().find(fits).map(|(_, kind)| *kind)
}

/// A contact as conditions see it.
pub fn contact(contact: &Contact) -> Value {
    let fields: Map<String, Value> = contact.fields.clone().into_iter().collect();
    json!({
        "id": contact.id, "first_name": contact.first_name, "last_name": contact.last_name, "company": contact.company,
        "email": contact.emails.first(), "phone": contact.phones.first(), "zone": contact.zone, "locale": contact.locale,
        "do_not_contact": contact.do_not_contact, "tags": contact.tags, "fields": fields, "source": contact.source,
        "created_at": contact.created_at.to_string(),
    })
}

/// A company as conditions see it.
pub fn company(company: &Company) -> Value {
    let fields: Map<String, Value> = company.fields.clone().into_iter().collect();
    json!({
        "id": company.id, "name": company.name, "domains": company.domains, "website": company.website, "tags": company.tags,
        "fields": fields,
    })
}

/// A deal as conditions see it.
pub fn deal(deal: &Deal) -> Value {
    let fields: Map<String, Value> = deal.fields.clone().into_iter().collect();
    let value = deal.value.and_then(|value| value.to_string().parse::<f64>().ok());
    json!({
        "id": deal.id, "title": deal.title, "value": value, "currency": deal.currency.map(|currency| currency.to_string()),
        "stage": deal.stage, "status": deal.status, "reason": deal.reason, "tags": deal.tags, "fields": fields,
    })
}

/// A message as conditions see it.
pub fn message(message: &Message) -> Value {
    json!({
        "id": message.id, "channel": message.channel, "status": message.status(), "category": message.category,
        "template": message.template.map(|made| made.id), "tags": message.tags, "sandbox": message.sandbox,
    })
}

/// A user as conditions see it.
pub fn user(user: &User) -> Value {
    json!({ "id": user.id, "name": user.name, "email": user.email, "role": user.role })
}

/// The value of a field among the facts; null when there is none.
pub fn value<'f>(facts: &'f Value, field: &str) -> &'f Value {
    field.split('.').try_fold(facts, |at, step| at.get(step)).unwrap_or(&Value::Null)
}
