//! The carrier port: what takes a provider call out of the process.

use kernel::Time;
use providers::{Call, Reply};

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
    pub async fn carry(&self, call: &Call, now: Time) -> Reply {
        match self {
            Self::Wire(wire) => wire.carry(call).await,
            Self::Outbox { outbox, live } => match (live, call) {
                (Some(wire), Call::Ses(_) | Call::Smtp(_)) => wire.carry(call).await,
                (Some(_) | None, _) => outbox.keep(call, now).await,
            },
        }
    }
}
