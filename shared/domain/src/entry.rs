//! Entries of timelines: what happened with a contact, a company or a deal, or at all, newest first.
//!
//! They are derived rows: `analytics` writes them from the stream, and each can be made again from the change that it tells of. An entry
//! carries the version of that row and gives way to a later one alone, so that the stream may bring changes twice, late or out of order.
//! What was and is no more leaves an entry that says so, for as long as a change could still come again.

use kernel::Time;
use kernel::ids::{CompanyId, ContactId, ConversationId, DealId, TeamId, UserId};
use providers::EventKind;
use serde::{Deserialize, Serialize};
use store::list::timed::{monthly, timed};
use store::schema::{self, Entity, Locator, Row};

use crate::Channel;
use crate::activity::Direction;
use crate::visibility::{Viewer, Visibility};

mod told;

pub use told::Told;

/// Partitions of a month of the combined timeline. One takes 1,000 write units a second.
pub const SHARDS: u8 = 4;
/// Seconds that a withdrawn entry is kept: the stream brings nothing that is older than a day.
const WITHDRAWN_SECONDS: i64 = 2 * 86_400;
/// What an entry of a message says that a machine wrote.
pub const AUTOMATIC: &str = "automatic";
/// What an entry of a message says that asks for no more of them.
pub const STOP: &str = "stop";
/// Most bytes of a title.
const TITLE: usize = 160;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Whose timeline it is on: digits of an id, or a month and shard.
    pub owner: String,
    /// When it happened.
    pub at: Time,
    /// The id of what it tells of.
    pub subject: String,
    /// What that is.
    pub noun: Noun,
    /// Of an activity its type, of a message that came in what it wants of us or that a machine wrote it, of anything else what became
    /// of it.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub word: Option<String>,
    /// How far that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// What it is about, in a line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The medium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Who began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// Who of the tenant did it, or is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// With whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// With which company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<CompanyId>,
    /// For which deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// Where a message that came in stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationId>,
    /// What people did with a message, and that it came back: the first few of each kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub engagement: Vec<Engagement>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Visibility::is_usual")]
    pub visibility: Visibility,
    /// Whose that is which it tells of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keeper: Option<UserId>,
    /// The team that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// When what it told of was no more: it is shown to nobody then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<Time>,
}

/// What an entry tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// What somebody did.
    Activity,
    /// A message, out or in.
    Message,
    /// A contact that was made.
    Contact,
    /// An answer to the question whether something may be sent.
    Consent,
    /// What became of a deal.
    Deal,
    /// What became of a task.
    Task,
}

impl Noun {
    /// Every one of them.
    pub const ALL: [Self; 6] = [Self::Activity, Self::Message, Self::Contact, Self::Consent, Self::Deal, Self::Task];

    /// Whether its entries stay when their subject has moved on: they tell what happened, not how it is.
    pub const fn lasts(self) -> bool {
        match self {
            Self::Activity | Self::Message => false,
            Self::Contact | Self::Consent | Self::Deal | Self::Task => true,
        }
    }

    /// Whether entries that are still told go along to those whom it concerns now, and stay with nobody else: so each entry on a
    /// deal's own timeline says where the others like it are.
    pub const fn goes_along(self) -> bool {
        match self {
            Self::Deal => true,
            Self::Activity | Self::Message | Self::Contact | Self::Consent | Self::Task => false,
        }
    }

    /// Whether its entries are on the combined timeline as well.
    pub const fn is_for_all(self) -> bool {
        match self {
            Self::Activity | Self::Message | Self::Contact | Self::Deal | Self::Task => true,
            Self::Consent => false,
        }
    }
}

/// Something that came of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Engagement {
    /// What.
    #[serde(rename = "k")]
    pub kind: EventKind,
    /// When.
    #[serde(rename = "t")]
    pub at: Time,
}

impl Entry {
    /// An entry about that subject of which nothing else is said.
    pub const fn new(noun: Noun, subject: String, at: Time) -> Self {
        Self {
            owner: String::new(),
            at,
            subject,
            noun,
            word: None,
            status: None,
            title: None,
            channel: None,
            direction: None,
            user: None,
            contact: None,
            company: None,
            deal: None,
            conversation: None,
            engagement: Vec::new(),
            visibility: Visibility::Tenant,
            keeper: None,
            team: None,
            withdrawn: None,
        }
    }

    /// The same on the timelines of those whom it names, and on the combined one when it is for that.
    pub fn everywhere(self) -> Vec<Self> {
        let named = [self.contact.map(|id| id.hex()), self.company.map(|id| id.hex()), self.deal.map(|id| id.hex())];
        let all = self.noun.is_for_all().then(|| monthly(self.at.month(), self.shard()));
        named.into_iter().flatten().chain(all).map(|owner| Self { owner, ..self.clone() }).collect()
    }

    /// Whether it tells of nothing that is left when what has an id of those digits is gone.
    pub fn goes_with(&self, owner: &str) -> bool {
        match self.noun {
            Noun::Message | Noun::Contact | Noun::Consent => self.contact.is_some_and(|id| id.hex() == owner),
            Noun::Deal => self.deal.is_some_and(|id| id.hex() == owner),
            Noun::Activity | Noun::Task => false,
        }
    }

    /// Its partition among those of a month: by the subject's last digit, which is random.
    fn shard(&self) -> u8 {
        let last = self.subject.bytes().last().and_then(|last| char::from(last).to_digit(16));
        last.and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0) % SHARDS
    }

    /// What tells it from any other on its timeline, and orders them.
    pub fn place(&self) -> String {
        let lasting = self.word.as_deref().filter(|_| self.noun.lasts());
        let word = lasting.map(|word| format!(":{word}")).unwrap_or_default();
        format!("{}{}{word}", timed(self.at), self.subject)
    }

    /// Whether it says what another entry says. One that lasts names whoever had the thing when it happened, and not who has it since.
    pub fn says(&self, other: &Self) -> bool {
        let user = if self.noun.lasts() { other.user } else { self.user };
        Self { user, ..self.clone() } == *other
    }

    /// The entry that says that there is none any more.
    #[must_use]
    pub fn withdrawn(self, at: Time) -> Self {
        Self { owner: self.owner, word: self.word, withdrawn: Some(at), ..Self::new(self.noun, self.subject, self.at) }
    }

    /// Whether that person or machine may see it. `mail` says whom mail is for.
    pub fn seen_by(&self, viewer: &Viewer, mail: Visibility) -> bool {
        let is_mail = self.noun == Noun::Message && self.channel == Some(Channel::Email);
        let visibility = if is_mail { mail } else { self.visibility };
        let own = viewer.user.is_some() && viewer.user == self.user;
        self.withdrawn.is_none() && (own || viewer.sees(visibility, self.keeper, self.team))
    }
}

impl Entity for Entry {
    const ROW: Row = schema::ENTRY;

    fn locator(&self) -> Locator {
        Locator::Below(self.owner.clone(), self.place())
    }

    fn expires(&self) -> Option<Time> {
        self.withdrawn.map(|at| at.plus_seconds(WITHDRAWN_SECONDS))
    }
}
