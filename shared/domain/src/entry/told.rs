//! What rows tell on timelines: a pure function of each, so that entries can always be made again.

use kernel::ids::UserId;
use providers::EventKind;
use store::Entity;

use super::{AUTOMATIC, Engagement, Entry, Noun, TITLE};
use crate::activity::Direction;
use crate::message::{Outcome, State, cut};
use crate::{Activity, Contact, Deal, Inbound, Message, Task, deal};

/// How many of one kind an entry keeps of what came of a message: further ones change nothing and cost nothing.
const KEEP: usize = 3;

/// A kind of row that timelines tell of.
pub trait Told: Entity {
    /// Its entries, each with the timeline that it is on.
    fn entries(&self) -> Vec<Entry>;
}

/// The word of one of our enums.
fn word<T: serde::Serialize>(of: T) -> Option<String> {
    serde_json::to_value(of).ok()?.as_str().map(str::to_owned)
}

impl Told for Activity {
    fn entries(&self) -> Vec<Entry> {
        let entry = Entry {
            word: word(self.form),
            status: word(self.status),
            title: Some(cut(&self.subject, TITLE)),
            direction: self.direction,
            user: self.assignee.or(self.owner),
            contact: self.contact,
            company: self.company,
            deal: self.deal,
            visibility: self.visibility,
            keeper: self.owner,
            team: self.team,
            ..Entry::new(Noun::Activity, self.id.to_string(), self.at())
        };
        entry.everywhere()
    }
}

impl Told for Message {
    fn entries(&self) -> Vec<Entry> {
        // A rehearsal concerns nobody, and neither does what has not gone anywhere yet.
        let carried = self.carried();
        if self.sandbox || (carried.is_none() && !self.state.is_final() && self.state != State::Unknown) {
            return Vec::new();
        }
        let status = match self.evidence {
            Some(Outcome::Bounced) => Some("bounced".to_owned()),
            Some(Outcome::Complained) => Some("complained".to_owned()),
            Some(Outcome::Failed) => Some("failed".to_owned()),
            // That it was delivered costs no further write: who wants to know expands it.
            Some(Outcome::Delivered) => Some("sent".to_owned()),
            None if carried.is_some() && self.state != State::Bounced => Some("sent".to_owned()),
            None => Some(self.state.as_str().to_owned()),
        };
        let at = carried.map_or(self.state_at, |attempt| attempt.at);
        let entry = Entry {
            status,
            channel: Some(self.channel),
            direction: Some(Direction::Outbound),
            user: self.sender,
            contact: self.to.contact,
            company: self.company,
            deal: self.deal,
            ..Entry::new(Noun::Message, self.id.to_string(), at)
        };
        let engagement = engagement(self);
        let mut entries = entry.everywhere();
        // What people do with it changes the entry of theirs alone.
        if let Some(theirs) = entries.first_mut().filter(|_| self.to.contact.is_some()) {
            theirs.engagement = engagement;
        }
        entries
    }
}

/// What people did with a message, and that it came back, in the order of time.
fn engagement(message: &Message) -> Vec<Engagement> {
    let mut kept: Vec<Engagement> = Vec::new();
    for event in message.events.iter().filter(|event| !event.machine) {
        let of_a_person = match event.kind {
            EventKind::Opened
            | EventKind::Clicked
            | EventKind::Replied
            | EventKind::Unsubscribed
            | EventKind::Bounced
            | EventKind::Complained => true,
            EventKind::Sent | EventKind::Delayed | EventKind::Delivered | EventKind::Rejected | EventKind::RenderingFailed => {
                false
            }
        };
        if of_a_person && kept.iter().filter(|known| known.kind == event.kind).count() < KEEP {
            kept.push(Engagement { kind: event.kind, at: event.at });
        }
    }
    kept
}

impl Told for Inbound {
    fn entries(&self) -> Vec<Entry> {
        let entry = Entry {
            word: self.wish.and_then(word).or_else(|| self.automatic.then(|| AUTOMATIC.to_owned())),
            title: Some(self.preview()).filter(|preview| !preview.is_empty()),
            channel: self.channel,
            direction: Some(Direction::Inbound),
            contact: self.contact,
            company: self.company,
            conversation: Some(self.conversation),
            ..Entry::new(Noun::Message, self.id.to_string(), self.id.made_at())
        };
        entry.everywhere()
    }
}

impl Told for Contact {
    fn entries(&self) -> Vec<Entry> {
        let about = |noun, at| Entry { contact: Some(self.id), ..Entry::new(noun, self.id.to_string(), at) };
        let made = Entry { word: Some("created".to_owned()), ..about(Noun::Contact, self.created_at) };
        let answer = |(key, consent): (&String, &crate::contact::Consent)| Entry {
            word: Some(format!("{}:{key}", if consent.granted { "granted" } else { "withdrawn" })),
            ..about(Noun::Consent, consent.at)
        };
        let answers = self.consents.iter().flat_map(|consent| answer(consent).everywhere());
        made.everywhere().into_iter().chain(answers).collect()
    }
}

impl Told for Deal {
    fn entries(&self) -> Vec<Entry> {
        let told = |word: &str, at| Entry {
            word: Some(word.to_owned()),
            status: Some(self.stage.clone()),
            title: Some(cut(&self.title, TITLE)),
            user: self.owner,
            contact: self.contact_id,
            company: self.company_id,
            deal: Some(self.id),
            ..Entry::new(Noun::Deal, self.id.to_string(), at)
        };
        let bare = |word: &str, at| Entry { status: None, ..told(word, at) };
        let made = bare("created", self.created_at);
        let moved = (self.stage_at > self.created_at).then(|| told("stage_changed", self.stage_at));
        let valued = self.value_at.map(|at| Entry { status: self.worth(), ..told("value_changed", at) });
        let handed = self.owner_at.map(|at| bare("owner_changed", at));
        let reopened = self.reopened_at.map(|at| bare("reopened", at));
        let closed = self.closed_at.and_then(|at| match self.status {
            deal::Status::Won => Some(told("won", at)),
            deal::Status::Lost => Some(told("lost", at)),
            deal::Status::Open => None,
        });
        [Some(made), moved, valued, handed, closed, reopened].into_iter().flatten().flat_map(Entry::everywhere).collect()
    }
}

impl Told for Task {
    fn entries(&self) -> Vec<Entry> {
        let told = |word: &str, at| Entry {
            word: Some(word.to_owned()),
            title: Some(cut(&self.title, TITLE)),
            user: self.assignee.or(self.creator),
            contact: self.contact_id,
            company: self.company_id,
            deal: self.deal_id,
            ..Entry::new(Noun::Task, self.id.to_string(), at)
        };
        // Each time, so that all of it goes with the task.
        let deeds = self.history.iter().filter(|deed| deed.what.is_told()).map(|deed| {
            let given = deed.to.as_deref().and_then(UserId::parse);
            let entry = told(deed.what.as_str(), deed.at);
            Entry { user: given.or(deed.by.user).or(entry.user), ..entry }
        });
        std::iter::once(told("created", self.created_at)).chain(deeds).flat_map(Entry::everywhere).collect()
    }
}
