//! `relay`: from changes of the table to jobs on the send queue. It alone puts jobs on queues.
//!
//! It is total: a record it does not know is skipped. It may be called any number of times for the same record: a job about a
//! state that has passed is void.

pub mod queue;

use aws::{Connection, Env};
use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use domain::flows::dispatch;
use kernel::{Clock, Result};
use store::Record;

pub use queue::Queue;

/// What relaying needs.
#[derive(Debug)]
pub struct Relay {
    /// The send queue.
    pub queue: Queue,
    /// Time.
    pub clock: Clock,
}

impl Relay {
    /// A relay to the queue that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let queue = Queue::sqs(Connection::from_env(env)?, env.need("SEND_QUEUE_URL")?);
        Ok(Self { queue, clock: Clock::System })
    }
}

/// Handles a batch of the table's stream. An error makes the whole batch come again.
pub async fn handle(relay: &Relay, event: Event) -> Result<DynamoDbEventResponse> {
    let records: Vec<Record> = event
        .records
        .into_iter()
        .map(|record| {
            let change = record.change;
            Record::of_event(change.old_image.into(), change.new_image.into(), change.sequence_number)
        })
        .collect();
    self::relay(relay, &records).await?;
    Ok(DynamoDbEventResponse::default())
}

/// Puts the jobs that the changes ask for on the queue.
pub async fn relay(relay: &Relay, records: &[Record]) -> Result<usize> {
    let jobs: Vec<_> = records.iter().filter_map(dispatch::jobs).collect();
    relay.queue.put(&jobs, relay.clock.now()).await?;
    Ok(jobs.len())
}
