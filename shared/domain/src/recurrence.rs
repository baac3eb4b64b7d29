//! Recurrence: when something that comes again comes next. The rule is a part of RFC 5545, section 3.3.10, as its text: `FREQ` daily
//! to yearly, `INTERVAL`, `BYDAY` (with ordinals within a month), `BYMONTHDAY`, `BYMONTH`, `COUNT` and `UNTIL`.
//!
//! A rule speaks of the wall clock of a zone. A time that the clock jumps over is taken as much later as the clock jumps; of a time that
//! comes twice the first is meant (RFC 5545, section 3.3.5).

use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Weekday};
use kernel::{Error, Result, Time, Zone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

mod read;
#[cfg(test)]
mod tests;

/// Most years that one looks ahead: a rule that does not come in this time never comes.
const HORIZON_YEARS: i64 = 100;
/// How long ago the first time may be, in seconds.
const LONGEST_PAST: i64 = 366 * 86_400;
/// Largest interval.
const INTERVALS: u16 = 1_000;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recurrence {
    frequency: Frequency,
    interval: u16,
    days: Vec<Day>,
    month_days: Vec<i8>,
    months: Vec<i8>,
    count: Option<u32>,
    until: Option<Until>,
}

/// How often, before everything else is considered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Frequency {
    Daily,
    Weekly,
    Monthly,
    Yearly,
}

/// A day of the week; with an ordinal the first, second or last of its month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Day {
    ordinal: Option<i8>,
    weekday: Weekday,
}

/// The end of a rule, which may itself be the last time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    Date(Date),
    Moment(Time),
}

/// A time in a row of times: which one it is, and what the next is found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    /// The rule.
    pub rule: Recurrence,
    /// Whose wall clock it speaks of.
    pub zone: Zone,
    /// The first time on that clock: the rule takes from it what it does not say itself.
    pub start: DateTime,
    /// This time.
    pub at: Time,
    /// Which one it is, counted from 1; those that were passed over count.
    pub number: u32,
}

impl Recurring {
    /// The first time, at that moment, whether the rule would have chosen it or not.
    pub fn begin(rule: Recurrence, zone: Zone, at: Time) -> Self {
        let start = zone.local(at).datetime();
        Self { rule, zone, start, at, number: 1 }
    }

    /// The first time that the rule chooses from that moment on; none when there is none.
    pub fn first(rule: Recurrence, zone: Zone, from: Time) -> Option<Self> {
        let start = zone.local(from).datetime();
        let at = rule.next(start, &zone, from.plus_millis(-1))?;
        Some(Self { rule, zone, start, at, number: 1 })
    }

    /// Refuses a rule that chooses no time after the first, and times that begin so long ago that somebody would walk through
    /// thousands of them to come to now.
    pub fn check(&self, now: Time) -> Result<()> {
        if self.at < now.plus_seconds(-LONGEST_PAST) {
            return Err(Error::invalid("/due_at", "past", "what comes again is due within the last year at the earliest"));
        }
        let local = self.zone.local(self.at).datetime();
        if self.rule.count != Some(1) && self.rule.next(local, &self.zone, self.at).is_none() {
            return Err(Error::invalid("/recurrence", "never", "the rule chooses no time after the first"));
        }
        Ok(())
    }

    /// Speaks of another wall clock from now on. This time keeps its hour there, so that the next is a later one on that clock too.
    pub fn move_to(&mut self, zone: Zone) {
        let wall = self.zone.local(self.at).datetime();
        self.at = zone.instant(wall);
        self.zone = zone;
    }

    /// The next time that is later than `now`; those before it are passed over. None when the rule has come to its end.
    pub fn next(&self, now: Time) -> Option<Self> {
        let mut next = self.clone();
        loop {
            next.at = self.rule.next(self.start, &self.zone, next.at)?;
            next.number = next.number.saturating_add(1);
            if self.rule.count.is_some_and(|count| next.number > count) {
                return None;
            }
            if next.at > now {
                return Some(next);
            }
        }
    }
}

impl Recurrence {
    /// The first time after that moment, of a rule that began at `start` on the zone's wall clock. It does not count.
    pub fn next(&self, start: DateTime, zone: &Zone, after: Time) -> Option<Time> {
        let known = zone.local(after).date();
        // What the clock jumps over moves to a later day at most, so that the day before is the earliest to look at.
        let from = known.yesterday().unwrap_or(known).max(start.date());
        let last = from.checked_add((HORIZON_YEARS + 1).years()).unwrap_or(Date::MAX);
        let mut period = self.period_of(start.date(), from);
        loop {
            let first = self.begin_of(start.date(), period)?;
            if first > last {
                return None;
            }
            for date in self.dates(start.date(), first) {
                let at = zone.instant(date.to_datetime(start.time()));
                if date < from || at <= after {
                    continue;
                }
                return (!self.ended(date, at)).then_some(at);
            }
            period = period.checked_add(i64::from(self.interval))?;
        }
    }

    fn ended(&self, date: Date, at: Time) -> bool {
        match self.until {
            Some(Until::Date(last)) => date > last,
            Some(Until::Moment(last)) => at > last,
            None => false,
        }
    }

    /// The number of the period that `date` lies in, counted from the one of `start`, or of the last before it that the interval allows.
    fn period_of(&self, start: Date, date: Date) -> i64 {
        let days = |from: Date, to: Date| i64::from((to - from).get_days());
        let months = |date: Date| i64::from(date.year()) * 12 + i64::from(date.month());
        let passed = match self.frequency {
            Frequency::Daily => days(start, date),
            Frequency::Weekly => days(monday(start), date).div_euclid(7),
            Frequency::Monthly => months(date) - months(start),
            Frequency::Yearly => i64::from(date.year()) - i64::from(start.year()),
        };
        passed - passed.rem_euclid(i64::from(self.interval))
    }

    /// The first day of a period.
    fn begin_of(&self, start: Date, period: i64) -> Option<Date> {
        let first = match self.frequency {
            Frequency::Daily => start.checked_add(period.days()),
            Frequency::Weekly => monday(start).checked_add(period.weeks()),
            Frequency::Monthly => start.first_of_month().checked_add(period.months()),
            Frequency::Yearly => start.first_of_year().checked_add(period.years()),
        };
        first.ok()
    }

    /// The days that the rule chooses in the period that begins on `first`, in order.
    fn dates(&self, start: Date, first: Date) -> Vec<Date> {
        let months = |date: &Date| self.months.is_empty() || self.months.contains(&date.month());
        let length = match self.frequency {
            Frequency::Daily => 1,
            Frequency::Weekly => 7,
            Frequency::Monthly => i64::from(first.days_in_month()),
            Frequency::Yearly => i64::from(first.days_in_year()),
        };
        let days = (0..length).filter_map(|day| first.checked_add(day.days()).ok());
        days.filter(|date| *date >= start && months(date) && self.chooses(start, *date)).collect()
    }

    /// Whether the rule chooses that day of a period and a month that it chooses.
    fn chooses(&self, start: Date, date: Date) -> bool {
        let by_day = self.days.is_empty() || self.days.iter().any(|day| day.is(date));
        let by_month_day = self.month_days.is_empty() || self.month_days.iter().any(|day| in_month(*day, date));
        if !by_day || !by_month_day {
            return false;
        }
        if !self.days.is_empty() || !self.month_days.is_empty() {
            return true;
        }
        match self.frequency {
            Frequency::Daily => true,
            Frequency::Weekly => date.weekday() == start.weekday(),
            Frequency::Monthly => date.day() == start.day(),
            Frequency::Yearly => date.day() == start.day() && (!self.months.is_empty() || date.month() == start.month()),
        }
    }
}

impl Day {
    fn is(self, date: Date) -> bool {
        if date.weekday() != self.weekday {
            return false;
        }
        let from_start = (date.day() + 6) / 7;
        let from_end = -((date.days_in_month() - date.day()) / 7 + 1);
        self.ordinal.is_none_or(|ordinal| ordinal == from_start || ordinal == from_end)
    }
}

/// Whether the date is that day of its month; negative days count from its end.
fn in_month(day: i8, date: Date) -> bool {
    let wanted = if day < 0 { date.days_in_month() + 1 + day } else { day };
    date.day() == wanted
}

/// The Monday of the date's week.
fn monday(date: Date) -> Date {
    let passed = i64::from(date.weekday().to_monday_zero_offset());
    date.checked_sub(passed.days()).unwrap_or(date)
}

impl Serialize for Recurrence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Recurrence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|error| {
            let Error::Invalid(faults) = error else { return serde::de::Error::custom(format!("{error:?}")) };
            serde::de::Error::custom(faults.first().map_or("no rule", |fault| fault.detail.as_str()))
        })
    }
}

impl fmt::Display for Recurrence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FREQ={}", self.frequency.word())?;
        if self.interval > 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        let list = |numbers: &[i8]| numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        if !self.months.is_empty() {
            write!(f, ";BYMONTH={}", list(&self.months))?;
        }
        if !self.month_days.is_empty() {
            write!(f, ";BYMONTHDAY={}", list(&self.month_days))?;
        }
        if !self.days.is_empty() {
            write!(f, ";BYDAY={}", self.days.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))?;
        }
        if let Some(count) = self.count {
            write!(f, ";COUNT={count}")?;
        }
        match self.until {
            Some(Until::Date(date)) => write!(f, ";UNTIL={}", date.strftime("%Y%m%d")),
            Some(Until::Moment(at)) => write!(f, ";UNTIL={}", at.timestamp().strftime("%Y%m%dT%H%M%SZ")),
            None => Ok(()),
        }
    }
}
