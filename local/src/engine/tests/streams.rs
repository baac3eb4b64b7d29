//! The stream: order, positions, forgetting, time to live, and that none of it slows down as it grows.

use store::Value;
use store::schema::attr;

use super::*;

/// A day and a bit from now, when today's records are old.
fn tomorrow() -> Time {
    Clock::System.now().plus_seconds(25 * 60 * 60)
}

#[tokio::test]
async fn the_stream_tells_what_was_written_through_the_port() {
    let folder = Folder::new();
    let engine = folder.open();
    let tenant = found(&store(&engine), &Ids::seeded(1), "acme").await.unwrap();
    let records = drain(&engine, None, 10);
    let partitions: Vec<_> = records.iter().filter_map(store::Record::partition).collect();
    assert_eq!(partitions, ["S#acme", "P#TEN#202602"]);
    assert!(records.iter().all(|record| record.new_value(&attr::TENANT) == Some(&Value::S(tenant.to_string()))));
    assert!(records.iter().all(|record| record.old_value(&attr::KIND).is_none()));
}

#[test]
fn records_come_in_order_from_any_position_in_any_size_of_batch() {
    let folder = Folder::new();
    let engine = folder.open();
    assert!(engine.records(None, 10).unwrap().records.is_empty());
    (0..230).for_each(|number| put(&engine, number % 40, None));
    let all = sequences(&drain(&engine, None, 1000));
    assert!(all.len() == 230 && all.is_sorted() && all.iter().all(|sequence| sequence.len() == 21));
    for limit in [1, 7, 100] {
        assert_eq!(sequences(&drain(&engine, None, limit)), all);
        assert_eq!(sequences(&drain(&engine, Some(all[99].clone()), limit)), all[100..]);
    }
    assert!(engine.records(all.last().map(String::as_str), 10).unwrap().records.is_empty());
    let records = drain(&engine, None, 1000);
    assert!(records[0].old_value(&attr::VERSION).is_none() && records[229].old_value(&attr::VERSION).is_some());
    drop(engine);
    let engine = folder.open();
    assert_eq!(sequences(&drain(&engine, None, 50)), all, "the stream survives");
    put(&engine, 1, None);
    let more = sequences(&drain(&engine, Some(all[229].clone()), 50));
    assert!(more.len() == 1 && more[0] > all[229], "and its numbers go on");
}

#[test]
fn only_what_is_old_and_finished_is_forgotten_and_never_the_last_record() {
    let folder = Folder::new();
    let engine = folder.open();
    (0..5000).for_each(|number| put(&engine, number, None));
    let all = sequences(&drain(&engine, None, 1000));
    assert_eq!(engine.trim(&all[4999], Clock::System.now()), Ok(0), "nothing is old yet");
    assert_eq!(engine.trim("nonsense", tomorrow()), Ok(0));
    assert_eq!(engine.trim(&all[4499], tomorrow()), Ok(4500));
    assert_eq!(engine.trim(&all[4499], tomorrow()), Ok(0));
    assert_eq!(sequences(&drain(&engine, None, 1000)), all[4500..]);
    assert_eq!(sequences(&drain(&engine, Some(all[4499].clone()), 1000)), all[4500..], "nothing was missed");

    let late = |engine: &Engine| {
        let late = engine.records(Some(&all[100]), 10).unwrap();
        assert!(late.restarted, "records after that position are gone");
        assert_eq!(sequences(&late.records), all[4500..4510]);
    };
    late(&engine);
    drop(engine);
    let engine = folder.open();
    late(&engine);
    assert_eq!(engine.trim(&all[4999], tomorrow()), Ok(499));
    assert_eq!(sequences(&drain(&engine, None, 1000)), all[4999..], "the last one stays");
    put(&engine, 1, None);
    assert_eq!(drain(&engine, Some(all[4999].clone()), 10).len(), 1);
}

#[test]
fn a_position_that_is_none_starts_over_with_the_oldest_record() {
    let folder = Folder::new();
    let engine = folder.open();
    put(&engine, 1, None);
    for nonsense in ["", "5", "000000000000000000000", "abc", "not a sequence number at all, but long"] {
        let batch = engine.records(Some(nonsense), 10).unwrap();
        assert!(batch.restarted && batch.records.len() == 1, "{nonsense:?}");
    }
}

#[test]
fn what_has_expired_is_swept_into_the_stream() {
    let folder = Folder::new();
    let engine = folder.open();
    let now = Clock::System.now().seconds();
    for (number, expires) in [(1, Some(now - 5)), (2, Some(now + 500)), (3, None)] {
        put(&engine, number, expires);
    }
    let before = drain(&engine, None, 10);
    assert_eq!((engine.sweep(), engine.sweep()), (Ok(1), Ok(0)));
    let swept = drain(&engine, before.last().map(|record| record.sequence().to_owned()), 10);
    assert_eq!(swept.len(), 1);
    assert_eq!(swept[0].old_value(&attr::EXPIRES), Some(&Value::N((now - 5).to_string())));
    assert!(swept[0].new_value(&attr::KIND).is_none());
}

#[test]
fn writing_and_reading_do_not_slow_down_as_the_stream_grows() {
    let folder = Folder::new();
    let engine = folder.open();
    put(&engine, 0, None);
    let plan = |sql: &str| -> String {
        let keeper = engine.keeper();
        let mut statement = keeper.conn().prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(3)).unwrap();
        lines.map(Result::unwrap).collect::<Vec<_>>().join("; ")
    };
    // The statements of the engine's every write and read, which would otherwise look at each record there is.
    let next = plan(
        "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 'switchboard'",
    );
    assert!(next.contains("switchboard_stream_last") && !next.contains("SCAN"), "{next}");
    let read = plan(
        "SELECT new_image FROM _stream_records WHERE table_name = 'switchboard' AND shard_id = 's'
            AND CAST(sequence_number AS INTEGER) > 5 ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 10",
    );
    assert!(read.contains("switchboard_stream_order") && !read.contains("TEMP B-TREE"), "{read}");
}

#[test]
fn positions_are_kept_with_the_table_they_speak_of() {
    let folder = Folder::new();
    let engine = folder.open();
    (0..3).for_each(|number| put(&engine, number, None));
    let all = sequences(&drain(&engine, None, 10));
    let mut positions = engine.positions().unwrap();
    assert_eq!((positions.of("relay"), positions.all(&["relay", "analytics"])), (None, None));
    positions.save("relay", &all[1]).unwrap();
    assert_eq!(positions.all(&["relay", "analytics"]), None, "one of them has not begun");
    positions.save("analytics", &all[2]).unwrap();
    positions.save("analytics", &all[0]).unwrap();
    assert_eq!(positions.all(&["relay", "analytics"]), Some(all[1].as_str()));
    assert_eq!(engine.positions().unwrap().of("analytics"), Some(all[2].as_str()), "a position never goes back");

    let file = folder.0.join("positions.json");
    let text = std::fs::read_to_string(&file).unwrap();
    for spoiled in [String::new(), text[..text.len() / 2].to_owned(), text.replace(&all[1], "5"), "[]".to_owned()] {
        std::fs::write(&file, spoiled).unwrap();
        assert_eq!(engine.positions().unwrap().of("relay"), None);
    }
    std::fs::write(&file, text).unwrap();
    drop(engine);
    for part in ["table.db", "table.db-wal", "table.db-shm"] {
        let _ = std::fs::remove_file(folder.0.join(part));
    }
    assert_eq!(folder.open().positions().unwrap().of("relay"), None, "another table");
}
