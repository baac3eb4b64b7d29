//! The bill: what memory counts is what the rules say, by hand and by the engine's own account.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, Put, ReturnConsumedCapacity, TransactWriteItem};

use super::homes::{Edition, Letter, TABLE, World, engine};
use crate::bill::{Bill, item_size};
use crate::change::s;
use crate::schema::{Key, attr};
use crate::table::{Index, Op, Query};
use crate::{Change, Cond, Item, Listing, Memory, Outcome, Table};

/// What the work cost: write units, read units, requests.
async fn cost(memory: &Memory, work: impl Future<Output = ()>) -> (f64, f64, u64) {
    let before = memory.bill();
    work.await;
    let Bill { write_units, read_units, requests } = memory.bill().since(before);
    (write_units, read_units, requests)
}

#[tokio::test]
async fn every_verb_costs_what_the_rules_say() {
    let memory = Memory::default();
    let w = World::new(Table::Memory(memory.clone()));
    let small = w.letter("small");
    let large = Letter { state: "x".repeat(2500), ..w.letter("") };
    let due = Letter { wakes: Some(w.clock.now()), ..w.letter("due") };

    assert_eq!(cost(&memory, async { assert!(w.scope.create(&small).await.unwrap()) }).await, (1.0, 0.0, 1));
    assert_eq!(cost(&memory, async { assert!(w.scope.create(&large).await.unwrap()) }).await, (3.0, 0.0, 1));
    assert_eq!(cost(&memory, async { assert!(w.scope.create(&due).await.unwrap()) }).await, (2.0, 0.0, 1), "and its entry");
    assert_eq!(cost(&memory, async { assert!(!w.scope.create(&large).await.unwrap()) }).await, (3.0, 0.0, 1), "a refusal");
    assert_eq!(cost(&memory, async { drop(w.scope.read::<Letter>(small.id).await) }).await, (0.0, 0.5, 1));
    assert_eq!(cost(&memory, async { drop(w.scope.find::<Letter>(small.id).await) }).await, (0.0, 1.0, 1));
    assert_eq!(cost(&memory, async { drop(w.scope.find::<Letter>(w.letter("none").id).await) }).await, (0.0, 1.0, 1));

    let both = [small.id.into(), large.id.into(), w.letter("none").id.into(), small.id.into()];
    let many = async { drop(w.scope.read_many::<Letter>(&both).await.unwrap()) };
    assert_eq!(cost(&memory, many).await, (0.0, 1.5, 1), "each row once, by itself, also the one that is not there");
    let now = async { drop(w.scope.read_many_now::<Letter>(&both).await.unwrap()) };
    assert_eq!(cost(&memory, now).await, (0.0, 3.0, 1), "what is decided by costs twice that");

    let change = |id, change: Change| w.scope.change::<Letter>(id, change, Cond::Present);
    let shrink =
        async { assert!(matches!(change(large.id, Change::new().set(attr::STATE, s("-"))).await, Ok(Outcome::Done(_)))) };
    assert_eq!(cost(&memory, shrink).await, (3.0, 0.0, 1), "the larger of before and after");
    let touch = async { drop(change(due.id, Change::new().add(attr::ATTEMPT, 1)).await) };
    assert_eq!(cost(&memory, touch).await, (1.0, 0.0, 1), "the index has the keys alone: nothing of it changes");
    let put_off = async { drop(change(due.id, Change::new().due(w.clock.now().plus_seconds(1))).await) };
    assert_eq!(cost(&memory, put_off).await, (3.0, 0.0, 1), "one entry goes, one comes");
    let settle = async { drop(change(due.id, Change::new().not_due()).await) };
    assert_eq!(cost(&memory, settle).await, (2.0, 0.0, 1));

    let (one, two) = (w.letter("one"), Letter { wakes: Some(w.clock.now()), ..w.letter("two") });
    let writes = || vec![w.scope.creating(&one).unwrap(), w.scope.creating(&two).unwrap()];
    let together = async { assert_eq!(w.scope.transact(writes()).await.unwrap(), None) };
    assert_eq!(cost(&memory, together).await, (5.0, 0.0, 1), "two rows at double price and one entry at the plain one");
    let again = async { assert_eq!(w.scope.transact(writes()).await.unwrap(), Some(0)) };
    assert_eq!(cost(&memory, again).await, (4.0, 0.0, 1), "a refusal");
    let read = async { assert_eq!(w.store.due(0, None, w.clock.now(), 9).await.unwrap().len(), 0) };
    assert_eq!(cost(&memory, read).await, (0.0, 0.5, 1));
}

#[tokio::test]
async fn a_query_costs_by_the_sum_of_what_it_read() {
    let memory = Memory::default();
    let w = World::new(Table::Memory(memory.clone()));
    let owner = kernel::ids::TemplateId::new(&w.ids, &w.clock);
    for number in 0..5 {
        w.scope.create(&Edition { owner, number, text: "x".repeat(2000) }).await.unwrap();
    }
    let owner = owner.hex();
    let read = |limit| w.scope.below::<Edition>(&owner, None, None, true, limit);
    // About 2.2 KB each, so 5 make 11 KB or 3 blocks of 4 KB; eventual reads cost half.
    assert_eq!(cost(&memory, async { assert_eq!(read(5).await.unwrap().len(), 5) }).await, (0.0, 1.5, 1));
    assert_eq!(cost(&memory, async { assert_eq!(read(1).await.unwrap().len(), 1) }).await, (0.0, 0.5, 1));
    let now = async { assert_eq!(w.scope.below_now::<Edition>(&owner, None, None, true, 5).await.unwrap().len(), 5) };
    assert_eq!(cost(&memory, now).await, (0.0, 3.0, 1), "as they are now");
    let now = async { assert_eq!(w.scope.page_below_now::<Edition>(&owner, 5, None).await.unwrap().rows.len(), 5) };
    assert_eq!(cost(&memory, now).await, (0.0, 3.0, 1), "as they are now");
    let listing = Listing { limit: 10, after: None, since: None, until: None };
    let page = async { drop(w.scope.list::<Letter>(&listing, w.clock.now(), |_| true).await.unwrap()) };
    assert_eq!(cost(&memory, page).await, (0.0, 2.0, 4), "an empty month is one request for each of its shards");
}

fn row(sk: &str, bytes: usize, due: Option<&str>) -> Item {
    let mut row: Item = [("pk".into(), s("P")), ("sk".into(), s(sk)), ("text".into(), s("x".repeat(bytes)))].into();
    if let Some(moment) = due {
        row.insert("due_pk".into(), s("DUE#1"));
        row.insert("due_sk".into(), s(moment));
    }
    row
}

fn wire(item: &Item) -> std::collections::HashMap<String, AttributeValue> {
    item.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect()
}

/// Units that the engine counts for a put, alone or as a transaction of one.
async fn engine_units(client: &Client, item: &Item, transaction: bool) -> f64 {
    if transaction {
        let put = Put::builder().table_name(TABLE).set_item(Some(wire(item))).build().unwrap();
        let request = client.transact_write_items().transact_items(TransactWriteItem::builder().put(put).build());
        let answer = request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        answer.consumed_capacity()[0].capacity_units().unwrap()
    } else {
        let request = client.put_item().table_name(TABLE).set_item(Some(wire(item)));
        let answer = request.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        answer.consumed_capacity().unwrap().capacity_units().unwrap()
    }
}

#[tokio::test]
async fn memory_and_the_engine_count_the_same_units() {
    let client = Client::new(engine().await.config());
    let memory = Memory::default();
    let table = Table::Memory(memory.clone());
    // Each put replaces the one before: rows grow, shrink, enter, move within and leave the index.
    let steps = [(10, None), (1100, None), (1100, Some("1")), (990, Some("1")), (990, Some("2")), (5000, Some("2")), (3, None)];
    for transaction in [false, true] {
        for (bytes, due) in steps {
            let item = row(if transaction { "t" } else { "s" }, bytes, due);
            let units = cost(&memory, async {
                let always = Cond::All(vec![]);
                if transaction {
                    table.transact(vec![Op::Put(item.clone(), always)]).await.unwrap();
                } else {
                    table.put(item.clone(), &always).await.unwrap();
                }
            })
            .await
            .0;
            let theirs = engine_units(&client, &item, transaction).await;
            assert!((units - theirs).abs() < f64::EPSILON, "{bytes} bytes, due {due:?}, {transaction}: {units}, not {theirs}");
        }
    }
    for strong in [false, true] {
        let key = Key { pk: "P".into(), sk: "s".into() };
        let units = cost(&memory, async { drop(table.read(&key, strong).await) }).await.1;
        let request = client.get_item().table_name(TABLE).set_key(Some(wire(&row("s", 0, None)))).consistent_read(strong);
        let mut keyed = request.get_key().clone().unwrap();
        keyed.remove("text");
        let answer = request.set_key(Some(keyed)).return_consumed_capacity(ReturnConsumedCapacity::Total).send().await.unwrap();
        assert!((units - answer.consumed_capacity().unwrap().capacity_units().unwrap()).abs() < f64::EPSILON);
    }
}

#[tokio::test]
async fn the_size_limits_of_a_row_and_of_a_transaction_hold_on_both_tables() {
    for (home, table) in super::homes::both().await {
        let own = item_size(&row("a", 0, None));
        let fits = row("a", 400 * 1024 - own, None);
        assert_eq!(item_size(&fits), 400 * 1024);
        table.put(fits.clone(), &Cond::Absent).await.unwrap();
        assert!(table.put(row("b", 400 * 1024 - own + 1, None), &Cond::Absent).await.is_err(), "{home}: a byte more");
        let key = Key { pk: "P".into(), sk: "a".into() };
        let growing = table.update(&key, Change::new().append(attr::EVENTS, s("x")), &Cond::Present).await;
        assert!(growing.is_err(), "{home}: an update that grows beyond");
        assert_eq!(table.read(&key, true).await.unwrap(), Some(fits), "{home}");

        let many = |count: usize| (0..count).map(|i| Op::Put(row(&format!("m{i}"), 380_000, None), Cond::Absent)).collect();
        assert!(table.transact(many(12)).await.is_err(), "{home}: more than 4 MB");
        let query =
            Query { pk: "P".into(), index: Index::Primary, behind: None, after: None, before: None, forward: true, limit: 99 };
        assert_eq!(table.rows(query).await.unwrap().len(), 1, "{home}");
        table.transact(many(11)).await.unwrap();
    }
}
