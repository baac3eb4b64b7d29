//! Text messages by Amazon SNS (`Publish` to a number). A function's own role is the credential, so an account has settings only.
//! What becomes of a message stands in the account's logs alone, and answers come through another service: nothing is posted.
//! Source: Amazon SNS Developer Guide, "Publishing SMS messages"; Amazon SNS API Reference, `Publish`.

use kernel::{Error, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::settings::{self, Nothing, fault};
use crate::sms::{is_name, is_number, short_text};
use crate::terms::{self, Kind};
use crate::{
    Call, Callback, Channel, Event, Inbound, Outgoing, Provider, Receiving, Reply, Sending, Setup, SnsCall, Verdict, Verified,
    ses, sns,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct SnsSms;

/// Most characters of a text.
const TEXT: usize = 1600;

/// What an account may set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// Another region than the function's own.
    region: Option<String>,
    /// The name that is shown as sender, in countries that have such.
    sender_id: Option<String>,
    /// The number that sends.
    origination_number: Option<String>,
    message_type: Kind,
    /// Most US dollars that one message may cost, such as `0.50`.
    max_price: Option<String>,
    /// Ids by which India knows sender and text.
    entity_id: Option<String>,
    template_id: Option<String>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        let refuse = |name: &str, detail: &str| Err(fault(&format!("/settings/{name}"), detail));
        let wrong = |value: &Option<String>, fine: fn(&str) -> bool| value.as_deref().is_some_and(|value| !fine(value));
        if wrong(&given.region, sns::is_region) {
            return refuse("region", "a region such as eu-west-1 is needed");
        }
        // Of the characters that make a name elsewhere, SNS takes letters and digits.
        if wrong(&given.sender_id, |name| is_name(name) && name.bytes().all(|one| one.is_ascii_alphanumeric())) {
            return refuse("sender_id", "1 to 11 letters and digits, with at least one letter");
        }
        if wrong(&given.origination_number, is_number) {
            return refuse("origination_number", "a number such as +14155550123 is needed");
        }
        terms::check(given.max_price.as_deref(), given.entity_id.as_deref(), given.template_id.as_deref())?;
        Ok(given)
    }
}

impl Provider for SnsSms {
    fn id(&self) -> &'static str {
        "sns_sms"
    }

    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        settings::credentials::<Nothing>(credentials)?;
        Settings::read(settings).map(|_| ())
    }
}

impl Sending for SnsSms {
    /// SNS recognises repetitions for ordered topics alone.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        let (direct, text) = short_text(message, TEXT)?;
        let mut attributes = vec![("AWS.SNS.SMS.SMSType", settings.message_type.as_str().to_owned())];
        let more = [
            ("AWS.SNS.SMS.SenderID", settings.sender_id),
            ("AWS.MM.SMS.OriginationNumber", settings.origination_number),
            ("AWS.SNS.SMS.MaxPrice", settings.max_price),
            ("AWS.MM.SMS.EntityId", settings.entity_id),
            ("AWS.MM.SMS.TemplateId", settings.template_id),
        ];
        attributes.extend(more.into_iter().filter_map(|(name, value)| Some((name, value?))));
        Ok(Call::Sns(SnsCall { region: settings.region, to: direct.to.clone(), text: text.to_owned(), attributes }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        let Reply::Refused { status, code, text, after } = reply else {
            return Verdict::common(reply).unwrap_or_else(|answer| Verdict::by_status(answer, answer.words()));
        };
        let reason = crate::event::cut(&format!("{code}: {text}"), 300);
        // Newer SDKs name errors by their type.
        let name = ses::error_name(code);
        match name.strip_suffix("Exception").unwrap_or(name) {
            "InvalidParameter" | "InvalidParameterValue" | "ParameterValueInvalid" | "NotFound" => Verdict::Rejected { reason },
            "OptedOut" | "EndpointDisabled" => Verdict::Undeliverable { gone: false, reason },
            "AuthorizationError" => Verdict::Misconfigured { reason },
            "Throttled" | "KMSThrottling" => Verdict::Limited { after: *after, reason },
            "InternalError" => Verdict::Retry { after: *after, reason },
            name => ses::generic(name, *status, *after, reason),
        }
    }

    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }
}

impl Receiving for SnsSms {
    /// Nobody posts to us.
    fn verify(&self, _callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Verified> {
        Err(Error::Unauthenticated)
    }

    fn events(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use kernel::Time;
    use serde_json::json;

    use super::*;
    use crate::{Content, Direct};

    fn call(settings: &Value, text: &str) -> Result<SnsCall> {
        let direct = Direct { to: "+14155550123".to_owned(), text: Some(text.to_owned()), ..Direct::default() };
        let message = Outgoing {
            id: "0190".to_owned(),
            tag: "the-tag".to_owned(),
            at: Time::parse("2026-03-01T09:30:00Z")?,
            entropy: [0; 48],
            content: Content::Direct(Box::new(direct)),
        };
        match SnsSms.call(&message, &Setup { settings, credentials: &Value::Null, token: None, callback: "" })? {
            Call::Sns(call) => Ok(call),
            other => unreachable!("{other:?}"),
        }
    }

    #[test]
    fn settings_become_attributes() {
        let plain = call(&json!({}), "Hello").unwrap();
        assert_eq!((plain.region, plain.to.as_str(), plain.text.as_str()), (None, "+14155550123", "Hello"));
        assert_eq!(plain.attributes, [("AWS.SNS.SMS.SMSType", "Transactional".to_owned())]);
        let settings = json!({"region": "eu-west-1", "sender_id": "Shop", "origination_number": "+14155550100",
            "message_type": "promotional", "max_price": "0.50", "entity_id": "1001", "template_id": "2002"});
        let full = call(&settings, "Hello").unwrap();
        assert_eq!(full.region.as_deref(), Some("eu-west-1"));
        let expected = [
            ("AWS.SNS.SMS.SMSType", "Promotional"),
            ("AWS.SNS.SMS.SenderID", "Shop"),
            ("AWS.MM.SMS.OriginationNumber", "+14155550100"),
            ("AWS.SNS.SMS.MaxPrice", "0.50"),
            ("AWS.MM.SMS.EntityId", "1001"),
            ("AWS.MM.SMS.TemplateId", "2002"),
        ];
        assert_eq!(full.attributes, expected.map(|(name, value)| (name, value.to_owned())));
        let Err(Error::Invalid(faults)) = call(&json!({}), &"a".repeat(1601)) else { unreachable!() };
        assert_eq!(faults[0].pointer, "/content/text");
    }

    #[test]
    fn settings_are_checked() {
        for (name, value) in [
            ("region", "eu-west-1.example"),
            ("sender_id", "12345"),
            ("sender_id", "My Shop"),
            ("origination_number", "4155550100"),
            ("message_type", "urgent"),
            ("max_price", "1e9"),
            ("max_price", "-1"),
            ("max_price", "1."),
            ("entity_id", "a b"),
            ("template_id", ""),
        ] {
            let Err(Error::Invalid(faults)) = SnsSms.check(&json!({ (name): value }), &json!({})) else {
                unreachable!("{value}")
            };
            assert_eq!(faults[0].pointer, format!("/settings/{name}"));
        }
        assert!(SnsSms.check(&json!({"max_price": "1"}), &Value::Null).is_ok());
    }
}
