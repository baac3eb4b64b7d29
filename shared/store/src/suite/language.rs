//! Every form of condition and of change, alone and within others, on both tables.

use super::homes::{Letter, World, both};
use crate::change::{n, s};
use crate::schema::{Attr, Key, attr, door_key};
use crate::table::{Op, TableError};
use crate::{Change, Cond, Item, Table, Value};

fn key() -> Key {
    door_key(&crate::schema::SLUG, "row").unwrap()
}

/// An attribute of no particular meaning.
fn extra() -> Attr {
    Attr::counter("extra", 0)
}

fn item(pairs: &[(Attr, Value)]) -> Item {
    let key = key();
    let own = [(attr::PK, s(key.pk)), (attr::SK, s(key.sk)), (attr::VERSION, n(3))];
    own.iter().chain(pairs).map(|(attr, value)| (attr.as_str().to_owned(), value.clone())).collect()
}

/// Whether the table lets a write through, asked in each verb that takes a condition.
async fn holds(table: &Table, row: Option<&Item>, cond: &Cond) -> bool {
    let always = Cond::All(vec![]);
    let mut answers = Vec::new();
    for verb in ["put", "update", "delete", "transact", "check"] {
        table.delete(&key(), &always).await.unwrap();
        if let Some(row) = row {
            table.put(row.clone(), &always).await.unwrap();
        }
        let answer = match verb {
            "put" => table.put(item(&[]), cond).await,
            "update" => table.update(&key(), Change::new().set(attr::ROLE, s("x")), cond).await.map(|_| ()),
            "delete" => table.delete(&key(), cond).await,
            "transact" => table.transact(vec![Op::Update(key(), Change::new().set(attr::ROLE, s("x")), cond.clone())]).await,
            _ => table.transact(vec![Op::Check(key(), cond.clone())]).await,
        };
        let held = match answer {
            Ok(()) => true,
            Err(TableError::Refused { at: 0, found }) => {
                assert_eq!(found.as_deref(), row, "{verb} of {cond:?}: the refusal brings the row along");
                assert_eq!(table.read(&key(), true).await.unwrap().as_ref(), row, "{verb} of {cond:?}: nothing is written");
                false
            }
            Err(other) => panic!("{verb} of {cond:?}: {other:?}"),
        };
        answers.push(held);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{cond:?}: {answers:?}");
    answers[0]
}

#[tokio::test]
async fn each_condition_holds_when_it_says_so() {
    let row = item(&[
        (attr::STATE, s("sent")),
        (attr::ATTEMPT, n(10)),
        (attr::EVENTS, Value::L(vec![s("a")])),
        (attr::GATE, Value::M([("k".to_owned(), Value::Bool(true))].into())),
        (extra(), Value::B(vec![1, 2])),
    ]);
    let is = |attr: Attr, value: Value| Cond::Is(attr, value);
    let below = |attr: Attr, value: Value| Cond::Below(attr, value);
    // The condition, and whether it holds for the row and for no row at all.
    let cases = [
        (Cond::Absent, false, true),
        (Cond::Present, true, false),
        (Cond::Version(3), true, false),
        (Cond::Version(4), false, false),
        (Cond::Version(u64::MAX), false, false),
        (is(attr::STATE, s("sent")), true, false),
        (is(attr::STATE, s("SENT")), false, false),
        (is(attr::STATE, n(1)), false, false),
        (is(attr::ATTEMPT, Value::N("10.0".into())), true, false),
        (is(attr::EVENTS, Value::L(vec![s("a")])), true, false),
        (is(attr::GATE, Value::M([("k".to_owned(), Value::Bool(true))].into())), true, false),
        (is(attr::HOLD, Value::Null(true)), false, false),
        (Cond::In(attr::STATE, vec![s("queued"), s("sent")]), true, false),
        (Cond::In(attr::STATE, vec![s("queued")]), false, false),
        (Cond::In(attr::STATE, vec![]), false, false),
        (Cond::In(attr::STATE, (0..100).map(|i| s(i.to_string())).collect()), false, false),
        (below(attr::ATTEMPT, n(11)), true, true),
        (below(attr::ATTEMPT, n(10)), false, true),
        (below(attr::ATTEMPT, n(9)), false, true),
        (below(attr::ATTEMPT, Value::N("10.5".into())), true, true),
        (below(attr::ATTEMPT, n(-11)), false, true),
        (below(attr::ATTEMPT, s("11")), false, true),
        (below(attr::STATE, s("sent!")), true, true),
        (below(attr::STATE, s("sen")), false, true),
        (below(extra(), Value::B(vec![1, 3])), true, true),
        (below(extra(), Value::B(vec![1])), false, true),
        (below(attr::HOLD, n(1)), true, true),
        (Cond::Missing(attr::HOLD), true, true),
        (Cond::Missing(attr::STATE), false, true),
        (Cond::All(vec![]), true, true),
        (Cond::Any(vec![]), false, false),
        (Cond::All(vec![below(attr::ATTEMPT, n(11))]), true, true),
        (Cond::Any(vec![Cond::All(vec![below(attr::ATTEMPT, n(11))])]), true, true),
        (Cond::All(vec![Cond::All(vec![]), Cond::Any(vec![Cond::Present])]), true, false),
        (Cond::All(vec![Cond::Present, Cond::Missing(attr::HOLD)]), true, false),
        (Cond::All(vec![Cond::Present, Cond::Missing(attr::STATE)]), false, false),
        (Cond::Any(vec![Cond::Absent, is(attr::STATE, s("sent"))]), true, true),
        (Cond::Any(vec![Cond::Version(1), Cond::All(vec![Cond::Version(3), below(attr::ATTEMPT, n(99))])]), true, false),
        (Cond::Any(vec![Cond::All(vec![Cond::Absent, Cond::Present]), Cond::Any(vec![])]), false, false),
    ];
    for (home, table) in both().await {
        for (cond, for_row, for_none) in &cases {
            assert_eq!(holds(&table, Some(&row), cond).await, *for_row, "{home}: {cond:?} for the row");
            assert_eq!(holds(&table, None, cond).await, *for_none, "{home}: {cond:?} for no row");
        }
    }
}

#[tokio::test]
async fn each_change_does_what_it_says() {
    let row = item(&[(attr::STATE, s("sent")), (attr::ATTEMPT, n(10)), (attr::EVENTS, Value::L(vec![s("a")]))]);
    let list = |texts: &[&str]| Value::L(texts.iter().map(|text| s(*text)).collect());
    let expect = |pairs: &[(Attr, Value)]| {
        let mut item = item(pairs);
        item.insert("version".into(), n(4));
        item
    };
    let (state, attempt, events) = ((attr::STATE, s("sent")), (attr::ATTEMPT, n(10)), (attr::EVENTS, list(&["a"])));
    let cases = [
        (Change::new(), expect(&[state.clone(), attempt.clone(), events.clone()])),
        (Change::new().set(attr::STATE, s("")), expect(&[(attr::STATE, s("")), attempt.clone(), events.clone()])),
        (
            Change::new().set(attr::STATE, s("x")).set(attr::STATE, s("y")).remove(attr::ATTEMPT).set(attr::ATTEMPT, n(1)),
            expect(&[(attr::STATE, s("y")), (attr::ATTEMPT, n(1)), events.clone()]),
        ),
        (Change::new().set(attr::STATE, s("x")).remove(attr::STATE), expect(&[attempt.clone(), events.clone()])),
        (Change::new().remove(attr::HOLD), expect(&[state.clone(), attempt.clone(), events.clone()])),
        (
            Change::new().put(attr::HOLD, Some(n(1))).put(attr::STATE, None),
            expect(&[(attr::HOLD, n(1)), attempt.clone(), events.clone()]),
        ),
        (
            Change::new().add(attr::ATTEMPT, -12).add(attr::EVIDENCE_RANK, 4),
            expect(&[state.clone(), (attr::ATTEMPT, n(-2)), (attr::EVIDENCE_RANK, n(4)), events.clone()]),
        ),
        (
            Change::new().append(attr::EVENTS, s("b")).append(attr::TRIES, s("c")).append(attr::EVENTS, s("d")),
            expect(&[state.clone(), attempt.clone(), (attr::EVENTS, list(&["a", "b", "d"])), (attr::TRIES, list(&["c"]))]),
        ),
        (
            Change::new().set(attr::GATE, Value::M([("deep".to_owned(), list(&["x"]))].into())).set(extra(), Value::L(vec![])),
            expect(&[
                state.clone(),
                attempt.clone(),
                events.clone(),
                (attr::GATE, Value::M([("deep".to_owned(), list(&["x"]))].into())),
                (extra(), Value::L(vec![])),
            ]),
        ),
    ];
    for (home, table) in both().await {
        for (change, expected) in &cases {
            table.put(row.clone(), &Cond::All(vec![])).await.unwrap();
            let answered = table.update(&key(), change.clone(), &Cond::Present).await.unwrap();
            assert_eq!(&answered, expected, "{home}: {change:?}");
            assert_eq!(table.read(&key(), true).await.unwrap().as_ref(), Some(expected), "{home}: {change:?}");
        }
    }
}

#[tokio::test]
async fn a_change_that_cannot_be_is_an_error_and_changes_nothing() {
    let row = item(&[(attr::STATE, s("sent")), (attr::EVENTS, Value::L(vec![s("a")]))]);
    let cases = [
        Change::new().add(attr::STATE, 1),
        Change::new().append(attr::STATE, s("x")),
        Change::new().add(attr::EVENTS, 1),
        Change::new().set(attr::ATTEMPT, n(1)).add(attr::ATTEMPT, 1),
        Change::new().append(attr::EVENTS, s("x")).remove(attr::EVENTS),
        Change::new().set(attr::VERSION, n(1)),
        Change::new().set(attr::PK, s("elsewhere")),
        Change::new().remove(attr::SK),
        Change::new().set(attr::DUE_PK, n(1)),
        Change::new().set(attr::DUE_SK, s("")),
    ];
    let conds = [Cond::Below(attr::STATE, Value::Bool(true)), Cond::In(attr::STATE, vec![n(1); 101])];
    for (home, table) in both().await {
        table.put(row.clone(), &Cond::Absent).await.unwrap();
        for change in &cases {
            let alone = table.update(&key(), change.clone(), &Cond::Present).await;
            assert!(matches!(alone, Err(TableError::Broken(_))), "{home}: {change:?}: {alone:?}");
            let together = table.transact(vec![Op::Update(key(), change.clone(), Cond::Present)]).await;
            assert!(matches!(together, Err(TableError::Broken(_))), "{home}: {change:?}: {together:?}");
        }
        for cond in &conds {
            let answer = table.update(&key(), Change::new(), cond).await;
            assert!(matches!(answer, Err(TableError::Broken(_))), "{home}: {cond:?}: {answer:?}");
        }
        assert_eq!(table.read(&key(), true).await.unwrap(), Some(row.clone()), "{home}");
    }
}

#[tokio::test]
async fn a_row_with_a_field_named_like_one_of_the_stores_own_is_refused() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Torn {
        version: u64,
    }
    impl crate::Entity for Torn {
        const ROW: crate::schema::Row = crate::schema::TENANT;
        fn locator(&self) -> crate::schema::Locator {
            crate::schema::Locator::Natural(String::new())
        }
    }
    for (home, table) in both().await {
        let w = World::new(table);
        assert!(w.scope.create(&Torn { version: 7 }).await.is_err(), "{home}");
        assert!(w.scope.create(&w.letter("fine")).await.unwrap(), "{home}");
        assert!(w.scope.read::<Letter>(w.letter("none").id).await.unwrap().is_none(), "{home}");
    }
}
