//! Tokens of people (JWT, RFC 7519): one issuer per deployment, its keys from a JWKS address (RFC 7517), or HS256 under a shared
//! secret in local use. The algorithm is the issuer's, never the token's.

use std::sync::{Mutex, PoisonError};

use aws::Fetch;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;

/// How long a key set is trusted before it is read again.
const FRESH_MILLIS: i64 = 10 * 60 * 1000;
/// How soon an unknown key id may make us read it again.
const PATIENCE_MILLIS: i64 = 60 * 1000;
/// How far an issuer's clock may be off.
const SKEW_SECONDS: i64 = 60;

/// Who issues tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// The `iss` claim.
    pub name: String,
    /// The `aud` claim.
    pub audience: String,
    /// Where its keys come from.
    pub keys: IssuerKeys,
}

/// Where an issuer's keys come from.
#[derive(Clone, Debug)]
pub enum IssuerKeys {
    /// The address of its key set.
    Jwks(String),
    /// A shared secret (HS256), for local use.
    Shared(Secret),
}

#[derive(Debug)]
pub(crate) struct Tokens {
    issuer: Option<Issuer>,
    fetch: Fetch,
    set: Mutex<Option<(Time, JwkSet)>>,
}

/// The claims that are read.
#[derive(Debug, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

impl Tokens {
    pub(crate) const fn new(issuer: Option<Issuer>, fetch: Fetch) -> Self {
        Self { issuer, fetch, set: Mutex::new(None) }
    }

    pub(crate) fn issuer(&self) -> Option<&str> {
        self.issuer.as_ref().map(|issuer| issuer.name.as_str())
    }

    /// The claims of a genuine, current token of the issuer.
    pub(crate) async fn verify(&self, token: &str, now: Time) -> Result<Claims> {
        let issuer = self.issuer.as_ref().ok_or(Error::Unauthenticated)?;
        let header = jsonwebtoken::decode_header(token).map_err(|_| Error::Unauthenticated)?;
        let (key, algorithm) = match &issuer.keys {
            IssuerKeys::Shared(secret) => (DecodingKey::from_secret(secret.reveal().as_bytes()), Algorithm::HS256),
            IssuerKeys::Jwks(address) => {
                let allowed = [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA];
                if !allowed.contains(&header.alg) {
                    return Err(Error::Unauthenticated);
                }
                (self.key(address, header.kid.as_deref(), now).await?, header.alg)
            }
        };
        let mut validation = Validation::new(algorithm);
        validation.set_audience(&[&issuer.audience]);
        validation.set_issuer(&[&issuer.name]);
        validation.set_required_spec_claims(&["exp", "sub", "iss", "aud"]);
        // Times are judged by our own clock below.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| Error::Unauthenticated)?.claims;
        let seconds = now.seconds();
        let current = claims.exp > seconds - SKEW_SECONDS && claims.nbf.is_none_or(|from| from <= seconds + SKEW_SECONDS);
        if current { Ok(claims) } else { Err(Error::Unauthenticated) }
    }

    async fn key(&self, address: &str, kid: Option<&str>, now: Time) -> Result<DecodingKey> {
        let kept = self.set.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((since, set)) = kept {
            let found = find(&set, kid);
            if now.since(since) < FRESH_MILLIS && (found.is_some() || now.since(since) < PATIENCE_MILLIS) {
                return found.ok_or(Error::Unauthenticated);
            }
        }
        let body = self.fetch.read(address).await?;
        let set: JwkSet = serde_json::from_slice(&body).map_err(|_| Error::unavailable("the key set cannot be read"))?;
        let found = find(&set, kid);
        *self.set.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, set));
        found.ok_or(Error::Unauthenticated)
    }
}

fn find(set: &JwkSet, kid: Option<&str>) -> Option<DecodingKey> {
    let jwk = match kid {
        Some(kid) => set.find(kid)?,
        None => set.keys.first().filter(|_| set.keys.len() == 1)?,
    };
    DecodingKey::from_jwk(jwk).ok()
}
