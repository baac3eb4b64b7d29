//! What came of a person's consent: the code is exchanged for tokens, once.

use domain::errand::Consented;
use domain::flows::connect;
use domain::token::Pair;
use domain::{Account, Errand, Tenant, Token as Row};
use kernel::crypto::encode;
use kernel::{Error, Result};
use net::tokens::{Asks as _, origin};
use net::veil::Veil;
use net::words;
use providers::{Setup, Token, oauth};
use store::TenantScope;

use super::finding::{Finding, about};
use crate::Sender;

/// Exchanges the code, and notes what came of it.
pub async fn exchange(sender: &Sender, scope: &TenantScope, errand: &Errand, sealed: &str) -> Result<()> {
    let Some((account, tenant)) = about(scope, errand).await? else { return Ok(()) };
    let given = Consented::open(&sender.context.keys, errand.id, sealed)?;
    let (finding, tokens) = ask(sender, &account, &tenant, &given).await?;
    finding.note(sender, scope, errand, tokens).await
}

/// What is to be said of the account, and the tokens to keep.
async fn ask(sender: &Sender, account: &Account, tenant: &Tenant, given: &Consented) -> Result<(Finding, Option<Row>)> {
    let credentials = connect::open(&sender.vault, tenant, account).await?;
    let consent = match account.sending()?.consent(&account.settings, &credentials) {
        Ok(Some(consent)) => consent,
        Ok(None) => return Ok((Finding::failed("nobody needs to consent to this account"), None)),
        Err(Error::Invalid(faults)) => return Ok((Finding::failed(&words(&faults)), None)),
        Err(error) => return Err(error),
    };
    let call = oauth::exchange(&consent, &given.redirect, &given.code, &given.verifier)?;
    let reply = sender.carrier.token(account.channel, &call, &sender.context.clock).await;
    match oauth::granted(&reply) {
        Ok(Token { value, ends, refresh: Some(refresh) }) => {
            let pair = Pair { access: value, refresh: Some(refresh) };
            let row = Row {
                account: account.id,
                of: encode(&origin(&consent, &credentials)),
                sealed: Some(pair.seal(&sender.vault, tenant).await?),
                ends: Some(ends),
                owner: None,
                lease: None,
            };
            Ok((Finding::passed(), Some(row)))
        }
        Ok(Token { refresh: None, .. }) => {
            Ok((Finding::failed("the provider gave no refresh token: somebody has to consent again"), None))
        }
        Err(verdict) => {
            // The code is as good as a token.
            let setup =
                Setup { settings: &account.settings, credentials: &credentials, token: Some(&given.code), callback: "" };
            let verdict = Veil::of(&setup).over(verdict);
            Ok((Finding::failed(&format!("somebody has to consent again: {}", verdict.reason())), None))
        }
    }
}
