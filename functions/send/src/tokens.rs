//! Access tokens that calls for an account need. Those that came of a person's consent are shared between processes; any process can
//! ask for the others on its own.

use domain::{Account, Tenant};
use kernel::{Error, Result, Secret};
use net::tokens::{self, Desk};
use net::veil::Veil;
use net::words;
use providers::{Setup, Verdict};
use store::TenantScope;

use crate::Sender;

pub use net::tokens::Found;

/// The token that calls for the account need, if they need one.
pub async fn find(
    sender: &Sender,
    scope: &TenantScope,
    tenant: &Tenant,
    account: &Account,
    setup: &Setup<'_>,
) -> Result<Found> {
    match search(sender, scope, tenant, account, setup).await {
        Ok(Found::Refused(verdict)) => Ok(Found::Refused(Veil::of(setup).over(verdict))),
        Err(Error::Invalid(faults)) => Ok(Found::Refused(Verdict::Misconfigured { reason: words(&faults) })),
        found => found,
    }
}

async fn search(sender: &Sender, scope: &TenantScope, tenant: &Tenant, account: &Account, setup: &Setup<'_>) -> Result<Found> {
    let provider = account.sending()?;
    let Sender { tokens, context, vault, carrier, .. } = sender;
    if let Some(consent) = provider.consent(setup.settings, setup.credentials)? {
        let desk = Desk { tokens, context, vault, asks: carrier };
        return tokens::find(&desk, scope, tenant, account, setup, &consent).await;
    }
    let token = tokens.find(account.id, provider, setup, carrier, &context.clock).await?;
    Ok(token.map_or_else(Found::Refused, Found::Token))
}

/// The provider would not have this token: nobody uses it any more.
pub async fn refuse(sender: &Sender, scope: &TenantScope, account: &Account, token: &Secret) {
    tokens::refuse(&sender.tokens, scope, account.id, token).await;
}
