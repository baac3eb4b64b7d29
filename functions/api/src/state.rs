//! What handlers share: the store behind its doors and the ports.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use aws::{Fetch, Vault};
use domain::flows::Context;
use domain::flows::allow::Allowances;
use domain::flows::catalog::Catalog;
use kernel::{Secret, Time};
use store::{Credential, Store, TenantScope};

use crate::token::Tokens;

/// The state of the API. Its store has no data methods: rows are reached through [`crate::Caller`] alone.
#[derive(Clone, Debug)]
pub struct Api(pub(crate) Arc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) store: Store,
    pub(crate) context: Context,
    pub(crate) catalog: Catalog,
    pub(crate) allowances: Allowances,
    pub(crate) vault: Vault,
    pub(crate) public_url: Option<String>,
    pub(crate) platform_key: Secret,
    pub(crate) tokens: Tokens,
    pub(crate) started: Time,
    pub(crate) version: &'static str,
    pub(crate) credentials: Mutex<HashMap<String, (Time, TenantScope, Credential)>>,
}

/// What an API is made of.
#[derive(Debug)]
pub struct Parts {
    /// The table behind its doors.
    pub store: Store,
    /// Time, ids and keys.
    pub context: Context,
    /// Data keys of tenants.
    pub vault: Vault,
    /// Where this deployment is called from outside, without a slash at the end; none: by the name that a request is for.
    pub public_url: Option<String>,
    /// Reads of token issuers' key sets.
    pub fetch: Fetch,
    /// The key that makes tenants.
    pub platform_key: Secret,
    /// Who issues tokens, if anybody.
    pub issuer: Option<crate::token::Issuer>,
}

impl Api {
    /// An API of those parts.
    pub fn new(parts: Parts) -> Self {
        let clock = parts.context.clock.clone();
        Self(Arc::new(Inner {
            store: parts.store,
            catalog: Catalog::new(clock.clone()),
            allowances: Allowances::new(clock.clone()),
            vault: parts.vault,
            public_url: parts.public_url,
            platform_key: parts.platform_key,
            tokens: Tokens::new(parts.issuer, parts.fetch),
            started: clock.now(),
            version: env!("CARGO_PKG_VERSION"),
            credentials: Mutex::default(),
            context: parts.context,
        }))
    }

    /// The issuer whose tokens are taken, if any.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.0.tokens.issuer()
    }
}
