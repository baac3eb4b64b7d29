//! Counters are exact: whatever way the stream is cut into batches, whatever is delivered again or from an earlier point, wherever
//! a tally dies half way, they end as the messages themselves say.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::conversation::Status;
use domain::message::mark::{Mark, Spot};
use domain::message::{Entry, Made, Recipient, State, Try, Verdict};
use domain::price::{Amount, Cost, Currency};
use domain::statistic::{Dimension, Figure, Measure, WAITS};
use domain::{Category, Channel, Conversation, Inbound, Message, Statistic};
use kernel::ids::{AccountId, ContactId, ConversationId, InboundId, MessageId, TemplateId, TenantId, UserId};
use kernel::{Clock, Ids, Time};
use proptest::prelude::*;
use providers::{EventDetail, EventKind};
use store::memory::{Fault, Faults};
use store::schema::attr;
use store::{Change, Cond, Item, Memory, Outcome, Record, Store, Stored, Table, TenantScope, Value};

/// Tenant, dimension and value, hour, and what is counted.
pub(crate) type Counter = (String, Dimension, String, Time, Figure);

/// What is counted where; what is zero is not there.
pub(crate) type Counts = BTreeMap<Counter, i64>;

/// A row's kind.
pub(crate) fn kind(row: &Item) -> &str {
    if let Some(Value::S(kind)) = row.get("kind") { kind } else { "" }
}

/// The tenant that a row's partition starts with.
pub(crate) fn tenant(row: &Item) -> String {
    let Some(Value::S(pk)) = row.get("pk") else { panic!("a row without a key") };
    pk.split('#').nth(1).unwrap().to_owned()
}

/// The messages among the rows.
pub(crate) fn messages(rows: &[Item]) -> Vec<(String, Message)> {
    let messages = rows.iter().filter(|row| kind(row) == "message");
    messages.map(|row| (tenant(row), serde_dynamo::from_item(row.clone()).unwrap())).collect()
}

/// The counters as the rows have them.
pub(crate) fn counted(rows: &[Item]) -> Counts {
    let mut counts = Counts::new();
    for row in rows.iter().filter(|row| kind(row) == "statistic") {
        let statistic: Statistic = serde_dynamo::from_item(row.clone()).unwrap();
        let place = statistic.place().unwrap();
        for (hour, figure, amount) in statistic.amounts(place.day) {
            *counts.entry((tenant(row), place.dimension, place.value.clone(), hour, figure)).or_default() += amount;
        }
    }
    counts.retain(|_, count| *count != 0);
    counts
}

/// The counters as the rows that are counted say that they should be.
pub(crate) fn recomputed(rows: &[Item]) -> Counts {
    let mut counts = Counts::new();
    let mut add = |tenant: &str, values: Vec<(Dimension, String)>, hour: Time, figure: Figure, amount: i64| {
        for (dimension, value) in values.into_iter().filter(|(dimension, _)| dimension.takes(figure)) {
            *counts.entry((tenant.to_owned(), dimension, value, hour, figure)).or_default() += amount;
        }
    };
    for (tenant, message) in messages(rows) {
        for ((Spot { hour, account }, figure), amount) in message.figures() {
            add(&tenant, message.values(account), hour, figure, amount);
        }
    }
    let hour = |at: Time| Time::from_millis(at.millis() - at.millis().rem_euclid(3_600_000));
    let mut conversations = HashMap::new();
    for row in rows.iter().filter(|row| kind(row) == "conversation") {
        let conversation: Conversation = serde_dynamo::from_item(row.clone()).unwrap();
        let values = conversation.values();
        add(&tenant(row), values.clone(), hour(conversation.id.made_at()), Figure::Measure(Measure::Begun), 1);
        conversations.insert(conversation.id, values);
    }
    for row in rows.iter().filter(|row| kind(row) == "inbound") {
        let inbound: Inbound = serde_dynamo::from_item(row.clone()).unwrap();
        let values = conversations[&inbound.conversation].clone();
        add(&tenant(row), values, hour(inbound.id.made_at()), Figure::Measure(Measure::Received), 1);
    }
    for (tenant, counters) in crate::worked::counters(rows) {
        for (counter, amount) in counters {
            add(&tenant, vec![(counter.dimension, counter.value)], counter.hour, counter.figure, amount);
        }
    }
    counts.retain(|_, count| *count != 0);
    counts
}

/// Something that happens to one of the messages.
#[derive(Clone, Debug)]
enum Step {
    Claim,
    Take(usize),
    Lose,
    Refuse,
    Fail,
    Cancel,
    Again,
    Prove,
    Tell(EventKind, bool),
}

const KINDS: [EventKind; 11] = [
    EventKind::Sent,
    EventKind::Delayed,
    EventKind::Delivered,
    EventKind::Bounced,
    EventKind::Complained,
    EventKind::Rejected,
    EventKind::RenderingFailed,
    EventKind::Opened,
    EventKind::Clicked,
    EventKind::Replied,
    EventKind::Unsubscribed,
];

/// Two tenants with two accounts, templates and people each, and the messages and conversations that live on their table.
struct Worlds {
    clock: Clock,
    ids: Ids,
    memory: Memory,
    scopes: Vec<TenantScope>,
    accounts: Vec<AccountId>,
    templates: Vec<TemplateId>,
    users: Vec<UserId>,
    alive: Vec<(usize, MessageId)>,
    talks: Vec<(usize, Stored<Conversation>)>,
}

impl Worlds {
    fn new() -> Self {
        // Half an hour before a month ends, so that hours, days and months are all crossed.
        let clock = Clock::manual(Time::parse("2026-03-31T23:30:00Z").unwrap());
        let ids = Ids::seeded(7);
        let memory = Memory::new(Faults::none());
        let store = Store::new(Table::Memory(memory.clone()));
        let scope = |slug| store.platform().found(TenantId::new(&ids, &clock), slug, slug).unwrap().0;
        let scopes = vec![scope("one"), scope("two")];
        let accounts = (0..2).map(|_| AccountId::new(&ids, &clock)).collect();
        let templates = (0..2).map(|_| TemplateId::new(&ids, &clock)).collect();
        let users = (0..2).map(|_| UserId::new(&ids, &clock)).collect();
        Self { clock, ids, memory, scopes, accounts, templates, users, alive: Vec::new(), talks: Vec::new() }
    }

    async fn accept(&mut self, choice: usize) {
        let blank = blank(MessageId::new(&self.ids, &self.clock), self.templates.get(choice / 2 % 3).copied());
        let tags = ["a", "b#05", "c", "d", "e", "f", "a"].map(str::to_owned);
        let message = Message {
            tags: tags[..choice / 6 % 8].to_vec(),
            waited: WAITS.get(choice / 288 % 12).map(|seconds| seconds * 1_000),
            sender: self.users.get(choice / 48 % 3).copied(),
            category: Category::parse(["transactional", "news"][choice / 144 % 2]).unwrap(),
            ..blank
        };
        assert!(self.scopes[choice % 2].create(&message).await.unwrap());
        self.alive.push((choice % 2, message.id));
    }

    /// A message comes in: in a new conversation, or in one of those that were begun.
    async fn receive(&mut self, choice: usize) {
        let now = self.clock.now();
        let begun = self.talks.len();
        if begun == 0 || choice.is_multiple_of(3) {
            let row = Conversation {
                id: ConversationId::new(&self.ids, &self.clock),
                contact: ContactId::new(&self.ids, &self.clock),
                channel: Channel::Sms,
                account: self.accounts[choice / 3 % 2],
                address: "+14155550123".to_owned(),
                thread: None,
                status: Status::Open,
                unread: 0,
                last_at: now,
                preview: String::new(),
                created_at: now,
                received: 0,
                awaiting: None,
                answered: None,
            };
            self.talks.push((choice % 2, Stored { row, version: 0 }));
        }
        let last = self.talks.len() - 1;
        let (tenant, talk) = &mut self.talks[if last < begun { choice % begun } else { last }];
        (talk.row.received, talk.row.last_at) = (talk.row.received + 1, now);
        let (id, came) = (InboundId::new(&self.ids, &self.clock), providers::Inbound::default());
        let inbound = Inbound::of(id, talk.row.id, talk.row.account, "+14155550123", &came);
        let scope = &self.scopes[*tenant];
        let writes = vec![scope.replacing(talk).unwrap(), scope.creating(&inbound).unwrap()];
        assert_eq!(scope.transact(writes).await.unwrap(), None);
        talk.version += 1;
    }

    async fn step(&self, choice: usize, step: &Step) {
        let Some((tenant, id)) = self.alive.get(choice % self.alive.len().max(1)) else { return };
        let now = self.clock.now();
        let enter = |state: State| domain::flows::release::enter(state, now);
        let tried = |account: Option<AccountId>, verdict: Verdict| {
            let price = |currency| Cost { amount: Amount::from_millionths(7_500), currency, segments: Some(1) };
            let cost = ["EUR", "USD"].get(choice % 3).map(|currency| price(Currency::parse(currency).unwrap()));
            let ms = account.map(|_| 120);
            let attempt = Try { n: 1, account, at: now, ms, verdict, id: None, note: None, cost, passed: Vec::new() };
            store::scope::value(&attempt).unwrap()
        };
        let account = |choice: usize| self.accounts.get(choice % 2).copied();
        let change = match step {
            Step::Claim => enter(State::Sending).add(attr::ATTEMPT, 1),
            Step::Take(which) => enter(State::Sent).append(attr::TRIES, tried(account(*which), Verdict::Sent)),
            Step::Lose => enter(State::Unknown).append(attr::TRIES, tried(account(0), Verdict::Unknown)),
            Step::Refuse => enter(State::Rejected).append(attr::TRIES, tried(account(1), Verdict::Rejected)),
            Step::Fail => enter(State::Failed),
            Step::Cancel => enter(State::Cancelled),
            Step::Again => enter(State::Queued),
            Step::Prove => enter(State::Sent),
            Step::Tell(kind, machine) => {
                let id = kernel::crypto::encode(&self.ids.bytes::<9>());
                let entry = Entry { kind: *kind, at: now, id, machine: *machine, detail: EventDetail::default() };
                Change::new().append(attr::EVENTS, store::scope::value(&entry).unwrap())
            }
        };
        let done = self.scopes[*tenant].change::<Message>(*id, change, Cond::All(Vec::new())).await.unwrap();
        assert!(matches!(done, Outcome::Done(_)));
    }
}

/// A message of which nothing is known yet.
pub(crate) fn blank(id: MessageId, template: Option<TemplateId>) -> Message {
    let to = Recipient { address: "ada@example.com".to_owned(), name: None, contact: None };
    Message { template: template.map(|id| Made { id, number: 1 }), ..Message::new(id, Channel::Email, to) }
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => Just(Step::Claim),
        3 => (0_usize..2).prop_map(Step::Take),
        2 => Just(Step::Lose),
        1 => Just(Step::Refuse),
        1 => Just(Step::Fail),
        1 => Just(Step::Cancel),
        1 => Just(Step::Again),
        1 => Just(Step::Prove),
        6 => (prop::sample::select(KINDS.to_vec()), any::<bool>()).prop_map(|(kind, machine)| Step::Tell(kind, machine)),
    ]
}

/// What happens next: time passes, a message is accepted or comes in, or something happens to one.
type Act = (u16, usize, Option<Step>);

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec((0_u16..40, any::<usize>(), prop::option::weighted(0.75, step())), 1..60)
}

/// How one batch is delivered: how far back it starts, how long it is, and whether a fault strikes at one of its calls.
pub(crate) type Batch = (usize, usize, Option<(u64, Fault)>);

pub(crate) fn batches() -> impl Strategy<Value = Vec<Batch>> {
    let fault =
        prop::sample::select(vec![Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict]);
    let back = prop_oneof![3 => Just(0_usize), 2 => 0_usize..8, 1 => 0_usize..200];
    prop::collection::vec((back, 1_usize..30, prop::option::weighted(0.4, (0_u64..12, fault))), 0..40)
}

/// The stream as one of its readers may see it: the changes of one partition in order, those of different partitions in any.
pub(crate) fn shuffled(records: Vec<Record>, mut seed: u64) -> Vec<Record> {
    let mut lanes: BTreeMap<String, std::collections::VecDeque<Record>> = BTreeMap::new();
    for record in records {
        lanes.entry(record.partition().unwrap_or_default().to_owned()).or_default().push_back(record);
    }
    let mut order = Vec::new();
    while !lanes.is_empty() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let at = usize::try_from(seed >> 33).unwrap() % lanes.len();
        let name = lanes.keys().nth(at).unwrap().clone();
        let lane = lanes.get_mut(&name).unwrap();
        order.extend(lane.pop_front());
        if lane.is_empty() {
            lanes.remove(&name);
        }
    }
    order
}

/// One delivery of a batch. Whether the function came to an end and said that all went well.
async fn deliver(store: &Store, faults: &Faults, records: &[Record]) -> bool {
    tokio::select! {
        biased;
        () = faults.crashed() => false,
        done = domain::flows::tally::tally(store, records) => done.is_ok(),
    }
}

async fn story(acts: Vec<Act>, plan: Vec<Batch>, seed: u64) -> (Counts, Counts, usize) {
    let mut worlds = Worlds::new();
    for (minutes, choice, step) in acts {
        worlds.clock.advance(i64::from(minutes) * 60_000).unwrap();
        match step {
            Some(step) => worlds.step(choice, &step).await,
            None if choice % 5 == 0 => worlds.receive(choice / 5).await,
            None => worlds.accept(choice).await,
        }
    }
    let (counted, struck) = delivered(shuffled(worlds.memory.stream(0), seed), plan).await;
    (counted, recomputed(&worlds.memory.rows()), struck)
}

/// What is counted of a stream that is delivered by that plan and then all at once, once more, and how many faults struck.
pub(crate) async fn delivered(records: Vec<Record>, plan: Vec<Batch>) -> (Counts, usize) {
    let faults = Faults::none();
    let (counters, mut reached) = (Memory::new(faults.clone()), 0_usize);
    let store = Store::new(Table::Memory(counters.clone()));
    for (back, length, fault) in plan {
        let from = reached.saturating_sub(back);
        let until = (from + length).min(records.len());
        if let Some((later, fault)) = fault {
            faults.strike(faults.calls() + later, fault);
        }
        if deliver(&store, &faults, &records[from..until]).await {
            reached = until;
        }
    }
    faults.calm();
    // A crash that nobody has seen, since another fault of the same moment came first.
    deliver(&store, &faults, &[]).await;
    assert!(deliver(&store, &faults, &records[reached..]).await && deliver(&store, &faults, &records).await, "all, once more");
    (counted(&counters.rows()), faults.struck().len())
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn counters_end_as_the_messages_say(acts in acts(), plan in batches(), seed in any::<u64>()) {
        let (counted, recomputed, _) = block_on(story(acts, plan, seed));
        prop_assert_eq!(counted, recomputed);
    }
}

/// The generators reach what they should: faults strike, both tenants and several hours, accounts and marks are counted.
#[test]
fn the_stories_are_rich() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut faults = 0;
    let mut counts = Counts::new();
    for _ in 0..40 {
        let tree = (acts(), batches(), any::<u64>()).new_tree(&mut runner).unwrap();
        let (acts, plan, seed) = proptest::strategy::ValueTree::current(&tree);
        let (counted, _, struck) = block_on(story(acts, plan, seed));
        faults += struck;
        counts.extend(counted);
    }
    let hours: BTreeSet<_> = counts.keys().map(|counter| counter.3).collect();
    let figures: BTreeSet<_> = counts.keys().map(|counter| counter.4).collect();
    let tenants: BTreeSet<_> = counts.keys().map(|counter| &counter.0).collect();
    let values = |wanted: Dimension| {
        counts.keys().filter(|counter| counter.1 == wanted).map(|counter| &counter.2).collect::<BTreeSet<_>>().len()
    };
    assert!(faults > 50, "{faults} faults");
    assert!(hours.len() > 20 && tenants.len() == 2, "{hours:?}");
    // Two accounts and none, by two categories; conversations of two accounts; two templates and none; five tags; two people.
    assert_eq!(Dimension::ALL.map(values), [8, 3, 5, 2, 0]);
    assert_eq!(figures.len(), Mark::ALL.len() + Measure::ALL.len() + WAITS.len() + 2, "{figures:?}");
}

/// A counter row keeps watermarks for each month whose messages it counts: what was accepted in March and in April is opened
/// in the same hour.
#[tokio::test]
async fn months_that_share_a_counter_row_do_not_hide_each_other() {
    let mut worlds = Worlds::new();
    for month in [0, 8] {
        for which in month..month + 8 {
            worlds.accept(0).await;
            worlds.step(which, &Step::Take(0)).await;
        }
        worlds.clock.advance(3_600_000).unwrap();
    }
    for which in (0..16).rev() {
        worlds.step(which, &Step::Tell(EventKind::Opened, false)).await;
    }
    let counters = Memory::new(Faults::none());
    let store = Store::new(Table::Memory(counters.clone()));
    for record in worlds.memory.stream(0) {
        for _ in 0..2 {
            domain::flows::tally::tally(&store, std::slice::from_ref(&record)).await.unwrap();
        }
    }
    let rows = counters.rows();
    assert_eq!(counted(&rows), recomputed(&worlds.memory.rows()));
    let months = |row: &Item| {
        let named = row.keys().filter_map(|name| name.strip_prefix("wMSG")?.get(..6));
        named.collect::<BTreeSet<_>>().len()
    };
    assert!(rows.iter().any(|row| months(row) == 2), "{rows:#?}");
}
