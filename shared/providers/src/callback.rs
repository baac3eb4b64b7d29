//! What providers post to us, before anything is proven, and what they are answered.

use std::fmt;

use kernel::{Error, Result, Secret, Time};
use serde_json::Value;

use crate::proof::Roots;
use crate::{Login, sns};

/// The parameter of an account's address that carries [`crate::Outgoing::tag`].
pub(crate) const TAG: &str = "sb";

/// An account as its provider sees it: what was set up, with the credentials opened. `Debug` shows nothing.
#[derive(Clone, Copy)]
pub struct Setup<'a> {
    /// The account's settings.
    pub settings: &'a Value,
    /// The account's credentials.
    pub credentials: &'a Value,
    /// The access token, for providers that give one for the credentials.
    pub token: Option<&'a Secret>,
    /// Where the provider can tell what becomes of messages: the account's own unguessable address.
    pub callback: &'a str,
}

impl Setup<'_> {
    /// The login with the access token, which must be at hand by then: see [`crate::Sending::access`].
    pub(crate) fn bearer(&self) -> Result<Login> {
        let token = self.token.ok_or_else(|| Error::internal("this provider is called with an access token only"))?;
        Ok(Login::Bearer(token.clone()))
    }

    /// Where the provider can tell what becomes of one message: the account's address with the message's tag as `sb`. None
    /// where the account has no address.
    pub(crate) fn callback_for(&self, tag: &str) -> Option<String> {
        let mark = if self.callback.contains('?') { '&' } else { '?' };
        (!self.callback.is_empty()).then(|| format!("{}{mark}{TAG}={tag}", self.callback))
    }
}

impl fmt::Debug for Setup<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Setup")
    }
}

/// A callback as it arrived. `Debug` shows no body.
#[derive(Clone, Copy)]
pub struct Callback<'a> {
    /// Method, in capitals.
    pub method: &'a str,
    /// The public address that was called, with its query.
    pub url: &'a str,
    /// Headers in lower case.
    pub headers: &'a [(String, String)],
    /// The raw body.
    pub body: &'a [u8],
    /// SNS: topics that may speak.
    pub topics: &'a [String],
    /// SNS: the signing certificate, fetched from the address that [`sns::certificate_url`] approved.
    pub certificate: Option<&'a sns::Certificate>,
    /// Certificate authorities that a signing certificate may descend from.
    pub roots: &'a Roots,
    /// The key set (RFC 7517) of a provider that signs with published keys, fetched from [`crate::Receiving::keys_url`].
    pub keys: Option<&'a Value>,
    /// When it arrived.
    pub now: Time,
}

impl Callback<'_> {
    /// A header, when it is there exactly once.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.next().filter(|_| found.next().is_none())
    }

    /// The id of the key that its token claims to be signed with (RFC 7515): it says which key must be at hand, and proves nothing.
    pub fn key_id(&self) -> Option<String> {
        let token = self.header("authorization")?.strip_prefix("Bearer ")?;
        let header = kernel::crypto::decode(token.split('.').next()?)?;
        let header: Value = serde_json::from_slice(&header).ok()?;
        header.get("kid").and_then(Value::as_str).map(str::to_owned)
    }

    /// A parameter of the query, decoded, when it is there exactly once.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let mut found = self.query().into_iter().filter(|(known, _)| known == name).map(|(_, value)| value);
        found.next().filter(|_| found.next().is_none())
    }

    /// The query's parameters, decoded.
    pub fn query(&self) -> Vec<(String, String)> {
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }
}

impl fmt::Debug for Callback<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Callback({}, {} bytes at {})", self.method, self.body.len(), self.now)
    }
}

/// What makes a proof count once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// What the provider uses in one proof only.
    pub token: String,
    /// When the proof is too old to be believed anyway.
    pub until: Time,
}

/// What a provider is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Media type of the body.
    pub media_type: &'static str,
    /// Body.
    pub body: String,
}

impl Answer {
    /// 200 without a body.
    pub const fn done() -> Self {
        Self { status: 200, media_type: "text/plain", body: String::new() }
    }

    /// 200 with a body.
    pub const fn with(media_type: &'static str, body: String) -> Self {
        Self { status: 200, media_type, body }
    }
}
