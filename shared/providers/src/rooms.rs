//! Accounts that post into rooms, each by a secret address of its own: whoever knows the address may post.

use std::collections::BTreeMap;

use kernel::{Error, Result, Secret};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::settings::{self, fault};

/// Most rooms of one account.
const ROOMS: usize = 100;
/// Most bytes of a room's name.
const NAME: usize = 200;
/// Most bytes of an address.
const ADDRESS: usize = 2048;

/// What such an account keeps secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rooms {
    /// The secret address of each room, by the room's name: what messages are addressed to.
    rooms: BTreeMap<String, Secret>,
}

impl Rooms {
    /// Reads the credentials. `address` makes the address to post to of one that was given, and refuses those that are not the
    /// provider's own.
    pub(crate) fn read(value: &Value, name: fn(&str) -> bool, address: fn(&Url) -> Option<String>) -> Result<Self> {
        let given: Self = settings::credentials(value)?;
        if given.rooms.is_empty() || given.rooms.len() > ROOMS {
            return Err(fault("/credentials/rooms", "1 to 100 rooms are needed"));
        }
        let mut rooms = BTreeMap::new();
        for (room, secret) in given.rooms {
            let pointer = format!("/credentials/rooms/{}", room.replace('~', "~0").replace('/', "~1"));
            if room.is_empty() || room.len() > NAME || room.contains(char::is_control) || !name(&room) {
                return Err(fault("/credentials/rooms", "the name of a room is not of the provider's form"));
            }
            let text = secret.reveal();
            let plain = text.len() <= ADDRESS && text.bytes().all(|byte| byte.is_ascii_graphic());
            let url = Some(text).filter(|_| plain).and_then(|text| Url::parse(text).ok());
            let own = url.filter(|url| url.scheme() == "https" && url.username().is_empty() && url.password().is_none());
            let Some(own) = own.as_ref().and_then(address) else {
                return Err(fault(&pointer, "this is no such address of the provider's"));
            };
            rooms.insert(room, Secret::new(own));
        }
        Ok(Self { rooms })
    }

    /// The address of the room that a message is for.
    pub(crate) fn of(&self, to: &str) -> Result<&Secret> {
        self.rooms.get(to).ok_or_else(|| Error::invalid("/to", "unknown", "this account has no such room"))
    }

    /// The address of the first room, by its name.
    pub(crate) fn first(&self) -> Option<&Secret> {
        self.rooms.values().next()
    }
}
