//! The verbs of a tenant's scope.

use kernel::Error;
use kernel::ids::{AccountId, TemplateId};

use super::homes::{Desk, Edition, Letter, Mailbox, Tally, World, both};
use crate::change::{n, s};
use crate::schema::{Attr, Entity, Locator, attr};
use crate::{Change, Cond, Outcome};

#[tokio::test]
async fn a_row_is_created_once_read_replaced_and_erased_at_its_version() {
    for (home, table) in both().await {
        let w = World::new(table);
        let letter = Letter { events: vec!["a".into()], ..w.letter("accepted") };
        assert!(w.scope.read::<Letter>(letter.id).await.unwrap().is_none(), "{home}");
        assert_eq!(w.scope.find::<Letter>(letter.id).await.unwrap_err(), Error::NotFound { kind: "message" });
        assert!(w.scope.create(&letter).await.unwrap());
        assert!(!w.scope.create(&Letter { state: "other".into(), ..letter.clone() }).await.unwrap(), "{home}: a second time");

        let mut stored = w.scope.find::<Letter>(letter.id).await.unwrap();
        assert_eq!((&stored.row, stored.version), (&letter, 1), "{home}");
        let stale = stored.clone();
        stored.row.state = "sent".into();
        assert_eq!(w.scope.replace(&stored).await.unwrap(), 2);
        assert_eq!(w.scope.replace(&stale).await.unwrap_err(), Error::Stale { version: 2 }, "{home}");
        assert_eq!(w.scope.erase(&stale).await.unwrap_err(), Error::Stale { version: 2 }, "{home}");

        let stored = w.scope.find::<Letter>(letter.id).await.unwrap();
        assert_eq!((stored.row.state.as_str(), stored.version), ("sent", 2));
        w.scope.erase(&stored).await.unwrap();
        assert_eq!(w.scope.erase(&stored).await.unwrap_err(), Error::NotFound { kind: "message" }, "{home}");
        assert_eq!(w.scope.replace(&stored).await.unwrap_err(), Error::NotFound { kind: "message" }, "{home}");
    }
}

#[tokio::test]
async fn many_rows_are_read_at_once_in_the_order_asked_for_and_of_one_tenant() {
    for (home, table) in both().await {
        let w = World::new(table);
        let letters: Vec<Letter> = (0..130).map(|number| w.letter(&number.to_string())).collect();
        for letter in &letters {
            w.scope.create(letter).await.unwrap();
        }
        let at = |letter: &Letter| Locator::from(letter.id);
        let mut asked: Vec<Locator> = letters.iter().rev().map(at).collect();
        asked.extend([at(&letters[7]), at(&w.letter("none")), at(&letters[7])]);
        let found = w.scope.read_many::<Letter>(&asked).await.unwrap();
        let states: Vec<Option<&str>> = found.iter().map(|row| row.as_ref().map(|row| row.row.state.as_str())).collect();
        let numbers: Vec<String> = (0..130).rev().map(|number: u32| number.to_string()).collect();
        let mut expected: Vec<Option<&str>> = numbers.iter().map(|number| Some(number.as_str())).collect();
        expected.extend([Some("7"), None, Some("7")]);
        assert_eq!(states, expected, "{home}");
        assert!(found[0].as_ref().is_some_and(|row| row.version == 1), "{home}");

        assert_eq!(w.scope.read_many::<Letter>(&[]).await.unwrap(), [], "{home}");
        assert_eq!(w.stranger().read_many::<Letter>(&asked[..2]).await.unwrap(), [None, None], "{home}: another tenant");
        assert!(w.scope.read_many::<Mailbox>(&asked[..1]).await.is_err(), "{home}: the wrong locator");
    }
}

#[tokio::test]
async fn many_large_rows_that_no_single_answer_holds_are_read_all_the_same() {
    for (home, table) in both().await {
        let w = World::new(table);
        let owner = TemplateId::new(&w.ids, &w.clock);
        let editions: Vec<Edition> = (1..=60).map(|number| Edition { owner, number, text: "x".repeat(380_000) }).collect();
        for edition in &editions {
            w.scope.create(edition).await.unwrap();
        }
        let asked: Vec<Locator> = editions.iter().map(Edition::locator).collect();
        let found = w.scope.read_many::<Edition>(&asked).await.unwrap();
        let numbers: Vec<u32> = found.into_iter().map(|row| row.unwrap().row.number).collect();
        assert_eq!(numbers, (1..=60).collect::<Vec<_>>(), "{home}: 22 MB, of which one answer holds 16");
    }
}

#[tokio::test]
async fn every_shape_of_row_is_found_by_its_own_locator_and_by_no_other_tenant() {
    for (home, table) in both().await {
        let w = World::new(table);
        let other = w.stranger();
        let desk = Desk { id: AccountId::new(&w.ids, &w.clock), name: "front".into() };
        let mailbox = Mailbox { name: "email:abc".into() };
        let edition = Edition { owner: TemplateId::new(&w.ids, &w.clock), number: 7, text: String::new() };
        assert!(w.scope.create(&desk).await.unwrap());
        assert!(w.scope.create(&mailbox).await.unwrap());
        assert!(w.scope.create(&edition).await.unwrap());
        assert_eq!(w.scope.find::<Desk>(desk.id).await.unwrap().row, desk, "{home}");
        assert_eq!(w.scope.find::<Mailbox>(mailbox.locator()).await.unwrap().row, mailbox, "{home}");
        assert_eq!(w.scope.find::<Edition>(edition.locator()).await.unwrap().row, edition, "{home}");
        assert!(other.read_now::<Desk>(desk.id).await.unwrap().is_none(), "{home}");
        assert!(other.read_now::<Mailbox>(mailbox.locator()).await.unwrap().is_none(), "{home}");
        assert!(w.scope.read::<Mailbox>(Locator::Natural("email:a#c".into())).await.is_err(), "{home}: a separator");
        assert!(w.scope.read::<Mailbox>(desk.id).await.is_err(), "{home}: the wrong locator");
    }
}

#[tokio::test]
async fn a_change_answers_with_the_row_and_a_refusal_brings_it_along() {
    for (home, table) in both().await {
        let w = World::new(table);
        let letter = w.letter("accepted");
        w.scope.create(&letter).await.unwrap();
        let claim = |owner: &str| Change::new().set(attr::STATE, s("sending")).set(attr::OWNER, s(owner)).add(attr::ATTEMPT, 1);
        let free = || Cond::Is(attr::STATE, s("accepted"));

        let Outcome::Done(mine) = w.scope.change::<Letter>(letter.id, claim("me"), free()).await.unwrap() else {
            panic!("{home}: refused")
        };
        assert_eq!((mine.row.state.as_str(), mine.row.attempt, mine.version), ("sending", Some(1), 2));
        let Outcome::Refused(Some(found)) = w.scope.change::<Letter>(letter.id, claim("you"), free()).await.unwrap() else {
            panic!("{home}: taken twice")
        };
        assert_eq!(found, mine, "{home}");
    }
}

#[tokio::test]
async fn a_change_does_not_bring_an_absent_row_to_life() {
    for (home, table) in both().await {
        let w = World::new(table);
        let letter = w.letter("accepted");
        for cond in [Cond::Missing(attr::HOLD), Cond::Below(attr::EVIDENCE_RANK, n(3)), Cond::All(vec![]), Cond::Absent] {
            let change = Change::new().append(attr::EVENTS, s("late"));
            let outcome = w.scope.change::<Letter>(letter.id, change, cond).await.unwrap();
            assert!(matches!(outcome, Outcome::Refused(None)), "{home}: {outcome:?}");
        }
        assert!(w.scope.read_now::<Letter>(letter.id).await.unwrap().is_none(), "{home}");
    }
}

#[tokio::test]
async fn appends_and_additions_need_no_read_and_lose_nothing() {
    for (home, table) in both().await {
        let w = World::new(table);
        let mut letter = w.letter("sent");
        letter.hold = Some("quiet".into());
        w.scope.create(&letter).await.unwrap();
        for step in 0..5 {
            let change = Change::new()
                .append(attr::EVENTS, s(format!("{step}a")))
                .append(attr::EVENTS, s(format!("{step}b")))
                .add(attr::ATTEMPT, 2)
                .add(attr::ATTEMPT, -1)
                .put(attr::HOLD, None);
            assert!(matches!(w.scope.change::<Letter>(letter.id, change, Cond::Present).await, Ok(Outcome::Done(_))), "{home}");
        }
        let found = w.scope.find::<Letter>(letter.id).await.unwrap();
        assert_eq!(found.row.events, ["0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b", "4a", "4b"], "{home}");
        assert_eq!((found.row.attempt, found.row.hold, found.version), (Some(5), None, 6), "{home}");
    }
}

#[tokio::test]
async fn a_tally_makes_its_row_and_stops_at_its_watermark() {
    for (home, table) in both().await {
        let w = World::new(table);
        let place = Tally { sent07: 0 }.locator();
        let mark = Attr::watermark("202603");
        let count = |up_to: i64| Change::new().add(Attr::counter("sent", 7), 3).set(mark.clone(), n(up_to));
        for up_to in [10, 20] {
            let counted =
                w.scope.tally::<Tally>(place.clone(), count(up_to), Cond::Below(mark.clone(), n(up_to))).await.unwrap();
            assert_eq!(counted.unwrap().get("sent07"), Some(&n(if up_to == 10 { 3 } else { 6 })), "{home}");
        }
        let again = w.scope.tally::<Tally>(place.clone(), count(20), Cond::Below(mark.clone(), n(20))).await.unwrap();
        assert_eq!(again.unwrap_err().get("w_202603"), Some(&n(20)), "{home}");
        let row = w.scope.find::<Tally>(place).await.unwrap();
        assert_eq!((row.row.sent07, row.version), (6, 2), "{home}");
    }
}

#[tokio::test]
async fn a_transaction_is_all_or_nothing_and_tells_which_write_was_refused() {
    for (home, table) in both().await {
        let w = World::new(table);
        let (kept, gone, new) = (w.letter("kept"), w.letter("gone"), w.letter("new"));
        for letter in [&kept, &gone] {
            w.scope.create(letter).await.unwrap();
        }
        let (mut kept, gone) = (w.scope.find::<Letter>(kept.id).await.unwrap(), w.scope.find::<Letter>(gone.id).await.unwrap());
        let mailbox = crate::Stored { row: Mailbox { name: "email:x".into() }, version: 0 };
        let writes = |kept: &crate::Stored<Letter>| {
            vec![
                w.scope.creating(&new).unwrap(),
                w.scope.replacing(kept).unwrap(),
                w.scope.erasing(&gone).unwrap(),
                w.scope.replacing(&mailbox).unwrap(),
            ]
        };
        let stale = crate::Stored { version: 9, ..kept.clone() };
        assert_eq!(w.scope.transact(writes(&stale)).await.unwrap(), Some(1), "{home}");
        assert!(w.scope.read_now::<Letter>(new.id).await.unwrap().is_none(), "{home}: something was written");
        let mut checked = writes(&kept);
        checked.push(w.scope.checking(&crate::Stored { row: Mailbox { name: "email:y".into() }, version: 1 }).unwrap());
        assert_eq!(w.scope.transact(checked).await.unwrap(), Some(4), "{home}");
        assert!(w.scope.read_now::<Letter>(gone.row.id).await.unwrap().is_some(), "{home}: something was erased");

        kept.row.state = "changed".into();
        assert_eq!(w.scope.transact(writes(&kept)).await.unwrap(), None, "{home}");
        assert_eq!(w.scope.find::<Letter>(kept.row.id).await.unwrap().version, 2, "{home}");
        assert!(w.scope.read_now::<Letter>(gone.row.id).await.unwrap().is_none(), "{home}");
        assert!(w.scope.read_now::<Letter>(new.id).await.unwrap().is_some(), "{home}");
        assert_eq!(w.scope.find::<Mailbox>(mailbox.row.locator()).await.unwrap().version, 1, "{home}");
        assert_eq!(w.scope.transact(writes(&kept)).await.unwrap(), Some(0), "{home}: a second time");
    }
}

#[tokio::test]
async fn a_transaction_has_1_to_100_writes_of_as_many_rows() {
    for (home, table) in both().await {
        let w = World::new(table);
        let make = |count: usize| -> Vec<_> { (0..count).map(|_| w.scope.creating(&w.letter("x")).unwrap()).collect() };
        assert_eq!(w.scope.transact(make(100)).await.unwrap(), None, "{home}");
        assert!(matches!(w.scope.transact(make(101)).await, Err(Error::Internal(_))), "{home}");
        assert!(matches!(w.scope.transact(Vec::new()).await, Err(Error::Internal(_))), "{home}");
        let letter = w.letter("twice");
        let twice = vec![w.scope.creating(&letter).unwrap(), w.scope.creating(&letter).unwrap()];
        assert!(matches!(w.scope.transact(twice).await, Err(Error::Internal(_))), "{home}");
    }
}

#[tokio::test]
async fn rows_below_an_owner_are_read_between_bounds_in_both_directions() {
    for (home, table) in both().await {
        let w = World::new(table);
        let (owner, other) = (TemplateId::new(&w.ids, &w.clock), TemplateId::new(&w.ids, &w.clock));
        for number in 1..=9 {
            w.scope.create(&Edition { owner, number, text: String::new() }).await.unwrap();
            w.scope.create(&Edition { owner: other, number, text: String::new() }).await.unwrap();
        }
        let numbers = async |after: Option<&str>, before: Option<&str>, forward: bool, limit: u16| -> Vec<u32> {
            let found = w.scope.below::<Edition>(&owner.hex(), after, before, forward, limit).await.unwrap();
            assert!(found.iter().all(|edition| edition.row.owner == owner), "{home}");
            found.into_iter().map(|edition| edition.row.number).collect()
        };
        assert_eq!(numbers(None, None, true, 100).await, [1, 2, 3, 4, 5, 6, 7, 8, 9], "{home}");
        assert_eq!(numbers(None, None, false, 3).await, [9, 8, 7], "{home}");
        assert_eq!(numbers(Some("000003"), None, true, 2).await, [4, 5], "{home}");
        assert_eq!(numbers(None, Some("000003"), false, 100).await, [2, 1], "{home}");
        assert_eq!(numbers(Some("000003"), Some("000007"), true, 100).await, [4, 5, 6], "{home}");
        assert_eq!(numbers(Some("000003"), Some("000007"), false, 2).await, [6, 5], "{home}");
        assert_eq!(numbers(Some("000003"), Some("000007"), true, 3).await, [4, 5, 6], "{home}");
        assert_eq!(numbers(Some("000007"), Some("000003"), true, 9).await, [0_u32; 0], "{home}");
        assert_eq!(numbers(Some("000003"), Some("000003"), true, 9).await, [0_u32; 0], "{home}");
        assert_eq!(numbers(None, None, true, 0).await, [0_u32; 0], "{home}");
        assert!(w.scope.below::<Edition>("a#b", None, None, true, 1).await.is_err(), "{home}");
    }
}

#[tokio::test]
async fn a_read_of_many_large_rows_is_not_cut_short_at_a_megabyte() {
    for (home, table) in both().await {
        let w = World::new(table);
        let owner = TemplateId::new(&w.ids, &w.clock);
        for number in 1..=12 {
            w.scope.create(&Edition { owner, number, text: "x".repeat(300_000) }).await.unwrap();
        }
        for forward in [true, false] {
            let found = w.scope.below::<Edition>(&owner.hex(), Some("000001"), Some("000012"), forward, 100).await.unwrap();
            let mut numbers: Vec<_> = found.iter().map(|edition| edition.row.number).collect();
            if !forward {
                numbers.reverse();
            }
            assert_eq!(numbers, (2..=11).collect::<Vec<_>>(), "{home}");
        }
    }
}
