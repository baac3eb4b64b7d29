//! Messages: one thing sent to one recipient, with everything that was decided and that happened.
//!
//! The row stays under a kilobyte on the usual path, so that every step of a message's life costs one write unit: content that
//! does not fit is a [`crate::Body`], templates are named and not copied. Our side ([`State`]) and the provider's side
//! ([`Outcome`]) are separate attributes with separate writers, so they never overwrite each other.

use kernel::ids::{AccountId, CompanyId, ContactId, ConversationId, DealId, MessageId, TemplateId, UserId};
use kernel::{Email, Locale, Time};
use providers::Wish;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::schema::{self, Entity, Locator, Row};

use crate::event::Cause;
use crate::price::Cost;
use crate::slot::Booking;
use crate::{Account, Category, Channel};

pub mod event;
pub mod figures;
pub mod mark;
pub mod state;
pub mod throttle;

pub use event::{Entry, Outcome};
pub use mark::Mark;
pub use state::{Hold, State, Status, Wait};
pub use throttle::Throttle;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its id, which also says when it was accepted and where its row is.
    pub id: MessageId,
    /// Where it stands on our side.
    pub state: State,
    /// Since when.
    pub state_at: Time,
    /// How often the state changed. A job for another number is void.
    pub state_seq: u64,
    /// The medium.
    pub channel: Channel,
    /// Whom it is for.
    pub to: Recipient,
    /// Visible further recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Email>,
    /// Hidden further recipients.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bcc: Vec<Email>,
    /// Where answers go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Email>,
    /// The template and version it is made of; none when it brought its content along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Made>,
    /// The locale asked for, else the contact's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// The deal that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// The company that its contact belonged to when it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<CompanyId>,
    /// Variables, when they fit.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "crate::as_json")]
    pub variables: Map<String, Value>,
    /// Data of the caller's, when it fits.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "crate::as_json")]
    pub metadata: Map<String, Value>,
    /// Whether there is a [`crate::Body`] with what did not fit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub body: bool,
    /// The person who sent it; none when a machine did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<UserId>,
    /// The conversation that it was written in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// How long somebody had waited for it, in milliseconds: of the first answer to what they wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waited: Option<i64>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What kind of mail it is.
    pub category: Category,
    /// The campaign that it belongs to, which its recipient may have refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// The key that calls it off together with others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_key: Option<String>,
    /// How many of its like the recipient may get.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttle: Option<Throttle>,
    /// When it was asked to be sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<Time>,
    /// Render and decide, but call no provider.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sandbox: bool,
    /// Not to be tracked: opens and clicks stay unknown.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub untracked: bool,
    /// It is free text on a channel that takes it for some hours after the recipient has written.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub windowed: bool,
    /// The recipient's wish that it confirms. Who said STOP is told so once, although nothing else is sent any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirms: Option<Wish>,
    /// Whether a rule waits for what becomes of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub watched: bool,
    /// What led to it, when a rule sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The one account to use, when the caller chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<AccountId>,
    /// Why and until when it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// What an account whose limits are used up has promised it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub booking: Option<Booking>,
    /// Number of the latest attempt.
    #[serde(default)]
    pub attempt: u32,
    /// Attempts of earlier rounds: whoever sends a message again grants it a new one.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub grants: u32,
    /// Who holds the lease on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Time>,
    /// The gate's latest answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<crate::gate::Answer>,
    /// What came of each attempt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
    /// The furthest that the provider's events have carried it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Outcome>,
    /// What the provider and the recipient did, in the order of the events' own times.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "event::read")]
    pub events: Vec<Entry>,
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// The address.
    pub address: String,
    /// The name shown beside it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The contact, when it was addressed as one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
}

/// The template edition that a message is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The template.
    pub id: TemplateId,
    /// Its version.
    pub number: u32,
}

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Try {
    /// The attempt's number.
    pub n: u32,
    /// The account; none in sandbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// When the provider was called.
    pub at: Time,
    /// Milliseconds until it was answered, or until that was given up; none when nobody was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u32>,
    /// What its answer meant.
    pub verdict: Verdict,
    /// The provider's id for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The provider's words, cut to 160 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it costs, if a provider took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Accounts that would have been tried before, and were not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed: Vec<Passed>,
}

/// An account that a message passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The account.
    #[serde(rename = "a")]
    pub account: AccountId,
    /// Why.
    #[serde(rename = "w")]
    pub why: Obstacle,
}

/// Why an account was passed over without being tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obstacle {
    /// It does not work at present.
    Outage,
    /// It had carried as many messages as it may in this second.
    Pace,
    /// It had carried as many messages as it may on this day.
    DayLimit,
}

/// What a provider's answer meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Taken.
    Sent,
    /// Not now.
    Retry,
    /// Not now, the account sends too fast.
    Limited,
    /// Never, for what it says.
    Rejected,
    /// Never, the recipient cannot be reached.
    Undeliverable,
    /// Not through this account.
    Misconfigured,
    /// Nobody knows.
    Unknown,
}

impl Entity for Message {
    const ROW: Row = schema::MESSAGE;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn due(&self) -> Option<Time> {
        // Who waits in the queue is in no index.
        self.hold.as_ref().filter(|_| self.state != State::Queued).map(|hold| hold.until)
    }
}

impl Message {
    /// A message to somebody that was accepted when its id was made, with nothing in it yet and nothing done for it.
    pub fn new(id: MessageId, channel: Channel, to: Recipient) -> Self {
        Self {
            id,
            state: State::Accepted,
            state_at: id.made_at(),
            state_seq: 1,
            channel,
            to,
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: None,
            template: None,
            locale: None,
            deal: None,
            company: None,
            variables: Map::new(),
            metadata: Map::new(),
            body: false,
            sender: None,
            conversation: None,
            waited: None,
            tags: Vec::new(),
            category: Category::default(),
            campaign: None,
            cancel_key: None,
            throttle: None,
            send_at: None,
            sandbox: false,
            untracked: false,
            windowed: false,
            confirms: None,
            watched: false,
            cause: None,
            pinned: None,
            hold: None,
            booking: None,
            attempt: 0,
            grants: 0,
            owner: None,
            lease: None,
            gate: None,
            tries: Vec::new(),
            evidence: None,
            events: Vec::new(),
        }
    }

    /// What callers are told: the provider's side where it is known, ours otherwise.
    pub fn status(&self) -> Status {
        match self.evidence {
            Some(Outcome::Delivered) => Status::Delivered,
            Some(Outcome::Bounced) => Status::Bounced,
            Some(Outcome::Complained) => Status::Complained,
            Some(Outcome::Failed) => Status::Failed,
            None => self.state.status(),
        }
    }

    /// Whether the account is one for it, switched on or not.
    pub fn fits(&self, account: &Account) -> bool {
        account.channel == self.channel && account.sends() && self.pinned.is_none_or(|pinned| pinned == account.id)
    }

    /// The attempt that reached a provider: the one that it took or sent back at once, or one with a lost answer that its events
    /// prove.
    pub fn carried(&self) -> Option<&Try> {
        let answered = |attempt: &&Try| matches!(attempt.verdict, Verdict::Sent | Verdict::Undeliverable);
        let said = self.tries.iter().rev().find(answered);
        let proven = || self.tries.iter().rev().find(|attempt| attempt.verdict == Verdict::Unknown && !self.events.is_empty());
        said.or_else(proven)
    }

    /// Whether it went out and came back, or was dropped by its provider.
    pub fn came_back(&self) -> bool {
        match self.evidence {
            Some(Outcome::Bounced | Outcome::Failed) => true,
            Some(Outcome::Delivered | Outcome::Complained) => false,
            None => self.state == State::Bounced,
        }
    }

    /// What it cost, when a provider took it and the account has a price.
    pub fn cost(&self) -> Option<Cost> {
        self.carried().and_then(|attempt| attempt.cost)
    }

    /// The message as it was when it was accepted: what a repeated request is answered with.
    #[must_use]
    pub fn as_accepted(&self) -> Self {
        let mut first = self.clone();
        let at = self.id.made_at();
        let later = self.send_at.filter(|send_at| *send_at > at);
        first.state = if later.is_some() { State::Scheduled } else { State::Accepted };
        first.state_at = at;
        first.state_seq = 1;
        first.hold = later.map(|until| Hold { why: Wait::Schedule, until });
        first.booking = None;
        first.attempt = 0;
        first.grants = 0;
        first.owner = None;
        first.lease = None;
        first.gate = None;
        first.tries = Vec::new();
        first.evidence = None;
        first.events = Vec::new();
        first
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// At most `limit` bytes of a text, cut at a character.
pub fn cut(text: &str, limit: usize) -> String {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default().to_owned()
}
