//! Provider callbacks: verified over the raw body, then taken in. A callback that cannot be stored is answered with 5xx, so that
//! the provider sends it again; one that was stored before is answered like the first.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use domain::Account;
use domain::flows::report::{Taken, report};
use kernel::{Error, Purpose, Reference, Result};
use providers::sns::{self, Kind};
use providers::{Callback, Provider, Verified};
use store::TenantScope;

use crate::{Intake, Refusal, Token, read};

/// Most bytes of a callback: SNS sends at most 256 KB, wrapped and escaped.
const LIMIT: usize = 1024 * 1024;

/// Callbacks of the deployment's own topics: which tenant an event belongs to is told by our own tag in it.
pub(crate) async fn take_for_deployment(
    State(intake): State<Intake>,
    Token(provider): Token,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let provider = known(&provider)?;
    let topics = intake.0.topics.clone();
    take(&intake, provider, None, &topics, request).await
}

/// Callbacks to an account's own address.
pub(crate) async fn take_for_account(
    State(intake): State<Intake>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<StatusCode, Refusal> {
    let Path((provider, route)) = path.map_err(|_| nobody())?;
    let provider = known(&provider)?;
    let digest = Account::route_digest(&intake.0.context.keys, &route);
    let (scope, account) = intake.0.store.by_route(provider.id(), &digest).await?.ok_or_else(nobody)?;
    let account = scope.read::<Account>(account).await?.ok_or_else(nobody)?.row;
    let topics = providers::ses::topics(&account.settings);
    take(&intake, provider, Some(&scope), &topics, request).await
}

fn nobody() -> Error {
    Error::NotFound { kind: "callback address" }
}

fn known(provider: &str) -> Result<&'static dyn Provider> {
    providers::find(provider).ok_or_else(nobody)
}

async fn take(
    intake: &Intake,
    provider: &'static dyn Provider,
    scope: Option<&TenantScope>,
    topics: &[String],
    request: Request,
) -> Result<StatusCode, Refusal> {
    let body = read(request.into_body(), LIMIT).await?;
    let certificate = intake.0.certificates.at(&sns::certificate_url(&body)?).await?;
    let callback = Callback {
        body: &body,
        headers: &[],
        secret: None,
        topics,
        certificate: Some(&certificate),
        roots: &intake.0.roots,
        now: intake.0.context.clock.now(),
    };
    let verified = provider.verify(&callback)?;
    match verified.kind() {
        Kind::SubscriptionConfirmation => {
            let url = verified.subscribe_url().ok_or_else(|| Error::internal("a confirmation without address"))?;
            intake.0.certificates.confirm(url).await?;
        }
        Kind::Notification => events(intake, provider, scope, &verified).await?,
        Kind::UnsubscribeConfirmation => tracing::warn!("an SNS subscription was ended"),
    }
    Ok(StatusCode::OK)
}

/// Takes every event in. One that names no message of ours is passed over: the same topic may serve others.
async fn events(intake: &Intake, provider: &dyn Provider, scope: Option<&TenantScope>, verified: &Verified) -> Result<()> {
    for event in provider.events(verified) {
        let reference = event.tag.as_deref().and_then(|tag| Reference::verify(&intake.0.context.keys, Purpose::Tag, tag));
        let Some(reference) = reference else {
            tracing::info!(kind = ?event.kind, "an event without a reference of ours");
            continue;
        };
        if scope.is_some_and(|scope| scope.tenant() != reference.tenant()) {
            tracing::warn!(message.id = %reference.message(), "an event for another tenant's message {}", reference.message());
            continue;
        }
        let scope = intake.0.store.by_reference(&reference);
        if report(&intake.0.context, &scope, reference.message(), &event).await? == Taken::NoMessage {
            tracing::info!(message.id = %reference.message(), "an event for a message that is gone: {}", reference.message());
        }
    }
    Ok(())
}
