//! Accounts: a tenant's configured connections to providers, in the order they are tried.

use kernel::error::Faults;
use kernel::ids::{AccountId, ErrandId, TenantId};
use kernel::{Error, Keys, Result, Time};
use providers::{Mailbox, Reads};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::message::cut;
use crate::{Channel, Terms};

/// How many outages are kept that are over.
const OUTAGES: usize = 20;
/// Most bytes of what is kept of the words about each.
const NOTE: usize = 120;

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
    /// The latest look at whether it is in order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<Check>,
    /// A consent that somebody was sent away to give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asking: Option<Asking>,
    /// Whether its provider calls back, where it could be told to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registration: Option<Registration>,
    /// Outages that are over, oldest first: the latest few.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<PastOutage>,
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

/// A look at whether an account is in order, or what came of a consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The errand that finds out.
    pub errand: ErrandId,
    /// How far it is.
    pub state: Checked,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// The provider's words, or ours, when it did not pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What came of a look at an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Checked {
    /// Nothing yet.
    Pending,
    /// It is in order.
    Passed,
    /// It is not, or its provider could not be asked.
    Failed,
    /// Its provider cannot be asked anything without sending something.
    Impossible,
}

impl Check {
    /// One that was asked for.
    pub const fn pending(errand: ErrandId) -> Self {
        Self { errand, state: Checked::Pending, at: None, note: None }
    }

    /// Whether it is still to be found out by that errand.
    pub fn is_pending_for(&self, errand: ErrandId) -> bool {
        self.errand == errand && self.state == Checked::Pending
    }
}

/// A consent that somebody was sent away to give.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// The name of the one ticket that is good for it.
    pub ticket: String,
    /// The address that the person comes back to.
    pub redirect: String,
}

/// Whether an account's provider calls back at the account's address, as it said when it was told to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Whether it does.
    pub here: bool,
    /// When it said so.
    pub at: Time,
    /// What it says against that, or what went wrong when it called back last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// An outage that is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastOutage {
    /// What it was.
    pub outage: Outage,
    /// When it ended.
    pub ended_at: Time,
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
            None if self.channel == Channel::Email && self.sends() => {
                faults.add("/from", "required", "an account for email has a sender");
            }
            Some(_) if !self.sends() => faults.add("/from", "provider", "nothing is sent through this provider"),
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

    /// The provider, as far as an account is made of it.
    pub fn provider(&self) -> Result<&'static dyn providers::Provider> {
        providers::find(&self.provider).ok_or_else(|| Error::internal(format!("no provider {}", self.provider)))
    }

    /// The provider to send through; accounts of one that is gone cannot send.
    pub fn sending(&self) -> Result<&'static dyn providers::Sending> {
        providers::sending(&self.provider).ok_or_else(|| Error::internal(format!("no provider {}", self.provider)))
    }

    /// Whether messages go out through it. An unknown provider is found fault with elsewhere.
    pub fn sends(&self) -> bool {
        self.provider().map_or(true, |provider| provider.sends())
    }

    /// Whether its mailbox is read, and how often.
    pub fn reads(&self) -> Option<Reads> {
        self.provider().ok().filter(|_| self.enabled)?.reads(&self.settings)
    }

    /// Notes what a check came to. What works is in use again.
    pub fn checked(&mut self, check: Check, now: Time) {
        if check.state == Checked::Passed {
            self.recover(now);
        }
        self.check = Some(check);
    }

    /// Hours after the recipient's last message in which it takes free text; none for always.
    pub fn window_hours(&self) -> Option<u16> {
        self.provider().ok()?.window_hours(&self.settings)
    }

    /// Whether it works.
    pub fn health(&self) -> Health {
        match self.outage.as_ref().map(|outage| outage.cause) {
            None => Health::Working,
            Some(Cause::Silent) => Health::Silent,
            Some(Cause::Refused) => Health::Refused,
        }
    }

    /// The outages that are over once the present one, if there is one, ends now. Their notes are cut, so that the row stays small.
    pub fn outages_after(&self, now: Time) -> Vec<PastOutage> {
        let ending = self
            .outage
            .iter()
            .map(|outage| PastOutage { outage: Outage { note: cut(&outage.note, NOTE), ..outage.clone() }, ended_at: now });
        let mut all: Vec<PastOutage> = self.outages.iter().cloned().chain(ending).collect();
        all.drain(..all.len().saturating_sub(OUTAGES));
        all
    }

    /// Ends the present outage, if there is one.
    pub fn recover(&mut self, now: Time) {
        self.outages = self.outages_after(now);
        (self.outage, self.probe_at) = (None, None);
    }

    /// Somebody changed it: what was wrong may be right, and what was found out may not hold any more.
    pub fn mend(&mut self, now: Time) {
        self.recover(now);
        (self.check, self.registration) = (None, None);
    }

    /// Where the provider calls back, below the deployment's own address.
    pub fn callback(&self, origin: &str) -> String {
        format!("{origin}/hooks/{}/{}", self.provider, self.route)
    }

    /// What the keys of all mail begin with that its provider puts into our bucket.
    pub fn deposits(&self, tenant: TenantId) -> String {
        format!("mail/{}/{}/", tenant.hex(), self.id.hex())
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
