//! SendGrid. Sources: Twilio SendGrid documentation, "Mail Send", "Event Webhook" with "Security Features", "Inbound Parse".
//!
//! Events are signed. Mail that came in is not: its address shows a password of ours.

mod hook;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::json::text;
use crate::settings::{self, fault};
use crate::{
    Body, Call, Callback, Channel, Event, HttpCall, Inbound, Login, Mail, Mailbox, Method, Outgoing, Piece, Provider,
    Receiving, Reply, Sending, Setup, Verdict, Verified, mail, proof,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Sendgrid;

/// Recipients of all kinds together.
const RECIPIENTS: usize = 1000;
/// Bytes of a message with its files.
const LARGEST: u64 = 20 * 1024 * 1024;
/// How far a callback's time may be from now, in seconds: it is tried again for 24 hours, and nothing says that its time is made
/// anew.
const WINDOW: i64 = 26 * 3600;
/// The custom argument that carries [`Outgoing::tag`].
pub(super) const TAG: &str = "sb";
/// What stands before the point of a key on P-256 (RFC 5480).
const SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d,
    0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// Headers that SendGrid keeps for itself.
const RESERVED: &[&str] = &["x-sg-", "x-smtpapi"];

/// What an account may set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    region: Region,
    /// The public key of the signed event webhook, as SendGrid shows it; without it no event is believed.
    verification_key: Option<String>,
}

/// Where the account's data is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Region {
    #[default]
    Global,
    Eu,
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    api_key: Secret,
    /// The password in the address of Inbound Parse; without it no mail that comes in is believed.
    #[serde(default)]
    inbound_password: Option<Secret>,
}

fn settings(value: &Value) -> Result<Settings> {
    let given: Settings = settings::settings(value)?;
    if given.verification_key.as_deref().is_some_and(|key| point(key).is_none()) {
        return Err(fault("/settings/verification_key", "the base64 of a public key on P-256, as SendGrid shows it"));
    }
    Ok(given)
}

fn credentials(value: &Value) -> Result<Credentials> {
    let given: Credentials = settings::credentials(value)?;
    settings::visible(&given.api_key, "/credentials/api_key")?;
    settings::visible_if_any(given.inbound_password.as_ref(), "/credentials/inbound_password")?;
    Ok(given)
}

/// The point in a public key.
fn point(key: &str) -> Option<Vec<u8>> {
    let der = STANDARD.decode(key.trim()).ok()?;
    let point = der.strip_prefix(&SPKI)?;
    (point.len() == 65 && point.first() == Some(&4)).then(|| point.to_vec())
}

fn call(setup: &Setup<'_>, method: Method, path: &str, body: Body) -> Result<Call> {
    let host = match settings(setup.settings)?.region {
        Region::Global => "api.sendgrid.com",
        Region::Eu => "api.eu.sendgrid.com",
    };
    let login = Login::Bearer(credentials(setup.credentials)?.api_key);
    Ok(Call::Http(HttpCall::json(method, Secret::new(format!("https://{host}/v3/{path}")), login, body)))
}

impl Provider for Sendgrid {
    fn id(&self) -> &'static str {
        "sendgrid"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, given: &Value, secrets: &Value) -> Result<()> {
        settings(given)?;
        credentials(secrets).map(|_| ())
    }
}

impl Sending for Sendgrid {
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let letter = message.mail()?;
        mail::check(message)?;
        mail::check_size(letter, LARGEST)?;
        mail::check_reserved(letter, RESERVED, "SendGrid keeps this header for itself")?;
        // They go along as an object, which has each name once.
        let twice = |index: &usize| {
            let (before, rest) = letter.headers.split_at(*index);
            rest.first().is_some_and(|(name, _)| before.iter().any(|(other, _)| other.eq_ignore_ascii_case(name)))
        };
        if let Some(index) = (0..letter.headers.len()).find(twice) {
            return Err(Error::invalid(format!("/headers/{index}"), "header", "SendGrid takes each header once"));
        }
        call(setup, Method::Post, "mail/send", body(message, letter)?)
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        let answer = match Verdict::common(reply) {
            Ok(verdict) => return verdict,
            Err(answer) => answer,
        };
        if answer.is_success() {
            return Verdict::Sent { id: answer.header("x-message-id").unwrap_or_default().to_owned() };
        }
        let body = answer.json();
        let (words, field) = (text(&body, "/errors/0/message"), text(&body, "/errors/0/field").unwrap_or_default());
        let reason = words.map_or_else(|| answer.words(), |words| format!("{} {field}: {words}", answer.status));
        let reason = crate::event::cut(&reason, 300);
        match answer.status {
            400 if words.is_some() && field.starts_with("personalizations") && field.contains(".to") => {
                Verdict::Undeliverable { gone: false, reason }
            }
            // Of the account's own sender others may know better.
            400 if words.is_some() && field.starts_with("from") => Verdict::Misconfigured { reason },
            400 if words.is_some() => Verdict::Rejected { reason },
            429 => {
                let reset = answer.header("x-ratelimit-reset").and_then(|reset| reset.parse::<i64>().ok());
                let wait = reset.and_then(|reset| u32::try_from(reset.checked_sub(answer.at.seconds())?).ok());
                let wait = wait.and_then(|wait| crate::reply::wait(f64::from(wait)));
                Verdict::Limited { after: answer.retry_after().or(wait), reason }
            }
            _ => Verdict::by_status(answer, reason),
        }
    }

    /// Every key may ask what it may do.
    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        call(setup, Method::Get, "scopes", Body::default()).map(Some)
    }
}

impl Receiving for Sendgrid {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        let secrets = credentials(setup.credentials)?;
        if hook::is_form(callback.header("content-type").unwrap_or_default()) {
            return proof::password(callback, secrets.inbound_password.as_ref().map_or("", Secret::reveal));
        }
        let key = settings(setup.settings)?.verification_key.as_deref().and_then(point).ok_or_else(refuse)?;
        let seconds = callback.header("x-twilio-email-event-webhook-timestamp").ok_or_else(refuse)?;
        if seconds.len() != 10 || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refuse());
        }
        let at = seconds.parse::<i64>().map_err(|_| refuse())?;
        proof::fresh(callback, Time::from_millis(at * 1000), WINDOW)?;
        let signature = callback.header("x-twilio-email-event-webhook-signature").and_then(|text| STANDARD.decode(text).ok());
        proof::ecdsa_p256(callback, &key, seconds.as_bytes(), &signature.ok_or_else(refuse)?)
    }

    fn longest(&self) -> usize {
        crate::letter::LONGEST
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        hook::events(verified)
    }

    fn inbound(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        hook::inbound(verified).into_iter().collect()
    }
}

/// The request's body.
fn body(message: &Outgoing, letter: &Mail) -> Result<Body> {
    let (cc, bcc) = mail::further(letter);
    if 1 + cc.len() + bcc.len() > RECIPIENTS {
        return Err(Error::invalid("/cc", "too_many", "at most 1000 recipients"));
    }
    let person = |mailbox: &Mailbox| match mail::shown_name(mailbox) {
        Some(name) => json!({"email": mailbox.email, "name": name}),
        None => json!({"email": mailbox.email}),
    };
    let people = |emails: &[&kernel::Email]| emails.iter().map(|email| json!({ "email": email })).collect::<Vec<_>>();
    let mut to = Map::from_iter([("to".to_owned(), json!([person(&letter.to)]))]);
    for (name, emails) in [("cc", &cc), ("bcc", &bcc)] {
        // An empty list is refused.
        if !emails.is_empty() {
            to.insert(name.to_owned(), json!(people(emails)));
        }
    }
    let headers: Map<String, Value> =
        mail::headers(message, letter).into_iter().map(|(name, value)| (name, json!(value))).collect();
    let said = [("text/plain", &letter.text), ("text/html", &letter.html)];
    let said: Vec<Value> = said
        .into_iter()
        .filter_map(|(kind, text)| Some(json!({"type": kind, "value": text.as_deref().filter(|text| !text.is_empty())?})))
        .collect();
    if said.is_empty() {
        return Err(Error::invalid("", "body", "a message needs html or text"));
    }
    let mut content = json!({
        "personalizations": [to], "from": person(&letter.from), "subject": letter.subject, "content": said,
        "headers": headers, "custom_args": {TAG: message.tag},
    });
    if let Some(email) = &letter.reply_to {
        crate::json::set(&mut content, "reply_to", json!({ "email": email }));
    }
    let mut holes = Vec::new();
    let mut files = Vec::new();
    for (number, file) in letter.attachments.iter().enumerate() {
        let mark = format!("@{}.{number}@", message.id);
        let mut one = json!({
            "content": mark, "type": file.media_type, "filename": file.name,
            "disposition": if file.content_id.is_some() { "inline" } else { "attachment" },
        });
        if let Some(id) = &file.content_id {
            crate::json::set(&mut one, "content_id", json!(id));
        }
        files.push(one);
        let stored = Body(vec![Piece::Stored { key: file.stored.clone(), bytes: file.bytes }]);
        holes.push((mark, Piece::Base64 { of: stored, lines: false }));
    }
    if !files.is_empty() {
        crate::json::set(&mut content, "attachments", json!(files));
    }
    Ok(Body::spliced(content.to_string().as_bytes(), holes))
}

#[cfg(test)]
mod tests;
