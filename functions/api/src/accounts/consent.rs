//! Asking a person to consent to an account that sends in the person's name. The person is sent to the provider's page and comes
//! back to `webhook-intake`.

use axum::extract::State;
use axum::http::{HeaderMap, header};
use domain::Account;
use domain::account::Asking;
use domain::flows::connect;
use kernel::ids::AccountId;
use kernel::{Error, Result, Time};
use providers::oauth;
use serde::Serialize;
use store::schema::attr;
use store::{Change, Cond, Outcome};
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Repeatable};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Seconds within which the person must have come back.
const LIFE: i64 = 600;

/// Where a person consents.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountConsentView {
    /// The provider's page. Whoever opens it decides about the mailbox they are logged in to.
    url: String,
    /// Where the page sends the person back to: the provider must know this very address for the app.
    #[schema(example = "https://switchboard.example/hooks/consent")]
    redirect: String,
    /// Until when the person must have come back.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

/// Where this deployment is called: as it was told, else by the name that it was called by.
pub(crate) fn origin(api: &Api, headers: &HeaderMap) -> String {
    api.0.public_url.clone().unwrap_or_else(|| {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        format!("https://{host}")
    })
}

/// Asks for the page where a person consents to the account. The link is good once, for ten minutes, and until the next is asked for;
/// what came of it is in `check` of the account.
#[utoipa::path(post, path = "/v1/accounts/{id}/consent", tag = "accounts", operation_id = "ask_account_consent",
    security(("key" = [])), params(("id" = String, Path, description = "The account's id."), Repeatable),
    responses((status = 200, description = "The page.", body = AccountConsentView), refused::Changing))]
async fn ask_account_consent(
    State(api): State<Api>,
    caller: Caller<may::ManageAccounts>,
    Id(id): Id<AccountId>,
    headers: HeaderMap,
) -> Result<Reply<AccountConsentView>, Failure> {
    let (scope, context) = (&caller.scope, &caller.context);
    let account = scope.find::<Account>(id).await?.row;
    let tenant = api.0.catalog.tenant(scope).await?;
    let credentials = connect::open(&api.0.vault, &tenant, &account).await?;
    let consent = account.provider()?.consent(&account.settings, &credentials)?;
    let consent =
        consent.ok_or_else(|| Error::conflict(format!("Nobody needs to consent to an account of {}.", account.provider)))?;
    let expires_at = context.clock.now().plus_seconds(LIFE);
    let ticket = context.keys.ticket_for(scope.tenant(), id, context.ids.bytes(), expires_at);
    let redirect = format!("{}/hooks/consent", origin(&api, &headers));
    let url = oauth::authorize_url(&consent, &redirect, &ticket.token, &ticket.verifier)?;
    let asking = Asking { ticket: ticket.name, redirect: redirect.clone() };
    let change = Change::new().set(attr::ASKING, store::scope::value(&asking)?);
    match scope.change::<Account>(id, change, Cond::Present).await? {
        Outcome::Done(_) => Ok(Reply::ok(AccountConsentView { url, redirect, expires_at })),
        Outcome::Refused(_) => Err(Error::NotFound { kind: AccountId::KIND }.into()),
    }
}

operations!(ask_account_consent);
