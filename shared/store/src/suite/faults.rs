//! What memory does on command: each fault strikes the call it was meant for and leaves the table as that fault leaves it.

use futures_util::FutureExt;
use kernel::{Error, Time};

use super::homes::{Letter, World};
use crate::change::s;
use crate::memory::{Fault, Faults};
use crate::schema::attr;
use crate::table::TableError;
use crate::{Change, Cond, Memory, Outcome, Table};

fn stage() -> (World, Memory, Faults) {
    let faults = Faults::none();
    let memory = Memory::new(faults.clone());
    (World::new(Table::Memory(memory.clone())), memory, faults)
}

#[tokio::test]
async fn a_throttled_or_contended_call_has_no_effect_and_says_that_it_may_be_tried_again() {
    for fault in [Fault::Throttle, Fault::Conflict] {
        let (w, memory, faults) = stage();
        let letter = w.letter("x");
        faults.strike(0, fault);
        let error = w.scope.create(&letter).await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)) && error.retryable(), "{fault:?}: {error:?}");
        assert!(memory.rows().is_empty() && memory.stream(0).is_empty(), "{fault:?}");
        assert!(w.scope.create(&letter).await.unwrap(), "{fault:?} strikes once");
        assert_eq!(faults.struck(), [(0, "table.put", fault)]);
    }
}

#[tokio::test]
async fn a_lost_reply_leaves_the_effect_behind() {
    let (w, memory, faults) = stage();
    let letter = w.letter("x");
    faults.strike(0, Fault::LostReply);
    assert!(matches!(w.scope.create(&letter).await, Err(Error::Unavailable(_))));
    assert_eq!((memory.rows().len(), memory.stream(0).len()), (1, 1));
    assert!(!w.scope.create(&letter).await.unwrap(), "it is there already");
    faults.strike(2, Fault::LostReply);
    assert!(matches!(w.scope.create(&letter).await, Err(Error::Unavailable(_))), "a refusal can be lost too");
}

#[tokio::test]
async fn a_crash_never_returns_and_strikes_before_or_after_the_effect() {
    for (fault, rows) in [(Fault::CrashBefore, 0), (Fault::CrashAfter, 1)] {
        let (w, memory, faults) = stage();
        let letter = w.letter("x");
        faults.strike(0, fault);
        {
            let mut dying = std::pin::pin!(w.scope.create(&letter));
            assert!(dying.as_mut().now_or_never().is_none());
            faults.crashed().await;
            assert!(dying.now_or_never().is_none(), "{fault:?}: the dead do not speak");
        }
        assert_eq!(memory.rows().len(), rows, "{fault:?}");
        assert_eq!(w.scope.create(&letter).await.unwrap(), rows == 0, "{fault:?}: the next process goes on");
        assert!(faults.crashed().now_or_never().is_none(), "{fault:?}: told once");
    }
}

#[tokio::test]
async fn a_crash_after_a_refused_call_is_a_crash() {
    let (w, _, faults) = stage();
    let letter = w.letter("x");
    w.scope.create(&letter).await.unwrap();
    faults.strike(1, Fault::CrashAfter);
    assert!(w.scope.create(&letter).now_or_never().is_none());
    assert!(faults.crashed().now_or_never().is_some());
}

#[tokio::test]
async fn each_verb_is_one_call_with_its_own_name() {
    let (w, _, faults) = stage();
    faults.record();
    let letter = w.letter("x");
    w.scope.create(&letter).await.unwrap();
    let row = w.scope.find::<Letter>(letter.id).await.unwrap();
    w.scope.change::<Letter>(letter.id, Change::new().set(attr::STATE, s("y")), Cond::Present).await.unwrap();
    w.scope.erase(&crate::Stored { version: 2, ..row }).await.unwrap();
    w.scope.transact(vec![w.scope.creating(&letter).unwrap()]).await.unwrap();
    w.store.due(0, None, w.clock.now(), 9).await.unwrap();
    w.scope.read_many::<Letter>(&[letter.id.into()]).await.unwrap();
    let expected =
        ["table.put", "table.read", "table.update", "table.delete", "table.transact", "table.query", "table.read_many"];
    assert_eq!((faults.log(), faults.calls()), (expected.to_vec(), 7));
}

#[tokio::test]
async fn seeded_faults_are_the_same_every_time_and_come_as_often_as_said() {
    let run = async |seed: u64| {
        let faults = Faults::seeded(seed, 10);
        let w = World::new(Table::Memory(Memory::new(faults.clone())));
        for _ in 0..1000 {
            let _ = w.scope.create(&w.letter("x")).now_or_never();
        }
        faults.struck()
    };
    let struck = run(5).await;
    assert_eq!(struck, run(5).await);
    assert_ne!(struck, run(6).await);
    assert!((60..140).contains(&struck.len()), "{} of 1000", struck.len());
    for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict] {
        assert!(struck.iter().any(|(_, _, struck)| *struck == fault), "{fault:?}");
    }
    let calm = Faults::seeded(5, 1);
    calm.calm();
    let w = World::new(Table::Memory(Memory::new(calm)));
    assert!(w.scope.create(&w.letter("x")).await.unwrap());
}

#[tokio::test]
async fn the_stream_tells_each_change_once_in_order_with_both_images() {
    let (w, memory, _) = stage();
    let letter = w.letter("one");
    w.scope.create(&letter).await.unwrap();
    w.scope.change::<Letter>(letter.id, Change::new().set(attr::STATE, s("two")), Cond::Present).await.unwrap();
    let refused = w.scope.change::<Letter>(letter.id, Change::new(), Cond::Absent).await.unwrap();
    assert!(matches!(refused, Outcome::Refused(_)));
    let row = w.scope.find::<Letter>(letter.id).await.unwrap();
    w.scope.erase(&row).await.unwrap();
    let states = |records: Vec<crate::Record>| -> Vec<(Option<String>, Option<String>)> {
        let state = |row: Option<crate::Stored<Letter>>| row.map(|row| row.row.state);
        records.iter().map(|record| (state(record.old_row()), state(record.new_row()))).collect()
    };
    let (one, two) = (Some("one".to_owned()), Some("two".to_owned()));
    assert_eq!(states(memory.stream(0)), [(None, one.clone()), (one.clone(), two.clone()), (two.clone(), None)]);
    assert_eq!(states(memory.stream(2)), [(two, None)]);
    assert!(memory.stream(3).is_empty());

    memory.forget_stream();
    w.scope.create(&letter).await.unwrap();
    assert!(memory.stream(4).is_empty());
    assert_eq!(states(memory.stream(3)), [(None, one)], "positions stay as they are");
    assert_eq!(memory.stream(0).len(), 1);
    assert_eq!(memory.stream(3)[0].sequence(), format!("{:021}", 4), "and so do sequence numbers");
}

#[tokio::test]
async fn what_has_expired_is_there_until_it_is_swept_and_then_in_the_stream() {
    let (w, memory, _) = stage();
    let now = w.clock.now();
    let ends = |seconds: i64| Letter { ends: Some(now.plus_seconds(seconds)), ..w.letter("x") };
    let (gone, kept, forever) = (ends(-1), ends(0), w.letter("x"));
    for letter in [&gone, &kept, &forever] {
        w.scope.create(letter).await.unwrap();
    }
    assert!(w.scope.read::<Letter>(gone.id).await.unwrap().is_some(), "reads do not hide it");
    assert_eq!((memory.sweep(Time::EPOCH), memory.sweep(now), memory.sweep(now)), (0, 1, 0));
    assert!(w.scope.read::<Letter>(gone.id).await.unwrap().is_none());
    assert!(memory.stream(3)[0].old_row::<Letter>().is_some_and(|row| row.row.id == gone.id));
    assert_eq!(memory.rows().len(), 2);
}

#[tokio::test]
async fn an_error_of_the_table_is_told_by_what_the_caller_can_do() {
    let cause = || kernel::Cause::new("x");
    assert!(matches!(Error::from(TableError::Refused { at: 0, found: None }), Error::Conflict { .. }));
    for error in [TableError::Contended, TableError::Throttled, TableError::Lost(cause())] {
        assert!(matches!(Error::from(error), Error::Unavailable(_)));
    }
    assert!(matches!(Error::from(TableError::Broken(cause())), Error::Internal(_)));
}
