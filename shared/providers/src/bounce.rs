//! Why a mail was refused or came back: enhanced status codes, SMTP replies and the words beside them.
//!
//! The enhanced code decides, where it is exact; a bare `5.0.0` says nothing, so that a code within the words and then the words
//! themselves are asked. What is not recognised is never held against the address. Sources: RFC 3463 and its registry, RFC 5321
//! section 4.2, RFC 7504 (no mail accepted), RFC 7505 (null MX).

pub(crate) mod report;

use crate::BounceClass;

/// `class.subject.detail` of RFC 3463, of class 4 or 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// 4 passing, 5 lasting.
    pub(crate) class: u16,
    /// What it is about.
    pub(crate) subject: u16,
    /// What exactly.
    pub(crate) detail: u16,
}

impl Code {
    /// Reads a text that is a code and nothing else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.').map(|part| {
            let digits = (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| part.parse::<u16>().ok()).flatten()
        });
        let code = Self { class: parts.next()??, subject: parts.next()??, detail: parts.next()?? };
        (parts.next().is_none() && matches!(code.class, 4 | 5)).then_some(code)
    }

    /// The first code among other words that says more than "other". An IP address is none: it has four numbers.
    pub(crate) fn find(text: &str) -> Option<Self> {
        let words = text.split(|one: char| !one.is_ascii_digit() && one != '.').map(|word| word.trim_matches('.'));
        words.filter_map(Self::parse).find(|code| code.is_exact())
    }

    const fn is_exact(self) -> bool {
        self.subject != 0
    }
}

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The address: it does not exist, or never will take mail.
    Address,
    /// The mailbox is full.
    Full,
    /// Something that passes: no connection, no room, greylisting.
    Passing,
    /// The message is too large.
    Size,
    /// What the message says, or how it is written.
    Content,
    /// The receiving side does not want us.
    Policy,
    /// Our own side: sender, authentication of the domain, login, quota.
    Account,
    /// It does not say.
    Other,
}

impl Cause {
    /// The class of a message that came back for it.
    pub(crate) const fn class(self) -> BounceClass {
        match self {
            Self::Address => BounceClass::Hard,
            Self::Full | Self::Passing | Self::Size | Self::Other => BounceClass::Soft,
            Self::Content | Self::Policy | Self::Account => BounceClass::Block,
        }
    }

    /// What a refusal is about, by its SMTP reply code, its enhanced code and its words.
    pub(crate) fn of(status: Option<u16>, code: Option<Code>, text: &str) -> Self {
        let code = code.filter(|code| code.is_exact()).or_else(|| Code::find(text)).or(code);
        let class = code.map(|code| code.class).or_else(|| status.map(|status| status / 100));
        if class == Some(4) {
            return if code.is_some_and(|code| (code.subject, code.detail) == (2, 2)) { Self::Full } else { Self::Passing };
        }
        let lower = text.to_ascii_lowercase();
        match code.map_or((0, 0), |code| (code.subject, code.detail)) {
            (1, 1..=4 | 6 | 10) | (2, 1) | (7, 13) => Self::Address,
            (1, 7 | 8) => Self::Account,
            (2, 2) => Self::Full,
            (2 | 3, 3..=4) => Self::Size,
            (6, _) | (5, 3) => Self::Content,
            // The server does not offer what we need.
            (5, 1) => Self::Account,
            // The mailbox or its domain has changed hands (RFC 7293).
            (7, 17 | 18) => Self::Policy,
            // Policy without more words: they tell whether it is us.
            (7, 0..=2) => {
                if names_account(&lower) {
                    Self::Account
                } else {
                    Self::Policy
                }
            }
            // SPF, DKIM, DMARC, encryption and credentials.
            (7, _) => Self::Account,
            (1 | 2, _) => Self::worded(&lower, None),
            (3..=5, _) => {
                if names_account(&lower) {
                    Self::Account
                } else {
                    Self::Passing
                }
            }
            _ => Self::worded(&lower, status),
        }
    }

    /// By the words alone.
    fn worded(lower: &str, status: Option<u16>) -> Self {
        let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if names_account(lower) || matches!(status, Some(502..=504)) {
            return Self::Account;
        }
        // A sender that does not exist is no recipient that does not exist.
        if status == Some(556) || (says(GONE) && !says(&["sender", "mail from"])) {
            return Self::Address;
        }
        if says(&["mailbox full", "mailbox is full", "over quota", "quota exceeded", "exceeded storage"]) {
            return Self::Full;
        }
        if says(&["too large", "too big", "maximum size", "size limit"]) {
            return Self::Size;
        }
        if says(&["spam", "blocked", "blacklist", "blocklist", "denylist", "policy", "reputation", "banned"]) {
            return Self::Policy;
        }
        Self::Other
    }
}

/// Words that say that an address does not exist.
const GONE: &[&str] = &[
    "user unknown",
    "unknown user",
    "no such user",
    "no such mailbox",
    "no such recipient",
    "no mailbox here",
    "does not exist",
    "doesn't exist",
    "user not found",
    "recipient not found",
    "unknown recipient",
    "invalid recipient",
    "unknown or illegal alias",
    "account is disabled",
    "account disabled",
    "mailbox disabled",
    "user disabled",
];

/// Whether the words speak of our own side, so that another account may succeed.
fn names_account(lower: &str) -> bool {
    ["relay", "authenticat", "not verified", "sending limit", "account suspended", "permitted to send", "not owned"]
        .iter()
        .any(|words| lower.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_among_words() {
        let code = |class, subject, detail| Some(Code { class, subject, detail });
        for (text, expected) in [
            ("smtp; 550 5.1.1 no such user", code(5, 1, 1)),
            ("smtp;host mx.example.com [192.0.2.25] says: 550-5.1.1 The account", code(5, 1, 1)),
            ("550 #5.1.0 Address rejected.", code(5, 1, 0)),
            ("(5.2.2).", code(5, 2, 2)),
            ("5.0.0 5.7.26 unauthenticated", code(5, 7, 26)),
            ("5.1.1.1", None),
            ("192.0.2.25 2.0.0 9.9.9 5.1", None),
            ("5.0.0 unknown", None),
            ("5.1.1111", None),
            ("", None),
        ] {
            assert_eq!(Code::find(text), expected, "{text}");
        }
        assert_eq!(Code::parse("5.1.1 "), None);
        assert_eq!(Code::parse("4.999.999"), code(4, 999, 999));
    }

    #[test]
    fn every_row_of_the_table_has_its_class() {
        use BounceClass::{Block, Hard, Soft};
        for (code, text, class) in [
            ("5.1.1", "", Hard),
            ("5.1.2", "", Hard),
            ("5.1.3", "", Hard),
            ("5.1.4", "", Hard),
            ("5.1.6", "", Hard),
            ("5.1.10", "recipient domain has null MX", Hard),
            ("5.2.1", "", Hard),
            ("5.7.13", "", Hard),
            ("5.1.7", "", Block),
            ("5.1.8", "Sender domain does not exist", Block),
            ("5.7.27", "", Block),
            ("5.2.2", "", Soft),
            ("4.2.2", "", Soft),
            ("5.2.3", "", Soft),
            ("5.3.4", "", Soft),
            ("5.3.1", "", Soft),
            ("5.3.2", "", Soft),
            ("5.4.1", "", Soft),
            ("5.4.4", "", Soft),
            ("5.4.7", "", Soft),
            ("5.5.0", "", Soft),
            ("5.5.3", "too many recipients", Block),
            ("5.6.1", "", Block),
            ("5.7.1", "no such user", Block),
            ("5.7.1", "relay denied", Block),
            ("5.7.26", "", Block),
            ("5.7.509", "", Block),
            ("4.1.1", "greylisted", Soft),
            ("4.7.1", "spam", Soft),
            // A bare code asks the words.
            ("5.0.0", "smtp; 550 5.1.1 unknown", Hard),
            ("5.0.0", "smtp; 550 4.2.2 full", Soft),
            ("5.0.0", "550 user unknown", Hard),
            ("5.0.0", "sender address rejected: domain does not exist", Soft),
            ("5.1.0", "550 user unknown", Hard),
            ("5.1.0", "550 address rejected", Soft),
            ("5.0.0", "mailbox is full", Soft),
            ("5.0.0", "blocked by spam filter", Block),
            ("5.0.0", "", Soft),
            ("4.0.0", "smtp; 550 5.1.1 unknown", Hard),
            ("5.99.9", "", Soft),
        ] {
            assert_eq!(Cause::of(None, Code::parse(code), text).class(), class, "{code} {text}");
        }
        assert_eq!(Cause::of(Some(556), None, "domain accepts no mail"), Cause::Address);
        assert_eq!(Cause::of(Some(450), None, "no such user"), Cause::Passing);
        assert_eq!(Cause::of(Some(550), None, "no"), Cause::Other);
        assert_eq!(Cause::of(None, None, ""), Cause::Other);
    }
}
