//! Who is calling: extractors that a handler names in its signature. A handler without one has nothing to read from.

use std::marker::PhantomData;
use std::sync::PoisonError;

use axum::extract::FromRequestParts;
use domain::consent::Evidence;
use domain::flows::Context;
use domain::task::Actor;
use domain::user::{KEY_PREFIX, key_digest, subject_digest};
use domain::{Reach, Right, Role};
use http::header::AUTHORIZATION;
use http::request::Parts;
use kernel::ids::UserId;
use kernel::{Error, Result, Time, crypto};
use store::{Credential, TenantScope};

use crate::failure::Failure;
use crate::state::Api;

/// How long a verified credential is trusted before its row is read again: a revoked key works this long at most.
const FRESH_MILLIS: i64 = 10_000;
/// Most credentials kept.
const MOST: usize = 5_000;

/// A caller who has the right `N`.
#[derive(Debug)]
pub struct Caller<N> {
    /// The rows of the caller's tenant.
    pub scope: TenantScope,
    /// What the caller may do.
    pub role: Role,
    /// With what.
    pub reach: Reach,
    /// Time, ids and keys for this request.
    pub context: Context,
    /// The credential.
    pub credential: Credential,
    need: PhantomData<N>,
}

/// A right as a type, for [`Caller`].
pub trait Need: Send + Sync {
    /// The right.
    const RIGHT: Right;
}

macro_rules! needs {
    ($($name:ident = $right:expr, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[derive(Debug)]
        pub struct $name;
        impl Need for $name {
            const RIGHT: Right = $right;
        }
    )*};
}

/// Rights as types.
pub mod may {
    use super::{Need, Right};

    needs! {
        Read = Right::Read, "May see.";
        WriteContacts = Right::WriteContacts, "May change contacts.";
        Send = Right::Send, "May send.";
        WriteTemplates = Right::WriteTemplates, "May change templates.";
        WriteSuppressions = Right::WriteSuppressions, "May change suppressions.";
        Export = Right::Export, "May take all contacts out.";
        Delete = Right::Delete, "May delete.";
        ManageFields = Right::ManageFields, "May say which custom fields there are.";
        ManageRules = Right::ManageRules, "May change rules.";
        ManageAccounts = Right::ManageAccounts, "May change accounts.";
        ManageUsers = Right::ManageUsers, "May change users and keys.";
        ManageTenant = Right::ManageTenant, "May change the tenant.";
    }
}

/// The platform's own key was shown.
#[derive(Debug)]
pub struct Operator(());

/// Who is calling, found out already: a scope and credential, or why there are none.
#[derive(Clone, Debug)]
pub(crate) struct Known(pub(crate) Result<(TenantScope, Credential)>);

/// A request's own source of ids, put there when it carries an idempotency key.
#[derive(Clone, Debug)]
pub(crate) struct OwnContext(pub(crate) Context);

/// What the bearer of a credential may do.
pub(crate) fn role_of(credential: &Credential) -> Result<Role> {
    Role::parse(&credential.role).ok_or_else(|| Error::internal("a credential with an unknown role"))
}

fn bearer(parts: &Parts) -> Result<&str> {
    let mut values = parts.headers.get_all(AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Error::Unauthenticated) };
    let text = value.to_str().map_err(|_| Error::Unauthenticated)?;
    let (scheme, credential) = text.split_once(' ').ok_or(Error::Unauthenticated)?;
    if scheme.eq_ignore_ascii_case("bearer") && !credential.is_empty() && credential.len() <= 4096 {
        Ok(credential.trim())
    } else {
        Err(Error::Unauthenticated)
    }
}

impl Api {
    /// The tenant's rows and the credential that the request carries. Found out once for each request.
    pub(crate) async fn authenticate(&self, parts: &Parts) -> Result<(TenantScope, Credential)> {
        if let Some(Known(known)) = parts.extensions.get::<Known>() {
            return known.clone();
        }
        let bearer = bearer(parts)?;
        let now = self.0.context.clock.now();
        let digest = if bearer.starts_with(KEY_PREFIX) {
            key_digest(&self.0.context.keys, bearer)
        } else {
            let issuer = self.issuer().ok_or(Error::Unauthenticated)?;
            let claims = self.0.tokens.verify(bearer, now).await?;
            subject_digest(&self.0.context.keys, issuer, &claims.sub)
        };
        let (scope, credential) = self.credential(&digest).await?;
        if credential.ends.is_some_and(|end| end <= now) {
            return Err(Error::Unauthenticated);
        }
        Ok((scope, credential))
    }

    async fn credential(&self, digest: &str) -> Result<(TenantScope, Credential)> {
        let now = self.0.context.clock.now();
        let kept = self.0.credentials.lock().unwrap_or_else(PoisonError::into_inner).get(digest).cloned();
        if let Some((since, scope, credential)) = kept
            && now.since(since) < FRESH_MILLIS
        {
            return Ok((scope, credential));
        }
        let found = self.0.store.by_credential(digest).await?;
        self.keep(digest, now, found.as_ref());
        let (scope, credential) = found.ok_or(Error::Unauthenticated)?;
        self.0.store.touch_credential(&credential, now).await?;
        Ok((scope, credential))
    }

    fn keep(&self, digest: &str, now: Time, found: Option<&(TenantScope, Credential)>) {
        let mut kept = self.0.credentials.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        match found {
            Some((scope, credential)) => drop(kept.insert(digest.to_owned(), (now, scope.clone(), credential.clone()))),
            None => drop(kept.remove(digest)),
        }
    }
}

impl<N> Caller<N> {
    /// Who does what is done by this request.
    pub(crate) const fn actor(&self) -> Actor {
        Actor { user: self.credential.user, key: self.credential.key }
    }

    /// The user that a question is about: the caller, or the one that is named. A key speaks for nobody and has to name one; a person may
    /// ask about others with the right to manage users.
    pub(crate) fn user(&self, named: Option<UserId>, place: &str) -> Result<UserId> {
        match (self.credential.user, named) {
            (Some(own), None) => Ok(own),
            (Some(own), Some(named)) if own == named => Ok(own),
            (Some(_), Some(named)) => self.role.check(Right::ManageUsers).map(|()| named),
            (None, Some(named)) => Ok(named),
            (None, None) => Err(Error::invalid(place, "required", "a key speaks for no user: name one")),
        }
    }

    /// The same, of a user for whom something is changed: a machine is always another, and needs the right to manage users.
    pub(crate) fn user_to_change(&self, named: Option<UserId>, place: &str) -> Result<UserId> {
        if self.credential.user.is_none() {
            self.role.check(Right::ManageUsers)?;
        }
        self.user(named, place)
    }

    /// How it is known what this caller tells of a contact.
    pub(crate) fn evidence(&self) -> Evidence {
        let Credential { user, key, .. } = &self.credential;
        let actor = user.map(|user| user.to_string()).or_else(|| key.map(|key| key.to_string()));
        Evidence { actor, ..Evidence::by("api") }
    }
}

impl<N: Need> FromRequestParts<Api> for Caller<N> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let (scope, credential) = api.authenticate(parts).await?;
        let role = role_of(&credential)?;
        role.check(N::RIGHT)?;
        let reach = Reach::read(credential.reach.as_deref())?;
        let own = parts.extensions.get::<OwnContext>().map(|own| own.0.clone());
        let context = own.unwrap_or_else(|| api.0.context.clone());
        Ok(Self { scope, role, reach, context, credential, need: PhantomData })
    }
}

impl FromRequestParts<Api> for Operator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Failure> {
        let shown = bearer(parts)?;
        let keys = &api.0.context.keys;
        let (shown, known) =
            (keys.credential.sign(shown.as_bytes()), keys.credential.sign(api.0.platform_key.reveal().as_bytes()));
        if crypto::equal(&shown, &known) { Ok(Self(())) } else { Err(Error::Unauthenticated.into()) }
    }
}
