//! Users and API keys, each with the credential row that lets them in.

use kernel::error::Faults;
use kernel::ids::{ApiKeyId, UserId};
use kernel::{Email, Error, Locale, Phone, Result, Secret, Time, Zone};
use store::schema::Locator;
use store::{Credential, Listing, Stored, TenantScope, Write};

use super::Context;
use crate::user::{key_digest, new_key};
use crate::{ApiKey, Reach, Role, Template, User};

/// Refuses a reach that cannot be, or that names templates of nobody's.
async fn check_reach(scope: &TenantScope, reach: &Reach) -> Result<()> {
    let mut faults = Faults::default();
    reach.check("/reach", &mut faults);
    faults.check()?;
    let at: Vec<Locator> = reach.templates.iter().flatten().map(|template| (*template).into()).collect();
    if scope.read_many::<Template>(&at).await?.iter().any(Option::is_none) {
        return Err(Error::invalid("/reach/templates", "unknown", "one of them is no template"));
    }
    Ok(())
}

/// A new API key, the key itself, and the writes that let its bearer in.
pub(super) fn draft_key(
    context: &Context,
    scope: &TenantScope,
    name: &str,
    (role, reach): (Role, Reach),
    expires_at: Option<Time>,
) -> Result<(ApiKey, Secret, [Write; 2])> {
    let now = context.clock.now();
    let mut faults = Faults::default();
    let name = faults.take("/name", crate::name::title(name));
    if expires_at.is_some_and(|end| end <= now) {
        faults.add("/expires_at", "past", "the time lies in the past");
    }
    faults.check()?;
    let secret = new_key(&context.ids);
    let key = ApiKey {
        id: ApiKeyId::new(&context.ids, &context.clock),
        name: name.unwrap_or_default(),
        role,
        reach,
        start: secret.reveal().chars().take(12).collect(),
        digest: key_digest(&context.keys, secret.reveal()),
        expires_at,
        created_at: now,
    };
    let writes = [scope.creating(&key)?, scope.admitting(&key.credential(scope.tenant()))?];
    Ok((key, secret, writes))
}

/// Makes an API key. The key itself is in the answer and nowhere else.
pub async fn create_key(
    context: &Context,
    scope: &TenantScope,
    name: &str,
    (role, reach): (Role, Reach),
    expires_at: Option<Time>,
) -> Result<(ApiKey, Secret)> {
    check_reach(scope, &reach).await?;
    let (key, secret, writes) = draft_key(context, scope, name, (role, reach), expires_at)?;
    let refused = scope.transact(writes.into()).await?;
    // A key of this id is there when an earlier try of the same request got this far.
    if refused.is_none() || scope.read_now::<ApiKey>(key.id).await?.is_some() {
        Ok((key, secret))
    } else {
        Err(Error::conflict("the key exists already"))
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
    /// With what.
    pub reach: Reach,
    /// The `sub` claim of the person's tokens.
    pub subject: Option<String>,
    /// Number that reminders by text message go to.
    pub phone: Option<Phone>,
    /// Time zone, when it is not the tenant's.
    pub zone: Option<Zone>,
    /// Locale, when it is not the tenant's.
    pub locale: Option<Locale>,
    /// Whether work is given to the person by itself.
    pub available: bool,
}

/// Longest `sub` claim (OpenID Connect Core, section 2).
const SUBJECT_LIMIT: usize = 255;

/// Checks what the types do not, and tidies up.
fn check(user: &mut User) -> Result<()> {
    let mut faults = Faults::default();
    if let Some(name) = faults.take("/name", crate::name::title(&user.name)) {
        user.name = name;
    }
    user.subject = user.subject.take().filter(|subject| !subject.is_empty());
    if user.subject.as_ref().is_some_and(|subject| subject.len() > SUBJECT_LIMIT || subject.chars().any(char::is_control)) {
        faults.add("/subject", "subject", format!("at most {SUBJECT_LIMIT} bytes without control characters"));
    }
    faults.check()
}

fn taken() -> Error {
    Error::invalid("/subject", "taken", "the subject belongs to another user")
}

/// Adds a user. `issuer` is the deployment's token issuer, when it has one.
pub async fn create_user(context: &Context, scope: &TenantScope, issuer: Option<&str>, new: NewUser) -> Result<User> {
    let mut user = User {
        id: UserId::new(&context.ids, &context.clock),
        name: new.name,
        email: new.email,
        role: new.role,
        reach: new.reach,
        subject: new.subject,
        phone: new.phone,
        zone: new.zone,
        locale: new.locale,
        available: new.available,
        preferences: crate::notification::Preferences::default(),
        created_at: context.clock.now(),
    };
    check(&mut user)?;
    check_reach(scope, &user.reach).await?;
    let mut writes = vec![scope.creating(&user)?];
    if let Some(credential) = issuer.and_then(|issuer| user.credential(scope.tenant(), &context.keys, issuer)) {
        writes.push(scope.admitting(&credential)?);
    }
    let refused = scope.transact(writes).await?;
    // A user of this id is there when an earlier try of the same request got this far.
    if refused.is_none() || scope.read_now::<User>(user.id).await?.is_some() { Ok(user) } else { Err(taken()) }
}

/// The writes that turn one credential into another.
fn hand_over(scope: &TenantScope, old: Option<&Credential>, new: Option<&Credential>) -> Result<Vec<Write>> {
    if let (Some(old), Some(new)) = (old, new)
        && old.digest == new.digest
    {
        if (&old.role, &old.reach) == (&new.role, &new.reach) {
            return Ok(Vec::new());
        }
        return Ok(vec![scope.regrading(&new.digest, &new.role, new.reach.as_deref())?]);
    }
    let shut = old.map(|old| scope.shutting_out(&old.digest)).transpose()?;
    let admitted = new.map(|new| scope.admitting(new)).transpose()?;
    Ok(shut.into_iter().chain(admitted).collect())
}

/// Another owner than this one, as the person is now: whoever takes an owner away checks in the same transaction that this one stays.
async fn heir(context: &Context, scope: &TenantScope, owner: UserId) -> Result<Stored<User>> {
    let mut listing = Listing { limit: 1, after: None, since: None, until: None };
    loop {
        let other = |other: &User| other.role == Role::Owner && other.id != owner;
        let page = scope.list::<User>(&listing, context.clock.now(), other).await?;
        for found in page.rows {
            // Lists may lag behind.
            let now = scope.read_now::<User>(found.row.id).await?;
            if let Some(heir) = now.filter(|now| now.row.role == Role::Owner) {
                return Ok(heir);
            }
        }
        listing.after = page.next;
        if listing.after.is_none() {
            return Err(Error::conflict("the last owner can be neither removed nor lowered"));
        }
    }
}

/// Writes a changed user; a changed role, reach or subject holds for the person's tokens at once. The last owner stays one.
pub async fn replace_user(
    context: &Context,
    scope: &TenantScope,
    issuer: Option<&str>,
    before: &User,
    user: &mut Stored<User>,
) -> Result<u64> {
    check(&mut user.row)?;
    if user.row.reach != before.reach {
        check_reach(scope, &user.row.reach).await?;
    }
    let credential = |user: &User| issuer.and_then(|issuer| user.credential(scope.tenant(), &context.keys, issuer));
    let (mut old, new) = (credential(before), credential(&user.row));
    let lowered = before.role == Role::Owner && user.row.role != Role::Owner;
    loop {
        let mut writes = vec![scope.replacing(user)?];
        if lowered {
            writes.push(scope.checking(&heir(context, scope, user.row.id).await?)?);
        }
        let kept = writes.len();
        writes.extend(hand_over(scope, old.as_ref(), new.as_ref())?);
        match scope.transact(writes).await? {
            None => return Ok(user.version.saturating_add(1)),
            Some(0) => return Err(Error::Stale { version: scope.find::<User>(user.row.id).await?.version }),
            // The other owner was changed in the meantime: there may be a third.
            Some(at) if at < kept => {}
            // Who was added before there was an issuer has no credential to change or to shut out.
            Some(at) if at == kept && old.take().is_some() => {}
            Some(_) => return Err(taken()),
        }
    }
}

/// Removes a user and shuts the person's tokens out. The last owner stays.
pub async fn remove_user(context: &Context, scope: &TenantScope, issuer: Option<&str>, user: &Stored<User>) -> Result<()> {
    let mut credential = issuer.and_then(|issuer| user.row.credential(scope.tenant(), &context.keys, issuer));
    loop {
        let mut writes = vec![scope.erasing(user)?];
        if user.row.role == Role::Owner {
            writes.push(scope.checking(&heir(context, scope, user.row.id).await?)?);
        }
        let kept = writes.len();
        writes.extend(credential.as_ref().map(|credential| scope.shutting_out(&credential.digest)).transpose()?);
        match scope.transact(writes).await? {
            None => return Ok(()),
            Some(0) => return Err(Error::conflict("the user was changed by another request")),
            // The other owner was changed in the meantime: there may be a third.
            Some(at) if at < kept => {}
            // Who was added before there was an issuer has no credential to shut out.
            Some(_) => credential = None,
        }
    }
}
