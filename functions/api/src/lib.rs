//! `api`: the HTTP API. One file per resource with its views, handlers and routes; the extractors in [`caller`] and [`input`] are
//! the only way from a request to data.
//!
//! `api` accepts: it answers once a conditional write is done and never talks to a provider.

pub mod caller;
mod edge;
mod expand;
pub mod failure;
pub mod input;
mod limits;
pub mod page;
pub mod reply;
pub mod state;
pub mod token;
pub mod wire;

mod accounts;
mod analytics;
mod contacts;
mod keys;
mod messages;
mod meta;
mod suppressions;
mod templates;
mod tenants;
mod users;
mod versions;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;

pub use caller::{Caller, Operator, may};
pub use failure::Failure;
pub use state::{Api, Parts};

/// Every resource, with its description.
fn resources() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(meta::description())
        .merge(messages::routes())
        .merge(contacts::routes())
        .merge(templates::routes())
        .merge(versions::routes())
        .merge(accounts::routes())
        .merge(suppressions::routes())
        .merge(analytics::routes())
        .merge(users::routes())
        .merge(keys::routes())
        .merge(tenants::routes())
        .merge(meta::routes())
}

/// The whole API: what Lambda, the local runner and the tests call.
pub fn router(api: Api) -> Router {
    let (router, _) = resources().split_for_parts();
    router
        .merge(meta::pages())
        .fallback(meta::nowhere)
        .layer(from_fn_with_state(api.clone(), edge::once))
        .layer(from_fn_with_state(api.clone(), limits::limit))
        .layer(from_fn_with_state(api.clone(), edge::finish))
        .layer(map_response(guard))
        .with_state(api)
}

/// The description of the API (OpenAPI 3.1), as the committed `openapi.json` has it.
pub fn openapi() -> String {
    let (_, description) = resources().split_for_parts();
    let mut text = description.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

/// Headers that every reply carries.
async fn guard(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(http::header::X_CONTENT_TYPE_OPTIONS, http::HeaderValue::from_static("nosniff"));
    headers.insert(http::header::REFERRER_POLICY, http::HeaderValue::from_static("no-referrer"));
    headers
        .insert(http::header::STRICT_TRANSPORT_SECURITY, http::HeaderValue::from_static("max-age=31536000; includeSubDomains"));
    response
}
