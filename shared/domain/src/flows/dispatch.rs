//! From a change of a row to jobs: the pure function that `relay` carries out. Total: what it does not know gives no job.

use store::schema::attr;
use store::{Job, Record};

use crate::Message;

/// The job that a change asks for. Most changes are no transition of a message and are told by one attribute: a row is read whole
/// only for a job.
pub fn jobs(record: &Record) -> Option<Job> {
    if record.new_value(&attr::STATE_SEQ) == record.old_value(&attr::STATE_SEQ) {
        return None;
    }
    let now = record.new_row::<Message>()?.row;
    now.state.wants_sending().then(|| Some(Job::send(&record.internal()?, now.id, now.state_seq)))?
}
