//! What a column of a file means for a contact.

use std::fmt;

use kernel::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::contact::parse_consent_key;
use crate::{Category, Channel};

/// A field of a contact that a column fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// Company name.
    Company,
    /// One email address, or several.
    Emails,
    /// One telephone number, or several.
    Phones,
    /// Addresses on other channels, as `channel:address`.
    Handles,
    /// Tags.
    Tags,
    /// Language.
    Locale,
    /// Time zone.
    Zone,
    /// Whether nothing may be sent.
    DoNotContact,
    /// Hours without disturbance, as `21:00-08:00`.
    QuietHours,
    /// Yes or no to one category on one channel.
    Consent(Channel, Category),
    /// Answers, as `channel:category=yes`.
    Consents,
    /// One custom field.
    Field(String),
    /// Custom fields, as one object of JSON.
    Fields,
}

/// Words that say what a column means, but for those with a name in them.
const WORDS: [(&str, Target); 15] = [
    ("first_name", Target::FirstName),
    ("last_name", Target::LastName),
    ("company", Target::Company),
    ("email", Target::Emails),
    ("emails", Target::Emails),
    ("phone", Target::Phones),
    ("phones", Target::Phones),
    ("handles", Target::Handles),
    ("tags", Target::Tags),
    ("locale", Target::Locale),
    ("zone", Target::Zone),
    ("do_not_contact", Target::DoNotContact),
    ("quiet_hours", Target::QuietHours),
    ("consents", Target::Consents),
    ("fields", Target::Fields),
];

impl Target {
    /// Reads the word for it.
    pub fn parse(text: &str) -> Result<Self> {
        if let Some((_, target)) = WORDS.into_iter().find(|(word, _)| *word == text) {
            return Ok(target);
        }
        if let Some(key) = text.strip_prefix("consent.") {
            return parse_consent_key(key).map(|(channel, category)| Self::Consent(channel, category));
        }
        let field = text.strip_prefix("field.").and_then(|name| crate::name::slug(name).ok());
        field.map(Self::Field).ok_or_else(|| {
            Error::invalid("", "target", "a field of contacts such as email, tags, field.plan or consent.email:news is needed")
        })
    }

    /// The first step of JSON pointers to what it fills.
    pub fn place(&self) -> &'static str {
        match self {
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Company => "company",
            Self::Emails => "emails",
            Self::Phones => "phones",
            Self::Handles => "handles",
            Self::Tags => "tags",
            Self::Locale => "locale",
            Self::Zone => "zone",
            Self::DoNotContact => "do_not_contact",
            Self::QuietHours => "quiet_hours",
            Self::Consent(..) | Self::Consents => "consents",
            Self::Field(_) | Self::Fields => "fields",
        }
    }

    /// Whether it brings consents.
    pub const fn consents(&self) -> bool {
        matches!(self, Self::Consent(..) | Self::Consents)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consent(channel, category) => write!(f, "consent.{}:{category}", channel.as_str()),
            Self::Field(name) => write!(f, "field.{name}"),
            Self::FirstName
            | Self::LastName
            | Self::Company
            | Self::Emails
            | Self::Phones
            | Self::Handles
            | Self::Tags
            | Self::Locale
            | Self::Zone
            | Self::DoNotContact
            | Self::QuietHours
            | Self::Consents
            | Self::Fields => f.write_str(self.place()),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("a field of contacts is needed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_understood_and_said_again() {
        for (word, target) in WORDS {
            assert_eq!(Target::parse(word).unwrap(), target);
            assert_eq!(Target::parse(&target.to_string()).unwrap(), target);
        }
        for word in ["consent.email:news", "field.plan"] {
            assert_eq!(Target::parse(word).unwrap().to_string(), word);
        }
        for wrong in ["", "name", "Email", "field.", "field.A b", "consent.email", "consent.email:transactional"] {
            assert!(Target::parse(wrong).is_err(), "{wrong}");
        }
    }
}
