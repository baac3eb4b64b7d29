//! Renewing the tokens of an account that a person consented to: what `send` and `collect` carry out around the question to the provider.
//!
//! All processes share one row of tokens. Whoever finds that the access token is about to end takes the lease with one conditional
//! write, asks the provider, and writes what came with another; everybody else carries on with the old one as long as it lasts. So a
//! refresh token is used by one process at a time, and a provider may take each once only.

use kernel::ids::AccountId;
use kernel::{Result, Time};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Outcome, Stored, TenantScope, Value, Write};

use super::Context;
use crate::{Account, Token};

/// How long a lease holds: longer than a provider is waited for.
const LEASE_SECONDS: i64 = 15;
/// How often a conditional write is tried when its answer is lost.
const WRITES: usize = 4;

/// Who asks for the next token.
#[derive(Clone, Debug)]
pub enum Begun {
    /// Whoever has this word.
    Mine(String),
    /// Somebody else does or did; this is the row as it is now.
    Others(Option<Box<Stored<Token>>>),
}

/// The tokens of an account as they are now.
pub async fn find(scope: &TenantScope, account: AccountId) -> Result<Option<Stored<Token>>> {
    scope.read_now::<Token>(Token::at(account)).await
}

/// Takes the lease over the row as it was found. What was given to another asker is forgotten.
pub async fn begin(
    context: &Context,
    scope: &TenantScope,
    account: AccountId,
    of: &str,
    found: Option<Stored<Token>>,
) -> Result<Begun> {
    let now = context.clock.now();
    let owner = kernel::crypto::encode(&context.ids.bytes::<9>());
    let lease = now.plus_seconds(LEASE_SECONDS);
    let Some(found) = found else { return first(scope, account, of, owner, lease).await };
    if found.row.is_asked_for(now) {
        return Ok(Begun::Others(Some(Box::new(found))));
    }
    let change = Change::new().set(attr::OWNER, Value::S(owner.clone())).set(attr::LEASE, n(lease.millis()));
    let change = if found.row.of == of {
        change
    } else {
        change.set(attr::OF, Value::S(of.to_owned())).remove(attr::SEALED).remove(attr::ENDS)
    };
    match scope.change::<Token>(Token::at(account), change, Cond::Version(found.version)).await? {
        Outcome::Done(_) => Ok(Begun::Mine(owner)),
        // A write whose answer was lost is repeated on the way and then refused by its own first try.
        Outcome::Refused(Some(row)) if row.row.owner.as_ref() == Some(&owner) => Ok(Begun::Mine(owner)),
        Outcome::Refused(row) => Ok(Begun::Others(row.map(Box::new))),
    }
}

/// The first row of an account, which must still be there.
async fn first(scope: &TenantScope, account: AccountId, of: &str, owner: String, lease: Time) -> Result<Begun> {
    let there = scope.find::<Account>(account).await?;
    let row = Token { account, of: of.to_owned(), sealed: None, ends: None, owner: Some(owner.clone()), lease: Some(lease) };
    match scope.transact(vec![scope.creating(&row)?, scope.checking(&there)?]).await? {
        None => Ok(Begun::Mine(owner)),
        Some(_) => match find(scope, account).await? {
            Some(found) if found.row.owner.as_ref() == Some(&owner) => Ok(Begun::Mine(owner)),
            found => Ok(Begun::Others(found.map(Box::new))),
        },
    }
}

/// Writes what the provider gave, unless the lease went to somebody else meanwhile or somebody consented anew.
pub async fn settle(scope: &TenantScope, account: AccountId, owner: &str, sealed: &str, ends: Time) -> Result<()> {
    let change = Change::new().set(attr::SEALED, Value::S(sealed.to_owned())).set(attr::ENDS, n(ends.millis()));
    let mut tries = 1;
    loop {
        match leave(scope, account, owner, change.clone()).await {
            Err(_) if tries < WRITES => tries += 1,
            ended => return ended,
        }
    }
}

/// Gives the lease back: the provider gave nothing.
pub async fn release(scope: &TenantScope, account: AccountId, owner: &str) -> Result<()> {
    leave(scope, account, owner, Change::new()).await
}

async fn leave(scope: &TenantScope, account: AccountId, owner: &str, change: Change) -> Result<()> {
    let change = change.remove(attr::OWNER).remove(attr::LEASE);
    scope.change::<Token>(Token::at(account), change, Cond::Is(attr::OWNER, Value::S(owner.to_owned()))).await?;
    Ok(())
}

/// The provider would not have the access token that ends then: it is of no use to anybody.
pub async fn spoil(scope: &TenantScope, account: AccountId, ends: Time) -> Result<()> {
    let change = Change::new().remove(attr::ENDS);
    scope.change::<Token>(Token::at(account), change, Cond::Is(attr::ENDS, n(ends.millis()))).await?;
    Ok(())
}

/// A write of a transaction: these tokens, whatever was there before.
pub async fn replacing(scope: &TenantScope, token: Token) -> Result<Write> {
    match find(scope, token.account).await? {
        Some(found) => scope.replacing(&Stored { row: token, version: found.version }),
        None => scope.creating(&token),
    }
}

/// The write of a transaction that takes an account's tokens away, when it has any.
pub async fn erasing(scope: &TenantScope, account: AccountId) -> Result<Option<Write>> {
    find(scope, account).await?.map(|found| scope.erasing(&found)).transpose()
}
