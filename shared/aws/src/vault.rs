//! The vault: a data key per tenant, wrapped by KMS in AWS and by a key file locally. Credentials are sealed under the data key
//! with the tenant as context (envelope encryption), so one KMS call serves a tenant for as long as the process keeps the key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use kernel::crypto::SealKey;
use kernel::ids::TenantId;
use kernel::{Clock, Error, Ids, Result, Time, crypto};

use crate::Connection;

/// How long an unwrapped data key stays in memory.
const KEEP_MILLIS: i64 = 5 * 60 * 1000;
/// How many of them.
const KEEP: usize = 1000;

/// The port for data keys.
#[derive(Clone, Debug)]
pub struct Vault {
    home: Home,
    clock: Clock,
    ids: Ids,
    cache: Arc<Mutex<BTreeMap<String, (Time, SealKey)>>>,
}

#[derive(Clone, Debug)]
enum Home {
    Kms { connection: Connection, client: Arc<OnceLock<Client>>, key: String },
    File(SealKey),
}

fn context(tenant: TenantId) -> String {
    format!("switchboard:{tenant}")
}

impl Vault {
    /// Data keys wrapped by that KMS key.
    pub fn kms(connection: Connection, key: String, clock: Clock, ids: Ids) -> Self {
        Self { home: Home::Kms { connection, client: Arc::default(), key }, clock, ids, cache: Arc::default() }
    }

    /// Data keys wrapped by this key, which the caller keeps in a file.
    pub fn file(key: SealKey, clock: Clock, ids: Ids) -> Self {
        Self { home: Home::File(key), clock, ids, cache: Arc::default() }
    }

    /// A new data key for the tenant, in its wrapped form: what is stored beside the sealed text.
    pub async fn new_key(&self, tenant: TenantId) -> Result<String> {
        match &self.home {
            Home::Kms { connection, client, key } => {
                let client = client.get_or_init(|| Client::new(connection.config()));
                let output = client
                    .generate_data_key()
                    .key_id(key)
                    .key_spec(DataKeySpec::Aes256)
                    .encryption_context("tenant", context(tenant))
                    .send()
                    .await
                    .map_err(|error| Error::unavailable(format!("KMS GenerateDataKey: {error:?}")))?;
                let wrapped = output.ciphertext_blob().ok_or_else(|| Error::internal("KMS gave no data key"))?;
                Ok(crypto::encode(wrapped.as_ref()))
            }
            Home::File(master) => {
                let key = SealKey::random(&self.ids);
                let sealed = master.seal(self.ids.bytes(), context(tenant).as_bytes(), key.bytes())?;
                Ok(crypto::encode(&sealed))
            }
        }
    }

    async fn unwrap_key(&self, tenant: TenantId, wrapped: &str) -> Result<SealKey> {
        let now = self.clock.now();
        let name = format!("{tenant}:{wrapped}");
        if let Some(key) = self.cached(&name, now) {
            return Ok(key);
        }
        let bytes = crypto::decode(wrapped).ok_or_else(|| Error::internal("a wrapped key is not base64"))?;
        let key = match &self.home {
            Home::Kms { connection, client, key } => {
                let client = client.get_or_init(|| Client::new(connection.config()));
                let output = client
                    .decrypt()
                    .key_id(key)
                    .ciphertext_blob(Blob::new(bytes))
                    .encryption_context("tenant", context(tenant))
                    .send()
                    .await
                    .map_err(|error| Error::unavailable(format!("KMS Decrypt: {error:?}")))?;
                SealKey::new(output.plaintext().map(Blob::as_ref).unwrap_or_default())?
            }
            Home::File(master) => {
                let plain = master
                    .open(context(tenant).as_bytes(), &bytes)
                    .ok_or_else(|| Error::internal("a data key was wrapped by another key file"))?;
                SealKey::new(&plain)?
            }
        };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= KEEP {
            cache.clear();
        }
        cache.insert(name, (now, key.clone()));
        Ok(key)
    }

    fn cached(&self, name: &str, now: Time) -> Option<SealKey> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.get(name).filter(|(since, _)| now.since(*since) < KEEP_MILLIS).map(|(_, key)| key.clone())
    }

    /// Seals a text under the tenant's data key.
    pub async fn seal(&self, tenant: TenantId, wrapped: &str, plain: &[u8]) -> Result<String> {
        let key = self.unwrap_key(tenant, wrapped).await?;
        Ok(crypto::encode(&key.seal(self.ids.bytes(), context(tenant).as_bytes(), plain)?))
    }

    /// The inverse of [`Vault::seal`].
    pub async fn open(&self, tenant: TenantId, wrapped: &str, sealed: &str) -> Result<Vec<u8>> {
        let key = self.unwrap_key(tenant, wrapped).await?;
        crypto::decode(sealed)
            .and_then(|bytes| key.open(context(tenant).as_bytes(), &bytes))
            .ok_or_else(|| Error::internal("a sealed text does not open under its tenant's key"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_sealed_for_one_tenant_opens_for_no_other() {
        let (ids, clock) = (Ids::seeded(1), Clock::manual(Time::from_millis(1)));
        let vault = Vault::file(SealKey::random(&ids), clock.clone(), ids.clone());
        let (one, two) = (TenantId::new(&ids, &clock), TenantId::new(&ids, &clock));
        let key = vault.new_key(one).await.unwrap();
        let sealed = vault.seal(one, &key, b"password").await.unwrap();
        assert_eq!(vault.open(one, &key, &sealed).await.unwrap(), b"password");
        assert!(vault.open(two, &key, &sealed).await.is_err());
        let other = Vault::file(SealKey::random(&ids), clock, ids);
        assert!(other.open(one, &key, &sealed).await.is_err());
    }
}
