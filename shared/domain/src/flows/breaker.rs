//! The breaker of an account: when its provider does not answer, nobody tries it any more, and one message in ten seconds asks
//! whether it answers again.
//!
//! What is known stands on the account's own row, which everybody reads anyway: as long as nothing is wrong it costs neither a
//! read nor a write. It takes one write to trip it, one for each message that tries, and one to close it, over all processes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::ids::{AccountId, TenantId};
use kernel::{Clock, Result, Time};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Outcome, TenantScope};

use crate::Account;
use crate::account::{Cause, Outage};
use crate::message::cut;

/// Calls in a row, seen by one process, that trip the breaker.
const STREAK: u32 = 5;
/// Calls further apart than this are no streak, in milliseconds.
const APART: i64 = 120_000;
/// Most accounts kept in mind; beyond it all are forgotten, which costs a few refused writes.
const MOST: usize = 10_000;
/// Most bytes of a note.
const NOTE: usize = 300;

/// Whether an account may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// Nothing is known against it.
    Free,
    /// There is an outage, and this message is the one that tries.
    Probe,
    /// There is an outage; another message may try it then.
    Shut {
        /// When.
        until: Time,
    },
}

/// How a call ended, as far as the account is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign<'a> {
    /// The provider works, whatever it thinks of the message.
    Works,
    /// Something is wrong.
    Fails(Cause, &'a str),
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    /// Calls in a row that failed.
    streak: u32,
    /// When the latest of them did.
    last: Option<Time>,
    /// When the account may be tried, newer than what the cache of accounts says.
    probe_at: Option<Time>,
}

/// See the module's words.
#[derive(Clone, Debug)]
pub struct Breaker {
    clock: Clock,
    seen: Arc<Mutex<HashMap<(TenantId, AccountId), Seen>>>,
}

impl Breaker {
    /// Nothing seen yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, seen: Arc::default() }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<(TenantId, AccountId), Seen>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MOST {
            seen.clear();
        }
        seen
    }

    /// When the account may be tried, as far as that is known here; `None` when nothing is known against it. Asks nobody.
    pub fn shut_until(&self, scope: &TenantScope, account: &Account) -> Option<Time> {
        account.outage.as_ref()?;
        let newer = self.seen().get(&(scope.tenant(), account.id)).and_then(|seen| seen.probe_at);
        account.probe_at.max(newer)
    }

    /// Asks for passage. Only during an outage, and only when a try is due, this is a write.
    pub async fn pass(&self, scope: &TenantScope, account: &Account) -> Result<Passage> {
        let now = self.clock.now();
        let Some(known) = self.shut_until(scope, account) else { return Ok(Passage::Free) };
        if known > now {
            return Ok(Passage::Shut { until: known });
        }
        let pause = account.outage.as_ref().map_or(Cause::Silent, |outage| outage.cause).pause();
        let next = now.plus_seconds(pause);
        let change = Change::new().set(attr::PROBE_AT, n(next.millis()));
        let due = Cond::All(vec![Cond::Is(attr::PROBE_AT, n(known.millis()))]);
        let (passage, probe_at) = match scope.change::<Account>(account.id, change, due).await? {
            Outcome::Done(_) => (Passage::Probe, Some(next)),
            Outcome::Refused(found) => match found.map(|found| found.row) {
                // Closed meanwhile, or the account is gone, which the call will find out.
                None => (Passage::Free, None),
                Some(row) if row.outage.is_none() => (Passage::Free, None),
                Some(row) => (Passage::Shut { until: row.probe_at.unwrap_or(next).max(now.plus_seconds(1)) }, row.probe_at),
            },
        };
        self.seen().entry((scope.tenant(), account.id)).or_default().probe_at = probe_at;
        Ok(passage)
    }

    /// Notes how a call ended. Answers whether the row was changed, so that what is kept of it elsewhere is to be forgotten.
    pub async fn note(&self, scope: &TenantScope, account: &Account, sign: Sign<'_>) -> Result<bool> {
        let place = (scope.tenant(), account.id);
        match sign {
            Sign::Works => {
                let before = self.seen().remove(&place);
                let Some(_) = &account.outage else { return Ok(false) };
                let probe_at = account.probe_at.max(before.and_then(|before| before.probe_at)).unwrap_or(Time::from_millis(0));
                let over = account.outages_after(self.clock.now());
                let change =
                    Change::new().remove(attr::OUTAGE).remove(attr::PROBE_AT).set(attr::OUTAGES, store::scope::value(&over)?);
                // Whoever has tried it since knows better.
                let closed =
                    scope.change::<Account>(account.id, change, Cond::Is(attr::PROBE_AT, n(probe_at.millis()))).await?;
                Ok(matches!(closed, Outcome::Done(_)))
            }
            Sign::Fails(cause, note) => {
                if !self.count(place) || account.outage.is_some() {
                    return Ok(false);
                }
                let now = self.clock.now();
                let probe_at = now.plus_seconds(cause.pause());
                let outage = Outage { since: now, cause, note: cut(note, NOTE) };
                let change =
                    Change::new().set(attr::OUTAGE, store::scope::value(&outage)?).set(attr::PROBE_AT, n(probe_at.millis()));
                scope.change::<Account>(account.id, change, Cond::Missing(attr::OUTAGE)).await?;
                self.seen().remove(&place);
                Ok(true)
            }
        }
    }

    /// Counts a failure; answers whether there have been enough in a row.
    fn count(&self, place: (TenantId, AccountId)) -> bool {
        let now = self.clock.now();
        let mut seen = self.seen();
        let seen = seen.entry(place).or_default();
        let apart = seen.last.is_some_and(|last| now.since(last) > APART);
        seen.streak = if apart { 1 } else { seen.streak.saturating_add(1) };
        seen.last = Some(now);
        seen.streak >= STREAK
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Email, Ids};
    use providers::Mailbox;
    use serde_json::json;
    use store::memory::Faults;
    use store::{Memory, Store, Table};

    use super::*;
    use crate::Channel;
    use crate::account::OnUnknown;

    const SILENT: Sign<'_> = Sign::Fails(Cause::Silent, "no answer");

    struct World {
        clock: Clock,
        memory: Memory,
        scope: TenantScope,
        id: AccountId,
    }

    impl World {
        async fn new() -> Self {
            let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::parse("2026-03-02T09:30:00Z").unwrap()));
            let memory = Memory::new(Faults::none());
            let store = Store::new(Table::Memory(memory.clone()));
            let (scope, _) = store.platform().found(TenantId::new(&ids, &clock), "acme", "Acme").unwrap();
            let id = AccountId::new(&ids, &clock);
            let account = Account {
                id,
                name: "Main".to_owned(),
                channel: Channel::Email,
                provider: "smtp".to_owned(),
                from: Some(Mailbox { email: Email::parse("hello@acme.example").unwrap(), name: None }),
                settings: json!({}),
                credentials: String::new(),
                priority: 100,
                terms: crate::Terms::default(),
                enabled: true,
                on_unknown: OnUnknown::Hold,
                route: "route".to_owned(),
                outage: None,
                probe_at: None,
                check: None,
                asking: None,
                registration: None,
                outages: Vec::new(),
                created_at: clock.now(),
                updated_at: clock.now(),
            };
            assert!(scope.create(&account).await.unwrap());
            Self { clock, memory, scope, id }
        }

        fn process(&self) -> Breaker {
            Breaker::new(self.clock.clone())
        }

        async fn account(&self) -> Account {
            self.scope.find::<Account>(self.id).await.unwrap().row
        }

        async fn trip(&self, process: &Breaker) {
            let account = self.account().await;
            for _ in 0..STREAK {
                process.note(&self.scope, &account, SILENT).await.unwrap();
            }
        }

        async fn pass(&self, process: &Breaker) -> Passage {
            process.pass(&self.scope, &self.account().await).await.unwrap()
        }
    }

    #[tokio::test]
    async fn as_long_as_nothing_is_wrong_it_costs_nothing() {
        let w = World::new().await;
        let (process, account) = (w.process(), w.account().await);
        let before = w.memory.bill();
        for _ in 0..100 {
            assert_eq!(process.pass(&w.scope, &account).await.unwrap(), Passage::Free);
            assert!(!process.note(&w.scope, &account, Sign::Works).await.unwrap());
        }
        assert_eq!(w.memory.bill(), before);
    }

    #[tokio::test]
    async fn failures_in_a_row_trip_it_and_others_between_do_not() {
        let w = World::new().await;
        let (process, account) = (w.process(), w.account().await);
        for _ in 0..10 {
            for _ in 1..STREAK {
                assert!(!process.note(&w.scope, &account, SILENT).await.unwrap());
            }
            process.note(&w.scope, &account, Sign::Works).await.unwrap();
        }
        for _ in 0..10 {
            w.clock.advance(APART + 1).unwrap();
            assert!(!process.note(&w.scope, &account, SILENT).await.unwrap(), "they are far apart");
        }
        assert_eq!(w.account().await.outage, None);
        for turn in 1..STREAK {
            assert_eq!(process.note(&w.scope, &account, SILENT).await.unwrap(), turn + 1 == STREAK);
        }
        let outage = w.account().await.outage.unwrap();
        assert_eq!((outage.cause, outage.note.as_str(), outage.since), (Cause::Silent, "no answer", w.clock.now()));
    }

    #[tokio::test]
    async fn one_message_of_all_processes_tries_it_in_ten_seconds() {
        let w = World::new().await;
        let processes = [w.process(), w.process(), w.process()];
        w.trip(&processes[0]).await;
        let (stale, mut probes) = (w.account().await, 0);
        for second in 0..60 {
            for process in &processes {
                // What they know of the account may be as old as the outage.
                for _ in 0..5 {
                    match process.pass(&w.scope, &stale).await.unwrap() {
                        Passage::Free => panic!("it is shut"),
                        Passage::Probe => probes += 1,
                        Passage::Shut { until } => assert!(until > w.clock.now(), "second {second}"),
                    }
                }
            }
            w.clock.advance(1_000).unwrap();
        }
        assert_eq!(probes, 5);
    }

    #[tokio::test]
    async fn messages_that_do_not_try_it_cost_nothing() {
        let w = World::new().await;
        let process = w.process();
        w.trip(&process).await;
        let account = w.account().await;
        w.clock.advance(10_000).unwrap();
        assert_eq!(process.pass(&w.scope, &account).await.unwrap(), Passage::Probe);
        let before = w.memory.bill();
        for _ in 0..100 {
            assert!(matches!(process.pass(&w.scope, &account).await.unwrap(), Passage::Shut { .. }));
        }
        assert_eq!(w.memory.bill(), before);
    }

    #[tokio::test]
    async fn a_try_that_works_closes_it_for_all_and_one_that_fails_does_not() {
        let w = World::new().await;
        let (one, two) = (w.process(), w.process());
        w.trip(&one).await;
        w.clock.advance(10_000).unwrap();
        assert_eq!(w.pass(&two).await, Passage::Probe);
        assert!(!two.note(&w.scope, &w.account().await, SILENT).await.unwrap());
        assert_eq!(w.pass(&one).await, Passage::Shut { until: w.clock.now().plus_seconds(10) });
        w.clock.advance(10_000).unwrap();
        assert_eq!(w.pass(&one).await, Passage::Probe);
        assert!(one.note(&w.scope, &w.account().await, Sign::Works).await.unwrap());
        assert_eq!((w.pass(&one).await, w.pass(&two).await), (Passage::Free, Passage::Free));
        assert_eq!(w.account().await.probe_at, None);
    }

    #[tokio::test]
    async fn an_answer_of_before_the_last_try_closes_nothing() {
        let w = World::new().await;
        let (slow, other) = (w.process(), w.process());
        w.trip(&slow).await;
        let account = w.account().await;
        w.clock.advance(10_000).unwrap();
        assert_eq!(w.pass(&other).await, Passage::Probe);
        assert!(!slow.note(&w.scope, &account, Sign::Works).await.unwrap());
        assert!(w.account().await.outage.is_some());
    }

    #[tokio::test]
    async fn an_account_that_is_refused_is_tried_seldom() {
        let w = World::new().await;
        let (process, account) = (w.process(), w.account().await);
        for _ in 0..STREAK {
            process.note(&w.scope, &account, Sign::Fails(Cause::Refused, "401")).await.unwrap();
        }
        w.clock.advance(299_000).unwrap();
        assert_eq!(w.pass(&process).await, Passage::Shut { until: w.clock.now().plus_seconds(1) });
        w.clock.advance(1_000).unwrap();
        assert_eq!(w.pass(&process).await, Passage::Probe);
    }
}
