//! Telephone calls with spoken text by Twilio.

use kernel::{Result, Time};
use serde::Deserialize;
use serde_json::Value;

use super::hook::{Fields, failure};
use super::{Credentials, check_account, create, look, signature};
use crate::callback::TAG;
use crate::settings::{self, fault};
use crate::{
    Answer, Call, Callback, Channel, Event, EventDetail, EventKind, Inbound, Outgoing, Provider, Receiving, Reply, Sending,
    Setup, Verdict, Verified, sms,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct TwilioVoice;

/// Most characters of the document that says what is spoken.
const DOCUMENT: usize = 4000;
/// Longest ringing, in seconds.
const RINGING: u16 = 600;

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `AC...`.
    account_sid: String,
    /// The number that calls.
    from: String,
    /// Who speaks, such as `Polly.Joanna`.
    #[serde(default)]
    voice: Option<String>,
    /// Seconds that it rings; 60 when it is not said.
    #[serde(default)]
    timeout: Option<u16>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        check_account(&given.account_sid)?;
        if !sms::is_number(&given.from) {
            return Err(fault("/settings/from", "a number such as +14155550123 is needed"));
        }
        if given.voice.as_deref().is_some_and(|voice| !is_word(voice)) {
            return Err(fault("/settings/voice", "1 to 64 letters, digits, points and hyphens"));
        }
        if given.timeout.is_some_and(|seconds| !(1..=RINGING).contains(&seconds)) {
            return Err(fault("/settings/timeout", "1 to 600 seconds"));
        }
        Ok(given)
    }
}

/// Whether it can stand in an attribute as it is.
fn is_word(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_alphanumeric() || matches!(one, b'.' | b'-'))
}

impl Provider for TwilioVoice {
    fn id(&self) -> &'static str {
        "twilio_voice"
    }

    fn channel(&self) -> Channel {
        Channel::Voice
    }

    fn check(&self, given: &Value, credentials: &Value) -> Result<()> {
        Settings::read(given)?;
        Credentials::read(credentials).map(|_| ())
    }
}

impl Sending for TwilioVoice {
    /// Twilio knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        let (direct, text) = sms::text_only(message)?;
        let document = document(text, settings.voice.as_deref(), direct.locale.as_deref());
        if document.chars().count() > DOCUMENT {
            return Err(kernel::Error::invalid("/content/text", "too_long", "the text is too long to be spoken in one call"));
        }
        let mut fields = vec![("To", direct.to.clone()), ("From", settings.from), ("Twiml", document)];
        if let Some(address) = setup.callback_for(&message.tag) {
            fields.push(("StatusCallback", address));
            fields.extend(["initiated", "completed"].map(|event| ("StatusCallbackEvent", event.to_owned())));
        }
        fields.extend(settings.timeout.map(|seconds| ("Timeout", seconds.to_string())));
        Ok(Call::Http(create(&settings.account_sid, "Calls.json", fields, setup)?))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        super::verdict(reply)
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let settings = Settings::read(setup.settings)?;
        Ok(Some(Call::Http(look(&settings.account_sid, "Calls.json", setup)?)))
    }
}

impl Receiving for TwilioVoice {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        signature::verify(callback, setup, &Settings::read(setup.settings)?.account_sid)
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        event(verified).into_iter().collect()
    }

    /// Calls that come in are not taken.
    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }

    fn answer(&self, _verified: &Verified) -> Answer {
        Answer::with("text/xml", "<Response/>".to_owned())
    }
}

/// What is spoken, in TwiML. What XML cannot hold is spoken as a pause.
fn document(text: &str, voice: Option<&str>, locale: Option<&str>) -> String {
    let mut document = String::from("<Response><Say");
    for (name, word) in [("voice", voice), ("language", locale.filter(|locale| is_word(locale)))] {
        if let Some(word) = word {
            document.push_str(&format!(" {name}=\"{word}\""));
        }
    }
    document.push('>');
    document.push_str(&crate::xml::escape(text));
    document.push_str("</Say></Response>");
    document
}

/// The state of a call. One that was answered counts as delivered, by whomever; who it was stands beside it.
fn event(verified: &Verified) -> Option<Event> {
    let fields = Fields::of(verified);
    let (call, word) = (fields.text("CallSid")?, fields.text("CallStatus")?);
    let kind = match word {
        "initiated" => EventKind::Sent,
        "completed" => EventKind::Delivered,
        "busy" | "no-answer" | "failed" => EventKind::Bounced,
        "canceled" => EventKind::Rejected,
        _ => return None,
    };
    let detail = match kind {
        EventKind::Bounced => {
            let detail = failure(fields.text("ErrorCode"), fields.text("ErrorMessage"));
            EventDetail { code: detail.code.or_else(|| Some(word.to_owned())), ..detail }
        }
        EventKind::Delivered => {
            EventDetail { code: fields.text("AnsweredBy").map(|who| crate::event::cut(who, 40)), ..EventDetail::default() }
        }
        _ => EventDetail::default(),
    };
    let at = fields.text("Timestamp").and_then(|at| jiff::fmt::rfc2822::parse(at).ok());
    Some(Event {
        kind,
        at: at.map_or_else(|| verified.at(), |at| Time::from(at.timestamp())),
        id: crate::event::id(&["twilio", call, word]),
        tag: verified.parameter(TAG).map(str::to_owned),
        provider_id: Some(call.to_owned()),
        recipient: fields.text("To").map(sms::number),
        detail,
    })
}
