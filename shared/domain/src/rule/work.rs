//! Work that a rule makes for people: a task to do, an activity to know of. Their texts are templates; see [`Words`].

use kernel::error::Faults;
use kernel::ids::{TeamId, UserId};
use serde::{Deserialize, Serialize};

use super::Delay;
use super::words::Words;
use crate::activity::{Form, Outcome, Status};
use crate::task::{Kind, Priority};

/// Longest time between an event and what is due because of it, in seconds: a year.
const LONGEST: u64 = 366 * 86_400;

/// A task about whom and what the event is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateTask {
    /// What is to be done, in a line.
    pub title: String,
    /// What there is to say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it is; an ordinary task when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// How much it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// When it is due, counted from the moment of the event; at no time when not said.
    #[serde(default, skip_serializing_if = "Delay::is_none")]
    pub due: Delay,
    /// Who is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<Assignee>,
    /// Which team is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
}

/// Who is to do a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Assignee {
    /// The user who keeps the deal or the contact that the event is about.
    Owner,
    /// That user.
    User(UserId),
}

impl From<Assignee> for String {
    fn from(assignee: Assignee) -> Self {
        match assignee {
            Assignee::Owner => "owner".to_owned(),
            Assignee::User(user) => user.to_string(),
        }
    }
}

impl TryFrom<String> for Assignee {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text == "owner" {
            return Ok(Self::Owner);
        }
        UserId::parse(&text).map(Self::User).ok_or("a user's id is needed, or `owner`")
    }
}

/// An activity with whom and what the event is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogActivity {
    /// What was done.
    #[serde(rename = "type")]
    pub form: Form,
    /// What it is about, in a line.
    pub subject: String,
    /// What there is to say of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How far it is; completed when not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// How it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// When what is scheduled is to be, counted from the moment of the event.
    #[serde(default, skip_serializing_if = "Delay::is_none")]
    pub due: Delay,
}

fn check_due(due: &Delay, at: &str, faults: &mut Faults) {
    if due.seconds_in_all() > LONGEST {
        faults.add(format!("{at}/due"), "too_long", "at most 366 days");
    }
}

impl CreateTask {
    /// Its texts.
    pub fn words(&self) -> Words<'_> {
        Words { line: &self.title, rest: self.description.as_deref() }
    }

    pub(super) fn check(&self, at: &str, faults: &mut Faults) {
        self.words().check(&format!("{at}/title"), &format!("{at}/description"), faults);
        check_due(&self.due, at, faults);
    }
}

impl LogActivity {
    /// Its texts.
    pub fn words(&self) -> Words<'_> {
        Words { line: &self.subject, rest: self.description.as_deref() }
    }

    pub(super) fn check(&self, at: &str, faults: &mut Faults) {
        self.words().check(&format!("{at}/subject"), &format!("{at}/description"), faults);
        check_due(&self.due, at, faults);
        if (self.status == Some(Status::Scheduled)) == self.due.is_none() {
            faults.add(format!("{at}/due"), "status", "what is scheduled is due at some time, and nothing else is");
        }
    }
}
