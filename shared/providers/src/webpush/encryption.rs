//! Encrypts for one browser (RFC 8291), in one record of `aes128gcm` (RFC 8188).

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::hmac;
use kernel::crypto;

/// Bytes of the whole body, which every service takes (RFC 8030 section 7.2).
const BODY: usize = 4096;
/// Bytes of an uncompressed point.
const POINT: usize = 65;
/// Bytes of salt, size of records, length of the key and the key.
const HEAD: usize = 16 + 4 + 1 + POINT;
/// Most bytes that can be encrypted: a record ends with a mark and a tag.
pub(super) const PLAIN: usize = BODY - HEAD - 1 - 16;

/// What a browser's subscription has to encrypt for.
pub(super) struct Keys {
    public: Vec<u8>,
    auth: Vec<u8>,
}

impl Keys {
    /// Reads `p256dh` and `auth`.
    pub(super) fn read(public: &str, auth: &str) -> Option<Self> {
        let keys = Self { public: decode(public)?, auth: decode(auth)? };
        // 4 stands for both coordinates.
        let whole = keys.public.len() == POINT && keys.public.first() == Some(&4) && keys.auth.len() == 16;
        (whole && ParsedPublicKey::try_from(keys.point()).is_ok()).then_some(keys)
    }

    fn point(&self) -> UnparsedPublicKey<&[u8]> {
        UnparsedPublicKey::new(&ECDH_P256, &self.public)
    }

    /// The body for this plain text. The entropy is used for this one attempt: 32 bytes make the sender's key, 16 are the salt.
    pub(super) fn encrypt(&self, plain: &[u8], entropy: &[u8; 48]) -> Option<Vec<u8>> {
        let (seed, salt) = entropy.split_at(32);
        let sender = private_key(seed)?;
        let point = sender.compute_public_key().ok()?;
        let shared = agree(&sender, self.point(), (), |secret| Ok(mac(&self.auth, &[secret])));
        let input = mac(&shared.ok()?, &[b"WebPush: info\0", &self.public, point.as_ref(), &[1]]);
        let key = mac(salt, &[&input]);
        let cipher = mac(&key, &[b"Content-Encoding: aes128gcm\0", &[1]]);
        let nonce = mac(&key, &[b"Content-Encoding: nonce\0", &[1]]);
        let cipher = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, cipher.get(..16)?).ok()?);
        let nonce = Nonce::try_assume_unique_for_key(nonce.get(..12)?).ok()?;
        // 2 marks the last record.
        let mut record = [plain, &[2]].concat();
        cipher.seal_in_place_append_tag(nonce, Aad::empty(), &mut record).ok()?;
        let size = u32::try_from(BODY).ok()?.to_be_bytes();
        Some([salt, &size, &[u8::try_from(POINT).ok()?], point.as_ref(), &record].concat())
    }
}

/// One in four thousand million numbers is too large for a key: then its hash is tried.
fn private_key(seed: &[u8]) -> Option<PrivateKey> {
    let read = |bytes: &[u8]| PrivateKey::from_private_key(&ECDH_P256, bytes).ok();
    read(seed).or_else(|| read(&crypto::sha256(seed)))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    let mut code = [0; 32];
    code.copy_from_slice(context.sign().as_ref());
    code
}

/// Base64 as browsers and libraries write it: URL-safe by the standard, with or without padding, or the older alphabet.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    crypto::decode(&text.trim_end_matches('=').replace('+', "-").replace('/', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 8291, section 5 and appendix A.
    const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    fn entropy() -> [u8; 48] {
        let parts = ["yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", "DGv6ra1nlYgDCS1FRnbzlw"];
        parts.map(|part| decode(part).unwrap()).concat().try_into().unwrap()
    }

    #[test]
    fn the_example_of_rfc_8291_is_encrypted_to_the_byte() {
        let body = Keys::read(PUBLIC, AUTH).unwrap().encrypt(b"When I grow up, I want to be a watermelon", &entropy());
        assert_eq!(
            crypto::encode(&body.unwrap()),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A\
             _yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
        );
    }

    #[test]
    fn the_longest_text_fills_the_body() {
        let body = Keys::read(PUBLIC, AUTH).unwrap().encrypt(&[b'x'; PLAIN], &entropy()).unwrap();
        assert_eq!((PLAIN, body.len()), (3993, 4096));
    }

    #[test]
    fn keys_are_read_in_every_alphabet_and_refused_when_they_are_none() {
        let older = format!("{}=", PUBLIC.replace('-', "+").replace('_', "/"));
        assert!(Keys::read(&older, &format!("{AUTH}==")).is_some());
        let compressed = crypto::encode(&[&[2], &decode(PUBLIC).unwrap()[1..33]].concat());
        let mut beside = decode(PUBLIC).unwrap();
        beside[64] ^= 1;
        for (public, auth) in [
            (compressed.as_str(), AUTH),
            (crypto::encode(&beside).as_str(), AUTH),
            (PUBLIC, "BTBZMqHH6r4Tts7J_aSI"),
            (PUBLIC, ""),
            ("", AUTH),
            ("!", AUTH),
        ] {
            assert!(Keys::read(public, auth).is_none(), "{public} {auth}");
        }
    }

    #[test]
    fn any_entropy_makes_a_key() {
        for seed in [[0; 32], [255; 32]] {
            assert!(private_key(&seed).is_some());
        }
    }
}
