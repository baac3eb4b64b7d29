//! Tokens of people, as the stage's issuer makes them.

use api::token::IssuerKeys;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use kernel::Time;
use serde_json::{Value, json};

/// Claims of a token for that subject, good for an hour from `now`.
pub fn claims(subject: &str, now: Time) -> Value {
    let issuer = local::stage::issuer();
    json!({ "iss": issuer.name, "aud": issuer.audience, "sub": subject, "iat": now.seconds(), "exp": now.seconds() + 3600 })
}

/// A token of the stage's issuer.
pub fn signed(claims: &Value) -> String {
    let IssuerKeys::Shared(secret) = local::stage::issuer().keys else { panic!("the stage's issuer signs with a secret") };
    signed_with(claims, Algorithm::HS256, secret.reveal().as_bytes())
}

/// A token under any secret.
pub fn signed_with(claims: &Value, algorithm: Algorithm, secret: &[u8]) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret)).unwrap()
}
