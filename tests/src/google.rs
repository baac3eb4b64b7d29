//! Google as Pub/Sub's posts know it: a key that signs tokens, and the set that it is published in.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// Where the set is published.
pub const KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// A key with its id.
pub struct Google {
    key: KeyPair,
    id: String,
}

impl Google {
    /// A new key of that id.
    pub fn with_key(id: &str) -> Self {
        Self { key: KeyPair::generate(KeySize::Rsa2048).unwrap(), id: id.to_owned() }
    }

    /// The set that is published: this key alone.
    pub fn set(&self) -> Vec<u8> {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        // In DER, after nine bytes, the 256 of the modulus; then two bytes, and the three of the exponent.
        let public = self.key.public_key().as_ref();
        let (n, e) = (encode(&public[9..265]), encode(&public[267..]));
        let key = json!({ "kty": "RSA", "kid": self.id, "alg": "RS256", "use": "sig", "n": n, "e": e });
        json!({ "keys": [key] }).to_string().into_bytes()
    }

    /// A token with those claims (RFC 7515).
    pub fn token(&self, claims: &Value) -> String {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.id });
        let text = [header.to_string(), claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(&signature))
    }
}
