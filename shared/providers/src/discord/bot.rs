//! Discord, by a bot: it writes into channels by their ids, and hears of pressed buttons and commands through the application's
//! interactions endpoint. What people write to it without either reaches only programs that hold a connection open.
//!
//! A message carries a `nonce` by which Discord recognises a repetition for a few minutes. A lost answer may be looked into later
//! than that, so a call is not counted as harmless to repeat.

use kernel::{Error, Result, Secret, Time};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{API, interaction, is_id, request as call};
use crate::json::{id, set};
use crate::settings::{self, fault, visible};
use crate::{
    Answer, Call, Callback, Channel, Event, HttpCall, Inbound, Login, Method, Outgoing, Provider, Receiving, Reply, Sending,
    Setup, Verdict, Verified, proof,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Discord;

/// Seconds that a callback may be old: Discord repeats one for up to ten minutes.
const WINDOW: i64 = 900;

/// What an account sets: both stand on the application's page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The application that the bot belongs to: the id that callbacks name.
    application_id: String,
    /// Its public key: 64 hexadecimal digits.
    public_key: String,
}

impl Settings {
    fn read(value: &Value) -> Result<(Self, Vec<u8>)> {
        let given: Self = settings::settings(value)?;
        if !is_id(&given.application_id) {
            return Err(fault("/settings/application_id", "an id of 1 to 20 digits is needed"));
        }
        let key = proof::unhex(&given.public_key).filter(|key| key.len() == 32);
        let key = key.ok_or_else(|| fault("/settings/public_key", "64 hexadecimal digits are needed"))?;
        Ok((given, key))
    }
}

/// What an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Credentials {
    /// The bot's token.
    bot_token: Secret,
}

fn login(value: &Value) -> Result<Login> {
    let given: Credentials = settings::credentials(value)?;
    visible(&given.bot_token, "/credentials/bot_token")?;
    Ok(Login::Authorization(Secret::new(format!("Bot {}", given.bot_token.reveal()))))
}

impl Provider for Discord {
    fn id(&self) -> &'static str {
        "discord"
    }

    fn channel(&self) -> Channel {
        Channel::Discord
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        login(credentials).map(|_| ())
    }
}

impl Sending for Discord {
    /// See the file's head.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let direct = message.direct()?;
        if !is_id(&direct.to) {
            return Err(Error::invalid("/to", "address", "the id of a channel is needed"));
        }
        let mut content = super::request::content(direct)?;
        // At most 25 characters.
        set(&mut content, "nonce", json!(crate::event::id(&["discord", &message.id])));
        set(&mut content, "enforce_nonce", json!(true));
        // An interaction has an id as well, and is no message to Discord: then nothing is pointed to.
        if let Some(answers) = direct.answers.as_ref().filter(|answers| is_id(answers)) {
            set(&mut content, "message_reference", json!({"message_id": answers, "fail_if_not_exists": false}));
        }
        let body = super::request::body(message, direct, &content)?;
        let url = format!("{API}/channels/{}/messages", direct.to);
        Ok(Call::Http(call(Method::Post, url, login(setup.credentials)?, Some(body))))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        super::verdict(reply)
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let probe: HttpCall = call(Method::Get, format!("{API}/users/@me"), login(setup.credentials)?, None);
        Ok(Some(Call::Http(probe)))
    }
}

impl Receiving for Discord {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        let refuse = || Error::Unauthenticated;
        // An account that is not in order believes nobody.
        self.check(setup.settings, setup.credentials)?;
        let (own, key) = Settings::read(setup.settings)?;
        let stamp = callback.header("x-signature-timestamp").ok_or_else(refuse)?;
        let signature = callback.header("x-signature-ed25519").and_then(proof::unhex).ok_or_else(refuse)?;
        let verified = proof::ed25519(callback, &key, stamp.as_bytes(), &signature)?;
        let seconds: i64 = stamp.parse().map_err(|_| refuse())?;
        proof::fresh(callback, Time::from_millis(seconds.saturating_mul(1000)), WINDOW)?;
        let named = id(&verified.json(), "/application_id");
        if named.as_ref() == Some(&own.application_id) { Ok(verified) } else { Err(refuse()) }
    }

    fn events(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn inbound(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        interaction::inbound(verified)
    }

    fn answer(&self, verified: &Verified) -> Answer {
        interaction::answer(verified)
    }
}
