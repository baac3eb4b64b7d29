//! Who opens a page: what is kept as proof of what somebody said there.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::header;
use axum::http::request::Parts;
use domain::consent::Evidence;
use lambda_http::request::RequestContext;

/// A person's network address and program, as far as they are known.
#[derive(Debug, Default)]
pub(crate) struct Visitor {
    ip: Option<String>,
    agent: Option<String>,
}

impl Visitor {
    /// Where the person is, as the gateway says it.
    pub(crate) fn ip(&self) -> Option<&str> {
        self.ip.as_deref()
    }

    /// That somebody said something by that way, from there.
    pub(crate) fn evidence(&self, source: &str) -> Evidence {
        Evidence::by(source).seen_from(self.ip.as_deref(), self.agent.as_deref())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // The gateway says who called it; headers say whatever the caller likes.
        let ip = match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
            Some(_) | None => None,
        };
        let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).map(str::to_owned);
        Ok(Self { ip, agent })
    }
}
