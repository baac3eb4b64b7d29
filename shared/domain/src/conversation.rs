//! Conversations: what one contact says to a tenant through one account, kept together by the thread that the provider names.

use kernel::ids::{AccountId, ContactId, ConversationId, MessageId};
use kernel::{Keys, Time};
use serde::{Deserialize, Serialize};
use store::Stored;
use store::schema::{self, Entity, Locator, Row};

use crate::Channel;
use crate::message::mark::{Spot, hour};
use crate::statistic::{Amounts, Counted, Counters, Dimension, Figure, Measure, Way, spread};

/// A conversation. Its messages are rows of their own, see [`crate::Inbound`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its id, which also says when it was begun.
    pub id: ConversationId,
    /// With whom.
    pub contact: ContactId,
    /// The medium.
    pub channel: Channel,
    /// The account that messages came through.
    pub account: AccountId,
    /// The contact's address that the latest message came from.
    pub address: String,
    /// What the provider groups messages by, when it does, cut to [`LABEL`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thread: Option<String>,
    /// Whether somebody is to answer.
    pub status: Status,
    /// Messages that nobody has read.
    pub unread: u32,
    /// When the latest message came in.
    pub last_at: Time,
    /// The beginning of the latest message.
    pub preview: String,
    /// When it was begun.
    pub created_at: Time,
    /// How many messages came in.
    #[serde(default)]
    pub received: u64,
    /// Since when somebody waits for an answer: the first message that nobody has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<Time>,
    /// Our latest answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<Answered>,
}

/// An answer of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answered {
    /// The message.
    pub message: MessageId,
    /// When it was accepted.
    pub at: Time,
}

/// Most bytes that a conversation keeps of a thread's name.
pub const LABEL: usize = 200;

/// Whether somebody is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Yes: every message that comes in says so.
    Open,
}

impl Entity for Conversation {
    const ROW: Row = schema::CONVERSATION;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

impl Conversation {
    /// The values that it is counted under.
    pub fn values(&self) -> Vec<(Dimension, String)> {
        vec![(Dimension::All, Way { channel: self.channel, account: Some(self.account), category: None }.value())]
    }

    /// Messages that came in are counted where the latest of them is: each is a change of its own.
    fn more_than(&self, before: Option<&Self>) -> Amounts {
        let spot = |at: Time| Spot { hour: hour(at), account: Some(self.account) };
        let more = self.received.saturating_sub(before.map_or(0, |before| before.received));
        let received = ((spot(self.last_at), Figure::Measure(Measure::Received)), i64::try_from(more).unwrap_or(i64::MAX));
        let begun = ((spot(self.created_at), Figure::Measure(Measure::Begun)), i64::from(before.is_none()));
        [received, begun].into_iter().filter(|(_, amount)| *amount != 0).collect()
    }
}

impl Counted for Conversation {
    fn added(before: Option<&Stored<Self>>, after: Option<&Stored<Self>>) -> Counters {
        let Some(after) = after else { return Counters::new() };
        spread(after.row.more_than(before.map(|before| &before.row)), |_| after.row.values())
    }
}

/// Which conversation the messages of one contact, account and thread belong to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thread {
    /// Keyed digest of contact, channel, account and thread.
    pub digest: String,
    /// The conversation.
    pub conversation: ConversationId,
}

impl Thread {
    /// The digest that it is found by. A thread's name is the provider's and may be any text.
    pub fn digest(keys: &Keys, contact: ContactId, channel: Channel, account: AccountId, thread: Option<&str>) -> String {
        let named = thread.map_or_else(String::new, |thread| format!("\0{thread}"));
        let mac = keys.digest.sign(format!("thread\0{contact}\0{}\0{account}{named}", channel.as_str()).as_bytes());
        kernel::crypto::encode(mac.get(..18).unwrap_or(&mac))
    }

    /// Where the row of that digest is.
    pub fn at(digest: &str) -> Locator {
        Locator::Natural(digest.to_owned())
    }
}

impl Entity for Thread {
    const ROW: Row = schema::THREAD;

    fn locator(&self) -> Locator {
        Self::at(&self.digest)
    }
}
