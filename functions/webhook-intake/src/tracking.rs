//! Opens and clicks. A reader is never made to wait for us or to see an error of ours: the pixel and the redirect are answered
//! even when the event cannot be stored.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::flows::report::report;
use kernel::{Error, Purpose, Reference};
use providers::{Event, EventDetail, EventKind};

use crate::{Intake, Refusal, Token};

/// A transparent GIF of one pixel.
const PIXEL: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
/// Loads of the same pixel or link by the same program within this time are one event.
const SAME_MILLIS: i64 = 60_000;

pub(crate) async fn open(State(intake): State<Intake>, Token(token): Token, method: Method, headers: HeaderMap) -> Response {
    let token = token.strip_suffix(".gif").unwrap_or(&token);
    if let Some(reference) = Reference::verify(&intake.0.context.keys, Purpose::Open, token)
        && method == Method::GET
    {
        note(&intake, &reference, EventKind::Opened, &headers, None).await;
    }
    let mut response = PIXEL.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("image/gif"));
    unkept(response)
}

pub(crate) async fn click(
    State(intake): State<Intake>,
    Token(token): Token,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let gone = || Error::NotFound { kind: "link" };
    let (reference, url) = intake.0.context.keys.open_link(&token).ok_or_else(gone)?;
    let allowed = url.starts_with("https://") || url.starts_with("http://");
    let location = HeaderValue::from_str(&url).ok().filter(|_| allowed).ok_or_else(gone)?;
    if method == Method::GET {
        note(&intake, &reference, EventKind::Clicked, &headers, Some(url)).await;
    }
    let mut response = StatusCode::FOUND.into_response();
    response.headers_mut().insert(header::LOCATION, location);
    Ok(unkept(response))
}

async fn note(intake: &Intake, reference: &Reference, kind: EventKind, headers: &HeaderMap, url: Option<String>) {
    let now = intake.0.context.clock.now();
    let agent = headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default().to_owned();
    let window = now.millis().div_euclid(SAME_MILLIS);
    let event = Event {
        kind,
        at: now,
        id: format!("{kind:?}\0{window}\0{agent}\0{}", url.as_deref().unwrap_or_default()),
        tag: None,
        provider_id: None,
        recipient: None,
        detail: EventDetail { agent: Some(agent), url, ..EventDetail::default() },
    };
    let scope = intake.0.store.by_reference(reference);
    if let Err(error) = report(&intake.0.context, &scope, reference.message(), &event).await {
        tracing::error!(message.id = %reference.message(), ?error, "an event of {} was lost", reference.message());
    }
}

fn unkept(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, max-age=0"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
