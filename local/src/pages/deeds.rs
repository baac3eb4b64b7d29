//! What a person does here in the name of a recipient or of a mail server. It reaches the intake by the way it would take from
//! outside: a signed post of the provider, a pixel that is loaded, a link that is followed, a one-click unsubscription.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{Request, StatusCode, header};
use send::outbox::Kept;
use serde_json::Value;

use super::{Pages, Refusal, Shared, mail};
use crate::provider::Deed;

/// A browser with a person in front of it.
const PERSON: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// What can be done to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    /// The provider tells of it.
    Tell(Deed),
    /// Load the images.
    Open,
    /// Follow a link.
    Click,
    /// Press the mail program's own button.
    Unsubscribe,
}

/// Word in addresses, act, and what is said after it.
const ACTS: [(&str, Act, &str); 9] = [
    ("deliver", Act::Tell(Deed::Deliver), "The provider told that the recipient's server took it."),
    ("delay", Act::Tell(Deed::Delay), "The provider told that the recipient's server put it off."),
    ("bounce", Act::Tell(Deed::Bounce), "The provider told that it came back for good. The address is suppressed now."),
    ("soft-bounce", Act::Tell(Deed::SoftBounce), "The provider told that it came back because the mailbox is full."),
    ("reject", Act::Tell(Deed::Reject), "The provider told that it dropped the message."),
    (
        "complain",
        Act::Tell(Deed::Complain),
        "The provider told that the recipient called it spam. The address is suppressed now.",
    ),
    ("open", Act::Open, "The images were loaded once. Opens by the same program within a minute count as one."),
    ("click", Act::Click, "The link was followed once. Clicks by the same program within a minute count as one."),
    ("unsubscribe", Act::Unsubscribe, "The mail program's unsubscribe button was pressed."),
];

/// What is said after a deed.
pub(super) fn said(deed: &str) -> Option<&'static str> {
    ACTS.iter().find(|(word, ..)| *word == deed).map(|(.., said)| *said)
}

/// Does it, and shows the message again.
pub(super) async fn perform(
    State(pages): Shared,
    Path((id, deed)): Path<(String, String)>,
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let kept = pages.find(&id)?;
    let (word, act, _) = ACTS.iter().find(|(word, ..)| *word == deed).ok_or_else(|| {
        let words: Vec<&str> = ACTS.iter().map(|(word, ..)| *word).collect();
        Refusal::nowhere(&format!("There is no such deed. There are: {}.", words.join(", ")))
    })?;
    let request = match act {
        Act::Tell(deed) => telling(&pages, &kept, *deed)?,
        Act::Open => {
            let token = mail::read(&kept, &pages.context.keys).pixel;
            let token = token.ok_or_else(|| Refusal::conflict("The message has no pixel: its opens are not tracked."))?;
            visit(mail::OPEN, &token)?
        }
        Act::Click => {
            let number = asked.get("n").and_then(|number| number.parse::<usize>().ok());
            let link = number.and_then(|number| mail::read(&kept, &pages.context.keys).links.into_iter().nth(number));
            let link =
                link.ok_or_else(|| Refusal::nowhere("The message has no such link. Links are counted from 0: click?n=0."))?;
            let token =
                link.token.ok_or_else(|| Refusal::conflict("The link does not pass by us: its clicks are not tracked."))?;
            visit(mail::CLICK, &token)?
        }
        Act::Unsubscribe => {
            let token = mail::read(&kept, &pages.context.keys).leave;
            let token = token.ok_or_else(|| {
                Refusal::conflict("The message has no List-Unsubscribe header: nobody can leave its category.")
            })?;
            leaving(&token)?
        }
    };
    let (status, body) = super::call(&pages.intake, request).await;
    if status.is_client_error() || status.is_server_error() {
        return Err(refused(status, &body));
    }
    Ok(Redirect::to(&format!("/local/outbox/{}?done={word}", kept.id)).into_response())
}

/// The provider's post about a deed.
fn telling(pages: &Pages, kept: &Kept, deed: Deed) -> Result<Request<Body>, Refusal> {
    // A message of the smtp provider has its reference in its head alone, where SES would find it too.
    let kept = Kept { tag: mail::tag(kept), ..kept.clone() };
    if pages.reference(&kept).is_none() {
        return Err(Refusal::conflict(
            "The message has no reference that this deployment made: events about it would reach nobody.",
        ));
    }
    let post = pages.provider.post(&kept, deed, pages.context.clock.now());
    let post = post.map_err(|_| Refusal::internal("The provider's post could not be signed."))?;
    request(Request::post("/hooks/ses").header(header::CONTENT_TYPE, "text/plain; charset=UTF-8"), post)
}

/// A visit of an address by a person.
fn visit(path: &'static str, token: &str) -> Result<Request<Body>, Refusal> {
    request(Request::get(format!("{path}{token}")).header(header::USER_AGENT, PERSON), String::new())
}

/// One click, as a mail program makes it (RFC 8058 section 3.1).
fn leaving(token: &str) -> Result<Request<Body>, Refusal> {
    let request = Request::post(format!("{}{token}", mail::LEAVE));
    self::request(
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded"),
        "List-Unsubscribe=One-Click".to_owned(),
    )
}

fn request(request: http::request::Builder, body: String) -> Result<Request<Body>, Refusal> {
    request.body(Body::from(body)).map_err(|_| Refusal::internal("The request to the intake could not be made."))
}

/// The intake's refusal in its own words.
pub(super) fn refused(status: StatusCode, body: &[u8]) -> Refusal {
    let problem: Value = serde_json::from_slice(body).unwrap_or_default();
    let word = |name: &str| problem.get(name).and_then(Value::as_str).map(|word| format!(" {word}.")).unwrap_or_default();
    let detail = format!("webhook-intake answered {}.{}{}", status.as_u16(), word("title"), word("detail"));
    Refusal { status: StatusCode::BAD_GATEWAY, title: "It was refused", detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_has_a_word_of_its_own() {
        let mut words: Vec<&str> = ACTS.iter().map(|(word, ..)| *word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ACTS.len());
        assert!(said("bounce").is_some() && said("<script>").is_none());
    }

    #[test]
    fn the_person_is_one() {
        assert!(!domain::message::mark::is_machine(PERSON));
    }

    #[test]
    fn a_refusal_is_told_in_the_intakes_words() {
        let refusal = refused(StatusCode::NOT_FOUND, br#"{"title":"There is no such thing"}"#);
        assert_eq!(refusal.detail, "webhook-intake answered 404. There is no such thing.");
        assert_eq!(refused(StatusCode::BAD_REQUEST, b"<b>").detail, "webhook-intake answered 400.");
    }
}
