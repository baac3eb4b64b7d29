//! From a change of a row to jobs: the pure function that `relay` carries out. Total: what it does not know gives no job.

use store::schema::attr;
use store::{Job, Record};

use crate::{Attachment, Errand, Message, errand};

/// The job that a change asks for. Most changes are no transition of a message, errand or file and are told by one attribute: a row
/// is read whole only for a job.
pub fn jobs(record: &Record) -> Option<Job> {
    if record.new_value(&attr::STATE_SEQ) == record.old_value(&attr::STATE_SEQ) {
        return None;
    }
    let evidence = record.internal()?;
    if let Some(errand) = record.new_row::<Errand>().map(|found| found.row) {
        return (errand.state == errand::State::Queued).then(|| Job::errand(&evidence, errand.id, errand.state_seq));
    }
    if let Some(file) = record.new_row::<Attachment>().map(|found| found.row) {
        return file.is_given_up().then(|| Job::attachment(&evidence, file.id, file.state_seq));
    }
    let message = record.new_row::<Message>()?.row;
    // Who has booked a slot comes when it has begun.
    let at = message.booking.map(|booking| booking.at);
    message.state.wants_sending().then(|| Job::send(&evidence, message.id, message.state_seq).not_before(at))
}
