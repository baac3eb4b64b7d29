//! A mailbox of Gmail's or of Google Workspace, by the Gmail API. Sources: Gmail API reference ("users.messages.send", "Uploading
//! attachments", "Resolve errors", "Push notifications"), Cloud Pub/Sub ("Authentication for push subscriptions"), Google Identity
//! ("Using OAuth 2.0 for web server applications").
//!
//! The account's person consents to sending, and to reading where that is switched on. What becomes of a message is told by mail, to
//! the mailbox itself. Posts come through Pub/Sub when the mailbox is watched: they name it and say that something changed, but not what.

mod mailbox;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Email, Error, Result, Secret, Time, crypto};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::{list, text};
use crate::oauth::{self, Client, Consent};
use crate::settings::{self, fault};
use crate::{
    Body, Call, Callback, Channel, Event, HttpCall, HttpReply, Inbound, Login, Method, Outgoing, Provider, Reads, Receiving,
    Reply, Sending, Setup, Verdict, Verified, proof,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Gmail;

/// The right that sending needs.
const SEND: &str = "https://www.googleapis.com/auth/gmail.send";
/// The right that reading needs.
const READ: &str = "https://www.googleapis.com/auth/gmail.readonly";
/// Rights that hold it.
const MAY_READ: [&str; 3] = [READ, "https://www.googleapis.com/auth/gmail.modify", "https://mail.google.com/"];
/// Rights that hold the right to send.
const MAY_SEND: [&str; 4] = [
    SEND,
    "https://www.googleapis.com/auth/gmail.compose",
    "https://www.googleapis.com/auth/gmail.modify",
    "https://mail.google.com/",
];
/// Who signs the tokens of posts.
const ISSUERS: [&str; 2] = ["https://accounts.google.com", "accounts.google.com"];
/// How far Google's clock may be ahead of ours, in seconds.
const SKEW: i64 = 300;
/// Seconds to wait when the day's mails are used up and nothing is said of a time.
const DAY_WAIT: u32 = 3600;

/// What an account may set.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The mailbox: offered to the person who consents, and the only one that posts may be about.
    #[serde(default)]
    mailbox: Option<Email>,
    /// Email address of the service account whose tokens come with posts; without it no post is believed.
    #[serde(default)]
    push_account: Option<Email>,
    /// Whether mail that comes in is read.
    #[serde(default)]
    receive: bool,
    /// The Pub/Sub topic that Gmail tells of new mail, `projects/name/topics/name`; without it the mailbox is looked at now and then.
    #[serde(default)]
    topic: Option<String>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        if given.push_account.is_some() && given.mailbox.is_none() {
            return Err(fault("/settings/mailbox", "the mailbox that posts are about is needed"));
        }
        if !given.topic.as_deref().is_none_or(mailbox::is_topic) {
            return Err(fault("/settings/topic", "projects/name/topics/name is needed"));
        }
        Ok(given)
    }
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    client_id: String,
    client_secret: Secret,
    /// What came of the consent.
    #[serde(default)]
    refresh_token: Option<Secret>,
}

/// What is to be consented to.
fn consent(settings: &Settings, credentials: &Value) -> Result<Consent> {
    let given: Credentials = settings::credentials(credentials)?;
    let client = Client::read(&given.client_id, Some(&given.client_secret), given.refresh_token.as_ref())?;
    Ok(Consent {
        page: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
        tokens: oauth::GOOGLE.to_owned(),
        scopes: if settings.receive { &[SEND, READ] } else { &[SEND] },
        // Otherwise a person who consented before gives no refresh token.
        further: &[("access_type", "offline"), ("prompt", "consent")],
        client,
        mailbox: settings.mailbox.as_ref().map(ToString::to_string),
        refresh_token: given.refresh_token,
    })
}

impl Provider for Gmail {
    fn id(&self) -> &'static str {
        "gmail"
    }

    fn channel(&self) -> Channel {
        Channel::Email
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        consent(&Settings::read(settings)?, credentials).map(|_| ())
    }

    fn consent(&self, settings: &Value, credentials: &Value) -> Result<Option<Consent>> {
        consent(&Settings::read(settings)?, credentials).map(Some)
    }

    fn reads(&self, settings: &Value) -> Option<Reads> {
        mailbox::reads(&Settings::read(settings).ok()?)
    }
}

impl Sending for Gmail {
    /// Gmail knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    /// A mail with files is uploaded as it is: JSON cannot hold what is yet to be read.
    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let mail = crate::mail::build_with_hidden(message)?;
        let (place, media_type, body) = match mail.whole() {
            Some(whole) => {
                ("gmail/v1/users/me/messages/send", "application/json", { Body::json(&json!({"raw": crypto::encode(&whole)})) })
            }
            None => ("upload/gmail/v1/users/me/messages/send?uploadType=media", "message/rfc822", mail),
        };
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Secret::new(format!("https://gmail.googleapis.com/{place}")),
            headers: vec![("content-type", media_type.to_owned())],
            login: setup.bearer()?,
            body,
            http2: false,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        match Verdict::common(reply) {
            Ok(verdict) => verdict,
            Err(answer) => verdict(answer),
        }
    }

    /// Of a token, that it may do what the account is set to.
    fn verdict_for(&self, reply: &Reply, setup: &Setup<'_>) -> Verdict {
        let verdict = self.verdict(reply);
        let receives = Settings::read(setup.settings).is_ok_and(|settings| settings.receive);
        let Reply::Answered(answer) = reply else { return verdict };
        let body = answer.json();
        let reads = |rights: &str| rights.split(' ').any(|right| MAY_READ.contains(&right));
        if receives && matches!(verdict, Verdict::Sent { .. }) && text(&body, "/scope").is_some_and(|rights| !reads(rights)) {
            return Verdict::Misconfigured {
                reason: "the consent does not allow to read: somebody has to consent again".to_owned(),
            };
        }
        verdict
    }

    /// Asks what the token may do. The right to send alone allows no other question.
    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let Login::Bearer(token) = setup.bearer()? else { return Ok(None) };
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("access_token", token.reveal()).finish();
        let address = Secret::new(format!("https://oauth2.googleapis.com/tokeninfo?{query}"));
        Ok(Some(Call::Http(HttpCall::question(address, Login::None))))
    }
}

impl Receiving for Gmail {
    fn keys_url(&self) -> Option<&'static str> {
        Some("https://www.googleapis.com/oauth2/v3/certs")
    }

    /// The token says that Pub/Sub calls this very address for the account's own subscription.
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        let settings = Settings::read(setup.settings)?;
        consent(&settings, setup.credentials)?;
        let (Some(mailbox), Some(account)) = (&settings.mailbox, &settings.push_account) else { return Err(refuse()) };
        let token = callback.header("authorization").and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(refuse)?;
        let (verified, claims) = proof::jwt_rs256(callback, token)?;
        let claim = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let second = |name: &str| claims.get(name).and_then(Value::as_i64).ok_or_else(refuse);
        let known = ISSUERS.contains(&claim("iss"))
            && claim("aud") == setup.callback
            && claim("email") == account.as_str()
            && claims.get("email_verified") == Some(&Value::Bool(true));
        let now = callback.now.seconds();
        if !known || now >= second("exp")? || now < second("iat")?.saturating_sub(SKEW) {
            return Err(refuse());
        }
        let ours = named(&verified).is_none_or(|named| Email::parse(&named).is_ok_and(|named| named.key() == mailbox.key()));
        if ours { Ok(verified) } else { Err(refuse()) }
    }

    fn events(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn pushes(&self, _verified: &Verified) -> bool {
        true
    }

    /// A post says that something changed; the mails themselves are fetched.
    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }
}

/// The mailbox that a post is about.
fn named(verified: &Verified) -> Option<String> {
    let data = STANDARD.decode(text(&verified.json(), "/message/data")?).ok()?;
    let data: Value = serde_json::from_slice(&data).ok()?;
    text(&data, "/emailAddress").map(str::to_owned)
}

fn verdict(answer: &HttpReply) -> Verdict {
    let body = answer.json();
    if let Some(unknown) = Verdict::unreadable(answer, &body) {
        return unknown;
    }
    if answer.is_success() && body.get("error").is_none() {
        // The answer to a probe.
        if let Some(rights) = text(&body, "/scope") {
            return if rights.split(' ').any(|right| MAY_SEND.contains(&right)) {
                Verdict::Sent { id: String::new() }
            } else {
                Verdict::Misconfigured { reason: "the consent does not allow to send".to_owned() }
            };
        }
        return Verdict::Sent { id: text(&body, "/id").unwrap_or_default().to_owned() };
    }
    let word = list(&body, "/error/errors").find_map(|error| text(error, "/reason")).unwrap_or_default();
    let words = text(&body, "/error/message").unwrap_or_default();
    let reason = match words {
        "" => answer.words(),
        words => crate::event::cut(&format!("{} {word}: {words}", answer.status), 300),
    };
    let after = answer.retry_after().or_else(|| named_wait(answer, words));
    match (answer.status, word) {
        // The access token: if there is something wrong with the account, then no other one is given.
        (401, _) => Verdict::Retry { after: None, reason },
        (_, "dailyLimitExceeded") => Verdict::Limited { after: after.or(Some(DAY_WAIT)), reason },
        (429, _) | (_, "rateLimitExceeded" | "userRateLimitExceeded") => Verdict::Limited { after, reason },
        // There is no mailbox behind the account. A string in place of the object answers a probe: the token is not valid.
        (400, "failedPrecondition") => Verdict::Misconfigured { reason },
        (400, _) if body.get("error").is_some_and(Value::is_string) => Verdict::Misconfigured { reason },
        (400 | 404, _) => Verdict::Rejected { reason },
        _ => Verdict::by_status(answer, reason),
    }
}

/// Gmail names the end of a wait in words: `Retry after 2026-03-01T10:15:00.000Z`.
fn named_wait(answer: &HttpReply, words: &str) -> Option<u32> {
    let (_, rest) = words.split_once("Retry after ")?;
    let end = Time::parse(rest.split_whitespace().next()?).ok()?;
    crate::reply::wait(f64::from(i32::try_from(end.since(answer.at) / 1000).ok()?))
}
