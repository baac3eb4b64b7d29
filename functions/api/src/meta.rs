//! What the API says about itself: its description, its health, pages for people, and the answer to paths that are not there.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use kernel::Error;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder};

use crate::failure::Failure;
use crate::operations::operations;
use crate::reply::refused;
use crate::state::Api;

mod pages;

pub(crate) use pages::pages;

const ABOUT: &str = "Accepts messages for the customers of many tenants, decides whether each may be sent, sends it through the \
tenant's own provider accounts, and tells what became of it.\n\n\
A credential goes into `Authorization: Bearer`. Times are RFC 3339, ids are a prefix and 32 hexadecimal digits. Refusals are \
problems (RFC 9457) whose `type` is listed at `/problems`. A POST or PATCH with an `Idempotency-Key` happens once in 24 hours. \
\
A tenant and each of its credentials may make so many requests in an hour and in a minute by the clock: replies to them say how many \
in `RateLimit-Policy` (`\"tenant\";q=1000;w=3600, \"credential\";q=100;w=60`) and how many are left for how many seconds in \
`RateLimit` (`\"tenant\";r=998;t=1260, \"credential\";r=98;t=20`). `?expand` brings along what ids refer to. The guide is at `/dev`.";

fn tags() -> Vec<Tag> {
    [
        ("messages", "Send, follow, call off and explain messages."),
        ("attachments", "Files that go along with messages, or came with one."),
        ("contacts", "The people a tenant talks to: addresses, zone, locale, consent."),
        ("companies", "The organisations that contacts and deals belong to."),
        ("deals", "What is to be won: value, stage, and how it ended."),
        ("search", "Contacts, companies and deals by the beginning of a word."),
        ("fields", "A tenant's own fields: what they hold and which of them must be there."),
        ("imports", "Tables of contacts, taken in and given out."),
        ("activities", "What was done, or is to be done, with contacts."),
        ("timelines", "What happened, newest first."),
        ("conversations", "What contacts write to us."),
        ("templates", "Named content with immutable versions, previews and tests."),
        ("series", "Messages that are sent again and again."),
        ("tasks", "What somebody is to do, until when, and who is reminded of it."),
        ("notifications", "What users are told within the product."),
        ("accounts", "Connections to providers, in the order they are tried."),
        ("channels", "What messages travel by, and what each can carry."),
        ("suppressions", "Addresses that must not be written to."),
        ("events", "What happened, for rules to act on."),
        ("rules", "What is done when something happens, and what was done."),
        ("analytics", "How many messages reached which state, and what people did."),
        ("users", "The people who work for a tenant."),
        ("teams", "Users who work together."),
        ("api keys", "Credentials of machines."),
        ("tenants", "Customers of the platform."),
        ("meta", "What the API says about itself."),
    ]
    .into_iter()
    .map(|(name, words)| TagBuilder::new().name(name).description(Some(words)).build())
    .collect()
}

fn bearer(words: &str) -> SecurityScheme {
    let mut http = Http::new(HttpAuthScheme::Bearer);
    http.description = Some(words.to_owned());
    SecurityScheme::Http(http)
}

/// The description without its paths.
pub(crate) fn description() -> OpenApi {
    let info = InfoBuilder::new()
        .title("Switchboard")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    // What operations of every resource answer with is named here once.
    let components = ComponentsBuilder::new()
        .schema_from::<ProblemBody>()
        .schema_from::<ProblemPlace>()
        .security_scheme("key", bearer("An API key of a tenant, or a token of a person who works there."))
        .responses_from_iter(refused::named())
        .security_scheme("platform", bearer("The platform's own key."));
    OpenApiBuilder::new().info(info.build()).tags(Some(tags())).components(Some(components.build())).build()
}

operations!(read_health);

/// How the service is.
#[derive(Debug, Serialize, ToSchema)]
struct HealthView {
    /// `ok` when every dependency answers, `degraded` otherwise.
    #[schema(example = "ok")]
    status: &'static str,
    /// The build.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// Seconds since this process started.
    uptime_s: i64,
    /// What the service needs.
    dependencies: Vec<Dependency>,
    /// Channels that messages can travel by.
    #[schema(example = json!(["email"]))]
    channels: Vec<&'static str>,
}

/// Something that the service needs.
#[derive(Debug, Serialize, ToSchema)]
struct Dependency {
    /// Its name.
    #[schema(example = "table")]
    name: &'static str,
    /// Whether it answered just now.
    ok: bool,
}

/// Tell how the service is.
#[utoipa::path(
    get, path = "/health", tag = "meta", operation_id = "read_health", security(()),
    responses(
        (status = 200, description = "Every dependency answers", body = HealthView),
        (status = 503, description = "A dependency does not answer", body = HealthView),
    )
)]
async fn read_health(State(api): State<Api>) -> Response {
    let ok = api.0.store.by_credential("health").await.is_ok();
    let view = HealthView {
        status: if ok { "ok" } else { "degraded" },
        version: api.0.version,
        uptime_s: api.0.context.clock.now().since(api.0.started) / 1000,
        dependencies: vec![Dependency { name: "table", ok }],
        channels: domain::Channel::ALL.map(domain::Channel::as_str).to_vec(),
    };
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let mut response = (status, axum::Json(view)).into_response();
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The answer to a path that is not there.
pub(crate) async fn nowhere() -> Failure {
    Failure(Error::NotFound { kind: "page" })
}

/// A refusal (RFC 9457), as `application/problem+json`. The catalogue is at `/problems`.
#[derive(ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes what kernel::Problem serialises to; a test keeps the two equal")]
pub(crate) struct ProblemBody {
    /// `/problems/` and a stable word.
    #[schema(rename = "type", example = "/problems/invalid")]
    kind: String,
    /// Short sentence that does not change from case to case.
    #[schema(example = "Some fields cannot be taken")]
    title: String,
    /// HTTP status code.
    #[schema(example = 422)]
    status: u16,
    /// What happened this time.
    #[schema(nullable = false)]
    detail: Option<String>,
    /// The request id.
    #[schema(example = "req_019f0000000070008000000000000000")]
    instance: String,
    /// The places that cannot be taken.
    #[schema(required = false)]
    errors: Vec<ProblemPlace>,
}

/// One place of a request that cannot be taken.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what kernel::problem::Pointer serialises to; a test keeps the two equal")]
struct ProblemPlace {
    /// JSON pointer (RFC 6901), when it is in the body.
    #[schema(nullable = false, example = "/to/email")]
    pointer: Option<String>,
    /// Query parameter, when it is there.
    #[schema(nullable = false)]
    parameter: Option<String>,
    /// Header, when it is there.
    #[schema(nullable = false)]
    header: Option<String>,
    /// Stable word for programs.
    #[schema(example = "email")]
    code: String,
    /// Sentence for people.
    #[schema(example = "an email address such as ada@example.com is needed")]
    detail: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kernel::{Fault, Problem};
    use serde_json::Value;
    use utoipa::PartialSchema;

    use super::*;

    fn names(value: &Value) -> BTreeSet<&str> {
        value.as_object().unwrap().keys().map(String::as_str).collect()
    }

    #[test]
    fn the_description_of_problems_is_what_problems_are() {
        let faults = ["/a", "?b", "@c"].map(|place| Fault::new(place, "code", "detail"));
        let mut problem = Problem::of(&Error::Invalid(faults.into()), "req_1");
        problem.detail = Some("detail".to_owned());
        let problem = serde_json::to_value(problem).unwrap();
        let described = serde_json::to_value(ProblemBody::schema()).unwrap();
        assert_eq!(names(&described["properties"]), names(&problem));
        let described = serde_json::to_value(ProblemPlace::schema()).unwrap();
        let places: BTreeSet<&str> = problem["errors"].as_array().unwrap().iter().flat_map(names).collect();
        assert_eq!(names(&described["properties"]), places);
    }

    #[test]
    fn every_tag_is_used_and_every_used_tag_is_described() {
        let whole: Value = serde_json::from_str(&crate::openapi()).unwrap();
        let described: BTreeSet<&str> =
            whole["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        let operations = whole["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
        let used: BTreeSet<&str> =
            operations.flat_map(|it| it["tags"].as_array().unwrap()).map(|tag| tag.as_str().unwrap()).collect();
        assert_eq!(described, used);
    }
}
