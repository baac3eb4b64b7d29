//! From a change of a row to jobs: the pure function that `relay` carries out. Total: what it does not know gives no job.

use store::schema::attr;
use store::{Job, Record, Task};

use crate::{Errand, Message, errand};

/// The jobs that a change asks for. Most changes are no transition of a thing that has states and are told by one attribute: a row
/// is read whole only for a job.
pub fn jobs(record: &Record) -> Vec<Job> {
    if record.new_value(&attr::STATE_SEQ) == record.old_value(&attr::STATE_SEQ) {
        return Vec::new();
    }
    errand(record).or_else(|| message(record)).into_iter().collect()
}

fn errand(record: &Record) -> Option<Job> {
    let errand = record.new_row::<Errand>()?.row;
    let job = Job::new(&record.internal()?, Task::Errand(errand.id), errand.state_seq);
    (errand.state == errand::State::Queued).then_some(job)
}

fn message(record: &Record) -> Option<Job> {
    let message = record.new_row::<Message>()?.row;
    let job = Job::new(&record.internal()?, Task::Message(message.id), message.state_seq);
    // Who has booked a slot comes when it has begun.
    let at = message.booking.map(|booking| booking.at);
    message.state.wants_sending().then(|| job.not_before(at))
}
