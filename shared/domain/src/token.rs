//! Tokens of an account that a person consented to: the access token that all processes use, and what the next one is asked for with.
//! They stand apart from the account, since they change by the hour and the account by people's hands.

use aws::Vault;
use kernel::ids::AccountId;
use kernel::{Error, Result, Secret, Time};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::Tenant;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The account.
    pub account: AccountId,
    /// Digest of who asks for tokens and whom, by the account's own word. What was given to another asker is of no use.
    pub of: String,
    /// A [`Pair`], sealed under the tenant's data key; none before the first was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// When the access token ends; none when there is none of use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Time>,
    /// Who asks for the next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Time>,
}

/// An access token and the refresh token that came with it or before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair {
    /// What calls are made with.
    pub access: Secret,
    /// What the next is asked for with.
    pub refresh: Option<Secret>,
}

impl Token {
    /// Where the tokens of an account are.
    pub fn at(account: AccountId) -> Locator {
        Locator::Natural(account.hex())
    }

    /// Whether somebody asks for the next at that moment.
    pub fn is_asked_for(&self, now: Time) -> bool {
        self.lease.is_some_and(|lease| lease > now)
    }

    /// The pair, when there is one and it was given to that asker.
    pub async fn open(&self, vault: &Vault, tenant: &Tenant, of: &str) -> Result<Option<Pair>> {
        let Some(sealed) = self.sealed.as_ref().filter(|_| self.of == of) else { return Ok(None) };
        let plain = vault.open(tenant.id, &tenant.data_key, sealed).await?;
        serde_json::from_slice(&plain).map(Some).map_err(|_| Error::internal("stored tokens are not JSON"))
    }
}

impl Pair {
    /// Seals the pair under the tenant's data key.
    pub async fn seal(&self, vault: &Vault, tenant: &Tenant) -> Result<String> {
        let plain = serde_json::to_vec(self).map_err(|error| Error::internal(error.to_string()))?;
        vault.seal(tenant.id, &tenant.data_key, &plain).await
    }
}

impl Entity for Token {
    const ROW: Row = schema::TOKEN;

    fn locator(&self) -> Locator {
        Self::at(self.account)
    }
}
