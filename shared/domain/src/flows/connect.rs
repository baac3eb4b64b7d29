//! Accounts with their callback routes and sealed credentials.

use aws::Vault;
use kernel::{Error, Keys, Result, Time};
use serde_json::Value;
use store::{Stored, TenantScope};

use super::{look, renew};
use crate::{Account, Mailbox, Tenant};

/// Seals credentials under the tenant's data key.
pub async fn seal(vault: &Vault, tenant: &Tenant, credentials: &Value) -> Result<String> {
    vault.seal(tenant.id, &tenant.data_key, credentials.to_string().as_bytes()).await
}

/// Opens an account's credentials.
pub async fn open(vault: &Vault, tenant: &Tenant, account: &Account) -> Result<Value> {
    let plain = vault.open(tenant.id, &tenant.data_key, &account.credentials).await?;
    serde_json::from_slice(&plain).map_err(|_| Error::internal("stored credentials are not JSON"))
}

/// How often a change is tried against looks into the account's mailbox, and against processes that renew its token.
const TRIES: usize = 8;

/// Writes a new account, its callback route, and its mailbox where that is read.
pub async fn create(keys: &Keys, scope: &TenantScope, account: &Account) -> Result<()> {
    let digest = Account::route_digest(keys, &account.route);
    let mut writes = vec![scope.creating(account)?, scope.routing(&account.provider, &digest, account.id)?];
    if let Some(reads) = account.reads() {
        writes.push(scope.creating(&Mailbox::new(account.id, reads, account.created_at))?);
    }
    let refused = scope.transact(writes).await?;
    // An account of this id is there when an earlier try of the same request got this far.
    if refused.is_none() || scope.read_now::<Account>(account.id).await?.is_some() {
        Ok(())
    } else {
        Err(Error::conflict("the account exists already"))
    }
}

/// Writes a changed account, and its mailbox as its settings say it is read now. `read` says whether it was read before. Answers with
/// the version.
pub async fn change(scope: &TenantScope, account: &Stored<Account>, read: bool, now: Time) -> Result<u64> {
    let reads = account.row.reads();
    if !read && reads.is_none() {
        return scope.replace(account).await;
    }
    for _ in 0..TRIES {
        let mut writes = vec![scope.replacing(account)?];
        writes.extend(look::fitting(scope, account.row.id, reads.clone(), now).await?);
        match scope.transact(writes).await? {
            None => return Ok(account.version + 1),
            Some(0) => return Err(Error::Stale { version: scope.find::<Account>(account.row.id).await?.version }),
            Some(_) => {}
        }
    }
    Err(Error::unavailable("the account's mailbox is being changed too fast"))
}

/// Deletes an account with its tokens and mailbox; callbacks to its address are unknown from then on.
pub async fn delete(keys: &Keys, scope: &TenantScope, account: &Stored<Account>) -> Result<()> {
    let digest = Account::route_digest(keys, &account.row.route);
    for _ in 0..TRIES {
        let mut writes = vec![scope.erasing(account)?, scope.unrouting(&account.row.provider, &digest)?];
        writes.extend(renew::erasing(scope, account.row.id).await?);
        if account.row.reads().is_some() {
            writes.extend(look::fitting(scope, account.row.id, None, account.row.updated_at).await?);
        }
        match scope.transact(writes).await? {
            None => return Ok(()),
            Some(0) => return Err(Error::conflict("the account was changed by another request")),
            // A look moved the mailbox, or a process has asked for a token.
            Some(_) => {}
        }
    }
    Err(Error::unavailable("the account's mailbox or token is being changed too fast"))
}
