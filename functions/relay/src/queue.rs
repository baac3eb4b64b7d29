//! The queue port.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws::Connection;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use kernel::{Error, Result};
use store::Job;
use store::memory::Faults;

/// Most messages of one request.
const BATCH: usize = 10;

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

/// See [`Queue::Memory`]. Clones share their content.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    bodies: Arc<Mutex<VecDeque<String>>>,
    requests: Arc<Mutex<u64>>,
    faults: Faults,
}

impl Memory {
    /// An empty queue that fails as `faults` says.
    pub fn new(faults: Faults) -> Self {
        Self { faults, ..Self::default() }
    }

    /// Takes up to `most` bodies off the queue, oldest first.
    pub fn take(&self, most: usize) -> Vec<String> {
        let mut bodies = self.bodies.lock().unwrap_or_else(PoisonError::into_inner);
        let count = most.min(bodies.len());
        bodies.drain(..count).collect()
    }

    /// How many are waiting.
    pub fn waiting(&self) -> usize {
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Requests made to put jobs here.
    pub fn requests(&self) -> u64 {
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn put(&self, batch: &[Job]) -> Result<()> {
        let failed = |_| Error::unavailable("the queue did not answer");
        let fault = self.faults.before("queue.put").await.map_err(failed)?;
        *self.requests.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.bodies.lock().unwrap_or_else(PoisonError::into_inner).extend(batch.iter().map(Job::encode));
        self.faults.after("queue.put", fault).await.map_err(failed)
    }
}

impl Queue {
    /// The SQS queue at that address.
    pub fn sqs(connection: Connection, url: String) -> Self {
        Self::Sqs(Sqs { connection, client: Arc::default(), url })
    }

    /// Puts jobs on the queue, in batches of ten. An error means that some may be missing: put them all again.
    pub async fn put(&self, jobs: &[Job]) -> Result<()> {
        for batch in jobs.chunks(BATCH) {
            match self {
                Self::Sqs(queue) => queue.put(batch).await?,
                Self::Memory(queue) => queue.put(batch).await?,
            }
        }
        Ok(())
    }
}

impl Sqs {
    async fn put(&self, batch: &[Job]) -> Result<()> {
        let client = self.client.get_or_init(|| Client::new(self.connection.config()));
        let entries = batch
            .iter()
            .enumerate()
            .map(|(at, job)| {
                // One group per tenant: a noisy tenant does not make the others wait (SQS fair queues).
                let entry = SendMessageBatchRequestEntry::builder().id(at.to_string()).message_body(job.encode());
                entry.message_group_id(job.group()).build().map_err(|error| Error::internal(error.to_string()))
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
