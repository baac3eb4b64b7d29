//! Slots: the right to carry one message in one second or one day, so that an account's limits hold over all processes.
//!
//! The slots of an account are numbered through time: those of a window follow those of the window before, as many as the limit
//! says. One row for each limit of an account says which slot is the next that nobody has been promised. Whoever raises it owns
//! the slots in between. A slot that is not used within its window is void.

use kernel::Time;
use kernel::ids::AccountId;
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::message::Wait;

/// What a limit counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// A second by the clock.
    Second,
    /// A day (UTC).
    Day,
}

impl Window {
    /// Its length.
    pub const fn millis(self) -> i64 {
        match self {
            Self::Second => 1_000,
            Self::Day => 86_400_000,
        }
    }

    /// The number of the window that the moment lies in.
    pub const fn of(self, time: Time) -> i64 {
        time.millis().div_euclid(self.millis())
    }

    /// When a window begins.
    pub const fn start(self, number: i64) -> Time {
        Time::from_millis(number.saturating_mul(self.millis()))
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Day => "day",
        }
    }
}

/// A slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// Which kind of window.
    #[serde(rename = "w")]
    pub window: Window,
    /// Its number among all slots of that limit.
    #[serde(rename = "n")]
    pub number: i64,
    /// The limit: under another one it is void.
    #[serde(rename = "l")]
    pub limit: u32,
}

impl Slot {
    /// The number of its window.
    pub const fn of(self) -> i64 {
        match self.limit {
            0 => i64::MAX,
            limit => self.number.div_euclid(limit as i64),
        }
    }

    /// When its window begins.
    pub const fn start(self) -> Time {
        self.window.start(self.of())
    }
}

/// What an account has promised to a message that has to wait for its turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// The account.
    pub account: AccountId,
    /// When the message is to come back.
    pub at: Time,
    /// What is its own then.
    pub slots: Vec<Slot>,
}

impl Booking {
    /// What the message waits for.
    pub fn why(&self) -> Wait {
        let seconds = self.slots.iter().any(|slot| slot.window == Window::Second);
        if seconds { Wait::Pace } else { Wait::DayLimit }
    }
}

/// How far the slots of one limit of an account are promised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pace {
    /// Account, window and limit.
    pub subject: String,
    /// The next slot that nobody has been promised.
    pub next: i64,
}

impl Pace {
    /// What the row of a limit is about.
    pub fn subject(account: AccountId, window: Window, limit: u32) -> String {
        format!("{account}:{}:{limit}", window.as_str())
    }

    /// Where the row is. A new limit has a row of its own, and what was promised under the old one is void.
    pub fn at(subject: &str) -> Locator {
        Locator::Natural(subject.to_owned())
    }
}

impl Entity for Pace {
    const ROW: Row = schema::PACE;

    fn locator(&self) -> Locator {
        Self::at(&self.subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_numbered_through_time() {
        let now = Time::parse("2026-03-02T09:30:20.999Z").unwrap();
        let second = Window::Second.of(now);
        assert_eq!(Window::Second.start(second), Time::parse("2026-03-02T09:30:20Z").unwrap());
        assert_eq!(Window::Day.start(Window::Day.of(now)), Time::parse("2026-03-02T00:00:00Z").unwrap());
        let slot = |number| Slot { window: Window::Second, number, limit: 3 };
        let windows: Vec<i64> = (0..7).map(|step| slot(second * 3 + step).of() - second).collect();
        assert_eq!(windows, [0, 0, 0, 1, 1, 1, 2]);
    }
}
