//! What the Cloud API posts: statuses of messages, and messages.

use kernel::{Phone, Time};
use serde_json::Value;

use super::super::{Class, Fault};
use super::class;
use crate::event::cut;
use crate::json::{id, list, location, text, time};
use crate::{BounceClass, Event, EventDetail, EventKind, FileSource, Inbound, InboundFile, Verified, Wish};

/// Kinds of messages that are a file.
const FILES: [&str; 5] = ["image", "video", "audio", "document", "sticker"];

/// The values of a field that are about the number.
fn values<'a>(post: &'a Value, number: &'a str, field: &'a str) -> impl Iterator<Item = &'a Value> {
    let ours = |post: &&Value| text(post, "/object") == Some("whatsapp_business_account");
    let changes =
        Some(post).filter(ours).into_iter().flat_map(|post| list(post, "/entry")).flat_map(|entry| list(entry, "/changes"));
    changes
        .filter(move |change| text(change, "/field") == Some(field))
        .filter_map(|change| change.get("value"))
        .filter(move |value| text(value, "/metadata/phone_number_id") == Some(number))
}

/// Meta writes numbers as digits alone. A sender who hides the number has an id of another form, which stays as it is.
fn address(digits: &str) -> String {
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let number = format!("+{digits}");
        Phone::parse(&number).map_or(number, |phone| phone.as_str().to_owned())
    } else {
        digits.to_owned()
    }
}

pub(super) fn events(verified: &Verified, number: &str) -> Vec<Event> {
    let post = verified.json();
    let statuses = values(&post, number, "messages").flat_map(|value| list(value, "/statuses"));
    statuses.filter_map(|one| status(one, verified.at())).flatten().collect()
}

fn status(one: &Value, arrived: Time) -> Option<Vec<Event>> {
    let word = text(one, "/status")?;
    let kind = match word {
        "sent" => EventKind::Sent,
        "delivered" => EventKind::Delivered,
        "read" | "played" => EventKind::Opened,
        "failed" => EventKind::Bounced,
        _ => return None,
    };
    let message = text(one, "/id")?;
    let recipient = text(one, "/recipient_id").map(address);
    let fault = one.pointer("/errors/0").and_then(Fault::read);
    let detail = EventDetail {
        class: (kind == EventKind::Bounced).then(|| bounce(fault.as_ref().map(|fault| fault.code))),
        code: fault.as_ref().map(|fault| fault.code.to_string()),
        text: fault.as_ref().map(|fault| fault.text.clone()),
        ..EventDetail::default()
    };
    let event = Event {
        kind,
        at: time(one, "/timestamp").unwrap_or(arrived),
        id: crate::event::id(&["whatsapp", message, word, recipient.as_deref().unwrap_or_default()]),
        tag: text(one, "/biz_opaque_callback_data").map(str::to_owned),
        provider_id: Some(message.to_owned()),
        recipient,
        detail,
    };
    // The recipient has stopped marketing from this business.
    let left = fault.filter(|fault| fault.code == 131_050).map(|_| Event {
        kind: EventKind::Unsubscribed,
        id: crate::event::id(&["whatsapp", message, "unsubscribed", event.recipient.as_deref().unwrap_or_default()]),
        detail: EventDetail { class: None, ..event.detail.clone() },
        ..event.clone()
    });
    Some(std::iter::once(event).chain(left).collect())
}

/// No code says that a number will never be on WhatsApp, so none is hard.
fn bounce(code: Option<i64>) -> BounceClass {
    match code {
        Some(131_026) => BounceClass::Soft,
        Some(code) => match class(code, 0) {
            Some(Class::Passing | Class::Limit(_)) | None => BounceClass::Soft,
            Some(Class::Recipient | Class::Account | Class::Content) => BounceClass::Block,
        },
        None => BounceClass::Soft,
    }
}

pub(super) fn inbound(verified: &Verified, number: &str) -> Vec<Inbound> {
    let post = verified.json();
    let messages = values(&post, number, "messages")
        .flat_map(|value| list(value, "/messages").filter_map(|one| message(value, one, verified.at())));
    let wishes = values(&post, number, "user_preferences")
        .flat_map(|value| list(value, "/user_preferences").filter_map(|one| preference(value, one, verified.at())));
    messages.chain(wishes).collect()
}

fn message(value: &Value, one: &Value, arrived: Time) -> Option<Inbound> {
    let sender = text(one, "/from").or_else(|| text(one, "/user_id"))?;
    let owned = |pointer: &str| text(one, pointer).map(str::to_owned);
    let mut found = Inbound {
        id: text(one, "/id")?.to_owned(),
        at: time(one, "/timestamp").unwrap_or(arrived),
        from: address(sender),
        name: name(value, sender),
        to: text(value, "/metadata/display_phone_number").map(own),
        thread: owned("/group_id"),
        answers: owned("/context/id"),
        ..Inbound::default()
    };
    match text(one, "/type")? {
        "text" => {
            found.text = owned("/text/body");
            found.wish = found.text.as_deref().and_then(Wish::of);
        }
        kind if FILES.contains(&kind) => {
            let file = one.get(kind)?;
            let part = |name: &str| text(file, name).map(str::to_owned);
            found.text = part("/caption");
            found.files = vec![InboundFile {
                name: part("/filename"),
                media_type: part("/mime_type"),
                bytes: None,
                content_id: None,
                source: FileSource::Id(id(file, "/id")?),
            }];
        }
        "location" => found.location = Some(location(one.get("location")?, "latitude", "longitude")?),
        "contacts" => found.text = Some(list(one, "/contacts").map(card).collect::<Vec<_>>().join("\n")),
        "button" => {
            found.text = owned("/button/text");
            found.button = owned("/button/payload");
        }
        "interactive" => {
            let pressed = ["/interactive/button_reply", "/interactive/list_reply"].into_iter().find_map(|at| one.pointer(at));
            let part = |name: &str| text(pressed?, name).map(str::to_owned);
            found.button = part("/id");
            found.text = part("/title").or_else(|| owned("/interactive/nfm_reply/body"));
        }
        // A reaction that was taken back says nothing.
        "reaction" => {
            found.text = Some(owned("/reaction/emoji")?);
            found.answers = owned("/reaction/message_id");
        }
        // Something that WhatsApp itself cannot pass on: that somebody wrote is worth knowing.
        "unsupported" => {}
        _ => return None,
    }
    // A button that says "Stop" is as good as the word; one that says "Yes" answers a question.
    if found.button.is_some() {
        found.wish = found.text.as_deref().and_then(Wish::of).filter(|wish| *wish == Wish::Stop);
    }
    Some(found)
}

/// The name that the sender goes by, cut, since it goes along with each of the sender's messages.
fn name(value: &Value, sender: &str) -> Option<String> {
    let same = |one: &&Value| [text(one, "/wa_id"), text(one, "/user_id")].contains(&Some(sender));
    list(value, "/contacts").find(same).and_then(|one| text(one, "/profile/name")).map(|name| cut(name, 200))
}

/// The number of ours, which is shown with or without its separators.
fn own(shown: &str) -> String {
    address(&shown.chars().filter(char::is_ascii_digit).take(20).collect::<String>())
}

/// A contact that was passed on: the name, and the numbers behind it.
fn card(contact: &Value) -> String {
    let name = text(contact, "/name/formatted_name").unwrap_or_default();
    let numbers = list(contact, "/phones").filter_map(|phone| text(phone, "/phone"));
    std::iter::once(name).chain(numbers).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A recipient who stops or resumes marketing messages in the app.
fn preference(value: &Value, one: &Value, arrived: Time) -> Option<Inbound> {
    let wish = match text(one, "/value")? {
        "stop" => Wish::Stop,
        "resume" => Wish::Start,
        _ => return None,
    };
    let sender = text(one, "/wa_id").or_else(|| text(one, "/user_id"))?;
    let at = time(one, "/timestamp").unwrap_or(arrived);
    Some(Inbound {
        id: crate::event::id(&["whatsapp preference", sender, text(one, "/value")?, &at.to_string()]),
        at,
        from: address(sender),
        name: name(value, sender),
        to: text(value, "/metadata/display_phone_number").map(own),
        wish: Some(wish),
        ..Inbound::default()
    })
}
