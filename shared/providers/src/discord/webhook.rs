//! Discord, by the webhooks of channels: a message is addressed to a channel by its id, and the account knows the webhook's
//! address. Nothing is ever heard back. A webhook answers no message, so [`crate::Direct::answers`] does not go along.

use kernel::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{API, is_id, request};
use crate::json::set;
use crate::rooms::Rooms;
use crate::settings::{self, fault};
use crate::{
    Button, Call, Callback, Channel, Event, Inbound, Login, Method, Outgoing, Provider, Receiving, Reply, Sending, Setup,
    Verdict, Verified,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct DiscordWebhook;

/// Hosts that addresses of webhooks are shown with.
const HOSTS: [&str; 4] = ["discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com"];

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The name that messages are shown under, when it is not the webhook's own.
    #[serde(default)]
    username: Option<String>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings::settings(value)?;
        let sound = |name: &String| (1..=80).contains(&name.chars().count()) && !name.contains(char::is_control);
        if given.username.as_ref().is_none_or(sound) {
            return Ok(given);
        }
        Err(fault("/settings/username", "1 to 80 characters are needed"))
    }
}

/// The webhooks by the ids of their channels.
fn rooms(credentials: &Value) -> Result<Rooms> {
    Rooms::read(credentials, is_id, address)
}

/// The address in the version of the API that is spoken here.
fn address(url: &Url) -> Option<String> {
    let host = url.host_str().filter(|host| HOSTS.contains(host)).filter(|_| url.port().is_none());
    let mut path: Vec<_> = host.and_then(|_| url.path_segments())?.collect();
    let plain = |token: &str| {
        (1..=200).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    path.retain(|part| !is_version(part));
    match path.as_slice() {
        ["api", "webhooks", id, token] if is_id(id) && plain(token) => Some(format!("{API}/webhooks/{id}/{token}")),
        _ => None,
    }
}

fn is_version(part: &str) -> bool {
    part.strip_prefix('v').is_some_and(|number| (1..=2).contains(&number.len()) && is_id(number))
}

impl Provider for DiscordWebhook {
    fn id(&self) -> &'static str {
        "discord_webhook"
    }

    fn channel(&self) -> Channel {
        Channel::Discord
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        rooms(credentials).map(|_| ())
    }
}

impl Sending for DiscordWebhook {
    /// A webhook knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let direct = message.direct()?;
        if let Some(number) = direct.buttons.iter().position(|button| matches!(button, Button::Reply { .. })) {
            let pointer = format!("/buttons/{number}");
            return Err(Error::invalid(pointer, "unsupported", "a webhook has nobody who hears of a pressed button"));
        }
        let mut content = super::request::content(direct)?;
        if let Some(name) = Settings::read(setup.settings)?.username {
            set(&mut content, "username", json!(name));
        }
        let body = super::request::body(message, direct, &content)?;
        let rooms = rooms(setup.credentials)?;
        let more = if direct.buttons.is_empty() { "" } else { "&with_components=true" };
        let url = format!("{}?wait=true{more}", rooms.of(&direct.to)?.reveal());
        Ok(Call::Http(request(Method::Post, url, Login::None, Some(body))))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        super::verdict(reply)
    }

    /// Asks about one webhook of the account's.
    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let rooms = rooms(setup.credentials)?;
        let probe = |url: &kernel::Secret| Call::Http(request(Method::Get, url.reveal().to_owned(), Login::None, None));
        Ok(rooms.first().map(probe))
    }
}

impl Receiving for DiscordWebhook {
    /// Nothing is ever posted by one.
    fn verify(&self, _callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Verified> {
        Err(Error::Unauthenticated)
    }

    fn events(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }
}
