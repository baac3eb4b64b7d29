//! Rules: what is done when something happens. An event that a rule waits for makes a [`crate::Run`] of it, once.

use kernel::error::Faults;
use kernel::ids::RuleId;
use kernel::{Result, Time, Zone};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::event::known;

pub mod action;
pub mod condition;
pub mod facts;
pub mod formula;
pub mod shipped;
pub mod words;
pub mod work;

pub use action::Action;
pub use condition::{Condition, Finding};

/// Most rules of one tenant: as many as one page brings.
pub const MOST: usize = 100;
/// Most actions of one rule.
pub const ACTIONS: usize = 10;
/// Longest delay, in seconds: an event is kept longer than that.
const LONGEST: u64 = 28 * 86_400;
/// Most bytes of a rule's conditions, and of its actions, in JSON: its runs carry both.
const SIZE: usize = 16 * 1024;
/// Longest description.
const DESCRIPTION: usize = 500;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    /// Its id.
    pub id: RuleId,
    /// Its name, for people.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The event that it waits for; `invoice.*` for all of a noun.
    pub trigger: String,
    /// What must hold; none: it always does.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "crate::as_json")]
    pub conditions: Option<Condition>,
    /// The same as somebody wrote it, if it was a formula.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub formula: Option<String>,
    /// How long its actions wait.
    #[serde(default, skip_serializing_if = "Delay::is_none")]
    pub delay: Delay,
    /// What is done, in this order.
    #[serde(with = "crate::as_json")]
    pub actions: Vec<Action>,
    /// Whether it is in force.
    pub enabled: bool,
    /// Which runs are noted.
    #[serde(default)]
    pub log: Log,
    /// Since when it is in force: what happened before concerns it not.
    pub since: Time,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// Which runs of a rule are noted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Log {
    /// Those whose conditions held.
    #[default]
    Matched,
    /// All of them: those whose conditions did not hold for some days.
    All,
}

/// How long actions wait: so long, and then until a time of day, if there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Days.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub days: u32,
    /// Hours.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub hours: u32,
    /// Minutes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub minutes: u32,
    /// Seconds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seconds: u32,
    /// The time of day, by the contact's clock, else the tenant's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<TimeOfDay>,
}

/// A minute of the day, such as `09:30`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    hour: i8,
    minute: i8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        format!("{:02}:{:02}", time.hour, time.minute)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        let read = || {
            let (hour, minute) = text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2)?;
            let (hour, minute) = (hour.parse().ok()?, minute.parse().ok()?);
            ((0..24).contains(&hour) && (0..60).contains(&minute)).then_some(Self { hour, minute })
        };
        read().ok_or("a time of day such as 09:30 is needed")
    }
}

impl TimeOfDay {
    /// The next moment at which clocks of the zone show it.
    fn next(self, after: Time, zone: &Zone) -> Option<Time> {
        let local = zone.local(after);
        let on = |day: jiff::civil::Date| {
            // A wall clock time that the zone skips is taken as the moment after the gap.
            let at = day.at(self.hour, self.minute, 0, 0).to_zoned(local.time_zone().clone()).ok()?;
            Some(Time::from(at.timestamp()))
        };
        let today = on(local.date()).filter(|at| *at >= after);
        today.or_else(|| on(local.date().tomorrow().ok()?))
    }
}

impl Delay {
    fn seconds_in_all(&self) -> u64 {
        let Self { days, hours, minutes, seconds, until: _ } = *self;
        u64::from(days) * 86_400 + u64::from(hours) * 3_600 + u64::from(minutes) * 60 + u64::from(seconds)
    }

    /// Whether nothing waits.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// Until when actions wait that were asked for at `from`; none when they do not.
    pub fn after(&self, from: Time, zone: &Zone) -> Option<Time> {
        if self.is_none() {
            return None;
        }
        let later = from.plus_seconds(i64::try_from(self.seconds_in_all()).unwrap_or(i64::MAX));
        self.until.map_or(Some(later), |time| time.next(later, zone)).filter(|until| *until > from)
    }
}

fn size(part: &impl Serialize) -> usize {
    serde_json::to_string(part).map_or(usize::MAX, |text| text.len())
}

impl Rule {
    /// Whether it waits for events of that name.
    pub fn waits_for(&self, name: &str) -> bool {
        self.enabled && known::waits(&self.trigger, name)
    }

    /// Checks what can be checked without reading anything.
    pub fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        faults.take("/name", crate::name::title(&self.name));
        if let Some(description) = &self.description {
            faults.longer("/description", description, DESCRIPTION);
        }
        faults.take("/trigger", known::trigger(&self.trigger));
        if let Some(conditions) = self.conditions.as_ref().filter(|_| self.formula.is_none()) {
            conditions.check("/conditions", &mut faults);
        }
        if self.delay.seconds_in_all() > LONGEST {
            faults.add("/delay", "too_long", "at most 28 days");
        }
        if self.actions.is_empty() || self.actions.len() > ACTIONS {
            faults.add("/actions", "count", format!("1 to {ACTIONS} actions are needed"));
        }
        for (pointer, size) in [("/conditions", size(&self.conditions)), ("/actions", size(&self.actions))] {
            if size > SIZE {
                faults.add(pointer, "too_long", format!("at most {SIZE} bytes"));
            }
        }
        for (number, action) in self.actions.iter().enumerate() {
            action.check(&format!("/actions/{number}"), &mut faults);
        }
        faults.check()
    }
}

impl Entity for Rule {
    const ROW: Row = schema::RULE;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    fn delay(text: &str) -> Delay {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_delay_is_a_span_and_then_a_time_of_day_where_the_contact_lives() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let from = at("2026-03-02T09:00:00Z");
        for (words, until) in [
            (r#"{"minutes":90}"#, "2026-03-02T10:30:00Z"),
            (r#"{"until":"09:30"}"#, "2026-03-03T08:30:00Z"),
            (r#"{"days":1,"until":"18:00"}"#, "2026-03-03T17:00:00Z"),
            (r#"{"days":27,"until":"09:00"}"#, "2026-03-30T07:00:00Z"),
        ] {
            assert_eq!(delay(words).after(from, &berlin), Some(at(until)), "{words}");
        }
        assert_eq!(delay(r#"{"until":"10:00"}"#).after(from, &berlin), None, "it is ten o'clock in Berlin");
        assert_eq!(Delay::default().after(from, &berlin), None);
        for bad in ["24:00", "9:00", "09:60", "noon"] {
            assert!(TimeOfDay::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
