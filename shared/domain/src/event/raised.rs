//! From a change of a row to the events it stands for: what `relay` tells `automation`. Pure and total: a change that rules have no
//! name for raises nothing.

use std::collections::{BTreeMap, BTreeSet};

use kernel::Time;
use serde_json::{Map, Value, json};
use store::schema::attr;
use store::{Record, change};

use super::{About, Cause, Occurrence, Shift};
use crate::deal::Status;
use crate::message;
use crate::rule::facts;
use crate::task::State;
use crate::task::alarm::Bell;
use crate::{Activity, Company, Contact, Deal, Inbound, Message, Task, User};

/// Most bytes that an old or new value is told with.
const VALUE: usize = 200;
/// Most bytes of an inbound message's text that are told.
const TEXT: usize = 500;

/// The events that a change stands for.
pub fn raised(record: &Record) -> Vec<Occurrence> {
    if record.concerns::<Activity>() {
        return activity(record).into_iter().collect();
    }
    if record.concerns::<Contact>() {
        return contact(record);
    }
    if record.concerns::<Message>() {
        return message(record);
    }
    if record.concerns::<Company>() {
        return company(record).into_iter().collect();
    }
    if record.concerns::<Deal>() {
        return deal(record);
    }
    if record.concerns::<User>() {
        return user(record).into_iter().collect();
    }
    if record.concerns::<Inbound>() {
        return inbound(record);
    }
    if record.concerns::<Task>() {
        return task(record);
    }
    Vec::new()
}

/// An event of the house's own. The row's version tells it apart: each write of a row is one.
fn occurrence(record: &Record, name: &str, id: &str, at: Time, about: About) -> Occurrence {
    let version = |record: &Record| {
        let found = record.new_value(&attr::VERSION).or_else(|| record.old_value(&attr::VERSION));
        change::number(found).unwrap_or_default()
    };
    Occurrence {
        name: name.to_owned(),
        of: format!("{id}:{}:{name}", version(record)),
        at,
        occurred_at: at,
        event: None,
        about,
        data: Map::new(),
        changes: BTreeMap::new(),
        cause: None,
    }
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

/// What differs between two sets of facts, one level deep below fields of the tenant's own.
pub(crate) fn shifts(noun: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> BTreeMap<String, Shift> {
    let mut found = BTreeMap::new();
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (before, after) = (old.get(name).unwrap_or(&Value::Null), new.get(name).unwrap_or(&Value::Null));
        if before == after {
            continue;
        }
        let path = format!("{noun}.{name}");
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => found.extend(shifts(&path, before, after)),
            (before, after) => drop(found.insert(path, Shift { old: short(before), new: short(after) })),
        }
    }
    found
}

/// A value that a job can carry: what is longer is cut, and then only says that it was there.
fn short(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(crate::message::cut(text, VALUE)),
        Value::Array(rows) => Value::Array(rows.iter().take(20).map(short).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.clone(),
    }
}

/// What is for a team or private is told to nobody: runs are read by the whole tenant. What is brought back from the archive was
/// written down before, and has a later version.
fn activity(record: &Record) -> Option<Occurrence> {
    let new = record.new_row::<Activity>().filter(|new| new.version == 1 && new.row.visibility.is_usual())?.row;
    if new.silent.is_some() {
        return None;
    }
    let about = About { contact: new.contact, ..About::default() };
    let mut told = occurrence(record, "activity.created", &new.id.to_string(), new.created_at, about);
    told.data = object(json!({
        "id": new.id, "type": new.form, "subject": new.subject, "status": new.status, "outcome": new.outcome,
    }));
    told.cause = new.cause;
    Some(told)
}

fn contact(record: &Record) -> Vec<Occurrence> {
    let (old, new) = (record.old_row::<Contact>(), record.new_row::<Contact>());
    let Some(any) = new.as_ref().or(old.as_ref()).map(|stored| &stored.row) else { return Vec::new() };
    if new.as_ref().is_some_and(|new| new.row.silent == Some(new.version)) {
        return Vec::new();
    }
    let about = About { contact: Some(any.id), ..About::default() };
    let cause =
        new.as_ref().and_then(|new| caused(new.row.cause.as_ref(), old.as_ref().and_then(|old| old.row.cause.as_ref())));
    let told = |name: &str| Occurrence {
        cause: cause.clone(),
        ..occurrence(record, name, &any.id.to_string(), any.updated_at, about.clone())
    };
    let facts = |contact: Option<&store::Stored<Contact>>| {
        contact.map(|contact| object(facts::contact(&contact.row))).unwrap_or_default()
    };
    let changes = shifts("contact", &facts(old.as_ref()), &facts(new.as_ref()));
    let mut all = match (&old, &new) {
        (None, Some(_)) => vec![told("contact.created")],
        (Some(_), None) => return vec![told("contact.deleted")],
        (Some(_), Some(_)) if !changes.is_empty() => vec![Occurrence { changes, ..told("contact.updated") }],
        (Some(_), Some(_)) | (None, None) => Vec::new(),
    };
    let consents = |contact: &Option<store::Stored<Contact>>| contact.as_ref().map(|contact| contact.row.consents.clone());
    let (before, after) = (consents(&old).unwrap_or_default(), consents(&new).unwrap_or_default());
    let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    for key in keys.into_iter().filter(|key| before.get(*key) != after.get(*key)) {
        let (channel, category) = key.split_once(':').unwrap_or((key, ""));
        let answer = after.get(key);
        let mut one = told("consent.changed");
        one.of = format!("{}:{key}", one.of);
        if let Some(answer) = answer {
            (one.at, one.occurred_at) = (answer.at, answer.at);
        }
        one.data = object(json!({
            "channel": channel, "category": category, "granted": answer.map(|answer| answer.granted),
            "source": answer.map(|answer| &answer.source),
        }));
        all.push(one);
    }
    all
}

fn company(record: &Record) -> Option<Occurrence> {
    let (old, new) = (record.old_row::<Company>(), record.new_row::<Company>());
    let any = &new.as_ref().or(old.as_ref())?.row;
    if new.as_ref().is_some_and(|new| new.row.silent == Some(new.version)) {
        return None;
    }
    let facts = |company: Option<&store::Stored<Company>>| {
        company.map(|company| object(facts::company(&company.row))).unwrap_or_default()
    };
    let changes = shifts("company", &facts(old.as_ref()), &facts(new.as_ref()));
    let name = match (&old, &new) {
        (None, _) => "company.created",
        (Some(_), None) => "company.deleted",
        (Some(_), Some(_)) if changes.is_empty() => return None,
        (Some(_), Some(_)) => "company.updated",
    };
    let about = About { company: Some(any.id), ..About::default() };
    let told = occurrence(record, name, &any.id.to_string(), any.updated_at, about);
    Some(if name == "company.updated" { Occurrence { changes, ..told } } else { told })
}

fn deal(record: &Record) -> Vec<Occurrence> {
    let (old, new) = (record.old_row::<Deal>().map(|stored| stored.row), record.new_row::<Deal>().map(|stored| stored.row));
    let about =
        |deal: &Deal| About { contact: deal.contact_id, company: deal.company_id, deal: Some(deal.id), ..About::default() };
    let Some(new) = new else {
        let told = |old: Deal| occurrence(record, "deal.deleted", &old.id.to_string(), old.updated_at, about(&old));
        return old.map(told).into_iter().collect();
    };
    let closed = |status: Status| new.status == status && old.as_ref().is_none_or(|old| old.status != status);
    let names = [
        ("deal.created", old.is_none()),
        ("deal.stage_changed", old.as_ref().is_some_and(|old| old.stage != new.stage)),
        ("deal.closed_won", closed(Status::Won)),
        ("deal.closed_lost", closed(Status::Lost)),
    ];
    let facts = |deal: &Deal| object(facts::deal(deal));
    let changes = old.as_ref().map(|old| shifts("deal", &facts(old), &facts(&new))).unwrap_or_default();
    let told = |name: &str| Occurrence {
        changes: changes.clone(),
        ..occurrence(record, name, &new.id.to_string(), new.updated_at, about(&new))
    };
    names.into_iter().filter(|(_, happened)| *happened).map(|(name, _)| told(name)).collect()
}

/// A cause counts for the write that noted it, and for no later one.
fn caused(new: Option<&Cause>, old: Option<&Cause>) -> Option<Cause> {
    new.filter(|_| new != old).cloned()
}

fn message(record: &Record) -> Vec<Occurrence> {
    // Told by one attribute: a message that no rule watches is not read.
    if record.new_value(&attr::WATCHED).is_none() {
        return Vec::new();
    }
    let Some(new) = record.new_row::<Message>().map(|stored| stored.row) else { return Vec::new() };
    let old = record.old_row::<Message>().map(|stored| stored.row);
    let mut names = Vec::new();
    let before = old.as_ref().map(Message::status);
    if before != Some(new.status()) {
        names.extend(status_name(new.status()));
    }
    for (name, kind) in [("message.opened", providers::EventKind::Opened), ("message.clicked", providers::EventKind::Clicked)] {
        let done = |message: &Message| message.events.iter().any(|event| event.kind == kind && !event.machine);
        if done(&new) && !old.as_ref().is_some_and(done) {
            names.push(name);
        }
    }
    let address = Some(new.to.address.clone()).filter(|_| new.to.contact.is_none());
    let about = About { contact: new.to.contact, address, message: Some(new.id), ..About::default() };
    // What is told of it later leaves its state as it is.
    let at = new.events.iter().map(|event| event.at).fold(new.state_at, Time::max);
    let told = |name: &str| Occurrence {
        cause: new.cause.clone(),
        ..occurrence(record, name, &new.id.to_string(), at, about.clone())
    };
    names.into_iter().map(told).collect()
}

const fn status_name(status: message::Status) -> Option<&'static str> {
    match status {
        message::Status::Sent => Some("message.sent"),
        message::Status::Delivered => Some("message.delivered"),
        message::Status::Bounced => Some("message.bounced"),
        message::Status::Complained => Some("message.complained"),
        message::Status::Failed | message::Status::Rejected => Some("message.failed"),
        message::Status::Accepted
        | message::Status::Scheduled
        | message::Status::Held
        | message::Status::Queued
        | message::Status::Sending
        | message::Status::Cancelled
        | message::Status::Unknown => None,
    }
}

fn user(record: &Record) -> Option<Occurrence> {
    if record.old_value(&attr::PK).is_some() {
        return None;
    }
    let user = record.new_row::<User>()?.row;
    let about = About { user: Some(user.id), address: Some(user.email.to_string()), ..About::default() };
    let mut told = occurrence(record, "user.created", &user.id.to_string(), user.created_at, about);
    told.data = object(json!({ "name": user.name, "email": user.email, "role": user.role }));
    Some(told)
}

fn inbound(record: &Record) -> Vec<Occurrence> {
    if record.old_value(&attr::PK).is_some() {
        return Vec::new();
    }
    let Some(came) = record.new_row::<Inbound>().map(|stored| stored.row) else { return Vec::new() };
    let about = About { conversation: Some(came.conversation), ..About::default() };
    let text = came.text.as_deref().map(|text| crate::message::cut(text, TEXT));
    let data = object(json!({
        "from": came.from, "subject": came.subject, "text": text, "automatic": came.automatic,
    }));
    let told = |name: &str| Occurrence {
        data: data.clone(),
        ..occurrence(record, name, &came.id.to_string(), came.id.made_at(), about.clone())
    };
    let replied = came.answers.is_some() || !came.references.is_empty();
    let names = std::iter::once("message.received").chain(replied.then_some("message.replied"));
    names.map(told).collect()
}

fn task(record: &Record) -> Vec<Occurrence> {
    let Some(new) = record.new_row::<Task>().map(|stored| stored.row) else { return Vec::new() };
    let old = record.old_row::<Task>().map(|stored| stored.row);
    let done = |task: &Task| task.state == State::Completed;
    let overdue = |task: &Task| task.rung.iter().filter(|alarm| alarm.bell == Bell::Overdue).count();
    let names = [
        ("task.created", old.is_none(), Some(new.created_at), true),
        // That it is done is what somebody did, whatever it was made by.
        ("task.completed", done(&new) && !old.as_ref().is_some_and(done), new.ended_at, false),
        ("task.overdue", overdue(&new) > old.as_ref().map_or(0, overdue), new.due_at, true),
    ];
    let (contact, company, deal) = (new.contact_id, new.company_id, new.deal_id);
    let about = About { contact, company, deal, user: new.assignee, ..About::default() };
    let data = object(json!({
        "task": new.id, "title": new.title, "kind": new.kind, "priority": new.priority,
        "due_at": new.due_at.map(|at| at.to_string()), "outcome": new.outcome.as_deref().map(|text| crate::message::cut(text, TEXT)),
    }));
    let told = |name: &str, at: Option<Time>, follows: bool| Occurrence {
        data: data.clone(),
        cause: new.cause.clone().filter(|_| follows),
        ..occurrence(record, name, &new.id.to_string(), at.unwrap_or(new.updated_at), about.clone())
    };
    names.into_iter().filter(|(_, happened, ..)| *happened).map(|(name, _, at, follows)| told(name, at, follows)).collect()
}
