//! The place that links of stored files lead to on this machine: it takes and gives what a link allows, as S3 does it in AWS.

use aws::files::{Grant, Shelf, disposition};
use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::{StreamExt, TryStreamExt};
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, StatusCode};
use kernel::ids::RequestId;
use kernel::{Clock, Error, Ids, Problem, Result};

/// Every link, all under `/files/`.
pub fn router(shelf: Shelf) -> Router {
    Router::new().route("/files/{token}", get(fetch).put(bring)).with_state(shelf)
}

/// What the link allows with that method.
fn granted(shelf: &Shelf, token: &str, method: &str) -> Result<Grant> {
    shelf.grant(token).filter(|grant| grant.method == method).ok_or_else(refused)
}

fn refused() -> Error {
    Error::Forbidden { need: "files.link" }
}

async fn fetch(State(shelf): State<Shelf>, Path(token): Path<String>) -> Response {
    let grant = match granted(&shelf, &token, "GET") {
        Ok(grant) => grant,
        Err(error) => return problem(&error),
    };
    let headers = [
        (CONTENT_TYPE, grant.media_type),
        (CONTENT_DISPOSITION, disposition(&grant.name)),
        (X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (CACHE_CONTROL, "private, no-store".to_owned()),
    ];
    let mut parts = shelf.read(&grant.key).peekable();
    if let Some(Err(_)) = std::pin::Pin::new(&mut parts).peek().await {
        return problem(&Error::NotFound { kind: "file" });
    }
    (headers, Body::from_stream(parts.map_err(std::io::Error::other))).into_response()
}

async fn bring(State(shelf): State<Shelf>, Path(token): Path<String>, request: Request) -> Response {
    match take(&shelf, &token, request).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => problem(&error),
    }
}

async fn take(shelf: &Shelf, token: &str, request: Request) -> Result<()> {
    let grant = granted(shelf, token, "PUT")?;
    let (head, body) = request.into_parts();
    let said = |name| head.headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let length = said(CONTENT_LENGTH).is_none_or(|length| length == grant.bytes.to_string());
    if said(CONTENT_TYPE) != Some(grant.media_type.as_str()) || !length || !is_new(&head.headers) {
        return Err(refused());
    }
    if shelf.has(&grant.key)? {
        return Err(Error::Stale { version: 1 });
    }
    let parts = body.into_data_stream().map_err(|error| error.to_string()).boxed();
    shelf.write(&grant.key, grant.bytes, parts).await
}

/// Whether the request wants to write what is not there yet.
fn is_new(headers: &HeaderMap) -> bool {
    headers.get(http::header::IF_NONE_MATCH).is_some_and(|value| value == "*")
}

fn problem(error: &Error) -> Response {
    let problem = Problem::of(error, &RequestId::new(&Ids::System, &Clock::System).to_string());
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    (status, [(CONTENT_TYPE, "application/problem+json")], body).into_response()
}
