//! Providers: one file each, pure translation between our words and theirs. No I/O, no clock, no table.
//!
//! A provider says what to call ([`Provider::call`]), what an answer means ([`Provider::verdict`]), whether a callback is
//! genuine ([`Provider::verify`]) and what it tells ([`Provider::events`]). None of these has a default: a provider that forgets
//! its signature check does not compile. [`Verified`] is made by [`proof`] alone, so an unverified body cannot be parsed.

pub mod capture;
#[cfg(feature = "issuer")]
pub mod issuer;
pub mod mail;
pub mod proof;
pub mod ses;
mod settings;
pub mod smtp;
pub mod sns;

use std::fmt;

use kernel::{Email, Result, Secret, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use proof::{Roots, Verified};

/// The medium a message travels by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Electronic mail.
    Email,
}

impl Channel {
    /// The word for it in the API and in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
        }
    }
}

/// Every provider. A new one adds its file and its line here.
pub const PROVIDERS: &[&dyn Provider] = &[&ses::Ses, &smtp::Smtp, &capture::Capture];

/// The provider of that id.
pub fn find(id: &str) -> Option<&'static dyn Provider> {
    PROVIDERS.iter().copied().find(|provider| provider.id() == id)
}

/// What one provider has to say. All methods are pure.
pub trait Provider: Sync {
    /// Stable word: `ses`.
    fn id(&self) -> &'static str;
    /// The medium it carries.
    fn channel(&self) -> Channel;
    /// Whether repeating a call with the same [`Outgoing::tag`] has no second effect, so that a lost answer may simply be retried.
    fn repeatable(&self) -> bool;
    /// Checks an account's settings and credentials before they are stored; faults point below `/settings` and `/credentials`.
    fn check(&self, settings: &Value, credentials: &Value) -> Result<()>;
    /// The call that sends the message.
    fn call(&self, message: &Outgoing, settings: &Value, credentials: &Value) -> Result<Call>;
    /// What the answer means. Anything not recognised is [`Verdict::Retry`].
    fn verdict(&self, reply: &Reply) -> Verdict;
    /// Proves that a callback body is the provider's own.
    fn verify(&self, callback: &Callback<'_>) -> Result<Verified>;
    /// What a genuine callback tells; unknown kinds give nothing.
    fn events(&self, verified: &Verified) -> Vec<Event>;
}

/// A message ready to go: everything rendered, nothing of ours left to decide. `Debug` shows no text, name or token.
#[derive(Clone)]
pub struct Outgoing {
    /// Sender.
    pub from: Mailbox,
    /// The one recipient that the message is for.
    pub to: Mailbox,
    /// Visible further recipients.
    pub cc: Vec<Email>,
    /// Hidden further recipients.
    pub bcc: Vec<Email>,
    /// Where answers go, when not to the sender.
    pub reply_to: Option<Email>,
    /// Subject line, free of control characters.
    pub subject: String,
    /// HTML body.
    pub html: Option<String>,
    /// Text body.
    pub text: Option<String>,
    /// Further headers, names and values checked.
    pub headers: Vec<(String, String)>,
    /// One-click unsubscribe address (RFC 8058), for mail of a category that one can leave.
    pub unsubscribe: Option<String>,
    /// Left part of the Message-ID header.
    pub id: String,
    /// Opaque reference that the provider's events carry back; the same in every attempt of one message.
    pub tag: String,
    /// When it is sent, for the Date header.
    pub at: Time,
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("id", &self.id)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("cc", &self.cc)
            .field("bcc", &self.bcc)
            .field("html_bytes", &self.html.as_ref().map(String::len))
            .field("text_bytes", &self.text.as_ref().map(String::len))
            .finish_non_exhaustive()
    }
}

/// An address with the name shown beside it. `Debug` shows the domain only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The address.
    pub email: Email,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.email.fmt(f)
    }
}

/// A provider call as data. `send` alone carries it out. `Debug` shows no secret and no body.
#[derive(Clone)]
pub enum Call {
    /// SES v2 `SendEmail` with raw content.
    Ses(SesCall),
    /// One SMTP submission (RFC 6409).
    Smtp(SmtpCall),
    /// Kept on this machine for people to look at.
    Capture(CaptureCall),
}

/// See [`Call::Ses`].
#[derive(Clone)]
pub struct SesCall {
    /// Another region than the function's own.
    pub region: Option<String>,
    /// Envelope and header sender.
    pub from: Email,
    /// Envelope recipients.
    pub to: Vec<Email>,
    /// The MIME message.
    pub raw: Vec<u8>,
    /// Configuration set that publishes events, when the account names its own.
    pub configuration_set: Option<String>,
    /// Message tags (name, value).
    pub tags: Vec<(String, String)>,
}

/// See [`Call::Smtp`].
#[derive(Clone)]
pub struct SmtpCall {
    /// Server name.
    pub host: String,
    /// Port: 587 with STARTTLS or 465 with TLS from the first byte.
    pub port: u16,
    /// How the connection is protected.
    pub security: Security,
    /// Login, when the server wants one.
    pub login: Option<(String, Secret)>,
    /// Envelope sender.
    pub from: Email,
    /// Envelope recipients.
    pub to: Vec<Email>,
    /// The MIME message.
    pub raw: Vec<u8>,
}

/// Protection of an SMTP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Security {
    /// STARTTLS required (RFC 3207).
    Starttls,
    /// TLS from the first byte (RFC 8314).
    Tls,
    /// None; accepted for loopback hosts only.
    None,
}

/// See [`Call::Capture`].
#[derive(Clone)]
pub struct CaptureCall {
    /// Envelope sender.
    pub from: Email,
    /// Envelope recipients.
    pub to: Vec<Email>,
    /// The MIME message.
    pub raw: Vec<u8>,
    /// See [`Outgoing::tag`].
    pub tag: String,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ses(call) => write!(f, "Ses({} bytes to {:?})", call.raw.len(), call.to),
            Self::Smtp(call) => write!(f, "Smtp({}:{}, {} bytes to {:?})", call.host, call.port, call.raw.len(), call.to),
            Self::Capture(call) => write!(f, "Capture({} bytes to {:?})", call.raw.len(), call.to),
        }
    }
}

/// How a call ended, as the carrier saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The provider took the message and gave it this id.
    Accepted {
        /// The provider's id.
        id: String,
    },
    /// The provider said no.
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

/// What an answer means for the message and its account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Taken; events will follow.
    Sent {
        /// The provider's id.
        id: String,
    },
    /// Certainly not sent; trying again may help.
    Retry {
        /// Seconds that the provider asked for.
        after: Option<u32>,
        /// For the trace.
        reason: String,
    },
    /// Certainly not sent, and never will be as it is.
    Rejected {
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

/// A callback as it arrived. `Debug` shows no body.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// The raw body.
    pub body: &'a [u8],
    /// Headers in lower case.
    pub headers: &'a [(String, String)],
    /// The account's secret for callbacks, when the scheme has one.
    pub secret: Option<&'a Secret>,
    /// SNS: topics that may speak.
    pub topics: &'a [String],
    /// SNS: the signing certificate, fetched from the address that [`sns::certificate_url`] approved.
    pub certificate: Option<&'a sns::Certificate>,
    /// Certificate authorities that a signing certificate may descend from.
    pub roots: &'a Roots,
    /// When it arrived.
    pub now: Time,
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({} bytes at {})", self.body.len(), self.now)
    }
}

/// Something that happened to a message after it was handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// When, by the provider's clock.
    pub at: Time,
    /// The provider's own id of this event, or one derived from what makes it unique: the key to recognise repetitions by.
    pub id: String,
    /// Our reference token, when the event carries it back.
    pub tag: Option<String>,
    /// The provider's message id.
    pub provider_id: Option<String>,
    /// Whom it concerns.
    pub recipient: Option<Email>,
    /// Further facts: SMTP diagnostics, user agent, link.
    pub detail: EventDetail,
}

/// Kinds of events, over all providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The provider took it.
    Sent,
    /// The provider will try again.
    Delayed,
    /// The recipient's server took it.
    Delivered,
    /// It came back.
    Bounced,
    /// The recipient called it spam.
    Complained,
    /// The provider refused it after taking it.
    Rejected,
    /// The provider could not fill its template.
    RenderingFailed,
    /// Opened.
    Opened,
    /// A link was followed.
    Clicked,
    /// The recipient does not want more.
    Unsubscribed,
}

/// Facts beside an event.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EventDetail {
    /// Bounce class, of a bounce.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<BounceClass>,
    /// Provider's code or subtype.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Provider's words, cut to 300 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// User agent of an open or click, cut to 200 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The link that was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// Why a message came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceClass {
    /// The mailbox does not exist or never will take mail: suppress.
    Hard,
    /// Full, away or too large: may work another time.
    Soft,
    /// The receiving side refuses us: policy, reputation, content.
    Block,
}
