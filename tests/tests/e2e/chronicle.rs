//! Timelines are exact: whatever way the stream is cut into batches, whatever comes again, late or out of order, wherever a batch
//! dies half way, they end as the rows themselves say.

use std::collections::BTreeSet;

use domain::activity::{Form, Status};
use domain::entry::{Noun, Told};
use domain::flows::chronicle::chronicle;
use domain::message::{Entry as Event, State, Try, Verdict};
use domain::price::Amount;
use domain::task::Actor;
use domain::{Activity, Deal, Entry, Message, Task, deal};
use kernel::ids::{ActivityId, ContactId, DealId, MessageId, TaskId, TenantId, UserId};
use kernel::{Clock, Ids, Time};
use proptest::prelude::*;
use providers::{EventDetail, EventKind};
use store::memory::{Fault, Faults};
use store::schema::{Locator, attr};
use store::{Change, Cond, Entity, Item, Memory, Record, Store, Table, TenantScope};

use crate::exact::{blank, kind};

/// Something that happens to an activity, a message, a deal or a task.
#[derive(Clone, Copy, Debug)]
enum Step {
    Log,
    Move(u8),
    Retype,
    Complete,
    Erase,
    Accept,
    Take,
    Fail,
    Open,
    Offer,
    Advance(u8),
    Decide,
    Reopen,
    Hand,
    GiveUp,
    Price(u8),
    Make,
    Finish,
    Cancel,
    Resume,
    Delegate,
    Drop,
}

struct World {
    clock: Clock,
    ids: Ids,
    memory: Memory,
    scope: TenantScope,
    contacts: Vec<ContactId>,
    activities: Vec<ActivityId>,
    messages: Vec<MessageId>,
    deals: Vec<DealId>,
    tasks: Vec<TaskId>,
}

impl World {
    fn new() -> Self {
        // Half an hour before a month ends.
        let clock = Clock::manual(Time::parse("2026-03-31T23:30:00Z").unwrap());
        let (ids, memory) = (Ids::seeded(11), Memory::new(Faults::none()));
        let store = Store::new(Table::Memory(memory.clone()));
        let (scope, _) = store.platform().found(TenantId::new(&ids, &clock), "one", "One").unwrap();
        let contacts = (0..2).map(|_| ContactId::new(&ids, &clock)).collect();
        let (activities, messages, deals, tasks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { clock, ids, memory, scope, contacts, activities, messages, deals, tasks }
    }

    async fn edit(&self, choice: usize, edit: impl FnOnce(&mut Activity)) {
        self.rewrite(&self.activities, choice, edit).await;
    }

    async fn rewrite<E: Entity, I: Copy + Into<Locator>>(&self, of: &[I], choice: usize, edit: impl FnOnce(&mut E)) {
        let Some(id) = of.get(choice % of.len().max(1)) else { return };
        let mut found = self.scope.find::<E>(*id).await.unwrap();
        edit(&mut found.row);
        self.scope.replace(&found).await.unwrap();
    }

    async fn erase<E: Entity>(&self, id: impl Into<Locator>) {
        self.scope.erase(&self.scope.find::<E>(id).await.unwrap()).await.unwrap();
    }

    /// What becomes of deals and tasks.
    async fn decide(&mut self, choice: usize, step: Step) {
        let now = self.clock.now();
        let contact = self.contacts.get(choice % 3).copied();
        match step {
            Step::Offer => {
                let mut deal = Deal::new(DealId::new(&self.ids, &self.clock), "Roof".to_owned(), now);
                deal.contact_id = contact;
                assert!(self.scope.create(&deal).await.unwrap());
                self.deals.push(deal.id);
            }
            Step::Make => {
                let mut task = Task::new(TaskId::new(&self.ids, &self.clock), "Call".to_owned(), now);
                task.contact_id = contact;
                assert!(self.scope.create(&task).await.unwrap());
                self.tasks.push(task.id);
            }
            Step::Advance(stage) => {
                self.rewrite(&self.deals, choice, |row: &mut Deal| drop(row.advance(format!("stage {stage}"), now))).await;
            }
            Step::Decide => {
                let status = if choice.is_multiple_of(2) { deal::Status::Won } else { deal::Status::Lost };
                self.rewrite(&self.deals, choice, |row: &mut Deal| drop(row.close(status, None, now))).await;
            }
            Step::Reopen => self.rewrite(&self.deals, choice, |row: &mut Deal| drop(row.reopen(now))).await,
            Step::Hand => self.rewrite(&self.deals, choice, |row: &mut Deal| row.contact_id = contact).await,
            Step::Price(euros) => {
                let owner = UserId::new(&self.ids, &self.clock);
                let price = |row: &mut Deal| {
                    let before = row.clone();
                    row.value = Amount::parse(&euros.to_string()).ok();
                    row.owner = Some(owner).filter(|_| euros % 2 == 0).or(row.owner);
                    row.changed(&before, now);
                };
                self.rewrite(&self.deals, choice, price).await;
            }
            Step::Finish => {
                self.rewrite(&self.tasks, choice, |row: &mut Task| drop(row.complete(Actor::default(), now, None))).await;
            }
            Step::Cancel => {
                self.rewrite(&self.tasks, choice, |row: &mut Task| drop(row.cancel(Actor::default(), now, None))).await;
            }
            Step::Resume => {
                self.rewrite(&self.tasks, choice, |row: &mut Task| _ = row.reopen(Actor::default(), now, None)).await;
            }
            Step::Delegate => {
                let user = UserId::new(&self.ids, &self.clock);
                self.rewrite(&self.tasks, choice, |row: &mut Task| drop(row.delegate(Actor::default(), now, user, None))).await;
            }
            Step::GiveUp if !self.deals.is_empty() => {
                let id = self.deals.swap_remove(choice % self.deals.len());
                self.erase::<Deal>(id).await;
            }
            Step::Drop if !self.tasks.is_empty() => {
                let id = self.tasks.swap_remove(choice % self.tasks.len());
                self.erase::<Task>(id).await;
            }
            _ => {}
        }
    }

    async fn change(&self, choice: usize, change: Change) {
        let Some(id) = self.messages.get(choice % self.messages.len().max(1)) else { return };
        self.scope.change::<Message>(*id, change, Cond::All(Vec::new())).await.unwrap();
    }

    async fn step(&mut self, choice: usize, step: Step) {
        let now = self.clock.now();
        let contact = self.contacts.get(choice % 3).copied();
        let enter = |state: State| domain::flows::release::enter(state, now);
        match step {
            Step::Log => {
                let mut activity = Activity::blank(ActivityId::new(&self.ids, &self.clock), Form::Call, "Call".to_owned(), now);
                activity.contact = contact;
                assert!(self.scope.create(&activity).await.unwrap());
                self.activities.push(activity.id);
            }
            Step::Move(hours) => {
                let at = now.plus_seconds(i64::from(hours) * 3_600);
                self.edit(choice, |row| (row.contact, row.status, row.scheduled_at) = (contact, Status::Scheduled, Some(at)))
                    .await;
            }
            Step::Retype => self.edit(choice, |row| row.form = Form::Meeting).await,
            Step::Complete => self.edit(choice, |row| row.completed_at = Some(now)).await,
            Step::Erase => {
                if !self.activities.is_empty() {
                    let id = self.activities.swap_remove(choice % self.activities.len());
                    self.erase::<Activity>(id).await;
                }
            }
            Step::Accept => {
                let mut message = blank(MessageId::new(&self.ids, &self.clock), None);
                message.to.contact = contact;
                assert!(self.scope.create(&message).await.unwrap());
                self.messages.push(message.id);
            }
            Step::Take => {
                let attempt = Try {
                    n: 1,
                    account: None,
                    at: now,
                    ms: None,
                    verdict: Verdict::Sent,
                    id: None,
                    note: None,
                    cost: None,
                    passed: Vec::new(),
                };
                let attempt = store::scope::value(&attempt).unwrap();
                self.change(choice, enter(State::Sent).append(attr::TRIES, attempt)).await;
            }
            Step::Fail => self.change(choice, enter(State::Failed)).await,
            Step::Open => {
                let id = kernel::crypto::encode(&self.ids.bytes::<9>());
                let event = Event { kind: EventKind::Opened, at: now, id, machine: false, detail: EventDetail::default() };
                self.change(choice, Change::new().append(attr::EVENTS, store::scope::value(&event).unwrap())).await;
            }
            _ => self.decide(choice, step).await,
        }
    }
}

/// The entries of these nouns that stand, as text: an order for what has none.
fn standing(rows: &[Item], nouns: &[Noun]) -> BTreeSet<String> {
    let entries = rows.iter().filter(|row| kind(row) == "entry" && !row.contains_key("withdrawn"));
    let entries = entries.map(|row| serde_dynamo::from_item::<_, Entry>(row.clone()).unwrap());
    entries.filter(|entry| nouns.contains(&entry.noun)).map(|entry| format!("{entry:?}")).collect()
}

/// The entries as a stream makes them that brings everything once and in order. Those of activities and messages are what their rows
/// say; those of deals and tasks stay when things move on.
async fn in_order(world: &World, records: &[Record], now: Time) -> BTreeSet<String> {
    let timelines = Memory::new(Faults::none());
    let store = Store::new(Table::Memory(timelines.clone()));
    for record in records {
        chronicle(&store, std::slice::from_ref(record), now).await.unwrap();
    }
    let rows = timelines.rows();
    assert_eq!(standing(&rows, &[Noun::Activity, Noun::Message]), recomputed(&world.memory.rows()));
    standing(&rows, &Noun::ALL)
}

/// The entries of activities and messages as the rows say that they should be.
fn recomputed(rows: &[Item]) -> BTreeSet<String> {
    let entries = rows.iter().flat_map(|row| match kind(row) {
        "activity" => serde_dynamo::from_item::<_, Activity>(row.clone()).unwrap().entries(),
        "message" => serde_dynamo::from_item::<_, Message>(row.clone()).unwrap().entries(),
        _ => Vec::new(),
    });
    entries.map(|entry| format!("{entry:?}")).collect()
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Log),
        3 => (0_u8..40).prop_map(Step::Move),
        1 => Just(Step::Retype),
        2 => Just(Step::Complete),
        1 => Just(Step::Erase),
        3 => Just(Step::Accept),
        3 => Just(Step::Take),
        1 => Just(Step::Fail),
        3 => Just(Step::Open),
        2 => Just(Step::Offer),
        2 => (0_u8..3).prop_map(Step::Advance),
        2 => Just(Step::Decide),
        1 => Just(Step::Reopen),
        2 => Just(Step::Hand),
        1 => Just(Step::GiveUp),
        2 => Just(Step::Make),
        1 => (0_u8..9).prop_map(Step::Price),
        2 => Just(Step::Finish),
        1 => Just(Step::Cancel),
        1 => Just(Step::Resume),
        1 => Just(Step::Delegate),
        1 => Just(Step::Drop),
    ]
}

fn acts() -> impl Strategy<Value = Vec<(u16, usize, Step)>> {
    prop::collection::vec((0_u16..40, any::<usize>(), step()), 1..50)
}

/// How one batch is delivered: which records, of the whole stream and in any order, and whether a fault strikes.
type Batch = (Vec<usize>, Option<(u64, Fault)>);

fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let fault = prop::sample::select(vec![Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle]);
    prop::collection::vec(
        (prop::collection::vec(any::<usize>(), 1..30), prop::option::weighted(0.4, (0_u64..12, fault))),
        0..12,
    )
}

async fn deliver(store: &Store, faults: &Faults, records: &[Record], now: Time) -> bool {
    tokio::select! {
        biased;
        () = faults.crashed() => false,
        done = chronicle(store, records, now) => done.is_ok(),
    }
}

async fn story(acts: Vec<(u16, usize, Step)>, plan: Vec<Batch>, last: usize) -> (BTreeSet<String>, BTreeSet<String>, usize) {
    let mut world = World::new();
    for (minutes, choice, step) in acts {
        world.clock.advance(i64::from(minutes) * 60_000).unwrap();
        world.step(choice, step).await;
    }
    let (records, now) = (world.memory.stream(0), world.clock.now());
    let expected = in_order(&world, &records, now).await;
    let faults = Faults::none();
    let timelines = Memory::new(faults.clone());
    let store = Store::new(Table::Memory(timelines.clone()));
    for (which, fault) in plan.into_iter().filter(|_| !records.is_empty()) {
        if let Some((later, fault)) = fault {
            faults.strike(faults.calls() + later, fault);
        }
        let some: Vec<Record> = which.into_iter().map(|at| records[at % records.len()].clone()).collect();
        deliver(&store, &faults, &some, now).await;
    }
    faults.calm();
    // A crash that nobody has seen, since another fault of the same moment came first.
    deliver(&store, &faults, &[], now).await;
    // All of it in the end, record by record, from the last to the first or from the first to the last.
    let mut records = records;
    if last.is_multiple_of(2) {
        records.reverse();
    }
    for record in &records {
        assert!(deliver(&store, &faults, std::slice::from_ref(record), now).await);
    }
    (standing(&timelines.rows(), &Noun::ALL), expected, faults.struck().len())
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn timelines_end_as_the_rows_say(acts in acts(), plan in batches(), last in any::<usize>()) {
        let (standing, expected, _) = block_on(story(acts, plan, last));
        prop_assert_eq!(standing, expected);
    }
}

/// The generators reach what they should: faults strike, and timelines hold something.
#[test]
fn the_stories_are_rich() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut faults, mut entries) = (0, BTreeSet::new());
    for _ in 0..40 {
        let tree = (acts(), batches(), any::<usize>()).new_tree(&mut runner).unwrap();
        let (acts, plan, last) = proptest::strategy::ValueTree::current(&tree);
        let (standing, _, struck) = block_on(story(acts, plan, last));
        faults += struck;
        entries.extend(standing);
    }
    assert!(faults > 20, "{faults} faults");
    assert!(entries.len() > 300, "{} entries", entries.len());
    let words = [
        "Meeting",
        "call",
        "scheduled",
        "completed",
        "sent",
        "failed",
        "Opened",
        "stage_changed",
        "won",
        "lost",
        "created",
        "reopened",
        "value_changed",
        "owner_changed",
        "cancelled",
        "delegated",
    ];
    for word in words {
        assert!(entries.iter().any(|entry| entry.to_lowercase().contains(&word.to_lowercase())), "{word}");
    }
}
