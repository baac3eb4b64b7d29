//! Where counters stand: what numbers can be told apart by, and which row a number is in.

use kernel::ids::{AccountId, TeamId, TemplateId, UserId};
use kernel::{Time, Zone};
use providers::Channel;
use store::schema::Locator;

use super::{Figure, Measure};
use crate::Category;

/// What numbers can be told apart by. Each costs a write unit for every row that a batch of changes touches in it, so there are few.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Everything there is, by channel, account and category together: see [`Way`].
    All,
    /// The template that messages are made of.
    Template,
    /// The tags of messages: each of them, so a message counts once under each.
    Tag,
    /// The person who sent.
    User,
    /// What people did: activities, tasks and deals, by [`Whose`] they are.
    Work,
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 5] = [Self::All, Self::Template, Self::Tag, Self::User, Self::Work];

    /// The word in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Template => "template",
            Self::Tag => "tag",
            Self::User => "user",
            Self::Work => "work",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == word)
    }

    /// Whether the figure is counted in it. Calls of providers are told by account alone.
    pub const fn takes(self, figure: Figure) -> bool {
        match self {
            Self::All | Self::Work => true,
            Self::Template | Self::Tag | Self::User => {
                !matches!(figure, Figure::Measure(Measure::Calls | Measure::Vain | Measure::Millis))
            }
        }
    }
}

/// The value of what there is none of.
pub const NONE: &str = "-";

/// The value of a template, or of messages without one.
pub fn template(id: Option<TemplateId>) -> String {
    id.map_or_else(|| NONE.to_owned(), |id| id.hex())
}

/// The value of a person.
pub fn user(id: UserId) -> String {
    id.hex()
}

/// The value of a tag, which may be any text: `#` ends a value.
pub fn tag(tag: &str) -> String {
    tag.replace('%', "%25").replace('#', "%23")
}

/// The tag of a value.
pub fn tag_of(value: &str) -> String {
    value.replace("%23", "#").replace("%25", "%")
}

/// The value of [`Dimension::All`]: `channel:account:category`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The medium.
    pub channel: Channel,
    /// The account; none of what no account has carried.
    pub account: Option<AccountId>,
    /// The category; none of what has none, such as a message that came in.
    pub category: Option<Category>,
}

impl Way {
    /// Writes the value.
    pub fn value(&self) -> String {
        let account = self.account.map_or_else(|| NONE.to_owned(), |id| id.hex());
        format!("{}:{account}:{}", self.channel.as_str(), self.category.as_ref().map_or(NONE, Category::as_str))
    }

    /// Reads the value.
    pub fn parse(value: &str) -> Option<Self> {
        let mut parts = value.split(':');
        let channel = Channel::parse(parts.next()?)?;
        let (account, category) = (parts.next()?, parts.next()?);
        let account = if account == NONE { None } else { Some(AccountId::from_hex(account)?) };
        let category = if category == NONE { None } else { Some(Category::parse(category).ok()?) };
        Some(Self { channel, account, category })
    }

    /// What the values of one channel begin with, or those of one of its accounts.
    pub fn prefix(channel: Channel, account: Option<AccountId>) -> String {
        account.map_or_else(|| format!("{}:", channel.as_str()), |id| format!("{}:{}:", channel.as_str(), id.hex()))
    }
}

/// A value of [`Dimension::Work`]: `all`, or `user:`, `team:` or `tag:` and which one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Everybody's.
    All,
    /// A person's.
    User(UserId),
    /// A team's.
    Team(TeamId),
    /// What has a tag.
    Tag(String),
}

impl Whose {
    /// What the values of all people begin with.
    pub const USERS: &'static str = "user:";
    /// What the values of all teams begin with.
    pub const TEAMS: &'static str = "team:";
    /// What the values of all tags begin with.
    pub const TAGS: &'static str = "tag:";

    const EVERYBODY: &'static str = "all";

    /// Writes the value.
    pub fn value(&self) -> String {
        match self {
            Self::All => Self::EVERYBODY.to_owned(),
            Self::User(id) => format!("{}{}", Self::USERS, id.hex()),
            Self::Team(id) => format!("{}{}", Self::TEAMS, id.hex()),
            Self::Tag(text) => format!("{}{}", Self::TAGS, tag(text)),
        }
    }

    /// Reads the value.
    pub fn parse(value: &str) -> Option<Self> {
        if let Some(hex) = value.strip_prefix(Self::USERS) {
            return UserId::from_hex(hex).map(Self::User);
        }
        if let Some(hex) = value.strip_prefix(Self::TEAMS) {
            return TeamId::from_hex(hex).map(Self::Team);
        }
        if let Some(text) = value.strip_prefix(Self::TAGS) {
            return Some(Self::Tag(tag_of(text)));
        }
        (value == Self::EVERYBODY).then_some(Self::All)
    }
}

/// A counter row: one day of one value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// What it is told apart by.
    pub dimension: Dimension,
    /// Which value of that.
    pub value: String,
    /// First moment of the day, in UTC.
    pub day: Time,
}

impl Place {
    /// Where the row is.
    pub fn locator(&self) -> Locator {
        Locator::Below(Self::owner(self.dimension, self.day), format!("{}#{}", self.value, day(self.day)))
    }

    /// What the rows of a month and dimension hang below.
    pub fn owner(dimension: Dimension, at: Time) -> String {
        format!("{}:{}", at.month(), dimension.as_str())
    }
}

/// The day of the month in UTC, as two digits.
pub fn day(at: Time) -> String {
    format!("{:02}", Zone::utc().local(at).day())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_read_as_it_was_written() {
        let ways = [
            (Some(AccountId::from_bytes([7; 16])), Some(Category::default())),
            (None, Some(Category::parse("news-letter").unwrap())),
            (None, None),
        ];
        for (account, category) in ways {
            let way = Way { channel: Channel::Sms, account, category };
            assert_eq!(Way::parse(&way.value()), Some(way));
        }
        for text in ["", "sms", "sms:-", "pigeon:-:-", "sms:x:-"] {
            assert_eq!(Way::parse(text), None, "{text}");
        }
    }

    #[test]
    fn whose_work_it_was_is_read_as_it_was_written() {
        let all = [
            Whose::All,
            Whose::User(UserId::from_bytes([7; 16])),
            Whose::Team(TeamId::from_bytes([7; 16])),
            Whose::Tag("user:50% #1".to_owned()),
        ];
        for whose in all {
            assert!(!whose.value().contains('#'));
            assert_eq!(Whose::parse(&whose.value()), Some(whose));
        }
        assert_eq!(Whose::parse("everybody"), None);
    }

    #[test]
    fn a_tag_never_has_the_separator_in_its_value() {
        for text in ["plain", "a#05", "50%23", "#", "%"] {
            assert!(!tag(text).contains('#'));
            assert_eq!(tag_of(&tag(text)), text);
        }
    }
}
