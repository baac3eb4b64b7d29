//! Our side of a message's life, and the one word that callers see.

use kernel::Time;
use serde::{Deserialize, Serialize};

/// Where a message stands on our side.
///
/// `accepted -> (scheduled | held | queued) -> sending -> sent | bounced | failed | rejected | unknown`, and `cancelled` from
/// anywhere before `sending`. `held` and `unknown` come back by `queued`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Stored; the stream takes it from here.
    Accepted,
    /// Waits for the time it was asked to be sent at.
    Scheduled,
    /// Waits for quiet hours to end or for the next attempt.
    Held,
    /// Its time has come (again), or comes within minutes: then the queue holds it back until its turn.
    Queued,
    /// A sender holds the lease.
    Sending,
    /// A provider took it.
    Sent,
    /// A provider sent it back at once: the recipient cannot be reached.
    Bounced,
    /// Every attempt failed.
    Failed,
    /// The gate or the provider refused it for good.
    Rejected,
    /// Called off.
    Cancelled,
    /// The provider's answer was lost.
    Unknown,
}

impl State {
    /// The word in rows and conditions.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Scheduled => "scheduled",
            Self::Held => "held",
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Bounced => "bounced",
            Self::Failed => "failed",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
            Self::Unknown => "unknown",
        }
    }

    /// As a value for conditions and changes.
    pub fn value(self) -> store::Value {
        store::Value::S(self.as_str().to_owned())
    }

    /// Whether a sender should be told.
    pub const fn wants_sending(self) -> bool {
        matches!(self, Self::Accepted | Self::Queued)
    }

    /// Whether it can still be called off.
    pub const fn can_be_cancelled(self) -> bool {
        matches!(self, Self::Accepted | Self::Scheduled | Self::Held | Self::Queued)
    }

    /// States that can be called off.
    pub const CANCELLABLE: [Self; 4] = [Self::Accepted, Self::Scheduled, Self::Held, Self::Queued];

    /// States that a person may send again.
    pub const RETRYABLE: [Self; 5] = [Self::Bounced, Self::Failed, Self::Rejected, Self::Cancelled, Self::Unknown];

    /// Whether nothing more happens by itself on our side.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Sent | Self::Bounced | Self::Failed | Self::Rejected | Self::Cancelled)
    }

    /// The same as a status.
    pub const fn status(self) -> Status {
        match self {
            Self::Accepted => Status::Accepted,
            Self::Scheduled => Status::Scheduled,
            Self::Held => Status::Held,
            Self::Queued => Status::Queued,
            Self::Sending => Status::Sending,
            Self::Sent => Status::Sent,
            Self::Bounced => Status::Bounced,
            Self::Failed => Status::Failed,
            Self::Rejected => Status::Rejected,
            Self::Cancelled => Status::Cancelled,
            Self::Unknown => Status::Unknown,
        }
    }
}

/// The one word for where a message is. Exclusive; engagement is separate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Stored.
    Accepted,
    /// Waits for its time.
    Scheduled,
    /// Waits for quiet hours to end or for the next attempt.
    Held,
    /// About to be sent, or waiting in the queue for its turn.
    Queued,
    /// Being sent.
    Sending,
    /// The provider took it.
    Sent,
    /// The recipient's server took it.
    Delivered,
    /// It came back.
    Bounced,
    /// The recipient called it spam.
    Complained,
    /// Every attempt failed, or the provider dropped it.
    Failed,
    /// Refused for good before or by the provider.
    Rejected,
    /// Called off.
    Cancelled,
    /// The provider's answer was lost.
    Unknown,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 13] = [
        Self::Accepted,
        Self::Scheduled,
        Self::Held,
        Self::Queued,
        Self::Sending,
        Self::Sent,
        Self::Delivered,
        Self::Bounced,
        Self::Complained,
        Self::Failed,
        Self::Rejected,
        Self::Cancelled,
        Self::Unknown,
    ];
}

/// Why a message waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// It was asked to be sent later.
    Schedule,
    /// The recipient's quiet hours.
    QuietHours,
    /// The next attempt.
    Retry,
    /// For an account to work again.
    Outage,
    /// For an access token that another process asks for.
    Token,
    /// For its turn: its account has carried as many messages as it may in a second.
    Pace,
    /// For another day: its account has carried as many messages as it may on one.
    DayLimit,
    /// For the provider to tell what became of it; if it does not, a person must decide.
    Evidence,
    /// For the provider to tell what became of it; if it does not, it is sent one more time.
    Resend,
}

/// A wait and its end, which is also the row's place in the due index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Why.
    pub why: Wait,
    /// Until when.
    pub until: Time,
}
