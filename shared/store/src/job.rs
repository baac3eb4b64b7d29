//! Queue jobs: what `relay` writes and the workers read. The tenant inside is evidence, so its field is private and this file is
//! the only decoder.

use kernel::ids::{MessageId, TenantId};
use serde::{Deserialize, Serialize};

use crate::Internal;

/// The version of the job format that this build writes. It reads this one alone: what it does not know is parked, not guessed.
const FORMAT: u8 = 1;

/// One thing to do, small enough that ten fit one 64 KB queue request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    v: u8,
    tenant: TenantId,
    /// The message to send.
    pub message: MessageId,
    /// Its state's number when the job was made: a job about a past state is void.
    pub seq: u64,
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
        Self { v: FORMAT, tenant: evidence.tenant(), message, seq }
    }

    /// Reads a queue message's body.
    pub fn decode(body: &str) -> Result<Self, Unreadable> {
        match serde_json::from_str::<Self>(body) {
            Ok(job) if job.v == FORMAT => Ok(job),
            Ok(job) => Err(Unreadable::Format(job.v.into())),
            Err(error) => {
                let version = serde_json::from_str::<serde_json::Value>(body)
                    .ok()
                    .and_then(|value| value.get("v")?.as_u64())
                    .filter(|version| *version != u64::from(FORMAT));
                Err(version.map_or_else(|| Unreadable::Garbage(error.to_string()), Unreadable::Format))
            }
        }
    }

    /// The queue message's body.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
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
        let newer = job.encode().replace("\"v\":1", "\"v\":2");
        assert_eq!(Job::decode(&newer), Err(Unreadable::Format(2)));
        assert_eq!(Job::decode(r#"{"v":9,"who":"knows"}"#), Err(Unreadable::Format(9)));
        assert!(matches!(Job::decode("not json"), Err(Unreadable::Garbage(_))));
    }
}
