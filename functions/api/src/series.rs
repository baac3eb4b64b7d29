//! Series: messages that are sent again and again, by a rule on the recipient's own wall clock.

use axum::extract::State;
use domain::flows::repeat::{self, NewSeries};
use domain::series::State as Going;
use domain::{Recurrence, Series};
use kernel::ids::{ContactId, MessageId, SeriesId};
use kernel::{Error, Result, Time, Zone};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::messages::request::NewMessage;
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::words::SeriesStatusWord;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// A message that is sent again and again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeriesView {
    #[schema(value_type = String, example = "ser_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: SeriesId,
    #[schema(value_type = SeriesStatusWord)]
    status: Going,
    /// What is ordered each time.
    #[schema(value_type = Object)]
    order: Value,
    #[schema(value_type = String)]
    recurrence: Recurrence,
    /// The zone whose wall clock counts, when it is not the recipient's.
    #[schema(value_type = Option<String>)]
    zone: Option<Zone>,
    /// When the next message is due; null when none is.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Time>,
    /// Messages made.
    made: u32,
    /// Times that passed without a message, while it was paused or we did not work: of several that were missed one message is made.
    passed_over: u32,
    /// The message made last.
    #[schema(value_type = Option<String>)]
    last_message: Option<MessageId>,
    /// Why no message could be made last time.
    failure: Option<String>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Series> for SeriesView {
    fn from(row: Series) -> Self {
        let mut order = serde_json::to_value(&row.order).unwrap_or_default();
        if let Value::Object(fields) = &mut order {
            fields.retain(|_, value| !value.is_null());
        }
        Self {
            id: row.id,
            status: row.state,
            order,
            recurrence: row.next.rule,
            zone: row.zone,
            next_at: row.state.is_open().then_some(row.next.at),
            made: row.made,
            passed_over: row.passed_over,
            last_message: row.last_message,
            failure: row.failure,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// A series to begin.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewSeries)]
pub(crate) struct SeriesRequest {
    /// What is ordered each time, without `send_at`.
    order: NewMessage,
    /// A rule as in RFC 5545: `FREQ` from `DAILY` to `YEARLY`, `INTERVAL`, `BYDAY`, `BYMONTHDAY`, `BYMONTH`, `COUNT` and `UNTIL`.
    #[schema(value_type = String, example = "FREQ=WEEKLY;BYDAY=MO")]
    recurrence: Recurrence,
    /// The rule begins then, at that time of the day; now when not said.
    #[serde(default, with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    start_at: Option<Time>,
    /// The zone whose wall clock counts; the recipient's when not said.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
}

/// Filters of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct SeriesFilters {
    /// Series with this status.
    #[param(value_type = Option<SeriesStatusWord>)]
    status: Option<Going>,
    /// Series to this contact.
    #[param(value_type = Option<String>)]
    contact: Option<ContactId>,
}

impl SeriesFilters {
    fn keeps(&self, series: &Series) -> bool {
        self.status.is_none_or(|status| status == series.state)
            && self.contact.is_none_or(|contact| series.order.to.contact == Some(contact))
    }
}

/// Lists series, newest first.
#[utoipa::path(get, path = "/v1/series", tag = "series", operation_id = "list_series", security(("key" = [])),
    params(PageParams, SeriesFilters),
    responses((status = 200, description = "A page of series.", body = List<SeriesView>), refused::Listing))]
async fn list_series(
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<SeriesFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    page.rows::<_, _, SeriesView>(&caller, &format!("series {filters:?}"), |series: &Series| filters.keeps(series)).await
}

/// Finds a series.
#[utoipa::path(get, path = "/v1/series/{id}", tag = "series", operation_id = "find_series", security(("key" = [])),
    params(("id" = String, Path, description = "The series' id.")),
    responses((status = 200, description = "The series.", body = SeriesView, headers(("etag" = String))), refused::Finding))]
async fn find_series(caller: Caller<may::Read>, Id(id): Id<SeriesId>) -> Result<Reply<SeriesView>, Failure> {
    let series = caller.scope.find::<Series>(id).await?;
    Ok(Reply::ok(series.row.into()).version(series.version))
}

/// Begins a series. The order is judged as if it were sent now.
#[utoipa::path(post, path = "/v1/series", tag = "series", operation_id = "create_series", security(("key" = [])),
    params(Repeatable), request_body = SeriesRequest,
    responses((status = 201, description = "The new series.", body = SeriesView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_series(
    State(api): State<Api>,
    caller: Caller<may::Send>,
    Input(body): Input<SeriesRequest>,
) -> Result<Reply<SeriesView>, Failure> {
    let SeriesRequest { order, recurrence, start_at, zone } = body;
    let start = start_at.unwrap_or_else(|| caller.context.clock.now());
    let new = NewSeries { order: order.into(), rule: recurrence, start, zone, reach: caller.reach.clone() };
    let series = repeat::begin(&caller.context, &api.0.catalog, &api.0.files, &caller.scope, new).await?;
    let location = format!("/v1/series/{}", series.id);
    Ok(Reply::created(series.into(), &location).version(1))
}

/// Puts a series that may go on into another state. Where it is already, nothing changes.
async fn enter(
    caller: &Caller<may::Send>,
    id: SeriesId,
    if_match: IfMatch,
    state: Going,
) -> Result<Reply<SeriesView>, Failure> {
    let mut series = caller.scope.find::<Series>(id).await?;
    if_match.check(series.version)?;
    if series.row.state != state {
        if !series.row.state.is_open() {
            return Err(Error::conflict(format!("the series is {}", series.row.state.as_str())).into());
        }
        series.row.enter(state, caller.context.clock.now());
        series.version = caller.scope.replace(&series).await?;
    }
    Ok(Reply::ok(series.row.into()).version(series.version))
}

/// Pauses a series.
#[utoipa::path(post, path = "/v1/series/{id}/pause", tag = "series", operation_id = "pause_series", security(("key" = [])),
    params(("id" = String, Path, description = "The series' id."), IfMatch, Repeatable),
    responses((status = 200, description = "The series.", body = SeriesView, headers(("etag" = String))), refused::Changing))]
async fn pause_series(
    caller: Caller<may::Send>,
    Id(id): Id<SeriesId>,
    if_match: IfMatch,
) -> Result<Reply<SeriesView>, Failure> {
    enter(&caller, id, if_match, Going::Paused).await
}

/// Lets a paused series go on. If it missed a time, one message goes at once, however many times it missed.
#[utoipa::path(post, path = "/v1/series/{id}/resume", tag = "series", operation_id = "resume_series", security(("key" = [])),
    params(("id" = String, Path, description = "The series' id."), IfMatch, Repeatable),
    responses((status = 200, description = "The series.", body = SeriesView, headers(("etag" = String))), refused::Changing))]
async fn resume_series(
    State(api): State<Api>,
    caller: Caller<may::Send>,
    Id(id): Id<SeriesId>,
    if_match: IfMatch,
) -> Result<Reply<SeriesView>, Failure> {
    repeat::may_resume(&caller.context, &api.0.catalog, &api.0.files, &caller.scope, id, &caller.reach).await?;
    enter(&caller, id, if_match, Going::Active).await
}

/// Calls a series off.
#[utoipa::path(post, path = "/v1/series/{id}/cancel", tag = "series", operation_id = "cancel_series", security(("key" = [])),
    params(("id" = String, Path, description = "The series' id."), IfMatch, Repeatable),
    responses((status = 200, description = "The series.", body = SeriesView, headers(("etag" = String))), refused::Changing))]
async fn cancel_series(
    caller: Caller<may::Send>,
    Id(id): Id<SeriesId>,
    if_match: IfMatch,
) -> Result<Reply<SeriesView>, Failure> {
    enter(&caller, id, if_match, Going::Cancelled).await
}

operations!(list_series, create_series, find_series, pause_series, resume_series, cancel_series);
