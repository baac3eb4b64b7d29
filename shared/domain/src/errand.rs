//! Errands: what must be asked of a provider for an account and belongs to no message. Only `send` talks to providers, so whoever
//! wants something of one writes an errand; the stream carries it there like a message, and its outcome is noted where it matters.
//!
//! An errand may be carried out more than once: whoever carries it out can die before that is noted.

use kernel::ids::{AccountId, ErrandId};
use kernel::{Error, Ids, Keys, Result, Secret, Time};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

/// Days after which an errand is forgotten.
const KEPT_DAYS: i64 = 7;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Errand {
    /// Its id.
    pub id: ErrandId,
    /// The account whose provider is asked.
    pub account: AccountId,
    /// What is to be done.
    pub deed: Deed,
    /// How far it is.
    pub state: State,
    /// Number of the state. A job for another number is void.
    pub state_seq: u64,
    /// How often it was begun.
    #[serde(default)]
    pub attempt: u32,
    /// Who is at it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Time>,
    /// When it was wanted.
    pub at: Time,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Find out whether the account is in order.
    Check,
    /// Exchange what came of a person's consent for tokens.
    Consent {
        /// A [`Consented`], sealed under the deployment's keys.
        sealed: String,
    },
}

/// What a person's consent brought back, and what it is exchanged with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consented {
    /// The code, good for one exchange.
    pub code: Secret,
    /// The secret that the page was shown the hash of.
    pub verifier: Secret,
    /// The address that the person came back to.
    pub redirect: String,
}

impl Consented {
    /// Seals it for that errand.
    pub fn seal(&self, keys: &Keys, ids: &Ids, errand: ErrandId) -> Result<String> {
        let text = serde_json::to_string(self).map_err(|error| Error::internal(error.to_string()))?;
        keys.seal_text(ids, &errand.to_string(), &text)
    }

    /// The inverse of [`Consented::seal`].
    pub fn open(keys: &Keys, errand: ErrandId, sealed: &str) -> Result<Self> {
        let text = keys.open_text(&errand.to_string(), sealed);
        let read = text.and_then(|text| serde_json::from_str(&text).ok());
        read.ok_or_else(|| Error::internal("what a consent brought back does not open"))
    }
}

/// How far an errand is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be done.
    Queued,
    /// Done, whatever came of it.
    Done,
}

impl State {
    /// As a value for conditions and changes.
    pub fn value(self) -> store::Value {
        let word = match self {
            Self::Queued => "queued",
            Self::Done => "done",
        };
        store::Value::S(word.to_owned())
    }
}

impl Errand {
    /// An errand that waits to be done.
    pub fn new(id: ErrandId, account: AccountId, deed: Deed) -> Self {
        let at = id.made_at();
        Self { id, account, deed, state: State::Queued, state_seq: 1, attempt: 0, owner: None, lease: None, at }
    }
}

impl Entity for Errand {
    const ROW: Row = schema::ERRAND;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn expires(&self) -> Option<Time> {
        Some(self.at.plus_seconds(KEPT_DAYS * 86_400))
    }
}
