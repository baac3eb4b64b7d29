//! Erasures: that a contact, deal or company is gone, and what timelines tell of it is to go as well. There may be thousands of entries,
//! so they go in steps.

use kernel::Time;
use kernel::ids::ErasureId;
use serde::{Deserialize, Serialize};
use store::Value;
use store::schema::{self, Entity, Locator, Row};

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// Its id.
    pub id: ErasureId,
    /// Digits of the id of what is gone, which name its timeline.
    pub owner: String,
    /// Whether there is something to be done.
    pub state: State,
    /// Number of the state. A job for another number is void.
    pub state_seq: u64,
    /// How far the timeline was gone through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// When it is gone through once more; none the first time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// Whether there is something to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Now.
    Queued,
    /// Once more, when the stream brings nothing any more that is older than the erasure.
    Waiting,
}

impl State {
    /// As a value for conditions and changes.
    pub fn value(self) -> Value {
        let word = match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
        };
        Value::S(word.to_owned())
    }
}

impl Erasure {
    /// The erasure of what has an id of those digits.
    pub const fn new(id: ErasureId, owner: String) -> Self {
        Self { id, owner, state: State::Queued, state_seq: 1, mark: None, until: None }
    }
}

impl Entity for Erasure {
    const ROW: Row = schema::ERASURE;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn due(&self) -> Option<Time> {
        self.until.filter(|_| self.state == State::Waiting)
    }
}
