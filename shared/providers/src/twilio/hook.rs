//! What Twilio posts: states of messages, and messages. States are told without a usable time (`RawDlrDoneDate` knows minutes and
//! no zone), so an event happens when it arrives.

use super::{Class, OPTED_OUT, class};
use crate::callback::TAG;
use crate::json::location;
use crate::{BounceClass, Event, EventDetail, EventKind, FileSource, Inbound, InboundFile, Verified, Wish};

/// Most files of one message.
const FILES: usize = 10;

pub(super) fn is_form(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// The fields of a callback: of its form, or of its address when it has no body.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn of(verified: &Verified) -> Self {
        Self(match verified.body() {
            [] => verified.query().to_vec(),
            _ if is_form(verified.content_type()) => verified.form(),
            _ => Vec::new(),
        })
    }

    /// A field that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A telephone number without what its channel writes before it; none when it belongs to another channel.
    fn number(&self, name: &str, prefix: &str) -> Option<String> {
        let number = self.text(name)?.strip_prefix(prefix)?;
        // In a query that was not encoded, the plus sign reads as a space.
        (!number.contains(':')).then(|| crate::sms::number(number))
    }
}

/// The code of a failure, with what it says of the recipient.
pub(super) fn failure(code: Option<&str>, words: Option<&str>) -> EventDetail {
    let class = match code.and_then(|code| code.parse().ok()).and_then(class) {
        Some(Class::Gone) => BounceClass::Hard,
        Some(Class::Refused | Class::Content | Class::Account) => BounceClass::Block,
        Some(Class::Passing | Class::Limit) | None => BounceClass::Soft,
    };
    let cut = |text: &str, most: usize| crate::event::cut(text, most);
    EventDetail {
        class: Some(class),
        code: code.map(|code| cut(code, 40)),
        text: words.map(|words| cut(words, 300)),
        ..EventDetail::default()
    }
}

/// The state of a message.
pub(super) fn events(verified: &Verified, prefix: &str) -> Vec<Event> {
    state(verified, prefix).unwrap_or_default()
}

fn state(verified: &Verified, prefix: &str) -> Option<Vec<Event>> {
    let fields = Fields::of(verified);
    let message = fields.text("MessageSid").or_else(|| fields.text("SmsSid"))?;
    let read = fields.text("EventType") == Some("READ");
    let word = if read { "read" } else { fields.text("MessageStatus")? };
    let kind = match word {
        "sent" => EventKind::Sent,
        "delivered" => EventKind::Delivered,
        "read" => EventKind::Opened,
        "undelivered" | "failed" => EventKind::Bounced,
        "canceled" => EventKind::Rejected,
        _ => return None,
    };
    let code = fields.text("ErrorCode").filter(|code| *code != "0");
    let words = fields.text("ErrorMessage").or_else(|| fields.text("ChannelStatusMessage"));
    let event = Event {
        kind,
        at: verified.at(),
        id: crate::event::id(&["twilio", message, word]),
        tag: verified.parameter(TAG).map(str::to_owned),
        provider_id: Some(message.to_owned()),
        recipient: fields.number("To", prefix),
        detail: if kind == EventKind::Bounced { failure(code, words) } else { EventDetail::default() },
    };
    let left = (code == Some(&OPTED_OUT.to_string())).then(|| Event {
        kind: EventKind::Unsubscribed,
        id: crate::event::id(&["twilio", message, "unsubscribed"]),
        detail: EventDetail { class: None, ..event.detail.clone() },
        ..event.clone()
    });
    Some(std::iter::once(event).chain(left).collect())
}

/// The message that came in by this channel.
pub(super) fn inbound(verified: &Verified, prefix: &str) -> Vec<Inbound> {
    message(verified, prefix).into_iter().collect()
}

fn message(verified: &Verified, prefix: &str) -> Option<Inbound> {
    let fields = Fields::of(verified);
    if fields.text("MessageStatus").is_some() || fields.text("SmsStatus").is_some_and(|state| state != "received") {
        return None;
    }
    let button = fields.owned("ButtonPayload").or_else(|| fields.owned("ListId"));
    let text = fields.owned("Body");
    let own_words = fields.text("OptOutType").and_then(|word| match word {
        "STOP" => Some(Wish::Stop),
        "START" => Some(Wish::Start),
        "HELP" => Some(Wish::Help),
        _ => None,
    });
    let wish = own_words.or_else(|| text.as_deref().filter(|_| button.is_none()).and_then(Wish::of));
    let count = fields.text("NumMedia").and_then(|count| count.parse().ok()).unwrap_or(0).min(FILES);
    let file = |number: usize| {
        Some(InboundFile {
            name: None,
            media_type: fields.owned(&format!("MediaContentType{number}")),
            bytes: None,
            content_id: None,
            source: FileSource::Url(fields.owned(&format!("MediaUrl{number}"))?),
        })
    };
    Some(Inbound {
        id: fields.text("MessageSid").or_else(|| fields.text("SmsSid"))?.to_owned(),
        at: verified.at(),
        from: fields.number("From", prefix)?,
        name: fields.owned("ProfileName"),
        to: fields.number("To", prefix),
        text,
        files: (0..count).filter_map(file).collect(),
        location: place(&fields),
        button,
        answers: fields.owned("OriginalRepliedMessageSid"),
        wish,
        // Whoever has Twilio tell wishes apart has it answer them too.
        answered: own_words.is_some(),
        ..Inbound::default()
    })
}

fn place(fields: &Fields) -> Option<crate::Location> {
    let degrees = |name: &str| fields.text(name)?.parse::<f64>().ok();
    let place = serde_json::json!({
        "latitude": degrees("Latitude")?, "longitude": degrees("Longitude")?,
        "name": fields.text("Label"), "address": fields.text("Address"),
    });
    location(&place, "latitude", "longitude")
}
