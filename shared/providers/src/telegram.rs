//! Telegram, by a bot. Sources: Telegram Bot API ("Making requests", "Available methods", "Getting updates", `setWebhook`).
//!
//! A message is told apart by its chat and its number in it, so its id is both: `chat:number`. Nothing is heard of what becomes of a
//! message that was sent.

mod request;
#[cfg(test)]
mod tests;
mod update;

use kernel::{Error, Result, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::json::id;
use crate::proof;
use crate::reply::wait;
use crate::settings::{self, Nothing, fault};
use crate::{
    Answer, Body, Call, Callback, Channel, Event, FileSource, HttpCall, Inbound, Login, Method, Outgoing, Provider, Receiving,
    Registered, Registration, Reply, Sending, Setup, Verdict, Verified,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Telegram;

const HOST: &str = "https://api.telegram.org";
/// What stands before the path of a file that may be fetched; the bot's token belongs between the two.
const FILES: &str = "https://api.telegram.org/file/";

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The bot's token, such as `123456:ABC-DEF`.
    bot_token: Secret,
    /// The word that was given to `setWebhook` as `secret_token`; without it no update is believed.
    #[serde(default)]
    secret_token: Option<Secret>,
}

impl Credentials {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::credentials(value)?;
        let plain = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        let digits = |text: &str| (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        // The token becomes a part of the address.
        if !given.bot_token.reveal().split_once(':').is_some_and(|(bot, key)| digits(bot) && plain(key, 100)) {
            return Err(fault("/credentials/bot_token", "a token such as 123456:ABC-DEF is needed"));
        }
        if given.secret_token.as_ref().is_some_and(|word| !plain(word.reveal(), 256)) {
            return Err(fault("/credentials/secret_token", "1 to 256 letters, digits, - and _ are needed"));
        }
        Ok(given)
    }

    /// The address of a method.
    fn address(&self, method: &str) -> Secret {
        Secret::new(format!("{HOST}/bot{}/{method}", self.bot_token.reveal()))
    }
}

impl Provider for Telegram {
    fn id(&self) -> &'static str {
        "telegram"
    }

    fn channel(&self) -> Channel {
        Channel::Telegram
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        settings::settings::<Nothing>(settings)?;
        Credentials::read(credentials).map(|_| ())
    }
}

impl Sending for Telegram {
    /// The Bot API knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let request = request::of(message.direct()?)?;
        let (media_type, body) = request.body(&message.entropy);
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url: Credentials::read(setup.credentials)?.address(request.method),
            headers: vec![("content-type", media_type)],
            login: Login::None,
            body,
            http2: false,
        }))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        let answer = match Verdict::common(reply) {
            Ok(verdict) => return verdict,
            Err(answer) => answer,
        };
        let body = answer.json();
        match body.get("ok").and_then(Value::as_bool) {
            Some(true) => Verdict::Sent { id: message_id(&body, "/result").unwrap_or_default() },
            Some(false) => refusal(&body, answer),
            None if answer.is_success() => Verdict::Unknown { reason: answer.words() },
            None => Verdict::by_status(answer, answer.words()),
        }
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(Some(Call::Http(HttpCall::question(Credentials::read(setup.credentials)?.address("getMe"), Login::None))))
    }

    /// Telegram keeps one address for each bot and calls no other: the one that it was told last.
    fn registration(&self, setup: &Setup<'_>) -> Result<Option<Registration>> {
        let given = Credentials::read(setup.credentials)?;
        let Some(word) = given.secret_token.as_ref().filter(|_| setup.callback.starts_with("https://")) else {
            return Ok(None);
        };
        let told = json!({"url": setup.callback, "secret_token": word.reveal(), "allowed_updates": update::KINDS});
        let tell = HttpCall::json(Method::Post, given.address("setWebhook"), Login::None, Body::json(&told));
        let look = HttpCall::question(given.address("getWebhookInfo"), Login::None);
        Ok(Some(Registration { tell: Call::Http(tell), look: Call::Http(look) }))
    }

    fn registered(&self, reply: &Reply, setup: &Setup<'_>) -> std::result::Result<Registered, Verdict> {
        let body = match reply {
            Reply::Answered(answer) if answer.is_success() => answer.json(),
            other => return Err(self.verdict(other)),
        };
        // Empty where nobody has told it.
        let url = body.pointer("/result/url").and_then(Value::as_str).ok_or_else(|| self.verdict(reply))?;
        let when = crate::json::time(&body, "/result/last_error_date").map(|at| format!(" at {at}"));
        let failed = crate::json::text(&body, "/result/last_error_message");
        let note = failed.map(|words| format!("its last call failed{}: {words}", when.unwrap_or_default()));
        Ok(Registered { here: url == setup.callback, note })
    }

    /// A file is fetched in two steps: its id gives JSON whose `/result/file_path`, behind `https://api.telegram.org/file/`, is the
    /// address that gives the bytes.
    fn file(&self, source: &FileSource, setup: &Setup<'_>) -> Result<Option<HttpCall>> {
        let given = Credentials::read(setup.credentials)?;
        let plain = |text: &str, more: &[u8]| {
            (1..=400).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
        };
        Ok(match source {
            FileSource::Id(id) if plain(id, b"-_") => {
                Some(HttpCall::question(given.address(&format!("getFile?file_id={id}")), Login::None))
            }
            FileSource::Url(url) => {
                let path = url.strip_prefix(FILES).filter(|path| plain(path, b"-_./") && path.split('/').all(is_name));
                let address = |path| Secret::new(format!("{FILES}bot{}/{path}", given.bot_token.reveal()));
                path.map(|path| HttpCall::question(address(path), Login::None))
            }
            FileSource::Id(_) | FileSource::Bytes(_) => None,
        })
    }

    fn file_place(&self, reply: &crate::HttpReply) -> std::result::Result<FileSource, String> {
        let body = reply.json();
        let path = crate::json::text(&body, "/result/file_path").filter(|_| reply.is_success());
        path.map(|path| FileSource::Url(format!("{FILES}{path}"))).ok_or_else(|| reply.words())
    }
}

impl Receiving for Telegram {
    /// The header shows a word that both sides know; it does not cover the body.
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let known = Credentials::read(setup.credentials)?.secret_token.ok_or(Error::Unauthenticated)?;
        proof::shared_secret(callback, callback.header("x-telegram-bot-api-secret-token"), known.reveal())
    }

    fn events(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn inbound(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        update::inbound(verified)
    }

    /// Whoever presses a button sees it wait until the press is answered, which the body of this answer does.
    fn answer(&self, verified: &Verified) -> Answer {
        match id(&verified.json(), "/callback_query/id") {
            Some(id) => {
                let call = json!({"method": "answerCallbackQuery", "callback_query_id": id});
                Answer::with("application/json", call.to_string())
            }
            None => Answer::done(),
        }
    }
}

/// A part of a path that leads nowhere else.
fn is_name(part: &str) -> bool {
    !part.is_empty() && !part.starts_with('.')
}

/// The id of the message that stands there: its chat and its number in it.
fn message_id(value: &Value, pointer: &str) -> Option<String> {
    let message = value.pointer(pointer)?;
    Some(format!("{}:{}", id(message, "/chat/id")?, id(message, "/message_id")?))
}

/// The meaning of a refusal, by its code first.
fn refusal(body: &Value, answer: &crate::HttpReply) -> Verdict {
    let words = crate::json::text(body, "/description").unwrap_or_default();
    let status = body.get("error_code").and_then(Value::as_i64).unwrap_or_else(|| answer.status.into());
    let reason = crate::event::cut(&format!("{status} {words}"), 300);
    let after = body.pointer("/parameters/retry_after").and_then(Value::as_f64).and_then(wait);
    let says = |text: &str| words.to_ascii_lowercase().contains(text);
    match status {
        // The group has become another chat: this one is gone.
        400 if body.pointer("/parameters/migrate_to_chat_id").is_some() => Verdict::Undeliverable { gone: true, reason },
        400 if says("chat not found") => Verdict::Undeliverable { gone: false, reason },
        400 | 413 => Verdict::Rejected { reason },
        401 | 404 => Verdict::Misconfigured { reason },
        // A block may be lifted, and a bot may be invited again.
        403 => Verdict::Undeliverable { gone: says("user is deactivated"), reason },
        429 => Verdict::Limited { after: after.or_else(|| answer.retry_after()), reason },
        _ => Verdict::Retry { after: after.or_else(|| answer.retry_after()), reason },
    }
}
