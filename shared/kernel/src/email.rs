//! Email addresses as mail systems really take them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::Error;

/// A mailbox of the form `local@domain`: a dot-atom local part kept as given and a domain in lower-case ASCII (IDNA applied).
/// Quoted local parts, comments and domain literals are refused: no provider delivers them reliably. At most 254 bytes
/// (RFC 5321 section 4.5.3.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Reads and normalises an address.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = || Error::invalid("", "email", "an email address such as ada@example.com is needed");
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or_else(refuse)?;
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| refuse())?;
        let whole = format!("{local}@{domain}");
        let dotted = domain.contains('.') && !domain.ends_with('.');
        let options = email_address::Options::default().without_domain_literal().without_display_text();
        let parsed = email_address::EmailAddress::parse_with_options(&whole, options).map_err(|_| refuse())?;
        let plain = !parsed.local_part().contains('"') && whole.len() <= 254 && local.len() <= 64;
        if dotted && plain && whole.is_ascii() { Ok(Self(whole)) } else { Err(refuse()) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The form that two spellings of one mailbox share: lower case throughout. Keys and suppressions use it; the mail itself
    /// keeps the spelling given, since a few servers do distinguish.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Addresses are personal: logs see only the domain.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "***@{}", self.domain())
    }
}

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("an email address such as ada@example.com is needed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domain_is_normalised_and_the_local_part_kept() {
        assert_eq!(Email::parse(" Ada.L@EXAMPLE.com ").unwrap().as_str(), "Ada.L@example.com");
        assert_eq!(Email::parse("a@bücher.example").unwrap().as_str(), "a@xn--bcher-kva.example");
        assert_eq!(Email::parse("Ada@Example.com").unwrap().key(), "ada@example.com");
    }

    #[test]
    fn what_mail_systems_refuse_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for bad in
            ["", "a", "a@", "@b.c", "a@b", "a b@c.d", "a@b.c\r\nBcc: x@y.z", "\"a b\"@c.d", "a@[127.0.0.1]", "a@b..c", &long]
        {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn debug_hides_the_person() {
        assert_eq!(format!("{:?}", Email::parse("ada@example.com").unwrap()), "***@example.com");
    }
}
