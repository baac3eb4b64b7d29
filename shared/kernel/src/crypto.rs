//! The cryptography of the house, all of it on aws-lc: HKDF-derived keys, HMAC-SHA-256, AES-256-GCM, random bytes.
//!
//! One deployment secret is stretched by HKDF (RFC 5869) into a key per purpose, so no key serves two ends. Tenants'
//! provider credentials are sealed under data keys of their own (see the aws room's vault), never under these.

use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::{constant_time, digest, hkdf, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::{Cause, Error, Ids, Result, Secret};

/// Fills the slice from the operating system's generator. A machine without randomness must not run: the process stops.
pub(crate) fn fill_random(bytes: &mut [u8]) {
    if SystemRandom::new().fill(bytes).is_err() {
        std::process::abort();
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// SHA-256 of what comes a part at a time.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl std::fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sha256")
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Sha256 {
    /// The next part.
    pub fn add(&mut self, part: &[u8]) {
        self.0.update(part);
    }

    /// The digest of all parts, in hexadecimal.
    pub fn hex(self) -> String {
        self.0.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Whether the two are equal, in time that depends on the length alone.
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    constant_time::verify_slices_are_equal(a, b).is_ok()
}

/// URL-safe base64 without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The inverse of [`encode`].
pub fn decode(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// A 256-bit key for AES-GCM. `Debug` shows nothing of it.
#[derive(Clone)]
pub struct SealKey([u8; 32]);

impl std::fmt::Debug for SealKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealKey(***)")
    }
}

impl SealKey {
    /// From exactly 32 bytes.
    pub fn new(bytes: &[u8]) -> Result<Self> {
        let bytes = <[u8; 32]>::try_from(bytes).map_err(|_| Error::internal("a data key must have 32 bytes"))?;
        Ok(Self(bytes))
    }

    /// A fresh random key.
    pub fn random(ids: &Ids) -> Self {
        Self(ids.bytes())
    }

    /// The key itself, for wrapping it under another.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> Result<LessSafeKey> {
        UnboundKey::new(&AES_256_GCM, &self.0).map(LessSafeKey::new).map_err(|_| Error::internal("AES-256-GCM key"))
    }

    /// Encrypts `plain`, binding it to `context` (which is not stored): nonce, ciphertext and tag in one.
    pub fn seal(&self, nonce: [u8; 12], context: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let mut text = plain.to_vec();
        self.cipher()?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut text)
            .map_err(|_| Error::internal("sealing failed"))?;
        let mut sealed = nonce.to_vec();
        sealed.append(&mut text);
        Ok(sealed)
    }

    /// The inverse of [`SealKey::seal`]; `None` when key, context or a single bit differ.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(12)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut text = text.to_vec();
        let plain = self.cipher().ok()?.open_in_place(nonce, Aad::from(context), &mut text).ok()?;
        Some(plain.to_vec())
    }
}

/// A key for HMAC-SHA-256. Clones share it: every request has the keys at hand.
#[derive(Clone, Debug)]
pub struct MacKey(Arc<hmac::Key>);

impl MacKey {
    fn new(bytes: &[u8]) -> Self {
        Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes)))
    }

    /// The 32-byte code of `message`.
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut code = [0; 32];
        code.copy_from_slice(hmac::sign(&self.0, message).as_ref());
        code
    }
}

/// The keys of one deployment, each derived from its secret for one purpose.
#[derive(Clone, Debug)]
pub struct Keys {
    /// Hashes API keys, so that the table alone does not reveal them.
    pub credential: MacKey,
    /// Signs list cursors.
    pub cursor: MacKey,
    /// Signs references to a message in tracking, unsubscribe and provider tags.
    pub reference: MacKey,
    /// Hashes addresses kept beyond the person, and request bodies compared under an idempotency key.
    pub digest: MacKey,
    /// Signs what goes to a provider's page of consent, and makes the verifiers of it.
    pub ticket: MacKey,
    /// Signs links that stand for one contact.
    pub pass: MacKey,
    /// Signs and verifies HS256 tokens in local use.
    pub token: MacKey,
    /// Signs the addresses that files are brought to and fetched from on a person's machine.
    pub file: MacKey,
    pub(crate) link: SealKey,
    pub(crate) nonce: MacKey,
}

struct Length;

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        32
    }
}

impl Keys {
    /// Derives every key. The secret must carry at least 32 characters: a short one is refused, there is no default.
    pub fn derive(secret: &Secret) -> Result<Self> {
        if secret.reveal().len() < 32 {
            return Err(Error::Internal(Cause::new("the deployment secret must have at least 32 characters")));
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"switchboard").extract(secret.reveal().as_bytes());
        let derive = |purpose: &str| -> Result<[u8; 32]> {
            let mut key = [0; 32];
            root.expand(&[purpose.as_bytes()], Length)
                .and_then(|okm| okm.fill(&mut key))
                .map_err(|_| Error::internal("key derivation failed"))?;
            Ok(key)
        };
        Ok(Self {
            credential: MacKey::new(&derive("credential")?),
            cursor: MacKey::new(&derive("cursor")?),
            reference: MacKey::new(&derive("reference")?),
            digest: MacKey::new(&derive("digest")?),
            ticket: MacKey::new(&derive("ticket")?),
            pass: MacKey::new(&derive("pass")?),
            token: MacKey::new(&derive("token")?),
            file: MacKey::new(&derive("file")?),
            link: SealKey(derive("link")?),
            nonce: MacKey::new(&derive("nonce")?),
        })
    }
}

impl Keys {
    /// Seals a text that is kept for a while and may hold a secret, such as a reply that is to be given again.
    pub fn seal_text(&self, ids: &Ids, context: &str, text: &str) -> Result<String> {
        Ok(encode(&self.link.seal(ids.bytes(), context.as_bytes(), text.as_bytes())?))
    }

    /// The inverse of [`Keys::seal_text`].
    pub fn open_text(&self, context: &str, sealed: &str) -> Option<String> {
        String::from_utf8(self.link.open(context.as_bytes(), &decode(sealed)?)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn keys() -> Keys {
        Keys::derive(&Secret::new("a deployment secret of some length")).unwrap()
    }

    #[test]
    fn a_sealed_text_opens_only_with_its_key_and_context() {
        let key = SealKey::random(&Ids::seeded(1));
        let sealed = key.seal([7; 12], b"tenant", b"password").unwrap();
        assert_eq!(key.open(b"tenant", &sealed).unwrap(), b"password");
        assert!(key.open(b"other", &sealed).is_none());
        assert!(SealKey::random(&Ids::seeded(2)).open(b"tenant", &sealed).is_none());
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(key.open(b"tenant", &flipped).is_none(), "bit {bit}");
        }
        assert!(key.open(b"tenant", b"short").is_none());
    }

    #[test]
    fn a_digest_of_parts_is_that_of_the_whole() {
        let mut parts = Sha256::default();
        parts.add(b"a");
        parts.add(b"bc");
        let whole: String = sha256(b"abc").iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(parts.hex(), whole);
    }

    #[test]
    fn purposes_do_not_share_a_key_and_a_short_secret_is_refused() {
        let keys = keys();
        assert_ne!(keys.credential.sign(b"x"), keys.cursor.sign(b"x"));
        assert!(Keys::derive(&Secret::new("short")).is_err());
    }
}
