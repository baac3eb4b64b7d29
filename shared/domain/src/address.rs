//! Addresses: whose each one is, and whether it may be written to. One row per address, so an address belongs to one contact at
//! most and inbound traffic finds its contact by one read. A telephone number is one address for all channels that reach it;
//! what must not be sent to it is told by channel.

use std::collections::BTreeMap;

use kernel::ids::{AccountId, ContactId, SuppressionId};
use kernel::{Email, Error, Keys, Phone, Result, Time};
use providers::Wish;
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::Channel;
use crate::suppression::Reason;

/// See the module's words. The row is found by a keyed digest, so that it can outlive the person it named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Among which addresses it is unique.
    pub space: String,
    /// Keyed digest of the address's key form.
    pub digest: String,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// Why it must not be written to, by channel.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    suppressed: BTreeMap<String, Suppressed>,
    /// When somebody last wrote from it, by the account that they wrote to: on channels with a window only, and only as long as
    /// one may be open.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    wrote: BTreeMap<String, Time>,
    /// When a wish was confirmed last, by channel and wish.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    confirmed: BTreeMap<String, Time>,
}

/// A suppression as the address knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suppressed {
    /// Why.
    pub reason: Reason,
    /// The entry that lists show.
    pub id: SuppressionId,
}

/// The longest window that any channel has.
const WINDOW_MILLIS: i64 = 7 * 24 * 3600 * 1000;
/// A wish is confirmed once in this time, so that two machines do not talk to each other for ever.
const CONFIRMED_MILLIS: i64 = 24 * 3600 * 1000;

/// Longest address of a channel that has a form of its own, such as a push subscription.
const LONGEST: usize = 2048;

/// Among which addresses those of a channel are unique.
pub const fn space(channel: Channel) -> &'static str {
    if channel.by_phone() { "phone" } else { channel.as_str() }
}

/// An address in the form that is shown and sent to.
pub fn parse(channel: Channel, text: &str) -> Result<String> {
    match channel {
        Channel::Email => Ok(Email::parse(text)?.to_string()),
        Channel::Sms | Channel::Whatsapp | Channel::Voice => Ok(Phone::parse(text)?.to_string()),
        Channel::Telegram
        | Channel::Messenger
        | Channel::Instagram
        | Channel::Discord
        | Channel::Slack
        | Channel::Teams
        | Channel::Push
        | Channel::Webhook => {
            let text = text.trim();
            let sound = !text.is_empty() && text.len() <= LONGEST && !text.contains(char::is_control);
            if sound {
                return Ok(text.to_owned());
            }
            Err(Error::invalid(
                "",
                "address",
                format!("an address for {} of at most {LONGEST} bytes is needed", channel.as_str()),
            ))
        }
    }
}

/// An address in the form that it is found by. A telephone number must be in E.164 already, see [`Phone::kept`].
pub fn key(channel: Channel, text: &str) -> Result<String> {
    if channel == Channel::Email {
        return Ok(Email::parse(text)?.key());
    }
    if channel.by_phone() { Ok(Phone::kept(text)?.to_string()) } else { parse(channel, text) }
}

/// Digest of an address. `key` is its key form, see [`key`].
pub fn digest(keys: &Keys, channel: Channel, key: &str) -> String {
    let mac = keys.digest.sign(format!("address\0{}\0{key}", space(channel)).as_bytes());
    kernel::crypto::encode(mac.get(..18).unwrap_or(&mac))
}

impl Address {
    /// Where the row of that address is.
    pub fn at(keys: &Keys, channel: Channel, key: &str) -> Locator {
        Locator::Natural(format!("{}:{}", space(channel), digest(keys, channel, key)))
    }

    /// A row for an address that nothing is known of.
    pub fn unknown(keys: &Keys, channel: Channel, key: &str) -> Self {
        let digest = digest(keys, channel, key);
        let space = space(channel).to_owned();
        Self { space, digest, contact: None, suppressed: BTreeMap::new(), wrote: BTreeMap::new(), confirmed: BTreeMap::new() }
    }

    /// Why it must not be written to by that channel.
    pub fn suppressed(&self, channel: Channel) -> Option<Suppressed> {
        self.suppressed.get(channel.as_str()).copied()
    }

    /// Every channel that it must not be written to by, and why.
    pub fn suppressions(&self) -> impl Iterator<Item = (Channel, Suppressed)> {
        self.suppressed.iter().filter_map(|(word, standing)| Some((Channel::parse(word)?, *standing)))
    }

    /// Notes or lifts a suppression.
    pub fn suppress(&mut self, channel: Channel, suppressed: Option<Suppressed>) {
        match suppressed {
            Some(suppressed) => drop(self.suppressed.insert(channel.as_str().to_owned(), suppressed)),
            None => drop(self.suppressed.remove(channel.as_str())),
        }
    }

    /// When somebody last wrote from it to that account, as far as a window may still be open.
    pub fn wrote_to(&self, account: AccountId) -> Option<Time> {
        self.wrote.get(&account.to_string()).copied()
    }

    /// Notes that somebody wrote from it to that account at that moment, and forgets what opens no window any more.
    pub fn hear(&mut self, account: AccountId, at: Time, now: Time) {
        let last = self.wrote_to(account).map_or(at, |last| last.max(at));
        self.wrote.insert(account.to_string(), last);
        self.wrote.retain(|_, wrote| now.since(*wrote) < WINDOW_MILLIS);
    }

    /// Notes that a wish is confirmed now; false when one like it was confirmed within a day.
    pub fn confirm(&mut self, channel: Channel, wish: Wish, now: Time) -> bool {
        let word = format!("{}:{}", channel.as_str(), wish.as_str());
        if self.confirmed.get(&word).is_some_and(|at| now.since(*at) < CONFIRMED_MILLIS) {
            return false;
        }
        self.confirmed.insert(word, now);
        true
    }

    /// Whether nothing stands on it that outlives the contact it belonged to.
    pub fn is_idle(&self) -> bool {
        self.contact.is_none() && self.suppressed.is_empty()
    }
}

impl Entity for Address {
    const ROW: Row = schema::ADDRESS;

    fn locator(&self) -> Locator {
        Locator::Natural(format!("{}:{}", self.space, self.digest))
    }
}
