//! Mailgun. Sources: Mailgun documentation, "Messages", "Webhooks" with "Securing webhooks", "Events", "Routes".
//!
//! A message is handed over as its whole MIME text, so that its id and headers are ours. What Mailgun posts carries a code over
//! its time and a token alone: the body is vouched for by the connection, and by nobody else knowing a token that was not used yet.

mod hook;

use kernel::{Error, Result, Secret, Time, crypto};
use serde::Deserialize;
use serde_json::Value;

use crate::json::text;
use crate::proof::{self, Hash, unhex};
use crate::settings::{self, fault};
use crate::{
    Body, Call, Callback, Channel, Event, HttpCall, Inbound, Login, Method, Once, Outgoing, Piece, Provider, Receiving, Reply,
    Sending, Setup, Verdict, Verified, letter, mail,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Mailgun;

/// Recipients of all kinds together.
const RECIPIENTS: usize = 1000;
/// Bytes of a message with its files.
const LARGEST: u64 = 25 * 1024 * 1024;
/// How far a callback's time may be from now, in seconds: it is tried again for eight hours.
const WINDOW: i64 = 9 * 3600;
/// The user variable that carries [`Outgoing::tag`].
const TAG: &str = "sb";

/// What an account must set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The sending domain.
    domain: String,
    #[serde(default)]
    region: Region,
}

/// Where the account's data is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Region {
    #[default]
    Us,
    Eu,
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    api_key: Secret,
    /// The HTTP webhook signing key; without it no callback is believed.
    #[serde(default)]
    signing_key: Option<Secret>,
}

fn settings(value: &Value) -> Result<Settings> {
    let given: Settings = settings::settings(value)?;
    let label =
        |label: &str| (1..=63).contains(&label.len()) && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if given.domain.len() > 253 || !given.domain.contains('.') || !given.domain.split('.').all(label) {
        return Err(fault("/settings/domain", "a domain such as mail.example.com is needed"));
    }
    Ok(given)
}

fn credentials(value: &Value) -> Result<Credentials> {
    let given: Credentials = settings::credentials(value)?;
    settings::visible(&given.api_key, "/credentials/api_key")?;
    settings::visible_if_any(given.signing_key.as_ref(), "/credentials/signing_key")?;
    Ok(given)
}

fn call(setup: &Setup<'_>, method: Method, path: &str, boundary: Option<&str>, body: Body) -> Result<Call> {
    let Settings { domain, region } = settings(setup.settings)?;
    let host = match region {
        Region::Us => "api.mailgun.net",
        Region::Eu => "api.eu.mailgun.net",
    };
    let headers = boundary.map(|boundary| ("content-type", format!("multipart/form-data; boundary={boundary}")));
    Ok(Call::Http(HttpCall {
        method,
        url: Secret::new(format!("https://{host}/v3/{}", path.replace("{domain}", &domain.to_ascii_lowercase()))),
        headers: headers.into_iter().collect(),
        login: Login::Basic("api".to_owned(), credentials(setup.credentials)?.api_key),
        body,
        http2: false,
    }))
}

impl Provider for Mailgun {
    fn id(&self) -> &'static str {
        "mailgun"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, given: &Value, secrets: &Value) -> Result<()> {
        settings(given)?;
        credentials(secrets).map(|_| ())
    }
}

impl Sending for Mailgun {
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let letter = message.mail()?;
        let to = mail::recipients(letter);
        if to.len() > RECIPIENTS {
            return Err(Error::invalid("/cc", "too_many", "at most 1000 recipients"));
        }
        mail::check_size(letter, LARGEST)?;
        mail::check_reserved(letter, &["x-mailgun-"], "Mailgun takes this header for an order to it")?;
        let to = to.iter().map(kernel::Email::as_str).collect::<Vec<_>>().join(",");
        let (boundary, body) = form(message, &to, mail::build(message)?);
        call(setup, Method::Post, "{domain}/messages.mime", Some(&boundary), body)
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        let answer = match Verdict::common(reply) {
            Ok(verdict) => return verdict,
            Err(answer) => answer,
        };
        let body = answer.json();
        if let Some(unknown) = Verdict::unreadable(answer, &body) {
            return unknown;
        }
        if answer.is_success() {
            // Events name it without brackets.
            let id = text(&body, "/id").unwrap_or_default().trim_start_matches('<').trim_end_matches('>');
            return Verdict::Sent { id: id.to_owned() };
        }
        let words = text(&body, "/message");
        let reason = words.map_or_else(|| answer.words(), |words| format!("{} {words}", answer.status));
        let reason = crate::event::cut(&reason, 300);
        let lower = words.unwrap_or_default().to_ascii_lowercase();
        match answer.status {
            400 if OURS.iter().any(|words| lower.contains(words)) => Verdict::Misconfigured { reason },
            400 if lower.contains("'to' parameter is not a valid address") => Verdict::Undeliverable { gone: false, reason },
            400 if words.is_some() => Verdict::Rejected { reason },
            // The domain, or what was paid for.
            402 | 404 if words.is_some() => Verdict::Misconfigured { reason },
            429 => Verdict::Limited { after: answer.retry_after().or_else(|| until(&lower, answer.at)), reason },
            _ => Verdict::by_status(answer, reason),
        }
    }

    /// The domain itself: a key that may do nothing but send is told that it may not look.
    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        call(setup, Method::Get, "domains/{domain}", None, Body::default()).map(Some)
    }
}

impl Receiving for Mailgun {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        let key = credentials(setup.credentials)?.signing_key.ok_or_else(refuse)?;
        let [seconds, token, code] =
            hook::proof(callback.header("content-type").unwrap_or_default(), callback.body).ok_or_else(refuse)?;
        // Of another length the two could be divided elsewhere and mean another time.
        if seconds.len() != 10 || !seconds.bytes().all(|byte| byte.is_ascii_digit()) || token.is_empty() || token.len() > 100 {
            return Err(refuse());
        }
        let at = seconds.parse::<i64>().map_err(|_| refuse())?;
        proof::fresh(callback, Time::from_millis(at * 1000), WINDOW)?;
        let code = unhex(&code).ok_or_else(refuse)?;
        proof::text_mac(callback, Hash::Sha256, key.reveal().as_bytes(), format!("{seconds}{token}").as_bytes(), &code)
    }

    fn longest(&self) -> usize {
        letter::LONGEST
    }

    fn once(&self, verified: &Verified) -> Option<Once> {
        let [seconds, token, _] = hook::proof(verified.content_type(), verified.body())?;
        let at = Time::from_millis(seconds.parse::<i64>().ok()?.saturating_mul(1000));
        Some(Once { token: format!("{seconds} {token}"), until: at.plus_seconds(WINDOW) })
    }

    fn events(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Event> {
        let domain = settings(setup.settings).map(|settings| settings.domain).unwrap_or_default();
        hook::events(verified, &domain)
    }

    fn inbound(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        hook::inbound(verified).into_iter().collect()
    }
}

/// Refusals that are about the account and not about the message.
const OURS: &[&str] = &["sandbox", "authorized recipients", "not allowed to send", "free accounts", "disabled", "not verified"];

/// The wait that stands in the words of a refusal: "... try again after Sun, 01 Mar 2026 09:30:00 UTC".
fn until(lower: &str, now: Time) -> Option<u32> {
    let date = lower.split_once("try again after ")?.1.trim().trim_end_matches(['.', '"']);
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    let at = Time::from(parser.parse_timestamp(date.replace("utc", "+0000").as_str()).ok()?);
    crate::reply::wait(f64::from(i32::try_from(at.since(now) / 1000).ok()?))
}

/// The request's form (RFC 7578): the recipients, the tag and the message. Its boundary stands nowhere in the message.
fn form(message: &Outgoing, to: &str, raw: Body) -> (String, Body) {
    let mut seed = crypto::sha256(message.id.as_bytes());
    let boundary = loop {
        let hash: String = seed.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        let boundary = format!("form-{hash}");
        let within = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => bytes.windows(boundary.len()).any(|window| window == boundary.as_bytes()),
            // The bytes of files are in base64, which has no hyphen.
            Piece::Stored { .. } | Piece::Base64 { .. } => false,
        };
        if !raw.0.iter().any(within) {
            break boundary;
        }
        seed = crypto::sha256(&seed);
    };
    let field =
        |name: &str, value: &str| format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let before = [
        field("to", to),
        field(&format!("v:{TAG}"), &message.tag),
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"message\"; filename=\"message.mime\"\r\n\
             Content-Type: message/rfc822\r\n\r\n"
        ),
    ];
    let mut pieces = vec![Piece::Bytes(before.concat().into_bytes())];
    pieces.extend(raw.0);
    pieces.push(Piece::Bytes(format!("\r\n--{boundary}--\r\n").into_bytes()));
    (boundary, Body(pieces))
}

#[cfg(test)]
mod tests;
