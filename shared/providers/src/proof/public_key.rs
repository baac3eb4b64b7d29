//! Signatures made with a private key of the provider's: Ed25519 (RFC 8032), ECDSA on P-256, and JSON web tokens signed by RSA.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Error, Result};
use serde_json::Value;

use super::Verified;
use crate::Callback;

/// Proves a callback whose Ed25519 signature is over `before` and then the raw body. The key has 32 bytes.
pub(crate) fn ed25519(callback: &Callback<'_>, key: &[u8], before: &[u8], signature: &[u8]) -> Result<Verified> {
    signed(callback, &ED25519, key, before, signature)
}

/// Proves a callback whose ECDSA signature (P-256, SHA-256, ASN.1) is over `before` and then the raw body. The key is an
/// uncompressed point of 65 bytes.
pub(crate) fn ecdsa_p256(callback: &Callback<'_>, key: &[u8], before: &[u8], signature: &[u8]) -> Result<Verified> {
    signed(callback, &ECDSA_P256_SHA256_ASN1, key, before, signature)
}

fn signed(
    callback: &Callback<'_>,
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    before: &[u8],
    signature: &[u8],
) -> Result<Verified> {
    let mut text = before.to_vec();
    text.extend_from_slice(callback.body);
    UnparsedPublicKey::new(algorithm, key).verify(&text, signature).map_err(|_| Error::Unauthenticated)?;
    Ok(Verified::of(callback))
}

/// Proves a callback that comes with a token signed by RSA (RS256) with a key of the provider's published set, and gives its
/// claims. The token does not cover the body: it says who calls, over TLS. Audience, issuer and times are for the caller to check.
pub(crate) fn jwt_rs256(callback: &Callback<'_>, token: &str) -> Result<(Verified, Value)> {
    let refuse = || Error::Unauthenticated;
    let (signed, signature) = token.rsplit_once('.').ok_or_else(refuse)?;
    let (header, claims) = signed.split_once('.').ok_or_else(refuse)?;
    let bytes = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| refuse());
    let read = |part: &str| -> Result<Value> { serde_json::from_slice(&bytes(part)?).map_err(|_| refuse()) };
    let header = read(header)?;
    let word = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    let (algorithm, id) = (word(&header, "alg"), word(&header, "kid").ok_or_else(refuse)?);
    if algorithm.as_deref() != Some("RS256") {
        return Err(refuse());
    }
    let keys = callback.keys.and_then(|set| set.get("keys")).and_then(Value::as_array).ok_or_else(refuse)?;
    let key = keys.iter().find(|key| word(key, "kid").as_ref() == Some(&id)).ok_or_else(refuse)?;
    if word(key, "kty").as_deref() != Some("RSA") {
        return Err(refuse());
    }
    let part = |name: &str| bytes(&word(key, name).unwrap_or_default());
    let key = RsaPublicKeyComponents { n: part("n")?, e: part("e")? };
    key.verify(&RSA_PKCS1_2048_8192_SHA256, signed.as_bytes(), &bytes(signature)?).map_err(|_| refuse())?;
    Ok((Verified::of(callback), read(claims)?))
}
