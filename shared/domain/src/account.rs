//! Accounts: a tenant's configured connections to providers, in the order they are tried.

use kernel::error::Faults;
use kernel::ids::AccountId;
use kernel::{Error, Keys, Result, Time};
use providers::Mailbox;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::{Channel, Terms};

/// A connection to a provider.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Name for people.
    pub name: String,
    /// The medium.
    pub channel: Channel,
    /// The provider's id.
    pub provider: String,
    /// Who its emails are from. On other channels the settings say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Mailbox>,
    /// Settings that are no secret, in the provider's own words.
    #[serde(with = "crate::as_json")]
    pub settings: Value,
    /// Credentials, sealed under the tenant's data key. Never shown.
    pub credentials: String,
    /// Lower is tried earlier.
    pub priority: u16,
    /// How much it takes, how fast, and at which price.
    #[serde(default)]
    pub terms: Terms,
    /// Whether it is used.
    pub enabled: bool,
    /// What to do when nobody knows whether a message was sent.
    pub on_unknown: OnUnknown,
    /// Unguessable part of the address that the provider calls back, for those who set the provider up.
    pub route: String,
    /// Why it is not used at present.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<Outage>,
    /// During an outage: when one message may try it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe_at: Option<Time>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// Why an account is not used although it is switched on. It is tried by one message at a time until it works again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outage {
    /// Since when.
    pub since: Time,
    /// What is wrong.
    pub cause: Cause,
    /// The provider's words, or what the network did.
    pub note: String,
}

/// What is wrong with an account that is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its provider does not answer, or says that it cannot work.
    Silent,
    /// Its provider refuses it: credentials, quota, verification.
    Refused,
}

/// Whether an account works, as one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As far as is known.
    Working,
    /// See [`Cause::Silent`].
    Silent,
    /// See [`Cause::Refused`].
    Refused,
}

impl Cause {
    /// Seconds between the messages that try it.
    pub const fn pause(self) -> i64 {
        match self {
            Self::Silent => 10,
            Self::Refused => 300,
        }
    }
}

/// What to do when the answer to a send was lost and no event told within five minutes what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnUnknown {
    /// Leave it to a person: at most once.
    #[default]
    Hold,
    /// Send it one more time: at least once, at most twice.
    Resend,
}

impl Account {
    /// Checks name, provider, settings and the credentials, which are still in the clear here.
    pub fn check(&self, credentials: &Value) -> Result<()> {
        let mut faults = Faults::default();
        faults.take("/name", crate::name::title(&self.name));
        faults.take("", self.terms.check(self.channel));
        match &self.from {
            None if self.channel == Channel::Email => faults.add("/from", "required", "an account for email has a sender"),
            Some(_) if self.channel != Channel::Email => {
                faults.add("/from", "channel", "only email has such a sender; on other channels the settings say it");
            }
            Some(Mailbox { name: Some(name), .. }) => {
                faults.take("/from/name", crate::name::title(name));
            }
            Some(_) | None => {}
        }
        match providers::find(&self.provider) {
            None => faults.add("/provider", "provider", format!("one of {}", known())),
            Some(provider) if provider.channel() != self.channel => {
                faults.add("/channel", "channel", format!("{} carries {}", self.provider, provider.channel().as_str()));
            }
            Some(provider) => {
                faults.take("", provider.check(&self.settings, credentials));
            }
        }
        faults.check()
    }

    /// The provider; accounts of a provider that is gone cannot send.
    pub fn provider(&self) -> Result<&'static dyn providers::Provider> {
        providers::find(&self.provider).ok_or_else(|| Error::internal(format!("no provider {}", self.provider)))
    }

    /// Whether it works.
    pub fn health(&self) -> Health {
        match self.outage.as_ref().map(|outage| outage.cause) {
            None => Health::Working,
            Some(Cause::Silent) => Health::Silent,
            Some(Cause::Refused) => Health::Refused,
        }
    }

    /// Where the provider calls back, below the deployment's own address.
    pub fn callback(&self, origin: &str) -> String {
        format!("{origin}/hooks/{}/{}", self.provider, self.route)
    }

    /// Digest by which its callback address is found.
    pub fn route_digest(keys: &Keys, route: &str) -> String {
        let mac = keys.credential.sign(format!("route\0{route}").as_bytes());
        kernel::crypto::encode(mac.get(..24).unwrap_or(&mac))
    }
}

fn known() -> String {
    providers::PROVIDERS.iter().map(|provider| provider.id()).collect::<Vec<_>>().join(", ")
}

impl Entity for Account {
    const ROW: Row = schema::ACCOUNT;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}
