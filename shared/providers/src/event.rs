//! What providers tell of messages that were handed over.

use kernel::{Time, crypto};
use serde::{Deserialize, Serialize};

/// Something that happened to a message after it was handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// The address that it concerns.
    pub recipient: Option<String>,
    /// Further facts: diagnostics, user agent, link.
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
    /// The recipient answered it.
    Replied,
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

/// A short id from what makes the event unique. Hashed, so that no address stands in a key; the lengths keep parts apart.
pub(crate) fn id(parts: &[&str]) -> String {
    let mut bytes = Vec::new();
    for part in parts {
        bytes.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    let hash = crypto::sha256(&bytes);
    crypto::encode(hash.get(..18).unwrap_or(&hash))
}

/// The beginning of a text, of at most so many bytes.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    text.get(..text.floor_char_boundary(limit)).unwrap_or_default().to_owned()
}
