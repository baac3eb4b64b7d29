//! Queue jobs: what `relay` writes and the workers read. The tenant inside is evidence, so its field is private and this file is
//! the only decoder.

use std::collections::BTreeMap;

use kernel::Time;
use kernel::ids::{
    AccountId, ArchiveId, AttachmentId, ErasureId, ErrandId, EventId, ExportId, ImportId, MessageId, RunId, SeriesId, SignupId,
    TaskId, TenantId,
};
use serde::{Deserialize, Serialize};

use crate::Internal;

/// The version of the job format that this build writes. It reads this one alone: what it does not know is parked, not guessed.
const FORMAT: u8 = 1;

/// One thing to do, small enough that ten fit one queue request of 256 KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    tenant: TenantId,
    /// What it is about.
    pub task: Task,
    /// Its state's number when the job was made: a job about a past state is void.
    pub seq: u64,
    /// What has happened, in JSON: of a job that says so itself, since no row does.
    pub news: Option<String>,
    /// Not to be worked on before then. The queue sees to that, so it is not in the body.
    pub at: Option<Time>,
}

/// Who carries a job out. Each has a queue of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Worker {
    /// `automation`: what the house does by itself.
    Automation,
    /// `collect`: looks into mailboxes.
    Collect,
    /// `send`: whatever is asked of a provider.
    Send,
}

impl Worker {
    /// Every worker.
    pub const ALL: [Self; 3] = [Self::Automation, Self::Collect, Self::Send];
}

macro_rules! tasks {
    ($($(#[$doc:meta])* $name:ident($id:ty) = $word:literal, $worker:ident;)*) => {
        /// What a job is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Task {
            $($(#[$doc])* $name($id),)*
        }

        impl Task {
            /// Who carries it out.
            pub const fn worker(self) -> Worker {
                match self {
                    $(Self::$name(_) => Worker::$worker,)*
                }
            }

            fn read(word: &str, id: &str) -> Option<Self> {
                match word {
                    $($word => <$id>::parse(id).map(Self::$name),)*
                    _ => None,
                }
            }

            fn written(self) -> (&'static str, String) {
                match self {
                    $(Self::$name(id) => ($word, id.to_string()),)*
                }
            }
        }
    };
}

tasks! {
    /// Tell what this task has to tell.
    Alarm(TaskId) = "task", Automation;
    /// Put activities of this month into the archive.
    Archive(ArchiveId) = "archive", Automation;
    /// Delete this file, which nobody made use of.
    Attachment(AttachmentId) = "attachment", Send;
    /// Have forgotten what timelines tell of something that is gone.
    Erasure(ErasureId) = "erasure", Automation;
    /// Carry out this errand.
    Errand(ErrandId) = "errand", Send;
    /// Find the rules that wait for this event.
    Event(EventId) = "event", Automation;
    /// Make the next part of this export.
    Export(ExportId) = "export", Automation;
    /// Take in the next part of this import.
    Import(ImportId) = "import", Automation;
    /// Look into the mailbox of this account.
    Mailbox(AccountId) = "mailbox", Collect;
    /// Send this message.
    Message(MessageId) = "message", Send;
    /// Find the rules of this tenant that wait for what has happened, as the job says.
    News(TenantId) = "news_of", Automation;
    /// Carry out this run of a rule.
    Run(RunId) = "run", Automation;
    /// Send the next message of this series.
    Series(SeriesId) = "series", Automation;
    /// Carry out what this person asked by a form.
    Signup(SignupId) = "signup", Automation;
}

/// A job as the queue message says it: what it is about stands under its kind's word.
#[derive(Serialize, Deserialize)]
struct Body {
    v: u8,
    tenant: TenantId,
    seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    news: Option<String>,
    #[serde(flatten)]
    about: BTreeMap<String, String>,
}

/// Why a queue message is no job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Written by another version of this code.
    Format(u64),
    /// Not a job at all.
    Garbage(String),
}

impl Job {
    /// A job for the tenant that the evidence names.
    pub const fn new(evidence: &Internal, task: Task, seq: u64) -> Self {
        Self { tenant: evidence.tenant(), task, seq, news: None, at: None }
    }

    /// A job that brings along what has happened to the tenant that the evidence names.
    pub const fn news(evidence: &Internal, news: String) -> Self {
        let tenant = evidence.tenant();
        Self { tenant, task: Task::News(tenant), seq: 0, news: Some(news), at: None }
    }

    /// The same job, not before then.
    #[must_use]
    pub const fn not_before(mut self, at: Option<Time>) -> Self {
        self.at = at;
        self
    }

    /// Reads a queue message's body.
    pub fn decode(body: &str) -> Result<Self, Unreadable> {
        let format = |version: u64| (version != u64::from(FORMAT)).then_some(Unreadable::Format(version));
        let read = match serde_json::from_str::<Body>(body) {
            Ok(read) => read,
            Err(error) => {
                let value = serde_json::from_str::<serde_json::Value>(body).ok();
                let version = value.and_then(|value| value.get("v")?.as_u64());
                return Err(version.and_then(format).unwrap_or_else(|| Unreadable::Garbage(error.to_string())));
            }
        };
        if let Some(other) = format(read.v.into()) {
            return Err(other);
        }
        let mut about = read.about.iter();
        let (Some((word, id)), None) = (about.next(), about.next()) else {
            return Err(Unreadable::Garbage("a job is about one thing".to_owned()));
        };
        let task = Task::read(word, id).ok_or_else(|| Unreadable::Garbage(format!("no job is about the {word} {id}")))?;
        Ok(Self { tenant: read.tenant, task, seq: read.seq, news: read.news, at: None })
    }

    /// The queue message's body.
    pub fn encode(&self) -> String {
        let (word, id) = self.task.written();
        let about = BTreeMap::from([(word.to_owned(), id)]);
        let body = Body { v: FORMAT, tenant: self.tenant, seq: self.seq, news: self.news.clone(), about };
        serde_json::to_string(&body).unwrap_or_default()
    }

    /// What jobs are grouped by, so that no tenant's jobs make another's wait.
    pub fn group(&self) -> String {
        self.tenant.to_string()
    }

    /// Evidence of the tenant that the job is for.
    pub const fn internal(&self) -> Internal {
        Internal::new(self.tenant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_round_trips_and_another_format_is_told_apart_from_garbage() {
        let evidence = Internal::new(TenantId::from_bytes([1; 16]));
        let job = Job::new(&evidence, Task::Message(MessageId::from_bytes([2; 16])), 7);
        assert_eq!(Job::decode(&job.encode()), Ok(job.clone()));
        let errand = Job::new(&evidence, Task::Errand(ErrandId::from_bytes([3; 16])), 1);
        assert_eq!(Job::decode(&errand.encode()), Ok(errand.clone()));
        let news = Job::news(&evidence, r#"{"name":"contact.created"}"#.to_owned());
        assert_eq!(Job::decode(&news.encode()), Ok(news));
        let both = errand.encode().replace("\"seq\"", &format!("\"message\":\"{}\",\"seq\"", MessageId::from_bytes([2; 16])));
        assert_eq!(Job::decode(&both), Err(Unreadable::Garbage("a job is about one thing".to_owned())));
        let strange = job.encode().replace("message", "misery");
        assert!(matches!(Job::decode(&strange), Err(Unreadable::Garbage(_))));
        let newer = job.encode().replace("\"v\":1", "\"v\":2");
        assert_eq!(Job::decode(&newer), Err(Unreadable::Format(2)));
        assert_eq!(Job::decode(r#"{"v":9,"who":"knows"}"#), Err(Unreadable::Format(9)));
        assert!(matches!(Job::decode("not json"), Err(Unreadable::Garbage(_))));
    }
}
