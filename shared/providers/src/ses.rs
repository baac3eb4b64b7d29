//! Amazon SES, API version 2. A function's own role is the credential, so an account has settings only.
//!
//! What comes back arrives through Amazon SNS: what became of messages (`ses/record.rs`), and mail (`ses/receipt.rs`). Sources: Amazon SES API
//! Reference v2, `SendEmail`; Amazon SES Developer Guide.

mod receipt;
mod record;

use kernel::{Email, Error, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::settings::{self, Nothing, fault};
use crate::{
    Call, Callback, Channel, Deposit, Event, Inbound, Look, Mail, Outgoing, Provider, Receiving, Reply, Sending, SesCall,
    Setup, Verdict, Verified, mail, proof, sns,
};

use receipt::Receipt;
pub(crate) use record::read as read_record;

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Ses;

/// The message tag that carries [`Outgoing::tag`].
pub const TAG: &str = "sb";

/// Recipients of one message, all kinds together (SES service quota).
const RECIPIENTS: usize = 50;
/// Most addresses that an account receives mail for.
const ADDRESSES: usize = 50;
/// Seconds to wait when the rate of the moment is exceeded. It is counted by the second.
const RATE_WAIT: u32 = 1;
/// Seconds to wait when the quota of the day is used up. It is a rolling window, so a little becomes free all the time.
const QUOTA_WAIT: u32 = 600;

/// What an account may set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    region: Option<String>,
    configuration_set: Option<String>,
    topic_arns: Vec<String>,
    /// Addresses that SES receives mail for, by a receipt rule that publishes to one of the topics.
    inbound: Vec<Email>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let settings: Self = settings::settings(value)?;
        if settings.region.as_deref().is_some_and(|region| !sns::is_region(region)) {
            return Err(fault("/settings/region", "a region such as eu-west-1 is needed"));
        }
        let named = |name: &str| {
            (1..=64).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        };
        if settings.configuration_set.as_deref().is_some_and(|name| !named(name)) {
            return Err(fault("/settings/configuration_set", "1 to 64 letters, digits, hyphens and underscores"));
        }
        sns::check_topics(&settings.topic_arns)?;
        if settings.inbound.len() > ADDRESSES {
            return Err(fault("/settings/inbound", "at most 50 addresses"));
        }
        Ok(settings)
    }
}

/// The topics that an account listens to, for [`Callback::topics`]. Settings that do not read name none.
pub fn topics(settings: &Value) -> Vec<String> {
    Settings::read(settings).map(|settings| settings.topic_arns).unwrap_or_default()
}

impl Provider for Ses {
    fn id(&self) -> &'static str {
        "ses"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        settings::credentials::<Nothing>(credentials)?;
        Settings::read(settings).map(|_| ())
    }

    fn deposits(&self) -> bool {
        true
    }
}

impl Sending for Ses {
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        let letter = message.mail()?;
        Ok(Call::Ses(SesCall {
            region: settings.region,
            from: letter.from.email.clone(),
            to: envelope(letter)?,
            raw: mail::build(message)?,
            configuration_set: settings.configuration_set,
            tags: vec![(TAG.to_owned(), message.tag.clone())],
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        verdict(reply)
    }

    /// Whether the function's own role may send in that region at all.
    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(Some(Call::Look(Look::Ses { region: Settings::read(setup.settings)?.region })))
    }
}

impl Receiving for Ses {
    fn topics(&self, settings: &Value) -> Vec<String> {
        topics(settings)
    }

    fn verify(&self, callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Verified> {
        proof::verify_sns(callback)
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        read_record(verified)
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        receipt(verified, setup).and_then(|receipt| receipt.brought()).into_iter().collect()
    }

    fn deposit(&self, verified: &Verified, setup: &Setup<'_>) -> Option<Deposit> {
        receipt(verified, setup)?.deposit()
    }

    fn deposited(&self, verified: &Verified, setup: &Setup<'_>, raw: Option<&[u8]>) -> Option<Inbound> {
        let receipt = receipt(verified, setup)?;
        raw.map_or_else(|| receipt.headed(), |raw| receipt.letter(raw))
    }
}

/// What is told of a mail for the account.
fn receipt(verified: &Verified, setup: &Setup<'_>) -> Option<Receipt> {
    let addresses = Settings::read(setup.settings).map(|settings| settings.inbound).unwrap_or_default();
    Receipt::of(verified, &addresses)
}

/// The recipients, or a fault when they are too many.
fn envelope(message: &Mail) -> Result<Vec<Email>> {
    let all = mail::recipients(message);
    if all.len() > RECIPIENTS {
        return Err(Error::invalid("/cc", "too_many", "a message has at most 50 recipients in all"));
    }
    Ok(all)
}

/// What SES's answer means, by the name of its error and, for names that are not known, by the status.
pub(crate) fn verdict(reply: &Reply) -> Verdict {
    let (status, code, text, after) = match reply {
        Reply::Accepted { id } => return Verdict::Sent { id: id.clone() },
        Reply::Unreached { text } | Reply::Unread { text } => {
            return Verdict::Retry { after: None, reason: text.clone() };
        }
        Reply::Lost { text } => return Verdict::Unknown { reason: text.clone() },
        Reply::Refused { status, code, text, after } => (*status, error_name(code), text, *after),
        Reply::Answered(answer) => return Verdict::by_status(answer, answer.words()),
    };
    let reason = if code.is_empty() { format!("{status}: {text}") } else { format!("{code}: {text}") };
    let lower = text.to_ascii_lowercase();
    // The same error is used for what is wrong with the message and for what is wrong with the account.
    let account = ["not verified", "suspended", "paused", "sandbox", "not authorized", "configuration set"]
        .iter()
        .any(|words| lower.contains(words));
    match code {
        "TooManyRequestsException" | "ThrottlingException" | "Throttling" => {
            let wait = if lower.contains("quota") { QUOTA_WAIT } else { RATE_WAIT };
            Verdict::Limited { after: after.or(Some(wait)), reason }
        }
        "LimitExceededException"
        | "AccountSuspendedException"
        | "SendingPausedException"
        | "MailFromDomainNotVerifiedException"
        | "NotFoundException" => Verdict::Misconfigured { reason },
        "MessageRejected" | "BadRequestException" | "ValidationException" if account => Verdict::Misconfigured { reason },
        "MessageRejected" | "BadRequestException" | "ValidationException" => Verdict::Rejected { reason },
        name => generic(name, status, after, reason),
    }
}

/// The meaning of an error that all of AWS's services have in common, by its name and, for names that are not known, by the status.
pub(crate) fn generic(name: &str, status: u16, after: Option<u32>, reason: String) -> Verdict {
    match name.strip_suffix("Exception").unwrap_or(name) {
        "AccessDenied" | "UnrecognizedClient" | "InvalidClientTokenId" | "InvalidSignature" | "SignatureDoesNotMatch" => {
            Verdict::Misconfigured { reason }
        }
        "IncompleteSignature" | "MissingAuthenticationToken" | "OptInRequired" | "AccountSuspended" => {
            Verdict::Misconfigured { reason }
        }
        "Throttling" | "Throttled" | "TooManyRequests" | "RequestLimitExceeded" => Verdict::Limited { after, reason },
        // A role's credentials are renewed by themselves.
        "ExpiredToken" | "RequestExpired" => Verdict::Retry { after, reason },
        _ => match status {
            401 | 403 => Verdict::Misconfigured { reason },
            413 => Verdict::Rejected { reason },
            429 => Verdict::Limited { after: after.or(Some(RATE_WAIT)), reason },
            _ => Verdict::Retry { after, reason },
        },
    }
}

/// AWS writes an error's name bare, as `namespace#Name`, or as `Name:address`.
pub(crate) fn error_name(code: &str) -> &str {
    let bare = code.rsplit_once('#').map_or(code, |(_, name)| name);
    bare.split_once(':').map_or(bare, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(status: u16, code: &str, text: &str) -> Verdict {
        verdict(&Reply::Refused { status, code: code.to_owned(), text: text.to_owned(), after: None })
    }

    fn word(verdict: &Verdict) -> &'static str {
        match verdict {
            Verdict::Sent { .. } => "sent",
            Verdict::Retry { .. } => "retry",
            Verdict::Limited { after: Some(RATE_WAIT), .. } => "rate",
            Verdict::Limited { .. } => "later",
            Verdict::Rejected { .. } => "rejected",
            Verdict::Undeliverable { .. } => "undeliverable",
            Verdict::Misconfigured { .. } => "misconfigured",
            Verdict::Unknown { .. } => "unknown",
        }
    }

    #[test]
    fn answers_are_told_apart() {
        for (status, code, text, expected) in [
            (429, "TooManyRequestsException", "Maximum sending rate exceeded.", "rate"),
            (400, "TooManyRequestsException", "Daily message quota exceeded.", "later"),
            (400, "com.amazonaws.sesv2#TooManyRequestsException:http://internal", "Maximum sending rate exceeded.", "rate"),
            (400, "LimitExceededException", "", "misconfigured"),
            (400, "AccountSuspendedException", "", "misconfigured"),
            (400, "SendingPausedException", "", "misconfigured"),
            (400, "MailFromDomainNotVerifiedException", "", "misconfigured"),
            (404, "NotFoundException", "Configuration set <x> does not exist.", "misconfigured"),
            (400, "MessageRejected", "Email address is not verified. The following identities failed", "misconfigured"),
            (400, "MessageRejected", "Sending suspended for this account.", "misconfigured"),
            (400, "MessageRejected", "Transaction failed: Expected disposition", "rejected"),
            (400, "BadRequestException", "Illegal address", "rejected"),
            (403, "AccessDeniedException", "", "misconfigured"),
            (403, "ExpiredTokenException", "", "retry"),
            (500, "InternalServiceErrorException", "", "retry"),
            (503, "", "", "retry"),
            (401, "", "", "misconfigured"),
            (403, "SomethingNew", "", "misconfigured"),
            (413, "", "", "rejected"),
            (429, "", "", "rate"),
            (400, "SomethingNew", "", "retry"),
            (404, "", "<html>", "retry"),
        ] {
            assert_eq!(word(&refused(status, code, text)), expected, "{status} {code} {text}");
        }
        let asked = Reply::Refused { status: 429, code: String::new(), text: String::new(), after: Some(7) };
        assert!(matches!(verdict(&asked), Verdict::Limited { after: Some(7), .. }));
    }

    #[test]
    fn settings_are_checked() {
        let good = json!({
            "region": "eu-central-1",
            "configuration_set": "mail_1",
            "topic_arns": ["arn:aws:sns:eu-central-1:000000000000:mail-events"],
        });
        assert!(Ses.check(&good, &json!({})).is_ok());
        assert!(Ses.check(&Value::Null, &Value::Null).is_ok());
        assert_eq!(topics(&good), ["arn:aws:sns:eu-central-1:000000000000:mail-events"]);
        for (settings, pointer) in [
            (json!({"region": "moon"}), "/settings/region"),
            (json!({"region": "us-east-1.example"}), "/settings/region"),
            (json!({"configuration_set": "a b"}), "/settings/configuration_set"),
            (
                json!({"topic_arns": ["arn:aws:sns:eu-central-1:000000000000:a", "arn:aws:sqs:eu-central-1:000000000000:a"]}),
                "/settings/topic_arns/1",
            ),
            (json!({"topic_arns": vec!["arn:aws:sns:eu-central-1:000000000000:a"; 21]}), "/settings/topic_arns"),
            (json!({"topic_arns": "x"}), "/settings/topic_arns"),
            (json!({"inbound": ["nobody"]}), "/settings/inbound/0"),
            (json!({"inbound": vec!["help@shop.example"; 51]}), "/settings/inbound"),
        ] {
            let Err(Error::Invalid(faults)) = Ses.check(&settings, &json!({})) else { unreachable!("{settings}") };
            assert_eq!(faults[0].pointer, pointer);
            assert!(topics(&settings).is_empty());
        }
        assert!(Ses.check(&json!({}), &json!({"access_key": "x"})).is_err());
    }
}
