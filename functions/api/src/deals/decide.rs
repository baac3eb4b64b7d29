//! How deals end: won, lost, or open again.

use axum::extract::State;
use domain::Deal;
use domain::deal::Status;
use domain::flows::keep_deal;
use kernel::ids::DealId;
use kernel::{Result, Time};
use serde::Deserialize;
use utoipa::ToSchema;

use super::DealView;
use crate::caller::{Caller, may};
use crate::contacts::fields::trimmed;
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// What is said of a deal that is won.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Victory {
    /// Why.
    #[schema(max_length = 200)]
    reason: Option<String>,
}

/// What is said of a deal that is lost.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Defeat {
    /// Why.
    #[schema(max_length = 200, example = "too expensive")]
    reason: String,
}

/// Changes the deal at the version that the caller knows.
async fn decide(
    api: &Api,
    caller: &Caller<may::WriteContacts>,
    id: DealId,
    if_match: IfMatch,
    change: impl FnOnce(&mut Deal, Time) -> Result<()> + Send,
) -> Result<Reply<DealView>, Failure> {
    let mut deal = caller.scope.find::<Deal>(id).await?;
    if_match.check(deal.version)?;
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    let before = deal.row.clone();
    change(&mut deal.row, caller.context.clock.now())?;
    let version = keep_deal::replace(&caller.context, &caller.scope, &definitions, &before, &mut deal).await?;
    Ok(Reply::ok(deal.row.into()).version(version))
}

/// Notes that an open deal is won.
#[utoipa::path(post, path = "/v1/deals/{id}/win", tag = "deals", operation_id = "win_deal", security(("key" = [])),
    params(("id" = String, Path, description = "The deal's id."), IfMatch, Repeatable), request_body = Victory,
    responses((status = 200, description = "The deal.", body = DealView, headers(("etag" = String))), refused::Changing))]
async fn win_deal(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<DealId>,
    if_match: IfMatch,
    Input(body): Input<Victory>,
) -> Result<Reply<DealView>, Failure> {
    decide(&api, &caller, id, if_match, |deal, now| deal.close(Status::Won, body.reason.map(trimmed), now)).await
}

/// Notes that an open deal is lost, and why.
#[utoipa::path(post, path = "/v1/deals/{id}/lose", tag = "deals", operation_id = "lose_deal", security(("key" = [])),
    params(("id" = String, Path, description = "The deal's id."), IfMatch, Repeatable), request_body = Defeat,
    responses((status = 200, description = "The deal.", body = DealView, headers(("etag" = String))), refused::Changing))]
async fn lose_deal(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<DealId>,
    if_match: IfMatch,
    Input(body): Input<Defeat>,
) -> Result<Reply<DealView>, Failure> {
    decide(&api, &caller, id, if_match, |deal, now| deal.close(Status::Lost, Some(trimmed(body.reason)), now)).await
}

/// Takes the decision about a deal back: it is open again.
#[utoipa::path(post, path = "/v1/deals/{id}/reopen", tag = "deals", operation_id = "reopen_deal", security(("key" = [])),
    params(("id" = String, Path, description = "The deal's id."), IfMatch, Repeatable),
    responses((status = 200, description = "The deal.", body = DealView, headers(("etag" = String))), refused::Changing))]
async fn reopen_deal(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<DealId>,
    if_match: IfMatch,
) -> Result<Reply<DealView>, Failure> {
    decide(&api, &caller, id, if_match, Deal::reopen).await
}

operations!(win_deal, lose_deal, reopen_deal);
