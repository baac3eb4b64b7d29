//! Users and API keys, each with the credential row that lets them in.

use kernel::ids::{ApiKeyId, UserId};
use kernel::{Email, Error, Result, Secret, Time};
use store::{Stored, TenantScope};

use super::Context;
use crate::user::{key_digest, new_key};
use crate::{ApiKey, Role, User};

/// Makes an API key. The key itself is in the answer and nowhere else.
pub async fn create_key(
    context: &Context,
    scope: &TenantScope,
    name: &str,
    role: Role,
    expires_at: Option<Time>,
) -> Result<(ApiKey, Secret)> {
    let now = context.clock.now();
    if expires_at.is_some_and(|end| end <= now) {
        return Err(Error::invalid("/expires_at", "past", "the time lies in the past"));
    }
    let name = crate::name::title(name).map_err(|error| error.under("/name"))?;
    let secret = new_key(&context.ids);
    let key = ApiKey {
        id: ApiKeyId::new(&context.ids, &context.clock),
        name,
        role,
        start: secret.reveal().chars().take(12).collect(),
        digest: key_digest(&context.keys, secret.reveal()),
        expires_at,
        created_at: now,
    };
    let writes = vec![scope.creating(&key)?, scope.admitting(&key.credential(scope.tenant()))?];
    match scope.transact(writes).await? {
        None => Ok((key, secret)),
        Some(_) => Err(Error::conflict("the key exists already")),
    }
}

/// Revokes an API key.
pub async fn revoke_key(scope: &TenantScope, key: &Stored<ApiKey>) -> Result<()> {
    let writes = vec![scope.erasing(key)?, scope.shutting_out(&key.row.digest)?];
    match scope.transact(writes).await? {
        None => Ok(()),
        Some(_) => Err(Error::conflict("the key was changed by another request")),
    }
}

/// What a user is made of.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Name for people.
    pub name: String,
    /// Address.
    pub email: Email,
    /// What the person may do.
    pub role: Role,
    /// The `sub` claim of the person's tokens.
    pub subject: Option<String>,
}

/// Adds a user. `issuer` is the deployment's token issuer, when it has one.
pub async fn create_user(context: &Context, scope: &TenantScope, issuer: Option<&str>, new: NewUser) -> Result<User> {
    let user = User {
        id: UserId::new(&context.ids, &context.clock),
        name: crate::name::title(&new.name).map_err(|error| error.under("/name"))?,
        email: new.email,
        role: new.role,
        subject: new.subject.filter(|subject| !subject.is_empty()),
        created_at: context.clock.now(),
    };
    let mut writes = vec![scope.creating(&user)?];
    if let Some(credential) = issuer.and_then(|issuer| user.credential(scope.tenant(), &context.keys, issuer)) {
        writes.push(scope.admitting(&credential)?);
    }
    match scope.transact(writes).await? {
        None => Ok(user),
        Some(_) => Err(Error::invalid("/subject", "taken", "the subject belongs to another user")),
    }
}

/// Writes a changed user; a changed role holds for the person's tokens at once.
pub async fn replace_user(
    context: &Context,
    scope: &TenantScope,
    issuer: Option<&str>,
    before: &User,
    user: &Stored<User>,
) -> Result<u64> {
    let mut writes = vec![scope.replacing(user)?];
    if before.role != user.row.role
        && let Some(credential) = issuer.and_then(|issuer| user.row.credential(scope.tenant(), &context.keys, issuer))
    {
        writes.push(scope.regrading(&credential.digest, user.row.role.as_str())?);
    }
    match scope.transact(writes).await? {
        None => Ok(user.version.saturating_add(1)),
        Some(_) => Err(Error::Stale { version: scope.find::<User>(user.row.id).await?.version }),
    }
}

/// Removes a user and shuts the person's tokens out.
pub async fn remove_user(context: &Context, scope: &TenantScope, issuer: Option<&str>, user: &Stored<User>) -> Result<()> {
    let mut writes = vec![scope.erasing(user)?];
    if let Some(credential) = issuer.and_then(|issuer| user.row.credential(scope.tenant(), &context.keys, issuer)) {
        writes.push(scope.shutting_out(&credential.digest)?);
    }
    match scope.transact(writes).await? {
        None => Ok(()),
        Some(_) => Err(Error::conflict("the user was changed by another request")),
    }
}
