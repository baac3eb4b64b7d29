//! One million rows that are due within an hour: how late each moves, and what that costs, with scans that start once a minute and with
//! scans that are lost, overlap, die or have wrong clocks.
//!
//! Time that a scan waits is skipped, time that it works passes: on one core, with a table that answers at once. The latency of
//! a real table, two answers for each row, comes on top.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use domain::Task;
use kernel::ids::{TaskId, TenantId};
use kernel::{Clock, Time};
use local::stage::Stage;
use reminder_scan::Scanner;
use serde_json::{Value, json};
use store::memory::Fault;

use crate::world::{World, block_on, text};
use crate::{Fallible, note};

/// Rows due in the hour.
const DUE: u32 = 1_000_000;
/// The hour, in milliseconds, and the minute.
const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
/// How far a clock is off, in milliseconds.
const OFF: i64 = 180_000;
/// The call at which a scan dies that dies.
const DEATH: u64 = 5_000;

pub(crate) fn measure() -> Fallible<Value> {
    block_on(async { Ok(json!({ "undisturbed": hour(false).await?, "disturbed": hour(true).await?, "idle": idle().await? })) })
}

/// What happens to the scan of one minute.
#[derive(Clone, Copy)]
enum Fate {
    Starts,
    Lost,
    Meets,
    Dies,
    Off(i64),
}

/// Of ten minutes, half are disturbed.
const fn fate(minute: i64, disturbed: bool) -> Fate {
    match minute % 10 {
        1 if disturbed => Fate::Lost,
        3 if disturbed => Fate::Meets,
        5 if disturbed => Fate::Dies,
        7 if disturbed => Fate::Off(-OFF),
        9 if disturbed => Fate::Off(OFF),
        _ => Fate::Starts,
    }
}

async fn hour(disturbed: bool) -> Fallible<Value> {
    note(if disturbed { "one million in an hour, disturbed" } else { "one million in an hour" });
    let world = World::new(1).await?;
    let stage = &world.stage;
    let listed = world.call(http::Method::GET, "/v1/tenant", None, &[]).await?;
    let tenant = TenantId::parse(&text(&listed.body, "/id")?).ok_or("no tenant")?;
    let scope = stage.store.platform().reopen(tenant).await.map_err(|error| format!("{error:?}"))?;
    let began = stage.clock.now().plus_millis(MINUTE);
    for number in 0..i64::from(DUE) {
        let mut task = Task::new(TaskId::new(&stage.context.ids, &stage.context.clock), "Call".to_owned(), stage.clock.now());
        // Spread over the hour, in no order.
        task.due_at = Some(began.plus_millis(number * 7_919 % i64::from(DUE) * HOUR / i64::from(DUE)));
        scope.create(&task).await.map_err(|error| format!("{error:?}"))?;
    }
    let mut from = stage.memory.stream(0).len();
    stage.memory.forget_stream();

    let before = stage.memory.bill();
    let (mut late, mut early, mut told) = (Vec::new(), 0, HashSet::new());
    let mut awake = 0;
    for minute in 0.. {
        // Within the first three seconds of a minute, as the service that starts it has time.
        let starts = began.plus_millis(minute * MINUTE + minute * 1_009 % 3_000);
        stage.clock.advance(starts.since(stage.clock.now()).max(0)).map_err(|error| format!("{error:?}"))?;
        let (took, off) = scan(stage, fate(minute, disturbed)).await?;
        awake += took;
        let records = stage.memory.stream(from);
        from += records.len();
        stage.memory.forget_stream();
        for task in records.iter().filter_map(|record| record.new_row::<Task>()) {
            let (due, rang) = task.row.due_at.zip(task.row.ringing).ok_or("a task that is not due, or did not ring")?;
            if !told.insert(task.row.id) {
                return Err("a row moved twice".into());
            }
            let millis = rang.since(due) - off;
            early = early.max(-millis);
            late.push(millis);
        }
        if minute >= HOUR / MINUTE && records.is_empty() {
            break;
        }
    }
    let bill = stage.memory.bill().since(before);
    stage.abandon();
    if late.len() != usize::try_from(DUE)? {
        return Err(format!("of {DUE} rows due, {} moved", late.len()).into());
    }
    late.sort_unstable();
    let of = |thousandth: usize| late.get((late.len() - 1) * thousandth / 1_000).copied().unwrap_or_default();
    Ok(json!({
        "rows": late.len(),
        "late_ms": { "p50": of(500), "p99": of(990), "p99_9": of(999), "max": of(1_000) }, "early_ms": early,
        "write_units_per_row": bill.write_units / f64::from(DUE), "read_units_per_row": bill.read_units / f64::from(DUE),
        "awake_seconds": awake / 1_000,
    }))
}

/// The scan of one minute: milliseconds that it took, and how far its clock was off.
async fn scan(stage: &Stage, fate: Fate) -> Fallible<(i64, i64)> {
    let off = if let Fate::Off(off) = fate { off } else { 0 };
    let began = stage.clock.now();
    // Whose clock is off has one of its own.
    let clock = if off == 0 { stage.clock.clone() } else { Clock::manual(began.plus_millis(off)) };
    let scanner = Scanner { store: stage.store.clone(), clock: clock.clone(), stays: true };
    let working = Working::on(clock.clone());
    match fate {
        Fate::Lost => {}
        Fate::Meets => {
            stage.faults.interleave(began.millis().unsigned_abs());
            let (one, other) = tokio::join!(reminder_scan::handle(&scanner), reminder_scan::handle(&scanner));
            one.and(other).map_err(|error| format!("{error:?}"))?;
        }
        Fate::Dies => {
            stage.faults.strike(stage.faults.calls() + DEATH, Fault::CrashBefore);
            if stage.alive(reminder_scan::handle(&scanner)).await.is_some() {
                return Err("a scan lived that was to die".into());
            }
        }
        Fate::Starts | Fate::Off(_) => {
            reminder_scan::handle(&scanner).await.map_err(|error| format!("{error:?}"))?;
        }
    }
    drop(working);
    let took = clock.now().since(began.plus_millis(off));
    let behind = began.plus_millis(took).since(stage.clock.now());
    stage.clock.advance(behind.max(0)).map_err(|error| format!("{error:?}"))?;
    Ok((took, off))
}

/// What a scan costs when nothing is about to be due.
async fn idle() -> Fallible<Value> {
    let world = World::new(1).await?;
    let scanner = Scanner { store: world.stage.store.clone(), clock: world.stage.clock.clone(), stays: true };
    let (before, began): (_, Time) = (world.stage.memory.bill(), world.stage.clock.now());
    reminder_scan::handle(&scanner).await.map_err(|error| format!("{error:?}"))?;
    let bill = world.stage.memory.bill().since(before);
    Ok(json!({
        "requests": bill.requests, "read_units": bill.read_units, "waited_ms": world.stage.clock.now().since(began),
    }))
}

/// While it lives, time passes on a clock that is turned by hand as it does on the wall.
struct Working {
    done: Arc<AtomicBool>,
    hand: Option<JoinHandle<()>>,
}

impl Working {
    fn on(clock: Clock) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&done);
        let hand = std::thread::spawn(move || {
            let began = Instant::now();
            let mut passed = 0;
            while !seen.load(Ordering::Acquire) {
                std::thread::sleep(Duration::from_millis(1));
                let now = i64::try_from(began.elapsed().as_millis()).unwrap_or(passed);
                if clock.advance(now - passed).is_err() {
                    return;
                }
                passed = now;
            }
        });
        Self { done, hand: Some(hand) }
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        if let Some(hand) = self.hand.take() {
            let _ = hand.join();
        }
    }
}
