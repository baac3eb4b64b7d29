//! Finding out whether an account is in order: its provider is asked something that sends nothing. Where its mailbox is read, that must
//! work too: a look is ordered, and whoever carries it out says the rest.

use domain::flows::{connect, look};
use domain::{Account, Errand, Tenant};
use kernel::{Error, Result};
use net::veil::Veil;
use net::words;
use providers::{Access, Sending, Setup, Verdict};
use store::TenantScope;

use super::finding::{Finding, about};
use super::registration;
use crate::Sender;
use crate::tokens::{self, Found};

/// Asks, and notes what the provider says.
pub async fn check(sender: &Sender, scope: &TenantScope, errand: &Errand) -> Result<()> {
    let Some((account, tenant)) = about(scope, errand).await? else { return Ok(()) };
    let finding = if account.sends() { probe(sender, scope, &account, &tenant).await? } else { Finding::passed() };
    let now = sender.context.clock.now();
    if finding.is_passed() && account.reads().is_some() && look::ask(scope, account.id, errand.id, now).await? {
        return Ok(());
    }
    finding.note(sender, scope, errand, None).await
}

async fn probe(sender: &Sender, scope: &TenantScope, account: &Account, tenant: &Tenant) -> Result<Finding> {
    let provider = account.sending()?;
    let credentials = connect::open(&sender.vault, tenant, account).await?;
    let callback = account.callback(&sender.public_url);
    let bare = Setup { settings: &account.settings, credentials: &credentials, token: None, callback: &callback };
    let token = match tokens::find(sender, scope, tenant, account, &bare).await? {
        Found::Token(token) => token,
        Found::Refused(verdict) => return Ok(finding(&verdict)),
        Found::Busy => return Err(Error::unavailable("another process asks for the account's token")),
    };
    let setup = Setup { token: token.as_ref(), ..bare };
    match provider.probe(&setup) {
        Ok(Some(call)) => {
            let reply = sender.carrier.carry(account.channel, &call, &sender.context.clock).await;
            let verdict = Veil::of(&setup).and(&call).over(provider.verdict_for(&reply, &setup));
            let registration = match verdict {
                Verdict::Sent { .. } => registration::register(sender, account, provider, &setup).await?,
                _ => None,
            };
            Ok(finding(&verdict).registered(registration))
        }
        Ok(None) if is_given(sender, provider, &setup)? => Ok(Finding::passed()),
        Ok(None) => Ok(Finding::impossible("the provider has no question that sends nothing")),
        Err(Error::Invalid(faults)) => Ok(Finding::failed(&words(&faults))),
        Err(error) => Err(error),
    }
}

/// Whether the provider itself gave the token: it knows the account then.
fn is_given(sender: &Sender, provider: &dyn Sending, setup: &Setup<'_>) -> Result<bool> {
    Ok(matches!(provider.access(setup, sender.context.clock.now())?, Access::Ask(_)))
}

fn finding(verdict: &Verdict) -> Finding {
    match verdict {
        Verdict::Sent { .. } => Finding::passed(),
        refused => Finding::failed(refused.reason()),
    }
}
