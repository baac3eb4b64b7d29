//! Facebook Messenger. Sources: Messenger Platform reference ("Send API", "Error codes", "Webhooks").

use kernel::Result;
use serde::Deserialize;
use serde_json::Value;

use super::messaging::{self, Own};
use super::{Credentials, GRAPH, Speaker, check_id, check_version};
use crate::settings::settings;
use crate::{
    Answer, Call, Callback, Channel, Event, Inbound, Outgoing, Provider, Receiving, Reply, Sending, Setup, Verdict, Verified,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Messenger;

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The page that speaks.
    page_id: String,
    /// Whether people answer here: their answers may come up to seven days after the recipient's last message. Meta allows this
    /// to apps that it has approved for it.
    #[serde(default)]
    human_agent: bool,
    /// Version of the Graph API, such as `v23.0`.
    #[serde(default)]
    version: Option<String>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings(value)?;
        check_id(&given.page_id, "/settings/page_id")?;
        check_version(given.version.as_deref())?;
        Ok(given)
    }

    fn speaker(&self) -> Speaker<'_> {
        Speaker { host: GRAPH, version: self.version.as_deref(), id: &self.page_id }
    }
}

impl Provider for Messenger {
    fn id(&self) -> &'static str {
        "messenger"
    }

    fn channel(&self) -> Channel {
        Channel::Messenger
    }

    fn window_hours(&self, settings: &Value) -> Option<u16> {
        let human = Settings::read(settings).is_ok_and(|settings| settings.human_agent);
        if human { Some(messaging::HUMAN_HOURS) } else { self.channel().capabilities().window_hours }
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        Credentials::read(credentials).map(|_| ())
    }
}

impl Sending for Messenger {
    /// Meta knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        settings.speaker().say(&messaging::body(message, settings.human_agent)?, setup)
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        super::verdict(reply, messaging::class)
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        Settings::read(setup.settings)?.speaker().look(setup).map(Some)
    }
}

impl Receiving for Messenger {
    fn handshake(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Option<Answer>> {
        super::handshake(callback, setup.credentials)
    }

    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        super::verify(callback, setup.credentials)
    }

    fn events(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Event> {
        let settings = Settings::read(setup.settings);
        settings.map_or_else(|_| Vec::new(), |own| Own { object: "page", id: &own.page_id }.events(verified))
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        let settings = Settings::read(setup.settings);
        settings.map_or_else(|_| Vec::new(), |own| Own { object: "page", id: &own.page_id }.inbound(verified))
    }
}
