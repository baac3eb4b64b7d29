//! How many requests a tenant and each of its credentials may make, and the headers that tell of it
//! (draft-ietf-httpapi-ratelimit-headers-10).

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Tenant;
use domain::allowance::Policy;
use domain::flows::allow::{Ask, Left, Spent};
use http::header::{HeaderName, HeaderValue};
use kernel::{Error, Result};
use store::{Credential, TenantScope};

use crate::caller::Known;
use crate::failure::Failure;
use crate::state::Api;

/// The limits that there are.
pub(crate) const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
/// What is left of them.
pub(crate) const LEFT: HeaderName = HeaderName::from_static("ratelimit");

const HOUR: u32 = 3_600;
const MINUTE: u32 = 60;

/// A limit by the name that the headers have for it.
type Limit = (&'static str, Ask);

/// The limits of a request: those that the platform has set.
fn limits(tenant: &Tenant, credential: &Credential) -> Vec<Limit> {
    let limit = |name, subject: String, limit: Option<u32>, window| {
        limit.map(|limit| (name, Ask { subject, policy: Policy::new(limit, window) }))
    };
    let all = [
        limit("tenant", "tenant".to_owned(), tenant.requests_per_hour, HOUR),
        limit("credential", format!("credential:{}", credential.digest), tenant.requests_per_minute, MINUTE),
    ];
    all.into_iter().flatten().collect()
}

/// The two headers: lists of structured fields (RFC 9651). What is not known here is not told.
fn headers(limits: &[Limit], left: &[Option<Left>]) -> [(HeaderName, String); 2] {
    let policy = |(name, ask): &Limit| format!("\"{name}\";q={};w={}", ask.policy.limit, ask.policy.window);
    let known = limits.iter().zip(left).filter_map(|((name, _), left)| left.map(|left| (name, left)));
    let standing = known.map(|(name, left)| format!("\"{name}\";r={};t={}", left.times, left.seconds));
    let join = |all: Vec<String>| all.join(", ");
    [(POLICY, join(limits.iter().map(policy).collect())), (LEFT, join(standing.collect()))]
}

async fn spend(api: &Api, scope: &TenantScope, credential: &Credential) -> Result<(Vec<Limit>, Spent)> {
    let tenant = api.0.catalog.tenant(scope).await?;
    let limits = limits(&tenant, credential);
    let asks: Vec<Ask> = limits.iter().map(|(_, ask)| ask.clone()).collect();
    let spent = api.0.allowances.spend(scope, &asks).await?;
    Ok((limits, spent))
}

/// Lets a request through that carries a credential of a tenant while there is something left for it, and tells on the reply what is
/// left then. Who is calling is found out here, once for all that ask later.
pub async fn limit(State(api): State<Api>, request: Request, next: Next) -> Response {
    if !request.uri().path().starts_with("/v1/") {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let known = api.authenticate(&parts).await;
    parts.extensions.insert(Known(known.clone()));
    let request = Request::from_parts(parts, body);
    // Whoever needs a credential refuses what is none.
    let Ok((scope, credential)) = known else { return next.run(request).await };
    let (limits, spent) = match spend(&api, &scope, &credential).await {
        Ok(spent) => spent,
        Err(error) => return Failure(error).into_response(),
    };
    let mut response = match spent.wait {
        Some(after) => Failure(Error::TooMany { after }).into_response(),
        None => next.run(request).await,
    };
    for (name, value) in headers(&limits, &spent.left) {
        if let Some(value) = HeaderValue::from_str(&value).ok().filter(|value| !value.is_empty()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
