//! From errors to answers. A handler's error travels in the response's extensions to the edge, where it becomes a problem with
//! the request's id, and where its cause is logged, once.

use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{StatusCode, header};
use kernel::{Error, Problem};

/// An error on its way to the edge.
#[derive(Debug)]
pub struct Failure(pub Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Carried(pub(crate) Error);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
        response.extensions_mut().insert(Carried(self.0));
        response
    }
}

/// The answer for an error.
pub(crate) fn problem(error: &Error, request: &str) -> Response {
    match error {
        Error::Internal(cause) => tracing::error!(request.id = request, cause = cause.for_log(), "request {request} failed"),
        Error::Unavailable(cause) => {
            tracing::warn!(request.id = request, cause = cause.for_log(), "request {request} could not be served");
        }
        Error::Unauthenticated
        | Error::Forbidden { .. }
        | Error::OutOfReach(_)
        | Error::NotFound { .. }
        | Error::MethodNotAllowed
        | Error::Malformed { .. }
        | Error::UnsupportedMediaType
        | Error::TooLarge { .. }
        | Error::Invalid(_)
        | Error::Conflict { .. }
        | Error::Stale { .. }
        | Error::KeyInUse
        | Error::KeyReused
        | Error::TooMany { .. } => {}
    }
    let problem = Problem::of(error, request);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = serde_json::to_vec(&problem).unwrap_or_default();
    let mut response = (status, body).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(after) = problem.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(after));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
