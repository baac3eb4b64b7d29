//! One message on a channel other than email: what its recipient sees, what can be done to it, and what became of it.

use std::collections::HashMap;

use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{Request, header};
use send::outbox::Note;

use super::letter::{told, trace};
use super::markup::{Html, fill, page};
use super::{Refusal, Shared, deeds, follow};
use crate::played::{self, Deed};

/// Most characters of a reply.
const REPLY: usize = 1000;

/// What is said after a deed.
fn said(deed: &str) -> Option<&'static str> {
    Some(match deed {
        "deliver" => "The provider told that the recipient has it.",
        "fail" => "The provider told that it could not be delivered this time.",
        "vanish" => "The provider told that nobody is there. The address is suppressed now.",
        "reply" => "The reply was posted by the provider: it stands in the conversation now.",
        _ => return None,
    })
}

/// Shows it.
pub(super) async fn show(
    State(pages): Shared,
    Path(id): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Html, Refusal> {
    let note = pages.note(&id)?;
    let reference = pages.referred(&note.tag);
    let message = reference.map(|reference| reference.message().to_string()).unwrap_or_default();
    let slug = reference.and_then(|reference| pages.tenant(reference.tenant())).map_or("—", |(slug, _)| slug);
    let done = asked.get("done").and_then(|deed| said(deed));
    let done = done.map(|said| fill(r#"<p class="said" role="status">{{said}}</p>"#, &[("said", &said)])).unwrap_or_default();
    let trace = trace(&pages, reference).await;
    let now = trace.as_ref().map_or_else(|_| String::new(), |trace| format!("Status: {}", trace.status));
    let content = fill(
        include_str!("note.html"),
        &[
            ("done", &done),
            ("subject", &note.head()),
            ("to", &note.to),
            ("channel", &note.channel.as_str()),
            ("provider", &note.provider),
            ("tenant", &slug),
            ("message", &message),
            ("at", &note.at),
            ("parts", &parts(&note)),
            ("deeds", &buttons(&note)),
            ("now", &now),
            ("told", &told(trace)),
        ],
    );
    Ok(page(note.head(), &content))
}

/// What the recipient sees, part by part.
fn parts(note: &Note) -> Html {
    let line = |name: &'static str, text: &str| {
        fill("<dt>{{name}}</dt><dd><bdi>{{text}}</bdi></dd>", &[("name", &name), ("text", &text)])
    };
    let place = note.location.as_ref().map(|place| {
        let named = [place.name.as_deref(), place.address.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(", ");
        format!("{named} ({}, {})", place.latitude, place.longitude)
    });
    let text = note.text.as_ref();
    let text = text.map(|text| fill(r#"<pre class="text" tabindex="0"><bdi>{{text}}</bdi></pre>"#, &[("text", text)]));
    let mut facts: Vec<Html> = note.title.iter().map(|title| line("Title", title)).collect();
    facts.extend(note.template.iter().map(|template| line("Template", template)));
    facts.extend(place.iter().map(|place| line("Place", place)));
    facts.extend(note.files.iter().map(|file| line("File", file)));
    facts.extend(note.buttons.iter().map(|button| line("Button", button)));
    let facts: Html = facts.into_iter().collect();
    let facts = fill(r#"<dl class="headers">{{facts}}</dl>"#, &[("facts", &facts)]);
    text.into_iter().chain([facts]).collect()
}

/// What can be done to it.
fn buttons(note: &Note) -> Html {
    let words = played::deeds(note);
    if words.is_empty() {
        let why = "What this provider posts cannot be made on this machine: deeds are there for the demo's own accounts.";
        return fill(r#"<p class="quiet">{{why}}</p>"#, &[("why", &why)]);
    }
    let button = |word: &&str| match *word {
        "reply" => fill(include_str!("reply.html"), &[("id", &note.id)]),
        word => fill(
            r#"<form method="post" class="deeds"><button formaction="/local/notes/{{id}}/deeds/{{word}}">{{word}}</button></form>"#,
            &[("id", &note.id), ("word", &word)],
        ),
    };
    words.iter().map(button).collect()
}

/// Does it, and shows the message again.
pub(super) async fn perform(
    State(pages): Shared,
    Path((id, word)): Path<(String, String)>,
    form: String,
) -> Result<Response, Refusal> {
    let note = pages.note(&id)?;
    let deed = match word.as_str() {
        "deliver" => Deed::Deliver,
        "fail" => Deed::Fail,
        "vanish" => Deed::Vanish,
        "reply" => Deed::Reply(reply(&form)?),
        _ => return Err(Refusal::nowhere("There is no such deed.")),
    };
    let post = played::post(&note, &deed, pages.context.clock.now());
    let post = post.ok_or_else(|| Refusal::conflict("The provider of this message tells no such thing on this machine."))?;
    let reference = pages.referred(&note.tag);
    let (_, key) = reference.and_then(|reference| pages.tenant(reference.tenant())).ok_or_else(|| {
        Refusal::conflict("The message belongs to a tenant that was made after the start: its key is known to its owner alone.")
    })?;
    let path = follow::callback(&pages.api, key, note.account).await;
    let path = path.map_err(|why| Refusal::conflict(&format!("The account cannot be asked for: {why}.")))?;
    let mut request = Request::post(format!("{path}{}", post.query)).header(header::CONTENT_TYPE, post.kind);
    if let Some((name, value)) = post.proof {
        request = request.header(name, value);
    }
    let request = request.body(Body::from(post.body));
    let request = request.map_err(|_| Refusal::internal("The request to the intake could not be made."))?;
    let (status, body) = super::call(&pages.intake, request).await;
    if status.is_client_error() || status.is_server_error() {
        return Err(deeds::refused(status, &body));
    }
    Ok(Redirect::to(&format!("/local/notes/{id}?done={word}")).into_response())
}

/// The text in the form.
fn reply(form: &str) -> Result<String, Refusal> {
    let mut fields = url::form_urlencoded::parse(form.as_bytes());
    let text = fields.find(|(name, _)| name == "text").map(|(_, text)| text.trim().to_owned()).unwrap_or_default();
    if text.is_empty() || text.chars().count() > REPLY {
        return Err(Refusal::conflict("A reply of 1 to 1,000 characters is needed."));
    }
    Ok(text)
}
