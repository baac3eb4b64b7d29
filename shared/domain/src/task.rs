//! Tasks: what somebody is to do, until when, and who is reminded of it.

use std::collections::{BTreeMap, BTreeSet};

use kernel::ids::{ActivityId, ApiKeyId, CompanyId, ContactId, DealId, TaskId, TeamId, UserId};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::event::Cause;
use crate::{Activity, Recurring, Role};

pub mod alarm;
mod deeds;
mod figures;
mod rules;
mod words;

pub use rules::WORDS;
use rules::mentions;
pub use words::{Did, Kind, Priority, State, Way};

/// Most deeds that a task remembers, the latest ones.
pub const HISTORY: usize = 50;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What it is. Its row has a `kind` of its own, which says that it is a task.
    #[serde(rename = "task_kind")]
    pub kind: Kind,
    /// Title for people.
    pub title: String,
    /// Further words. `@` and a user's id mention that user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How far it is.
    pub state: State,
    /// Number of the state: raised whenever something is to be told, so that a job about the past is void.
    pub state_seq: u64,
    /// How much it matters.
    pub priority: Priority,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Time>,
    /// Who is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserId>,
    /// Which team is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// The user who made it, if a user did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<UserId>,
    /// The user who gave it to somebody else and keeps it in sight.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assigner: Option<UserId>,
    /// The contact it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<ContactId>,
    /// The company it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company_id: Option<CompanyId>,
    /// Whether nobody said which: it is the one that contact or deal belonged to when these were said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follows: bool,
    /// The deal it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal_id: Option<DealId>,
    /// The activity that it came of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activity_id: Option<ActivityId>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Further fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "crate::as_json")]
    pub fields: BTreeMap<String, Value>,
    /// Its steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checklist: Vec<Item>,
    /// What came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// When it was completed or cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// When somebody said that it is seen to: it is not escalated any further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledged_at: Option<Time>,
    /// How it comes again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recurring: Option<Recurring>,
    /// The task that comes after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<TaskId>,
    /// The activity that was logged when it was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<ActivityId>,
    /// The task that was made when it was completed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follow_up: Option<TaskId>,
    /// Who is reminded when and how.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reminders: Vec<Reminder>,
    /// Who is told when nobody sees to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub escalation: Vec<Step>,
    /// Alarms that rang.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub rung: BTreeSet<alarm::Alarm>,
    /// The moment up to which alarms are ringing, until they are told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ringing: Option<Time>,
    /// What the people concerned are still to be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notices: Vec<Notice>,
    /// How many notices there have been.
    #[serde(default)]
    pub noticed: u32,
    /// Who did what, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Deed>,
    /// What led to it, when a rule made it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The version that people see and name: their changes alone raise it. What the task tells and makes by itself raises its row's.
    #[serde(default = "first")]
    pub edits: u64,
    /// When it was made.
    pub created_at: Time,
    /// When it was changed last.
    pub updated_at: Time,
}

const fn first() -> u64 {
    1
}

/// A step of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What is to be done.
    pub text: String,
    /// Whether it is.
    #[serde(default)]
    pub done: bool,
}

/// When somebody is reminded, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reminder {
    /// Minutes before the task is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u32>,
    /// The moment, when it does not hang on when the task is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Time>,
    /// By what.
    pub by: Vec<Way>,
}

/// Who is told when nobody sees to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Minutes after the task was due, or after it was made when it is due at no time.
    pub after_minutes: u32,
    /// Who.
    pub to: Whom,
}

/// A user, a team or everybody in a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whom {
    /// That user.
    User(UserId),
    /// Those who lead that team, or all of it when nobody does.
    Team(TeamId),
    /// The users of that very role.
    Role(Role),
}

/// Something that people are still to be told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Its number among those of the task.
    pub number: u32,
    /// What happened.
    pub what: crate::notification::About,
    /// To whom.
    pub to: Vec<Whom>,
    /// Who did it, and is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<UserId>,
    /// When.
    pub at: Time,
}

/// Who does something: a user, or a machine by its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<ApiKeyId>,
}

/// What somebody did to a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    pub at: Time,
    /// Who.
    pub by: Actor,
    /// What.
    pub what: Did,
    /// The user or team that has the task since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Why, or what came of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Task {
    /// A task with nothing but a title.
    pub fn new(id: TaskId, title: String, now: Time) -> Self {
        Self {
            id,
            kind: Kind::Task,
            title,
            description: None,
            state: State::Pending,
            state_seq: 1,
            priority: Priority::Normal,
            due_at: None,
            assignee: None,
            team: None,
            creator: None,
            assigner: None,
            contact_id: None,
            company_id: None,
            follows: true,
            deal_id: None,
            activity_id: None,
            tags: Vec::new(),
            fields: BTreeMap::new(),
            checklist: Vec::new(),
            outcome: None,
            ended_at: None,
            acknowledged_at: None,
            recurring: None,
            next: None,
            logged: None,
            follow_up: None,
            reminders: Vec::new(),
            escalation: Vec::new(),
            rung: BTreeSet::new(),
            ringing: None,
            notices: Vec::new(),
            noticed: 0,
            history: Vec::new(),
            cause: None,
            edits: first(),
            created_at: now,
            updated_at: now,
        }
    }

    /// It comes of an activity: it is called like that and about the same, for as long as nobody says otherwise.
    pub fn come_of(&mut self, activity: &Activity) {
        self.activity_id = Some(activity.id);
        self.title.clone_from(&activity.subject);
        (self.contact_id, self.company_id, self.deal_id) = (activity.contact, activity.company, activity.deal);
        self.follows = activity.follows;
    }

    /// A task that follows from it: about the same and for whoever has it, for as long as nobody says otherwise.
    pub fn followed_by(&self, id: TaskId, now: Time) -> Self {
        Self {
            kind: Kind::FollowUp,
            assignee: self.assignee,
            team: self.team,
            contact_id: self.contact_id,
            company_id: self.company_id,
            follows: self.follows,
            deal_id: self.deal_id,
            ..Self::new(id, String::new(), now)
        }
    }

    /// Notes what somebody did. The oldest deeds are forgotten, but for the first and those whose entries on timelines go with the task.
    pub fn note(&mut self, by: Actor, at: Time, what: Did, to: Option<String>, note: Option<String>) {
        if self.history.len() >= HISTORY {
            let forgotten = self.history.iter().skip(1).position(|deed| !deed.what.is_told());
            self.history.remove(forgotten.map_or(1, |at| at.saturating_add(1)));
        }
        self.history.push(Deed { at, by, what, to, note });
    }

    /// Says that people are to be told something. Who did it is not among them.
    pub fn tell(&mut self, what: crate::notification::About, to: Vec<Whom>, by: Actor, at: Time) {
        let to: Vec<Whom> = to.into_iter().filter(|whom| by.user.is_none_or(|user| *whom != Whom::User(user))).collect();
        if to.is_empty() {
            return;
        }
        self.noticed = self.noticed.saturating_add(1);
        self.notices.push(Notice { number: self.noticed, what, to, by: by.user, at });
        self.state_seq = self.state_seq.saturating_add(1);
    }

    /// Who has the task.
    pub fn holder(&self) -> Option<Whom> {
        self.assignee.map(Whom::User).or_else(|| self.team.map(Whom::Team))
    }

    /// Those who are to know what becomes of it, apart from who has it.
    pub fn watchers(&self) -> Vec<Whom> {
        let all: BTreeSet<UserId> = [self.creator, self.assigner].into_iter().flatten().collect();
        all.into_iter().map(Whom::User).collect()
    }

    /// Refuses what can be done to open tasks alone.
    pub fn must_be_open(&self) -> Result<()> {
        if self.state.is_open() { Ok(()) } else { Err(Error::conflict(format!("the task is {}", self.state.as_str()))) }
    }

    /// Puts it into another state. Alarms that have not rung fall silent when there is nothing to do any more.
    pub fn enter(&mut self, state: State, now: Time) {
        if self.state == state {
            return;
        }
        self.state = state;
        self.state_seq = self.state_seq.saturating_add(1);
        self.ended_at = (!state.is_open()).then_some(now);
        self.ringing = None;
        // The next one comes when this one is done, if not before.
        if state == State::Completed && self.recurring.is_some() && self.next.is_none() {
            self.ringing = Some(now);
        }
    }
}

impl Entity for Task {
    const ROW: Row = schema::TASK;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn due(&self) -> Option<Time> {
        self.next_alarm()
    }
}
