//! Answering in a conversation: a message like any other, written in one transaction with the conversation, which then has nobody
//! waiting. So only the first answer knows how long somebody had waited.

use kernel::{Error, Result};
use store::{Stored, TenantScope};

use super::accept::{self, Accepted};
use super::enclose;
use crate::conversation::Answered;
use crate::{Conversation, Message};

/// How often the transaction is tried against other writers of the conversation.
const TRIES: usize = 8;

/// Writes an answer that [`super::accept::prepare`] made. Writing it twice is writing it once: the id is the key.
pub async fn write(
    scope: &TenantScope,
    mut conversation: Stored<Conversation>,
    mut accepted: Accepted,
) -> Result<Stored<Message>> {
    for id in &accepted.brought {
        enclose::note(scope, *id).await?;
    }
    for _ in 0..TRIES {
        let (row, message) = (&mut conversation.row, &mut accepted.message);
        let at = message.id.made_at();
        message.to.contact = Some(row.contact);
        message.conversation = Some(row.id);
        message.waited = row.awaiting.take().map(|since| at.since(since).max(0));
        row.answered = Some(Answered { message: message.id, at });
        let mut writes = accept::writes(scope, &accepted)?;
        let own = writes.len();
        writes.push(scope.replacing(&conversation)?);
        match scope.transact(writes).await? {
            None => return Ok(Stored { row: accepted.message, version: 1 }),
            // The same request was carried out before, and nobody was told.
            Some(at) if at < own => return scope.find::<Message>(accepted.message.id).await,
            Some(_) => conversation = scope.find(conversation.row.id).await?,
        }
    }
    Err(Error::unavailable("a conversation is being changed too fast"))
}
