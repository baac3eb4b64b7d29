//! Taking in what a provider tells of a message: what `webhook-intake` carries out.
//!
//! The usual event, a delivery, is one blind write: it appends the event and raises the outcome on the condition that the
//! outcome was lower. A refusal brings the row along, and then the event is merged and written over the very version it was
//! merged into. Repetitions are recognised and write nothing. A hard bounce or complaint suppresses the address.

use kernel::ids::MessageId;
use kernel::{Error, Result};
use providers::{BounceClass, EventKind};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Outcome as Changed, Stored, TenantScope, Value, Write};

use super::{Context, suppress};
use crate::consent::Evidence;
use crate::message::{Entry, Message, Outcome};
use crate::suppression::Reason;

/// Who tells.
const SOURCE: &str = "provider";
/// How often a merge is tried against other writers.
const TRIES: usize = 8;

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is on the message now.
    New,
    /// It was known.
    Repeated,
    /// There is no such message (any more).
    NoMessage,
}

/// Takes an event in and does what follows from it.
pub async fn report(context: &Context, scope: &TenantScope, message: MessageId, event: &providers::Event) -> Result<Taken> {
    let entry = Entry::of(&context.keys, event);
    let (taken, row) = record(scope, message, entry).await?;
    let Some(row) = row else { return Ok(taken) };
    // Also for a repetition: the first time may have died between the two writes.
    if let Some(reason) = consequence(event) {
        close(context, scope, &row, event.recipient.as_deref(), reason).await?;
    }
    Ok(taken)
}

/// Suppresses the address that a provider spoke of, the message's own when it named none: by an event, or in its very answer to
/// the message.
pub async fn close(
    context: &Context,
    scope: &TenantScope,
    message: &Message,
    named: Option<&str>,
    reason: Reason,
) -> Result<()> {
    let about = named.filter(|address| crate::address::key(message.channel, address).is_ok()).unwrap_or(&message.to.address);
    if crate::address::key(message.channel, about).is_ok() {
        let source = message.id.to_string();
        suppress::suppress(context, scope, message.channel, about, reason, &source, &Evidence::by(SOURCE)).await?;
    }
    Ok(())
}

/// What an event means for the address.
fn consequence(event: &providers::Event) -> Option<Reason> {
    match event.kind {
        EventKind::Bounced if event.detail.class == Some(BounceClass::Hard) => Some(Reason::HardBounce),
        EventKind::Complained => Some(Reason::Complaint),
        EventKind::Bounced
        | EventKind::Sent
        | EventKind::Delayed
        | EventKind::Delivered
        | EventKind::Rejected
        | EventKind::RenderingFailed
        | EventKind::Opened
        | EventKind::Clicked
        | EventKind::Replied
        | EventKind::Unsubscribed => None,
    }
}

/// Puts the entry on the message.
async fn record(scope: &TenantScope, id: MessageId, entry: Entry) -> Result<(Taken, Option<Message>)> {
    let mut found = match Outcome::of(entry.kind) {
        Some(outcome) => match blind(scope, id, &entry, outcome).await? {
            Changed::Done(row) => return Ok((Taken::New, Some(row.row))),
            Changed::Refused(found) => found,
        },
        None => scope.read_now::<Message>(id).await?,
    };
    for _ in 0..TRIES {
        let Some(mut row) = found else { return Ok((Taken::NoMessage, None)) };
        if !row.row.tell(entry.clone()) {
            return Ok((Taken::Repeated, Some(row.row)));
        }
        match merge(scope, &row).await? {
            Changed::Done(row) => return Ok((Taken::New, Some(row.row))),
            Changed::Refused(now) => found = now,
        }
    }
    Err(Error::unavailable(format!("{id} is being changed too fast")))
}

async fn blind(scope: &TenantScope, id: MessageId, entry: &Entry, outcome: Outcome) -> Result<Changed<Message>> {
    let change = Change::new()
        .set(attr::EVIDENCE, Value::S(outcome.as_str().to_owned()))
        .set(attr::EVIDENCE_RANK, n(outcome.rank()))
        .append(attr::EVENTS, store::scope::value(entry)?);
    let cond = Cond::All(vec![Cond::Present, Cond::Below(attr::EVIDENCE_RANK, n(outcome.rank()))]);
    scope.change(id, change, cond).await
}

async fn merge(scope: &TenantScope, row: &Stored<Message>) -> Result<Changed<Message>> {
    scope.change(row.row.id, merged(&row.row)?, Cond::Version(row.version)).await
}

/// The write of a transaction that puts the events of a message over the version that they were merged into.
pub(super) fn merging(scope: &TenantScope, row: &Stored<Message>) -> Result<Write> {
    scope.changing::<Message>(&row.row.id.into(), merged(&row.row)?, Cond::Version(row.version))
}

fn merged(row: &Message) -> Result<Change> {
    let change = Change::new().set(attr::EVENTS, store::scope::value(&row.events)?);
    let Some(outcome) = row.evidence else { return Ok(change) };
    Ok(change.set(attr::EVIDENCE, Value::S(outcome.as_str().to_owned())).set(attr::EVIDENCE_RANK, n(outcome.rank())))
}
