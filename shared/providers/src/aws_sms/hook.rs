//! What the service publishes to a topic: states of messages, and messages.

use serde_json::Value;

use crate::callback::TAG;
use crate::json::{text, time};
use crate::sns::Kind;
use crate::{BounceClass, Event, EventDetail, EventKind, Inbound, Verified, Wish};

/// What stands in the envelope, when it is JSON.
fn content(verified: &Verified) -> Option<Value> {
    let notice = verified.notice().filter(|notice| notice.kind == Kind::Notification)?;
    serde_json::from_str(&notice.message).ok()
}

/// The state of a message. `TEXT_UNKNOWN` (no receipt came within three days) says nothing either way.
pub(super) fn event(verified: &Verified) -> Option<Event> {
    let record = content(verified)?;
    let (word, message) = (text(&record, "/eventType")?, text(&record, "/messageId")?);
    let (kind, class) = match word.strip_prefix("TEXT_")? {
        // The carrier took it; no more is known before the handset has said so.
        "SENT" | "SUCCESSFUL" => (EventKind::Sent, None),
        "DELIVERED" => (EventKind::Delivered, None),
        "INVALID" => (EventKind::Bounced, Some(BounceClass::Hard)),
        "UNREACHABLE" | "CARRIER_UNREACHABLE" | "TTL_EXPIRED" => (EventKind::Bounced, Some(BounceClass::Soft)),
        "INVALID_MESSAGE" | "BLOCKED" | "CARRIER_BLOCKED" | "SPAM" | "PROTECT_BLOCKED" => {
            (EventKind::Bounced, Some(BounceClass::Block))
        }
        _ => return None,
    };
    let words = text(&record, "/messageStatusDescription").filter(|_| class.is_some());
    Some(Event {
        kind,
        at: time(&record, "/eventTimestamp").or_else(|| Some(verified.notice()?.at))?,
        id: crate::event::id(&["aws_sms", message, word]),
        tag: record.get("context").and_then(|context| text(context, &format!("/{TAG}"))).map(str::to_owned),
        provider_id: Some(message.to_owned()),
        recipient: text(&record, "/destinationPhoneNumber").map(crate::sms::number),
        detail: EventDetail {
            class,
            code: class.map(|_| crate::event::cut(word, 40)),
            text: words.map(|words| crate::event::cut(words, 300)),
            ..EventDetail::default()
        },
    })
}

/// The message that came in. Its time is that of its way to us: it brings none itself.
pub(super) fn message(verified: &Verified) -> Option<Inbound> {
    let record = content(verified)?;
    let words = text(&record, "/messageBody")?;
    Some(Inbound {
        id: text(&record, "/inboundMessageId")?.to_owned(),
        at: verified.notice()?.at,
        from: crate::sms::number(text(&record, "/originationNumber")?),
        to: text(&record, "/destinationNumber").map(crate::sms::number),
        text: Some(words.to_owned()),
        answers: text(&record, "/previousPublishedMessageId").map(str::to_owned),
        wish: Wish::of(words),
        ..Inbound::default()
    })
}
