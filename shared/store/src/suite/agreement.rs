//! Any sequence of operations gives the same answers and leaves the same rows on both tables.

use std::ops::Range;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::homes::dynamo;
use crate::change::{n, s};
use crate::schema::{Attr, DUE_SHARDS, Key, attr, due_partition, due_sort};
use crate::table::{Found, Index, Op, Query, TableError};
use crate::{Change, Cond, Item, Memory, Table, Value};

const SEQUENCES: u32 = 220;
const LENGTH: Range<usize> = 30..50;
/// Rows that may exist in each partition: few, so that operations meet.
const ROWS: u8 = 4;
const PARTITIONS: [&str; 2] = ["T#a#MSG", "T#b#MSG"];

#[derive(Clone, Debug)]
enum Step {
    Read(Key),
    ReadMany(Vec<Key>),
    Put(Item, Cond),
    Update(Key, Change, Cond),
    Delete(Key, Cond),
    Transact(Vec<Op>),
    Query(Query),
}

/// An answer, less the words of an error.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Row(Option<Item>),
    Rows(Vec<Item>),
    Many(Vec<Option<Item>>),
    Done,
    Refused(usize, Option<Item>),
    Broken,
    Other(String),
}

fn keys() -> impl Strategy<Value = Key> {
    (0..2_usize, 0..ROWS).prop_map(|(pk, sk)| Key { pk: PARTITIONS[pk].to_owned(), sk: sk.to_string() })
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        4 => "[ab]{0,2}".prop_map(s),
        4 => (-3_i64..4).prop_map(n),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::Null(true)),
        1 => vec(0_u8..2, 0..3).prop_map(Value::B),
    ]
}

fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => leaf(),
        1 => vec(leaf(), 0..3).prop_map(Value::L),
        1 => proptest::collection::hash_map("[kl]", leaf(), 0..3).prop_map(Value::M),
    ]
}

/// An attribute with a value of the type that is usual for it, and now and then of another.
fn pairs() -> impl Strategy<Value = (Attr, Value)> {
    prop_oneof![
        4 => "[ab]{0,2}".prop_map(|text| (attr::STATE, s(text))),
        4 => (-3_i64..4).prop_map(|number| (attr::ATTEMPT, n(number))),
        4 => vec(leaf(), 0..3).prop_map(|list| (attr::EVENTS, Value::L(list))),
        2 => values().prop_map(|value| (attr::GATE, value)),
        1 => (attrs(), values()),
    ]
}

fn attrs() -> impl Strategy<Value = Attr> {
    prop::sample::select(vec![attr::STATE, attr::ATTEMPT, attr::EVENTS, attr::GATE, attr::HOLD])
}

fn moments() -> impl Strategy<Value = i64> {
    0_i64..6
}

fn conds() -> impl Strategy<Value = Cond> {
    let bound = prop_oneof!["[ab]{0,2}".prop_map(s), (-3_i64..4).prop_map(n), vec(0_u8..2, 0..3).prop_map(Value::B)];
    let one = prop_oneof![
        2 => Just(Cond::Absent),
        4 => Just(Cond::Present),
        2 => (0_u64..4).prop_map(Cond::Version),
        3 => pairs().prop_map(|(attr, value)| Cond::Is(attr, value)),
        2 => (attrs(), vec(values(), 0..3)).prop_map(|(attr, values)| Cond::In(attr, values)),
        2 => (attrs(), bound).prop_map(|(attr, value)| Cond::Below(attr, value)),
        2 => attrs().prop_map(Cond::Missing),
        4 => Just(Cond::All(Vec::new())),
    ];
    one.prop_recursive(2, 6, 3, |inner| {
        prop_oneof![vec(inner.clone(), 0..3).prop_map(Cond::All), vec(inner, 0..3).prop_map(Cond::Any)]
    })
}

#[derive(Clone, Debug)]
enum Part {
    Set(Attr, Value),
    Remove(Attr),
    Add(Attr, i64),
    Append(Attr, Value),
    Due(i64),
    NotDue,
}

fn changes() -> impl Strategy<Value = Change> {
    let part = prop_oneof![
        4 => pairs().prop_map(|(attr, value)| Part::Set(attr, value)),
        2 => attrs().prop_map(Part::Remove),
        3 => (-3_i64..4).prop_map(|amount| Part::Add(attr::ATTEMPT, amount)),
        3 => leaf().prop_map(|value| Part::Append(attr::EVENTS, value)),
        1 => (attrs(), -3_i64..4).prop_map(|(attr, amount)| Part::Add(attr, amount)),
        1 => (attrs(), leaf()).prop_map(|(attr, value)| Part::Append(attr, value)),
        3 => moments().prop_map(Part::Due),
        1 => Just(Part::NotDue),
    ];
    vec(part, 0..4).prop_map(|parts| {
        parts.into_iter().fold(Change::new(), |change, part| match part {
            Part::Set(attr, value) => change.set(attr, value),
            Part::Remove(attr) => change.remove(attr),
            Part::Add(attr, amount) => change.add(attr, amount),
            Part::Append(attr, value) => change.append(attr, value),
            Part::Due(moment) => change.due(kernel::Time::from_millis(moment)),
            Part::NotDue => change.not_due(),
        })
    })
}

fn items() -> impl Strategy<Value = Item> {
    (keys(), vec(pairs(), 0..4), 0_i64..4, proptest::option::of(moments())).prop_map(|(key, pairs, version, due)| {
        let mut item: Item = pairs.into_iter().map(|(attr, value)| (attr.as_str().to_owned(), value)).collect();
        item.insert("version".to_owned(), n(version));
        if let Some(moment) = due {
            for (attr, value) in crate::schema::due_attributes(&key, kernel::Time::from_millis(moment)) {
                item.insert(attr.as_str().to_owned(), value);
            }
        }
        item.insert("pk".to_owned(), s(key.pk));
        item.insert("sk".to_owned(), s(key.sk));
        item
    })
}

fn ops() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => (items(), conds()).prop_map(|(item, cond)| Op::Put(item, cond)),
        3 => (keys(), changes(), conds()).prop_map(|(key, change, cond)| Op::Update(key, change, cond)),
        1 => (keys(), conds()).prop_map(|(key, cond)| Op::Delete(key, cond)),
        1 => (keys(), conds()).prop_map(|(key, cond)| Op::Check(key, cond)),
    ]
}

fn queries() -> impl Strategy<Value = Query> {
    let bound = || proptest::option::of("[0-4]{0,2}".prop_filter("a bound has text", |text| !text.is_empty()));
    let index = prop::sample::select(vec![Index::Primary, Index::Current]);
    let primary = (0..2_usize, index, bound(), bound(), any::<bool>(), 0_u16..5).prop_map(
        |(pk, index, after, before, forward, limit)| Query {
            pk: PARTITIONS[pk].to_owned(),
            index,
            behind: None,
            after,
            before,
            forward,
            limit,
        },
    );
    // Rows that are due at the same moment come in no order that one could rely on: ask for all of them.
    let due =
        (0..DUE_SHARDS, proptest::option::of(moments()), proptest::option::of(moments())).prop_map(|(shard, after, before)| {
            Query {
                pk: due_partition(shard),
                index: Index::Due,
                behind: None,
                after: after.map(|moment| due_sort(kernel::Time::from_millis(moment))),
                before: before.map(|moment| due_sort(kernel::Time::from_millis(moment))),
                forward: true,
                limit: 100,
            }
        });
    prop_oneof![primary, due]
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        2 => keys().prop_map(Step::Read),
        1 => vec(keys(), 0..4).prop_map(Step::ReadMany),
        4 => (items(), conds()).prop_map(|(item, cond)| Step::Put(item, cond)),
        6 => (keys(), changes(), conds()).prop_map(|(key, change, cond)| Step::Update(key, change, cond)),
        2 => (keys(), conds()).prop_map(|(key, cond)| Step::Delete(key, cond)),
        3 => vec(ops(), 1..5).prop_map(Step::Transact),
        3 => queries().prop_map(Step::Query),
    ]
}

fn told<T>(result: Result<T, TableError>, done: impl FnOnce(T) -> Answer) -> Answer {
    match result {
        Ok(answer) => done(answer),
        Err(TableError::Refused { at, found }) => Answer::Refused(at, found.map(|item| *item)),
        Err(TableError::Broken(_)) => Answer::Broken,
        Err(other @ (TableError::Contended | TableError::Throttled | TableError::Lost(_))) => {
            Answer::Other(format!("{other:?}"))
        }
    }
}

fn rows(found: Found) -> Answer {
    let mut items = found.items;
    let place = |item: &Item| ["due_sk", "pk", "sk"].map(|name| crate::table::text(item, name).map(str::to_owned));
    if items.iter().any(|item| item.contains_key("due_sk")) && items.iter().all(|item| item.len() == 4) {
        items.sort_by_key(place);
    }
    Answer::Rows(items)
}

async fn take(table: &Table, step: Step) -> Answer {
    match step {
        Step::Read(key) => told(table.read(&key, true).await, Answer::Row),
        Step::ReadMany(keys) => told(table.read_many(&keys, true).await, Answer::Many),
        Step::Put(item, cond) => told(table.put(item, &cond).await, |()| Answer::Done),
        Step::Update(key, change, cond) => told(table.update(&key, change, &cond).await, |item| Answer::Row(Some(item))),
        Step::Delete(key, cond) => told(table.delete(&key, &cond).await, |()| Answer::Done),
        Step::Transact(ops) => told(table.transact(ops).await, |()| Answer::Done),
        Step::Query(query) => told(table.query(&query).await, rows),
    }
}

/// Every row and every index entry, by the table's own queries.
async fn everything(table: &Table) -> Vec<Answer> {
    let mut all = Vec::new();
    let primary = PARTITIONS.iter().map(|pk| ((*pk).to_owned(), Index::Primary));
    for (pk, index) in primary.chain((0..DUE_SHARDS).map(|shard| (due_partition(shard), Index::Due))) {
        let query = Query { pk, index, behind: None, after: None, before: None, forward: true, limit: 100 };
        all.push(take(table, Step::Query(query)).await);
    }
    all
}

async fn agree(dynamo: &Table, steps: Vec<Step>) -> Result<(), TestCaseError> {
    let memory = Table::Memory(Memory::default());
    for (pk, sk) in PARTITIONS.iter().flat_map(|pk| (0..ROWS).map(move |sk| (pk, sk))) {
        dynamo.delete(&Key { pk: (*pk).to_owned(), sk: sk.to_string() }, &Cond::All(vec![])).await.unwrap();
    }
    for (at, step) in steps.into_iter().enumerate() {
        let (ours, theirs) = (take(&memory, step.clone()).await, take(dynamo, step.clone()).await);
        prop_assert_eq!(ours, theirs, "step {}: {:?}", at, step);
    }
    prop_assert_eq!(everything(&memory).await, everything(dynamo).await);
    Ok(())
}

#[test]
fn any_sequence_of_operations_gives_the_same_on_both_tables() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let config = Config { cases: SEQUENCES, failure_persistence: None, max_shrink_iters: 300, ..Config::default() };
    let dynamo = runtime.block_on(dynamo());
    TestRunner::new(config).run(&vec(steps(), LENGTH), |steps| runtime.block_on(agree(&dynamo, steps))).unwrap();
}
