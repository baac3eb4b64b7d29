//! Quotas: which messages a recipient has had lately, of those of which there may be so many in a time. The row names them, so a
//! message that is tried again takes no second place, and it is changed on the condition that nobody else has: places are exact.

use kernel::ids::MessageId;
use kernel::{Keys, Time};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

/// At most so many in any so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Messages.
    pub most: u16,
    /// Seconds.
    pub seconds: u32,
}

impl Limit {
    fn millis(self) -> i64 {
        i64::from(self.seconds) * 1000
    }
}

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Digest of whose it is, and of what.
    pub digest: String,
    /// The places that are taken, the earliest first.
    pub taken: Vec<Place>,
    /// When none of them counts any more.
    pub until: Time,
}

/// A place that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// By which message.
    #[serde(rename = "m")]
    pub message: MessageId,
    /// Since when.
    #[serde(rename = "t")]
    pub at: Time,
}

impl Quota {
    /// A quota of which nothing is taken. `subject` says whose it is, and of what.
    pub fn unused(keys: &Keys, subject: &str) -> Self {
        let mac = keys.digest.sign(format!("quota\0{subject}").as_bytes());
        Self { digest: kernel::crypto::encode(mac.get(..18).unwrap_or(&mac)), taken: Vec::new(), until: Time::EPOCH }
    }

    /// Whether the message has a place already.
    pub fn has(&self, message: MessageId) -> bool {
        self.taken.iter().any(|place| place.message == message)
    }

    /// Takes a place for the message where every limit leaves one, and forgets places that count no more. Whether there was one.
    pub fn take(&mut self, message: MessageId, now: Time, limits: &[Limit]) -> bool {
        let longest = limits.iter().map(|limit| limit.millis()).max().unwrap_or_default();
        self.taken.retain(|place| now.since(place.at) < longest);
        let counted = |limit: &Limit| self.taken.iter().filter(|place| now.since(place.at) < limit.millis()).count();
        if limits.iter().any(|limit| counted(limit) >= usize::from(limit.most)) {
            return false;
        }
        self.taken.push(Place { message, at: now });
        self.until = now.plus_millis(longest);
        true
    }
}

impl Entity for Quota {
    const ROW: Row = schema::QUOTA;

    fn locator(&self) -> Locator {
        Locator::Natural(self.digest.clone())
    }

    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Secret;

    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_time_is_over() {
        let keys = Keys::derive(&Secret::new("the deployment secret of a test, for it alone")).unwrap();
        let mut quota = Quota::unused(&keys, "cap:ada");
        let limits = [Limit { most: 2, seconds: 60 }, Limit { most: 3, seconds: 600 }];
        let (start, message) = (Time::from_millis(1_772_000_000_000), |n: u8| MessageId::from_bytes([n; 16]));
        let mut take = |n: u8, seconds: i64| quota.take(message(n), start.plus_seconds(seconds), &limits);
        assert!(take(1, 0) && take(2, 59) && !take(3, 59));
        assert!(take(3, 60) && !take(4, 119), "three in ten minutes");
        assert!(!take(4, 599) && take(4, 600));
        assert!(quota.has(message(4)) && !quota.has(message(1)), "what counts no more is forgotten");
        assert_eq!(quota.expires(), Some(start.plus_seconds(1200)));
    }
}
