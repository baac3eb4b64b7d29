//! The carrier port: what takes a provider call out of the process.

use kernel::Clock;
use providers::{Call, HttpCall, Reply};

use crate::outbox::Outbox;
use crate::wire::Wire;

/// The way to providers. A closed enum, dispatched statically.
#[derive(Debug)]
pub enum Carrier {
    /// The network.
    Wire(Wire),
    /// Kept on this machine; what `live` names goes out all the same.
    Outbox {
        /// Where messages are kept.
        outbox: Outbox,
        /// The network, when email is to leave the machine.
        live: Option<Wire>,
    },
}

impl Carrier {
    /// Carries the call out, once, and tells how it ended.
    pub async fn carry(&self, call: &Call, clock: &Clock) -> Reply {
        match self {
            Self::Wire(wire) => wire.carry(call, clock).await,
            Self::Outbox { outbox, live } => match (live, call) {
                (Some(wire), Call::Ses(_) | Call::Smtp(_) | Call::Http(_)) => wire.carry(call, clock).await,
                (Some(_) | None, _) => outbox.keep(call, clock.now()).await,
            },
        }
    }

    /// Asks a provider for an access token. An outbox without a network has nobody to ask.
    pub async fn token(&self, call: &HttpCall, clock: &Clock) -> Reply {
        match self {
            Self::Wire(wire) | Self::Outbox { live: Some(wire), .. } => wire.token(call, clock).await,
            Self::Outbox { live: None, .. } => {
                Reply::Unreached { text: "nothing leaves this machine, so nobody can be asked for a token".to_owned() }
            }
        }
    }
}
