//! The queue port.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use aws::Connection;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use kernel::{Error, Result, Time};
use store::memory::Faults;
use store::{Job, Worker};

/// Most messages of one request.
const BATCH: usize = 10;
/// Longest that the queue holds a message back, in seconds.
const LONGEST: i64 = 900;

/// Where jobs go. A closed enum, dispatched statically.
#[derive(Clone, Debug)]
pub enum Queue {
    /// An SQS queue.
    Sqs(Sqs),
    /// In this process.
    Memory(Memory),
}

/// See [`Queue::Sqs`].
#[derive(Clone, Debug)]
pub struct Sqs {
    connection: Connection,
    client: Arc<OnceLock<Client>>,
    url: String,
}

/// See [`Queue::Memory`]: the queues of all workers. Clones share their content.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    waiting: Arc<Mutex<VecDeque<Waiting>>>,
    requests: Arc<Mutex<u64>>,
    faults: Faults,
}

/// A body on a queue in this process.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Who takes it off.
    pub worker: Worker,
    /// When it may be taken off.
    pub from: Time,
    /// The body.
    pub body: String,
}

/// How long the queue holds a job back that is put on it now, in seconds.
fn delay(job: &Job, now: Time) -> i64 {
    job.at.map_or(0, |at| ((at.since(now) + 999).div_euclid(1000)).clamp(0, LONGEST))
}

impl Memory {
    /// An empty queue that fails as `faults` says.
    pub fn new(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    fn bodies(&self) -> MutexGuard<'_, VecDeque<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up to `most` bodies for a worker off the queue that it does not hold back any more, oldest first.
    pub fn take(&self, worker: Worker, most: usize, now: Time) -> Vec<String> {
        let mut bodies = self.bodies();
        let mut taken = Vec::new();
        while taken.len() < most {
            let Some(at) = bodies.iter().position(|waiting| waiting.worker == worker && waiting.from <= now) else { break };
            taken.extend(bodies.remove(at).map(|waiting| waiting.body));
        }
        taken
    }

    /// Takes everything off the queue, also what it holds back.
    pub fn empty(&self) -> Vec<Waiting> {
        self.bodies().drain(..).collect()
    }

    /// How many are waiting.
    pub fn waiting(&self) -> usize {
        self.bodies().len()
    }

    /// Requests made to put jobs here.
    pub fn requests(&self) -> u64 {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn put(&self, batch: &[&Job], now: Time) -> Result<()> {
        let failed = |_| Error::unavailable("the queue did not answer");
        let fault = self.faults.before("queue.put").await.map_err(failed)?;
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        let waiting =
            |job: &&Job| Waiting { worker: job.task.worker(), from: now.plus_seconds(delay(job, now)), body: job.encode() };
        self.bodies().extend(batch.iter().map(waiting));
        self.faults.after("queue.put", fault).await.map_err(failed)
    }
}

impl Queue {
    /// The SQS queue at that address.
    pub fn sqs(connection: Connection, url: String) -> Self {
        Self::Sqs(Sqs { connection, client: Arc::default(), url })
    }

    /// Puts jobs on the queue, in batches of ten. An error means that some may be missing: put them all again.
    pub async fn put(&self, jobs: &[&Job], now: Time) -> Result<()> {
        for batch in jobs.chunks(BATCH) {
            match self {
                Self::Sqs(queue) => queue.put(batch, now).await?,
                Self::Memory(queue) => queue.put(batch, now).await?,
            }
        }
        Ok(())
    }
}

impl Sqs {
    async fn put(&self, batch: &[&Job], now: Time) -> Result<()> {
        let client = self.client.get_or_init(|| Client::new(self.connection.config()));
        let entries = batch
            .iter()
            .enumerate()
            .map(|(at, job)| {
                // One group per tenant: a noisy tenant does not make the others wait (SQS fair queues).
                let entry = SendMessageBatchRequestEntry::builder().id(at.to_string()).message_body(job.encode());
                let delay = i32::try_from(delay(job, now)).ok().filter(|delay| *delay > 0);
                entry
                    .set_delay_seconds(delay)
                    .message_group_id(job.group())
                    .build()
                    .map_err(|error| Error::internal(error.to_string()))
            })
            .collect::<Result<Vec<_>>>()?;
        let request = client.send_message_batch().queue_url(&self.url).set_entries(Some(entries));
        let output = request.send().await.map_err(|error| Error::unavailable(format!("SQS SendMessageBatch: {error:?}")))?;
        match output.failed().first() {
            None => Ok(()),
            Some(failed) => Err(Error::unavailable(format!("SQS refused a job: {}", failed.code()))),
        }
    }
}
