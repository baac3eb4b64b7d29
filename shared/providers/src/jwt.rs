//! JSON web tokens that we make (RFC 7519), signed by RS256 or ES256 (RFC 7518).
//!
//! RS256 (RSASSA-PKCS1-v1_5) gives the same token for the same claims. ES256 does not: an ECDSA signature needs a number that is
//! never used twice, aws-lc draws it inside, and a number from anywhere else would put the key at risk. This is the one place in
//! the providers where the same input gives other bytes; the token stands in the login only, so the message's bytes stay the same.

use aws_lc_rs::agreement::{ECDH_P256, PrivateKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use kernel::{Error, Result, Secret, crypto};
use rustls_pki_types::PrivatePkcs8KeyDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Map, Value, json};

use crate::settings::fault;

/// A private key that signs tokens.
pub(crate) enum Signer {
    /// RSA, at least 2048 bits.
    Rs256(Box<RsaKeyPair>),
    /// ECDSA on P-256.
    Es256(Box<EcdsaKeyPair>),
}

impl Signer {
    /// Reads an RSA key in PEM (PKCS #8). `pointer` says where it stands.
    pub(crate) fn rs256(pem: &Secret, pointer: &str) -> Result<Self> {
        let key = pkcs8(pem).and_then(|der| RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).ok());
        let key = key.ok_or_else(|| fault(pointer, "an RSA private key in PEM (BEGIN PRIVATE KEY) is needed"))?;
        Ok(Self::Rs256(Box::new(key)))
    }

    /// Reads a P-256 key in PEM (PKCS #8), such as Apple's `.p8` file. `pointer` says where it stands.
    pub(crate) fn es256(pem: &Secret, pointer: &str) -> Result<Self> {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = pkcs8(pem).and_then(|der| EcdsaKeyPair::from_pkcs8(algorithm, der.secret_pkcs8_der()).ok());
        let key = key.ok_or_else(|| fault(pointer, "a P-256 private key in PEM (BEGIN PRIVATE KEY) is needed"))?;
        Ok(Self::Es256(Box::new(key)))
    }

    /// Reads a P-256 key that is given as its bare 32 bytes in URL-safe base64, as VAPID keys are. `pointer` says where it stands.
    pub(crate) fn bare_es256(text: &Secret, pointer: &str) -> Result<Self> {
        let read = || {
            let bytes = crypto::decode(text.reveal())?;
            let public = PrivateKey::from_private_key(&ECDH_P256, &bytes).ok()?.compute_public_key().ok()?;
            let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
            EcdsaKeyPair::from_private_key_and_public_key(algorithm, &bytes, public.as_ref()).ok()
        };
        let key = read().ok_or_else(|| fault(pointer, "the 32 bytes of a P-256 private key in URL-safe base64 are needed"))?;
        Ok(Self::Es256(Box::new(key)))
    }

    /// The public key: an uncompressed point (ES256), or an `RSAPublicKey` in DER.
    pub(crate) fn public_key(&self) -> &[u8] {
        match self {
            Self::Rs256(key) => key.public_key().as_ref(),
            Self::Es256(key) => key.public_key().as_ref(),
        }
    }

    /// Signs the claims. `key_id` becomes `kid`.
    pub(crate) fn token(&self, key_id: Option<&str>, claims: &Value) -> Result<Secret> {
        let algorithm = match self {
            Self::Rs256(_) => "RS256",
            Self::Es256(_) => "ES256",
        };
        let mut header = Map::from_iter([("alg".to_owned(), json!(algorithm)), ("typ".to_owned(), json!("JWT"))]);
        if let Some(id) = key_id {
            header.insert("kid".to_owned(), json!(id));
        }
        let text =
            [Value::Object(header).to_string(), claims.to_string()].map(|part| crypto::encode(part.as_bytes())).join(".");
        let signature = self.sign(text.as_bytes()).ok_or_else(|| Error::internal("a token could not be signed"))?;
        Ok(Secret::new(format!("{text}.{}", crypto::encode(&signature))))
    }

    fn sign(&self, text: &[u8]) -> Option<Vec<u8>> {
        let random = SystemRandom::new();
        match self {
            Self::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, text, &mut signature).ok()?;
                Some(signature)
            }
            Self::Es256(key) => Some(key.sign(&random, text).ok()?.as_ref().to_vec()),
        }
    }
}

fn pkcs8(pem: &Secret) -> Option<PrivatePkcs8KeyDer<'static>> {
    PrivatePkcs8KeyDer::from_pem_slice(pem.reveal().as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};

    use super::*;

    fn parts(token: &Secret) -> (String, Value, Value, Vec<u8>) {
        let (text, signature) = token.reveal().rsplit_once('.').unwrap();
        let read = |part: &str| serde_json::from_slice(&crypto::decode(part).unwrap()).unwrap();
        let (header, claims) = text.split_once('.').unwrap();
        (text.to_owned(), read(header), read(claims), crypto::decode(signature).unwrap())
    }

    #[test]
    fn rs256_is_verified_by_the_public_key_and_always_the_same() {
        let pem = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_pem();
        let signer = Signer::rs256(&Secret::new(pem), "/credentials/private_key").unwrap();
        let claims = json!({"iss": "robot@shop.example"});
        let token = signer.token(Some("k1"), &claims).unwrap();
        assert_eq!(signer.token(Some("k1"), &claims).unwrap(), token);
        let (text, header, read, signature) = parts(&token);
        assert_eq!((header, read), (json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}), claims));
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, signer.public_key()).verify(text.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn es256_has_the_64_bytes_of_the_web_and_is_verified_by_the_public_key() {
        let pem = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
        let signer = Signer::es256(&Secret::new(pem), "/credentials/private_key").unwrap();
        let (text, header, _, signature) = parts(&signer.token(None, &json!({})).unwrap());
        assert_eq!((header, signature.len()), (json!({"alg": "ES256", "typ": "JWT"}), 64));
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, signer.public_key()).verify(text.as_bytes(), &signature).unwrap();
    }

    #[test]
    fn a_bare_key_has_the_public_key_of_rfc_8291() {
        let signer = Signer::bare_es256(&Secret::new("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "/k").unwrap();
        assert_eq!(
            crypto::encode(signer.public_key()),
            "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
        );
    }

    #[test]
    fn a_key_that_cannot_be_read_is_named_but_not_quoted() {
        let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_pem();
        let curve = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem();
        type Read = fn(&Secret, &str) -> Result<Signer>;
        let (read_rsa, read_curve): (Read, Read) = (Signer::rs256, Signer::es256);
        for (read, text) in [
            (read_rsa, curve.as_str()),
            (read_curve, rsa.as_str()),
            (read_rsa, "hunter2"),
            (read_curve, ""),
            (Signer::bare_es256, "hunter2"),
            (Signer::bare_es256, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ] {
            let Err(Error::Invalid(faults)) = read(&Secret::new(text), "/credentials/key") else { unreachable!("{text}") };
            assert_eq!(faults[0].pointer, "/credentials/key");
            assert!(!faults[0].detail.contains("hunter2"));
        }
    }
}
