//! Provider callbacks: verified over the raw body, then taken in. A callback that cannot be stored is answered with 5xx, so that
//! the provider sends it again; one that was stored before is answered like the first.

use axum::body::Bytes;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::flows::report::{Taken, report};
use domain::flows::take_in::{self, take_in};
use domain::flows::{connect, look};
use domain::{Account, Proof, Tenant};
use kernel::{Error, Purpose, Reference, Result};
use providers::sns::{self, Kind};
use providers::{Answer, Callback, Receiving, Setup, Verified};
use serde_json::Value;
use store::TenantScope;

use crate::heard::Heard;
use crate::{Intake, Refusal, Token, deposits, read};

/// Which way a callback came in.
#[derive(Clone, Copy, Debug)]
enum Way<'a> {
    /// By the deployment's own address.
    Deployment,
    /// By the address of that tenant's account.
    Account(&'a TenantScope, &'a Account),
}

/// A request as it came in.
struct Post {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Post {
    async fn read(intake: &Intake, provider: &dyn Receiving, request: Request) -> Result<Self> {
        let (head, body) = request.into_parts();
        let path = head.uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
        let url = format!("{}{path}", intake.origin(&head.headers));
        let header = |(name, value): (&header::HeaderName, &header::HeaderValue)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let headers = head.headers.iter().map(header).collect();
        Ok(Self { method: head.method.as_str().to_owned(), url, headers, body: read(body, provider.longest()).await? })
    }
}

/// Callbacks of the deployment's own topics: which tenant an event belongs to is told by our own tag in it.
pub(crate) async fn take_for_deployment(
    State(intake): State<Intake>,
    Token(provider): Token,
    request: Request,
) -> Result<Response, Refusal> {
    let provider = known(&provider)?;
    let post = Post::read(&intake, provider, request).await?;
    // There is no account here whose secrets could prove anything else.
    sns::certificate_url(&post.body)?;
    let setup = Setup { settings: &Value::Null, credentials: &Value::Null, token: None, callback: "" };
    take(&intake, provider, Way::Deployment, &intake.0.topics, setup, &post).await
}

/// Callbacks to an account's own address.
pub(crate) async fn take_for_account(
    State(intake): State<Intake>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let Path((provider, route)) = path.map_err(|_| nobody())?;
    let provider = known(&provider)?;
    let digest = Account::route_digest(&intake.0.context.keys, &route);
    let (scope, account) = intake.0.store.by_route(provider.id(), &digest).await?.ok_or_else(nobody)?;
    let account = scope.read::<Account>(account).await?.ok_or_else(nobody)?.row;
    let tenant = scope.read::<Tenant>(scope.tenant()).await?.ok_or_else(nobody)?.row;
    let credentials = connect::open(&intake.0.vault, &tenant, &account).await?;
    let callback = account.callback(&intake.origin(request.headers()));
    let topics = provider.topics(&account.settings);
    let post = Post::read(&intake, provider, request).await?;
    let setup = Setup { settings: &account.settings, credentials: &credentials, token: None, callback: &callback };
    take(&intake, provider, Way::Account(&scope, &account), &topics, setup, &post).await
}

fn nobody() -> Error {
    Error::NotFound { kind: "callback address" }
}

fn known(provider: &str) -> Result<&'static dyn Receiving> {
    providers::receiving(provider).ok_or_else(nobody)
}

async fn take(
    intake: &Intake,
    provider: &'static dyn Receiving,
    way: Way<'_>,
    topics: &[String],
    setup: Setup<'_>,
    post: &Post,
) -> Result<Response, Refusal> {
    let certificate = match sns::certificate_url(&post.body) {
        Ok(url) => Some(intake.0.certificates.at(&url).await?),
        // No envelope, or one that nobody may sign: for the provider to judge.
        Err(_) => None,
    };
    let callback = Callback {
        method: &post.method,
        url: &post.url,
        headers: &post.headers,
        body: &post.body,
        topics,
        certificate: certificate.as_ref(),
        roots: &intake.0.roots,
        keys: None,
        now: intake.0.context.clock.now(),
    };
    let keys = match (provider.keys_url(), callback.key_id()) {
        (Some(address), Some(key)) => Some(intake.0.key_sets.at(address, &key).await?),
        (_, _) => None,
    };
    let callback = Callback { keys: keys.as_deref(), ..callback };
    if let Some(answer) = provider.handshake(&callback, &setup).map_err(unproven)? {
        return Ok(said(answer));
    }
    let verified = provider.verify(&callback, &setup).map_err(unproven)?;
    first(intake, provider, way, &verified).await?;
    match verified.notice().map(|notice| (notice.kind, &notice.confirmation)) {
        Some((Kind::SubscriptionConfirmation, confirmation)) => {
            let confirmation = confirmation.as_ref().ok_or_else(|| Error::internal("a confirmation without address"))?;
            intake.0.certificates.confirm(&confirmation.url).await?;
        }
        Some((Kind::UnsubscribeConfirmation, _)) => tracing::warn!("an SNS subscription was ended"),
        Some((Kind::Notification, _)) | None => {
            events(intake, provider, way, &verified, &setup).await?;
            messages(intake, provider, way, &verified, &setup).await?;
            push(intake, provider, way, &verified).await?;
        }
    }
    Ok(said(provider.answer(&verified)))
}

/// Refuses a proof that was used for another body. The same body again is a repetition, which nothing is lost by.
async fn first(intake: &Intake, provider: &dyn Receiving, way: Way<'_>, verified: &Verified) -> Result<()> {
    let (Way::Account(scope, account), Some(once)) = (way, provider.once(verified)) else { return Ok(()) };
    let proof = Proof::of(&intake.0.context.keys, account.id, &once, verified.body());
    if scope.create(&proof).await? {
        return Ok(());
    }
    let known = scope.read_now::<Proof>(Proof::at(&proof.digest)).await?;
    if known.is_some_and(|known| known.row.body == proof.body) { Ok(()) } else { Err(Error::Unauthenticated) }
}

/// What is wrong with an account's own secrets is nothing to tell whoever posts.
fn unproven(error: Error) -> Error {
    if let Error::Invalid(faults) = error {
        tracing::warn!(?faults, "an account's settings prove nothing");
        return Error::Unauthenticated;
    }
    error
}

fn said(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    (status, [(header::CONTENT_TYPE, answer.media_type)], answer.body).into_response()
}

/// Takes every event in. One that names no message of ours is passed over: the same topic may serve others.
async fn events(intake: &Intake, provider: &dyn Receiving, way: Way<'_>, verified: &Verified, setup: &Setup<'_>) -> Result<()> {
    for event in provider.events(verified, setup) {
        let reference = event.tag.as_deref().and_then(|tag| Reference::verify(&intake.0.context.keys, Purpose::Tag, tag));
        let Some(reference) = reference else {
            tracing::info!(kind = ?event.kind, "an event without a reference of ours");
            continue;
        };
        if matches!(way, Way::Account(scope, _) if scope.tenant() != reference.tenant()) {
            tracing::warn!(message.id = %reference.message(), "an event for another tenant's message {}", reference.message());
            continue;
        }
        let mark = Heard::mark(&event);
        if mark.is_some_and(|mark| intake.0.heard.knows(&mark)) {
            continue;
        }
        let scope = intake.0.store.by_reference(&reference);
        match report(&intake.0.context, &scope, reference.message(), &event).await? {
            Taken::New | Taken::Repeated => mark.into_iter().for_each(|mark| intake.0.heard.note(mark)),
            Taken::NoMessage => {
                tracing::info!(message.id = %reference.message(), "an event for a message that is gone: {}", reference.message());
            }
        }
    }
    Ok(())
}

/// Has the account's mailbox looked at, where that is read and the provider says that something came.
async fn push(intake: &Intake, provider: &dyn Receiving, way: Way<'_>, verified: &Verified) -> Result<()> {
    let Way::Account(scope, account) = way else { return Ok(()) };
    if provider.pushes(verified) && account.reads().is_some() {
        look::push(scope, account.id, intake.0.context.clock.now()).await?;
    }
    Ok(())
}

/// Keeps every message that came in. The deployment's own topics bring none that could be told to belong to an account.
async fn messages(
    intake: &Intake,
    provider: &dyn Receiving,
    way: Way<'_>,
    verified: &Verified,
    setup: &Setup<'_>,
) -> Result<()> {
    let Way::Account(scope, account) = way else { return Ok(()) };
    let put = deposits::read(&intake.0.files, scope, account, provider, verified, setup).await?;
    for came in provider.inbound(verified, setup).into_iter().chain(put) {
        match take_in(&intake.0.context, &intake.0.files, scope, account, &came).await? {
            take_in::Taken::Kept(id) => tracing::info!(inbound.id = %id, "a message came in: {id}"),
            take_in::Taken::Before(id) => tracing::info!(inbound.id = %id, "a message came in again: {id}"),
            take_in::Taken::Unwanted(why) => tracing::info!(account.id = %account.id, why, "a message was kept out"),
            take_in::Taken::Nobody => tracing::warn!("a message from what is no address"),
        }
    }
    Ok(())
}
