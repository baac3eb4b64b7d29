//! Suppressions: addresses that must not be written to, and why.

use kernel::Time;
use kernel::ids::{ContactId, SuppressionId};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::{Category, Channel};

/// Why an address must not be written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The mailbox does not exist.
    HardBounce,
    /// The recipient called a message spam.
    Complaint,
    /// The recipient does not want what can be left.
    Unsubscribe,
    /// Somebody of the tenant decided so.
    Manual,
}

impl Reason {
    /// Whether it stops messages of that category: everything stops all of them, but an unsubscription from what can be left. Who
    /// says STOP to a telephone number means all of it, and networks hold senders to that.
    pub fn stops(self, channel: Channel, category: &Category) -> bool {
        match self {
            Self::HardBounce | Self::Complaint | Self::Manual => true,
            Self::Unsubscribe => channel.by_phone() || category.can_be_left(),
        }
    }

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HardBounce => "hard_bounce",
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::Manual => "manual",
        }
    }
}

/// A suppressed address as lists show it. The address's own row has the same reason and is what the gate reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppression {
    /// Its id.
    pub id: SuppressionId,
    /// The channel it holds for.
    pub channel: Channel,
    /// The address in its key form.
    pub address: String,
    /// Why.
    pub reason: Reason,
    /// Whose address it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// What brought it about: a message id, `api`, `preference_page`, `inbound`.
    pub source: String,
    /// When it ends to hold, if ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// When it was made.
    pub created_at: Time,
}

impl Entity for Suppression {
    const ROW: Row = schema::SUPPRESSION;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}
