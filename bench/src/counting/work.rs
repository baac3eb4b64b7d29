//! What counters of activities, tasks and deals cost, in batches of several sizes.

use domain::activity::Form;
use domain::flows::tally::tally;
use domain::task::Actor;
use domain::{Activity, Deal, Task, deal};
use kernel::ids::{ActivityId, DealId, TaskId, TenantId, UserId};
use kernel::{Clock, Ids};
use serde_json::{Map, Value, json};
use store::memory::Faults;
use store::{Memory, Record, Store, Table, TenantScope};

use super::{BATCH, broken, march};
use crate::Fallible;

/// Things of each kind, a few seconds apart.
const THINGS: usize = 1_000;

/// Where things are done: a tenant's table of its own, and two people.
struct Place {
    clock: Clock,
    ids: Ids,
    memory: Memory,
    scope: TenantScope,
    people: [UserId; 2],
}

impl Place {
    fn new() -> Fallible<Self> {
        let (clock, ids, memory) = (Clock::manual(march()?), Ids::seeded(6), Memory::new(Faults::none()));
        let store = Store::new(Table::Memory(memory.clone()));
        let (scope, _) =
            store.platform().found(TenantId::from_bytes([4; 16]), "bench", "Bench").map_err(|error| broken(&error))?;
        Ok(Self { clock, ids, memory, scope, people: [1, 2].map(|number| UserId::from_bytes([number; 16])) })
    }

    fn person(&self, number: usize) -> Option<UserId> {
        self.people.get(number % 2).copied()
    }

    /// A call that was made: one change.
    async fn activity(&self, number: usize) -> kernel::Result<()> {
        let (id, now) = (ActivityId::new(&self.ids, &self.clock), self.clock.now());
        let mut activity = Activity::blank(id, Form::Call, "Talk".to_owned(), now);
        activity.owner = self.person(number);
        activity.settle(now);
        self.scope.create(&activity).await.map(drop)
    }

    /// A task from its making to its end: two changes.
    async fn task(&self, number: usize) -> kernel::Result<()> {
        let (id, now) = (TaskId::new(&self.ids, &self.clock), self.clock.now());
        let mut task = Task::new(id, "Call".to_owned(), now);
        task.assignee = self.person(number);
        self.scope.create(&task).await?;
        let mut found = self.scope.find::<Task>(id).await?;
        found.row.complete(Actor::default(), now, None)?;
        self.scope.replace(&found).await.map(drop)
    }

    /// A deal from its making to its end: two changes.
    async fn deal(&self, number: usize) -> kernel::Result<()> {
        let (id, now) = (DealId::new(&self.ids, &self.clock), self.clock.now());
        let mut deal = Deal::new(id, "Roof".to_owned(), now);
        deal.owner = self.person(number);
        self.scope.create(&deal).await?;
        let mut found = self.scope.find::<Deal>(id).await?;
        found.row.close(deal::Status::Won, None, now)?;
        self.scope.replace(&found).await.map(drop)
    }
}

/// Write units of one thing, from its making to its end.
pub(super) async fn units() -> Fallible<Value> {
    let mut units = Map::new();
    for noun in ["activity", "task", "deal"] {
        let place = Place::new()?;
        for number in 0..THINGS {
            let done = match noun {
                "activity" => place.activity(number).await,
                "task" => place.task(number).await,
                _ => place.deal(number).await,
            };
            done.map_err(|error| broken(&error))?;
            place.clock.advance(5_000).map_err(|_| "the clock stands")?;
        }
        let records = place.memory.stream(0);
        let mut by_batch = Map::new();
        for batch in [1, 10, 100, BATCH] {
            by_batch.insert(format!("batches_of_{batch}"), json!(each(&records, batch).await?));
        }
        units.insert(noun.to_owned(), Value::Object(by_batch));
    }
    Ok(Value::Object(units))
}

#[expect(clippy::cast_precision_loss, reason = "thousands")]
async fn each(records: &[Record], batch: usize) -> Fallible<f64> {
    let counters = Memory::new(Faults::none());
    let store = Store::new(Table::Memory(counters.clone()));
    for batch in records.chunks(batch) {
        tally(&store, batch).await.map_err(|error| broken(&error))?;
    }
    Ok((counters.bill().write_units / THINGS as f64 * 10_000.0).round() / 10_000.0)
}
