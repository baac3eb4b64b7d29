//! The carrier port: what takes a provider call out of the process.

use domain::Account;
use kernel::Clock;
use net::download::Download;
use net::tokens::Asks;
use providers::{Call, Channel, Content, HttpCall, Look, Outgoing, Reply};

use crate::outbox::{Outbox, Way};
use crate::wire::Wire;

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
    /// Carries out the call that sends the message through the account, once, and tells how it ended.
    pub async fn send(&self, account: &Account, message: &Outgoing, call: &Call, clock: &Clock) -> Reply {
        let Content::Direct(direct) = &message.content else { return self.carry(account.channel, call, clock).await };
        match (self, self.wire(account.channel)) {
            (Self::Outbox { outbox, .. }, None) => {
                let way = Way { tag: &message.tag, channel: account.channel, provider: &account.provider, account: account.id };
                outbox.note(call, way, direct, clock).await
            }
            (Self::Wire(_) | Self::Outbox { .. }, _) => self.carry(account.channel, call, clock).await,
        }
    }

    /// Carries the call of that channel out, once, and tells how it ended.
    pub async fn carry(&self, channel: Channel, call: &Call, clock: &Clock) -> Reply {
        match (self, call) {
            (Self::Wire(wire), _) => wire.carry(call, clock).await,
            (Self::Outbox { outbox, .. }, Call::Capture(_) | Call::Look(Look::Outbox)) => outbox.keep(call, clock).await,
            (Self::Outbox { outbox, .. }, _) => match self.wire(channel) {
                Some(wire) => wire.carry(call, clock).await,
                None => outbox.keep(call, clock).await,
            },
        }
    }

    /// Asks for a file that came by that channel. An error says why there is no answer.
    pub async fn download(&self, channel: Channel, call: &HttpCall, clock: &Clock) -> Result<Download, String> {
        match (self.wire(channel), self) {
            (Some(wire), _) => wire.download(call, clock).await,
            (None, Self::Outbox { outbox, .. }) => outbox.give(call, clock).await,
            (None, Self::Wire(_)) => Err("nothing leaves this machine".to_owned()),
        }
    }

    fn wire(&self, channel: Channel) -> Option<&Wire> {
        match self {
            Self::Wire(wire) => Some(wire),
            Self::Outbox { live, .. } => live.as_ref().filter(|live| live.channels.contains(&channel)).map(|live| &live.wire),
        }
    }
}

impl Asks for Carrier {
    async fn token(&self, channel: Channel, call: &HttpCall, clock: &Clock) -> Reply {
        match (self, self.wire(channel)) {
            (_, Some(wire)) | (Self::Wire(wire), None) => wire.token(call, clock).await,
            (Self::Outbox { outbox, .. }, None) => outbox.token(call, clock).await,
        }
    }
}
