//! Pages for people. Each is one document that needs nothing else: style and script stand in it, and the content security policy
//! names their hashes, so nothing that slips into a page can run.

use std::sync::OnceLock;

use axum::Router;
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderMap;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, VARY};
use kernel::problem::{CATALOGUE, Kind};
use kernel::{Error, crypto};

use crate::failure::Failure;
use crate::state::Api;

const SHELL: &str = include_str!("shell.html");
const STYLE: &str = include_str!("docs.css");
const SCRIPT: &str = include_str!("docs.js");
const DOCS: &str = include_str!("docs.html");
const DEV: &str = include_str!("dev.html");
const OPENAPI: &str = include_str!("../../../../openapi.json");

/// Pages and files without a description of their own.
pub(crate) fn pages() -> Router<Api> {
    Router::new()
        .route("/openapi.json", get(async || text("application/json", OPENAPI)))
        .route("/docs", get(async || show(&CONSOLE, || frame("console", "Console", "/docs"))))
        .route("/redoc", get(async || show(&REFERENCE, || frame("reference", "Reference", "/redoc"))))
        .route("/dev", get(async || show(&GUIDE, || Page::new("page", "Guide", "/dev", DEV))))
        .route("/problems", get(problems))
        .route("/problems/{slug}", get(problem))
}

static CONSOLE: OnceLock<Page> = OnceLock::new();
static REFERENCE: OnceLock<Page> = OnceLock::new();
static GUIDE: OnceLock<Page> = OnceLock::new();
static PROBLEMS: OnceLock<Page> = OnceLock::new();

/// A document with the policy that it needs.
struct Page {
    html: String,
    policy: String,
}

impl Page {
    fn new(view: &str, title: &str, path: &str, content: &str) -> Self {
        let mut html = SHELL.replace("{{view}}", view).replace("{{title}}", title);
        for name in ["docs", "redoc", "dev", "problems"] {
            let here = path.strip_prefix('/') == Some(name);
            html = html.replace(&format!("{{{{{name}}}}}"), if here { " aria-current=\"page\"" } else { "" });
        }
        // The contents come last: what they say is never taken for a place to fill.
        let (style, script) = (STYLE.trim_end(), SCRIPT.trim_end());
        let html = html.replace("{{content}}", content).replacen("{{style}}", style, 1).replacen("{{script}}", script, 1);
        let policy = format!(
            "default-src 'none'; script-src '{}'; style-src '{}'; connect-src 'self'; img-src data:; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'",
            hash(script),
            hash(style)
        );
        Self { html, policy }
    }
}

/// The hash that a content security policy knows a text by.
fn hash(text: &str) -> String {
    let encoded = crypto::encode(&crypto::sha256(text.as_bytes())).replace('-', "+").replace('_', "/");
    format!("sha256-{encoded}=")
}

fn frame(view: &str, title: &str, path: &str) -> Page {
    Page::new(view, title, path, DOCS)
}

fn show(place: &'static OnceLock<Page>, make: impl FnOnce() -> Page) -> Response {
    page(place.get_or_init(make))
}

fn page(page: &Page) -> Response {
    let mut response = text("text/html; charset=utf-8", page.html.clone());
    if let Ok(policy) = HeaderValue::from_str(&page.policy) {
        response.headers_mut().insert(CONTENT_SECURITY_POLICY, policy);
    }
    let opener = HeaderName::from_static("cross-origin-opener-policy");
    response.headers_mut().insert(opener, HeaderValue::from_static("same-origin"));
    response
}

fn text(kind: &'static str, body: impl IntoResponse) -> Response {
    let mut response = body.into_response();
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    response
}

/// Whether the caller would rather read than parse.
fn reads(headers: &HeaderMap) -> bool {
    headers.get(ACCEPT).and_then(|value| value.to_str().ok()).is_some_and(|accept| accept.contains("text/html"))
}

fn varying(mut response: Response) -> Response {
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    response
}

async fn problems(headers: HeaderMap) -> Response {
    if reads(&headers) {
        return varying(show(&PROBLEMS, || listed("Problems", CATALOGUE)));
    }
    varying(text("application/json", serde_json::to_vec(CATALOGUE).unwrap_or_default()))
}

async fn problem(headers: HeaderMap, slug: Result<Path<String>, PathRejection>) -> Result<Response, Failure> {
    let slug = slug.map(|Path(slug)| slug).unwrap_or_default();
    let kind = CATALOGUE.iter().find(|kind| kind.slug == slug).ok_or(Error::NotFound { kind: "problem" })?;
    if reads(&headers) {
        return Ok(varying(page(&listed(kind.title, std::slice::from_ref(kind)))));
    }
    Ok(varying(text("application/json", serde_json::to_vec(kind).unwrap_or_default())))
}

/// Problems as a page. The catalogue's words are our own and free of markup.
fn listed(title: &str, kinds: &[Kind]) -> Page {
    let rows: String = kinds
        .iter()
        .map(|kind| {
            format!(
                "<tr><td>{}</td><td><a href=\"/problems/{1}\"><code>{1}</code></a></td><td>{2}<br><span class=\"quiet\">{3}</span></td></tr>",
                kind.status, kind.slug, kind.title, kind.advice
            )
        })
        .collect();
    let content = format!(
        "<main id=\"main\" class=\"page\" tabindex=\"-1\"><h1>{title}</h1><table><tr><th scope=\"col\">Status</th>\
         <th scope=\"col\">Type</th><th scope=\"col\">What it means, and what to do</th></tr>{rows}</table></main>"
    );
    Page::new("page", title, "/problems", &content)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_small_and_need_nothing_from_elsewhere() {
        let all = [
            frame("console", "Console", "/docs"),
            frame("reference", "Reference", "/redoc"),
            Page::new("page", "Guide", "/dev", DEV),
            listed("Problems", CATALOGUE),
        ];
        for Page { html, policy } in &all {
            assert!(html.len() < 40_000, "{}", html.len());
            assert_eq!(html.matches("<style>").count(), 1);
            let mut tags = html.split('<').skip(1).filter_map(|rest| rest.split('>').next());
            assert!(!tags.any(|tag| tag.contains("src=")), "a page asks for something");
            assert!(policy.contains(&hash(STYLE.trim_end())) && html.contains(STYLE.trim_end()));
        }
        assert!(all[0].html.contains(SCRIPT.trim_end()) && !all[2].html.contains("<script"));
        assert!(all[0].html.contains("href=\"/docs\" aria-current"));
    }

    #[test]
    fn a_hash_is_written_as_browsers_compare_it() {
        assert_eq!(hash(""), "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    }
}
