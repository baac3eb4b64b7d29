//! What a gateway posts, by the names that the account has set. A name that begins with `/` is a JSON pointer.

use serde::Deserialize;
use serde_json::Value;

use crate::callback::TAG;
use crate::json::id;
use crate::{BounceClass, Event, EventDetail, EventKind, Inbound, Verified, Wish, sms};

/// How a report of what became of a message reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Report {
    /// Where the state stands.
    status: String,
    /// Where the gateway's id of the message stands.
    #[serde(default)]
    id: Option<String>,
    /// States by what they mean; others say nothing.
    #[serde(default)]
    sent: Vec<String>,
    #[serde(default)]
    delivered: Vec<String>,
    /// It may work another time.
    #[serde(default)]
    failed: Vec<String>,
    /// The number will never work.
    #[serde(default)]
    gone: Vec<String>,
    /// Somebody does not want it.
    #[serde(default)]
    blocked: Vec<String>,
}

/// How a message that comes in reads.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Arrival {
    /// Where the sender's number stands.
    from: String,
    /// Where our number stands.
    #[serde(default)]
    to: Option<String>,
    /// Where the text stands.
    text: String,
    /// Where the gateway's id of the message stands.
    #[serde(default)]
    id: Option<String>,
    /// Whether the gateway itself confirms STOP, START and HELP.
    #[serde(default)]
    confirms: bool,
}

/// The fields of a post: of its address, of a form, or of JSON.
enum Fields {
    Pairs(Vec<(String, String)>),
    Json(Value),
}

impl Fields {
    fn of(verified: &Verified) -> Self {
        match verified.body() {
            [] => Self::Pairs(verified.query().to_vec()),
            [b'{' | b'[', ..] => Self::Json(verified.json()),
            _ => Self::Pairs(verified.form()),
        }
    }

    /// The field of that name, when it is not empty.
    fn text(&self, name: &str) -> Option<String> {
        match self {
            Self::Pairs(pairs) => {
                pairs.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.clone())
            }
            Self::Json(value) if name.starts_with('/') => id(value, name),
            Self::Json(value) => id(value.get(name)?, ""),
        }
    }
}

/// The event that a post tells of.
pub(super) fn event(verified: &Verified, report: &Report) -> Option<Event> {
    let fields = Fields::of(verified);
    let status = fields.text(&report.status)?;
    let known = |words: &[String]| words.iter().any(|word| word.eq_ignore_ascii_case(&status));
    let (kind, class) = [
        (&report.delivered, EventKind::Delivered, None),
        (&report.gone, EventKind::Bounced, Some(BounceClass::Hard)),
        (&report.blocked, EventKind::Bounced, Some(BounceClass::Block)),
        (&report.failed, EventKind::Bounced, Some(BounceClass::Soft)),
        (&report.sent, EventKind::Sent, None),
    ]
    .into_iter()
    .find_map(|(words, kind, class)| known(words).then_some((kind, class)))?;
    let (tag, provider_id) = (verified.parameter(TAG), report.id.as_deref().and_then(|name| fields.text(name)));
    let message = provider_id.as_deref().or(tag)?;
    Some(Event {
        kind,
        at: verified.at(),
        id: crate::event::id(&["sms_gateway", message, &status]),
        tag: tag.map(str::to_owned),
        provider_id,
        recipient: None,
        detail: EventDetail { class, code: class.map(|_| crate::event::cut(&status, 40)), ..EventDetail::default() },
    })
}

/// The message that a post brings. One without an id has that of its content, so that a repetition is recognised.
pub(super) fn message(verified: &Verified, arrival: &Arrival) -> Option<Inbound> {
    let fields = Fields::of(verified);
    let (from, text) = (fields.text(&arrival.from)?, fields.text(&arrival.text)?);
    let optional = |name: &Option<String>| name.as_deref().and_then(|name| fields.text(name));
    let query = verified.query().iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let content = || crate::event::id(&["sms_gateway", &verified.text(), &query]);
    let came = Inbound {
        id: optional(&arrival.id).unwrap_or_else(content),
        at: verified.at(),
        from: sms::number(&from),
        to: optional(&arrival.to).map(|to| sms::number(&to)),
        wish: Wish::of(&text),
        text: Some(text),
        ..Inbound::default()
    };
    Some(came.confirmed(arrival.confirms))
}
