//! How engaged a contact is, and why.

use domain::engagement::{Act, Reason, Score, acts};
use domain::{Contact, Entry};
use kernel::ids::ContactId;
use kernel::{Result, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Id;
use crate::operations::operations;
use crate::reply::words::ActWord;
use crate::reply::{Reply, refused};

/// Entries of the contact's timeline that count, newest first.
const ENTRIES: u16 = 200;

/// How engaged a contact is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ContactScore {
    /// From 0, nobody there, to 100. What was done is worth half after thirty days.
    #[schema(minimum = 0, maximum = 100)]
    score: u8,
    /// What it is made of, the weightiest first: of the latest 200 entries of the timeline.
    reasons: Vec<ScoreReason>,
}

/// Acts of one kind.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ScoreReason {
    #[schema(value_type = ActWord)]
    act: Act,
    /// How often.
    count: u32,
    /// When last.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    last_at: Time,
    /// What they are worth now: below nothing for what speaks against.
    points: f64,
}

impl From<Reason> for ScoreReason {
    fn from(reason: Reason) -> Self {
        let Reason { act, count, last_at, points } = reason;
        Self { act, count, last_at, points: (points * 100.0).round() / 100.0 }
    }
}

/// Tells how engaged a contact is, and why. It follows what happens by seconds.
#[utoipa::path(get, path = "/v1/contacts/{id}/engagement", tag = "contacts", operation_id = "score_contact", security(("key" = [])),
    params(("id" = String, Path, description = "The contact's id.")),
    responses((status = 200, description = "The score.", body = ContactScore), refused::Finding))]
async fn score_contact(caller: Caller<may::Read>, Id(id): Id<ContactId>) -> Result<Reply<ContactScore>, Failure> {
    caller.scope.find::<Contact>(id).await?;
    let entries = caller.scope.below::<Entry>(&id.hex(), None, None, false, ENTRIES).await?;
    let found = Score::of(entries.iter().flat_map(|entry| acts(&entry.row)), caller.context.clock.now());
    let reasons = found.reasons.into_iter().map(ScoreReason::from).collect();
    Ok(Reply::ok(ContactScore { score: found.score, reasons }))
}

operations!(score_contact);
