//! Series: a message that is sent again and again, by a rule on the recipient's own wall clock.

use kernel::ids::{MessageId, SeriesId};
use kernel::{Time, Zone};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::Recurring;
use crate::flows::accept::Order;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// Whether it goes on.
    pub state: State,
    /// Number of the state: a job about a past one is void.
    pub state_seq: u64,
    /// What is ordered each time.
    #[serde(with = "crate::as_json")]
    pub order: Order,
    /// The zone whose wall clock counts; the recipient's as it is then, when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// The time that comes next; the last one, when none comes.
    pub next: Recurring,
    /// The moment up to which messages are to be made, until one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing: Option<Time>,
    /// Messages made.
    #[serde(default)]
    pub made: u32,
    /// Times that passed without a message, while it was paused or nobody looked.
    #[serde(default)]
    pub passed_over: u32,
    /// The message made last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_message: Option<MessageId>,
    /// Why no message could be made last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// When it was made.
    pub created_at: Time,
    /// When it was changed last.
    pub updated_at: Time,
}

/// Whether a series goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It does.
    Active,
    /// Not for now.
    Paused,
    /// It was called off.
    Cancelled,
    /// Its rule has come to its end.
    Ended,
}

impl State {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Active, Self::Paused, Self::Cancelled, Self::Ended];

    /// The word in rows and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Cancelled => "cancelled",
            Self::Ended => "ended",
        }
    }

    /// Whether it may go on.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Active | Self::Paused)
    }
}

impl Series {
    /// Puts it into another state. What was about to be sent is not.
    pub const fn enter(&mut self, state: State, now: Time) {
        self.state = state;
        self.state_seq = self.state_seq.saturating_add(1);
        self.ringing = None;
        self.updated_at = now;
    }
}

impl Entity for Series {
    const ROW: Row = schema::SERIES;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn due(&self) -> Option<Time> {
        (self.state == State::Active).then_some(self.next.at)
    }
}
