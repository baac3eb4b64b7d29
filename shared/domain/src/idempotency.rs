//! Idempotency keys: the row that makes a repeated request have one effect (IETF draft "The Idempotency-Key HTTP Header Field").
//!
//! The row is written before the effect, with the id that the effect will use, so a request that died half way is completed, not
//! repeated, when it comes again.

use kernel::{Keys, Result, Time};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::Role;

/// How long a key is remembered.
pub const HOURS: i64 = 24;
/// How long a request may take before another with the same key takes it over.
pub const LEASE_SECONDS: i64 = 30;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Idempotency {
    /// Digest of the credential's tenant-wide key.
    pub key: String,
    /// Digest of method, path and body.
    pub request: String,
    /// Seed of the ids that the request makes: the same again when it is taken over.
    pub id: String,
    /// When the first such request came.
    pub at: Time,
    /// Until when the present one may run.
    pub lease: Time,
    /// The reply, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// A reply as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The role that was answered: a lower one is not told.
    pub role: Role,
    /// Body.
    pub body: String,
    /// `Location` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// `ETag` header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

impl Idempotency {
    /// Digest under which a key is kept.
    pub fn digest(keys: &Keys, key: &str) -> String {
        short(&keys.digest.sign(format!("idempotency\0{key}").as_bytes()))
    }

    /// Digest of what the key was used for.
    pub fn request(keys: &Keys, method: &str, path: &str, body: &[u8]) -> String {
        let mut material = format!("request\0{method}\0{path}\0").into_bytes();
        material.extend_from_slice(body);
        short(&keys.digest.sign(&material))
    }

    /// Where the row of that digest is.
    pub fn at(digest: &str) -> Locator {
        Locator::Natural(digest.to_owned())
    }

    /// Whether the key is forgotten by now. Time to live deletes late, so the stored time decides.
    pub fn expires_by(&self, now: Time) -> bool {
        self.at.plus_seconds(HOURS * 3600) <= now
    }

    /// The answer as a value for a change.
    pub fn value(answer: &Answer) -> Result<store::Value> {
        store::scope::value(answer)
    }
}

fn short(mac: &[u8; 32]) -> String {
    kernel::crypto::encode(mac.get(..18).unwrap_or(mac))
}

impl Entity for Idempotency {
    const ROW: Row = schema::IDEMPOTENCY;

    fn locator(&self) -> Locator {
        Self::at(&self.key)
    }

    fn expires(&self) -> Option<Time> {
        Some(self.at.plus_seconds(HOURS * 3600))
    }
}
