//! From a change of a row to jobs: the pure function that `relay` carries out. Total: what it does not know gives no job.

use store::schema::attr;
use store::{Job, Record, Task};

use crate::erasure::{self, Erasure};
use crate::event::raised::raised;
use crate::export::{self, Export};
use crate::import::{self, Import};
use crate::{Archive, Attachment, Errand, Event, Mailbox, Message, Run, Series, Signup, archive, errand, mailbox, run};

/// The jobs that a change asks for. Most changes are no transition of a thing that has states and are told by one attribute: a row
/// is read whole only for a job.
pub fn jobs(record: &Record) -> Vec<Job> {
    let mut jobs: Vec<Job> = event(record).into_iter().chain(signup(record)).chain(news(record)).collect();
    if record.new_value(&attr::STATE_SEQ) != record.old_value(&attr::STATE_SEQ) {
        let due = || {
            alarm(record)
                .or_else(|| archive(record))
                .or_else(|| erasure(record))
                .or_else(|| series(record))
                .or_else(|| mailbox(record))
                .or_else(|| file(record))
                .or_else(|| part(record))
        };
        jobs.extend(errand(record).or_else(|| run(record)).or_else(|| message(record)).or_else(due));
    }
    jobs
}

/// A new event that a caller reported or a rule raised.
fn event(record: &Record) -> Option<Job> {
    let event = record.new_row::<Event>().filter(|_| record.old_value(&attr::PK).is_none())?.row;
    Some(Job::new(&record.internal()?, Task::Event(event.id), 0))
}

/// What somebody has asked by a form.
fn signup(record: &Record) -> Option<Job> {
    let signup = record.new_row::<Signup>().filter(|_| record.old_value(&attr::PK).is_none())?.row;
    Some(Job::new(&record.internal()?, Task::Signup(signup.id), 0))
}

/// What a change of the house's own rows tells rules.
fn news(record: &Record) -> Vec<Job> {
    let Some(evidence) = record.internal() else { return Vec::new() };
    raised(record).into_iter().map(|occurrence| Job::news(&evidence, occurrence.news())).collect()
}

fn run(record: &Record) -> Option<Job> {
    let run = record.new_row::<Run>()?.row;
    let job = Job::new(&record.internal()?, Task::Run(run.id), run.state_seq);
    (run.state == run::State::Ready).then_some(job)
}

fn archive(record: &Record) -> Option<Job> {
    let archive = record.new_row::<Archive>()?.row;
    let job = Job::new(&record.internal()?, Task::Archive(archive.id), archive.state_seq);
    (archive.state == archive::State::Working).then_some(job)
}

fn erasure(record: &Record) -> Option<Job> {
    let erasure = record.new_row::<Erasure>()?.row;
    let job = Job::new(&record.internal()?, Task::Erasure(erasure.id), erasure.state_seq);
    (erasure.state == erasure::State::Queued).then_some(job)
}

/// A file that is given up.
fn file(record: &Record) -> Option<Job> {
    let file = record.new_row::<Attachment>().filter(|file| file.row.is_given_up())?.row;
    Some(Job::new(&record.internal()?, Task::Attachment(file.id), file.state_seq))
}

fn errand(record: &Record) -> Option<Job> {
    let errand = record.new_row::<Errand>()?.row;
    let job = Job::new(&record.internal()?, Task::Errand(errand.id), errand.state_seq);
    (errand.state == errand::State::Queued).then_some(job)
}

/// The next part of an import or export.
fn part(record: &Record) -> Option<Job> {
    let evidence = record.internal()?;
    if let Some(import) = record.new_row::<Import>().map(|found| found.row) {
        let job = Job::new(&evidence, Task::Import(import.id), import.state_seq);
        return (import.state == import::State::Queued).then_some(job);
    }
    let export = record.new_row::<Export>()?.row;
    let job = Job::new(&evidence, Task::Export(export.id), export.state_seq);
    (export.state == export::State::Queued).then_some(job)
}

fn mailbox(record: &Record) -> Option<Job> {
    let mailbox = record.new_row::<Mailbox>()?.row;
    let job = Job::new(&record.internal()?, Task::Mailbox(mailbox.account), mailbox.state_seq);
    (mailbox.state == mailbox::State::Queued).then_some(job)
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
