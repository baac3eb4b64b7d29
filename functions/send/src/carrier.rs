//! The carrier port: what takes a provider call out of the process.

use kernel::Clock;
use providers::{Call, Channel, HttpCall, Reply};

use crate::outbox::Outbox;
use crate::wire::Wire;
use crate::wire::download::Download;

/// The way to providers. A closed enum, dispatched statically.
#[derive(Debug)]
pub enum Carrier {
    /// The network.
    Wire(Wire),
    /// Kept on this machine; what is live goes out all the same.
    Outbox {
        /// Where messages are kept.
        outbox: Outbox,
        /// What really leaves the machine, if anything.
        live: Option<Live>,
    },
}

/// The network for some channels.
#[derive(Debug)]
pub struct Live {
    /// The network.
    pub wire: Wire,
    /// Which channels use it.
    pub channels: Vec<Channel>,
}

impl Carrier {
    /// Carries the call of that channel out, once, and tells how it ended.
    pub async fn carry(&self, channel: Channel, call: &Call, clock: &Clock) -> Reply {
        match (self, call) {
            (Self::Wire(wire), _) => wire.carry(call, clock).await,
            (Self::Outbox { outbox, .. }, Call::Capture(_)) => outbox.keep(call, clock.now()).await,
            (Self::Outbox { outbox, .. }, _) => match self.wire(channel) {
                Some(wire) => wire.carry(call, clock).await,
                None => outbox.keep(call, clock.now()).await,
            },
        }
    }

    /// Asks for a file that came by that channel. An error says why there is no answer.
    pub async fn download(&self, channel: Channel, call: &HttpCall, clock: &Clock) -> Result<Download, String> {
        match (self.wire(channel), self) {
            (Some(wire), _) => wire.download(call, clock).await,
            (None, Self::Outbox { outbox, .. }) => outbox.give(call, clock.now()).await,
            (None, Self::Wire(_)) => Err("nothing leaves this machine".to_owned()),
        }
    }

    /// Asks a provider of that channel for an access token. An outbox without a network has nobody to ask.
    pub async fn token(&self, channel: Channel, call: &HttpCall, clock: &Clock) -> Reply {
        match self.wire(channel) {
            Some(wire) => wire.token(call, clock).await,
            None => Reply::Unreached { text: "nothing leaves this machine, so nobody can be asked for a token".to_owned() },
        }
    }

    fn wire(&self, channel: Channel) -> Option<&Wire> {
        match self {
            Self::Wire(wire) => Some(wire),
            Self::Outbox { live, .. } => live.as_ref().filter(|live| live.channels.contains(&channel)).map(|live| &live.wire),
        }
    }
}
