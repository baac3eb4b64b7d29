//! `reminder-scan`: once a minute, whatever is due moves to its next state. It sends nothing and decides nothing about sending.
//!
//! Any number of scans may overlap, come late or die half way: each row moves on the condition that it is still due at the very
//! moment it was found at, so it moves once.

use std::time::Duration;

use aws::{Connection, Env};
use domain::flows::release::{Released, awaited, release};
use futures_util::future::join_all;
use kernel::{Clock, Result, Time};
use serde::Serialize;
use store::schema::DUE_SHARDS;
use store::{Due, Dynamo, Store, Table};

/// Rows taken from one shard at a time.
const CHUNK: u16 = 100;
/// How long one scan goes on before it leaves the rest to the next, which starts within the minute.
const BUDGET_MILLIS: i64 = 57_000;
/// Least and longest time from one look to the next.
const PAUSE_MILLIS: (i64, i64) = (1_000, 5_000);

/// What scanning needs.
#[derive(Debug)]
pub struct Scanner {
    /// The table behind its doors.
    pub store: Store,
    /// Time.
    pub clock: Clock,
    /// Whether a scan stays for what is due before the next one.
    pub stays: bool,
}

/// What a scan did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scanned {
    /// Rows that moved on.
    pub moved: u64,
    /// Rows that somebody else moved first.
    pub passed: u64,
    /// Times that a row was met of a kind that this build does not know.
    pub unknown: u64,
    /// Times that a row could not be moved; the next look finds it again.
    pub failed: u64,
}

/// What one look found.
#[derive(Debug, Default)]
struct Look {
    scanned: Scanned,
    /// When the next row is due that somebody waits for, if that is soon.
    next: Option<Time>,
}

impl Scanner {
    /// A scanner of the table that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        let table = Table::Dynamo(Dynamo::connect(&connection, env.need("TABLE_NAME")?));
        Ok(Self { store: Store::new(table), clock: Clock::System, stays: true })
    }
}

/// Moves what is due, and what becomes due while it stays.
pub async fn handle(scanner: &Scanner) -> Result<Scanned> {
    let started = scanner.clock.now();
    let until = started.plus_millis(BUDGET_MILLIS);
    let horizon = if scanner.stays { until } else { started };
    let (least, longest) = PAUSE_MILLIS;
    let mut total = Scanned::default();
    loop {
        let began = scanner.clock.now();
        let failed = total.failed;
        let mut next = None;
        let mut lost = None;
        // All shards side by side.
        for look in join_all((0..DUE_SHARDS).map(|shard| look(scanner, shard, horizon, until))).await {
            match look {
                Ok(look) => {
                    total.add(look.scanned);
                    next = [next, look.next].into_iter().flatten().min();
                }
                Err(error) => lost = Some(error),
            }
        }
        let undone = lost.is_some() || total.failed > failed;
        let again = match next {
            Some(next) => Some(next.clamp(began.plus_millis(least), began.plus_millis(longest))),
            None => undone.then(|| began.plus_millis(longest)),
        };
        // What is due at the very end has a last look.
        match (again.map(|again| again.min(horizon)).filter(|again| *again > began), lost) {
            (Some(again), lost) => {
                if let Some(error) = lost {
                    tracing::warn!(?error, "a look at what is due failed");
                }
                wait(&scanner.clock, again).await;
            }
            (None, Some(error)) => return Err(error),
            (None, None) => break,
        }
    }
    if total.failed > 0 || total.unknown > 0 {
        tracing::warn!(failed = total.failed, unknown = total.unknown, "some due rows did not move");
    }
    Ok(total)
}

impl Scanned {
    fn add(&mut self, other: Self) {
        self.moved += other.moved;
        self.passed += other.passed;
        self.unknown += other.unknown;
        self.failed += other.failed;
    }
}

/// Moves what is due in one shard, and says when the next of it is.
async fn look(scanner: &Scanner, shard: u8, horizon: Time, until: Time) -> Result<Look> {
    let mut look = Look::default();
    let mut last: Option<Due> = None;
    loop {
        let now = scanner.clock.now();
        let found = scanner.store.due(shard, last.as_ref(), horizon.max(now), CHUNK).await?;
        let full = found.len() == usize::from(CHUNK);
        let (due, soon) = found.split_at(found.partition_point(|row| row.at() <= now));
        for outcome in join_all(due.iter().map(|row| release(row, now))).await {
            match outcome {
                Ok(Released::Moved) => look.scanned.moved += 1,
                Ok(Released::Passed) => look.scanned.passed += 1,
                Ok(Released::Unknown) => look.scanned.unknown += 1,
                Err(error) => {
                    tracing::warn!(?error, "a due row did not move");
                    look.scanned.failed += 1;
                }
            }
        }
        if !full || !soon.is_empty() {
            // What is behind a full chunk is later than its last row, whoever waits for it.
            let end = soon.last().filter(|_| full);
            look.next = soon.iter().find(|row| awaited(row)).or(end).map(Due::at);
            return Ok(look);
        }
        if scanner.clock.now() >= until {
            return Ok(look);
        }
        // What could not be moved has its turn again in the next look, and holds nobody up in this one.
        last = found.into_iter().next_back();
    }
}

/// Lets time pass until then. A clock that is turned by hand is turned.
#[expect(
    clippy::disallowed_methods,
    reason = "the wait between two looks of one scan: at most five seconds, for rows that are in the index"
)]
async fn wait(clock: &Clock, until: Time) {
    let millis = until.since(clock.now()).max(0);
    // Only a system clock refuses to be turned.
    if clock.advance(millis).is_err() {
        tokio::time::sleep(Duration::from_millis(millis.unsigned_abs())).await;
    }
}
