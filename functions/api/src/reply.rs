//! What goes out: views with ETag and Location, and pages.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

/// A view on its way out.
#[derive(Debug)]
pub struct Reply<T> {
    status: StatusCode,
    headers: HeaderMap,
    view: T,
}

impl<T: Serialize> Reply<T> {
    /// 200 with a view.
    pub fn ok(view: T) -> Self {
        Self { status: StatusCode::OK, headers: HeaderMap::new(), view }
    }

    /// 201 with the new thing and where it is.
    pub fn created(view: T, location: &str) -> Self {
        Self { status: StatusCode::CREATED, headers: HeaderMap::new(), view }.header(LOCATION, location)
    }

    /// 202 with what was accepted and where to follow it.
    pub fn accepted(view: T, location: &str) -> Self {
        Self { status: StatusCode::ACCEPTED, headers: HeaderMap::new(), view }.header(LOCATION, location)
    }

    /// With the version as ETag.
    #[must_use]
    pub fn version(self, version: u64) -> Self {
        self.header(ETAG, &format!("\"{version}\""))
    }

    /// Marks a reply that was given before.
    #[must_use]
    pub fn replayed(self) -> Self {
        self.header(http::HeaderName::from_static("idempotency-replayed"), "true")
    }

    fn header(mut self, name: http::HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
        self
    }
}

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.view).unwrap_or_default();
        let mut response = (self.status, self.headers, body).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// 204.
#[derive(Clone, Copy, Debug)]
pub struct Gone;

impl IntoResponse for Gone {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}
