//! Slack, by an app's bot. Sources: Slack API documentation (`chat.postMessage`, "Verifying requests from Slack", "Events API",
//! "Message metadata", "Block Kit", "Slash commands").
//!
//! A message is told apart by its channel and its time there, so its id is both: `channel:ts`. One in a thread has the thread's time
//! behind that, since an answer to it goes into that thread. An app's secret is one for all workspaces that it is installed in: a post
//! about another workspace than the account's is refused.
//!
//! Each message carries our reference as metadata. An app whose manifest subscribes to it (`switchboard_message`) is told when a message
//! is there, which also settles a lost answer.

mod hook;
mod request;
#[cfg(test)]
mod tests;

use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::Value;

use crate::json::text;
use crate::proof::{self, Hash};
use crate::settings::{self, fault, visible, visible_if_any};
use crate::{
    Answer, Body, Call, Callback, Channel, Event, FileSource, HttpCall, Inbound, Login, Method, Outgoing, Provider, Receiving,
    Reply, Sending, Setup, Verdict, Verified,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Slack;

const API: &str = "https://slack.com/api";
/// The host that gives files for the bot's token.
const FILE_HOST: &str = "files.slack.com";
/// Seconds that a post may be old.
const WINDOW: i64 = 300;
/// Most characters of a challenge that is given back.
const CHALLENGE: usize = 200;

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The workspace that the app is installed in, such as `T123ABC456`.
    team_id: String,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        if is_id(&given.team_id, "TE") {
            Ok(given)
        } else {
            Err(fault("/settings/team_id", "an id such as T123ABC456 is needed"))
        }
    }
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The bot's token, `xoxb-...`.
    bot_token: Secret,
    /// The app's secret, which signs posts; without it none is believed.
    #[serde(default)]
    signing_secret: Option<Secret>,
}

impl Credentials {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::credentials(value)?;
        visible(&given.bot_token, "/credentials/bot_token")?;
        visible_if_any(given.signing_secret.as_ref(), "/credentials/signing_secret")?;
        Ok(given)
    }
}

/// Whether it is an id of Slack's that begins with one of these letters.
fn is_id(text: &str, first: &str) -> bool {
    (2..=32).contains(&text.len())
        && text.starts_with(|letter| first.contains(letter))
        && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The id of a message, see the file's head.
fn message_id(channel: &str, ts: &str, thread: Option<&str>) -> String {
    match thread.filter(|thread| *thread != ts) {
        Some(thread) => format!("{channel}:{ts}:{thread}"),
        None => format!("{channel}:{ts}"),
    }
}

fn request(method: Method, url: String, given: Credentials, body: Body) -> HttpCall {
    let headers = match method {
        Method::Get | Method::Delete => Vec::new(),
        Method::Post | Method::Put | Method::Patch => vec![("content-type", "application/json; charset=utf-8".to_owned())],
    };
    HttpCall { method, url: Secret::new(url), headers, login: Login::Bearer(given.bot_token), body, http2: false }
}

impl Provider for Slack {
    fn id(&self) -> &'static str {
        "slack"
    }

    fn channel(&self) -> Channel {
        Channel::Slack
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        Credentials::read(credentials).map(|_| ())
    }
}

impl Sending for Slack {
    /// Slack knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let body = Body::json(&request::body(message, message.direct()?)?);
        let given = Credentials::read(setup.credentials)?;
        Ok(Call::Http(request(Method::Post, format!("{API}/chat.postMessage"), given, body)))
    }

    /// Whether it went well stands in the body; the status is nearly always 200.
    fn verdict(&self, reply: &Reply) -> Verdict {
        let answer = match Verdict::common(reply) {
            Ok(verdict) => return verdict,
            Err(answer) => answer,
        };
        let body = answer.json();
        match (body.get("ok").and_then(Value::as_bool), text(&body, "/error")) {
            (Some(true), _) => Verdict::Sent { id: sent(&body).unwrap_or_default() },
            (_, Some(error)) => refusal(error, &body, answer),
            (_, None) if answer.is_success() => Verdict::Unknown { reason: answer.words() },
            (_, None) => Verdict::by_status(answer, answer.words()),
        }
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let given = Credentials::read(setup.credentials)?;
        Ok(Some(Call::Http(request(Method::Get, format!("{API}/auth.test"), given, Body::default()))))
    }

    fn file(&self, source: &FileSource, setup: &Setup<'_>) -> Result<Option<HttpCall>> {
        let FileSource::Url(address) = source else { return Ok(None) };
        let url = url::Url::parse(address).ok();
        let own = url.filter(|url| {
            url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.host_str() == Some(FILE_HOST)
        });
        let Some(url) = own else { return Ok(None) };
        let given = Credentials::read(setup.credentials)?;
        Ok(Some(request(Method::Get, url.into(), given, Body::default())))
    }
}

impl Receiving for Slack {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        let own = Settings::read(setup.settings)?;
        let secret = Credentials::read(setup.credentials)?.signing_secret.ok_or_else(refuse)?;
        let stamp = callback.header("x-slack-request-timestamp").ok_or_else(refuse)?;
        let shown = callback.header("x-slack-signature").and_then(|value| value.strip_prefix("v0="));
        let code = shown.and_then(proof::unhex).ok_or_else(refuse)?;
        let before = format!("v0:{stamp}:");
        let verified = proof::body_mac(callback, Hash::Sha256, secret.reveal().as_bytes(), before.as_bytes(), &code)?;
        let seconds: i64 = stamp.parse().map_err(|_| refuse())?;
        proof::fresh(callback, Time::from_millis(seconds.saturating_mul(1000)), WINDOW)?;
        if hook::is_about(&verified, &own.team_id) { Ok(verified) } else { Err(refuse()) }
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        hook::events(verified)
    }

    fn inbound(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        hook::inbound(verified)
    }

    /// A new address is asked to say a word back.
    fn answer(&self, verified: &Verified) -> Answer {
        let post = verified.json();
        let asked = text(&post, "/type") == Some("url_verification");
        let plain = |word: &&str| {
            word.len() <= CHALLENGE && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let word = text(&post, "/challenge").filter(|_| asked).filter(plain);
        word.map_or_else(Answer::done, |word| Answer::with("text/plain", word.to_owned()))
    }
}

/// The id of the message that was taken; none where something else was asked.
fn sent(body: &Value) -> Option<String> {
    Some(message_id(text(body, "/channel")?, text(body, "/ts")?, text(body, "/message/thread_ts")))
}

/// The meaning of an error, by its word.
fn refusal(error: &str, body: &Value, answer: &crate::HttpReply) -> Verdict {
    let reason = match text(body, "/needed") {
        Some(needed) => format!("{error}: {needed} is needed"),
        None => error.to_owned(),
    };
    let reason = crate::event::cut(&reason, 300);
    match error {
        "not_authed"
        | "invalid_auth"
        | "account_inactive"
        | "token_revoked"
        | "token_expired"
        | "missing_scope"
        | "not_allowed_token_type"
        | "org_login_required"
        | "ekm_access_denied" => Verdict::Misconfigured { reason },
        // A bot never hears what another one says to it.
        "cannot_dm_bot" => Verdict::Undeliverable { gone: true, reason },
        // A channel may be opened again, and another workspace may know the person.
        "channel_not_found" | "not_in_channel" | "is_archived" | "user_not_found" | "restricted_action" => {
            Verdict::Undeliverable { gone: false, reason }
        }
        "msg_too_long" | "no_text" | "invalid_blocks" | "invalid_arguments" | "too_many_attachments" => {
            Verdict::Rejected { reason }
        }
        "ratelimited" | "rate_limited" => Verdict::Limited { after: answer.retry_after(), reason },
        // Slack says of these that a part of the work may have been done.
        "internal_error" | "fatal_error" => Verdict::Unknown { reason },
        _ => Verdict::by_status(answer, reason),
    }
}
