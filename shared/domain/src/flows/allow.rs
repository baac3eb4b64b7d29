//! Spending allowances: from memory while there is a grant, with one conditional write when there is none, and with neither once a
//! window is known to be used up. The rule is general: requests of a tenant, sends of an account, anything with a limit and a window.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::ids::TenantId;
use kernel::{Clock, Result, Time};
use store::change::{n, number, s};
use store::schema::attr;
use store::{Change, Cond, TenantScope};

use crate::allowance::{Allowance, Policy};

/// Most pockets kept; beyond it those of past windows go, and then all: what was in them is lost, never handed out twice.
const MOST: usize = 10_000;

/// What is asked for: to do something once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whose allowance, and of what. Free of `#`.
    pub subject: String,
    /// How often it may be done.
    pub policy: Policy,
}

/// What is left of an allowance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// How often more, as far as this process knows.
    pub times: u32,
    /// Seconds until the window ends, rounded up.
    pub seconds: u32,
}

/// How it was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// When it was not allowed: after how many seconds it may be asked for again. Nothing was spent then.
    pub wait: Option<u32>,
    /// What is left of each, in the order they were asked for. `None`: not known here, since another one refused first.
    pub left: Vec<Option<Left>>,
}

/// The part of a window's limit that this process holds.
#[derive(Clone, Copy, Debug)]
struct Pocket {
    policy: Policy,
    start: Time,
    /// What is to be spent.
    tokens: u32,
    /// What all processes together had been handed out at the last grant.
    used: u32,
    /// What to take next.
    grant: u32,
}

impl Pocket {
    const fn left(&self) -> u32 {
        self.policy.limit.saturating_sub(self.used).saturating_add(self.tokens)
    }
}

type Pockets = HashMap<(TenantId, String), Pocket>;

/// See the module's words.
#[derive(Clone, Debug)]
pub struct Allowances {
    clock: Clock,
    pockets: Arc<Mutex<Pockets>>,
}

impl Allowances {
    /// Nothing taken yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, pockets: Arc::default() }
    }

    fn pockets(&self) -> MutexGuard<'_, Pockets> {
        self.pockets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Spends one time of each of these allowances, or of none.
    pub async fn spend(&self, scope: &TenantScope, asks: &[Ask]) -> Result<Spent> {
        let now = self.clock.now();
        // Every turn but the last takes a grant or finds a window used up, so there are not many.
        loop {
            let (ask, grant) = match self.look(scope.tenant(), asks, now) {
                Look::Settled(spent) => return Ok(spent),
                Look::Lacks(ask, grant) => (ask, grant),
            };
            let (granted, used) = take(scope, ask, grant, now).await?;
            self.keep(scope.tenant(), ask, now, granted, used);
        }
    }

    /// Spends from the pockets if that is possible, or says what stands in the way.
    fn look<'a>(&self, tenant: TenantId, asks: &'a [Ask], now: Time) -> Look<'a> {
        let mut pockets = self.pockets();
        let known = |pockets: &Pockets, ask: &Ask| {
            let pocket = pockets.get(&(tenant, ask.subject.clone())).copied();
            // A pocket of another window or another limit is worth nothing.
            pocket.filter(|pocket| pocket.policy == ask.policy && pocket.start == ask.policy.start(now))
        };
        let seconds = |ask: &Ask| u32::try_from((ask.policy.end(now).since(now) + 999) / 1000).unwrap_or(u32::MAX);
        let left = |pockets: &Pockets| {
            let left = |ask: &Ask| known(pockets, ask).map(|pocket| Left { times: pocket.left(), seconds: seconds(ask) });
            asks.iter().map(left).collect()
        };
        // Who may not do one thing is not to use up another: nothing is spent before all are known to have something.
        let empty = asks.iter().filter(|ask| known(&pockets, ask).is_some_and(|pocket| pocket.left() == 0));
        if let Some(wait) = empty.map(seconds).max() {
            return Look::Settled(Spent { wait: Some(wait), left: left(&pockets) });
        }
        for ask in asks {
            match known(&pockets, ask) {
                Some(pocket) if pocket.tokens > 0 => {}
                Some(pocket) => return Look::Lacks(ask, pocket.grant.min(pocket.left())),
                None => return Look::Lacks(ask, ask.policy.grant),
            }
        }
        for ask in asks {
            if let Some(pocket) = pockets.get_mut(&(tenant, ask.subject.clone())) {
                pocket.tokens = pocket.tokens.saturating_sub(1);
            }
        }
        Look::Settled(Spent { wait: None, left: left(&pockets) })
    }

    /// Puts a grant into its pocket, beside what another request may have put there meanwhile.
    fn keep(&self, tenant: TenantId, ask: &Ask, now: Time, granted: u32, used: u32) {
        let mut pockets = self.pockets();
        if pockets.len() >= MOST {
            pockets.retain(|_, pocket| pocket.policy.end(pocket.start) > now);
        }
        if pockets.len() >= MOST {
            pockets.clear();
        }
        let start = ask.policy.start(now);
        let fresh = Pocket { policy: ask.policy, start, tokens: 0, used: 0, grant: ask.policy.grant };
        let pocket = pockets.entry((tenant, ask.subject.clone())).or_insert(fresh);
        if pocket.policy != ask.policy || pocket.start != start {
            *pocket = fresh;
        }
        pocket.tokens = pocket.tokens.saturating_add(granted);
        pocket.used = pocket.used.max(used);
        pocket.grant = ask.policy.next(pocket.grant);
    }
}

enum Look<'a> {
    /// It is decided.
    Settled(Spent),
    /// There is nothing in this one's pocket; it takes so much.
    Lacks(&'a Ask, u32),
}

/// Takes a grant, or what is left of the window when that is less. Answers with what was granted and what has been handed out then.
///
/// When the answer is lost, so is the grant: the limit is never exceeded, whatever fails.
async fn take(scope: &TenantScope, ask: &Ask, grant: u32, now: Time) -> Result<(u32, u32)> {
    let Ask { subject, policy } = ask;
    let start = policy.start(now);
    let mut grant = grant.min(policy.limit);
    loop {
        let change = Change::new()
            .add(attr::USED, grant.into())
            .set(attr::SUBJECT, s(subject.as_str()))
            .set(attr::START, n(start.millis()))
            .set(attr::EXPIRES, n(policy.forgotten(now).seconds()));
        let fits = Cond::Below(attr::USED, n(i64::from(policy.limit) - i64::from(grant) + 1));
        let row = scope.tally::<Allowance>(Allowance::at(subject, start), change, fits).await?;
        let (granted, row) = match row {
            Ok(row) => (grant, row),
            Err(row) => (0, row),
        };
        let used = number(row.get(attr::USED.as_str())).and_then(|used| u32::try_from(used).ok()).unwrap_or(policy.limit);
        // A refusal says that less is left than was asked for, so this loop ends.
        let left = policy.limit.saturating_sub(used).min(grant.saturating_sub(1));
        if granted > 0 || left == 0 {
            return Ok((granted, used));
        }
        grant = left;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use kernel::Ids;
    use store::memory::{Fault, Faults};
    use store::{Memory, Store, Table};

    use super::*;

    struct World {
        clock: Clock,
        memory: Memory,
        scope: TenantScope,
    }

    fn world(faults: Faults) -> World {
        let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::parse("2026-03-02T09:30:20.500Z").unwrap()));
        let memory = Memory::new(faults);
        let store = Store::new(Table::Memory(memory.clone()));
        let (scope, _) = store.platform().found(TenantId::new(&ids, &clock), "acme", "Acme").unwrap();
        World { clock, memory, scope }
    }

    fn ask(subject: &str, limit: u32, window: u32) -> Ask {
        Ask { subject: subject.to_owned(), policy: Policy::new(limit, window) }
    }

    /// How often it was allowed in so many tries.
    async fn allowed(process: &Allowances, scope: &TenantScope, asks: &[Ask], tries: usize) -> usize {
        let mut count = 0;
        for _ in 0..tries {
            count += usize::from(process.spend(scope, asks).await.unwrap().wait.is_none());
        }
        count
    }

    #[tokio::test]
    async fn a_limit_is_spent_to_the_last_and_a_flood_costs_nothing_more() {
        let w = world(Faults::none());
        let process = Allowances::new(w.clock.clone());
        let asks = [ask("credential:a", 100, 60)];
        let first = process.spend(&w.scope, &asks).await.unwrap();
        assert_eq!(first, Spent { wait: None, left: vec![Some(Left { times: 99, seconds: 40 })] });
        assert_eq!(allowed(&process, &w.scope, &asks, 150).await, 99);
        let before = w.memory.bill();
        assert!((before.write_units - 5.0).abs() < f64::EPSILON, "5, 10, 20, 40 and the 25 that are left: {before:?}");
        let refused = process.spend(&w.scope, &asks).await.unwrap();
        assert_eq!(refused, Spent { wait: Some(40), left: vec![Some(Left { times: 0, seconds: 40 })] });
        assert_eq!(allowed(&process, &w.scope, &asks, 1_000).await, 0);
        assert_eq!(w.memory.bill(), before, "nothing was read or written");

        w.clock.advance(39_500).unwrap();
        assert_eq!(allowed(&process, &w.scope, &asks, 150).await, 100, "the next minute");
    }

    #[tokio::test]
    async fn a_small_limit_holds_as_exactly() {
        for limit in [1, 2, 7, 21] {
            let w = world(Faults::none());
            let (one, two) = (Allowances::new(w.clock.clone()), Allowances::new(w.clock.clone()));
            let asks = [ask("tenant", limit, 3_600)];
            let mut count = 0;
            for _ in 0..limit {
                count += allowed(&one, &w.scope, &asks, 1).await + allowed(&two, &w.scope, &asks, 1).await;
            }
            assert!(count <= limit as usize, "{count} of {limit}");
            count += allowed(&one, &w.scope, &asks, 100).await + allowed(&two, &w.scope, &asks, 100).await;
            assert_eq!(count, limit as usize);
        }
    }

    #[tokio::test]
    async fn who_is_refused_one_thing_does_not_use_up_another() {
        let w = world(Faults::none());
        let process = Allowances::new(w.clock.clone());
        let (tenant, busy, calm) = (ask("tenant", 30, 3_600), ask("credential:a", 10, 60), ask("credential:b", 100, 60));
        assert_eq!(allowed(&process, &w.scope, &[tenant.clone(), busy.clone()], 50).await, 10);
        let other = process.spend(&w.scope, &[tenant.clone(), calm.clone()]).await.unwrap();
        assert_eq!((other.wait, other.left[0].unwrap().times), (None, 19), "forty refusals left the tenant's alone");
        assert_eq!(allowed(&process, &w.scope, &[tenant.clone(), calm.clone()], 50).await, 19);
        let refused = process.spend(&w.scope, &[tenant, busy]).await.unwrap();
        assert_eq!(refused.wait, Some(29 * 60 + 40), "until the longer one is over");
    }

    #[tokio::test]
    async fn another_limit_counts_from_what_has_been_handed_out() {
        let w = world(Faults::none());
        let process = Allowances::new(w.clock.clone());
        assert_eq!(allowed(&process, &w.scope, &[ask("tenant", 10, 3_600)], 20).await, 10);
        assert_eq!(allowed(&process, &w.scope, &[ask("tenant", 15, 3_600)], 20).await, 5, "raised");
        assert_eq!(allowed(&process, &w.scope, &[ask("tenant", 4, 3_600)], 20).await, 0, "lowered");
    }

    #[tokio::test]
    async fn processes_together_never_exceed_the_limit_whatever_fails() {
        let (mut spent_all, mut struck) = (0, 0);
        for seed in 0..60 {
            let faults = Faults::seeded(seed, 3);
            let w = world(faults.clone());
            let asks = [ask("tenant", 120, 3_600)];
            let mut processes = [Allowances::new(w.clock.clone()), Allowances::new(w.clock.clone())];
            let mut count = 0;
            for turn in 0..600_usize {
                let process = &mut processes[turn % 2];
                match process.spend(&w.scope, &asks).now_or_never() {
                    Some(Ok(spent)) => count += usize::from(spent.wait.is_none()),
                    Some(Err(error)) => assert!(error.retryable(), "{error:?}"),
                    // It died, and its pocket with it.
                    None => {
                        faults.crashed().await;
                        *process = Allowances::new(w.clock.clone());
                    }
                }
            }
            assert!(count <= 120, "seed {seed}: {count}");
            struck += faults.struck().len();
            spent_all += usize::from(count == 120);
            let at = Allowance::at("tenant", asks[0].policy.start(w.clock.now()));
            faults.calm();
            let row = w.scope.find::<Allowance>(at).await.unwrap().row;
            assert!(row.used <= 120 && count <= row.used as usize, "seed {seed}: {row:?}");
        }
        assert!(spent_all < 60 && struck > 100, "{struck} faults wasted some");
    }

    #[tokio::test]
    async fn a_lost_answer_wastes_its_grant() {
        let faults = Faults::none();
        let w = world(faults.clone());
        let process = Allowances::new(w.clock.clone());
        let asks = [ask("tenant", 100, 3_600)];
        faults.strike(0, Fault::LostReply);
        assert!(process.spend(&w.scope, &asks).await.unwrap_err().retryable());
        assert_eq!(allowed(&process, &w.scope, &asks, 200).await, 95);
    }

    #[tokio::test]
    async fn a_row_outlives_its_window_a_little() {
        let w = world(Faults::none());
        let process = Allowances::new(w.clock.clone());
        process.spend(&w.scope, &[ask("tenant", 100, 3_600)]).await.unwrap();
        let end = Time::parse("2026-03-02T10:00:00Z").unwrap();
        assert_eq!((w.memory.sweep(end.plus_seconds(300)), w.memory.sweep(end.plus_seconds(700))), (0, 1));
    }
}
