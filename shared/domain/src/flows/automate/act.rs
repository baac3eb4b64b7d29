//! The actions of rules. Each says what it made, or for which lasting reason it could not; an error is a reason that may pass.

use kernel::ids::{EventId, MessageId};
use kernel::{Error, Fault, Result};
use store::TenantScope;

use super::{Desk, work};
use crate::consent::Evidence;
use crate::event::{Cause, Event, Occurrence};
use crate::flows::accept::{self, Order};
use crate::flows::{keep_contact, window};
use crate::rule::Action;
use crate::rule::action::{RaiseEvent, UpdateContact};
use crate::run::{Deed, Run};
use crate::{Contact, Message};

/// How often a contact is changed against other writers of it.
const CONTENDED: usize = 4;

/// Does the action of that number.
pub(super) async fn act(desk: Desk<'_>, run: &Run, number: usize, occurrence: &Occurrence) -> Result<Deed> {
    let Some(action) = run.actions.get(number) else { return Err(Error::internal("a run without that action")) };
    let deed = |made: String| Deed::done(number, made);
    let done = match action {
        Action::SendMessage(message) => send(desk, run, number, message.order(occurrence)).await.map(deed),
        Action::CallWebhook(post) => send(desk, run, number, post.order(occurrence)).await.map(deed),
        Action::UpdateContact(change) => update(desk, run, number, change).await.map(deed),
        Action::RaiseEvent(event) => raise(desk, run, number, event, occurrence).await.map(deed),
        Action::CreateTask(task) => work::create_task(desk, run, number, task, occurrence).await,
        Action::LogActivity(activity) => work::log_activity(desk, run, number, activity, occurrence).await,
    };
    match done {
        Ok(deed) => Ok(deed),
        Err(error) => lasting(&error).map(|why| Deed::failed(number, &why)).ok_or(error),
    }
}

/// Why an error will be there again whenever it is tried.
pub(super) fn lasting(error: &Error) -> Option<String> {
    match error {
        Error::Invalid(faults) => Some(faults.iter().map(placed).collect::<Vec<_>>().join("; ")),
        Error::Conflict { detail } => Some(detail.clone()),
        Error::NotFound { kind } => Some(format!("there is no such {kind}")),
        Error::Unauthenticated
        | Error::Forbidden { .. }
        | Error::OutOfReach(_)
        | Error::MethodNotAllowed
        | Error::Malformed { .. }
        | Error::UnsupportedMediaType
        | Error::TooLarge { .. }
        | Error::Stale { .. }
        | Error::KeyInUse
        | Error::KeyReused
        | Error::TooMany { .. }
        | Error::Unavailable(_)
        | Error::Internal(_) => None,
    }
}

/// What is wrong, behind its place if it has one.
fn placed(fault: &Fault) -> String {
    if fault.pointer.is_empty() { fault.detail.clone() } else { format!("{}: {}", fault.pointer, fault.detail) }
}

/// What led to whatever that action makes.
pub(super) fn cause(run: &Run, action: usize) -> Cause {
    let mut rules = run.event.rules().to_vec();
    rules.push(run.rule);
    Cause { root: run.event.root().to_owned(), rules, run: run.id, action }
}

/// A message goes the way of any order: the gate decides.
async fn send(desk: Desk<'_>, run: &Run, number: usize, order: Order) -> Result<String> {
    let (ids, clock) = run.ids(&desk.context.keys, number);
    let id = MessageId::new(&ids, &clock);
    match accepted(desk, run, number, order, id).await {
        // It may have been accepted before somebody made it impossible.
        Err(error) if lasting(&error).is_some() && is_there(desk.scope, id).await? => Ok(id.to_string()),
        other => other.map(|()| id.to_string()),
    }
}

async fn accepted(desk: Desk<'_>, run: &Run, number: usize, order: Order, id: MessageId) -> Result<()> {
    let mut made = accept::prepare(desk.catalog, desk.files, desk.scope, order, id).await?;
    window::check(desk.context, desk.catalog, desk.scope, &made).await?;
    made.message.cause = Some(cause(run, number));
    accept::write(desk.scope, &made).await
}

async fn is_there(scope: &TenantScope, id: MessageId) -> Result<bool> {
    Ok(scope.read_now::<Message>(id).await?.is_some())
}

pub(super) fn no_contact() -> Error {
    Error::invalid("", "contact", "the event is about no contact")
}

/// A contact that is as it is to be already is left alone.
async fn update(desk: Desk<'_>, run: &Run, number: usize, change: &UpdateContact) -> Result<String> {
    let id = run.event.about.contact.ok_or_else(no_contact)?;
    let definitions = desk.catalog.definitions(desk.scope).await?;
    for _ in 0..CONTENDED {
        let mut contact = desk.scope.find::<Contact>(id).await?;
        let before = contact.row.clone();
        apply(change, &mut contact.row);
        if contact.row == before {
            return Ok(id.to_string());
        }
        contact.row.cause = Some(cause(run, number));
        contact.row.updated_at = desk.context.clock.now();
        let evidence = Evidence::by("rule");
        match keep_contact::replace(desk.context, desk.scope, &definitions, &before, &mut contact, &evidence).await {
            Err(Error::Stale { .. }) => {}
            other => return other.map(|_| id.to_string()),
        }
    }
    Err(Error::unavailable("a contact is being changed too fast"))
}

pub(super) fn apply(change: &UpdateContact, contact: &mut Contact) {
    for (field, value) in &change.fields {
        if value.is_null() {
            contact.fields.remove(field);
        } else {
            contact.fields.insert(field.clone(), value.clone());
        }
    }
    contact.tags.retain(|tag| !change.remove_tags.contains(tag));
    for tag in &change.add_tags {
        if !contact.tags.contains(tag) {
            contact.tags.push(tag.clone());
        }
    }
    if let Some(locale) = &change.locale {
        contact.locale = Some(locale.clone());
    }
    if let Some(owner) = change.owner {
        contact.owner = Some(owner);
    }
    if let Some(stopped) = change.do_not_contact {
        contact.do_not_contact = stopped;
    }
}

async fn raise(desk: Desk<'_>, run: &Run, number: usize, raise: &RaiseEvent, occurrence: &Occurrence) -> Result<String> {
    let (ids, clock) = run.ids(&desk.context.keys, number);
    let event = Event {
        id: EventId::new(&ids, &clock),
        name: raise.name.clone(),
        occurred_at: clock.now(),
        about: run.event.about.clone(),
        data: raise.data(occurrence),
        key: None,
        cause: Some(cause(run, number)),
    };
    desk.scope.create(&event).await?;
    Ok(event.id.to_string())
}
