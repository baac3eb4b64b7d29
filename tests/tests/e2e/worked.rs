//! Counters of what people do are exact: whatever way the stream is cut into batches, whatever is delivered again or from an earlier
//! point, wherever a tally dies half way, they end as the activities, tasks and deals themselves say, in the archive or not.

use std::collections::{BTreeMap, BTreeSet};

use domain::activity::{Form, Outcome, Status};
use domain::archive::Pack;
use domain::price::{Amount, Currency};
use domain::statistic::{Counters, Dimension, Done, Figure, Handled};
use domain::task::{Actor, Kind};
use domain::{Activity, Deal, Task, Visibility, deal};
use kernel::ids::{ActivityId, DealId, TaskId, TeamId, TenantId, UserId};
use kernel::{Clock, Ids, Time};
use proptest::prelude::*;
use store::memory::Faults;
use store::{Entity, Item, Memory, Store, Stored, Table, TenantScope};

use crate::exact::{Batch, Counts, batches, block_on, delivered, kind, recomputed, shuffled, tenant};

/// Everything that is counted of the activities, tasks and deals among the rows, by tenant.
pub(crate) fn counters(rows: &[Item]) -> Vec<(String, Counters)> {
    let mut activities: BTreeMap<(String, ActivityId), Activity> = BTreeMap::new();
    let mut found = Vec::new();
    for row in rows {
        let (tenant, row) = (tenant(row), || row.clone());
        match kind(&row()) {
            "pack" => {
                let pack: Pack = serde_dynamo::from_item(row()).unwrap();
                let kept = pack.open().unwrap().into_iter().map(|kept| ((tenant.clone(), kept.activity.id), kept.activity));
                activities.extend(kept);
            }
            "activity" => {
                let activity: Activity = serde_dynamo::from_item(row()).unwrap();
                activities.insert((tenant, activity.id), activity);
            }
            "task" => found.push((tenant, serde_dynamo::from_item::<_, Task>(row()).unwrap().counters())),
            "deal" => found.push((tenant, serde_dynamo::from_item::<_, Deal>(row()).unwrap().counters())),
            _ => {}
        }
    }
    found.extend(activities.into_iter().map(|((tenant, _), activity)| (tenant, activity.counters())));
    found
}

/// Something that somebody does.
#[derive(Clone, Copy, Debug)]
enum Step {
    Log,
    Move(u8),
    Complete,
    Cancel,
    Judge,
    Hide,
    Assign,
    Label,
    Erase,
    PutAway,
    BringBack,
    Make,
    GiveTask,
    End,
    Reopen,
    Drop,
    Open,
    Decide,
    Undecide,
    Revalue,
    Forget,
}

struct World {
    clock: Clock,
    ids: Ids,
    memory: Memory,
    scope: TenantScope,
    users: Vec<UserId>,
    teams: Vec<TeamId>,
    activities: Vec<ActivityId>,
    packed: Vec<Stored<Activity>>,
    tasks: Vec<TaskId>,
    deals: Vec<DealId>,
}

/// One of them, if there are any.
fn one<T: Copy>(of: &[T], choice: usize) -> Option<T> {
    of.get(choice % of.len().max(1)).copied()
}

impl World {
    fn new() -> Self {
        // Half an hour before a month ends.
        let clock = Clock::manual(Time::parse("2026-03-31T23:30:00Z").unwrap());
        let (ids, memory) = (Ids::seeded(13), Memory::new(Faults::none()));
        let store = Store::new(Table::Memory(memory.clone()));
        let (scope, _) = store.platform().found(TenantId::new(&ids, &clock), "one", "One").unwrap();
        let users = (0..2).map(|_| UserId::new(&ids, &clock)).collect();
        let teams = (0..2).map(|_| TeamId::new(&ids, &clock)).collect();
        let (activities, packed, tasks, deals) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { clock, ids, memory, scope, users, teams, activities, packed, tasks, deals }
    }

    async fn edit<E: Entity>(&self, id: impl Into<store::schema::Locator>, edit: impl FnOnce(&mut E)) {
        let mut found = self.scope.find::<E>(id).await.unwrap();
        edit(&mut found.row);
        self.scope.replace(&found).await.unwrap();
    }

    async fn erase<E: Entity>(&self, id: impl Into<store::schema::Locator>) {
        self.scope.erase(&self.scope.find::<E>(id).await.unwrap()).await.unwrap();
    }

    async fn step(&mut self, choice: usize, step: Step) {
        match step {
            Step::Log => {
                let (id, form) = (ActivityId::new(&self.ids, &self.clock), Form::ALL[choice % Form::ALL.len()]);
                let mut activity = Activity::blank(id, form, "Talk".to_owned(), self.clock.now());
                activity.owner = self.users.get(choice % 3).copied();
                activity.duration = (choice / 3).is_multiple_of(2).then_some(90);
                activity.settle(self.clock.now());
                assert!(self.scope.create(&activity).await.unwrap());
                self.activities.push(id);
            }
            Step::Make => {
                let id = TaskId::new(&self.ids, &self.clock);
                let mut task = Task::new(id, "Call".to_owned(), self.clock.now());
                task.kind = Kind::ALL[choice % Kind::ALL.len()];
                task.due_at = (choice / 5).is_multiple_of(2).then(|| self.clock.now().plus_seconds(5_400));
                assert!(self.scope.create(&task).await.unwrap());
                self.tasks.push(id);
            }
            Step::Open => {
                let id = DealId::new(&self.ids, &self.clock);
                assert!(self.scope.create(&Deal::new(id, "Roof".to_owned(), self.clock.now())).await.unwrap());
                self.deals.push(id);
            }
            Step::BringBack if !self.packed.is_empty() => {
                let mut back = self.packed.swap_remove(choice % self.packed.len());
                (back.row.archived, back.version) = (false, back.version + 1);
                assert_eq!(self.scope.transact(vec![self.scope.restoring(&back).unwrap()]).await.unwrap(), None);
                self.activities.push(back.row.id);
            }
            Step::PutAway if !self.activities.is_empty() => {
                let id = self.activities.swap_remove(choice % self.activities.len());
                self.edit::<Activity>(id, |row| row.archived = true).await;
                let kept = self.scope.find::<Activity>(id).await.unwrap();
                self.scope.erase(&kept).await.unwrap();
                self.packed.push(kept);
            }
            Step::Erase if !self.activities.is_empty() => {
                let id = self.activities.swap_remove(choice % self.activities.len());
                self.erase::<Activity>(id).await;
            }
            Step::Drop if !self.tasks.is_empty() => {
                let id = self.tasks.swap_remove(choice % self.tasks.len());
                self.erase::<Task>(id).await;
            }
            Step::Forget if !self.deals.is_empty() => {
                let id = self.deals.swap_remove(choice % self.deals.len());
                self.erase::<Deal>(id).await;
            }
            _ => self.change(choice, step).await,
        }
    }

    /// What changes something that is there.
    async fn change(&self, choice: usize, step: Step) {
        let now = self.clock.now();
        let (user, team) = (self.users.get(choice / 7 % 3).copied(), self.teams.get(choice / 7 % 3).copied());
        if let Some(id) = one(&self.activities, choice) {
            let changed = |row: &mut Activity| match step {
                Step::Move(hours) => {
                    row.scheduled_at = Some(now.plus_seconds(i64::from(hours) * 3_600));
                    (row.status, row.completed_at) = (Status::Scheduled, None);
                }
                Step::Complete => (row.status, row.completed_at) = (Status::Completed, Some(now)),
                Step::Cancel => (row.status, row.completed_at) = (Status::Cancelled, None),
                Step::Judge => row.outcome = Outcome::ALL.get(choice / 7 % 5).copied(),
                Step::Hide => row.visibility = Visibility::ALL[choice / 7 % 3],
                Step::Assign => row.assignee = user,
                Step::Label => {
                    row.tags = ["a", "b#05", "c", "a", "d", "e", "f"].map(str::to_owned)[..choice / 7 % 8].to_vec();
                }
                _ => {}
            };
            self.edit(id, changed).await;
        }
        if let Some(id) = one(&self.tasks, choice) {
            let changed = |row: &mut Task| match step {
                Step::GiveTask => (row.assignee, row.team) = (user, team),
                Step::End if choice.is_multiple_of(3) => drop(row.cancel(Actor::default(), now, None)),
                Step::End => drop(row.complete(Actor::default(), now, None)),
                Step::Reopen => {
                    row.reopen(Actor::default(), now, None);
                }
                _ => {}
            };
            self.edit(id, changed).await;
        }
        if let Some(id) = one(&self.deals, choice) {
            let euro = Currency::parse(["EUR", "USD"][choice / 7 % 2]).unwrap();
            let changed = |row: &mut Deal| match step {
                Step::Decide => {
                    let status = if choice.is_multiple_of(3) { deal::Status::Lost } else { deal::Status::Won };
                    drop(row.close(status, None, now));
                }
                Step::Undecide => drop(row.reopen(now)),
                Step::Revalue => (row.value, row.currency) = (Some(Amount::parse("1250.75").unwrap()), Some(euro)),
                Step::Assign => row.owner = user,
                _ => {}
            };
            self.edit(id, changed).await;
        }
    }

    /// What the counters should be: as the rows say, and what is put away.
    fn truth(&self) -> Counts {
        let mut counts = recomputed(&self.memory.rows());
        let tenant = self.scope.tenant().hex();
        for kept in &self.packed {
            for (counter, amount) in kept.row.counters() {
                let place = (tenant.clone(), counter.dimension, counter.value, counter.hour, counter.figure);
                *counts.entry(place).or_default() += amount;
            }
        }
        counts.retain(|_, count| *count != 0);
        counts
    }
}

fn step() -> impl Strategy<Value = Step> {
    let activities = prop_oneof![
        4 => Just(Step::Log),
        2 => (0_u8..40).prop_map(Step::Move),
        2 => Just(Step::Complete),
        1 => Just(Step::Cancel),
        3 => Just(Step::Judge),
        1 => Just(Step::Hide),
        2 => Just(Step::Label),
        1 => Just(Step::Erase),
        2 => Just(Step::PutAway),
        2 => Just(Step::BringBack),
    ];
    let tasks = prop_oneof![
        3 => Just(Step::Make),
        2 => Just(Step::GiveTask),
        3 => Just(Step::End),
        1 => Just(Step::Reopen),
        1 => Just(Step::Drop),
    ];
    let deals = prop_oneof![
        3 => Just(Step::Open),
        2 => Just(Step::Assign),
        3 => Just(Step::Decide),
        1 => Just(Step::Undecide),
        2 => Just(Step::Revalue),
        1 => Just(Step::Forget),
    ];
    prop_oneof![3 => activities, 2 => tasks, 2 => deals]
}

type Act = (u16, usize, Step);

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec((0_u16..40, any::<usize>(), step()), 1..60)
}

async fn story(acts: Vec<Act>, plan: Vec<Batch>, seed: u64) -> (Counts, Counts, usize) {
    let mut world = World::new();
    for (minutes, choice, step) in acts {
        world.clock.advance(i64::from(minutes) * 60_000).unwrap();
        world.step(choice, step).await;
    }
    let (counted, struck) = delivered(shuffled(world.memory.stream(0), seed), plan).await;
    (counted, world.truth(), struck)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_end_as_activities_tasks_and_deals_say(acts in acts(), plan in batches(), seed in any::<u64>()) {
        let (counted, truth, _) = block_on(story(acts, plan, seed));
        prop_assert_eq!(counted, truth);
    }
}

/// Two hundred calls of one person with one tag are three counter rows: everybody's, the person's and the tag's. A batch of the stream
/// writes each once, whatever it brings.
#[tokio::test]
async fn a_batch_writes_each_counter_row_once() {
    let mut world = World::new();
    for _ in 0..200 {
        world.step(0, Step::Log).await;
        let id = *world.activities.last().unwrap();
        world.edit::<Activity>(id, |row| row.tags = vec!["vip".to_owned()]).await;
    }
    let counters = Memory::new(Faults::none());
    let store = Store::new(Table::Memory(counters.clone()));
    let records = world.memory.stream(0);
    assert_eq!(records.len(), 400);
    domain::flows::tally::tally(&store, &records).await.unwrap();
    let bill = counters.bill();
    assert_eq!((counters.rows().len(), bill.requests, bill.write_units), (3, 3, 3.0));
}

/// The generators reach what they should: faults strike, and everything that can be counted is, of everybody whose it may be.
#[test]
fn the_stories_are_rich() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut faults, mut counts) = (0, Counts::new());
    for _ in 0..60 {
        let tree = (acts(), batches(), any::<u64>()).new_tree(&mut runner).unwrap();
        let (acts, plan, seed) = proptest::strategy::ValueTree::current(&tree);
        let (counted, _, struck) = block_on(story(acts, plan, seed));
        faults += struck;
        counts.extend(counted);
    }
    assert!(faults > 50, "{faults} faults");
    assert!(counts.keys().all(|counter| counter.1 == Dimension::Work));
    let values: BTreeSet<_> = counts.keys().map(|counter| &counter.2).collect();
    // Everybody, two people, two teams, four tags: of seven words the first five count, and one of them is there twice.
    assert_eq!(values.len(), 9, "{values:?}");
    let figures: BTreeSet<_> = counts.keys().map(|counter| counter.4).collect();
    let done: BTreeSet<_> =
        figures.iter().filter_map(|it| if let Figure::Activity(_, done) = it { Some(done) } else { None }).collect();
    let handled: BTreeSet<_> =
        figures.iter().filter_map(|it| if let Figure::Task(_, it) = it { Some(it) } else { None }).collect();
    let decided = figures.iter().filter(|it| matches!(it, Figure::Deal(_))).count();
    // Two currencies, each with whole units and the rest.
    assert_eq!((done.len(), handled.len(), decided), (Done::ALL.len(), Handled::ALL.len(), 3 + 4), "{figures:?}");
}
