//! Mail that a provider puts into our bucket, and only tells of.
//!
//! Who tells of it may be a topic of a tenant's own, which says whatever the tenant likes. So mail is read from our bucket alone, and
//! there below what is the account's that the callback came by.

use aws::Files;
use domain::Account;
use futures_util::TryStreamExt;
use kernel::{Error, Result};
use providers::collecting::LARGEST;
use providers::{Deposit, Inbound, Receiving, Setup, Verified};
use store::TenantScope;

/// The mail that the callback tells of. An error when it is not where the account's mail is, or cannot be read now.
pub(crate) async fn read(
    files: &Files,
    scope: &TenantScope,
    account: &Account,
    provider: &dyn Receiving,
    verified: &Verified,
    setup: &Setup<'_>,
) -> Result<Option<Inbound>> {
    let Some(deposit) = provider.deposit(verified, setup) else { return Ok(None) };
    if files.bucket() != Some(&deposit.bucket) || !is_of(scope, account, &deposit) {
        tracing::warn!(account.id = %account.id, ?deposit, "mail is not where that of {} has to be", account.id);
        return Err(Error::Unauthenticated);
    }
    let size = files
        .size(&deposit.key)
        .await?
        .ok_or_else(|| Error::unavailable("a mail that was put into the bucket is not there"))?;
    // Of a larger one the header is kept that the callback tells.
    let Some(room) = usize::try_from(size).ok().filter(|size| *size <= LARGEST) else {
        tracing::warn!(account.id = %account.id, size, "a mail is too large to be read");
        return Ok(provider.deposited(verified, setup, None));
    };
    let raw = whole(files, &deposit.key, room).await?;
    Ok(provider.deposited(verified, setup, Some(&raw)))
}

/// Whether the key is one of the account's own: what follows is the name that the provider made, and leads nowhere else.
fn is_of(scope: &TenantScope, account: &Account, deposit: &Deposit) -> bool {
    let name = deposit.key.strip_prefix(&account.deposits(scope.tenant()));
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    name.is_some_and(|name| (1..=128).contains(&name.len()) && name.bytes().all(plain))
}

async fn whole(files: &Files, key: &str, room: usize) -> Result<Vec<u8>> {
    let add = async |mut all: Vec<u8>, part: bytes::Bytes| {
        all.extend_from_slice(&part);
        Ok(all)
    };
    files.read(key).map_err(Error::unavailable).try_fold(Vec::with_capacity(room), add).await
}
