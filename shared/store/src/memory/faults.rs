//! Faults on command, shared by every in-process stand-in of a port: the table, the queue, the carrier.
//!
//! Each port call has two crash points, before it has taken effect and after. A crash never returns to the caller: the call
//! hangs for ever and [`Faults::crashed`] tells whoever runs the handler to drop it there, as a killed process would stop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use kernel::Cause;
use tokio::sync::Notify;

use crate::table::TableError;

/// What goes wrong at one port call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The process dies before the call takes effect.
    CrashBefore,
    /// The process dies after it took effect, before the answer.
    CrashAfter,
    /// It takes effect, but the answer is lost.
    LostReply,
    /// It is refused for going too fast.
    Throttle,
    /// Another transaction is in the way.
    Conflict,
}

/// A plan of faults and the log of port calls.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    state: Arc<Mutex<Plan>>,
    crash: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Plan {
    calls: u64,
    log: Option<Vec<&'static str>>,
    at: Vec<(u64, Fault)>,
    seed: Option<(u64, u64)>,
    turns: Option<u64>,
    struck: Vec<(u64, &'static str, Fault)>,
}

impl Faults {
    /// No faults; calls are counted.
    pub fn none() -> Self {
        Self::default()
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a fault at the `call`-th port call from the start, counted from 0.
    pub fn strike(&self, call: u64, fault: Fault) {
        self.plan().at.push((call, fault));
    }

    /// Strikes about one call in `one_in` with a fault drawn from the seed.
    pub fn seeded(seed: u64, one_in: u64) -> Self {
        let faults = Self::default();
        faults.plan().seed = Some((seed, one_in.max(1)));
        faults
    }

    /// From now on a call lets others go first, once or twice or not at all, as drawn from the seed: what runs side by side is
    /// interleaved, the same way for the same seed.
    pub fn interleave(&self, seed: u64) {
        self.plan().turns = Some(seed);
    }

    /// From now on nothing fails.
    pub fn calm(&self) {
        let mut plan = self.plan();
        plan.at.clear();
        plan.seed = None;
    }

    /// Keeps the names of the calls from now on.
    pub fn record(&self) {
        self.plan().log = Some(Vec::new());
    }

    /// The names of the calls since [`Faults::record`].
    pub fn log(&self) -> Vec<&'static str> {
        self.plan().log.clone().unwrap_or_default()
    }

    /// Port calls so far.
    pub fn calls(&self) -> u64 {
        self.plan().calls
    }

    /// Faults that really happened: call number, port, fault.
    pub fn struck(&self) -> Vec<(u64, &'static str, Fault)> {
        self.plan().struck.clone()
    }

    /// Resolves when a crash has been reached.
    pub async fn crashed(&self) {
        self.crash.notified().await;
    }

    fn next(&self, port: &'static str) -> Option<Fault> {
        let mut plan = self.plan();
        let call = plan.calls;
        plan.calls += 1;
        if let Some(log) = &mut plan.log {
            log.push(port);
        }
        let fault = plan.at.iter().find(|(at, _)| *at == call).map(|(_, fault)| *fault).or_else(|| draw(plan.seed, call));
        if let Some(fault) = fault {
            plan.struck.push((call, port, fault));
        }
        fault
    }

    /// To be called before a port call takes effect.
    pub async fn before(&self, port: &'static str) -> Result<Option<Fault>, TableError> {
        let fault = self.next(port);
        self.wait_turns(0).await;
        match fault {
            Some(Fault::CrashBefore) => self.die().await,
            Some(Fault::Throttle) => Err(TableError::Throttled),
            Some(Fault::Conflict) => Err(TableError::Contended),
            Some(Fault::CrashAfter | Fault::LostReply) | None => Ok(fault),
        }
    }

    /// To be called after it took effect.
    pub async fn after(&self, port: &'static str, fault: Option<Fault>) -> Result<(), TableError> {
        self.wait_turns(1).await;
        match fault {
            Some(Fault::CrashAfter) => self.die().await,
            Some(Fault::LostReply) => Err(TableError::Lost(Cause::new(format!("the reply of {port} was lost")))),
            Some(Fault::CrashBefore | Fault::Throttle | Fault::Conflict) | None => Ok(()),
        }
    }

    async fn wait_turns(&self, salt: u64) {
        let (turns, calls) = {
            let plan = self.plan();
            (plan.turns, plan.calls)
        };
        let Some(seed) = turns else { return };
        for _ in 0..mix(seed ^ salt, calls) % 3 {
            let mut went = false;
            std::future::poll_fn(|task| {
                if std::mem::replace(&mut went, true) {
                    return Poll::Ready(());
                }
                task.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
        }
    }

    async fn die<T>(&self) -> T {
        self.crash.notify_one();
        std::future::pending().await
    }
}

fn mix(seed: u64, call: u64) -> u64 {
    let mut z = seed ^ call.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

fn draw(seed: Option<(u64, u64)>, call: u64) -> Option<Fault> {
    let (seed, one_in) = seed?;
    let z = mix(seed, call);
    if !z.is_multiple_of(one_in) {
        return None;
    }
    Some(match (z / one_in) % 5 {
        0 => Fault::CrashBefore,
        1 => Fault::CrashAfter,
        2 => Fault::LostReply,
        3 => Fault::Throttle,
        _ => Fault::Conflict,
    })
}
