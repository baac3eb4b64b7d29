//! The pages of this machine: the outbox, where people look at what was sent and play the recipient and the mail servers.
//!
//! A page holds nothing of its own. What was sent is in the outbox, what became of it is asked of the API with the owner's key,
//! and what a person does here goes to the intake as it would from outside: the same callbacks, pixels and links. Whatever a
//! message says is hostile: it reaches a page through [`markup`] alone, which escapes it, or through [`preview`], which shows
//! it in a frame that may do nothing. [`guard`] answers this machine's own pages only.

mod deeds;
mod follow;
mod guard;
mod letter;
mod list;
mod mail;
mod markup;
mod note;
mod preview;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use domain::flows::Context;
use http::{HeaderValue, Request, StatusCode, header};
use http_body_util::BodyExt;
use kernel::ids::TenantId;
use kernel::{Purpose, Reference};
use send::outbox::{Kept, Note, Outbox};
use tower::ServiceExt;

use crate::provider::Provider;
use markup::{Html, fill, page};

/// What the pages show and reach.
#[derive(Debug)]
pub struct Pages {
    /// What was sent.
    pub outbox: Outbox,
    /// Tells of it in the provider's words.
    pub provider: &'static Provider,
    /// Takes callbacks, opens, clicks and unsubscriptions.
    pub intake: Router,
    /// Tells what became of a message.
    pub api: Router,
    /// Time, and the keys that references are verified with.
    pub context: Context,
    /// The tenants whose messages can be followed: id, slug and the owner's API key.
    pub keys: Vec<(TenantId, String, String)>,
}

type Shared = State<Arc<Pages>>;

/// The pages, all under `/local/`.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .route("/local", get(start))
        .route("/local/", get(start))
        .route("/local/pages.css", get(async || asset("text/css; charset=utf-8", include_str!("pages/pages.css"))))
        .route("/local/pages.js", get(async || asset("text/javascript; charset=utf-8", include_str!("pages/pages.js"))))
        .route("/local/outbox", get(list::show))
        .route("/local/outbox.json", get(list::tell))
        .route("/local/outbox/{id}", get(letter::show))
        .route("/local/outbox/{id}/html", get(preview::show))
        .route("/local/outbox/{id}/raw", get(raw))
        .route("/local/outbox/{id}/deeds/{deed}", post(deeds::perform))
        .route("/local/notes/{id}", get(note::show))
        .route("/local/notes/{id}/deeds/{deed}", post(note::perform))
        .route("/local/{*rest}", any(async || Refusal::nowhere("There is no such page.")))
        .route_layer(from_fn(guard::guard))
        .with_state(Arc::new(pages))
}

async fn start() -> Redirect {
    Redirect::to("/local/outbox")
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// The message as it went out, for a mail program to open.
async fn raw(State(pages): Shared, Path(id): Path<String>) -> Result<Response, Refusal> {
    let kept = pages.find(&id)?;
    let name = HeaderValue::try_from(format!("attachment; filename=\"{}.eml\"", kept.id));
    let name = name.unwrap_or(HeaderValue::from_static("attachment"));
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("message/rfc822")), (header::CONTENT_DISPOSITION, name)], kept.raw)
        .into_response())
}

impl Pages {
    /// The message with that id of the outbox.
    fn find(&self, id: &str) -> Result<Kept, Refusal> {
        let found = self.outbox.kept().into_iter().find(|kept| kept.id == id);
        found.ok_or_else(|| Refusal::nowhere("There is no such message in the outbox. It keeps the last 1,000."))
    }

    /// The message on another channel than email with that id of the outbox.
    fn note(&self, id: &str) -> Result<Note, Refusal> {
        let found = self.outbox.notes().into_iter().find(|note| note.id == id);
        found.ok_or_else(|| {
            Refusal::nowhere("There is no such message in the outbox. It keeps the last 1,000 that are no mail.")
        })
    }

    /// Which message of ours it is, when it carries a reference that this deployment made.
    fn reference(&self, kept: &Kept) -> Option<Reference> {
        self.referred(&mail::tag(kept))
    }

    /// Which message of ours a reference names.
    fn referred(&self, tag: &str) -> Option<Reference> {
        Reference::verify(&self.context.keys, Purpose::Tag, tag)
    }

    /// The slug and the owner's key of a tenant.
    fn tenant(&self, id: TenantId) -> Option<(&str, &str)> {
        let found = self.keys.iter().find(|(tenant, ..)| *tenant == id);
        found.map(|(_, slug, key)| (slug.as_str(), key.as_str()))
    }
}

/// Calls a router of this process.
async fn call(router: &Router, request: Request<Body>) -> (StatusCode, Vec<u8>) {
    let response = match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status();
    let body = response.into_body().collect().await.map(|body| body.to_bytes().to_vec());
    (status, body.unwrap_or_default())
}

/// Why a page cannot be shown or a deed cannot be done, for the person in front of it.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    title: &'static str,
    detail: String,
}

impl Refusal {
    fn nowhere(detail: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, title: "Not found", detail: detail.to_owned() }
    }

    fn internal(detail: &str) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, title: "Something went wrong", detail: detail.to_owned() }
    }

    fn conflict(detail: &str) -> Self {
        Self { status: StatusCode::CONFLICT, title: "This cannot be done", detail: detail.to_owned() }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let content = fill(include_str!("pages/refusal.html"), &[("title", &self.title), ("detail", &self.detail)]);
        (self.status, page(self.title, &content)).into_response()
    }
}

impl IntoResponse for Html {
    fn into_response(self) -> Response {
        axum::response::Html(self.into_string()).into_response()
    }
}

#[cfg(test)]
mod tests;
