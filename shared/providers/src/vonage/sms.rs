//! Text messages by Vonage's SMS API, which answers every request with 200 and says in the body how each part fared.

mod hook;

use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::Value;

use self::hook::Fields;
use super::{WINDOW, check_key, check_sender};
use crate::callback::TAG;
use crate::json::{id, list, text};
use crate::proof::{self, Hash};
use crate::settings::{self, visible, visible_if_any};
use crate::sms::{Encoding, digits, segments, short_text};
use crate::{
    Body, Call, Callback, Channel, Event, HttpCall, Inbound, Login, Method, Outgoing, Provider, Receiving, Reply, Sending,
    Setup, Verdict, Verified,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct VonageSms;

/// Most characters of a text.
const TEXT: usize = 1600;

/// How the account signs its callbacks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Signing {
    /// MD5 of text and secret.
    Md5hash,
    /// HMAC-MD5.
    Md5,
    /// HMAC-SHA-1.
    Sha1,
    /// HMAC-SHA-256.
    #[default]
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The sender.
    from: String,
    /// The method that the account was given for its signatures.
    #[serde(default)]
    signature_method: Signing,
    /// Whether Vonage itself confirms STOP, START and HELP, as it does for some kinds of numbers.
    #[serde(default)]
    confirms: bool,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        check_sender(&given.from)?;
        Ok(given)
    }
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    api_key: String,
    api_secret: Secret,
    /// Without it no callback is believed.
    #[serde(default)]
    signature_secret: Option<Secret>,
}

impl Credentials {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::credentials(value)?;
        check_key(&given.api_key, "/credentials/api_key")?;
        visible(&given.api_secret, "/credentials/api_secret")?;
        visible_if_any(given.signature_secret.as_ref(), "/credentials/signature_secret")?;
        Ok(given)
    }
}

impl Provider for VonageSms {
    fn id(&self) -> &'static str {
        "vonage_sms"
    }

    fn channel(&self) -> Channel {
        Channel::Sms
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        Credentials::read(credentials).map(|_| ())
    }
}

impl Sending for VonageSms {
    /// Vonage knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let (settings, given) = (Settings::read(setup.settings)?, Credentials::read(setup.credentials)?);
        let (direct, text) = short_text(message, TEXT)?;
        let kind = match segments(text).encoding {
            Encoding::Gsm7 => "text",
            Encoding::Ucs2 => "unicode",
        };
        let mut fields = vec![
            ("api_key", given.api_key.as_str()),
            ("api_secret", given.api_secret.reveal()),
            ("from", digits(&settings.from)),
            ("to", digits(&direct.to)),
            ("type", kind),
            ("text", text),
        ];
        // `client-ref` is too short for our reference.
        let back = setup.callback_for(&message.tag);
        if let Some(address) = &back {
            fields.extend([("status-report-req", "1"), ("callback", address)]);
        }
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new("https://rest.nexmo.com/sms/json"),
            headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
            login: Login::None,
            body: Body::form(fields),
            http2: false,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        verdict(reply)
    }

    /// The account's balance.
    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let given = Credentials::read(setup.credentials)?;
        let login = Login::Basic(given.api_key, given.api_secret);
        Ok(Some(Call::Http(HttpCall::question(Secret::new("https://rest.nexmo.com/account/get-balance"), login))))
    }
}

impl Receiving for VonageSms {
    /// The code is over all parameters by name, as `&name=value`. Whether the reference in the address counts as one of them is
    /// not said, so both are tried.
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        let given = Credentials::read(setup.credentials)?;
        let method = Settings::read(setup.settings)?.signature_method;
        let secret = given.signature_secret.ok_or_else(refuse)?;
        let query = callback.query();
        let fields = Fields::read(callback.header("content-type").unwrap_or_default(), callback.body, &query);
        let code = fields.text("sig").and_then(proof::unhex).ok_or_else(refuse)?;
        let at = fields.text("timestamp").and_then(|at| at.parse::<i64>().ok()).ok_or_else(refuse)?;
        proof::fresh(callback, Time::from_millis(at.checked_mul(1000).ok_or_else(refuse)?), WINDOW)?;
        if fields.text("api-key").is_some_and(|key| key != given.api_key) {
            return Err(refuse());
        }
        let reference = query.iter().find(|(name, _)| name == TAG).map(|(_, value)| value.as_str());
        let prove = |reference: Option<&str>| {
            let (text, key) = (fields.signed_text(reference), secret.reveal().as_bytes());
            match method {
                Signing::Md5hash => proof::md5_sum(callback, key, text.as_bytes(), &code),
                Signing::Md5 => proof::md5_mac(callback, key, text.as_bytes(), &code),
                Signing::Sha1 => proof::text_mac(callback, Hash::Sha1, key, text.as_bytes(), &code),
                Signing::Sha256 => proof::text_mac(callback, Hash::Sha256, key, text.as_bytes(), &code),
                Signing::Sha512 => proof::text_mac(callback, Hash::Sha512, key, text.as_bytes(), &code),
            }
        };
        prove(None).or_else(|_| prove(Some(reference.ok_or_else(refuse)?)))
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        hook::event(verified).into_iter().collect()
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        let confirms = Settings::read(setup.settings).is_ok_and(|settings| settings.confirms);
        hook::message(verified).map(|one| one.confirmed(confirms)).into_iter().collect()
    }
}

/// What an answer means: of each part, and then of the whole. When some parts were taken and some refused, nobody knows what the
/// recipient will make of the rest.
fn verdict(reply: &Reply) -> Verdict {
    let answer = match Verdict::common(reply) {
        Ok(verdict) => return verdict,
        Err(answer) => answer,
    };
    if !answer.is_success() {
        return Verdict::by_status(answer, answer.words());
    }
    let body = answer.json();
    // The answer to a look at the balance.
    if body.get("value").is_some_and(Value::is_number) {
        return Verdict::Sent { id: String::new() };
    }
    let parts: Vec<_> = list(&body, "/messages").map(|part| (part, id(part, "/status").unwrap_or_default())).collect();
    let refused: Vec<_> = parts.iter().filter(|(_, status)| status != "0").collect();
    match (parts.as_slice(), refused.as_slice()) {
        ([], _) => Verdict::Unknown { reason: answer.words() },
        ([(first, _), ..], []) => Verdict::Sent { id: text(first, "/message-id").unwrap_or_default().to_owned() },
        (all, [(first, status), ..]) => {
            let words = text(first, "/error-text").unwrap_or_default();
            let reason = crate::event::cut(&format!("{status}: {words}"), 300);
            if refused.len() < all.len() {
                let taken = all.len() - refused.len();
                return Verdict::Unknown { reason: format!("{taken} of {} parts were taken; {reason}", all.len()) };
            }
            meaning(status, reason)
        }
    }
}

/// The error table.
fn meaning(status: &str, reason: String) -> Verdict {
    match status {
        "1" | "10" => Verdict::Limited { after: None, reason },
        "2" | "3" | "12" | "22" | "23" => Verdict::Rejected { reason },
        "4" | "8" | "9" | "11" | "14" | "15" | "29" | "32" => Verdict::Misconfigured { reason },
        "6" | "7" => Verdict::Undeliverable { gone: false, reason },
        "33" => Verdict::Undeliverable { gone: true, reason },
        _ => Verdict::Retry { after: None, reason },
    }
}
