//! What WhatsApp, Messenger and Instagram share: Meta's Graph API. Sources: Graph API reference ("Versions", "Handle errors"),
//! Meta's webhooks reference ("Getting started", "Validating payloads").

mod messaging;
#[cfg(test)]
mod tests;

pub mod instagram;
pub mod messenger;
pub mod whatsapp;

use kernel::{Error, Result, Secret, crypto};
use serde::Deserialize;
use serde_json::Value;

use crate::proof::{self, Hash};
use crate::settings::{self, fault, visible, visible_if_any};
use crate::{Answer, Body, Call, Callback, HttpCall, Login, Method, Reply, Setup, Verdict, Verified};

/// Where most requests go.
const GRAPH: &str = "graph.facebook.com";
/// The version that is asked for when the account names none. Each lives for two years and more.
const VERSION: &str = "v23.0";
/// Most characters of a challenge that is given back.
const CHALLENGE: usize = 200;

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// Of a system user or page, with the right to send.
    access_token: Secret,
    /// The app's secret, which signs callbacks; without it none is believed.
    #[serde(default)]
    app_secret: Option<Secret>,
    /// The word that was entered beside the callback's address; without it the address cannot be subscribed.
    #[serde(default)]
    verify_token: Option<Secret>,
}

impl Credentials {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::credentials(value)?;
        visible(&given.access_token, "/credentials/access_token")?;
        visible_if_any(given.app_secret.as_ref(), "/credentials/app_secret")?;
        visible_if_any(given.verify_token.as_ref(), "/credentials/verify_token")?;
        Ok(given)
    }
}

/// Checks a version such as `v23.0`.
fn check_version(version: Option<&str>) -> Result<()> {
    let number = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let fine = |version: &str| {
        version.strip_prefix('v').and_then(|rest| rest.split_once('.')).is_some_and(|(a, b)| number(a) && number(b))
    };
    if version.is_none_or(fine) { Ok(()) } else { Err(fault("/settings/version", "a version such as v23.0 is needed")) }
}

/// Checks an id of Meta's: digits.
fn check_id(id: &str, pointer: &str) -> Result<()> {
    if is_id(id) { Ok(()) } else { Err(fault(pointer, "an id of 1 to 32 digits is needed")) }
}

fn is_id(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A request to the Graph API. Every part of the path is checked by its provider.
fn request(method: Method, host: &str, version: Option<&str>, path: &str, given: Credentials, body: Body) -> HttpCall {
    let headers = match method {
        Method::Get | Method::Delete => Vec::new(),
        Method::Post | Method::Put | Method::Patch => vec![("content-type", "application/json".to_owned())],
    };
    HttpCall {
        method,
        url: Secret::new(format!("https://{host}/{}/{path}", version.unwrap_or(VERSION))),
        headers,
        login: Login::Bearer(given.access_token),
        body,
        http2: false,
    }
}

/// Who speaks: a number, a page or an account, where it is asked for.
struct Speaker<'a> {
    host: &'static str,
    version: Option<&'a str>,
    id: &'a str,
}

impl Speaker<'_> {
    /// The request that hands a message over.
    fn say(&self, message: &Value, setup: &Setup<'_>) -> Result<Call> {
        let (path, given) = (format!("{}/messages", self.id), Credentials::read(setup.credentials)?);
        Ok(Call::Http(request(Method::Post, self.host, self.version, &path, given, Body::json(message))))
    }

    /// The request for its own id, which it is told when the token is in order.
    fn look(&self, setup: &Setup<'_>) -> Result<Call> {
        let (path, given) = (format!("{}?fields=id", self.id), Credentials::read(setup.credentials)?);
        Ok(Call::Http(request(Method::Get, self.host, self.version, &path, given, Body::default())))
    }
}

/// Answers the question that Meta asks of a new callback address.
fn handshake(callback: &Callback<'_>, credentials: &Value) -> Result<Option<Answer>> {
    let query = callback.query();
    let field = |name: &str| query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    if callback.method != "GET" || field("hub.mode") != Some("subscribe") {
        return Ok(None);
    }
    let refuse = || Error::Unauthenticated;
    let known = Credentials::read(credentials)?.verify_token.ok_or_else(refuse)?;
    let shown = field("hub.verify_token").ok_or_else(refuse)?;
    // Digests are of one length, so that the comparison tells nothing of the word's.
    if !crypto::equal(&crypto::sha256(shown.as_bytes()), &crypto::sha256(known.reveal().as_bytes())) {
        return Err(refuse());
    }
    let plain =
        |text: &&str| text.len() <= CHALLENGE && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let challenge = field("hub.challenge").filter(plain).ok_or_else(refuse)?;
    Ok(Some(Answer::with("text/plain", challenge.to_owned())))
}

/// Proves a callback by `X-Hub-Signature-256`. Nothing in it says when it was sent.
fn verify(callback: &Callback<'_>, credentials: &Value) -> Result<Verified> {
    let refuse = || Error::Unauthenticated;
    let secret = Credentials::read(credentials)?.app_secret.ok_or_else(refuse)?;
    let shown = callback.header("x-hub-signature-256").and_then(|value| value.strip_prefix("sha256="));
    let code = shown.and_then(proof::unhex).ok_or_else(refuse)?;
    proof::body_mac(callback, Hash::Sha256, secret.reveal().as_bytes(), b"", &code)
}

/// What a code of Meta's is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    /// Token, right, payment, policy: the account.
    Account,
    /// Passes by itself.
    Passing,
    /// Too much in a short time; seconds to wait where Meta wants a long time.
    Limit(Option<u32>),
    /// This recipient.
    Recipient,
    /// The content.
    Content,
}

/// Codes that mean the same everywhere in the Graph API.
fn generic(code: i64) -> Option<Class> {
    Some(match code {
        1 | 2 => Class::Passing,
        4 | 17 | 32 | 613 | 80007 => Class::Limit(None),
        100 => Class::Content,
        10 | 200..=299 | 102 | 190 | 463 | 467 | 368 => Class::Account,
        _ => return None,
    })
}

/// An error object: code, subcode, words.
struct Fault {
    code: i64,
    subcode: i64,
    text: String,
    passing: bool,
}

impl Fault {
    fn read(error: &Value) -> Option<Self> {
        let number = |pointer: &str| error.pointer(pointer).and_then(Value::as_i64);
        let words = ["/message", "/title", "/error_data/details"].map(|pointer| crate::json::text(error, pointer));
        let code = number("/code")?;
        // What Meta says of a bad token may repeat the token.
        let text = match code {
            102 | 190 | 463 | 467 => "the access token is not valid".to_owned(),
            _ => words.into_iter().flatten().collect::<Vec<_>>().join(": "),
        };
        let passing = error.get("is_transient") == Some(&Value::Bool(true));
        Some(Self { code, subcode: number("/error_subcode").unwrap_or(0), text: crate::event::cut(&text, 300), passing })
    }
}

/// What an answer means, by the provider's own reading of code and subcode.
fn verdict(reply: &Reply, class: fn(i64, i64) -> Option<Class>) -> Verdict {
    let answer = match Verdict::common(reply) {
        Ok(verdict) => return verdict,
        Err(answer) => answer,
    };
    let body = answer.json();
    let Some(fault) = body.get("error").and_then(Fault::read) else {
        if let Some(unknown) = Verdict::unreadable(answer, &body) {
            return unknown;
        }
        if answer.is_success() && body.get("error").is_none() {
            let id = crate::json::text(&body, "/messages/0/id").or_else(|| crate::json::text(&body, "/message_id"));
            return Verdict::Sent { id: id.unwrap_or_default().to_owned() };
        }
        return Verdict::by_status(answer, answer.words());
    };
    let reason = match fault.subcode {
        0 => format!("{}: {}", fault.code, fault.text),
        subcode => format!("{}/{subcode}: {}", fault.code, fault.text),
    };
    match class(fault.code, fault.subcode) {
        Some(Class::Account) => Verdict::Misconfigured { reason },
        Some(Class::Passing) => Verdict::Retry { after: answer.retry_after(), reason },
        Some(Class::Limit(wait)) => Verdict::Limited { after: answer.retry_after().or(wait), reason },
        Some(Class::Recipient) => Verdict::Undeliverable { gone: false, reason },
        Some(Class::Content) if !fault.passing && answer.status < 500 => Verdict::Rejected { reason },
        _ if fault.passing => Verdict::Retry { after: answer.retry_after(), reason },
        _ => Verdict::by_status(answer, reason),
    }
}
