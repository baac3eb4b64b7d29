//! A batch of queue messages, as those who carry out jobs get it: each is decoded, worked on by itself and reported by itself.
//!
//! One that fails comes again and holds nobody up. One that is no job is reported until the queue parks it. Nothing that a
//! message contains can take the batch down: each is handled behind its own panic barrier.

use std::panic::AssertUnwindSafe;

use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use futures_util::FutureExt;
use futures_util::future::join_all;
use kernel::Result;

use crate::Job;

/// What became of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing is left to do for this queue message.
    Settled,
    /// Somebody else may still be at it: the queue message must come again.
    NotYet,
}

/// Has `work` carry out the jobs of a batch, side by side, and names the queue messages that must come again.
pub async fn each<F: Future<Output = Result<Done>>>(event: SqsEvent, work: impl Fn(Job) -> F) -> SqsBatchResponse {
    let outcomes = join_all(event.records.iter().map(|record| one(record, &work))).await;
    let mut response = SqsBatchResponse::default();
    for (record, done) in event.records.iter().zip(outcomes) {
        if let (false, Some(id)) = (done, &record.message_id) {
            response.add_failure(id.clone());
        }
    }
    response
}

/// Whether the queue message is done with.
async fn one<F: Future<Output = Result<Done>>>(record: &SqsMessage, work: &impl Fn(Job) -> F) -> bool {
    let id = record.message_id.as_deref().unwrap_or_default();
    let job = match Job::decode(record.body.as_deref().unwrap_or_default()) {
        Ok(job) => job,
        Err(unreadable) => {
            tracing::error!(
                queue.message.id = id,
                ?unreadable,
                "queue message {id} is no job of this version; it will be parked"
            );
            return false;
        }
    };
    match AssertUnwindSafe(work(job.clone())).catch_unwind().await {
        Ok(Ok(Done::Settled)) => true,
        Ok(Ok(Done::NotYet)) => false,
        Ok(Err(error)) => {
            tracing::warn!(?job, ?error, "a job comes again");
            false
        }
        Err(_) => {
            tracing::error!(?job, "carrying out a job panicked");
            false
        }
    }
}
