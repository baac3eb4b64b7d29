//! What AWS does between the functions, one step at a time: the stream is read, batches of jobs are handed over, and those that were
//! not settled come back.

use std::sync::{MutexGuard, PoisonError};

use relay::queue::Waiting;
use store::{Record, Worker};

use super::Stage;
use super::filter::Filters;
use crate::work::{Workers, hand};

/// How long a queue message that was not settled stays out of sight, as in the deployed queue.
const VISIBILITY_SECONDS: i64 = 180;
/// Rounds of draining after which something must be going in circles.
const ROUNDS: usize = 10_000;

/// What the readers of the stream get to see.
#[derive(Debug)]
pub(super) struct Readers {
    relay: Filters,
    analytics: Filters,
}

impl Readers {
    /// As the template has it.
    pub(super) fn deployed() -> Self {
        Self { relay: Filters::of("RelayFunction"), analytics: Filters::of("AnalyticsFunction") }
    }
}

fn passing(filters: &Filters, records: &[Record]) -> Vec<Record> {
    records.iter().filter(|record| filters.pass(record)).cloned().collect()
}

/// How far everything is.
#[derive(Debug, Default)]
pub(super) struct Flow {
    relayed: usize,
    counted: usize,
    hidden: Vec<Waiting>,
    batches: u64,
    returned: usize,
    abandoned: bool,
}

impl Stage {
    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does everything there is to do now: relays, sends, counts. What fails or dies is tried again, as in AWS.
    pub async fn drain(&self) {
        for _ in 0..ROUNDS {
            let relayed = self.relay_once().await;
            let sent = self.work_once(Worker::Send).await;
            let automated = self.work_once(Worker::Automation).await;
            let collected = self.work_once(Worker::Collect).await;
            let counted = self.count_once().await;
            if !relayed && !sent && !automated && !collected && !counted {
                return;
            }
        }
        self.flow().abandoned = true;
        tracing::error!("draining does not come to an end");
    }

    /// How often a job went back to the queue, which burns a receive each time.
    pub fn returned(&self) -> usize {
        self.flow().returned
    }

    /// One batch of the stream through the relay. Whether there was one.
    async fn relay_once(&self) -> bool {
        let from = self.flow().relayed;
        let records = self.memory.stream(from);
        if records.is_empty() {
            return false;
        }
        let passed = passing(&self.filters.relay, &records);
        if let Some(Ok(_)) = self.alive(relay::relay(&self.relay, &passed)).await {
            self.flow().relayed = from + records.len();
        }
        true
    }

    /// One batch of the queue through a worker. Whether there was one.
    async fn work_once(&self, worker: Worker) -> bool {
        let now = self.clock.now();
        let mut bodies = {
            let mut flow = self.flow();
            let (visible, hidden): (Vec<_>, Vec<_>) =
                flow.hidden.drain(..).partition(|hidden| hidden.worker == worker && hidden.from <= now);
            flow.hidden = hidden;
            visible.into_iter().map(|hidden| hidden.body).collect::<Vec<_>>()
        };
        bodies.extend(self.queue.take(worker, 10_usize.saturating_sub(bodies.len()), now));
        if bodies.is_empty() {
            return false;
        }
        let batch = {
            let mut flow = self.flow();
            flow.batches += 1;
            usize::try_from(flow.batches).unwrap_or_default()
        };
        let sender = self.others.get(batch % (self.others.len() + 1)).unwrap_or(&self.sender);
        let workers = Workers { automation: &self.automation, collector: &self.collector, sender };
        let all = || (0..bodies.len()).collect();
        let failed: Vec<usize> = self.alive(hand(worker, workers, &bodies)).await.unwrap_or_else(all);
        let from = now.plus_seconds(VISIBILITY_SECONDS);
        let mut flow = self.flow();
        flow.returned += failed.len();
        let failed = failed.into_iter().filter_map(|at| bodies.get(at));
        flow.hidden.extend(failed.map(|body| Waiting { worker, from, body: body.clone() }));
        true
    }

    /// One batch of the stream through the counters. Whether there was one.
    async fn count_once(&self) -> bool {
        let from = self.flow().counted;
        let records = self.memory.stream(from);
        if records.is_empty() {
            return false;
        }
        let passed = passing(&self.filters.analytics, &records);
        if let Some(Ok(())) = self.alive(domain::flows::tally::tally(&self.analytics.store, &passed)).await {
            self.flow().counted = from + records.len();
        }
        true
    }

    /// Puts a body on the send queue, as a stranger might.
    pub fn queue_raw(&self, body: &str) {
        self.flow().hidden.push(Waiting { worker: Worker::Send, from: self.clock.now(), body: body.to_owned() });
    }

    /// Queue messages out of sight.
    pub fn hidden(&self) -> usize {
        self.flow().hidden.len()
    }

    /// Drops queue messages out of sight, as the queue does when it parks them. Answers with how many there were.
    pub fn park(&self) -> usize {
        std::mem::take(&mut self.flow().hidden).len()
    }

    /// Requests made to the queue: puts, receives and deletes, in batches of ten.
    pub fn queue_requests(&self) -> u64 {
        self.queue.requests() + 2 * self.flow().batches
    }

    /// Reads the stream again from the beginning: everything is relayed and counted once more.
    pub fn replay_stream(&self) {
        let mut flow = self.flow();
        flow.relayed = 0;
        flow.counted = 0;
    }

    /// Leaves work undone on purpose.
    pub fn abandon(&self) {
        self.flow().abandoned = true;
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let flow = self.flow();
        let undone = flow.relayed != self.memory.stream(0).len() || self.queue.waiting() > 0 || !flow.hidden.is_empty();
        assert!(flow.abandoned || !undone, "the stage was left with work undone: drain it, park it or abandon it");
    }
}
