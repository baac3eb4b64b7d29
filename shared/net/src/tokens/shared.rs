//! Tokens of accounts that a person consented to: shared by all processes, since a provider may take each refresh token once only. See
//! [`domain::flows::renew`] for the row that they share.

use std::sync::atomic::Ordering;

use aws::Vault;
use domain::flows::Context;
use domain::flows::renew::{self, Begun};
use domain::token::Pair;
use domain::{Account, Tenant, Token as Row};
use kernel::crypto::{encode, sha256};
use kernel::ids::AccountId;
use kernel::{Error, Result, Secret, Time};
use providers::oauth::{self, Consent};
use providers::{Access, HttpCall, Setup, Token, Verdict};
use serde_json::Value;
use store::{Stored, TenantScope};

use super::{Asks, Known, Place, Tokens, fresh, nothing_sent};
use crate::veil::Veil;

/// How often the row is looked at when others write it meanwhile.
const LOOKS: usize = 4;

/// What became of looking for a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// This one; none is needed when there is none.
    Token(Option<Secret>),
    /// There is none, and this is what it means for whoever needs it.
    Refused(Verdict),
    /// Another process asks for it.
    Busy,
}

/// What looking for a token takes.
#[derive(Debug)]
pub struct Desk<'a, A> {
    /// Tokens that this process knows.
    pub tokens: &'a Tokens,
    /// Time, ids and keys.
    pub context: &'a Context,
    /// Data keys of tenants.
    pub vault: &'a Vault,
    /// The way to providers.
    pub asks: &'a A,
}

/// The token that came of that consent, or of one that the provider gave since.
pub async fn find<A: Asks>(
    desk: &Desk<'_, A>,
    scope: &TenantScope,
    tenant: &Tenant,
    account: &Account,
    setup: &Setup<'_>,
    consent: &Consent,
) -> Result<Found> {
    let of = origin(consent, setup.credentials);
    Asker { desk, scope, tenant, account, setup, of }.find().await
}

/// The provider would not have this token: nobody uses it any more. Where that cannot be noted, the next call finds out again.
pub async fn refuse(tokens: &Tokens, scope: &TenantScope, account: AccountId, token: &Secret) {
    let Some(ends) = tokens.forget(account, token).await else { return };
    if let Err(error) = renew::spoil(scope, account, ends).await {
        tracing::warn!(account.id = %account, ?error, "a token of account {account} is of no use, which is not noted");
    }
}

/// Digest of who asks for tokens and whom, and of the refresh token that people gave the account, if they did.
pub fn origin(consent: &Consent, credentials: &Value) -> [u8; 32] {
    let (client, server) = consent.asker();
    let given = credentials.get("refresh_token").and_then(Value::as_str).unwrap_or_default();
    sha256(format!("{client}\0{server}\0{given}").as_bytes())
}

/// One search for an account's token.
struct Asker<'a, A> {
    desk: &'a Desk<'a, A>,
    scope: &'a TenantScope,
    tenant: &'a Tenant,
    account: &'a Account,
    setup: &'a Setup<'a>,
    of: [u8; 32],
}

impl<A: Asks> Asker<'_, A> {
    /// In memory, else on the row, else from the provider. Of several messages of this process one looks and the others wait, for
    /// its failure as well.
    async fn find(&self) -> Result<Found> {
        let place = self.desk.tokens.place(self.account.id);
        let before = place.asked.load(Ordering::Acquire);
        let mut known = place.known.lock().await;
        match known.as_ref().filter(|known| known.of == self.of).map(|known| &known.token) {
            Some(Ok(token)) if fresh(token, self.now()) => return Ok(Found::Token(Some(token.value.clone()))),
            Some(Err(verdict)) if place.asked.load(Ordering::Acquire) != before => return Ok(Found::Refused(verdict.clone())),
            Some(Ok(_) | Err(_)) | None => {}
        }
        self.look(&place, &mut known).await
    }

    async fn look(&self, place: &Place, known: &mut Option<Known>) -> Result<Found> {
        let mut row = renew::find(self.scope, self.account.id).await?;
        for _ in 0..LOOKS {
            let pair = self.pair(row.as_ref()).await?;
            let there = self.token(row.as_ref(), pair.as_ref());
            if let Some(token) = there.as_ref().filter(|token| fresh(token, self.now())) {
                *known = Some(Known { of: self.of, shared: true, token: Ok(token.clone()) });
                return Ok(Found::Token(Some(token.value.clone())));
            }
            // Without anything to ask with, nothing is written either.
            let credentials = self.credentials(pair.as_ref());
            let setup = Setup { credentials: &credentials, ..*self.setup };
            let call = self.question(&setup)?;
            let context = self.desk.context;
            match renew::begin(context, self.scope, self.account.id, &encode(&self.of), row).await? {
                Begun::Mine(owner) => {
                    let token = self.ask(&call, &owner, pair).await?.map_err(|verdict| Veil::of(&setup).over(verdict));
                    place.asked.fetch_add(1, Ordering::AcqRel);
                    let found = token.clone().map_or_else(Found::Refused, |token| Found::Token(Some(token.value)));
                    *known = Some(Known { of: self.of, shared: true, token });
                    return Ok(found);
                }
                Begun::Others(now) => row = now.map(|row| *row),
            }
            if row.as_ref().is_some_and(|row| row.row.is_asked_for(self.now())) {
                // The old one will do until the new one is there.
                let usable = there.filter(|token| token.ends > self.now());
                return Ok(usable.map_or(Found::Busy, |token| Found::Token(Some(token.value))));
            }
        }
        Ok(Found::Busy)
    }

    async fn pair(&self, row: Option<&Stored<Row>>) -> Result<Option<Pair>> {
        match row {
            Some(row) => row.row.open(self.desk.vault, self.tenant, &encode(&self.of)).await,
            None => Ok(None),
        }
    }

    fn token(&self, row: Option<&Stored<Row>>, pair: Option<&Pair>) -> Option<Token> {
        Some(Token { value: pair?.access.clone(), ends: row?.row.ends?, refresh: None })
    }

    /// The account's credentials, with the refresh token that came last.
    fn credentials(&self, pair: Option<&Pair>) -> Value {
        let mut credentials = self.setup.credentials.clone();
        if let (Some(refresh), Some(fields)) = (pair.and_then(|pair| pair.refresh.as_ref()), credentials.as_object_mut()) {
            fields.insert("refresh_token".to_owned(), refresh.reveal().into());
        }
        credentials
    }

    /// What asks for the next token.
    fn question(&self, setup: &Setup<'_>) -> Result<HttpCall> {
        let none = || Error::internal("a consent that no token is asked for with");
        let consent = self.account.provider()?.consent(setup.settings, setup.credentials)?.ok_or_else(none)?;
        match oauth::refresh(&consent)? {
            Access::Ask(call) => Ok(*call),
            Access::Ready | Access::Made(_) => Err(none()),
        }
    }

    /// Asks under the lease, and writes what came before anybody uses it.
    async fn ask(&self, call: &HttpCall, owner: &str, pair: Option<Pair>) -> Result<std::result::Result<Token, Verdict>> {
        let (clock, id) = (&self.desk.context.clock, self.account.id);
        let reply = self.desk.asks.token(self.account.channel, call, clock).await;
        let token = match oauth::granted(&reply) {
            Ok(token) => token,
            Err(verdict) => {
                renew::release(self.scope, id, owner).await?;
                return Ok(Err(ended(nothing_sent(verdict))));
            }
        };
        let refresh = token.refresh.clone().or_else(|| pair.and_then(|pair| pair.refresh));
        let next = Pair { access: token.value.clone(), refresh };
        let sealed = next.seal(self.desk.vault, self.tenant).await?;
        if let Err(error) = renew::settle(self.scope, id, owner, &sealed, token.ends).await {
            // It serves this process. The next to ask finds the old refresh token, and may have to say that consent is needed.
            tracing::error!(account.id = %id, ?error, "the tokens of account {id} could not be kept");
        }
        Ok(Ok(token))
    }

    fn now(&self) -> Time {
        self.desk.context.clock.now()
    }
}

/// Says what is to be done when a refresh token is of no use any more (RFC 6749 section 5.2).
fn ended(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Misconfigured { reason } if reason.contains("invalid_grant") => {
            Verdict::Misconfigured { reason: format!("somebody has to consent again: {reason}") }
        }
        verdict @ (Verdict::Sent { .. }
        | Verdict::Retry { .. }
        | Verdict::Limited { .. }
        | Verdict::Rejected { .. }
        | Verdict::Undeliverable { .. }
        | Verdict::Misconfigured { .. }
        | Verdict::Unknown { .. }) => verdict,
    }
}
