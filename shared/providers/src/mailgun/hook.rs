//! What Mailgun posts: events as JSON, and mail that came in as a form.

use kernel::Time;
use serde_json::Value;

use super::TAG;
use crate::bounce::{Cause, Code, report};
use crate::form::{self, Form};
use crate::json::text;
use crate::mime::{self, Head, Person};
use crate::{BounceClass, Event, EventDetail, EventKind, FileSource, Inbound, InboundFile, Verified, letter};

/// Time, token and code, from wherever they stand in a post.
pub(super) fn proof(content_type: &str, body: &[u8]) -> Option<[String; 3]> {
    const NAMES: [&str; 3] = ["timestamp", "token", "signature"];
    let found: [Option<String>; 3] = if is_json(content_type) {
        let post: Value = serde_json::from_slice(body).ok()?;
        NAMES.map(|name| text(&post, &format!("/signature/{name}")).map(str::to_owned))
    } else {
        let form = Form::read(content_type, body);
        NAMES.map(|name| form.only(name).map(str::to_owned))
    };
    let [seconds, token, code] = found;
    Some([seconds?, token?, code?])
}

fn is_json(content_type: &str) -> bool {
    mime::Typed::read(content_type).name == "application/json"
}

/// The events that a post tells of: its own, or those of a report that came in as mail.
pub(super) fn events(verified: &Verified, domain: &str) -> Vec<Event> {
    if is_json(verified.content_type()) {
        return event(verified, domain).into_iter().collect();
    }
    let form = Form::read(verified.content_type(), verified.body());
    form.bytes("body-mime").map(|raw| report::events(raw, verified.at())).unwrap_or_default()
}

/// The event in a post. One key signs for all domains of an account: what is about another domain is not ours.
pub(super) fn event(verified: &Verified, domain: &str) -> Option<Event> {
    let post = verified.json();
    let one = post.pointer("/event-data")?;
    if text(one, "/domain/name").is_some_and(|named| !named.eq_ignore_ascii_case(domain)) {
        return None;
    }
    let mut detail = EventDetail::default();
    let word = text(one, "/event")?;
    let kind = match word {
        "accepted" => EventKind::Sent,
        "delivered" => EventKind::Delivered,
        "rejected" => EventKind::Rejected,
        "failed" if text(one, "/severity") == Some("temporary") => EventKind::Delayed,
        "failed" => {
            detail.class = Some(failed(one));
            EventKind::Bounced
        }
        "opened" => EventKind::Opened,
        "clicked" => EventKind::Clicked,
        "complained" => EventKind::Complained,
        "unsubscribed" => EventKind::Unsubscribed,
        _ => return None,
    };
    detail.code = text(one, "/delivery-status/enhanced-code")
        .map(str::to_owned)
        .or_else(|| crate::json::id(one, "/delivery-status/code"));
    detail.text = words(one).or_else(|| text(one, "/reject/reason")).map(|words| crate::event::cut(words, 300));
    detail.agent = text(one, "/client-info/user-agent").map(|agent| crate::event::cut(agent, 200));
    detail.url = text(one, "/url").filter(|_| kind == EventKind::Clicked).map(str::to_owned);
    let provider_id = text(one, "/message/headers/message-id").map(|id| id.trim_matches(['<', '>']).to_owned());
    let tag = text(one, &format!("/user-variables/{TAG}")).map(str::to_owned);
    if provider_id.is_none() && tag.is_none() {
        return None;
    }
    let at = moment(one).unwrap_or(verified.at());
    let recipient = text(one, "/recipient").map(str::to_owned);
    let id = match text(one, "/id") {
        Some(id) => crate::event::id(&["mailgun", id]),
        None => crate::event::id(&[word, provider_id.as_deref().unwrap_or_default(), &at.to_string()]),
    };
    Some(Event { kind, at, id, tag, provider_id, recipient, detail })
}

/// Mailgun's words about a delivery; of the two places one is mostly empty.
fn words(one: &Value) -> Option<&str> {
    text(one, "/delivery-status/message").or_else(|| text(one, "/delivery-status/description"))
}

/// The class of a lasting failure.
fn failed(one: &Value) -> BounceClass {
    let reason = text(one, "/reason").unwrap_or_default();
    let status = one.pointer("/delivery-status/code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    match reason {
        // Mailgun's own lists: no new evidence, and no reason to believe that another try would fare better.
        "suppress-bounce" => return BounceClass::Hard,
        "suppress-complaint" | "suppress-unsubscribe" => return BounceClass::Block,
        // Given up after many tries.
        "old" => return BounceClass::Soft,
        _ => {}
    }
    if status == Some(605) {
        return BounceClass::Hard;
    }
    let status = status.filter(|status| (400..600).contains(status));
    let code = text(one, "/delivery-status/enhanced-code").and_then(Code::parse);
    match Cause::of(status, code, words(one).unwrap_or_default()) {
        // Mailgun takes it for a bounce, and puts it on its list.
        Cause::Other if reason == "bounce" => BounceClass::Hard,
        cause => cause.class(),
    }
}

/// The moment of an event: seconds with a fraction.
fn moment(one: &Value) -> Option<Time> {
    let seconds = one.pointer("/timestamp")?.as_f64().filter(|seconds| (1.0..4_102_444_800.0).contains(seconds))?;
    #[expect(clippy::cast_possible_truncation, reason = "bounded on both sides")]
    let millis = (seconds * 1000.0) as i64;
    Some(Time::from_millis(millis))
}

/// The mail in a post of a route: in fields, or whole when the route's address ends in `mime`. A report that told of events is none.
pub(super) fn inbound(verified: &Verified) -> Option<Inbound> {
    if is_json(verified.content_type()) {
        return None;
    }
    let form = Form::read(verified.content_type(), verified.body());
    let to = form.text("recipient");
    if let Some(raw) = form.bytes("body-mime") {
        let told = !report::events(raw, verified.at()).is_empty();
        return if told { None } else { letter::read(raw, to.as_deref(), verified.at()) };
    }
    // Events of former times are forms too, and bring no mail.
    form.bytes("body-plain").or_else(|| form.bytes("body-html")).or_else(|| form.bytes("message-headers"))?;
    let written = form.text("from").and_then(|from| mime::people(&from).into_iter().next());
    let sender = form.text("sender").map(|email| Person { email, name: None });
    let Person { email: from, name } = written.or(sender)?;
    let head = head(&form);
    let seed = ["body-plain", "body-html", "subject"].map(|name| form.bytes(name).unwrap_or_default()).concat();
    let framed = letter::framed(&head, &from, to.as_deref().unwrap_or_default(), &seed, verified.at());
    let ids: Value = form.text("content-id-map").and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    Some(Inbound {
        from,
        name,
        to,
        subject: form.text("subject").or_else(|| head.text("subject")),
        text: form.text("body-plain"),
        html: form.text("body-html"),
        files: files(form, &ids),
        ..framed
    })
}

/// The header of the mail: a list of pairs, or the few fields that matter under their own names.
fn head(form: &Form) -> Head {
    let pairs: Option<Vec<(String, String)>> = form.text("message-headers").and_then(|text| serde_json::from_str(&text).ok());
    let named = || ["Message-Id", "In-Reply-To", "References", "Date", "Auto-Submitted", "Precedence", "From"];
    let fields = || named().into_iter().filter_map(|name| Some((name.to_owned(), form.text(name)?))).collect();
    Head::of(pairs.unwrap_or_else(fields))
}

fn files(form: Form, ids: &Value) -> Vec<InboundFile> {
    let file = |(field, file): (String, form::File)| InboundFile {
        name: file.name,
        media_type: file.media_type,
        bytes: u64::try_from(file.bytes.len()).ok(),
        content_id: form::content_id(ids, &field),
        source: FileSource::Bytes(file.bytes),
    };
    form.files.into_iter().map(file).collect()
}
