//! From a change of a row to jobs: the pure function that `relay` carries out. Total: what it does not know gives no job.

use store::schema::attr;
use store::{Job, Record, Task};

use crate::{Errand, Message, Series, errand};

/// The jobs that a change asks for. Most changes are no transition of a thing that has states and are told by one attribute: a row
/// is read whole only for a job.
pub fn jobs(record: &Record) -> Vec<Job> {
    if record.new_value(&attr::STATE_SEQ) == record.old_value(&attr::STATE_SEQ) {
        return Vec::new();
    }
    errand(record).or_else(|| message(record)).or_else(|| alarm(record)).or_else(|| series(record)).into_iter().collect()
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

fn alarm(record: &Record) -> Option<Job> {
    let task = record.new_row::<crate::Task>()?.row;
    let job = Job::new(&record.internal()?, Task::Alarm(task.id), task.state_seq);
    task.has_to_tell().then_some(job)
}

fn series(record: &Record) -> Option<Job> {
    let series = record.new_row::<Series>()?.row;
    let job = Job::new(&record.internal()?, Task::Series(series.id), series.state_seq);
    series.ringing.is_some().then_some(job)
}
