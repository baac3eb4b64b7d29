//! Activities: what somebody of a tenant did, or is going to do, with a contact, company or deal.

use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::ids::{ActivityId, CompanyId, ContactId, DealId, TaskId, TeamId, UserId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::Task;
use crate::event::Cause;
use crate::field::{Definitions, Object};
use crate::visibility::{Viewer, Visibility};

mod figures;

/// Most bytes of a description.
pub const DESCRIPTION: usize = 16 * 1024;
/// Most bytes of a description that stands in the row itself, so that it stays within a kilobyte on the usual path.
const BRIEF: usize = 384;
/// Most tags.
const MOST: usize = 20;
/// Most seconds that one lasts.
const LONGEST: u32 = 31 * 86_400;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Its id.
    pub id: ActivityId,
    /// What was done.
    #[serde(rename = "type")]
    pub form: Form,
    /// What it is about, in a line.
    pub subject: String,
    /// What there is to say of it, when that is short.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whether that is long, and stands in a [`Text`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub long: bool,
    /// With whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// With which company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<CompanyId>,
    /// Whether nobody said with which: it is the one that contact or deal belonged to when these were said.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub follows: bool,
    /// For which deal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deal: Option<DealId>,
    /// The task that it was logged with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// How far it is.
    pub status: Status,
    /// Who began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// How long it took, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<u32>,
    /// When it is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheduled_at: Option<Time>,
    /// When it was done: there once it is completed, and only then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Time>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    /// How it went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// How much it matters.
    #[serde(default)]
    pub priority: Priority,
    /// Who did it, or is to do it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserId>,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Further fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "crate::as_json")]
    pub fields: BTreeMap<String, Value>,
    /// Whom it is for.
    #[serde(default, skip_serializing_if = "Visibility::is_usual")]
    pub visibility: Visibility,
    /// Whose it is: who wrote it down, unless that says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// The team that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// Whether it is in the archive, or just being put there: nobody changes it any more then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// What led to it, when a rule wrote it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<Cause>,
    /// The version that was written for nobody to act on: no event tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<u64>,
    /// When it was written down.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$word:meta])* $case:ident),+ $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$word])* $case),+
        }

        impl $name {
            /// Every one of them.
            pub const ALL: &[Self] = &[$(Self::$case),+];
        }
    )*};
}

words! {
    /// What was done.
    Form {
        /// A mail that went another way than through this house.
        Email,
        /// A telephone call.
        Call,
        /// A meeting.
        Meeting,
        /// Something to be remembered.
        Note,
        /// Any other work.
        Task,
    }

    /// How far it is.
    Status {
        /// It is to be.
        Scheduled,
        /// It was.
        Completed,
        /// It is not to be any more.
        Cancelled,
    }

    /// Who began it.
    Direction {
        /// The other side.
        Inbound,
        /// The tenant.
        Outbound,
    }

    /// How it went.
    Outcome {
        /// Well.
        Positive,
        /// Neither well nor badly.
        Neutral,
        /// Badly.
        Negative,
        /// Nobody was reached.
        NoAnswer,
    }

    /// How much it matters.
    Priority {
        /// Little.
        Low,
        /// As usual.
        Normal,
        /// Much.
        High,
        /// Now.
        Urgent,
    }
}

#[expect(clippy::derivable_impls, reason = "the words are made by one macro")]
impl Default for Priority {
    fn default() -> Self {
        Self::Normal
    }
}

impl Activity {
    /// An activity of that form that was done just now, of which nothing else is known.
    pub const fn blank(id: ActivityId, form: Form, subject: String, now: Time) -> Self {
        Self {
            id,
            form,
            subject,
            description: None,
            long: false,
            contact: None,
            company: None,
            follows: true,
            deal: None,
            task: None,
            status: Status::Completed,
            direction: None,
            duration: None,
            scheduled_at: None,
            completed_at: None,
            location: None,
            outcome: None,
            priority: Priority::Normal,
            assignee: None,
            tags: Vec::new(),
            fields: BTreeMap::new(),
            visibility: Visibility::Tenant,
            owner: None,
            team: None,
            archived: false,
            cause: None,
            silent: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// What somebody did to complete a task: with those that the task is about.
    pub fn of_task(id: ActivityId, form: Form, task: &Task, by: Option<UserId>, now: Time) -> Self {
        Self {
            contact: task.contact_id,
            company: task.company_id,
            follows: task.follows,
            deal: task.deal_id,
            task: Some(task.id),
            completed_at: Some(now),
            assignee: by.or(task.assignee),
            owner: by,
            ..Self::blank(id, form, task.title.clone(), now)
        }
    }

    /// Checks what the types do not, with the description that it is to have and the fields that it had before, if it is not new.
    pub fn check(
        &mut self,
        description: Option<&str>,
        definitions: &Definitions,
        before: Option<&BTreeMap<String, Value>>,
    ) -> Result<()> {
        let mut faults = Faults::default();
        faults.take("/subject", crate::name::title(&self.subject));
        if let Some(location) = &self.location {
            faults.take("/location", crate::name::title(location));
        }
        faults.longer("/description", description.unwrap_or_default(), DESCRIPTION);
        if self.duration.is_some_and(|seconds| seconds > LONGEST) {
            faults.add("/duration", "range", "at most 31 days");
        }
        if self.completed_at.is_some() && self.status != Status::Completed {
            faults.add("/completed_at", "status", "only what is completed has been done at some time");
        }
        if self.scheduled_at.is_none() && self.status == Status::Scheduled {
            faults.add("/scheduled_at", "required", "what is scheduled needs a time");
        }
        if self.visibility == Visibility::Private && self.owner.is_none() {
            faults.add("/visibility", "owner", "what is private needs an owner");
        }
        if self.visibility == Visibility::Team && self.team.is_none() {
            faults.add("/visibility", "team", "what is for a team needs one");
        }
        if self.tags.len() > MOST {
            faults.add("/tags", "too_many", format!("at most {MOST}"));
        }
        for (at, tag) in self.tags.iter().enumerate() {
            faults.take(&format!("/tags/{at}"), crate::name::title(tag));
        }
        definitions.judge(Object::Activity, before, &mut self.fields, &mut faults);
        faults.check()
    }

    /// When it was or is to be: where it stands on a timeline.
    pub fn at(&self) -> Time {
        self.completed_at.or(self.scheduled_at).unwrap_or(self.created_at)
    }

    /// Completes what follows: what is completed was so at some time, and nothing else was.
    pub fn settle(&mut self, now: Time) {
        if self.status == Status::Completed {
            self.completed_at.get_or_insert(now);
        } else {
            self.completed_at = None;
        }
    }

    /// Whether that person or machine may see it. Who is to do a thing always may.
    pub fn seen_by(&self, viewer: &Viewer) -> bool {
        viewer.sees(self.visibility, self.owner, self.team) || (viewer.user.is_some() && viewer.user == self.assignee)
    }

    /// Takes a description in, or the long one of it that is to stand in a row of its own.
    pub fn describe(&mut self, description: Option<String>) -> Option<Text> {
        self.long = description.as_ref().is_some_and(|words| words.len() > BRIEF);
        if !self.long {
            self.description = description;
            return None;
        }
        self.description = None;
        description.map(|words| Text { activity: self.id, words })
    }
}

impl Entity for Activity {
    const ROW: Row = schema::ACTIVITY;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

/// A description that does not fit its activity's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    /// Whose.
    pub activity: ActivityId,
    /// What it says.
    pub words: String,
}

impl Text {
    /// Where the description of that activity is.
    pub fn at(activity: ActivityId) -> Locator {
        Locator::Natural(activity.hex())
    }
}

impl Entity for Text {
    const ROW: Row = schema::TEXT;

    fn locator(&self) -> Locator {
        Self::at(self.activity)
    }
}
