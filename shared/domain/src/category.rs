//! Categories of messages: what a recipient can leave, and what one cannot.

use std::fmt;

use kernel::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize};

/// A category's word. `transactional` is for what the recipient asked for or must know (receipts, passwords, outages): it needs
/// no opt-in, keeps no quiet hours and carries no unsubscribe link. Every other category needs an opt-in and can be left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Category(String);

impl Category {
    /// The word of mail that cannot be left.
    pub const TRANSACTIONAL: &'static str = "transactional";

    /// Reads a slug.
    pub fn parse(text: &str) -> Result<Self> {
        crate::name::slug(text)
            .map(Self)
            .map_err(|_| Error::invalid("", "category", "a word such as transactional or marketing"))
    }

    /// Whether recipients can leave it.
    pub fn can_be_left(&self) -> bool {
        self.0 != Self::TRANSACTIONAL
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Category {
    fn default() -> Self {
        Self(Self::TRANSACTIONAL.to_owned())
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Category {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("a category is a word such as transactional or marketing"))
    }
}
