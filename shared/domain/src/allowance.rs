//! Allowances: how often something may be done in a window of time, exact over all processes and cheap.
//!
//! The row of a window says how much of the limit has been handed out. A process takes a *grant*, some of what is left, with one
//! conditional write and spends it from memory, so nobody asks the table for every single time, and all processes together never
//! get more than the limit. What a process does not spend is lost with its window.

use kernel::Time;
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

/// Most that one write hands out.
const MOST: u32 = 50;
/// A limit is handed out in at least this many parts, so that as many processes find some of it.
const PARTS: u32 = 20;
/// How long after its window a row is kept, in seconds: longer than clocks disagree.
const KEPT: i64 = 600;

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Times in a window.
    pub limit: u32,
    /// Length of a window in seconds. Windows follow the clock: an hour's begins on the hour.
    pub window: u32,
    /// What a process takes first in a window. It takes twice as much each time it comes back, so that a busy one writes seldom.
    pub grant: u32,
}

impl Policy {
    /// So many times in so many seconds.
    pub fn new(limit: u32, window: u32) -> Self {
        Self { limit, window, grant: (limit / PARTS).clamp(1, MOST) }
    }

    /// What a process takes that took `grant` the last time.
    pub(crate) fn next(&self, grant: u32) -> u32 {
        grant.saturating_mul(2).min(MOST.max(self.grant))
    }

    fn millis(&self) -> i64 {
        i64::from(self.window.max(1)) * 1000
    }

    /// When the window began that `now` is in.
    pub fn start(&self, now: Time) -> Time {
        Time::from_millis(now.millis() - now.millis().rem_euclid(self.millis()))
    }

    /// When it ends.
    pub fn end(&self, now: Time) -> Time {
        self.start(now).plus_millis(self.millis())
    }

    /// When the row of that window may be deleted.
    pub(crate) fn forgotten(&self, now: Time) -> Time {
        self.end(now).plus_seconds(KEPT)
    }
}

/// What has been handed out in one window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowance {
    /// Whose it is, and of what.
    pub subject: String,
    /// When the window began.
    pub start: Time,
    /// How much has been handed out.
    pub used: u32,
}

impl Allowance {
    /// Where the row of that window is.
    pub fn at(subject: &str, start: Time) -> Locator {
        Locator::Natural(format!("{subject}:{}", start.millis()))
    }
}

impl Entity for Allowance {
    const ROW: Row = schema::ALLOWANCE;

    fn locator(&self) -> Locator {
        Self::at(&self.subject, self.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_handed_out_in_parts_that_are_neither_many_nor_large() {
        let first = |limit| Policy::new(limit, 60).grant;
        assert_eq!([1, 19, 20, 100, 1_000, 1_000_000].map(first), [1, 1, 1, 5, 50, 50]);
        let policy = Policy::new(100, 60);
        assert_eq!([5, 10, 20, 40, 50].map(|grant| policy.next(grant)), [10, 20, 40, 50, 50]);
    }

    #[test]
    fn windows_follow_the_clock() {
        let at = |text: &str| Time::parse(text).unwrap();
        let hour = Policy::new(1_000, 3_600);
        assert_eq!(hour.start(at("2026-03-02T09:59:59.999Z")), at("2026-03-02T09:00:00Z"));
        assert_eq!(hour.end(at("2026-03-02T09:59:59.999Z")), at("2026-03-02T10:00:00Z"));
        assert_eq!(hour.start(at("2026-03-02T10:00:00Z")), at("2026-03-02T10:00:00Z"));
    }
}
