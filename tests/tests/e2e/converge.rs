//! Whatever order events come in and however often each is told, a message ends as the same row: by the pure rule, by what
//! webhook-intake does with the table, and by many intakes at once.

use std::collections::BTreeSet;

use domain::Message;
use domain::flows::Context;
use domain::flows::report::{self, Taken};
use domain::message::{Entry, Outcome, Status};
use futures_util::future::join_all;
use kernel::ids::{MessageId, TenantId};
use kernel::{Clock, Ids, Keys, Secret, Time};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use providers::{BounceClass, Event, EventDetail, EventKind};
use store::memory::{Fault, Faults};
use store::{Memory, Store, Table, TenantScope};

use crate::exact;

const KINDS: [EventKind; 10] = [
    EventKind::Sent,
    EventKind::Delayed,
    EventKind::Delivered,
    EventKind::Bounced,
    EventKind::Complained,
    EventKind::Rejected,
    EventKind::RenderingFailed,
    EventKind::Opened,
    EventKind::Clicked,
    EventKind::Unsubscribed,
];
/// How many events of one kind a row keeps.
const KEPT: usize = 12;
const PERSON: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36";
const PROGRAM: &str = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)";

fn context() -> Context {
    let clock = Clock::manual(Time::parse("2026-03-02T09:00:00Z").unwrap());
    let keys = Keys::derive(&Secret::new("the deployment secret of a convergence, for tests alone")).unwrap();
    Context { clock, ids: Ids::seeded(5), keys }
}

/// The `number`-th event of a kind. `second` may differ between two tellings of one and the same event.
fn event(kind: EventKind, number: u32, second: u32) -> Event {
    let machine = number.is_multiple_of(3);
    let class = match number % 3 {
        0 => BounceClass::Hard,
        1 => BounceClass::Soft,
        _ => BounceClass::Block,
    };
    let open = matches!(kind, EventKind::Opened | EventKind::Clicked);
    let detail = EventDetail {
        class: (kind == EventKind::Bounced).then_some(class),
        code: None,
        text: (kind == EventKind::Delivered).then(|| format!("250 {number} taken")),
        agent: open.then(|| if machine { PROGRAM } else { PERSON }.to_owned()),
        url: (kind == EventKind::Clicked).then(|| format!("https://shop.example/{number}")),
    };
    let at = Time::from_millis(1_772_442_000_000).plus_seconds(i64::from(number / 2 * 7 % 50) + i64::from(second));
    Event { kind, at, id: format!("{kind:?}-{number}"), tag: None, provider_id: None, recipient: None, detail }
}

/// Told events: any kinds, in any order, some told twice and more, a few of them with another time the second time.
fn told() -> impl Strategy<Value = Vec<Event>> {
    let one = (prop::sample::select(KINDS.to_vec()), 0_u32..20, prop_oneof![8 => Just(0_u32), 1 => 1_u32..60]);
    let few = prop::collection::vec(one.clone(), 0..12);
    let many = (prop::sample::select(vec![EventKind::Opened, EventKind::Clicked, EventKind::Delayed]), 0_u32..60)
        .prop_map(|(kind, number)| (kind, number, 0));
    (
        few,
        prop_oneof![2 => Just(0_usize), 1 => 10_usize..50]
            .prop_flat_map(move |count| prop::collection::vec(many.clone(), count)),
    )
        .prop_map(|(few, many)| few.into_iter().chain(many).map(|(kind, number, second)| event(kind, number, second)).collect())
}

/// The same events in another order, each told once at least.
fn retold(events: Vec<Event>) -> impl Strategy<Value = (Vec<Event>, Vec<Event>)> {
    let again = prop::collection::vec(any::<prop::sample::Index>(), 0..6);
    (Just(events.clone()), again, Just(events)).prop_flat_map(|(first, again, events)| {
        let mut second = events;
        if !second.is_empty() {
            let further: Vec<Event> = again.iter().map(|index| index.get(&second).clone()).collect();
            second.extend(further);
        }
        (Just(first), Just(second).prop_shuffle())
    })
}

/// The message after the pure rule has taken every event in.
fn pure(context: &Context, message: &Message, events: &[Event]) -> Message {
    let mut message = message.clone();
    for event in events {
        message.tell(Entry::of(&context.keys, event));
    }
    message
}

/// What must come out: the earliest of every kind, in order, and the outcome of the highest rank.
fn expected(context: &Context, message: &Message, events: &[Event]) -> Message {
    let mut entries: Vec<Entry> = events.iter().map(|event| Entry::of(&context.keys, event)).collect();
    entries.sort_by(|a, b| (a.at, a.kind, &a.id).cmp(&(b.at, b.kind, &b.id)));
    let mut seen = BTreeSet::new();
    entries.retain(|entry| seen.insert((entry.kind, entry.id.clone())));
    let mut kept: Vec<Entry> = Vec::new();
    for entry in entries {
        if kept.iter().filter(|other| other.kind == entry.kind && other.machine == entry.machine).count() < KEPT {
            kept.push(entry);
        }
    }
    let evidence = events.iter().filter_map(|event| Outcome::of(event.kind)).max();
    Message { events: kept, evidence, ..message.clone() }
}

/// A message on a table of its own.
struct Scene {
    context: Context,
    faults: Faults,
    memory: Memory,
    scope: TenantScope,
    message: Message,
}

impl Scene {
    async fn new() -> Self {
        let context = context();
        let faults = Faults::none();
        let memory = Memory::new(faults.clone());
        let store = Store::new(Table::Memory(memory.clone()));
        let tenant = TenantId::new(&context.ids, &context.clock);
        let (scope, _) = store.platform().found(tenant, "acme", "Acme").unwrap();
        let message = exact::blank(MessageId::new(&context.ids, &context.clock), None);
        assert!(scope.create(&message).await.unwrap());
        Self { context, faults, memory, scope, message }
    }

    async fn report(&self, event: &Event) -> kernel::Result<Taken> {
        report::report(&self.context, &self.scope, self.message.id, event).await
    }

    /// The row as it is read.
    fn row(&self) -> Message {
        exact::messages(&self.memory.rows()).remove(0).1
    }
}

/// The row after the table has taken every event in, one after the other.
async fn one_by_one(events: &[Event]) -> Message {
    let scene = Scene::new().await;
    for event in events {
        scene.report(event).await.unwrap();
    }
    scene.row()
}

/// The row after several intakes have told the events at once, each of them disturbed by faults and told again until it is taken.
async fn at_once(events: &[Event], seed: u64) -> Message {
    let scene = Scene::new().await;
    scene.faults.interleave(seed);
    for batch in events.chunks(4) {
        let base = scene.faults.calls();
        scene.faults.strike(base + seed % 11, Fault::LostReply);
        scene.faults.strike(base + seed % 7, Fault::Conflict);
        let telling = batch.iter().map(async |event| {
            for _ in 0..20 {
                if scene.report(event).await.is_ok() {
                    return;
                }
            }
            panic!("an event is never taken");
        });
        join_all(telling).await;
    }
    scene.row()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn check(first: &[Event], second: &[Event], seed: u64) -> Result<(), TestCaseError> {
    let context = context();
    let message = block_on(Scene::new()).message;
    let expected = expected(&context, &message, first);
    prop_assert_eq!(&pure(&context, &message, first), &expected, "the pure rule");
    prop_assert_eq!(&pure(&context, &message, second), &expected, "the pure rule, in another order");
    prop_assert_eq!(&block_on(one_by_one(first)), &expected, "the table");
    prop_assert_eq!(&block_on(one_by_one(second)), &expected, "the table, in another order");
    prop_assert_eq!(&block_on(at_once(second, seed)), &expected, "many intakes at once");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_telling_ends_in_the_same_row((first, second) in told().prop_flat_map(retold), seed in any::<u64>()) {
        check(&first, &second, seed)?;
    }

    /// The pure rule alone, which is cheap: many more of them.
    #[test]
    fn the_rule_is_a_semilattice(tellings in prop::collection::vec(told().prop_flat_map(retold), 25)) {
        let context = context();
        let message = exact::blank(MessageId::from_bytes([1; 16]), None);
        for (first, second) in tellings {
            let expected = expected(&context, &message, &first);
            prop_assert_eq!(&pure(&context, &message, &first), &expected);
            prop_assert_eq!(&pure(&context, &message, &second), &expected);
        }
    }
}

/// Every order of every set of up to five kinds, by the pure rule and, up to four, on the table.
#[test]
fn every_order_of_up_to_five_kinds_ends_in_the_same_row() {
    let context = context();
    let scene = block_on(Scene::new());
    let mut orders = 0;
    for set in 1_u32..1 << KINDS.len() {
        if set.count_ones() > 5 {
            continue;
        }
        let chosen: Vec<Event> = KINDS
            .iter()
            .zip(0_u32..)
            .filter(|(_, bit)| set & (1 << bit) != 0)
            // Times of their own, against the order of the kinds.
            .map(|(kind, bit)| event(*kind, 20 - bit, 0))
            .collect();
        let expected = expected(&context, &scene.message, &chosen);
        permutations(&mut chosen.clone(), 0, &mut |order| {
            orders += 1;
            assert_eq!(pure(&context, &scene.message, order), expected);
            if order.len() <= 3 {
                assert_eq!(block_on(one_by_one(order)), expected);
            }
        });
    }
    assert_eq!(orders, 10 + 90 + 720 + 5_040 + 30_240);
}

fn permutations(events: &mut [Event], from: usize, each: &mut impl FnMut(&[Event])) {
    if from == events.len() {
        return each(events);
    }
    for at in from..events.len() {
        events.swap(from, at);
        permutations(events, from + 1, each);
        events.swap(from, at);
    }
}

/// The status follows the evidence of the highest rank, and engagement changes nothing of it.
#[test]
fn the_status_is_that_of_the_highest_rank() {
    let context = context();
    let message = exact::blank(MessageId::from_bytes([1; 16]), None);
    for (kinds, status) in [
        (vec![EventKind::Opened, EventKind::Clicked, EventKind::Sent, EventKind::Delayed], Status::Accepted),
        (vec![EventKind::Opened, EventKind::Delivered], Status::Delivered),
        (vec![EventKind::Rejected, EventKind::Delivered], Status::Failed),
        (vec![EventKind::Delivered, EventKind::Bounced, EventKind::RenderingFailed], Status::Bounced),
        (vec![EventKind::Complained, EventKind::Bounced, EventKind::Delivered], Status::Complained),
    ] {
        let events: Vec<Event> = kinds.iter().map(|kind| event(*kind, 4, 0)).collect();
        assert_eq!(pure(&context, &message, &events).status(), status, "{kinds:?}");
    }
}

/// The generators reach what they should: caps, programs and people, repetitions with another time.
#[test]
fn the_tellings_are_rich() {
    let mut runner = TestRunner::deterministic();
    let (mut capped, mut twice) = (0, 0);
    for _ in 0..200 {
        let events = told().new_tree(&mut runner).unwrap().current();
        let of = |kind| events.iter().filter(|event| event.kind == kind).map(|event| &event.id).collect::<BTreeSet<_>>().len();
        capped += usize::from(of(EventKind::Opened) > KEPT + 4);
        twice += usize::from(events.iter().any(|a| events.iter().any(|b| a.id == b.id && a.at != b.at)));
    }
    assert!(capped > 3 && twice > 3, "{capped} {twice}");
}
