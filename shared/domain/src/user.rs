//! People who work for a tenant, and keys for its machines. Either is let in by a credential row that the doors read.

use kernel::crypto::MacKey;
use kernel::ids::{ApiKeyId, TenantId, UserId};
use kernel::{Email, Ids, Keys, Locale, Phone, Secret, Time, Zone};
use serde::{Deserialize, Serialize};
use store::Credential;
use store::schema::{self, Entity, Locator, Row};

use crate::notification::Preferences;
use crate::{Reach, Role};

/// A person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// The person's id.
    pub id: UserId,
    /// Name for people.
    pub name: String,
    /// Address.
    pub email: Email,
    /// What the person may do.
    pub role: Role,
    /// With what.
    #[serde(default, skip_serializing_if = "Reach::is_unlimited")]
    pub reach: Reach,
    /// The `sub` claim of tokens that speak for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Number that reminders by text message go to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// Time zone; the tenant's own when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// Locale; the tenant's own when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<Locale>,
    /// Whether work is given to the person by itself.
    #[serde(default = "yes")]
    pub available: bool,
    /// How the person wants to be told of things.
    #[serde(default, skip_serializing_if = "Preferences::is_empty")]
    pub preferences: Preferences,
    /// When the person was added.
    pub created_at: Time,
}

const fn yes() -> bool {
    true
}

impl Entity for User {
    const ROW: Row = schema::USER;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

/// A machine credential. The key itself is shown once and never stored: only its digest is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ApiKey {
    /// The key's id.
    pub id: ApiKeyId,
    /// What it is for.
    pub name: String,
    /// What its bearer may do.
    pub role: Role,
    /// With what.
    #[serde(default, skip_serializing_if = "Reach::is_unlimited")]
    pub reach: Reach,
    /// The beginning of the key, to recognise it by.
    pub start: String,
    /// Hexadecimal digest that the credential row is found by.
    pub digest: String,
    /// When it ends to be valid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
}

impl Entity for ApiKey {
    const ROW: Row = schema::API_KEY;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

/// Prefix of every API key, for secret scanners to find.
pub const KEY_PREFIX: &str = "swk_";

/// A new key: 32 random bytes behind the prefix.
pub fn new_key(ids: &Ids) -> Secret {
    Secret::new(format!("{KEY_PREFIX}{}", kernel::crypto::encode(&ids.bytes::<32>())))
}

fn digest(key: &MacKey, kind: &str, text: &str) -> String {
    let mac = key.sign(format!("{kind}\0{text}").as_bytes());
    mac.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Digest of an API key.
pub fn key_digest(keys: &Keys, key: &str) -> String {
    digest(&keys.credential, "key", key)
}

/// Digest of a token's issuer and subject.
pub fn subject_digest(keys: &Keys, issuer: &str, subject: &str) -> String {
    digest(&keys.credential, "subject", &format!("{issuer}\0{subject}"))
}

impl ApiKey {
    /// The credential that lets its bearer in.
    pub fn credential(&self, tenant: TenantId) -> Credential {
        Credential {
            digest: self.digest.clone(),
            tenant,
            role: self.role.as_str().to_owned(),
            reach: self.reach.text(),
            user: None,
            key: Some(self.id),
            ends: self.expires_at,
            used_at: None,
        }
    }
}

impl User {
    /// The credential of the person's tokens under that issuer, when a subject is known.
    pub fn credential(&self, tenant: TenantId, keys: &Keys, issuer: &str) -> Option<Credential> {
        let subject = self.subject.as_ref()?;
        Some(Credential {
            digest: subject_digest(keys, issuer, subject),
            tenant,
            role: self.role.as_str().to_owned(),
            reach: self.reach.text(),
            user: Some(self.id),
            key: None,
            ends: None,
            used_at: None,
        })
    }
}
