//! Resend. Sources: Resend API reference ("Send Email", "Webhooks"); Standard Webhooks 1.0.0, which its callbacks follow with
//! headers named `svix-*`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::proof::{self, Hash};
use crate::settings::{self, Nothing, fault};
use crate::{
    Body, BounceClass, Call, Callback, Channel, Event, EventDetail, EventKind, HttpCall, Inbound, Login, Mail, Method,
    Outgoing, Piece, Provider, Receiving, Reply, Sending, Setup, Verdict, Verified,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Resend;

/// Recipients of each kind.
const RECIPIENTS: usize = 50;
/// How far a callback's time may be from now, in seconds (Standard Webhooks reference libraries).
const WINDOW: i64 = 300;
/// Seconds to wait when the quota of the day is used up.
const QUOTA_WAIT: u32 = 3600;
/// The tag that carries [`Outgoing::tag`].
const TAG: &str = "sb";

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    api_key: Secret,
    /// The endpoint's signing secret, `whsec_...`; without it no callback is believed.
    #[serde(default)]
    signing_secret: Option<Secret>,
}

fn credentials(value: &Value) -> Result<Credentials> {
    let given: Credentials = settings::credentials(value)?;
    if given.api_key.reveal().is_empty() {
        return Err(fault("/credentials/api_key", "an API key is needed"));
    }
    if given.signing_secret.as_ref().is_some_and(|secret| signing_key(secret).is_none()) {
        return Err(fault("/credentials/signing_secret", "whsec_ and base64 of at least 24 bytes"));
    }
    Ok(given)
}

/// The key in a Standard Webhooks secret.
fn signing_key(secret: &Secret) -> Option<Vec<u8>> {
    let text = secret.reveal();
    let key = STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok()?;
    (key.len() >= 24).then_some(key)
}

impl Provider for Resend {
    fn id(&self) -> &'static str {
        "resend"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, settings: &Value, given: &Value) -> Result<()> {
        settings::settings::<Nothing>(settings)?;
        credentials(given).map(|_| ())
    }
}

impl Sending for Resend {
    /// The `Idempotency-Key` is kept for a day.
    fn repeatable(&self) -> bool {
        true
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let mail = message.mail()?;
        crate::mail::check(message)?;
        if mail.cc.len() > RECIPIENTS || mail.bcc.len() > RECIPIENTS {
            return Err(Error::invalid("/cc", "too_many", "at most 50 recipients of each kind"));
        }
        let headers = vec![("content-type", "application/json".to_owned()), ("idempotency-key", message.id.clone())];
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new("https://api.resend.com/emails"),
            headers,
            login: Login::Bearer(credentials(setup.credentials)?.api_key),
            body: body(message, mail),
            http2: false,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        let answer = match Verdict::common(reply) {
            Ok(verdict) => return verdict,
            Err(answer) => answer,
        };
        let body = answer.json();
        let word = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        if let Some(unknown) = Verdict::unreadable(answer, &body) {
            return unknown;
        }
        if answer.is_success() {
            return Verdict::Sent { id: word("id").to_owned() };
        }
        let reason = if word("name").is_empty() { answer.words() } else { format!("{}: {}", word("name"), word("message")) };
        match (answer.status, word("name")) {
            (_, "daily_quota_exceeded" | "monthly_quota_exceeded") => {
                Verdict::Limited { after: answer.retry_after().or(Some(QUOTA_WAIT)), reason }
            }
            (_, "invalid_from_address" | "missing_api_key" | "invalid_api_key" | "restricted_api_key") => {
                Verdict::Misconfigured { reason }
            }
            // The same key with another content, or still under way.
            (409, "concurrent_idempotent_requests") => Verdict::Retry { after: answer.retry_after(), reason },
            (400 | 404 | 405 | 409 | 422, _) => Verdict::Rejected { reason },
            _ => Verdict::by_status(answer, reason),
        }
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let login = Login::Bearer(credentials(setup.credentials)?.api_key);
        Ok(Some(Call::Http(HttpCall::question(Secret::new("https://api.resend.com/domains"), login))))
    }
}

impl Receiving for Resend {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        let key = credentials(setup.credentials)?.signing_secret.as_ref().and_then(signing_key).ok_or_else(refuse)?;
        let [id, seconds, signatures] =
            ["svix-id", "svix-timestamp", "svix-signature"].map(|name| callback.header(name).unwrap_or_default());
        let at = seconds.parse::<i64>().ok().and_then(|seconds| seconds.checked_mul(1000)).ok_or_else(refuse)?;
        proof::fresh(callback, Time::from_millis(at), WINDOW)?;
        if id.is_empty() || id.contains('.') {
            return Err(refuse());
        }
        let before = format!("{id}.{seconds}.");
        // During a rotation there is one signature for each key.
        let codes =
            signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).filter_map(|code| STANDARD.decode(code).ok());
        let proven = codes.map(|code| proof::body_mac(callback, Hash::Sha256, &key, before.as_bytes(), &code));
        proven.into_iter().find_map(Result::ok).ok_or_else(refuse)
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        event(&verified.json(), verified.at()).into_iter().collect()
    }

    /// The callback for mail that came in names it only; its text is fetched by other means.
    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }
}

/// The request's body. The list headers go along as headers; the Message-ID is of Resend's own making.
fn body(message: &Outgoing, mail: &Mail) -> Body {
    let mut headers: Map<String, Value> = mail.headers.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    if let Some(address) = &mail.unsubscribe {
        headers.insert("List-Unsubscribe".to_owned(), json!(format!("<{address}>")));
        headers.insert("List-Unsubscribe-Post".to_owned(), json!("List-Unsubscribe=One-Click"));
    }
    let mut holes = Vec::new();
    let mut attachments = Vec::new();
    for (number, file) in mail.attachments.iter().enumerate() {
        let mark = format!("@{}.{number}@", message.id);
        attachments.push(json!({
            "filename": file.name, "content_type": file.media_type, "content_id": file.content_id, "content": mark,
        }));
        let stored = Body(vec![Piece::Stored { key: file.stored.clone(), bytes: file.bytes }]);
        holes.push((mark, Piece::Base64 { of: stored, lines: false }));
    }
    let content = json!({
        "from": crate::mail::display(&mail.from), "to": [crate::mail::display(&mail.to)], "cc": mail.cc, "bcc": mail.bcc,
        "reply_to": mail.reply_to, "subject": mail.subject, "html": mail.html, "text": mail.text, "headers": headers,
        "tags": [{"name": TAG, "value": message.tag}], "attachments": attachments,
    });
    Body::spliced(content.to_string().as_bytes(), holes)
}

fn event(post: &Value, arrived: Time) -> Option<Event> {
    let text = |pointer: &str| post.pointer(pointer).and_then(Value::as_str);
    let mut detail = EventDetail::default();
    let kind = match text("/type")? {
        "email.sent" => EventKind::Sent,
        "email.delivered" => EventKind::Delivered,
        "email.delivery_delayed" => EventKind::Delayed,
        "email.complained" => EventKind::Complained,
        "email.bounced" => {
            detail.class = Some(match (text("/data/bounce/type"), text("/data/bounce/subType")) {
                // Resend's own list: no new evidence, and no reason to believe that another try would fare better.
                (Some("Permanent"), Some("General" | "NoEmail" | "Suppressed")) => BounceClass::Hard,
                (_, Some("ContentRejected" | "AttachmentRejected")) => BounceClass::Block,
                _ => BounceClass::Soft,
            });
            detail.code = text("/data/bounce/subType").map(str::to_owned);
            detail.text = text("/data/bounce/message").map(|words| crate::event::cut(words, 300));
            EventKind::Bounced
        }
        "email.suppressed" => {
            let complained = text("/data/suppressed/reason") == Some("previous_complaint");
            detail.class = Some(if complained { BounceClass::Block } else { BounceClass::Hard });
            detail.text = text("/data/suppressed/reason").map(|words| crate::event::cut(words, 300));
            EventKind::Bounced
        }
        "email.failed" => {
            detail.text = text("/data/failed/reason").map(|words| crate::event::cut(words, 300));
            EventKind::Rejected
        }
        "email.opened" => EventKind::Opened,
        "email.clicked" => {
            detail.url = text("/data/click/link").map(str::to_owned);
            detail.agent = text("/data/click/userAgent").map(|agent| crate::event::cut(agent, 200));
            EventKind::Clicked
        }
        _ => return None,
    };
    let provider_id = text("/data/email_id").map(str::to_owned);
    let at =
        text("/data/click/timestamp").or_else(|| text("/created_at")).and_then(|at| Time::parse(at).ok()).unwrap_or(arrived);
    let recipient = post.pointer("/data/to/0").and_then(Value::as_str).map(str::to_owned);
    let id = crate::event::id(&[text("/type")?, provider_id.as_deref()?, &at.to_string(), detail.url.as_deref().unwrap_or("")]);
    Some(Event { kind, at, id, tag: tag(post), provider_id, recipient, detail })
}

/// Our tag: an object of names and values, or a list of pairs as it was sent.
fn tag(post: &Value) -> Option<String> {
    let tags = post.pointer("/data/tags")?;
    let listed = || tags.as_array()?.iter().find(|tag| tag["name"] == TAG)?.get("value");
    tags.get(TAG).or_else(listed).and_then(Value::as_str).map(str::to_owned)
}
