//! What an errand finds out about its account, and the note that says so.

use domain::account::{Check, Checked, Registration};
use domain::flows::{entrust, renew};
use domain::message::cut;
use domain::{Account, Errand, Tenant, Token};
use kernel::Result;
use store::TenantScope;

use crate::Sender;

/// Most bytes of a provider's words about an account.
pub(super) const NOTE: usize = 300;

/// What is to be said of an account.
#[derive(Clone, Debug)]
pub struct Finding {
    state: Checked,
    note: Option<String>,
    registration: Option<Registration>,
}

impl Finding {
    /// It is in order.
    pub const fn passed() -> Self {
        Self { state: Checked::Passed, note: None, registration: None }
    }

    /// It is not, in these words.
    pub fn failed(note: &str) -> Self {
        Self { state: Checked::Failed, note: Some(cut(note, NOTE)), registration: None }
    }

    /// That cannot be found out.
    pub fn impossible(note: &str) -> Self {
        Self { state: Checked::Impossible, note: Some(note.to_owned()), registration: None }
    }

    /// The same, with what its provider says of calling back.
    #[must_use]
    pub fn registered(self, registration: Option<Registration>) -> Self {
        Self { registration, ..self }
    }

    /// Whether it is in order.
    pub fn is_passed(&self) -> bool {
        self.state == Checked::Passed
    }

    /// Notes it on the account, together with the tokens that came of it. What works is in use again.
    pub async fn note(self, sender: &Sender, scope: &TenantScope, errand: &Errand, tokens: Option<Token>) -> Result<()> {
        let now = sender.context.clock.now();
        let tell = |account: &mut Account| {
            if let Some(registration) = &self.registration {
                account.registration = Some(registration.clone());
            }
            account.checked(Check { errand: errand.id, state: self.state, at: Some(now), note: self.note.clone() }, now);
        };
        let keep = || async {
            match tokens.clone() {
                Some(tokens) => Ok(vec![renew::replacing(scope, tokens).await?]),
                None => Ok(Vec::new()),
            }
        };
        entrust::report(scope, errand, tell, keep).await?;
        sender.catalog.look_again(scope);
        Ok(())
    }
}

/// The account that waits for what comes of the errand, and its tenant. None: nobody waits any more.
pub async fn about(scope: &TenantScope, errand: &Errand) -> Result<Option<(Account, Tenant)>> {
    let Some(account) = entrust::waiting(scope, errand).await? else { return Ok(None) };
    Ok(Some((account.row, scope.find::<Tenant>(scope.tenant()).await?.row)))
}
