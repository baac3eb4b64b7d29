//! Which headers a message may carry besides those that are written for it.

use kernel::{Error, Result};

/// Headers that are written here or on the way, and so cannot be given.
const RESERVED: &[&str] = &[
    "authentication-results",
    "bcc",
    "cc",
    "date",
    "delivered-to",
    "dkim-signature",
    "domainkey-signature",
    "feedback-id",
    "from",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "message-id",
    "mime-version",
    "received",
    "received-spf",
    "reply-to",
    "return-path",
    "sender",
    "subject",
    "to",
];

/// The same for all headers that begin so. `X-SES-` headers would steer the provider (configuration set, source identity).
const RESERVED_FAMILIES: &[&str] = &["arc-", "content-", "resent-", "x-amz-", "x-ses-", "x-switchboard-"];

/// A line of a mail has at most 998 bytes without its end (RFC 5322 section 2.1.1).
pub(crate) const LINE: usize = 998;
/// The longest header value that SES takes.
pub(crate) const VALUE: usize = 995;
/// The longest header name that SES takes.
const NAME: usize = 126;

/// Checks a header that a message is to carry besides the usual ones. Faults point at the header itself.
pub fn check_header(name: &str, value: &str) -> Result<()> {
    let refuse = |detail: &str| Err(Error::invalid("", "header", detail));
    let lower = name.to_ascii_lowercase();
    if name.is_empty() || name.len() > NAME || !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        return refuse("a header name has 1 to 126 printable ASCII characters and no colon");
    }
    if RESERVED.contains(&lower.as_str()) || RESERVED_FAMILIES.iter().any(|family| lower.starts_with(family)) {
        return refuse("this header is written by the system and cannot be given");
    }
    if value.trim().is_empty() {
        return refuse("a header value must not be empty");
    }
    if value.contains(is_unsafe) {
        return refuse("a header value is one line without control characters");
    }
    if value.len() > VALUE || name.len() + 2 + value.len() > LINE {
        return refuse("a header has at most 995 bytes");
    }
    Ok(())
}

/// Control characters, and those that some readers take for line ends.
pub(crate) fn is_unsafe(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_names_are_checked() {
        for bad in [
            "",
            "a b",
            "a:b",
            "a\n",
            "ä",
            "Bcc",
            "BCC",
            "from",
            "Content-Type",
            "X-SES-Message-Tags",
            "X-Switchboard-Ref",
            "List-Unsubscribe",
            "DKIM-Signature",
            &"x".repeat(127),
        ] {
            assert!(check_header(bad, "v").is_err(), "{bad:?}");
        }
        for good in ["X-Priority", "In-Reply-To", "References", "Auto-Submitted", "List-Id", "Precedence"] {
            assert!(check_header(good, "v").is_ok(), "{good:?}");
        }
        assert!(check_header("X-Long", &"x".repeat(996)).is_err());
        assert!(check_header("X-Empty", " ").is_err());
    }
}
