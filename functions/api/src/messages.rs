//! Messages: send, follow, call off, send again, explain.

use axum::extract::State;
use domain::flows::accept::{self, Accepted, Order};
use domain::flows::release::enter;
use domain::flows::window;
use domain::message::State as Place;
use domain::{Body, Message, idempotency};
use kernel::ids::MessageId;
use kernel::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Listing, Outcome, Stored, TenantScope};
use utoipa::IntoParams;

use crate::caller::{Caller, may};
use crate::expand::Expand;
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Params, Repeatable};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

pub(crate) mod estimate;
pub(crate) mod expanded;
pub(crate) mod filters;
mod once;
pub(crate) mod recall;
pub(crate) mod request;
mod trace;
pub(crate) mod view;

use expanded::{Referred, Thing};
use filters::MessageFilters;
use once::{Begun, Ordered};
use request::NewMessage;
use trace::TraceView;
use view::MessageView;

/// Parameters of finding one.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct MessageParams {
    /// What to bring along in `expanded`: `contact`, `template`, `account`, separated by commas.
    #[param(value_type = Option<String>, example = "contact,template")]
    expand: Expand<Thing>,
}

/// Sends a message: stores it and answers. What becomes of it is told by its status.
#[utoipa::path(post, path = "/v1/messages", tag = "messages", operation_id = "send_message", security(("key" = [])),
    params(Repeatable),
    request_body(content = NewMessage, example = json!({
        "to": {"email": "ada@example.com", "name": "Ada"}, "template": "ticket",
        "variables": {"number": "4711", "title": "My parcel is late"}, "metadata": {"order": "4711"}
    })),
    responses((status = 202, description = "The message, which will not be lost.", body = MessageView,
        headers(("etag" = String), ("location" = String), ("idempotency-replayed" = Option<String>))), refused::Creating))]
async fn send_message(
    State(api): State<Api>,
    caller: Caller<may::Send>,
    ordered: Ordered,
) -> Result<Reply<MessageView>, Failure> {
    let scope = &caller.scope;
    let claim = match once::begin(&caller.context, scope, ordered.key).await? {
        Begun::Done(message) => return Ok(repeated(scope, &message).await?),
        Begun::Run(claim) => claim,
    };
    let made = match prepare(&api, &caller, ordered.message.into(), claim.id).await {
        Ok(made) => made.sent_by(caller.credential.user),
        Err(error) => return Err(claim.refused(scope, error).await.into()),
    };
    match accept::write(scope, &made).await {
        Ok(()) => Ok(accepted(made)),
        Err(error) => Err(claim.unsure(scope, error).await.into()),
    }
}

/// Checks all that can be said at once, and makes the message.
async fn prepare(api: &Api, caller: &Caller<may::Send>, order: Order, id: MessageId) -> Result<Accepted> {
    let made = accept::prepare(&api.0.catalog, &api.0.files, &caller.scope, order, id).await?;
    caller.reach.order((&made.message).into())?;
    window::check(&caller.context, &api.0.catalog, &caller.scope, &made).await?;
    Ok(made)
}

/// The answer to a message that was accepted.
pub(crate) fn accepted(Accepted { message, body, .. }: Accepted) -> Reply<MessageView> {
    let location = format!("/v1/messages/{}", message.id);
    let view = match body {
        Some(body) => MessageView::full(message, body),
        None => MessageView::brief(message),
    };
    Reply::accepted(view, &location).version(1)
}

/// The first answer once more.
async fn repeated(scope: &TenantScope, message: &Message) -> Result<Reply<MessageView>> {
    let view = MessageView::whole(scope, message.as_accepted()).await?;
    Ok(Reply::accepted(view, &format!("/v1/messages/{}", message.id)).version(1).replayed())
}

/// Lists messages, newest first.
#[utoipa::path(get, path = "/v1/messages", tag = "messages", operation_id = "list_messages", security(("key" = [])),
    params(PageParams, MessageFilters),
    responses((status = 200, description = "A page of messages.", body = List<MessageView>), refused::Listing))]
async fn list_messages(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<MessageFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    filters.check()?;
    let team = filters.team(&api, &caller.scope).await?;
    let (keys, list) = (&caller.context.keys, filters.list());
    let asked = page.listing(keys, &caller.scope, &list)?;
    let listing = Listing { since: filters.since, until: filters.before(), ..asked };
    let found =
        caller.scope.list(&listing, caller.context.clock.now(), |message| filters.keeps(message, team.as_ref())).await?;
    let rows = found.rows.iter().map(|message| &message.row);
    let referred = Referred::read(&caller.scope, caller.role, &filters.expand, rows).await?;
    let view = |message: Stored<Message>| referred.beside(&api, &caller.scope, MessageView::brief(message.row));
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, view)))
}

/// Finds a message.
#[utoipa::path(get, path = "/v1/messages/{id}", tag = "messages", operation_id = "find_message", security(("key" = [])),
    params(("id" = String, Path, description = "The message's id."), MessageParams),
    responses((status = 200, description = "The message.", body = MessageView, headers(("etag" = String))), refused::Finding))]
async fn find_message(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Id(id): Id<MessageId>,
    Params(params): Params<MessageParams>,
) -> Result<Reply<MessageView>, Failure> {
    let message = caller.scope.find::<Message>(id).await?;
    let referred = Referred::read(&caller.scope, caller.role, &params.expand, std::iter::once(&message.row)).await?;
    let view = MessageView::whole(&caller.scope, message.row).await?;
    Ok(Reply::ok(referred.beside(&api, &caller.scope, view)).version(message.version))
}

async fn whole(scope: &TenantScope, message: Stored<Message>) -> Result<Reply<MessageView>> {
    Ok(Reply::ok(MessageView::whole(scope, message.row).await?).version(message.version))
}

/// Explains a message: every check, every try, every event, and in one sentence why it was or was not sent.
#[utoipa::path(get, path = "/v1/messages/{id}/trace", tag = "messages", operation_id = "trace_message", security(("key" = [])),
    params(("id" = String, Path, description = "The message's id.")),
    responses((status = 200, description = "The explanation.", body = TraceView), refused::Finding))]
async fn trace_message(caller: Caller<may::Read>, Id(id): Id<MessageId>) -> Result<Reply<TraceView>, Failure> {
    let message = caller.scope.find::<Message>(id).await?;
    Ok(Reply::ok(TraceView::of(message.row)).version(message.version))
}

/// Changes a message in one conditional write, or says why not.
async fn change(
    scope: &TenantScope,
    id: MessageId,
    change: Change,
    cond: Cond,
    done: Option<Place>,
) -> Result<Stored<Message>> {
    match scope.change::<Message>(id, change, cond).await? {
        Outcome::Done(message) => Ok(message),
        Outcome::Refused(None) => Err(Error::NotFound { kind: MessageId::KIND }),
        Outcome::Refused(Some(found)) if Some(found.row.state) == done => Ok(found),
        Outcome::Refused(Some(found)) => Err(refusal(&found.row)),
    }
}

fn refusal(message: &Message) -> Error {
    let status = json!(message.status());
    Error::conflict(format!("The message is {}.", status.as_str().unwrap_or_default()))
}

/// Calls a message off, unless it is being sent already.
#[utoipa::path(post, path = "/v1/messages/{id}/cancel", tag = "messages", operation_id = "cancel_message", security(("key" = [])),
    params(("id" = String, Path, description = "The message's id."), Repeatable),
    responses((status = 200, description = "The message, cancelled now or before.", body = MessageView, headers(("etag" = String))),
        refused::Changing))]
async fn cancel_message(caller: Caller<may::Send>, Id(id): Id<MessageId>) -> Result<Reply<MessageView>, Failure> {
    let waiting = Cond::In(attr::STATE, Place::CANCELLABLE.map(Place::value).into());
    let entering = enter(Place::Cancelled, caller.context.clock.now());
    let message = change(&caller.scope, id, entering, waiting, Some(Place::Cancelled)).await?;
    Ok(whole(&caller.scope, message).await?)
}

/// Sends a message again that failed, was rejected or cancelled, or of which nobody knows whether it was sent.
#[utoipa::path(post, path = "/v1/messages/{id}/retry", tag = "messages", operation_id = "retry_message", security(("key" = [])),
    params(("id" = String, Path, description = "The message's id."), Repeatable),
    responses((status = 200, description = "The message, queued again.", body = MessageView, headers(("etag" = String))),
        refused::Changing))]
async fn retry_message(caller: Caller<may::Send>, Id(id): Id<MessageId>) -> Result<Reply<MessageView>, Failure> {
    let found = caller.scope.find::<Message>(id).await?.row;
    // No place of the request is at fault.
    caller.reach.order((&found).into()).map_err(|_| Error::OutOfReach(Vec::new()))?;
    let tried = n(i64::from(found.attempt));
    let ended = Cond::In(attr::STATE, Place::RETRYABLE.map(Place::value).into());
    let same = Cond::Is(attr::ATTEMPT, tried.clone());
    // Any event is proof that a provider took it.
    let unproven = Cond::All(vec![ended, same, Cond::Missing(attr::EVIDENCE), Cond::Missing(attr::EVENTS)]);
    let entering = enter(Place::Queued, caller.context.clock.now()).set(attr::GRANTS, tried);
    let message = change(&caller.scope, id, entering, unproven, None).await?;
    Ok(whole(&caller.scope, message).await?)
}

/// Deletes a message that is not under way any more, with its content.
#[utoipa::path(delete, path = "/v1/messages/{id}", tag = "messages", operation_id = "delete_message", security(("key" = [])),
    params(("id" = String, Path, description = "The message's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_message(caller: Caller<may::Delete>, Id(id): Id<MessageId>, if_match: IfMatch) -> Result<Gone, Failure> {
    let message = caller.scope.find::<Message>(id).await?;
    if_match.check(message.version)?;
    if !message.row.state.is_final() && message.row.state != Place::Unknown {
        return Err(refusal(&message.row).into());
    }
    erase(&caller, &message).await?;
    Ok(Gone)
}

async fn erase(caller: &Caller<may::Delete>, message: &Stored<Message>) -> Result<()> {
    let scope = &caller.scope;
    let mut writes = vec![scope.erasing(message)?];
    if message.row.body
        && let Some(body) = scope.read_now::<Body>(Body::at(message.row.id)).await?
    {
        writes.push(scope.erasing(&body)?);
    }
    // A repeated request to send must not make anew what was deleted.
    let now = caller.context.clock.now();
    if now < message.row.id.made_at().plus_seconds(idempotency::HOURS * 3600) {
        writes.push(scope.creating(&once::tombstone(&caller.context, message.row.id))?);
    }
    match scope.transact(writes).await? {
        None => Ok(()),
        Some(_) => Err(Error::conflict("The message was changed by another request.")),
    }
}

operations!(list_messages, send_message, find_message, delete_message, trace_message, cancel_message, retry_message);
