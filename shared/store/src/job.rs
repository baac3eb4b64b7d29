//! Queue jobs: what `relay` writes and the workers read. The tenant inside is evidence, so its field is private and this file is
//! the only decoder.

use kernel::Time;
use kernel::ids::{AttachmentId, ErrandId, MessageId, TenantId};
use serde::{Deserialize, Serialize};

use crate::Internal;

/// The version of the job format that this build writes. It reads this one alone: what it does not know is parked, not guessed.
const FORMAT: u8 = 1;

/// One thing to do, small enough that ten fit one 64 KB queue request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    tenant: TenantId,
    /// What it is about.
    pub task: Task,
    /// Its state's number when the job was made: a job about a past state is void.
    pub seq: u64,
    /// Not to be worked on before then. The queue sees to that, so it is not in the body.
    pub at: Option<Time>,
}

/// What a job is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Delete this file.
    Attachment(AttachmentId),
    /// Send this message.
    Message(MessageId),
    /// Carry out this errand.
    Errand(ErrandId),
}

/// A job as the queue message says it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    v: u8,
    tenant: TenantId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attachment: Option<AttachmentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    errand: Option<ErrandId>,
    seq: u64,
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
    /// A job for a message of the tenant that the evidence names.
    pub const fn send(evidence: &Internal, message: MessageId, seq: u64) -> Self {
        Self { tenant: evidence.tenant(), task: Task::Message(message), seq, at: None }
    }

    /// A job for an errand of the tenant that the evidence names.
    pub const fn errand(evidence: &Internal, errand: ErrandId, seq: u64) -> Self {
        Self { tenant: evidence.tenant(), task: Task::Errand(errand), seq, at: None }
    }

    /// A job for a file of the tenant that the evidence names.
    pub const fn attachment(evidence: &Internal, attachment: AttachmentId, seq: u64) -> Self {
        Self { tenant: evidence.tenant(), task: Task::Attachment(attachment), seq, at: None }
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
        let task = match (read.attachment, read.message, read.errand) {
            (Some(attachment), None, None) => Task::Attachment(attachment),
            (None, Some(message), None) => Task::Message(message),
            (None, None, Some(errand)) => Task::Errand(errand),
            (_, _, _) => return Err(Unreadable::Garbage("a job is about one thing".to_owned())),
        };
        Ok(Self { tenant: read.tenant, task, seq: read.seq, at: None })
    }

    /// The queue message's body.
    pub fn encode(&self) -> String {
        let (attachment, message, errand) = match self.task {
            Task::Attachment(attachment) => (Some(attachment), None, None),
            Task::Message(message) => (None, Some(message), None),
            Task::Errand(errand) => (None, None, Some(errand)),
        };
        let body = Body { v: FORMAT, tenant: self.tenant, attachment, message, errand, seq: self.seq };
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
        let job = Job::send(&evidence, MessageId::from_bytes([2; 16]), 7);
        assert_eq!(Job::decode(&job.encode()), Ok(job.clone()));
        let errand = Job::errand(&evidence, ErrandId::from_bytes([3; 16]), 1);
        assert_eq!(Job::decode(&errand.encode()), Ok(errand.clone()));
        let file = Job::attachment(&evidence, AttachmentId::from_bytes([4; 16]), 1);
        assert_eq!(Job::decode(&file.encode()), Ok(file));
        let both = errand.encode().replace("\"seq\"", &format!("\"message\":\"{}\",\"seq\"", MessageId::from_bytes([2; 16])));
        assert_eq!(Job::decode(&both), Err(Unreadable::Garbage("a job is about one thing".to_owned())));
        let newer = job.encode().replace("\"v\":1", "\"v\":2");
        assert_eq!(Job::decode(&newer), Err(Unreadable::Format(2)));
        assert_eq!(Job::decode(r#"{"v":9,"who":"knows"}"#), Err(Unreadable::Format(9)));
        assert!(matches!(Job::decode("not json"), Err(Unreadable::Garbage(_))));
    }
}
