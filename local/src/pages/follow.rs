//! What became of a message, as the API tells the tenant's owner.

use axum::Router;
use axum::body::Body;
use http::{Request, StatusCode, header};
use kernel::ids::{AccountId, MessageId};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// A message in short.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Brief {
    /// Where it is.
    pub(super) status: String,
    /// What the recipient did.
    #[serde(default)]
    engagement: Vec<Engagement>,
}

#[derive(Debug, Deserialize)]
struct Engagement {
    kind: String,
    machine: bool,
}

impl Brief {
    /// What a person did with it.
    pub(super) fn marks(&self) -> impl Iterator<Item = &str> {
        self.engagement.iter().filter(|engagement| !engagement.machine).map(|engagement| engagement.kind.as_str())
    }
}

/// Why a message was or was not sent, and what happened to it.
#[derive(Debug, Deserialize)]
pub(super) struct Trace {
    pub(super) status: String,
    pub(super) why: String,
    pub(super) gate: Gate,
    #[serde(default)]
    pub(super) tries: Vec<Try>,
    #[serde(default)]
    pub(super) events: Vec<Event>,
}

/// What was decided.
#[derive(Debug, Deserialize)]
pub(super) struct Gate {
    pub(super) decision: String,
    pub(super) reason: Option<String>,
    #[serde(default)]
    pub(super) checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Deserialize)]
pub(super) struct Check {
    pub(super) question: String,
    pub(super) result: String,
}

/// One call of a provider.
#[derive(Debug, Deserialize)]
pub(super) struct Try {
    pub(super) number: u32,
    pub(super) at: String,
    pub(super) verdict: String,
    pub(super) account: Option<String>,
    pub(super) note: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Deserialize)]
pub(super) struct Event {
    pub(super) kind: String,
    pub(super) at: String,
    #[serde(default)]
    pub(super) machine: bool,
    pub(super) class: Option<String>,
    pub(super) code: Option<String>,
    pub(super) text: Option<String>,
    pub(super) agent: Option<String>,
    pub(super) url: Option<String>,
}

/// What the API answers, or why there is nothing to show: one word.
pub(super) type Followed<T> = Result<T, &'static str>;

/// The message in short.
pub(super) async fn brief(api: &Router, key: &str, id: MessageId) -> Followed<Brief> {
    ask(api, key, &format!("/v1/messages/{id}")).await
}

/// The message in full.
pub(super) async fn trace(api: &Router, key: &str, id: MessageId) -> Followed<Trace> {
    ask(api, key, &format!("/v1/messages/{id}/trace")).await
}

#[derive(Debug, Deserialize)]
struct Account {
    callback_path: String,
}

/// Where the provider of an account posts.
pub(super) async fn callback(api: &Router, key: &str, id: AccountId) -> Followed<String> {
    ask::<Account>(api, key, &format!("/v1/accounts/{id}")).await.map(|account| account.callback_path)
}

async fn ask<T: DeserializeOwned>(api: &Router, key: &str, path: &str) -> Followed<T> {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {key}")).body(Body::empty());
    let (status, body) = super::call(api, request.map_err(|_| "unreadable")?).await;
    match status {
        StatusCode::OK => serde_json::from_slice(&body).map_err(|error| {
            tracing::error!(%error, "the answer of {path} is not what these pages know");
            "unreadable"
        }),
        StatusCode::NOT_FOUND => Err("deleted"),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err("key refused"),
        _ => Err("unavailable"),
    }
}
