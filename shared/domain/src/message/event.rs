//! The provider's and the recipient's side of a message: a set of events that grows in any order and converges to one state.
//!
//! The set is a semilattice: events are told apart by kind and id, and of every kind only the earliest few are kept, so any
//! order and any repetition ends in the same set. The outcome is the highest-ranked kind in it.

use kernel::{Keys, Time};
use providers::{EventDetail, EventKind};
use serde::{Deserialize, Serialize};

use super::Message;

/// How many events of one kind are kept.
const KEEP: usize = 12;

/// One event, as the row keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What happened.
    #[serde(rename = "k")]
    pub kind: EventKind,
    /// When, by the provider's clock.
    #[serde(rename = "t")]
    pub at: Time,
    /// Digest of the provider's event id.
    #[serde(rename = "i")]
    pub id: String,
    /// Done by a program: a mail proxy's prefetch, a link scanner.
    #[serde(rename = "m", default, skip_serializing_if = "std::ops::Not::not")]
    pub machine: bool,
    /// Further facts.
    #[serde(rename = "d", default, skip_serializing_if = "is_empty")]
    pub detail: EventDetail,
}

fn is_empty(detail: &EventDetail) -> bool {
    detail == &EventDetail::default()
}

/// How a message ended on the provider's side, by rank: a later rank absorbs an earlier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The recipient's server took it.
    Delivered,
    /// The provider dropped it after taking it.
    Failed,
    /// It came back.
    Bounced,
    /// The recipient called it spam.
    Complained,
}

impl Outcome {
    /// The outcome that an event of that kind speaks for.
    pub const fn of(kind: EventKind) -> Option<Self> {
        match kind {
            EventKind::Delivered => Some(Self::Delivered),
            EventKind::Rejected | EventKind::RenderingFailed => Some(Self::Failed),
            EventKind::Bounced => Some(Self::Bounced),
            EventKind::Complained => Some(Self::Complained),
            EventKind::Sent | EventKind::Delayed | EventKind::Opened | EventKind::Clicked | EventKind::Unsubscribed => None,
        }
    }

    /// Its place in the order, from 1.
    pub const fn rank(self) -> i64 {
        match self {
            Self::Delivered => 1,
            Self::Failed => 2,
            Self::Bounced => 3,
            Self::Complained => 4,
        }
    }

    /// The word in rows.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Failed => "failed",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
        }
    }
}

impl Entry {
    /// The entry for a provider's event.
    pub fn of(keys: &Keys, event: &providers::Event) -> Self {
        let mac = keys.digest.sign(format!("event\0{}", event.id).as_bytes());
        let detail = EventDetail {
            text: event.detail.text.as_deref().map(|text| super::cut(text, 160)),
            agent: event.detail.agent.as_deref().map(|agent| super::cut(agent, 120)),
            url: event.detail.url.as_deref().map(|url| super::cut(url, 200)),
            ..event.detail.clone()
        };
        let machine = matches!(event.kind, EventKind::Opened | EventKind::Clicked)
            && crate::message::mark::is_machine(event.detail.agent.as_deref().unwrap_or_default());
        Self { kind: event.kind, at: event.at, id: kernel::crypto::encode(mac.get(..9).unwrap_or(&mac)), machine, detail }
    }
}

impl Message {
    /// Whether the event is known already.
    pub fn knows(&self, entry: &Entry) -> bool {
        self.events.iter().any(|known| known.kind == entry.kind && known.id == entry.id)
    }

    /// Takes an event in. Answers whether anything changed; repetitions change nothing.
    pub fn tell(&mut self, entry: Entry) -> bool {
        if self.knows(&entry) {
            return false;
        }
        let before = self.events.clone();
        self.evidence = self.evidence.max(Outcome::of(entry.kind));
        self.events.push(entry);
        self.settle();
        self.events != before
    }

    /// Puts the events into their one order and keeps the earliest of every kind.
    pub fn settle(&mut self) {
        self.events.sort_by(|a, b| (a.at, a.kind, &a.id).cmp(&(b.at, b.kind, &b.id)));
        self.events.dedup_by(|a, b| a.kind == b.kind && a.id == b.id);
        let mut kept: Vec<Entry> = Vec::with_capacity(self.events.len());
        for entry in self.events.drain(..) {
            let same = kept.iter().filter(|other| other.kind == entry.kind && other.machine == entry.machine).count();
            if same < KEEP {
                kept.push(entry);
            }
        }
        self.events = kept;
    }
}
