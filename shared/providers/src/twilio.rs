//! What Twilio's text messages, WhatsApp messages and calls share: the account, the form of requests, the error codes and the
//! signature of callbacks. Sources: Twilio API reference ("Messages resource", "Calls resource"), "Error and warning dictionary",
//! "Webhooks security".

mod hook;
mod signature;
#[cfg(test)]
mod tests;

pub mod sms;
pub mod voice;
pub mod whatsapp;

use kernel::{Result, Secret};
use serde::Deserialize;
use serde_json::Value;

use crate::call::leads_to;
use crate::settings::{self, fault, visible_if_any};
use crate::{Body, FileSource, HttpCall, Login, Method, Reply, Setup, Verdict};

/// Where requests go, and where files that came in are.
const HOST: &str = "api.twilio.com";
/// Most characters of a message's text.
const TEXT: usize = 1600;

/// What an account keeps secret. Requests are made with the API key, when there is one; callbacks are signed with the primary
/// auth token in any case.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// Without it no callback is believed.
    #[serde(default)]
    auth_token: Option<Secret>,
    /// Id of an API key: `SK...`.
    #[serde(default)]
    api_key: Option<String>,
    /// The API key's secret.
    #[serde(default)]
    api_secret: Option<Secret>,
}

impl Credentials {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::credentials(value)?;
        visible_if_any(given.auth_token.as_ref(), "/credentials/auth_token")?;
        visible_if_any(given.api_secret.as_ref(), "/credentials/api_secret")?;
        if given.api_key.as_deref().is_some_and(|id| !is_sid(id, "SK")) {
            return Err(fault("/credentials/api_key", "SK and 32 hexadecimal digits are needed"));
        }
        match (&given.auth_token, &given.api_key, &given.api_secret) {
            (_, Some(_), None) => Err(fault("/credentials/api_secret", "an API key needs its secret")),
            (_, None, Some(_)) => Err(fault("/credentials/api_key", "a secret needs its API key")),
            (None, None, None) => Err(fault("/credentials/auth_token", "an auth token or an API key is needed")),
            (Some(_), _, _) | (None, Some(_), Some(_)) => Ok(given),
        }
    }

    fn login(self, account: &str) -> Login {
        match (self.api_key, self.api_secret, self.auth_token) {
            (Some(key), Some(secret), _) => Login::Basic(key, secret),
            (_, _, Some(token)) => Login::Basic(account.to_owned(), token),
            (_, _, None) => Login::None,
        }
    }
}

/// Whether it is an id of Twilio's: two letters and 32 hexadecimal digits.
fn is_sid(text: &str, kind: &str) -> bool {
    text.strip_prefix(kind).is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|one| one.is_ascii_hexdigit()))
}

fn check_account(sid: &str) -> Result<()> {
    if is_sid(sid, "AC") { Ok(()) } else { Err(fault("/settings/account_sid", "AC and 32 hexadecimal digits are needed")) }
}

/// What an account of text messages or WhatsApp sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// `AC...`.
    account_sid: String,
    /// The sender.
    #[serde(default)]
    from: Option<String>,
    /// `MG...`: a service that chooses the sender, instead of `from`.
    #[serde(default)]
    messaging_service_sid: Option<String>,
    /// Whether Twilio itself confirms STOP, START and HELP, as it does for text messages unless it was told not to.
    #[serde(default)]
    confirms: Option<bool>,
}

impl Settings {
    /// `sender` says what can stand in `from`.
    fn read(value: &Value, sender: fn(&str) -> bool, detail: &str) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        check_account(&given.account_sid)?;
        if given.messaging_service_sid.as_deref().is_some_and(|sid| !is_sid(sid, "MG")) {
            return Err(fault("/settings/messaging_service_sid", "MG and 32 hexadecimal digits are needed"));
        }
        match (given.from.as_deref(), &given.messaging_service_sid) {
            (Some(_), Some(_)) => Err(fault("/settings/messaging_service_sid", "either this or from")),
            (None, None) => Err(fault("/settings/from", "a sender or a messaging service is needed")),
            (Some(from), None) if !sender(from) => Err(fault("/settings/from", detail)),
            (Some(_), None) | (None, Some(_)) => Ok(given),
        }
    }

    /// The fields that every message begins with: recipient, sender, and where its states are told. `prefix` stands before
    /// numbers that are not plain telephone numbers.
    fn fields(&self, prefix: &str, to: &str, tag: &str, setup: &Setup<'_>) -> Vec<(&'static str, String)> {
        let mut fields = vec![("To", format!("{prefix}{to}"))];
        fields.extend(self.from.as_ref().map(|from| ("From", format!("{prefix}{from}"))));
        fields.extend(self.messaging_service_sid.clone().map(|sid| ("MessagingServiceSid", sid)));
        fields.extend(setup.callback_for(tag).map(|address| ("StatusCallback", address)));
        fields
    }
}

fn address(account: &str, resource: &str) -> Secret {
    Secret::new(format!("https://{HOST}/2010-04-01/Accounts/{account}/{resource}"))
}

/// Makes a message or a call.
fn create(account: &str, resource: &str, fields: Vec<(&'static str, String)>, setup: &Setup<'_>) -> Result<HttpCall> {
    Ok(HttpCall {
        method: Method::Post,
        url: address(account, resource),
        headers: vec![("content-type", "application/x-www-form-urlencoded".to_owned())],
        login: Credentials::read(setup.credentials)?.login(account),
        body: Body::form(fields),
        http2: false,
    })
}

/// Lists one message or call: a standard API key may do so, though it may not read the account itself.
fn look(account: &str, resource: &str, setup: &Setup<'_>) -> Result<HttpCall> {
    let login = Credentials::read(setup.credentials)?.login(account);
    Ok(HttpCall::question(address(account, &format!("{resource}?PageSize=1")), login))
}

/// Fetches a file that came in: it may be protected by the account's login, which goes to Twilio's own host alone.
fn file(source: &FileSource, account: &str, setup: &Setup<'_>) -> Result<Option<HttpCall>> {
    let FileSource::Url(address) = source else { return Ok(None) };
    if !leads_to(address, &[HOST]) {
        return Ok(None);
    }
    let login = Credentials::read(setup.credentials)?.login(account);
    Ok(Some(HttpCall::question(Secret::new(address.as_str()), login)))
}

/// What a code of Twilio's is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Login, sender, permission: the account.
    Account,
    /// Passes by itself.
    Passing,
    /// Too much in a short time.
    Limit,
    /// This recipient, whose number is of no use any more.
    Gone,
    /// This recipient, for the time being or by their own will.
    Refused,
    /// The content.
    Content,
}

/// The code of an opt-out: the recipient has answered STOP, and may answer START.
const OPTED_OUT: i64 = 21610;

/// The error table.
fn class(code: i64) -> Option<Class> {
    Some(match code {
        20003 | 20404 | 21212 | 21408 | 21606 | 21608 | 21703 => Class::Account,
        30002 | 30024 | 30032 | 30034 | 63001 | 63007 | 63015 => Class::Account,
        30001 | 30003 | 30008 | 30410 | 30450 | 63009 | 63012 => Class::Passing,
        20429 | 21611 | 30017 | 30022 | 30023 | 30027 | 63017 | 63018 => Class::Limit,
        21211 | 21614 | 30005 | 30006 | 63003 | 63024 => Class::Gone,
        OPTED_OUT | 21612 | 30004 | 63014 | 63032 | 63033 => Class::Refused,
        21617 | 21620 | 21623 | 30007 | 30019 | 63005 | 63013 | 63016 | 63019 | 63027 | 63028 => Class::Content,
        _ => return None,
    })
}

/// What an answer means. Twilio answers with its code, or takes the message and tells the code in what it took.
fn verdict(reply: &Reply) -> Verdict {
    let answer = match Verdict::common(reply) {
        Ok(verdict) => return verdict,
        Err(answer) => answer,
    };
    let body = answer.json();
    if let Some(unknown) = Verdict::unreadable(answer, &body) {
        return unknown;
    }
    let number = |name: &str| body.get(name).and_then(Value::as_i64);
    let word = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let (code, words) = if answer.is_success() {
        if !matches!(word("status"), "failed" | "undelivered") {
            return Verdict::Sent { id: word("sid").to_owned() };
        }
        (number("error_code"), word("error_message"))
    } else {
        (number("code"), word("message"))
    };
    let Some(code) = code else {
        return Verdict::by_status(answer, answer.words());
    };
    let reason = crate::event::cut(&format!("{code}: {words}"), 300);
    match class(code) {
        Some(Class::Account) => Verdict::Misconfigured { reason },
        Some(Class::Passing) => Verdict::Retry { after: answer.retry_after(), reason },
        Some(Class::Limit) => Verdict::Limited { after: answer.retry_after(), reason },
        Some(Class::Gone) => Verdict::Undeliverable { gone: true, reason },
        Some(Class::Refused) => Verdict::Undeliverable { gone: false, reason },
        Some(Class::Content) => Verdict::Rejected { reason },
        // Whatever else is wrong with a request stays wrong.
        None if matches!(answer.status, 400 | 422) => Verdict::Rejected { reason },
        None => Verdict::by_status(answer, reason),
    }
}
