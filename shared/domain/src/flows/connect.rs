//! Accounts with their callback routes and sealed credentials.

use aws::Vault;
use kernel::{Error, Keys, Result};
use serde_json::Value;
use store::{Stored, TenantScope};

use super::renew;
use crate::{Account, Tenant};

/// Seals credentials under the tenant's data key.
pub async fn seal(vault: &Vault, tenant: &Tenant, credentials: &Value) -> Result<String> {
    vault.seal(tenant.id, &tenant.data_key, credentials.to_string().as_bytes()).await
}

/// Opens an account's credentials.
pub async fn open(vault: &Vault, tenant: &Tenant, account: &Account) -> Result<Value> {
    let plain = vault.open(tenant.id, &tenant.data_key, &account.credentials).await?;
    serde_json::from_slice(&plain).map_err(|_| Error::internal("stored credentials are not JSON"))
}

/// Writes a new account and its callback route.
pub async fn create(keys: &Keys, scope: &TenantScope, account: &Account) -> Result<()> {
    let digest = Account::route_digest(keys, &account.route);
    let writes = vec![scope.creating(account)?, scope.routing(&account.provider, &digest, account.id)?];
    let refused = scope.transact(writes).await?;
    // An account of this id is there when an earlier try of the same request got this far.
    if refused.is_none() || scope.read_now::<Account>(account.id).await?.is_some() {
        Ok(())
    } else {
        Err(Error::conflict("the account exists already"))
    }
}

/// Deletes an account with its tokens; callbacks to its address are unknown from then on.
pub async fn delete(keys: &Keys, scope: &TenantScope, account: &Stored<Account>) -> Result<()> {
    let digest = Account::route_digest(keys, &account.row.route);
    let mut writes = vec![scope.erasing(account)?, scope.unrouting(&account.row.provider, &digest)?];
    writes.extend(renew::erasing(scope, account.row.id).await?);
    match scope.transact(writes).await? {
        None => Ok(()),
        Some(_) => Err(Error::conflict("the account was changed by another request")),
    }
}
