//! How many messages of one kind a recipient may get in a time, as the order says it.

use kernel::error::Faults;
use serde::{Deserialize, Serialize};

use crate::quota::Limit;

/// Most messages that a throttle can allow.
pub const LARGEST: u16 = 100;
/// Shortest time, in seconds.
pub const SHORTEST: u32 = 60;
/// Longest time, in seconds: 30 days.
pub const LONGEST: u32 = 30 * 86_400;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Throttle {
    /// What counts as of one kind: messages with the same key.
    pub key: String,
    /// Seconds.
    pub per: u32,
    /// Messages in any so many seconds.
    pub limit: u16,
}

impl Throttle {
    /// Checks what the types do not.
    pub(crate) fn check(&self, at: &str, faults: &mut Faults) {
        faults.take(&format!("{at}/key"), crate::flows::accept::key_text(&self.key));
        if !(SHORTEST..=LONGEST).contains(&self.per) {
            faults.add(format!("{at}/per"), "range", format!("between {SHORTEST} and {LONGEST} seconds"));
        }
        if !(1..=LARGEST).contains(&self.limit) {
            faults.add(format!("{at}/limit"), "range", format!("between 1 and {LARGEST}"));
        }
    }

    /// The same as the limit of a quota.
    pub const fn limit(&self) -> Limit {
        Limit { most: self.limit, seconds: self.per }
    }
}
