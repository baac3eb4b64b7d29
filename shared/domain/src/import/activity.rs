//! The activity that a row makes. With whom it was is told by what a contact or company is recognised by, in columns such as
//! `contact.email` and `company.domain`.

use std::collections::BTreeMap;
use std::fmt;

use kernel::ids::{DealId, TeamId};
use kernel::{Error, Result, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Form;
use super::cells::{Draft, add_tags, user};
use super::target::{self, name, named};
use crate::activity::{self, Direction, Outcome, Priority, Status};
use crate::field::Object;
use crate::unique::By;
use crate::{Activity, Visibility};

/// The fields of an activity's own that columns can fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// What was done.
    Type,
    /// What it is about.
    Subject,
    /// What there is to say of it.
    Description,
    /// The contact that it was with, by what contacts are recognised by.
    Contact(By),
    /// The company that it was with, by what companies are recognised by.
    Company(By),
    /// The deal that it was for, by id.
    Deal,
    /// How far it is.
    Status,
    /// Who began it.
    Direction,
    /// How long it took, in seconds.
    Duration,
    /// When it is to be.
    ScheduledAt,
    /// When it was done.
    CompletedAt,
    /// Where.
    Location,
    /// How it went.
    Outcome,
    /// How much it matters.
    Priority,
    /// The user who did it or is to do it, by id.
    Assignee,
    /// The user whose it is, by id.
    Owner,
    /// The team that it is for, by id.
    Team,
    /// Who may see it.
    Visibility,
    /// Tags.
    Tags,
}

const WORDS: [(&str, Own); 18] = [
    ("type", Own::Type),
    ("subject", Own::Subject),
    ("description", Own::Description),
    ("deal_id", Own::Deal),
    ("deal", Own::Deal),
    ("status", Own::Status),
    ("direction", Own::Direction),
    ("duration", Own::Duration),
    ("scheduled_at", Own::ScheduledAt),
    ("completed_at", Own::CompletedAt),
    ("location", Own::Location),
    ("outcome", Own::Outcome),
    ("priority", Own::Priority),
    ("assignee", Own::Assignee),
    ("owner", Own::Owner),
    ("team", Own::Team),
    ("visibility", Own::Visibility),
    ("tags", Own::Tags),
];

impl target::Own for Own {
    const SUCH_AS: &'static str = "type, subject, completed_at, contact.email, company.domain";

    fn read(word: &str) -> Option<Self> {
        match word.split_once('.') {
            Some(("contact", by)) => By::parse(Object::Contact, by).ok().map(Self::Contact),
            Some(("company", by)) => By::parse(Object::Company, by).ok().map(Self::Company),
            Some(_) | None => named(&WORDS, word),
        }
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Contact(by) = self {
            return write!(f, "contact.{by}");
        }
        if let Self::Company(by) = self {
            return write!(f, "company.{by}");
        }
        f.write_str(name(&WORDS, self))
    }
}

/// Whether a column of that word tells with whom something was, or for which deal.
pub fn tells_with_whom(word: &str) -> bool {
    word.starts_with("contact.") || word.starts_with("company.") || word == "deal_id"
}

/// An activity in the making.
#[derive(Debug)]
pub struct Row {
    /// The activity.
    pub activity: Activity,
    /// What there is to say of it.
    pub description: Option<String>,
    /// What tells the contact that it was with, in the order of the columns.
    pub contact: Vec<(By, String)>,
    /// What tells the company that it was with, in the order of the columns.
    pub company: Vec<(By, String)>,
    type_said: bool,
    status_said: bool,
}

impl Row {
    /// Nothing is known of it yet.
    pub const fn new(activity: Activity) -> Self {
        Self { activity, description: None, contact: Vec::new(), company: Vec::new(), type_said: false, status_said: false }
    }

    /// Completes what follows from the row. What has no time was done at that one.
    pub fn finish(&mut self, now: Time) -> Result<()> {
        if !self.type_said {
            return Err(Error::invalid("/type", "required", "an activity needs a type"));
        }
        let to_be = self.activity.scheduled_at.is_some() && self.activity.completed_at.is_none();
        if to_be && !self.status_said {
            self.activity.status = Status::Scheduled;
        }
        if self.activity.completed_at.is_some() && self.activity.status != Status::Completed {
            return Err(Error::invalid("/completed_at", "status", "only what is completed was done at some time"));
        }
        self.activity.settle(now);
        Ok(())
    }
}

impl Draft for Row {
    type Own = Own;
    const OBJECT: Object = Object::Activity;

    fn take(&mut self, form: Form, own: &Own, text: &str) -> Result<()> {
        let activity = &mut self.activity;
        match own {
            Own::Type => {
                activity.form = one_of(activity::Form::ALL, text)?;
                self.type_said = true;
            }
            Own::Subject => text.clone_into(&mut activity.subject),
            Own::Description => self.description = Some(text.to_owned()),
            Own::Contact(by) => self.contact.push((by.clone(), text.to_owned())),
            Own::Company(by) => self.company.push((by.clone(), text.to_owned())),
            Own::Status => {
                activity.status = one_of(Status::ALL, text)?;
                self.status_said = true;
            }
            Own::Direction => activity.direction = Some(one_of(Direction::ALL, text)?),
            Own::Duration => {
                let refuse = |_| Error::invalid("", "duration", "a whole number of seconds is needed");
                activity.duration = Some(text.parse().map_err(refuse)?);
            }
            Own::ScheduledAt => activity.scheduled_at = Some(Time::parse(text)?),
            Own::CompletedAt => activity.completed_at = Some(Time::parse(text)?),
            Own::Location => activity.location = Some(text.to_owned()),
            Own::Outcome => activity.outcome = Some(one_of(Outcome::ALL, text)?),
            Own::Priority => activity.priority = one_of(Priority::ALL, text)?,
            Own::Deal => {
                let refuse = || Error::invalid("", "deal", "the id of a deal is needed");
                activity.deal = Some(DealId::parse(text).ok_or_else(refuse)?);
            }
            Own::Assignee => activity.assignee = Some(user(text)?),
            Own::Owner => activity.owner = Some(user(text)?),
            Own::Team => {
                let refuse = || Error::invalid("", "team", "the id of a team is needed");
                activity.team = Some(TeamId::parse(text).ok_or_else(refuse)?);
            }
            Own::Visibility => activity.visibility = one_of(&Visibility::ALL, text)?,
            Own::Tags => add_tags(&mut activity.tags, form, text)?,
        }
        Ok(())
    }

    fn fields(&mut self) -> &mut BTreeMap<String, Value> {
        &mut self.activity.fields
    }
}

/// One of a closed set, by its word.
fn one_of<T: DeserializeOwned + Serialize>(all: &[T], text: &str) -> Result<T> {
    serde_json::from_value(Value::from(text)).map_err(|_| {
        let words = serde_json::to_string(all).unwrap_or_default();
        Error::invalid("", "word", format!("one of {words} is needed"))
    })
}
