//! `webhook-intake`: what comes in from outside without a credential of ours: provider callbacks, opens, clicks,
//! unsubscriptions. It trusts nobody. What is not proven is refused and costs no write; what is proven is stored before it is
//! acknowledged.

mod boxes;
mod callbacks;
mod certificates;
mod consent;
mod deposits;
mod heard;
mod hosted;
mod key_sets;
mod pages;
mod preferences;
mod tracking;
mod visitor;

use std::convert::Infallible;
use std::sync::Arc;

use aws::{Connection, Env, Fetch, Files, Vault};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts as RequestParts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use domain::flows::Context;
use domain::flows::allow::Allowances;
use http_body_util::{BodyExt, Collected, Limited};
use kernel::ids::RequestId;
use kernel::{Clock, Error, Ids, Keys, Problem, Result};
use providers::Roots;
use store::{Dynamo, Store, Table};

use certificates::Certificates;
use heard::Heard;
use key_sets::KeySets;

/// What the intake shares.
#[derive(Clone, Debug)]
pub struct Intake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    store: Store,
    context: Context,
    vault: Vault,
    files: Files,
    public_url: Option<String>,
    topics: Vec<String>,
    roots: Roots,
    certificates: Certificates,
    key_sets: KeySets,
    heard: Heard,
    allowances: Allowances,
}

/// What an intake is made of.
#[derive(Debug)]
pub struct Parts {
    /// The table behind its doors.
    pub store: Store,
    /// Time, ids and keys.
    pub context: Context,
    /// Data keys of tenants.
    pub vault: Vault,
    /// Stored files.
    pub files: Files,
    /// Where this deployment is called from outside, without a slash at the end; none: by the name that a request is for.
    pub public_url: Option<String>,
    /// Reads of signing certificates, key sets and confirmations.
    pub fetch: Fetch,
    /// SNS topics that may speak for the whole deployment.
    pub topics: Vec<String>,
    /// Roots that signing certificates may chain to.
    pub roots: Roots,
    /// Where certificates and confirmations are read instead of from AWS: emulators and private partitions. What comes from
    /// there must chain to the roots.
    pub origin: Option<String>,
}

impl Intake {
    /// An intake of those parts.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            store: parts.store,
            key_sets: KeySets::new(parts.fetch.clone(), parts.context.clock.clone()),
            certificates: Certificates::new(parts.fetch, parts.origin, parts.context.clock.clone()),
            allowances: Allowances::new(parts.context.clock.clone()),
            context: parts.context,
            vault: parts.vault,
            files: parts.files,
            public_url: parts.public_url,
            topics: parts.topics,
            roots: parts.roots,
            heard: Heard::default(),
        }))
    }

    /// Where this deployment is called: as it was told, else by the name that it was called by.
    pub(crate) fn origin(&self, headers: &HeaderMap) -> String {
        self.0.public_url.clone().unwrap_or_else(|| {
            let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
            format!("https://{host}")
        })
    }

    /// An intake on the table, keys and topics that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        let context =
            Context { clock: Clock::System, ids: Ids::System, keys: Keys::derive(&env.secret("DEPLOYMENT_SECRET")?)? };
        let mut roots = Roots::public();
        if let Some(pem) = env.find("SNS_EXTRA_ROOT_PEM") {
            roots = roots.and(pem.as_bytes())?;
        }
        let topics = env.find("SNS_TOPIC_ARNS").unwrap_or_default();
        Ok(Self::new(Parts {
            store: Store::new(Table::Dynamo(Dynamo::connect(&connection, env.need("TABLE_NAME")?))),
            files: Files::from_env(env, &connection, &context.clock),
            vault: Vault::kms(connection, env.need("KMS_KEY_ID")?, context.clock.clone(), context.ids.clone()),
            public_url: env.find("PUBLIC_URL").map(|url| url.trim_end_matches('/').to_owned()),
            context,
            fetch: Fetch::network(),
            topics: topics.split(',').map(str::trim).filter(|topic| !topic.is_empty()).map(str::to_owned).collect(),
            roots,
            origin: env.find("SNS_CERTIFICATE_ORIGIN"),
        }))
    }
}

/// Every way in: what Lambda, the local runner and the tests call.
pub fn router(intake: Intake) -> Router {
    Router::new()
        .route("/hooks/consent", get(consent::come_back))
        .route("/hooks/{provider}", post(callbacks::take_for_deployment))
        .route("/hooks/{provider}/{route}", get(callbacks::take_for_account).post(callbacks::take_for_account))
        .route("/t/o/{token}", get(tracking::open))
        .route("/t/c/{token}", get(tracking::click))
        .route("/u/{token}", get(preferences::show).post(preferences::save))
        .route("/p/{slug}", get(hosted::ask::show).post(hosted::ask::send))
        .route("/p/{slug}/signup", get(hosted::signup::show).post(hosted::signup::save))
        .route("/p/{slug}/{token}", get(hosted::choose::show).post(hosted::choose::save))
        .route("/p/{slug}/confirm/{token}", get(hosted::confirm::show).post(hosted::confirm::save))
        .fallback(async || Refusal(Error::NotFound { kind: "page" }))
        .method_not_allowed_fallback(async || Refusal(Error::MethodNotAllowed))
        .with_state(intake)
}

/// Reads at most `limit` bytes.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes> {
    let body = Limited::new(body, limit).collect().await;
    body.map(Collected::to_bytes).map_err(|_| Error::TooLarge { limit })
}

/// The one parameter of a path; what is no text names nothing.
#[derive(Debug)]
pub(crate) struct Token(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Token {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut RequestParts, state: &S) -> std::result::Result<Self, Infallible> {
        let token = Path::<String>::from_request_parts(parts, state).await;
        Ok(Self(token.map(|Path(token)| token).unwrap_or_default()))
    }
}

/// An error on its way out, as a problem.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) Error);

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let id = RequestId::new(&Ids::System, &Clock::System).to_string();
        if let Error::Internal(cause) | Error::Unavailable(cause) = &self.0 {
            tracing::error!(request.id = id, cause = cause.for_log(), "a callback could not be taken, request {id}");
        }
        let problem = Problem::of(&self.0, &id);
        let status = axum::http::StatusCode::from_u16(problem.status).unwrap_or(axum::http::StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, serde_json::to_vec(&problem).unwrap_or_default()).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        response
    }
}
