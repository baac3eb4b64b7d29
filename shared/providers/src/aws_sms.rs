//! Text messages by AWS End User Messaging SMS (`SendTextMessage` of the API `pinpoint-sms-voice-v2`). A function's own role is the
//! credential, so an account has settings only. What becomes of messages, and what is answered, comes through Amazon SNS. Sources:
//! AWS End User Messaging SMS API reference v2; its User Guide, "Event types" and "Two-way SMS messaging".

mod hook;

use kernel::{Error, Result, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::callback::TAG;
use crate::json::{set, text};
use crate::settings::{self, Nothing, fault};
use crate::sms::{Encoding, segments, text_only};
use crate::terms::{self, Kind};
use crate::{
    Body, Call, Callback, Channel, Event, HttpCall, Inbound, Login, Method, Outgoing, Provider, Receiving, Reply, Sending,
    Setup, Verdict, Verified, proof, ses, sns,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct AwsSms;

/// Most septets of a text, or most characters of one that does not travel in septets.
const SEPTETS: usize = 1530;
const CHARACTERS: usize = 630;
/// Shortest and longest time that a delivery is tried, in seconds.
const SHORTEST: u32 = 5;
const LONGEST: u32 = 259_200;

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    region: String,
    /// Number, sender id, pool, or the ARN of one. AWS chooses when there is none.
    #[serde(default)]
    origination_identity: Option<String>,
    #[serde(default)]
    message_type: Kind,
    /// The configuration set that publishes events.
    #[serde(default)]
    configuration_set: Option<String>,
    /// The configuration that says which countries may be written to.
    #[serde(default)]
    protect_configuration: Option<String>,
    /// Most US dollars that one part may cost, such as `0.50`.
    #[serde(default)]
    max_price: Option<String>,
    /// How long a delivery is tried, in seconds.
    #[serde(default)]
    time_to_live: Option<u32>,
    /// Ids by which India knows sender and text.
    #[serde(default)]
    entity_id: Option<String>,
    #[serde(default)]
    template_id: Option<String>,
    /// Whether AWS itself confirms STOP and HELP, as it does unless a number's opt-outs are managed by its owner.
    #[serde(default)]
    confirms: Option<bool>,
    /// Topics that events and answers come through.
    #[serde(default)]
    topic_arns: Vec<String>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        let refuse = |name: &str, detail: &str| Err(fault(&format!("/settings/{name}"), detail));
        let wrong = |value: &Option<String>, fine: fn(&str) -> bool| value.as_deref().is_some_and(|value| !fine(value));
        // Regions in China have hosts of another domain, and not this service.
        if !sns::is_region(&given.region) || given.region.starts_with("cn-") {
            return refuse("region", "a region such as eu-west-1 is needed");
        }
        let identities = [
            (&given.origination_identity, "origination_identity"),
            (&given.configuration_set, "configuration_set"),
            (&given.protect_configuration, "protect_configuration"),
        ];
        for (identity, name) in identities {
            if wrong(identity, is_identity) {
                return refuse(name, "a name, an id, a number or an ARN of at most 256 characters is needed");
            }
        }
        if given.time_to_live.is_some_and(|seconds| !(SHORTEST..=LONGEST).contains(&seconds)) {
            return refuse("time_to_live", "5 to 259200 seconds");
        }
        terms::check(given.max_price.as_deref(), given.entity_id.as_deref(), given.template_id.as_deref())?;
        sns::check_topics(&given.topic_arns)?;
        Ok(given)
    }
}

/// Whether it has the form of what AWS knows senders and configurations by.
fn is_identity(text: &str) -> bool {
    let letter = |one: u8| one.is_ascii_alphanumeric() || matches!(one, b'_' | b':' | b'/' | b'+' | b'-');
    (1..=256).contains(&text.len()) && text.bytes().all(letter)
}

impl Provider for AwsSms {
    fn id(&self) -> &'static str {
        "aws_sms"
    }

    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        settings::credentials::<Nothing>(credentials)?;
        Settings::read(settings).map(|_| ())
    }
}

impl Sending for AwsSms {
    /// AWS knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        let (direct, text) = text_only(message)?;
        let told = segments(text);
        let fits = match told.encoding {
            Encoding::Gsm7 => told.units <= SEPTETS,
            Encoding::Ucs2 => told.characters <= CHARACTERS,
        };
        if !fits {
            let detail = "at most 1530 characters of the GSM alphabet, or 630 when there is any other";
            return Err(Error::invalid("/content/text", "too_long", detail));
        }
        let kind = settings.message_type.as_str().to_ascii_uppercase();
        let mut content = json!({
            "DestinationPhoneNumber": direct.to, "MessageBody": text, "MessageType": kind, "Context": {(TAG): message.tag},
        });
        let words = [
            ("OriginationIdentity", settings.origination_identity),
            ("ConfigurationSetName", settings.configuration_set),
            ("ProtectConfigurationId", settings.protect_configuration),
            ("MaxPrice", settings.max_price),
        ];
        for (name, word) in words {
            if let Some(word) = word {
                set(&mut content, name, json!(word));
            }
        }
        if let Some(seconds) = settings.time_to_live {
            set(&mut content, "TimeToLive", json!(seconds));
        }
        let mut country = json!({});
        for (name, id) in [("IN_ENTITY_ID", settings.entity_id), ("IN_TEMPLATE_ID", settings.template_id)] {
            if let Some(id) = id {
                set(&mut country, name, json!(id));
            }
        }
        if country != json!({}) {
            set(&mut content, "DestinationCountryParameters", country);
        }
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new(format!("https://sms-voice.{}.amazonaws.com/", settings.region)),
            headers: vec![
                ("content-type", "application/x-amz-json-1.0".to_owned()),
                ("x-amz-target", "PinpointSMSVoiceV2.SendTextMessage".to_owned()),
            ],
            login: Login::Aws { service: "sms-voice", region: Some(settings.region) },
            body: Body::json(&content),
            http2: false,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        verdict(reply)
    }

    /// Whatever might be asked would need a permission that sending does not.
    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }
}

impl Receiving for AwsSms {
    fn topics(&self, settings: &Value) -> Vec<String> {
        Settings::read(settings).map(|settings| settings.topic_arns).unwrap_or_default()
    }

    fn verify(&self, callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Verified> {
        proof::verify_sns(callback)
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        hook::event(verified).into_iter().collect()
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        let confirms = Settings::read(setup.settings).ok().and_then(|settings| settings.confirms).unwrap_or(true);
        hook::message(verified).map(|one| one.confirmed(confirms)).into_iter().collect()
    }
}

/// What an answer means, by the name of its error and the reason within it.
fn verdict(reply: &Reply) -> Verdict {
    // This machine has no role to send with.
    if let Reply::Refused { status, code, text, after } = reply {
        return ses::generic(ses::error_name(code), *status, *after, format!("{code}: {text}"));
    }
    let answer = match Verdict::common(reply) {
        Ok(verdict) => return verdict,
        Err(answer) => answer,
    };
    let body = answer.json();
    if let Some(unknown) = Verdict::unreadable(answer, &body) {
        return unknown;
    }
    if answer.is_success() {
        return Verdict::Sent { id: text(&body, "/MessageId").unwrap_or_default().to_owned() };
    }
    let code = text(&body, "/__type").or_else(|| answer.header("x-amzn-errortype")).unwrap_or_default();
    let cause = text(&body, "/Reason").unwrap_or_default();
    let words = text(&body, "/message").or_else(|| text(&body, "/Message")).unwrap_or_default();
    let name = ses::error_name(code);
    if name.is_empty() {
        return Verdict::by_status(answer, answer.words());
    }
    let reason = crate::event::cut(&[name, cause, words].join(" "), 300);
    let after = answer.retry_after();
    match (name, cause) {
        ("ThrottlingException", _) => Verdict::Limited { after, reason },
        ("InternalServerException", _) => Verdict::Retry { after, reason },
        ("ServiceQuotaExceededException" | "AccessDeniedException" | "ResourceNotFoundException", _) => {
            Verdict::Misconfigured { reason }
        }
        ("ValidationException", _) => Verdict::Rejected { reason },
        (
            "ConflictException",
            "DESTINATION_PHONE_NUMBER_OPTED_OUT" | "DESTINATION_COUNTRY_BLOCKED_BY_PROTECT_CONFIGURATION",
        ) => Verdict::Undeliverable { gone: false, reason },
        // In the sandbox.
        ("ConflictException", "DESTINATION_PHONE_NUMBER_NOT_VERIFIED") => Verdict::Misconfigured { reason },
        (name, _) => ses::generic(name, answer.status, after, reason),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Time;

    use super::*;
    use crate::{Content, Direct};

    fn call(settings: &Value, text: &str) -> Result<HttpCall> {
        let direct = Direct { to: "+14155550123".to_owned(), text: Some(text.to_owned()), ..Direct::default() };
        let message = Outgoing {
            id: "0190".to_owned(),
            tag: "the-tag".to_owned(),
            at: Time::parse("2026-03-01T09:30:00Z")?,
            entropy: [0; 48],
            content: Content::Direct(Box::new(direct)),
        };
        match AwsSms.call(&message, &Setup { settings, credentials: &Value::Null, token: None, callback: "" })? {
            Call::Http(call) => Ok(call),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn the_request_names_what_the_account_has_set() {
        let plain = call(&json!({"region": "eu-west-1"}), "Hello").unwrap();
        assert_eq!(plain.url.reveal(), "https://sms-voice.eu-west-1.amazonaws.com/");
        assert!(matches!(&plain.login, Login::Aws { service: "sms-voice", region: Some(region) } if region == "eu-west-1"));
        assert_eq!(plain.headers[1], ("x-amz-target", "PinpointSMSVoiceV2.SendTextMessage".to_owned()));
        let said = |call: &HttpCall| -> Value { serde_json::from_slice(&call.body.whole().unwrap()).unwrap() };
        let start = json!({"DestinationPhoneNumber": "+14155550123", "MessageBody": "Hello", "MessageType": "TRANSACTIONAL",
            "Context": {"sb": "the-tag"}});
        assert_eq!(said(&plain), start);
        let settings = json!({"region": "us-gov-west-1", "origination_identity": "pool-0123456789abcdef", "message_type": "promotional",
            "configuration_set": "events", "protect_configuration": "protect-1", "max_price": "0.50", "time_to_live": 600,
            "entity_id": "1001", "template_id": "2002"});
        let mut expected = start;
        for (name, value) in [
            ("MessageType", json!("PROMOTIONAL")),
            ("OriginationIdentity", json!("pool-0123456789abcdef")),
            ("ConfigurationSetName", json!("events")),
            ("ProtectConfigurationId", json!("protect-1")),
            ("MaxPrice", json!("0.50")),
            ("TimeToLive", json!(600)),
            ("DestinationCountryParameters", json!({"IN_ENTITY_ID": "1001", "IN_TEMPLATE_ID": "2002"})),
        ] {
            expected[name] = value;
        }
        assert_eq!(said(&call(&settings, "Hello").unwrap()), expected);
    }

    #[test]
    fn a_text_is_as_long_as_ten_parts_carry() {
        let settings = json!({"region": "eu-west-1"});
        for (fits, too_long) in [("a".repeat(1530), "a".repeat(1531)), ("ж".repeat(630), "ж".repeat(631))] {
            assert!(call(&settings, &fits).is_ok());
            let Err(Error::Invalid(faults)) = call(&settings, &too_long) else { unreachable!() };
            assert_eq!(faults[0].pointer, "/content/text");
        }
        // A character of the extension table takes two septets.
        assert!(call(&settings, &"€".repeat(766)).is_err());
    }

    #[test]
    fn settings_are_checked() {
        let topic = "arn:aws:sns:eu-west-1:000000000000:text-events";
        let good = json!({"region": "eu-west-1", "origination_identity": "+14155550100", "topic_arns": [topic]});
        assert!(AwsSms.check(&good, &json!({})).is_ok());
        assert_eq!(AwsSms.topics(&good), [topic]);
        for (name, value, place) in [
            ("region", json!(null), "region"),
            ("region", json!("evil.example/x"), "region"),
            ("region", json!("cn-north-1"), "region"),
            ("origination_identity", json!("a b"), "origination_identity"),
            ("configuration_set", json!(""), "configuration_set"),
            ("protect_configuration", json!("a\r\nb"), "protect_configuration"),
            ("message_type", json!("urgent"), "message_type"),
            ("max_price", json!("much"), "max_price"),
            ("time_to_live", json!(4), "time_to_live"),
            ("entity_id", json!("-"), "entity_id"),
            ("topic_arns", json!([topic, "arn:aws:sqs:eu-west-1:000000000000:a"]), "topic_arns/1"),
        ] {
            let mut settings = good.clone();
            settings[name] = value;
            let Err(Error::Invalid(faults)) = AwsSms.check(&settings, &json!({})) else { unreachable!("{name}") };
            assert_eq!(faults[0].pointer, format!("/settings/{place}"));
            assert!(AwsSms.topics(&settings).is_empty());
        }
        assert!(AwsSms.check(&good, &json!({"access_key": "x"})).is_err());
    }
}
