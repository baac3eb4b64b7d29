//! `relay`: from changes of the table to jobs on the queues of those who carry them out. It alone puts jobs on queues.
//!
//! It is total: a record it does not know is skipped. It may be called any number of times for the same record: a job about a
//! state that has passed is void.

pub mod queue;

use aws::{Connection, Env};
use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use domain::flows::dispatch;
use kernel::{Clock, Result};
use store::{Job, Record, Worker};

pub use queue::Queue;

/// What relaying needs.
#[derive(Debug)]
pub struct Relay {
    /// Where jobs go.
    pub queues: Queues,
    /// Time.
    pub clock: Clock,
}

/// The queue of each worker.
#[derive(Clone, Debug)]
pub struct Queues {
    /// What `automation` works on.
    pub automation: Queue,
    /// What `collect` works on.
    pub collect: Queue,
    /// What `send` works on.
    pub send: Queue,
}

impl Queues {
    /// Those of all workers in this process.
    pub fn memory(memory: &queue::Memory) -> Self {
        let queue = || Queue::Memory(memory.clone());
        Self { automation: queue(), collect: queue(), send: queue() }
    }

    const fn of(&self, worker: Worker) -> &Queue {
        match worker {
            Worker::Automation => &self.automation,
            Worker::Collect => &self.collect,
            Worker::Send => &self.send,
        }
    }
}

impl Relay {
    /// A relay to the queues that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        let queue = |name| Ok::<_, kernel::Error>(Queue::sqs(connection.clone(), env.need(name)?));
        let queues = Queues {
            automation: queue("AUTOMATION_QUEUE_URL")?,
            collect: queue("COLLECT_QUEUE_URL")?,
            send: queue("SEND_QUEUE_URL")?,
        };
        Ok(Self { queues, clock: Clock::System })
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

/// Puts the jobs that the changes ask for on their queues.
pub async fn relay(relay: &Relay, records: &[Record]) -> Result<usize> {
    let jobs: Vec<_> = records.iter().flat_map(dispatch::jobs).collect();
    let now = relay.clock.now();
    for worker in Worker::ALL {
        let its: Vec<&Job> = jobs.iter().filter(|job| job.task.worker() == worker).collect();
        relay.queues.of(worker).put(&its, now).await?;
    }
    Ok(jobs.len())
}
