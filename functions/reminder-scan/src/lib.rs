//! `reminder-scan`: once a minute, whatever is due moves to its next state. It sends nothing and decides nothing about sending.
//!
//! Any number of scans may overlap, come late or die half way: each row moves on the condition that it is still due at the very
//! moment it was found at, so it moves once.

use aws::{Connection, Env};
use domain::flows::release::{Released, release};
use futures_util::future::join_all;
use kernel::{Clock, Result};
use serde::Serialize;
use store::schema::DUE_SHARDS;
use store::{Dynamo, Store, Table};

/// Rows taken from one shard at a time.
const CHUNK: u16 = 100;
/// How long one scan goes on before it leaves the rest to the next.
const BUDGET_MILLIS: i64 = 45_000;

/// What scanning needs.
#[derive(Debug)]
pub struct Scanner {
    /// The table behind its doors.
    pub store: Store,
    /// Time.
    pub clock: Clock,
}

/// What a scan did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Scanned {
    /// Rows that moved on.
    pub moved: u64,
    /// Rows that somebody else moved first.
    pub passed: u64,
    /// Rows of kinds that this build does not know.
    pub unknown: u64,
    /// Rows that could not be moved this time; the next scan finds them again.
    pub failed: u64,
}

impl Scanner {
    /// A scanner of the table that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        let table = Table::Dynamo(Dynamo::connect(&connection, env.need("TABLE_NAME")?));
        Ok(Self { store: Store::new(table), clock: Clock::System })
    }
}

/// Scans every shard of the due index, all of them side by side.
pub async fn handle(scanner: &Scanner) -> Result<Scanned> {
    let started = scanner.clock.now();
    let until = started.plus_millis(BUDGET_MILLIS);
    let shards = join_all((0..DUE_SHARDS).map(|shard| shard_of(scanner, shard, until))).await;
    let mut total = Scanned::default();
    for scanned in shards {
        let scanned = scanned?;
        total.moved += scanned.moved;
        total.passed += scanned.passed;
        total.unknown += scanned.unknown;
        total.failed += scanned.failed;
    }
    if total.failed > 0 || total.unknown > 0 {
        tracing::warn!(failed = total.failed, unknown = total.unknown, "some due rows did not move");
    }
    Ok(total)
}

async fn shard_of(scanner: &Scanner, shard: u8, until: kernel::Time) -> Result<Scanned> {
    let mut scanned = Scanned::default();
    loop {
        let now = scanner.clock.now();
        let due = scanner.store.due(shard, now, CHUNK).await?;
        let full = due.len() == usize::from(CHUNK);
        let before = scanned.moved;
        for outcome in join_all(due.iter().map(|row| release(row, now))).await {
            match outcome {
                Ok(Released::Moved) => scanned.moved += 1,
                Ok(Released::Passed) => scanned.passed += 1,
                Ok(Released::Unknown) => scanned.unknown += 1,
                Err(error) => {
                    tracing::warn!(?error, "a due row did not move");
                    scanned.failed += 1;
                }
            }
        }
        // A chunk in which nothing moved would be found again at once: the next scan tries.
        if !full || scanned.moved == before || scanner.clock.now() >= until {
            return Ok(scanned);
        }
    }
}
