//! Language tags.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;

/// A language and optional region, `de` or `pt-BR` (the part of BCP 47 that templates are kept in).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Locale(String);

impl Locale {
    /// Reads `xx`, `xxx`, `xx-YY` or `xx_YY` in any case.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = || Error::invalid("", "locale", "a language tag such as en or pt-BR is needed");
        let text = text.trim().replace('_', "-");
        let (language, region) = match text.split_once('-') {
            Some((language, region)) => (language, Some(region)),
            None => (text.as_str(), None),
        };
        let alphabetic = |part: &str, lengths: std::ops::RangeInclusive<usize>| {
            lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphabetic())
        };
        if !alphabetic(language, 2..=3) {
            return Err(refuse());
        }
        match region {
            None => Ok(Self(language.to_ascii_lowercase())),
            Some(region) if alphabetic(region, 2..=2) => {
                Ok(Self(format!("{}-{}", language.to_ascii_lowercase(), region.to_ascii_uppercase())))
            }
            Some(_) => Err(refuse()),
        }
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language alone, the next place to look when the region has no text of its own.
    pub fn language(&self) -> &str {
        self.0.split_once('-').map_or(self.0.as_str(), |(language, _)| language)
    }
}

impl Default for Locale {
    fn default() -> Self {
        Self("en".to_owned())
    }
}

impl fmt::Display for Locale {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Locale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("a language tag such as en or pt-BR is needed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_normalised() {
        assert_eq!(Locale::parse("PT_br").unwrap().as_str(), "pt-BR");
        assert_eq!(Locale::parse("pt-BR").unwrap().language(), "pt");
        for bad in ["", "e", "english", "en-USA", "en-u1", "12"] {
            assert!(Locale::parse(bad).is_err(), "{bad:?}");
        }
    }
}
