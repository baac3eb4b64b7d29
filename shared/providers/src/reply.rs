//! How a call ended, and what that means.

use std::fmt;

use kernel::Time;

/// How a call ended, as the carrier saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The provider took the message and gave it this id.
    Accepted {
        /// The provider's id.
        id: String,
    },
    /// The provider said no, in the words of a protocol other than HTTP or of an SDK.
    Refused {
        /// HTTP status or SMTP code.
        status: u16,
        /// The provider's error name (`TooManyRequestsException`) or enhanced status code (`5.1.1`).
        code: String,
        /// The provider's words.
        text: String,
        /// Seconds that it asked us to wait.
        after: Option<u32>,
    },
    /// A web request was answered, however.
    Answered(HttpReply),
    /// A stored file that goes along could not be read: certainly not sent, and nothing said by the provider.
    Unread {
        /// Why.
        text: String,
    },
    /// It broke off before the message was handed over whole: certainly not sent.
    Unreached {
        /// Why.
        text: String,
    },
    /// The message was, or may have been, handed over whole, but no answer came: it may or may not have been sent.
    Lost {
        /// Why.
        text: String,
    },
}

/// The answer to a web request. `Debug` shows no body.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// Status.
    pub status: u16,
    /// Headers in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, cut to 256 KiB; that of a success is whole.
    pub body: Vec<u8>,
    /// When it arrived.
    pub at: Time,
}

/// Longest wait that a provider may ask for, in seconds.
const LONGEST: f64 = 6.0 * 3600.0;

impl HttpReply {
    /// A header, when it is there once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.next().filter(|_| found.next().is_none())
    }

    /// The body as JSON, null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether the status says that it was done.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }

    /// Seconds to wait by `Retry-After` (RFC 9110 section 10.2.3): whole seconds, a date, or the decimal seconds of some
    /// providers; rounded up.
    pub fn retry_after(&self) -> Option<u32> {
        let text = self.header("retry-after")?.trim();
        if let Ok(seconds) = text.parse::<f64>() {
            return wait(seconds);
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?;
        wait(f64::from(i32::try_from(date.timestamp().as_second().saturating_sub(self.at.seconds())).ok()?))
    }

    /// The answer in few words, for the trace: status and the beginning of what stands in the body.
    pub fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let line: String = text.chars().map(|one| if one.is_control() { ' ' } else { one }).take(200).collect();
        format!("{} {}", self.status, line.trim()).trim_end().to_owned()
    }
}

/// A wait in whole seconds, bounded.
pub(crate) fn wait(seconds: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded on both sides")]
    let whole = seconds.clamp(0.0, LONGEST).ceil() as u32;
    seconds.is_finite().then_some(whole)
}

impl fmt::Debug for HttpReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpReply({}, {} bytes)", self.status, self.body.len())
    }
}

/// What an answer means for the message and its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken; events will follow, where the provider has any.
    Sent {
        /// The provider's id; empty when it gives none.
        id: String,
    },
    /// Certainly not sent; trying again may help.
    Retry {
        /// Seconds that the provider asked for.
        after: Option<u32>,
        /// For the trace.
        reason: String,
    },
    /// Certainly not sent: the account sends faster than it may. Other accounts may do.
    Limited {
        /// Seconds that the provider asked for.
        after: Option<u32>,
        /// For the trace.
        reason: String,
    },
    /// Certainly not sent, and never will be as it is: its content.
    Rejected {
        /// For the trace.
        reason: String,
    },
    /// Certainly not sent: this recipient cannot be reached, whatever is sent and through whichever account.
    Undeliverable {
        /// Whether the address is of no use any more: it is suppressed.
        gone: bool,
        /// For the trace.
        reason: String,
    },
    /// Certainly not sent, because the account is not in order: credentials, quota, verification. Other accounts may do.
    Misconfigured {
        /// For the trace.
        reason: String,
    },
    /// Nobody knows.
    Unknown {
        /// For the trace.
        reason: String,
    },
}

impl Verdict {
    /// The provider's words; none for a message that was taken.
    pub fn reason(&self) -> &str {
        match self {
            Self::Sent { .. } => "",
            Self::Retry { reason, .. }
            | Self::Limited { reason, .. }
            | Self::Rejected { reason }
            | Self::Undeliverable { reason, .. }
            | Self::Misconfigured { reason }
            | Self::Unknown { reason } => reason,
        }
    }

    /// What is the same for all providers: an answer that is no HTTP answer. `Err` gives the HTTP answer, which the provider
    /// reads by its own codes.
    pub(crate) fn common(reply: &Reply) -> Result<Self, &HttpReply> {
        match reply {
            Reply::Accepted { id } => Ok(Self::Sent { id: id.clone() }),
            Reply::Refused { status, code, text, after } => {
                let reason = [&status.to_string(), code, text].map(String::as_str).join(" ").trim_end().to_owned();
                Ok(by_status(*status, *after, reason))
            }
            Reply::Unreached { text } | Reply::Unread { text } => Ok(Self::Retry { after: None, reason: text.clone() }),
            Reply::Lost { text } => Ok(Self::Unknown { reason: text.clone() }),
            Reply::Answered(answer) => Err(answer),
        }
    }

    /// The meaning of a success whose body, where a provider tells what it did, cannot be read: nobody knows.
    pub(crate) fn unreadable(answer: &HttpReply, body: &serde_json::Value) -> Option<Self> {
        (answer.is_success() && !body.is_object()).then(|| Self::Unknown { reason: answer.words() })
    }

    /// The meaning of a refusal by its status alone, for codes that are not known: what is not recognised may be tried again.
    pub(crate) fn by_status(answer: &HttpReply, reason: String) -> Self {
        by_status(answer.status, answer.retry_after(), reason)
    }
}

fn by_status(status: u16, after: Option<u32>, reason: String) -> Verdict {
    match status {
        401 | 403 => Verdict::Misconfigured { reason },
        413 => Verdict::Rejected { reason },
        429 => Verdict::Limited { after, reason },
        _ => Verdict::Retry { after, reason },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(headers: &[(&str, &str)]) -> HttpReply {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        HttpReply { status: 429, headers, body: b"slow\ndown".to_vec(), at: Time::parse("2026-03-01T09:30:00Z").unwrap() }
    }

    #[test]
    fn every_form_of_retry_after_is_read() {
        for (text, seconds) in [
            ("7", Some(7)),
            ("2.128", Some(3)),
            ("0", Some(0)),
            ("-5", Some(0)),
            ("1e9", Some(21_600)),
            ("NaN", None),
            ("Sun, 01 Mar 2026 09:30:30 GMT", Some(30)),
            ("Sun, 01 Mar 2026 09:00:00 GMT", Some(0)),
            ("soon", None),
        ] {
            assert_eq!(reply(&[("retry-after", text)]).retry_after(), seconds, "{text}");
        }
        assert_eq!(reply(&[]).retry_after(), None);
        assert_eq!(reply(&[("retry-after", "1"), ("retry-after", "2")]).retry_after(), None);
        assert_eq!(reply(&[]).words(), "429 slow down");
    }
}
