//! Runs: one time that a rule was carried out for one event, with what its conditions saw and what each action made. Its id follows
//! from rule and event, so that there is one run of them, however often the event is told.

use kernel::ids::{RuleId, RunId};
use kernel::{Clock, Ids, Keys, Time};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::event::Occurrence;
use crate::message::cut;
use crate::rule::{Action, Finding, Log};

/// Days that a run is kept.
const KEPT_DAYS: i64 = 90;
/// Days that one is kept whose conditions did not hold.
const UNMATCHED_DAYS: i64 = 7;
/// How often an action is tried that fails for a reason that may pass.
pub const TRIES: u32 = 5;
/// Longest reason.
const WHY: usize = 300;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// The rule.
    pub rule: RuleId,
    /// How the rule was called then.
    pub name: String,
    /// The event, without the data of one that has a row of its own.
    pub event: Occurrence,
    /// How far it is.
    pub state: State,
    /// Since when.
    pub state_at: Time,
    /// Number of the state. A job for another number is void.
    pub state_seq: u64,
    /// Until when its actions wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
    /// When its actions were to be done for the first time: it stays, however often they are tried.
    pub begins_at: Time,
    /// How often the action that is next has been tried in vain.
    #[serde(default)]
    pub tries: u32,
    /// What its conditions came to.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::as_json")]
    pub findings: Vec<Finding>,
    /// What is to be done, as the rule said when the event came.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::as_json")]
    pub actions: Vec<Action>,
    /// What has been done, by the number of the action.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::as_json")]
    pub deeds: Vec<Deed>,
    /// Why nothing was done, or not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When the event came to the rule.
    pub created_at: Time,
}

/// What came of an action.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// The action's number, from 0.
    pub action: usize,
    /// What it made or changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<String>,
    /// Why it could not be done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What it had to do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its actions wait for their time.
    Waiting,
    /// They are to be done now.
    Ready,
    /// They were.
    Done,
    /// One of them could not be.
    Failed,
    /// None was.
    Skipped,
}

impl State {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Ready, Self::Done, Self::Failed, Self::Skipped];

    /// As a value for conditions and changes.
    pub fn value(self) -> store::Value {
        let word = match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        };
        store::Value::S(word.to_owned())
    }
}

impl Run {
    /// The id of the run of that rule for that event.
    pub fn id_of(keys: &Keys, rule: RuleId, event: &Occurrence) -> RunId {
        let ids = Ids::derived(keys, &format!("run\0{rule}\0{}", event.of));
        RunId::new(&ids, &Clock::manual(event.at))
    }

    /// What the ids of whatever an action makes are drawn from: the same again when it is done again.
    pub fn ids(&self, keys: &Keys, action: usize) -> (Ids, Clock) {
        (Ids::derived(keys, &format!("action\0{}\0{action}", self.id)), Clock::manual(self.begins_at))
    }

    /// Enters a state.
    pub fn enter(&mut self, state: State, now: Time) {
        self.state = state;
        self.state_at = now;
        self.state_seq = self.state_seq.saturating_add(1);
        self.until = None;
    }

    /// Notes why nothing is done.
    #[must_use]
    pub fn skipped(mut self, why: &str) -> Self {
        (self.state, self.until, self.why) = (State::Skipped, None, Some(cut(why, WHY)));
        self
    }

    /// Whether that action has been done, or cannot be.
    pub fn has_done(&self, action: usize) -> bool {
        self.deeds.iter().any(|deed| deed.action == action)
    }

    /// Whether the conditions of the rule did not hold.
    pub fn is_unmatched(&self) -> bool {
        self.state == State::Skipped && self.actions.is_empty()
    }

    /// Whether it is noted at all.
    pub fn is_noted(&self, log: Log) -> bool {
        log == Log::All || !self.is_unmatched()
    }
}

impl Deed {
    /// An action that made or changed something.
    pub fn done(action: usize, made: impl std::fmt::Display) -> Self {
        Self { action, made: Some(made.to_string()), why: None, note: None }
    }

    /// An action that could not be done.
    pub fn failed(action: usize, why: &str) -> Self {
        Self { action, made: None, why: Some(cut(why, WHY)), note: None }
    }

    /// The same, with what it had to do without.
    #[must_use]
    pub fn noting(mut self, note: Option<&str>) -> Self {
        self.note = note.map(|note| cut(note, WHY));
        self
    }
}

impl Entity for Run {
    const ROW: Row = schema::RUN;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn expires(&self) -> Option<Time> {
        let days = if self.is_unmatched() { UNMATCHED_DAYS } else { KEPT_DAYS };
        Some(self.created_at.plus_seconds(days * 86_400))
    }

    fn due(&self) -> Option<Time> {
        self.until.filter(|_| self.state == State::Waiting)
    }
}
