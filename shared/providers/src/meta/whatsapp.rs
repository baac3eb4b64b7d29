//! WhatsApp, by Meta's Cloud API. Sources: WhatsApp Cloud API reference ("Messages", "Webhooks", "Error codes", "Media").
//!
//! A tenant's numbers share an app and so a secret: an entry about another number than the account's is dropped.

mod hook;
mod request;

use kernel::{Result, Secret};
use serde::Deserialize;
use serde_json::Value;

use super::{Class, Credentials, GRAPH, Speaker, check_id, check_version, generic, is_id, request as graph};
use crate::call::leads_to;
use crate::settings::settings;
use crate::{
    Answer, Body, Call, Callback, Channel, Event, FileSource, HttpCall, Inbound, Login, Method, Outgoing, Provider, Receiving,
    Reply, Sending, Setup, Verdict, Verified,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Whatsapp;

/// Hosts that give files for the account's token.
const FILE_HOSTS: [&str; 2] = ["lookaside.fbsbx.com", "mmg.whatsapp.net"];
/// Seconds to wait when recipients' complaints have slowed the number down.
const SPAM_WAIT: u32 = 3600;

/// What an account sets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Id of the number that sends; not the number itself.
    phone_number_id: String,
    /// Version of the Graph API, such as `v23.0`.
    #[serde(default)]
    version: Option<String>,
}

impl Settings {
    fn read(value: &Value) -> Result<Self> {
        let given: Self = settings(value)?;
        check_id(&given.phone_number_id, "/settings/phone_number_id")?;
        check_version(given.version.as_deref())?;
        Ok(given)
    }

    fn speaker(&self) -> Speaker<'_> {
        Speaker { host: GRAPH, version: self.version.as_deref(), id: &self.phone_number_id }
    }
}

impl Provider for Whatsapp {
    fn id(&self) -> &'static str {
        "whatsapp"
    }

    fn channel(&self) -> Channel {
        Channel::Whatsapp
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        Settings::read(settings)?;
        Credentials::read(credentials).map(|_| ())
    }
}

impl Sending for Whatsapp {
    /// Meta knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = Settings::read(setup.settings)?;
        settings.speaker().say(&request::body(message, message.direct()?)?, setup)
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        super::verdict(reply, refusal)
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        Settings::read(setup.settings)?.speaker().look(setup).map(Some)
    }

    /// A file is fetched in two steps: its id gives JSON whose `url` lives for five minutes, and that address gives the bytes.
    /// Both want the token.
    fn file(&self, source: &FileSource, setup: &Setup<'_>) -> Result<Option<HttpCall>> {
        let given = Credentials::read(setup.credentials)?;
        Ok(match source {
            FileSource::Id(id) if is_id(id) => {
                let settings = Settings::read(setup.settings)?;
                Some(graph(Method::Get, GRAPH, settings.version.as_deref(), id, given, Body::default()))
            }
            FileSource::Url(address) if leads_to(address, &FILE_HOSTS) => {
                Some(HttpCall::question(Secret::new(address.as_str()), Login::Bearer(given.access_token)))
            }
            FileSource::Id(_) | FileSource::Url(_) | FileSource::Bytes(_) => None,
        })
    }
}

impl Receiving for Whatsapp {
    fn handshake(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Option<Answer>> {
        super::handshake(callback, setup.credentials)
    }

    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        super::verify(callback, setup.credentials)
    }

    fn events(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Event> {
        Settings::read(setup.settings).map_or_else(|_| Vec::new(), |own| hook::events(verified, &own.phone_number_id))
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        Settings::read(setup.settings).map_or_else(|_| Vec::new(), |own| hook::inbound(verified, &own.phone_number_id))
    }
}

/// The error table.
fn class(code: i64, _subcode: i64) -> Option<Class> {
    Some(match code {
        // Too much to this one recipient (131056) says nothing about the rest of what the account sends.
        131_000 | 131_016 | 131_056 | 131_057 | 133_004 | 135_000 => Class::Passing,
        130_429 | 131_064 | 132_069 | 133_016 => Class::Limit(None),
        131_048 => Class::Limit(Some(SPAM_WAIT)),
        0 | 3 | 131_005 | 131_030 | 131_031 | 131_037 | 131_042 | 131_045 | 133_010 => Class::Account,
        130_472 | 130_497 | 131_026 | 131_049 | 131_050 => Class::Recipient,
        33 | 131_008 | 131_009 | 131_021 | 131_047 | 131_051..=131_053 => Class::Content,
        132_000 | 132_001 | 132_005 | 132_007 | 132_008 | 132_012 | 132_015 | 132_016 | 132_068 => Class::Content,
        _ => return generic(code),
    })
}

/// What a refusal is about: a code that is in no table is about the request.
fn refusal(code: i64, subcode: i64) -> Option<Class> {
    class(code, subcode).or(Some(Class::Content))
}
