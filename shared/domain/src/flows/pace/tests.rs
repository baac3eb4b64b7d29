//! An account keeps its limits.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use kernel::Ids;
use serde_json::json;
use store::memory::{Fault, Faults};
use store::{Memory, Store, Table};

use super::*;
use crate::message::Wait;

struct World {
    clock: Clock,
    memory: Memory,
    scope: TenantScope,
    account: Account,
}

fn world(faults: Faults, limits: &serde_json::Value) -> World {
    let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::parse("2026-03-02T09:30:20.500Z").unwrap()));
    let memory = Memory::new(faults);
    let store = Store::new(Table::Memory(memory.clone()));
    let (scope, _) = store.platform().found(TenantId::new(&ids, &clock), "acme", "Acme").unwrap();
    let account = json!({
        "id": AccountId::new(&ids, &clock), "name": "Main", "channel": "email", "provider": "ses", "settings": "{}",
        "credentials": "", "priority": 1, "terms": { "limits": limits }, "enabled": true, "on_unknown": "hold",
        "route": "route", "created_at": 0, "updated_at": 0,
    });
    World { clock, memory, scope, account: serde_json::from_value(account).unwrap() }
}

impl World {
    fn process(&self) -> Paces {
        Paces::new(self.clock.clone())
    }

    async fn ask(&self, process: &Paces) -> Room {
        process.ask(&self.scope, &self.account, None).await.unwrap()
    }

    /// How many of so many messages can go now.
    async fn gone(&self, process: &Paces, tries: usize) -> usize {
        let mut count = 0;
        for _ in 0..tries {
            count += usize::from(self.ask(process).await == Room::Free);
        }
        count
    }

    async fn book(&self, process: &Paces) -> Booking {
        process.book(&self.scope, &self.account, None).await.unwrap()
    }

    fn seconds(&self, seconds: i64) {
        self.clock.advance(seconds * 1_000).unwrap();
    }
}

#[tokio::test]
async fn an_account_without_limits_costs_nothing() {
    let w = world(Faults::none(), &json!({}));
    assert_eq!(w.gone(&w.process(), 100).await, 100);
    assert_eq!(w.memory.bill().requests, 0);
}

#[tokio::test]
async fn a_second_takes_its_limit_and_a_flood_costs_nothing_more() {
    let w = world(Faults::none(), &json!({ "per_second": 10 }));
    let process = w.process();
    assert_eq!(w.gone(&process, 30).await, 10);
    let before = w.memory.bill();
    let until = Time::parse("2026-03-02T09:30:21Z").unwrap();
    assert_eq!(w.ask(&process).await, Room::Full { until, window: Window::Second });
    assert_eq!(w.gone(&process, 1_000).await, 0);
    assert_eq!(w.memory.bill(), before, "nothing was read or written");
    w.clock.advance(499).unwrap();
    assert_eq!(w.gone(&process, 10).await, 0);
    w.clock.advance(1).unwrap();
    assert_eq!(w.gone(&process, 30).await, 10, "the next second");
}

#[tokio::test]
async fn two_processes_use_the_limit_in_full_and_write_seldom() {
    let w = world(Faults::none(), &json!({ "per_second": 10 }));
    let (one, two) = (w.process(), w.process());
    let mut sum = 0;
    for second in 0..200 {
        let gone = w.gone(&one, 15).await + w.gone(&two, 15).await;
        assert!(gone <= 10, "second {second}: {gone}");
        sum += gone;
        w.seconds(1);
    }
    assert!(sum >= 1_980, "{sum} of 2,000");
    let units = w.memory.bill().write_units;
    assert!(units <= 2_000.0 / 20.0, "{units} units for 2,000 messages");
}

#[tokio::test]
async fn a_crowd_is_lined_up_without_gaps_for_one_write_in_twenty() {
    let w = world(Faults::none(), &json!({ "per_second": 10 }));
    let processes = [w.process(), w.process()];
    let mut seconds: BTreeMap<Time, usize> = BTreeMap::new();
    for number in 0..1_000 {
        let booking = w.book(&processes[number / 10 % 2]).await;
        assert_eq!((booking.slots.len(), booking.why()), (1, Wait::Pace));
        *seconds.entry(booking.slots[0].start()).or_default() += 1;
    }
    assert!(seconds.values().all(|count| *count <= 10), "{seconds:?}");
    assert!(seconds.len() <= 105, "{} seconds for 1,000 messages", seconds.len());
    let units = w.memory.bill().write_units;
    assert!(units <= 50.0, "{units} units");
}

#[tokio::test]
async fn what_is_booked_is_spent_in_its_second_and_void_after_it() {
    let w = world(Faults::none(), &json!({ "per_second": 1 }));
    let process = w.process();
    assert_eq!(w.gone(&process, 2).await, 1);
    let booking = w.book(&process).await;
    assert_eq!(booking.at, Time::parse("2026-03-02T09:30:21Z").unwrap());
    let ask = async || process.ask(&w.scope, &w.account, Some(&booking)).await.unwrap();
    assert!(matches!(ask().await, Room::Full { until, .. } if until == booking.at), "too early");
    assert_eq!(process.book(&w.scope, &w.account, Some(&booking)).await.unwrap(), booking, "it stays its own");
    w.seconds(1);
    assert_eq!(w.gone(&process, 5).await, 0, "the second is taken");
    assert_eq!(ask().await, Room::Free);
    w.seconds(1);
    assert_eq!((ask().await, w.gone(&process, 5).await), (Room::Free, 0), "late, it takes one of this second");
    let faster = world(Faults::none(), &json!({ "per_second": 2 }));
    let other = Account { terms: faster.account.terms, ..w.account.clone() };
    let again = process.book(&w.scope, &other, Some(&booking)).await.unwrap();
    assert_eq!((again.slots[0].limit, again.at), (2, w.clock.now()), "under another limit it is worth nothing");
}

#[tokio::test]
async fn a_day_takes_its_limit_and_the_next_days_are_lined_up() {
    let w = world(Faults::none(), &json!({ "per_second": 100, "per_day": 40 }));
    let (one, two) = (w.process(), w.process());
    assert!(w.gone(&one, 30).await + w.gone(&two, 30).await <= 40);
    let midnight = Time::parse("2026-03-03T00:00:00Z").unwrap();
    assert_eq!(w.gone(&one, 40).await + w.gone(&two, 40).await, 0);
    assert_eq!(w.ask(&one).await, Room::Full { until: midnight, window: Window::Day });
    let mut days: BTreeMap<Time, usize> = BTreeMap::new();
    for _ in 0..100 {
        let booking = w.book(&one).await;
        assert_eq!((booking.slots.len(), booking.why()), (1, Wait::DayLimit));
        let day = booking.slots[0].start();
        assert!((day..day.plus_millis(MORNING)).contains(&booking.at), "spread over the morning: {}", booking.at);
        *days.entry(day).or_default() += 1;
    }
    assert!(days.values().all(|count| *count <= 40) && days.len() <= 4, "{days:?}");
}

#[tokio::test]
async fn processes_together_never_exceed_the_limit_whatever_fails() {
    let (mut sum, mut struck) = (0, 0);
    for seed in 0..60 {
        let faults = Faults::seeded(seed, 3);
        let w = world(faults.clone(), &json!({ "per_second": 20, "per_day": 150 }));
        let mut processes = [w.process(), w.process()];
        let mut carried: BTreeMap<Time, usize> = BTreeMap::new();
        for turn in 0..600_usize {
            let process = &mut processes[turn % 2];
            let work = async {
                match process.ask(&w.scope, &w.account, None).await? {
                    Room::Free => Ok(Some(w.clock.now())),
                    Room::Full { .. } if turn % 3 == 0 => {
                        let booking = process.book(&w.scope, &w.account, None).await?;
                        let second = booking.slots.iter().find(|slot| slot.window == Window::Second);
                        Ok(second.map(|slot| slot.start()))
                    }
                    Room::Full { .. } => Ok(None),
                }
            };
            let ended: Option<Result<Option<Time>>> = work.now_or_never();
            match ended {
                Some(Ok(at)) => {
                    at.into_iter().for_each(|at| *carried.entry(Window::Second.start(Window::Second.of(at))).or_default() += 1);
                }
                Some(Err(error)) => assert!(error.retryable(), "{error:?}"),
                // It died, and its slots with it.
                None => {
                    faults.crashed().await;
                    *process = w.process();
                }
            }
            if turn % 40 == 39 {
                w.seconds(1);
            }
        }
        assert!(carried.values().all(|count| *count <= 20), "seed {seed}: {carried:?}");
        assert!(carried.values().sum::<usize>() <= 150, "seed {seed}: {carried:?}");
        sum += carried.values().sum::<usize>();
        struck += faults.struck().len();
    }
    assert!(sum > 60 * 100 && struck > 500, "{sum} carried, {struck} faults");
}

#[tokio::test]
async fn a_lost_answer_loses_its_slots_and_who_is_seldom_asked_takes_few() {
    let faults = Faults::none();
    let w = world(faults.clone(), &json!({ "per_second": 5 }));
    let process = w.process();
    faults.strike(0, Fault::LostReply);
    assert!(process.ask(&w.scope, &w.account, None).await.unwrap_err().retryable());
    assert_eq!(w.gone(&process, 10).await, 4);
    for _ in 0..10 {
        w.seconds(60);
        assert_eq!(w.gone(&process, 1).await, 1);
    }
    w.seconds(60);
    w.ask(&process).await;
    assert_eq!(w.gone(&w.process(), 10).await, 4, "one is gone, none is held back");
}
