//! Secrets that the provider simply shows: the weakest proof, for providers that have no other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Error, Result, crypto};

use super::Verified;
use crate::Callback;

/// Proves a callback by a secret that it shows.
pub(crate) fn shared_secret(callback: &Callback<'_>, shown: Option<&str>, known: &str) -> Result<Verified> {
    // Whoever shows nothing must not match an account that has nothing.
    let shown = shown.filter(|_| !known.is_empty()).ok_or(Error::Unauthenticated)?;
    // Digests are of one length, so that the comparison tells nothing of the secret's.
    let same = crypto::equal(&crypto::sha256(shown.as_bytes()), &crypto::sha256(known.as_bytes()));
    if same { Ok(Verified::of(callback)) } else { Err(Error::Unauthenticated) }
}

/// Proves a callback by the name and password of its `Authorization: Basic` header (RFC 7617).
pub(crate) fn basic(callback: &Callback<'_>, name: &str, password: &str) -> Result<Verified> {
    let shown = callback.header("authorization").and_then(|value| value.split_once(' '));
    let shown = shown.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")).map(|(_, value)| value.trim());
    let shown = shown.and_then(|value| STANDARD.decode(value).ok()).and_then(|value| String::from_utf8(value).ok());
    if name.is_empty() || password.is_empty() {
        return Err(Error::Unauthenticated);
    }
    shared_secret(callback, shown.as_deref(), &format!("{name}:{password}"))
}
