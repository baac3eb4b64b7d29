//! The outermost layers: a request id on every reply, problems for every error, and idempotency keys.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::flows::Context;
use domain::idempotency::{Answer, LEASE_SECONDS};
use domain::{Idempotency, Right, Role};
use http::header::{ALLOW, ETAG, HeaderName, HeaderValue, LOCATION};
use http::{HeaderMap, Method, StatusCode};
use kernel::ids::RequestId;
use kernel::{Clock, Error, Ids, Result};
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Outcome, Stored, TenantScope};

use crate::caller::{OwnContext, role_of};
use crate::failure::{Carried, Failure, problem};
use crate::input::{self, Raw};
use crate::limits;
use crate::state::Api;

/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest idempotency key.
const KEY_LIMIT: usize = 255;

/// Gives every reply an id and turns errors into problems.
pub async fn finish(State(api): State<Api>, request: Request, next: Next) -> Response {
    let id = RequestId::new(&api.0.context.ids, &api.0.context.clock).to_string();
    let response = next.run(request).await;
    let error = match response.extensions().get::<Carried>() {
        Some(carried) => Some(carried.0.clone()),
        None => (response.status() == StatusCode::METHOD_NOT_ALLOWED).then_some(Error::MethodNotAllowed),
    };
    let mut response = match error {
        Some(error) => told(&response, problem(&error, &id)),
        None => response,
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }
    response
}

/// The problem with what the layers below have said in headers.
fn told(response: &Response, mut problem: Response) -> Response {
    for name in [ALLOW, limits::POLICY, limits::LEFT] {
        if let Some(value) = response.headers().get(&name) {
            problem.headers_mut().insert(name, value.clone());
        }
    }
    problem
}

/// The idempotency key of a request, checked.
pub(crate) fn key_of(headers: &HeaderMap) -> Result<Option<String>> {
    let Some(value) = headers.get(KEY) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > KEY_LIMIT {
        return Err(Error::invalid("@Idempotency-Key", "length", format!("1 to {KEY_LIMIT} visible characters")));
    }
    Ok(Some(text.to_owned()))
}

/// What a request with a key found when it came.
enum Begun {
    /// It is the first, or takes over from one that died.
    Run(Box<Stored<Idempotency>>),
    /// It was answered before.
    Answered(Answer),
}

/// Makes a POST or PATCH with a key happen once. `POST /v1/messages` has a cheaper way of its own.
pub async fn once(State(api): State<Api>, request: Request, next: Next) -> Response {
    let applies = matches!(*request.method(), Method::POST | Method::PATCH) && request.uri().path() != "/v1/messages";
    match key_of(request.headers()) {
        Ok(Some(key)) if applies => {
            run_once(&api, &key, request, next).await.unwrap_or_else(|error| Failure(error).into_response())
        }
        Ok(_) => next.run(request).await,
        Err(error) => Failure(error).into_response(),
    }
}

async fn run_once(api: &Api, key: &str, request: Request, next: Next) -> Result<Response> {
    let (mut parts, body) = request.into_parts();
    let (scope, role) = match api.authenticate(&parts).await {
        Ok((scope, credential)) => (scope, role_of(&credential)?),
        // Not a tenant's request: the platform's own are few and made by hand.
        Err(Error::Unauthenticated) => return Ok(next.run(Request::from_parts(parts, body)).await),
        Err(error) => return Err(error),
    };
    let bytes = input::read(body).await?;
    let path = parts.uri.path_and_query().map_or_else(|| parts.uri.path().to_owned(), ToString::to_string);
    let row = match begin(&api.0.context, &scope, key, parts.method.as_str(), &path, &bytes).await? {
        Begun::Answered(answer) => {
            owed(role, answer.role)?;
            return Ok(replay(answer));
        }
        Begun::Run(row) => row,
    };
    // The same request makes the same ids at the same moment, so that taking over cannot make a thing twice.
    let context = &api.0.context;
    parts.extensions.insert(OwnContext(Context {
        clock: Clock::manual(row.row.at),
        ids: Ids::derived(&context.keys, &row.row.id),
        keys: context.keys.clone(),
    }));
    parts.extensions.insert(Raw(bytes.clone()));
    let response = next.run(Request::from_parts(parts, axum::body::Body::from(bytes))).await;
    settle(context, &scope, &row, role, response).await
}

/// Refuses a role that may not do what the role before it did: the answer may hold what it got.
fn owed(role: Role, answered: Role) -> Result<()> {
    let lacking = Right::ALL.into_iter().find(|right| answered.allows(*right) && !role.allows(*right));
    lacking.map_or(Ok(()), |right| role.check(right))
}

/// Claims the key, or finds how it was answered.
async fn begin(context: &Context, scope: &TenantScope, key: &str, method: &str, path: &str, body: &[u8]) -> Result<Begun> {
    let now = context.clock.now();
    let digest = Idempotency::digest(&context.keys, key);
    let row = Idempotency {
        key: digest.clone(),
        request: Idempotency::request(&context.keys, method, path, body),
        id: kernel::crypto::encode(&context.ids.bytes::<16>()),
        at: now,
        lease: now.plus_seconds(LEASE_SECONDS),
        answer: None,
    };
    if scope.create(&row).await? {
        return Ok(Begun::Run(Box::new(Stored { row, version: 1 })));
    }
    let Some(found) = scope.read_now::<Idempotency>(Idempotency::at(&digest)).await? else { return Err(Error::KeyInUse) };
    // A write whose answer was lost is repeated on the way and then refused by its own first try.
    if found.row.id == row.id {
        return Ok(Begun::Run(Box::new(found)));
    }
    if found.row.expires_by(now) {
        let fresh = Stored { row, version: found.version };
        let version = scope.replace(&fresh).await.map_err(|_| Error::KeyInUse)?;
        return Ok(Begun::Run(Box::new(Stored { version, ..fresh })));
    }
    if found.row.request != row.request {
        return Err(Error::KeyReused);
    }
    if let Some(answer) = found.row.answer {
        let opened = context.keys.open_text(&digest, &answer.body);
        let body = opened.ok_or_else(|| Error::internal("a stored answer does not open"))?;
        return Ok(Begun::Answered(Answer { body, ..answer }));
    }
    if found.row.lease > now {
        return Err(Error::KeyInUse);
    }
    let change = Change::new().set(attr::LEASE, n(now.plus_seconds(LEASE_SECONDS).millis()));
    match scope.change::<Idempotency>(Idempotency::at(&digest), change, Cond::Version(found.version)).await? {
        Outcome::Done(row) => Ok(Begun::Run(Box::new(row))),
        Outcome::Refused(_) => Err(Error::KeyInUse),
    }
}

/// Stores the answer, unless it was our own fault: then the key is free for the next try.
async fn settle(
    context: &Context,
    scope: &TenantScope,
    row: &Stored<Idempotency>,
    role: Role,
    response: Response,
) -> Result<Response> {
    let at = Idempotency::at(&row.row.key);
    if let Some(carried) = response.extensions().get::<Carried>()
        && (carried.0.retryable() || matches!(carried.0, Error::Internal(_)))
    {
        let change = Change::new().set(attr::LEASE, n(0));
        scope.change::<Idempotency>(at, change, Cond::Version(row.version)).await?;
        return Ok(response);
    }
    // A refusal changed nothing and is worked out anew each time; only what happened is kept.
    if response.extensions().get::<Carried>().is_some() {
        scope.erase(row).await?;
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let bytes = input::read(body).await?;
    let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::to_owned);
    let text = String::from_utf8_lossy(&bytes);
    let answer = Answer {
        status: parts.status.as_u16(),
        role,
        body: context.keys.seal_text(&context.ids, &row.row.key, &text)?,
        location: header(LOCATION),
        etag: header(ETAG),
    };
    let change = Change::new().set(attr::ANSWER, Idempotency::value(&answer)?);
    scope.change::<Idempotency>(at, change, Cond::Version(row.version)).await?;
    Ok(Response::from_parts(parts, axum::body::Body::from(bytes)))
}

fn replay(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    for (name, value) in [(LOCATION, answer.location), (ETAG, answer.etag)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    response
}
