//! What AWS does between the functions, done in this process: the stream is read, jobs are handed to senders and come back when
//! they were not settled, the clock ticks, the provider tells what became of its messages.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use analytics::Analytics;
use automation::Automation;
use axum::Router;
use axum::body::Body;
use collect::Collector;
use domain::flows::Context;
use http::Request;
use kernel::Time;
use relay::Relay;
use relay::queue::Waiting;
use reminder_scan::Scanner;
use send::Sender;
use send::outbox::{Kept, Outbox};
use store::{Record, Worker};
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval};
use tower::ServiceExt;

use crate::engine::ledger::{Ledger, Ticket};
use crate::engine::{Engine, Positions};
use crate::provider::{Deed, Provider};
use crate::work::{Workers, hand};

/// Records read at a time.
const RECORDS: usize = 500;
/// Records that may be under way before reading pauses.
const UNDER_WAY: usize = 5_000;
/// Jobs of one batch, as the deployed queue hands them over.
const BATCH: usize = 10;
/// Senders side by side.
const SENDERS: usize = 4;
/// How long a job that was not settled stays out of sight.
const HIDDEN_MILLIS: i64 = 10_000;
/// How often a job is tried before it is parked.
const RECEIVES: u32 = 30;
/// How far back the provider tells again after a start: what it told before is recognised.
const RETELL_MILLIS: i64 = 50 * 60 * 1000;

/// Everything that moves.
pub struct Pump {
    /// The embedded table.
    pub engine: Engine,
    /// Changes to jobs.
    pub relay: Relay,
    /// Where the relay puts them.
    pub queue: relay::queue::Memory,
    /// Jobs to providers.
    pub sender: Sender,
    /// Jobs to rows.
    pub automation: Automation,
    /// Looks into mailboxes.
    pub collector: Collector,
    /// Changes to counters.
    pub analytics: Analytics,
    /// What is due.
    pub scanner: Scanner,
    /// What was sent.
    pub outbox: Outbox,
    /// Who tells what became of it.
    pub provider: &'static Provider,
    /// Whom it tells.
    pub intake: Router,
    /// Time, ids and keys.
    pub context: Context,
}

/// A job on its way.
#[derive(Debug)]
struct Job {
    ticket: Ticket,
    worker: Worker,
    body: String,
    visible: Time,
    receives: u32,
}

#[derive(Debug)]
struct Work {
    ledger: Ledger,
    jobs: VecDeque<Job>,
}

type Shared = Arc<Mutex<Work>>;

fn lock(work: &Shared) -> MutexGuard<'_, Work> {
    work.lock().unwrap_or_else(PoisonError::into_inner)
}

fn ticking(millis: u64) -> tokio::time::Interval {
    let mut ticks = interval(Duration::from_millis(millis));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

impl Pump {
    /// Starts every pump.
    pub fn start(self: Arc<Self>) -> Result<Vec<JoinHandle<()>>, String> {
        let positions = Arc::new(Mutex::new(self.engine.positions()?));
        let saved = |reader: &str| {
            let positions = positions.lock().unwrap_or_else(PoisonError::into_inner);
            positions.of(reader).map(str::to_owned)
        };
        let work = Arc::new(Mutex::new(Work { ledger: Ledger::after(saved("relay").as_deref()), jobs: VecDeque::new() }));
        let mut tasks = vec![
            tokio::spawn(self.clone().relaying(work.clone(), positions.clone())),
            tokio::spawn(self.clone().counting(saved("analytics"), positions.clone())),
            tokio::spawn(self.clone().scanning(positions)),
            tokio::spawn(self.clone().telling()),
        ];
        tasks.extend((0..SENDERS).map(|_| tokio::spawn(self.clone().working(Worker::Send, work.clone()))));
        tasks.push(tokio::spawn(self.clone().working(Worker::Automation, work.clone())));
        tasks.push(tokio::spawn(self.clone().working(Worker::Collect, work)));
        Ok(tasks)
    }

    /// Stream to jobs. The position is saved at most five times a second, and only over what is done with.
    async fn relaying(self: Arc<Self>, work: Shared, positions: Arc<Mutex<Positions>>) {
        let mut ticks = ticking(20);
        let mut round = 0_u32;
        loop {
            ticks.tick().await;
            let (from, room) = {
                let work = lock(&work);
                (work.ledger.read().map(str::to_owned), work.ledger.under_way() < UNDER_WAY)
            };
            if room {
                match self.engine.records(from.as_deref(), RECORDS) {
                    Ok(batch) => self.relay_batch(&work, &batch.records).await,
                    Err(error) => tracing::error!(error, "the stream cannot be read"),
                }
            }
            round = round.wrapping_add(1);
            if round.is_multiple_of(10) {
                let position = lock(&work).ledger.position().map(str::to_owned);
                save(&positions, "relay", position);
            }
        }
    }

    async fn relay_batch(&self, work: &Shared, records: &[Record]) {
        for record in records {
            let Some(ticket) = lock(work).ledger.begin(record.sequence()) else { continue };
            if let Err(error) = relay::relay(&self.relay, std::slice::from_ref(record)).await {
                // Never done with: the position stays before it, and the next start relays it again.
                tracing::error!(?error, "a record was not relayed");
                continue;
            }
            let bodies = self.queue.empty();
            let mut work = lock(work);
            work.ledger.split(ticket, bodies.len());
            work.ledger.done(ticket);
            let job = |Waiting { worker, from, body }| Job { ticket, worker, body, visible: from, receives: 0 };
            work.jobs.extend(bodies.into_iter().map(job));
        }
    }

    /// Jobs to those who carry them out, ten at a time. What was not settled comes back after a while, and is parked in the end.
    async fn working(self: Arc<Self>, worker: Worker, work: Shared) {
        let mut ticks = ticking(15);
        loop {
            let now = self.context.clock.now();
            let batch = take(&work, worker, now);
            if batch.is_empty() {
                ticks.tick().await;
                continue;
            }
            let bodies: Vec<String> = batch.iter().map(|job| job.body.clone()).collect();
            let (automation, collector, sender) = (&self.automation, &self.collector, &self.sender);
            let failed = hand(worker, Workers { automation, collector, sender }, &bodies).await;
            let visible = self.context.clock.now().plus_millis(HIDDEN_MILLIS);
            let mut work = lock(&work);
            for (at, job) in batch.into_iter().enumerate() {
                let receives = job.receives + 1;
                if !failed.contains(&at) {
                    work.ledger.done(job.ticket);
                } else if receives >= RECEIVES {
                    tracing::error!(job = job.body, "a job is parked after {receives} tries");
                    work.ledger.done(job.ticket);
                } else {
                    work.jobs.push_back(Job { visible, receives, ..job });
                }
            }
        }
    }

    /// Changes to counters.
    async fn counting(self: Arc<Self>, mut reached: Option<String>, positions: Arc<Mutex<Positions>>) {
        let mut ticks = ticking(250);
        loop {
            let records = match self.engine.records(reached.as_deref(), RECORDS) {
                Ok(batch) => batch.records,
                Err(error) => {
                    tracing::error!(error, "the stream cannot be read");
                    Vec::new()
                }
            };
            let Some(last) = records.last().map(|record| record.sequence().to_owned()) else {
                ticks.tick().await;
                continue;
            };
            match domain::flows::tally::tally(&self.analytics.store, &records).await {
                Ok(()) => {
                    save(&positions, "analytics", Some(last.clone()));
                    reached = Some(last);
                }
                Err(error) => {
                    tracing::error!(?error, "changes were not counted");
                    ticks.tick().await;
                }
            }
        }
    }

    /// The clock's minute, shortened to two seconds for people who wait for it, and housekeeping.
    async fn scanning(self: Arc<Self>, positions: Arc<Mutex<Positions>>) {
        let mut ticks = ticking(2_000);
        let mut round = 0_u32;
        loop {
            ticks.tick().await;
            if let Err(error) = reminder_scan::handle(&self.scanner).await {
                tracing::error!(?error, "the scan of what is due failed");
            }
            round = round.wrapping_add(1);
            if round.is_multiple_of(300) {
                self.tidy(&positions);
            }
        }
    }

    fn tidy(&self, positions: &Mutex<Positions>) {
        let finished = positions.lock().unwrap_or_else(PoisonError::into_inner).all(&["relay", "analytics"]).map(str::to_owned);
        let trimmed = finished.map(|finished| self.engine.trim(&finished, self.context.clock.now()));
        for problem in [self.engine.sweep().err(), trimmed.and_then(Result::err)].into_iter().flatten() {
            tracing::error!(problem, "housekeeping failed");
        }
    }

    /// What became of the messages in the outbox: delivered, and what the mailbox simulator's addresses do beside.
    async fn telling(self: Arc<Self>) {
        let mut ticks = ticking(200);
        let horizon = self.context.clock.now().plus_millis(-RETELL_MILLIS);
        let mut told = 0;
        loop {
            ticks.tick().await;
            let taken = self.outbox.taken();
            let new = usize::try_from(taken.saturating_sub(told)).unwrap_or(usize::MAX);
            let kept = self.outbox.kept();
            for kept in kept.iter().skip(kept.len().saturating_sub(new)).filter(|kept| kept.at > horizon) {
                self.tell(kept).await;
            }
            told = taken;
        }
    }

    /// Plain SMTP tells nothing.
    async fn tell(&self, kept: &Kept) {
        let address = kept.to.first().map(ToString::to_string).unwrap_or_default();
        let at = kept.at.plus_millis(500);
        let deed = Deed::of_address(&address);
        let deeds = if deed == Deed::Complain { vec![Deed::Deliver, Deed::Complain] } else { vec![deed] };
        for deed in deeds.into_iter().filter(|_| !kept.tag.is_empty()) {
            let post = match self.provider.post(kept, deed, at) {
                Ok(post) => post,
                Err(error) => {
                    tracing::error!(?error, "the provider cannot tell");
                    continue;
                }
            };
            let request = Request::post("/hooks/ses").header("content-type", "text/plain").body(Body::from(post));
            let Ok(request) = request else { continue };
            if let Ok(response) = self.intake.clone().oneshot(request).await
                && !response.status().is_success()
            {
                tracing::error!(status = response.status().as_u16(), "the provider was not heard");
            }
        }
    }
}

fn take(work: &Shared, worker: Worker, now: Time) -> Vec<Job> {
    let mut work = lock(work);
    let mut batch = Vec::new();
    let mut later = VecDeque::new();
    while let Some(job) = work.jobs.pop_front() {
        if batch.len() < BATCH && job.worker == worker && job.visible <= now {
            batch.push(job);
        } else {
            later.push_back(job);
        }
        if batch.len() == BATCH {
            break;
        }
    }
    later.append(&mut work.jobs);
    work.jobs = later;
    batch
}

fn save(positions: &Mutex<Positions>, reader: &str, position: Option<String>) {
    let mut positions = positions.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(position) = position.filter(|position| positions.of(reader) != Some(position.as_str()))
        && let Err(error) = positions.save(reader, &position)
    {
        tracing::error!(error, "a position cannot be saved");
    }
}
