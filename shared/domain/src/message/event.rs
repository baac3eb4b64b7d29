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
            EventKind::Sent
            | EventKind::Delayed
            | EventKind::Opened
            | EventKind::Clicked
            | EventKind::Replied
            | EventKind::Unsubscribed => None,
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

impl Entry {
    /// Its place among the events of a message.
    fn place(&self) -> (Time, EventKind, &str, bool, &EventDetail) {
        (self.at, self.kind, &self.id, self.machine, &self.detail)
    }
}

impl Message {
    /// Takes an event in. Answers whether anything changed; repetitions change nothing.
    pub fn tell(&mut self, entry: Entry) -> bool {
        self.evidence = self.evidence.max(Outcome::of(entry.kind));
        let mut events = self.events.clone();
        events.push(entry);
        let events = settled(events);
        let changed = events != self.events;
        self.events = events;
        changed
    }
}

/// The events in their one order: each once, as it was told of the earliest moment, and the earliest few of every kind.
fn settled(mut events: Vec<Entry>) -> Vec<Entry> {
    events.sort_by(|a, b| a.place().cmp(&b.place()));
    let mut kept: Vec<Entry> = Vec::with_capacity(events.len());
    for entry in events {
        let same = |other: &&Entry| other.kind == entry.kind && other.machine == entry.machine;
        let known = kept.iter().any(|other| other.kind == entry.kind && other.id == entry.id);
        if !known && kept.iter().filter(same).count() < KEEP {
            kept.push(entry);
        }
    }
    kept
}

/// Reads events as they were appended, in any order, into their one order.
pub(super) fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Entry>, D::Error> {
    Vec::deserialize(deserializer).map(settled)
}
