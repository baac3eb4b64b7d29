//! The table's stream: read in process, forgotten when everybody has done with it.
//!
//! The engine keeps stream records for ever and, left alone, looks through all of them at every write. So this file adds the
//! indexes that it lacks, and [`Engine::trim`] that forgets what is old and finished.

use dynoxide::DynoxideError;
use dynoxide::actions::get_records::{GetRecordsRequest, Record};
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::storage::Storage;
use dynoxide::streams;
use kernel::Time;

use super::{Engine, TABLE, convert, file};

/// How long records are kept at least, as in AWS.
const KEPT_SECONDS: i64 = 24 * 60 * 60;
/// Records forgotten in one go, so that writers wait but a moment.
const FORGOTTEN_AT_ONCE: usize = 2000;
/// Most records of one read.
const LIMIT: usize = 1000;

/// The order of the stream, which every write and every read asks for, and a note of what has been forgotten.
const PREPARATION: &str = "
    CREATE INDEX IF NOT EXISTS switchboard_stream_order
        ON _stream_records (table_name, shard_id, CAST(sequence_number AS INTEGER));
    CREATE INDEX IF NOT EXISTS switchboard_stream_last
        ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
    CREATE TABLE IF NOT EXISTS switchboard_trimmed (one INTEGER PRIMARY KEY CHECK (one = 1), sequence_number TEXT NOT NULL);";

/// What one read of the stream brought.
#[derive(Debug)]
pub struct Batch {
    /// The records, oldest first.
    pub records: Vec<store::Record>,
    /// Whether the position could not be found any more, so that the reading starts over with the oldest record that is kept.
    pub restarted: bool,
}

pub(super) fn prepare(keeper: &Storage) -> Result<(), DynoxideError> {
    Ok(keeper.conn().execute_batch(PREPARATION)?)
}

/// The last record that was forgotten.
pub(super) fn trimmed(keeper: &Storage) -> Result<Option<String>, DynoxideError> {
    Ok(keeper.conn().query_row("SELECT MAX(sequence_number) FROM switchboard_trimmed", [], |row| row.get(0))?)
}

impl Engine {
    /// The records after that one, or from the oldest on, at most `limit` and never more than a thousand. Holds up writers for
    /// about a millisecond in 40 records.
    pub fn records(&self, after: Option<&str>, limit: usize) -> Result<Batch, String> {
        let told = |error: DynoxideError| file::sentence(&self.dir, &error);
        let lost = after.is_some_and(|after| self.trimmed().is_some_and(|trimmed| after < trimmed.as_str()));
        let (iterator, restarted) = match self.iterator(after.filter(|_| !lost)) {
            Err(DynoxideError::ValidationException(_)) => (self.iterator(None).map_err(told)?, true),
            iterator => (iterator.map_err(told)?, lost),
        };
        if restarted {
            tracing::warn!(
                stream.position = after,
                "position {} of the stream is not kept any more: going on from the oldest record",
                after.unwrap_or_default()
            );
        }
        let request = GetRecordsRequest { shard_iterator: iterator, limit: Some(limit.clamp(1, LIMIT)) };
        let found = self.database.get_records(request).map_err(told)?;
        Ok(Batch { records: found.records.into_iter().map(record).collect(), restarted })
    }

    fn iterator(&self, after: Option<&str>) -> Result<String, DynoxideError> {
        let request = GetShardIteratorRequest {
            stream_arn: streams::stream_arn(TABLE, ""),
            shard_id: streams::shard_id(TABLE),
            shard_iterator_type: if after.is_some() { "AFTER_SEQUENCE_NUMBER" } else { "TRIM_HORIZON" }.to_owned(),
            sequence_number: after.map(str::to_owned),
        };
        let nothing = || DynoxideError::InternalServerError("a stream without an iterator".to_owned());
        self.database.get_shard_iterator(request)?.shard_iterator.ok_or_else(nothing)
    }

    fn trimmed(&self) -> Option<String> {
        self.trimmed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Forgets the records up to and including `finished` that are older than a day, but never the last one, and answers how
    /// many.
    pub fn trim(&self, finished: &str, now: Time) -> Result<usize, String> {
        let before = now.seconds().saturating_sub(KEPT_SECONDS);
        let mut forgotten = 0;
        loop {
            let count = forget(&self.keeper(), finished, before).map_err(|error| file::sentence(&self.dir, &error))?;
            forgotten += count;
            if count < FORGOTTEN_AT_ONCE {
                break;
            }
        }
        if forgotten > 0 {
            let trimmed = trimmed(&self.keeper()).map_err(|error| file::sentence(&self.dir, &error))?;
            *self.trimmed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = trimmed;
        }
        Ok(forgotten)
    }
}

/// Forgets some of those records and notes the last of them, both or neither. The stream's numbers are shown with an offset
/// that keeps their width; the file has them without.
fn forget(keeper: &Storage, finished: &str, before: i64) -> Result<usize, DynoxideError> {
    let shown = |stored: i64| format!("1{stored:020}");
    let Some(finished) = finished.strip_prefix('1').and_then(|digits| digits.parse::<i64>().ok()) else { return Ok(0) };
    let connection = keeper.conn();
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = (|| {
        let upto: Option<i64> = connection.query_row(
            "SELECT MAX(number) FROM (
                SELECT CAST(sequence_number AS INTEGER) AS number FROM _stream_records
                WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2 AND created_at < ?3
                    AND CAST(sequence_number AS INTEGER) <
                        (SELECT MAX(CAST(sequence_number AS INTEGER)) FROM _stream_records WHERE table_name = ?1)
                ORDER BY CAST(sequence_number AS INTEGER) LIMIT ?4)",
            (TABLE, finished, before, FORGOTTEN_AT_ONCE),
            |row| row.get(0),
        )?;
        let Some(upto) = upto else { return Ok(0) };
        let count = connection.execute(
            "DELETE FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2",
            (TABLE, upto),
        )?;
        connection.execute("INSERT OR REPLACE INTO switchboard_trimmed VALUES (1, ?1)", (shown(upto),))?;
        connection.execute_batch("COMMIT")?;
        Ok(count)
    })();
    if !matches!(done, Ok(1..)) {
        connection.execute_batch("ROLLBACK")?;
    }
    done
}

fn record(record: Record) -> store::Record {
    let change = record.dynamodb;
    store::Record::new(change.old_image.map(convert::item), change.new_image.map(convert::item), change.sequence_number)
}
