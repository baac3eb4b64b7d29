//! Unique names: the row that makes a slug belong to one thing, and the rules for slugs and titles.

use kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

/// A slug: lower-case letters, digits, `-` and `_`, starting with a letter, at most 64 bytes.
pub fn slug(text: &str) -> Result<String> {
    let good = text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_');
    if good {
        Ok(text.to_owned())
    } else {
        Err(Error::invalid("", "slug", "lower-case letters, digits, - and _, starting with a letter, at most 64"))
    }
}

/// A title for people: 1 to 200 bytes, no control characters.
pub fn title(text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > 200 || text.chars().any(char::is_control) {
        Err(Error::invalid("", "title", "1 to 200 bytes without control characters"))
    } else {
        Ok(text.to_owned())
    }
}

/// That a slug of some noun belongs to one id.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Name {
    /// The noun: `template`.
    pub noun: String,
    /// The slug.
    pub slug: String,
    /// The id's text.
    pub of: String,
}

impl Name {
    /// Where that name is found.
    pub fn at(noun: &str, slug: &str) -> Locator {
        Locator::Natural(format!("{noun}:{slug}"))
    }
}

impl Entity for Name {
    const ROW: Row = schema::NAME;

    fn locator(&self) -> Locator {
        Self::at(&self.noun, &self.slug)
    }
}
