//! What SendGrid posts: events, and mail that came in.

use kernel::Time;
use serde_json::Value;

use super::TAG;
use crate::bounce::{Cause, Code, report};
use crate::form::{self, File, Form};
use crate::json::{list, text, time};
use crate::mime::{self, Head, Person};
use crate::{BounceClass, Event, EventDetail, EventKind, FileSource, Inbound, InboundFile, Verified, letter};

/// Whether a post is one of Inbound Parse.
pub(super) fn is_form(content_type: &str) -> bool {
    mime::Typed::read(content_type).name == "multipart/form-data"
}

/// The events of a signed post. A form proves another secret: it tells of none but by a report that came in as mail.
pub(super) fn events(verified: &Verified) -> Vec<Event> {
    if is_form(verified.content_type()) {
        let form = Form::read(verified.content_type(), verified.body());
        return form.bytes("email").map(|raw| report::events(raw, verified.at())).unwrap_or_default();
    }
    list(&verified.json(), "").filter_map(|one| event(one, verified.at())).collect()
}

fn event(one: &Value, arrived: Time) -> Option<Event> {
    let mut detail = EventDetail { code: text(one, "/status").map(str::to_owned), ..EventDetail::default() };
    let word = text(one, "/event")?;
    let kind = match word {
        "processed" => EventKind::Sent,
        "delivered" => EventKind::Delivered,
        "deferred" => EventKind::Delayed,
        "bounce" => {
            detail.class = Some(bounced(one));
            EventKind::Bounced
        }
        "dropped" => match dropped(text(one, "/reason").unwrap_or_default()) {
            Some(class) => {
                detail.class = Some(class);
                EventKind::Bounced
            }
            None => EventKind::Rejected,
        },
        "open" => EventKind::Opened,
        "click" => EventKind::Clicked,
        "spamreport" => EventKind::Complained,
        "unsubscribe" | "group_unsubscribe" => EventKind::Unsubscribed,
        _ => return None,
    };
    let words = text(one, "/reason").or_else(|| text(one, "/response"));
    detail.text = words.map(|words| crate::event::cut(words, 300));
    detail.agent = text(one, "/useragent").map(|agent| crate::event::cut(agent, 200));
    detail.url = text(one, "/url").filter(|_| kind == EventKind::Clicked).map(str::to_owned);
    // What follows the first point names SendGrid's own machines.
    let provider_id = text(one, "/sg_message_id").and_then(|id| id.split('.').next()).filter(|id| !id.is_empty());
    let tag = text(one, &format!("/{TAG}")).map(str::to_owned);
    if provider_id.is_none() && tag.is_none() {
        return None;
    }
    let at = time(one, "/timestamp").unwrap_or(arrived);
    let recipient = text(one, "/email");
    let id = match text(one, "/sg_event_id") {
        Some(id) => crate::event::id(&["sendgrid", id]),
        None => crate::event::id(&[word, provider_id.unwrap_or_default(), recipient.unwrap_or_default(), &at.to_string()]),
    };
    let (provider_id, recipient) = (provider_id.map(str::to_owned), recipient.map(str::to_owned));
    Some(Event { kind, at, id, tag, provider_id, recipient, detail })
}

/// The class of a bounce. Of type `bounce` it goes on SendGrid's list, of type `blocked` it does not.
fn bounced(one: &Value) -> BounceClass {
    let reason = text(one, "/reason").unwrap_or_default();
    let status = reason.get(..3).and_then(|digits| digits.parse::<u16>().ok()).filter(|status| (400..600).contains(status));
    let cause = Cause::of(status, text(one, "/status").and_then(Code::parse), reason);
    let theirs = text(one, "/bounce_classification").unwrap_or_default();
    match (cause, theirs) {
        _ if text(one, "/type") == Some("blocked") => match (cause.class(), theirs) {
            (BounceClass::Block, _) | (_, "Reputation" | "Content") => BounceClass::Block,
            _ => BounceClass::Soft,
        },
        (Cause::Address, _) | (_, "Invalid Address") => BounceClass::Hard,
        (Cause::Other, "Reputation" | "Content") => BounceClass::Block,
        (Cause::Other, "Mailbox Unavailable" | "Technical" | "Frequency or Volume Too High") => BounceClass::Soft,
        (Cause::Other, _) => BounceClass::Hard,
        (cause, _) => cause.class(),
    }
}

/// The class of a message that was not sent because of SendGrid's own lists; none when it was refused for itself.
fn dropped(reason: &str) -> Option<BounceClass> {
    match reason.to_ascii_lowercase().as_str() {
        "bounced address" | "invalid" | "invalid address" => Some(BounceClass::Hard),
        "unsubscribed address" | "spam reporting address" => Some(BounceClass::Block),
        _ => None,
    }
}

/// The mail in a post of Inbound Parse, in fields or whole ("Send Raw"). A report that told of events is none.
pub(super) fn inbound(verified: &Verified) -> Option<Inbound> {
    if !is_form(verified.content_type()) {
        return None;
    }
    let form = Form::read(verified.content_type(), verified.body());
    let json = |name: &str| form.text(name).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null);
    let (envelope, charsets) = (json("envelope"), json("charsets"));
    let field = |name: &str| {
        let charset = charsets.get(name).and_then(Value::as_str);
        form.bytes(name).map(|bytes| mime::string(charset, bytes)).filter(|text| !text.is_empty())
    };
    let to = text(&envelope, "/to/0").map(str::to_owned);
    if let Some(raw) = form.bytes("email") {
        let told = !report::events(raw, verified.at()).is_empty();
        return if told { None } else { letter::read(raw, to.as_deref(), verified.at()) };
    }
    let written = field("from").and_then(|from| mime::people(&from).into_iter().next());
    let sender = text(&envelope, "/from").map(|email| Person { email: email.to_owned(), name: None });
    let Person { email: from, name } = written.or(sender)?;
    let to = to.or_else(|| field("to").and_then(|to| mime::people(&to).into_iter().next()).map(|person| person.email));
    let headers = form.bytes("headers").unwrap_or_default();
    let seed = [headers, form.bytes("text").unwrap_or_default(), form.bytes("html").unwrap_or_default()].concat();
    let head = Head::read(headers).0;
    let framed = letter::framed(&head, &from, to.as_deref().unwrap_or_default(), &seed, verified.at());
    let (about, ids) = (json("attachment-info"), json("content-ids"));
    Some(Inbound {
        from,
        name,
        to,
        subject: field("subject"),
        text: field("text"),
        html: field("html"),
        files: form.files.into_iter().map(|(field, one)| file(&field, one, &about, &ids)).collect(),
        ..framed
    })
}

fn file(field: &str, file: File, about: &Value, ids: &Value) -> InboundFile {
    let about = about.get(field);
    let word = |name: &str| about.and_then(|about| about.get(name)).and_then(Value::as_str).filter(|word| !word.is_empty());
    InboundFile {
        name: file.name,
        media_type: file.media_type.or_else(|| word("type").map(str::to_owned)),
        bytes: u64::try_from(file.bytes.len()).ok(),
        content_id: word("content-id").and_then(letter::content_id).or_else(|| form::content_id(ids, field)),
        source: FileSource::Bytes(file.bytes),
    }
}
