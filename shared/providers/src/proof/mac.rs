//! Codes made with a shared key: HMAC (RFC 2104), and JSON web tokens signed by it (RFC 7519).

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Error, Result, Secret, crypto};
use serde_json::Value;

use super::Verified;
use crate::Callback;

/// The hash below an HMAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hash {
    /// SHA-1: for providers that use nothing else. It is not broken as an HMAC.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Hash {
    fn key(self, key: &[u8]) -> hmac::Key {
        let algorithm = match self {
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        hmac::Key::new(algorithm, key)
    }
}

/// Proves a callback whose code is over `before` and then the raw body. `code` is what the provider sent, decoded.
pub(crate) fn body_mac(callback: &Callback<'_>, hash: Hash, key: &[u8], before: &[u8], code: &[u8]) -> Result<Verified> {
    let mut text = before.to_vec();
    text.extend_from_slice(callback.body);
    text_mac(callback, hash, key, &text, code)
}

/// Proves a callback whose code is over `text`, which the caller has made of the callback as its provider does.
pub(crate) fn text_mac(callback: &Callback<'_>, hash: Hash, key: &[u8], text: &[u8], code: &[u8]) -> Result<Verified> {
    // Anybody could sign with an empty key.
    if key.is_empty() {
        return Err(Error::Unauthenticated);
    }
    hmac::verify(&hash.key(key), text, code).map_err(|_| Error::Unauthenticated)?;
    Ok(Verified::of(callback))
}

/// Proves a callback that comes with a token signed by HMAC-SHA-256 whose claim `payload_hash` is the hexadecimal SHA-256 of the raw
/// body. The claims are for the caller to check further.
pub(crate) fn jwt_hs256(callback: &Callback<'_>, token: &str, key: &Secret) -> Result<(Verified, Value)> {
    let refuse = || Error::Unauthenticated;
    let (signed, code) = token.rsplit_once('.').ok_or_else(refuse)?;
    let (header, claims) = signed.split_once('.').ok_or_else(refuse)?;
    let read = |part: &str| -> Option<Value> { serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok() };
    if read(header).ok_or_else(refuse)?.get("alg").and_then(Value::as_str) != Some("HS256") {
        return Err(refuse());
    }
    let code = URL_SAFE_NO_PAD.decode(code).map_err(|_| refuse())?;
    let verified = text_mac(callback, Hash::Sha256, key.reveal().as_bytes(), signed.as_bytes(), &code)?;
    let claims = read(claims).ok_or_else(refuse)?;
    let named = claims.get("payload_hash").and_then(Value::as_str).unwrap_or_default();
    let hash = hex(&crypto::sha256(callback.body));
    let covered = crypto::equal(named.to_ascii_lowercase().as_bytes(), hash.as_bytes());
    if covered || (callback.body.is_empty() && named.is_empty()) { Ok((verified, claims)) } else { Err(refuse()) }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
