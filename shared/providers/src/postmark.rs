//! Postmark. Sources: Postmark developer documentation, "Email API", "Webhooks", "Inbound webhook", "API error codes".
//!
//! Nothing that Postmark posts is signed: the addresses given to it show a password of ours.

mod hook;

use kernel::{Error, Result, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::text;
use crate::settings::{self, fault};
use crate::{
    Body, Call, Callback, Channel, Event, HttpCall, Inbound, Login, Mail, Method, Outgoing, Piece, Provider, Receiving, Reply,
    Sending, Setup, Verdict, Verified, mail, proof,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Postmark;

/// Recipients of each kind.
const RECIPIENTS: usize = 50;
/// Bytes of a message with its files.
const LARGEST: u64 = 10 * 1024 * 1024;
/// Most bytes of a value among the metadata.
const METADATA: usize = 80;
/// The metadata that carries [`Outgoing::tag`].
const TAG: &str = "sb";
/// The header that the token goes in.
const LOGIN: &str = "x-postmark-server-token";
/// Headers that Postmark takes for orders to it.
const RESERVED: &str = "x-pm-";

/// What an account may set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Settings {
    /// The stream that messages go through; Postmark's `outbound` otherwise.
    message_stream: Option<String>,
    /// The server's number: what names another one is not believed.
    server_id: Option<u64>,
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    server_token: Secret,
    /// The password in the addresses of the webhooks; without it none is believed.
    #[serde(default)]
    webhook_password: Option<Secret>,
}

fn settings(value: &Value) -> Result<Settings> {
    let given: Settings = settings::settings(value)?;
    let word = |stream: &str| {
        (1..=100).contains(&stream.len())
            && stream.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if given.message_stream.as_deref().is_some_and(|stream| !word(stream)) {
        return Err(fault("/settings/message_stream", "the id of a message stream: letters, digits, hyphens and underscores"));
    }
    Ok(given)
}

fn credentials(value: &Value) -> Result<Credentials> {
    let given: Credentials = settings::credentials(value)?;
    settings::visible(&given.server_token, "/credentials/server_token")?;
    settings::visible_if_any(given.webhook_password.as_ref(), "/credentials/webhook_password")?;
    Ok(given)
}

fn call(setup: &Setup<'_>, method: Method, path: &str, body: Body) -> Result<Call> {
    let login = Login::Header(LOGIN, credentials(setup.credentials)?.server_token);
    Ok(Call::Http(HttpCall::json(method, Secret::new(format!("https://api.postmarkapp.com/{path}")), login, body)))
}

impl Provider for Postmark {
    fn id(&self) -> &'static str {
        "postmark"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, given: &Value, secrets: &Value) -> Result<()> {
        settings(given)?;
        credentials(secrets).map(|_| ())
    }
}

impl Sending for Postmark {
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let letter = message.mail()?;
        mail::check(message)?;
        mail::check_size(letter, LARGEST)?;
        mail::check_reserved(letter, &[RESERVED], "Postmark takes this header for an order to it")?;
        let stream = settings(setup.settings)?.message_stream;
        call(setup, Method::Post, "email", body(message, letter, stream.as_deref())?)
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
        let code = body.get("ErrorCode").and_then(Value::as_i64);
        if answer.is_success() && matches!(code, None | Some(0)) {
            return Verdict::Sent { id: text(&body, "/MessageID").unwrap_or_default().to_owned() };
        }
        let reason = match (code, text(&body, "/Message")) {
            (Some(code), Some(words)) => format!("{} {code}: {words}", answer.status),
            _ => answer.words(),
        };
        let reason = crate::event::cut(&reason, 300);
        match code {
            // No token; no signature for the sender; may not send, or not yet.
            Some(10 | 400 | 401 | 405 | 412 | 413) => Verdict::Misconfigured { reason },
            // On Postmark's own list for that sender: it came back, complained, or was put there by hand.
            Some(406) => Verdict::Undeliverable { gone: false, reason },
            Some(300) => Verdict::Rejected { reason },
            Some(429) => Verdict::Limited { after: answer.retry_after(), reason },
            Some(100) => Verdict::Retry { after: answer.retry_after(), reason },
            // Refused at the door, before Postmark itself saw it.
            None if answer.status == 403 => Verdict::Retry { after: answer.retry_after(), reason },
            _ => Verdict::by_status(answer, reason),
        }
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        call(setup, Method::Get, "server", Body::default()).map(Some)
    }
}

impl Receiving for Postmark {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let known = credentials(setup.credentials)?.webhook_password.ok_or(Error::Unauthenticated)?;
        let verified = proof::password(callback, known.reveal())?;
        let own = settings(setup.settings)?.server_id.map(|id| id.to_string());
        let post = verified.json();
        // Their documentation spells it both ways.
        let named = ["/ServerID", "/ServerId"].map(|name| crate::json::id(&post, name));
        let foreign = own.is_some_and(|own| named.into_iter().flatten().any(|named| named != own));
        if foreign { Err(Error::Unauthenticated) } else { Ok(verified) }
    }

    fn longest(&self) -> usize {
        crate::letter::LONGEST
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        hook::event(&verified.json(), verified.at()).into_iter().collect()
    }

    fn inbound(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        hook::inbound(&verified.json(), verified.at()).into_iter().collect()
    }
}

/// The request's body. Postmark writes a Message-ID of its own unless it is told to keep ours.
fn body(message: &Outgoing, letter: &Mail, stream: Option<&str>) -> Result<Body> {
    let (cc, bcc) = mail::further(letter);
    if cc.len() > RECIPIENTS || bcc.len() > RECIPIENTS {
        return Err(Error::invalid("/cc", "too_many", "at most 50 recipients of each kind"));
    }
    if message.tag.len() > METADATA {
        return Err(Error::internal("the tag of a message is too long for Postmark"));
    }
    if letter.html.as_ref().or(letter.text.as_ref()).is_none() {
        return Err(Error::invalid("", "body", "a message needs html or text"));
    }
    let people = |emails: &[&kernel::Email]| emails.iter().map(|email| email.as_str()).collect::<Vec<_>>().join(",");
    let mut headers = mail::headers(message, letter);
    headers.push(("X-PM-KeepID".to_owned(), "true".to_owned()));
    let headers: Vec<Value> = headers.into_iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
    let mut content = json!({
        "From": mail::display(&letter.from), "To": mail::display(&letter.to), "Subject": letter.subject,
        "Headers": headers, "Metadata": {TAG: message.tag},
    });
    let fields = [
        ("Cc", Some(people(&cc)).filter(|cc| !cc.is_empty())),
        ("Bcc", Some(people(&bcc)).filter(|bcc| !bcc.is_empty())),
        ("ReplyTo", letter.reply_to.as_ref().map(ToString::to_string)),
        ("HtmlBody", letter.html.clone()),
        ("TextBody", letter.text.clone()),
        ("MessageStream", stream.map(str::to_owned)),
    ];
    for (name, value) in fields {
        if let Some(value) = value {
            crate::json::set(&mut content, name, json!(value));
        }
    }
    let mut holes = Vec::new();
    let mut files = Vec::new();
    for (number, file) in letter.attachments.iter().enumerate() {
        let mark = format!("@{}.{number}@", message.id);
        let mut one = json!({"Name": file.name, "ContentType": file.media_type, "Content": mark});
        if let Some(id) = &file.content_id {
            crate::json::set(&mut one, "ContentID", json!(format!("cid:{id}")));
        }
        files.push(one);
        let stored = Body(vec![Piece::Stored { key: file.stored.clone(), bytes: file.bytes }]);
        holes.push((mark, Piece::Base64 { of: stored, lines: false }));
    }
    if !files.is_empty() {
        crate::json::set(&mut content, "Attachments", json!(files));
    }
    Ok(Body::spliced(content.to_string().as_bytes(), holes))
}

#[cfg(test)]
mod tests;
