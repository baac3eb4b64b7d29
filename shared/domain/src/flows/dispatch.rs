//! From a change of a row to jobs: the pure function that `relay` carries out. Total: what it does not know gives no job.

use store::{Job, Record};

use crate::Message;

/// The jobs that a change asks for.
pub fn jobs(record: &Record) -> Option<Job> {
    let evidence = record.internal()?;
    let now = record.new_row::<Message>()?.row;
    let before = record.old_row::<Message>().map(|before| before.row);
    let changed = before.is_none_or(|before| before.state_seq != now.state_seq);
    (now.state.wants_sending() && changed).then(|| Job::send(&evidence, now.id, now.state_seq))
}
