//! Lists: every row once, newest first, whatever is written meanwhile, over months, shards, bounds and filters.

use std::collections::BTreeSet;

use kernel::Time;
use kernel::ids::{AccountId, MessageId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::homes::{Desk, Letter, Mailbox, World, at, both, dynamo, keys};
use crate::list::EXAMINED;
use crate::schema::Entity;
use crate::{Listing, Memory, Position, Table};

const DAY: i64 = 86_400_000;

fn all(limit: usize) -> Listing {
    Listing { limit, after: None, since: None, until: None }
}

/// Walks the pages to their end, checking each for its size, and answers with the ids in the order they came.
async fn walk<E: Entity>(
    w: &World,
    mut listing: Listing,
    keep: impl Fn(&E) -> bool + Send + Copy,
    id: impl Fn(&E) -> String,
) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..10_000 {
        let page = w.scope.list::<E>(&listing, w.clock.now(), keep).await.unwrap();
        assert!(page.rows.len() <= listing.limit.clamp(1, 100));
        ids.extend(page.rows.iter().map(|row| id(&row.row)));
        match page.next {
            Some(next) => listing.after = Some(next),
            None => return ids,
        }
    }
    panic!("the pages do not end")
}

fn letter_id(letter: &Letter) -> String {
    letter.id.hex()
}

/// Writes one letter at each of the moments and answers with their ids, newest first.
async fn letters(w: &World, millis: impl IntoIterator<Item = i64>) -> Vec<String> {
    let mut ids = Vec::new();
    for millis in millis {
        w.clock.advance(millis - w.clock.now().millis()).unwrap();
        let letter = w.letter(if ids.len() % 7 == 0 { "rare" } else { "common" });
        w.scope.create(&letter).await.unwrap();
        ids.push(letter.id.hex());
    }
    ids.sort_unstable();
    ids.reverse();
    ids
}

#[tokio::test]
async fn pages_go_newest_first_through_shards_and_months() {
    for (home, table) in both().await {
        let w = World::starting(table, at("2026-01-30T00:00:00Z"));
        let start = w.clock.now().millis();
        let ids = letters(&w, (0..60).map(|i| start + i * DAY)).await;
        for limit in [1, 7, 60, 61, 100] {
            assert_eq!(walk(&w, all(limit), |_| true, letter_id).await, ids, "{home}: pages of {limit}");
        }
        let page = w.scope.list::<Letter>(&all(1000), w.clock.now(), |_| true).await.unwrap();
        assert_eq!((page.rows.len(), page.next.is_none()), (60, true), "{home}: at most 100 a page");
        assert_eq!(w.scope.list::<Letter>(&all(0), w.clock.now(), |_| true).await.unwrap().rows.len(), 1, "{home}: at least 1");
        let stranger = w.stranger().list::<Letter>(&all(10), w.clock.now(), |_| true).await.unwrap();
        assert!(stranger.rows.is_empty() && stranger.next.is_none(), "{home}: another tenant");
    }
}

#[tokio::test]
async fn since_is_inclusive_and_until_is_not() {
    for (home, table) in both().await {
        let w = World::starting(table, at("2026-01-30T00:00:00Z"));
        let start = w.clock.now().millis();
        let ids = letters(&w, (0..10).map(|i| start + i * DAY)).await;
        let oldest_first: Vec<_> = ids.iter().rev().cloned().collect();
        for (since, until) in [
            (None, None),
            (Some(0), Some(10)),
            (Some(3), None),
            (None, Some(3)),
            (Some(2), Some(5)),
            (Some(5), Some(5)),
            (Some(7), Some(2)),
        ] {
            let moment = |day: i64| Time::from_millis(start + day * DAY);
            let listing = Listing { since: since.map(moment), until: until.map(moment), ..all(2) };
            let (low, high) = (usize::try_from(since.unwrap_or(0)).unwrap(), usize::try_from(until.unwrap_or(10)).unwrap());
            let expected: Vec<_> = oldest_first.iter().take(high).skip(low).rev().cloned().collect();
            assert_eq!(walk(&w, listing, |_| true, letter_id).await, expected, "{home}: {since:?} to {until:?}");
        }
        let listing = Listing {
            since: Some(Time::from_millis(start + DAY + 1)),
            until: Some(Time::from_millis(start + 2 * DAY + 1)),
            ..all(9)
        };
        assert_eq!(walk(&w, listing, |_| true, letter_id).await, [oldest_first[2].clone()], "{home}: to the millisecond");
    }
}

#[tokio::test]
async fn a_page_looks_at_a_bounded_number_of_rows_however_few_it_keeps() {
    let w = World::new(Table::Memory(Memory::default()));
    let start = w.clock.now().millis();
    let ids = letters(&w, (0..1300).map(|i| start + i)).await;
    let rare: BTreeSet<_> = ids.iter().rev().step_by(7).cloned().collect();
    let keep = |letter: &Letter| letter.state == "rare";
    let mut listing = all(100);
    let mut pages = Vec::new();
    loop {
        let page = w.scope.list::<Letter>(&listing, w.clock.now(), keep).await.unwrap();
        pages.push(page.rows.len());
        let Some(next) = page.next else { break };
        listing.after = Some(next);
    }
    assert_eq!(pages.len(), 1300_usize.div_ceil(EXAMINED), "{pages:?}");
    let found: BTreeSet<_> = walk(&w, all(100), keep, letter_id).await.into_iter().collect();
    assert_eq!(found, rare);
    let none = w.scope.list::<Letter>(&all(100), w.clock.now(), |_| false).await.unwrap();
    assert!(none.rows.is_empty() && none.next.is_some(), "an empty page leads on");
}

#[tokio::test]
async fn years_of_silence_take_several_pages_and_lose_nothing() {
    for (home, table) in both().await {
        let w = World::starting(table, at("2019-11-30T23:59:59.999Z"));
        let first = w.letter("first");
        w.scope.create(&first).await.unwrap();
        w.clock.advance(at("2026-03-05T00:00:00Z").since(w.clock.now())).unwrap();
        let last = w.letter("last");
        w.scope.create(&last).await.unwrap();
        assert_eq!(walk(&w, all(10), |_| true, letter_id).await, [last.id.hex(), first.id.hex()], "{home}");
        let page = w.scope.list::<Letter>(&all(10), w.clock.now(), |_| true).await.unwrap();
        assert!(page.rows.len() == 1 && page.next.is_some(), "{home}");
        let listing = Listing { until: Some(at("2019-12-01T00:00:00Z")), ..all(10) };
        assert_eq!(walk(&w, listing, |_| true, letter_id).await, [first.id.hex()], "{home}");
        let listing = Listing { since: Some(at("2020-01-01T00:00:00Z")), until: Some(at("2026-01-01T00:00:00Z")), ..all(10) };
        assert!(walk(&w, listing, |_| true, letter_id).await.is_empty(), "{home}");
        let listing = Listing { since: Some(at("2030-01-01T00:00:00Z")), ..all(10) };
        assert!(walk(&w, listing, |_| true, letter_id).await.is_empty(), "{home}: nothing is in the future");
    }
}

#[tokio::test]
async fn large_rows_fill_a_request_early_and_are_listed_all_the_same() {
    for (home, table) in both().await {
        let w = World::new(table);
        let mut ids = Vec::new();
        for _ in 0..20 {
            w.clock.advance(1).unwrap();
            let letter = w.letter(&"x".repeat(300_000));
            w.scope.create(&letter).await.unwrap();
            ids.insert(0, letter.id.hex());
        }
        assert_eq!(walk(&w, all(100), |_| true, letter_id).await, ids, "{home}");
    }
}

#[tokio::test]
async fn a_small_kind_is_one_partition_and_other_shapes_are_not_listed() {
    for (home, table) in both().await {
        let w = World::new(table);
        let mut ids = Vec::new();
        for _ in 0..12 {
            w.clock.advance(DAY).unwrap();
            let desk = Desk { id: AccountId::new(&w.ids, &w.clock), name: "x".into() };
            w.scope.create(&desk).await.unwrap();
            ids.insert(0, desk.id.hex());
        }
        for limit in [1, 5, 12, 100] {
            assert_eq!(walk(&w, all(limit), |_: &Desk| true, |desk| desk.id.hex()).await, ids, "{home}: pages of {limit}");
        }
        assert!(w.scope.list::<Mailbox>(&all(1), w.clock.now(), |_| true).await.is_err(), "{home}");
    }
}

/// What happens between two pages.
#[derive(Clone, Debug)]
enum Meanwhile {
    Nothing,
    Newer(u8),
    Older(u8),
}

#[derive(Clone, Debug)]
struct Story {
    days: Vec<u16>,
    limit: usize,
    modulus: u8,
    meanwhile: Vec<Meanwhile>,
}

fn stories() -> impl Strategy<Value = Story> {
    let meanwhile =
        prop_oneof![Just(Meanwhile::Nothing), (1_u8..5).prop_map(Meanwhile::Newer), (1_u8..200).prop_map(Meanwhile::Older)];
    (proptest::collection::vec(0_u16..200, 0..60), 1_usize..30, 1_u8..4, proptest::collection::vec(meanwhile, 1..6))
        .prop_map(|(days, limit, modulus, meanwhile)| Story { days, limit, modulus, meanwhile })
}

/// A letter made at a moment that need not be now, as if it had been written then.
async fn backdated(w: &World, time: Time) -> MessageId {
    let clock = kernel::Clock::manual(time);
    let letter = Letter { id: MessageId::new(&w.ids, &clock), ..w.letter("x") };
    w.scope.create(&letter).await.unwrap();
    letter.id
}

async fn told(table: Table, story: Story) -> Result<(), TestCaseError> {
    let (start, now) = (at("2025-09-01T00:00:00Z"), at("2026-03-20T00:00:00Z"));
    let w = World::starting(table, start);
    w.clock.advance(now.since(start)).unwrap();
    let modulus = story.modulus;
    let keep = move |letter: &Letter| letter.id.to_bytes()[15].is_multiple_of(modulus);
    let mut expected = BTreeSet::new();
    for day in &story.days {
        let id = backdated(&w, start.plus_millis(i64::from(*day) * DAY)).await;
        if id.to_bytes()[15].is_multiple_of(modulus) {
            expected.insert(id.hex());
        }
    }
    let (keys, mut seen, mut listing) = (keys(), Vec::new(), all(story.limit));
    for turn in 0_usize.. {
        let page = w.scope.list::<Letter>(&listing, w.clock.now(), keep).await.unwrap();
        seen.extend(page.rows.iter().map(|row| row.row.id.hex()));
        let Some(next) = page.next else { break };
        let cursor = next.seal(&keys, &w.scope, "letters");
        listing.after = Some(Position::open(&keys, &w.scope, "letters", &cursor).unwrap());
        // What is written while somebody turns pages: newer rows, and rows that land anywhere.
        match &story.meanwhile[turn % story.meanwhile.len()] {
            Meanwhile::Nothing => {}
            Meanwhile::Newer(count) => {
                for _ in 0..*count {
                    w.clock.advance(1).unwrap();
                    w.scope.create(&w.letter("newer")).await.unwrap();
                }
            }
            Meanwhile::Older(day) => {
                backdated(&w, start.plus_millis(i64::from(*day) * DAY + 1)).await;
            }
        }
        prop_assert!(turn < 500, "the pages do not end");
    }
    prop_assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first, none twice: {seen:?}");
    let seen: BTreeSet<_> = seen.into_iter().collect();
    prop_assert!(expected.is_subset(&seen), "lost: {:?}", expected.difference(&seen).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn every_row_comes_exactly_once_whatever_is_written_meanwhile() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    for (cases, engine) in [(300, false), (25, true)] {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        runner
            .run(&stories(), |story| {
                runtime.block_on(async {
                    let table = if engine { dynamo().await } else { Table::Memory(Memory::default()) };
                    told(table, story).await
                })
            })
            .unwrap();
    }
}
