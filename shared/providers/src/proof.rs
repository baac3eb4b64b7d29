//! The only maker of [`Verified`]: whoever holds one holds a callback that its sender is proven to have sent.
//!
//! Each scheme takes what the provider signs in the order it signs it, with the body itself taken from the callback, so that no
//! provider can prove one body and then read another. Codes are compared in constant time. Every refusal reads alike to the
//! sender: [`Error::Unauthenticated`].

mod hex;
mod mac;
mod md5;
mod public_key;
mod shared;
mod sns;

use std::borrow::Cow;

use kernel::{Error, Result, Time};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use serde_json::Value;

use crate::Callback;

pub(crate) use self::md5::{md5_mac, md5_sum};
pub(crate) use hex::unhex;
pub use mac::Hash;
pub(crate) use mac::{body_mac, jwt_hs256, text_mac};
pub(crate) use public_key::{ecdsa_p256, ed25519, jwt_rs256};
pub(crate) use shared::{password, shared_secret};
pub use sns::{Confirmation, Notice, Refusal, WINDOW, examine_sns, verify_sns};

/// A callback whose sender is proven. It cannot be made elsewhere:
///
/// ```compile_fail
/// let forged = providers::Verified { body: Vec::new() };
/// ```
#[derive(Clone, PartialEq)]
pub struct Verified {
    body: Vec<u8>,
    content_type: String,
    query: Vec<(String, String)>,
    at: Time,
    notice: Option<Notice>,
}

impl Verified {
    fn of(callback: &Callback<'_>) -> Self {
        Self {
            body: callback.body.to_vec(),
            content_type: callback.header("content-type").unwrap_or_default().to_owned(),
            query: callback.query(),
            at: callback.now,
            notice: None,
        }
    }

    /// A callback as if its sender were proven, for readers that must bear any bytes.
    #[cfg(feature = "fuzz")]
    pub(crate) fn unproven(callback: &Callback<'_>, notice: Notice) -> Self {
        Self { notice: Some(notice), ..Self::of(callback) }
    }

    /// The raw body.
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.body)
    }

    /// The body as JSON, null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as the fields of a form (`application/x-www-form-urlencoded`), decoded.
    pub fn form(&self) -> Vec<(String, String)> {
        url::form_urlencoded::parse(&self.body).into_owned().collect()
    }

    /// The body's media type with its parameters.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// The parameters of the address that was called, decoded.
    pub fn query(&self) -> &[(String, String)] {
        &self.query
    }

    /// A parameter of the address that was called.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// When it arrived.
    pub const fn at(&self) -> Time {
        self.at
    }

    /// What the envelope says, when it came through SNS.
    pub const fn notice(&self) -> Option<&Notice> {
        self.notice.as_ref()
    }
}

impl std::fmt::Debug for Verified {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.notice {
            Some(notice) => write!(f, "Verified({notice:?})"),
            None => write!(f, "Verified({} bytes)", self.body.len()),
        }
    }
}

/// Refuses a time that is further than `seconds` from the callback's arrival, either way.
pub(crate) fn fresh(callback: &Callback<'_>, at: Time, seconds: i64) -> Result<()> {
    let far = callback.now.since(at).saturating_abs() > seconds.saturating_mul(1000);
    if far { Err(Error::Unauthenticated) } else { Ok(()) }
}

/// Certificate authorities. Built once by the caller and lent to every [`Callback`].
#[derive(Clone)]
pub struct Roots(Vec<TrustAnchor<'static>>);

impl Roots {
    /// The public ones, as compiled in from Mozilla's list.
    pub fn public() -> Self {
        Self(webpki_roots::TLS_SERVER_ROOTS.to_vec())
    }

    /// None at all, to which [`Roots::and`] may add.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// These and those of a PEM file, which must hold at least one certificate.
    pub fn and(mut self, pem: &[u8]) -> Result<Self> {
        let refuse = || Error::internal("the file of further roots cannot be read");
        let before = self.0.len();
        for der in CertificateDer::pem_slice_iter(pem) {
            let der = der.map_err(|_| refuse())?;
            self.0.push(webpki::anchor_from_trusted_cert(&der).map_err(|_| refuse())?.to_owned());
        }
        if self.0.len() > before { Ok(self) } else { Err(refuse()) }
    }
}

impl std::fmt::Debug for Roots {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Roots({})", self.0.len())
    }
}
