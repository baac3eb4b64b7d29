//! Addresses: whose each one is, and whether it may be written to. One row per address and channel, so an address belongs to one
//! contact at most and inbound traffic finds its contact by one read.

use kernel::Keys;
use kernel::ids::{ContactId, SuppressionId};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::Channel;
use crate::suppression::Reason;

/// See the module's words. The row is found by a keyed digest, so that it can outlive the person it named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The channel.
    pub channel: Channel,
    /// Keyed digest of the address's key form.
    pub digest: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Why it must not be written to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppressed: Option<Suppressed>,
}

/// A suppression as the address knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// Why.
    pub reason: Reason,
    /// The entry that lists show.
    pub id: SuppressionId,
}

/// Digest of an address. `key` is its key form, such as [`kernel::Email::key`].
pub fn digest(keys: &Keys, channel: Channel, key: &str) -> String {
    let mac = keys.digest.sign(format!("address\0{}\0{key}", channel.as_str()).as_bytes());
    kernel::crypto::encode(mac.get(..18).unwrap_or(&mac))
}

impl Address {
    /// Where the row of that address is.
    pub fn at(keys: &Keys, channel: Channel, key: &str) -> Locator {
        Locator::Natural(format!("{}:{}", channel.as_str(), digest(keys, channel, key)))
    }

    /// A row for an address that nothing is known of.
    pub fn unknown(keys: &Keys, channel: Channel, key: &str) -> Self {
        Self { channel, digest: digest(keys, channel, key), contact: None, suppressed: None }
    }
}

impl Entity for Address {
    const ROW: Row = schema::ADDRESS;

    fn locator(&self) -> Locator {
        Locator::Natural(format!("{}:{}", self.channel.as_str(), self.digest))
    }
}
