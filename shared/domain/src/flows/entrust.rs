//! Errands about an account: written together with a note on the account that says what is under way, and settled by another note.

use kernel::{Error, Result};
use store::{Stored, TenantScope, Write};

use crate::account::Check;
use crate::{Account, Errand};

/// How often a note is tried against other writers of the account.
const TRIES: usize = 8;

/// Writes an errand, and on its account that it is under way. `ready` says what else changes of the account, or why the errand is not
/// to be. Written twice it is written once.
pub async fn entrust(
    scope: &TenantScope,
    errand: &Errand,
    ready: impl Fn(&mut Account) -> Result<()>,
) -> Result<Stored<Account>> {
    for _ in 0..TRIES {
        let mut account = scope.find::<Account>(errand.account).await?;
        if account.row.check.as_ref().is_some_and(|check| check.errand == errand.id) {
            return Ok(account);
        }
        ready(&mut account.row)?;
        account.row.check = Some(Check::pending(errand.id));
        if scope.transact(vec![scope.replacing(&account)?, scope.creating(errand)?]).await?.is_none() {
            account.version += 1;
            return Ok(account);
        }
    }
    Err(Error::unavailable(format!("{} is being changed too fast", errand.account)))
}

/// The account, when it still waits for what comes of the errand.
pub async fn waiting(scope: &TenantScope, errand: &Errand) -> Result<Option<Stored<Account>>> {
    let account = scope.read_now::<Account>(errand.account).await?;
    Ok(account.filter(|account| account.row.check.as_ref().is_some_and(|check| check.is_pending_for(errand.id))))
}

/// Notes on the account what came of the errand, in one transaction with what else is to be written. An account that waits for it no
/// longer is left alone, and so is the rest.
pub async fn report<W: Future<Output = Result<Vec<Write>>>>(
    scope: &TenantScope,
    errand: &Errand,
    note: impl Fn(&mut Account),
    further: impl Fn() -> W,
) -> Result<()> {
    for _ in 0..TRIES {
        let Some(mut account) = waiting(scope, errand).await? else { return Ok(()) };
        note(&mut account.row);
        let mut writes = vec![scope.replacing(&account)?];
        writes.extend(further().await?);
        if scope.transact(writes).await?.is_none() {
            return Ok(());
        }
    }
    Err(Error::unavailable(format!("{} is being changed too fast", errand.account)))
}
