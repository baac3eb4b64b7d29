//! What the SMS API posts: states of parts, and messages. They come as a query, a form or JSON, as the account has chosen.

use std::collections::BTreeMap;

use kernel::Time;
use serde_json::Value;

use crate::callback::TAG;
use crate::{BounceClass, Event, EventDetail, EventKind, Inbound, Verified, Wish, sms};

/// The parameters of a callback.
pub(super) struct Fields(BTreeMap<String, String>);

impl Fields {
    /// Those of the body, or of the address when there is none. Our own reference is none of them.
    pub(super) fn read(content_type: &str, body: &[u8], query: &[(String, String)]) -> Self {
        let pairs: Vec<_> = if body.is_empty() {
            query.to_vec()
        } else if content_type.to_ascii_lowercase().starts_with("application/json") {
            let object: Value = serde_json::from_slice(body).unwrap_or_default();
            object.as_object().into_iter().flatten().filter_map(|(name, value)| Some((name.clone(), plain(value)?))).collect()
        } else {
            url::form_urlencoded::parse(body).into_owned().collect()
        };
        Self(pairs.into_iter().filter(|(name, _)| name != TAG).collect())
    }

    fn of(verified: &Verified) -> Self {
        Self::read(verified.content_type(), verified.body(), verified.query())
    }

    /// A parameter that is not empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// What is signed: all parameters by name, but the code itself. The marks between them become lines within them.
    pub(super) fn signed_text(&self, reference: Option<&str>) -> String {
        let mut pairs: BTreeMap<&str, &str> = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        pairs.remove("sig");
        pairs.extend(reference.map(|reference| (TAG, reference)));
        let plain = |text: &str| text.replace(['&', '='], "_");
        pairs.iter().map(|(name, value)| format!("&{}={}", plain(name), plain(value))).collect()
    }

    /// When it was posted, as `2026-03-01 09:30:00` in UTC.
    fn at(&self) -> Option<Time> {
        let text = self.text("message-timestamp")?.replacen([' ', '+'], "T", 1);
        Time::parse(&format!("{text}Z")).ok()
    }
}

/// A value as it would stand in a form.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The state of a part.
pub(super) fn event(verified: &Verified) -> Option<Event> {
    let fields = Fields::of(verified);
    let (part, word) = (fields.text("messageId")?, fields.text("status")?);
    let code = fields.text("err-code").filter(|code| *code != "0");
    let kind = match word {
        "delivered" => EventKind::Delivered,
        "accepted" => EventKind::Sent,
        "buffered" => EventKind::Delayed,
        "expired" | "failed" | "rejected" => EventKind::Bounced,
        _ => return None,
    };
    let bounced = kind == EventKind::Bounced;
    Some(Event {
        kind,
        at: fields.at().unwrap_or_else(|| verified.at()),
        id: crate::event::id(&["vonage", part, word]),
        tag: verified.parameter(TAG).map(str::to_owned),
        provider_id: Some(part.to_owned()),
        recipient: fields.text("msisdn").map(sms::number),
        detail: EventDetail {
            class: bounced.then(|| class(code)),
            code: code.filter(|_| bounced).map(|code| crate::event::cut(code, 40)),
            text: bounced.then(|| crate::event::cut(word, 300)),
            ..EventDetail::default()
        },
    })
}

/// The table of `err-code`.
fn class(code: Option<&str>) -> BounceClass {
    match code {
        // Away for good; no number at all.
        Some("3" | "9") => BounceClass::Hard,
        // Barred by the recipient, by the carrier, or by a filter.
        Some("4" | "6" | "10" | "13" | "14" | "50" | "51" | "52" | "53" | "54") => BounceClass::Block,
        Some(_) | None => BounceClass::Soft,
    }
}

/// The message, or the part of one, that came in. Parts of one are not joined: nothing is remembered here.
pub(super) fn message(verified: &Verified) -> Option<Inbound> {
    let fields = Fields::of(verified);
    // A state names the same fields.
    if fields.text("status").is_some() || fields.text("type") == Some("binary") {
        return None;
    }
    let text = fields.text("text")?;
    Some(Inbound {
        id: fields.text("messageId")?.to_owned(),
        at: fields.at().unwrap_or_else(|| verified.at()),
        from: sms::number(fields.text("msisdn")?),
        to: fields.text("to").map(sms::number),
        text: Some(text.to_owned()),
        wish: Wish::of(text),
        ..Inbound::default()
    })
}
