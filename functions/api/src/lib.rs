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
mod reach;
pub mod reply;
pub mod state;
pub mod token;
pub mod wire;

mod accounts;
mod activities;
mod analytics;
mod attachments;
mod channels;
mod companies;
mod contacts;
mod conversations;
mod deals;
mod events;
mod exports;
mod fields;
mod imports;
mod keys;
mod messages;
mod meta;
mod notifications;
mod operations;
mod rules;
mod runs;
mod search;
mod series;
mod signup_form;
mod sought;
mod suppressions;
mod tasks;
mod teams;
mod templates;
mod tenants;
mod timeline;
mod users;
mod versions;
mod viewer;

use axum::Router;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::Response;
use utoipa::OpenApi;

pub use caller::{Caller, Operator, may};
pub use failure::Failure;
pub use state::{Api, Parts};

/// The files with operations, each named once.
macro_rules! resources {
    ($($($name:ident)::+),+ $(,)?) => {
        fn routes(router: Router<Api>) -> Router<Api> {
            $(let router = $($name)::+::routes(router);)+
            router
        }

        fn described() -> utoipa::openapi::OpenApi {
            let mut whole = meta::description();
            $(whole.merge($($name)::+::Described::openapi());)+
            whole
        }
    };
}

resources!(
    messages,
    messages::estimate,
    messages::recall,
    attachments,
    contacts,
    contacts::consents,
    contacts::engagement,
    contacts::frequency,
    contacts::preferences,
    contacts::upsert,
    signup_form,
    companies,
    deals,
    deals::decide,
    search,
    fields,
    activities,
    activities::batch,
    timeline,
    conversations,
    conversations::answer,
    exports,
    imports,
    templates,
    versions,
    versions::preview,
    accounts,
    accounts::check,
    accounts::consent,
    accounts::mailbox,
    accounts::trial,
    accounts::usage,
    channels,
    suppressions,
    events,
    rules,
    rules::ready_made,
    rules::terms,
    rules::trial,
    runs,
    series,
    tasks,
    tasks::complete,
    tasks::deeds,
    notifications,
    notifications::preferences,
    analytics,
    analytics::activities,
    analytics::channels,
    analytics::dashboard,
    analytics::deals,
    analytics::engagement,
    analytics::frequency,
    analytics::responses,
    analytics::tasks,
    analytics::templates,
    users,
    teams,
    keys,
    tenants,
    meta,
);

/// The whole API: what Lambda, the local runner and the tests call.
pub fn router(api: Api) -> Router {
    let inner = routes(Router::new()).merge(meta::pages()).fallback(meta::nowhere).with_state(api.clone());
    // Layers go around one service, not around each route: a cold start would pay for every copy.
    Router::new()
        .fallback_service(inner)
        .layer(from_fn_with_state(api.clone(), edge::once))
        .layer(from_fn_with_state(api.clone(), limits::limit))
        .layer(from_fn_with_state(api, edge::finish))
        .layer(map_response(guard))
}

/// The description of the API (OpenAPI 3.1), as the committed `openapi.json` has it.
pub fn openapi() -> String {
    let mut text = described().to_pretty_json().unwrap_or_default();
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
