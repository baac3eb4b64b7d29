//! Lists by time, and the verbs of derived rows and of rows that come back.

use kernel::Time;
use serde::{Deserialize, Serialize};

use super::homes::{Letter, World, at, both};
use crate::list::timed::{monthly, timed};
use crate::schema::{self, Entity, Locator, Row};
use crate::{Listing, Page, Stored};

const DAY: i64 = 86_400_000;
const SHARDS: u8 = 4;

/// A row below an owner, by its time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    owner: String,
    at: Time,
    number: i64,
}

impl Entity for Note {
    const ROW: Row = schema::ENTRY;

    fn locator(&self) -> Locator {
        Locator::Below(self.owner.clone(), format!("{}note{}", timed(self.at), self.number))
    }
}

fn all(limit: usize) -> Listing {
    Listing { limit, after: None, since: None, until: None }
}

fn numbers(page: &Page<Note>) -> Vec<i64> {
    page.rows.iter().map(|found| found.row.number).collect()
}

/// Forty notes, one a day, with one owner and spread over months and shards.
async fn notes(w: &World) -> i64 {
    let start = w.clock.now().millis();
    for number in 0..40 {
        let at = Time::from_millis(start + number * DAY);
        let spread = monthly(at.month(), u8::try_from(number % 4).unwrap());
        for owner in ["one".to_owned(), spread] {
            let row = Note { owner, at, number };
            assert!(w.scope.supersede(&Stored { row, version: 1 }).await.unwrap());
        }
    }
    w.clock.advance(40 * DAY).unwrap();
    start
}

#[tokio::test]
async fn pages_by_time_go_newest_first_of_one_owner_and_of_all() {
    for (home, table) in both().await {
        let w = World::starting(table, at("2026-01-25T00:00:00Z"));
        let start = notes(&w).await;
        for limit in [1, 7, 40, 100] {
            let (mut own, mut merged) = (Vec::new(), Vec::new());
            let (mut one, mut many) = (all(limit), all(limit));
            loop {
                let page = w.scope.page_by_time::<Note>("one", &one, |_| true).await.unwrap();
                own.extend(numbers(&page));
                one.after = page.next;
                if one.after.is_none() {
                    break;
                }
            }
            loop {
                let page = w.scope.page_by_month::<Note>(SHARDS, &many, w.clock.now(), |_| true).await.unwrap();
                merged.extend(numbers(&page));
                many.after = page.next;
                if many.after.is_none() {
                    break;
                }
            }
            let expected: Vec<i64> = (0..40).rev().collect();
            assert_eq!((&own, &merged), (&expected, &expected), "{home}: pages of {limit}");
        }
        let moment = |day: i64| Some(Time::from_millis(start + day * DAY));
        let some = Listing { since: moment(3), until: moment(6), ..all(10) };
        let own = w.scope.page_by_time::<Note>("one", &some, |_| true).await.unwrap();
        let merged = w.scope.page_by_month::<Note>(SHARDS, &some, w.clock.now(), |_| true).await.unwrap();
        assert_eq!((numbers(&own), numbers(&merged)), (vec![5, 4, 3], vec![5, 4, 3]), "{home}: from inclusive, to exclusive");
        // What lies ahead is there when it is asked for.
        let now = Time::from_millis(start + 10 * DAY);
        let until_now = w.scope.page_by_month::<Note>(SHARDS, &all(1), now, |_| true).await.unwrap();
        assert_eq!(numbers(&until_now), [10], "{home}: now is the end");
        let ahead = Listing { until: moment(30), ..all(1) };
        let ahead = w.scope.page_by_month::<Note>(SHARDS, &ahead, now, |_| true).await.unwrap();
        assert_eq!(numbers(&ahead), [29], "{home}: unless it says otherwise");
        let stranger = w.stranger().page_by_time::<Note>("one", &all(10), |_| true).await.unwrap();
        assert!(stranger.rows.is_empty() && stranger.next.is_none(), "{home}: another tenant");
    }
}

#[tokio::test]
async fn a_derived_row_gives_way_to_a_later_version_alone() {
    for (home, table) in both().await {
        let w = World::new(table);
        let note = || Note { owner: "one".to_owned(), at: w.clock.now(), number: 0 };
        for (version, written) in [(5, true), (5, false), (4, false), (6, true)] {
            let done = w.scope.supersede(&Stored { row: note(), version }).await.unwrap();
            assert_eq!(done, written, "{home}: version {version}");
        }
        assert_eq!(w.scope.find::<Note>(note().locator()).await.unwrap().version, 6, "{home}");
    }
}

#[tokio::test]
async fn what_comes_back_goes_on_from_its_version() {
    for (home, table) in both().await {
        let w = World::new(table);
        let letters = [w.letter("a"), w.letter("b"), w.letter("c")];
        for letter in &letters {
            w.scope.create(letter).await.unwrap();
        }
        let oldest = w.scope.oldest::<Letter>(w.clock.now().month(), 100).await.unwrap();
        assert_eq!(oldest.len(), 3, "{home}: every shard");
        let gone = w.scope.find::<Letter>(letters[0].id).await.unwrap();
        let back = Stored { version: 7, ..gone.clone() };
        assert_eq!(w.scope.transact(vec![w.scope.restoring(&back).unwrap()]).await.unwrap(), Some(0), "{home}: it is there");
        w.scope.erase(&gone).await.unwrap();
        assert_eq!(w.scope.transact(vec![w.scope.restoring(&back).unwrap()]).await.unwrap(), None, "{home}");
        assert_eq!(w.scope.find::<Letter>(letters[0].id).await.unwrap(), back, "{home}");
    }
}
