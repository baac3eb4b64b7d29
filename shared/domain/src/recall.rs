//! Calling messages off by a key that was given with them: a row for each message below the key, written before the message, so that
//! whoever looks by the key finds every message that there is.

use kernel::Time;
use kernel::ids::MessageId;
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::Message;

/// Days after a message's own time within which it may still wait.
const KEPT_DAYS: i64 = 31;

/// That a key calls off a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recall {
    /// Digest of the key.
    pub digest: String,
    /// The message.
    pub message: MessageId,
    /// When the message has long gone out.
    pub until: Time,
}

impl Recall {
    /// The row of a message that has a key.
    pub fn of(message: &Message) -> Option<Self> {
        let key = message.cancel_key.as_deref()?;
        let at = message.send_at.unwrap_or_else(|| message.id.made_at());
        Some(Self { digest: Self::digest(key), message: message.id, until: at.plus_seconds(KEPT_DAYS * 86_400) })
    }

    /// Digest of a key, which may be any text.
    pub fn digest(key: &str) -> String {
        let hash = kernel::crypto::sha256(key.as_bytes());
        kernel::crypto::encode(hash.get(..18).unwrap_or(&hash))
    }
}

impl Entity for Recall {
    const ROW: Row = schema::RECALL;

    fn locator(&self) -> Locator {
        Locator::Below(self.digest.clone(), self.message.hex())
    }

    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}
