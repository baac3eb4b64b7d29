//! Phone numbers in E.164.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;

/// A valid number in E.164 (`+` and up to 15 digits), checked against the numbering plan of its country.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Phone(String);

impl Phone {
    /// Reads a number in international form, with any of the usual separators.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = || Error::invalid("", "phone", "a phone number in international form such as +14155550123 is needed");
        let text = text.trim();
        if !text.starts_with('+') || text.len() > 32 || text.bytes().any(|byte| byte.is_ascii_alphabetic()) {
            return Err(refuse());
        }
        let number = PHONE_NUMBER_UTIL.parse(text, None).map_err(|_| refuse())?;
        if !PHONE_NUMBER_UTIL.is_valid_number(&number) {
            return Err(refuse());
        }
        Ok(Self(PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164).to_string()))
    }

    /// Takes a number that was read once before, in E.164. It is not held against today's numbering plan again: plans change, and
    /// what is stored must stay readable. So functions that only read rows do without the plans.
    pub fn kept(text: &str) -> Result<Self, Error> {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let fits = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(Error::invalid("", "phone", "a number in E.164 is needed")) }
    }

    /// `+` and digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Numbers are personal: logs see the length only.
impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({} digits)", self.0.len().saturating_sub(1))
    }
}

impl<'de> Deserialize<'de> for Phone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("a phone number such as +14155550123 is needed"))
    }
}

/// Reads numbers of a row by [`Phone::kept`], for `deserialize_with`.
pub fn stored<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Phone>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let number = |text: &String| Phone::kept(text).map_err(|_| serde::de::Error::custom("a stored phone number is no number"));
    texts.iter().map(number).collect()
}

/// Reads one number of a row by [`Phone::kept`], for `deserialize_with`.
pub fn stored_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Phone>, D::Error> {
    let number = |text: String| Phone::kept(&text).map_err(|_| serde::de::Error::custom("a stored phone number is no number"));
    Option::<String>::deserialize(deserializer)?.map(number).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_normalised_by_their_countries_plan() {
        assert_eq!(Phone::parse("+1 (415) 555-2671").unwrap().as_str(), "+14155552671");
        assert_eq!(Phone::parse("+55 11 96123-4567").unwrap().as_str(), "+5511961234567");
        for bad in ["", "4155552671", "+1", "+999999999999", "+1415555267a1", "call me"] {
            assert!(Phone::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_stored_number_outlives_its_numbering_plan() {
        let read = |json: &str| stored(&mut serde_json::Deserializer::from_str(json));
        assert!(Phone::parse("+999999999999").is_err());
        assert_eq!(read(r#"["+999999999999"]"#).unwrap()[0].as_str(), "+999999999999");
        for bad in [r#"["14155552671"]"#, r#"["+"]"#, r#"["+1415555267a"]"#, r#"["+1234567890123456"]"#, r#""+1""#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
