//! Reading a rule's text, and saying what of it cannot be.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use kernel::{Error, Result};

use super::{Day, Frequency, INTERVALS, Recurrence, Until};

/// Longest text.
const LONGEST: usize = 500;
/// Most times that a rule counts.
const COUNTS: u32 = 100_000;

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

fn refuse(detail: impl Into<String>) -> Error {
    Error::invalid("", "recurrence", detail)
}

impl Frequency {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Yearly => "YEARLY",
        }
    }

    fn parse(word: &str) -> Result<Self> {
        let all = [Self::Daily, Self::Weekly, Self::Monthly, Self::Yearly];
        let found = all.into_iter().find(|frequency| frequency.word() == word);
        found.ok_or_else(|| refuse("FREQ is one of DAILY, WEEKLY, MONTHLY and YEARLY"))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(ordinal) = self.ordinal {
            write!(f, "{ordinal}")?;
        }
        let name = WEEKDAYS.iter().find(|(_, weekday)| *weekday == self.weekday);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}

impl Day {
    fn parse(text: &str) -> Result<Self> {
        let refused = || refuse("BYDAY lists days such as MO, 1MO or -1FR");
        let at = text.len().checked_sub(2).ok_or_else(refused)?;
        let (number, name) = text.split_at_checked(at).ok_or_else(refused)?;
        let (_, weekday) = WEEKDAYS.iter().find(|(known, _)| *known == name).ok_or_else(refused)?;
        let ordinal = if number.is_empty() { None } else { Some(whole::<i8>(number).ok_or_else(refused)?) };
        if ordinal.is_some_and(|ordinal| ordinal == 0 || !(-5..=5).contains(&ordinal)) {
            return Err(refused());
        }
        Ok(Self { ordinal, weekday: *weekday })
    }
}

/// A number as RFC 5545 writes it: with a sign or without.
fn whole<N: FromStr>(text: &str) -> Option<N> {
    text.strip_prefix('+').unwrap_or(text).parse().ok()
}

/// A list of numbers between the bounds; negative ones count from the end.
fn numbers(name: &str, text: &str, most: i8, backwards: bool) -> Result<Vec<i8>> {
    let fits = |number: &i8| (1..=most).contains(number) || (backwards && (-most..0).contains(number));
    let mut found = text
        .split(',')
        .map(|number| {
            let refused = || refuse(format!("{name} lists numbers up to {most}"));
            whole::<i8>(number).filter(fits).ok_or_else(refused)
        })
        .collect::<Result<Vec<_>>>()?;
    found.sort_unstable();
    found.dedup();
    Ok(found)
}

fn until(text: &str) -> Result<Until> {
    let refused = || refuse("UNTIL is a date such as 20261231, or a moment such as 20261231T235959Z");
    if let Some(text) = text.strip_suffix('Z') {
        let moment = DateTime::strptime("%Y%m%dT%H%M%S", text).map_err(|_| refused())?;
        let moment = moment.to_zoned(TimeZone::UTC).map_err(|_| refused())?;
        return Ok(Until::Moment(moment.timestamp().into()));
    }
    Date::strptime("%Y%m%d", text).map(Until::Date).map_err(|_| refused())
}

impl Recurrence {
    /// Reads a rule, with `RRULE:` before it or without.
    pub fn parse(text: &str) -> Result<Self> {
        if text.len() > LONGEST {
            return Err(refuse(format!("at most {LONGEST} bytes")));
        }
        let text = text.trim().to_ascii_uppercase();
        let mut rule = Self {
            frequency: Frequency::Daily,
            interval: 1,
            days: Vec::new(),
            month_days: Vec::new(),
            months: Vec::new(),
            count: None,
            until: None,
        };
        let mut seen: Vec<&str> = Vec::new();
        for part in text.strip_prefix("RRULE:").unwrap_or(&text).split(';') {
            let (name, value) = part.split_once('=').ok_or_else(|| refuse("a rule such as FREQ=WEEKLY;BYDAY=MO is needed"))?;
            if seen.contains(&name) {
                return Err(refuse(format!("{name} is said twice")));
            }
            seen.push(name);
            rule.take(name, value)?;
        }
        if !seen.contains(&"FREQ") {
            return Err(refuse("FREQ is needed"));
        }
        rule.agrees()?;
        Ok(rule)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<()> {
        match name {
            "FREQ" => self.frequency = Frequency::parse(value)?,
            "INTERVAL" => {
                let interval = whole(value).filter(|interval| (1..=INTERVALS).contains(interval));
                self.interval = interval.ok_or_else(|| refuse(format!("INTERVAL is between 1 and {INTERVALS}")))?;
            }
            "BYDAY" => {
                self.days = value.split(',').map(Day::parse).collect::<Result<_>>()?;
                self.days.sort_by_key(|day| (day.ordinal, day.weekday.to_monday_zero_offset()));
                self.days.dedup();
            }
            "BYMONTHDAY" => self.month_days = numbers(name, value, 31, true)?,
            "BYMONTH" => self.months = numbers(name, value, 12, false)?,
            "COUNT" => {
                let count = whole(value).filter(|count| (1..=COUNTS).contains(count));
                self.count = Some(count.ok_or_else(|| refuse(format!("COUNT is between 1 and {COUNTS}")))?);
            }
            "UNTIL" => self.until = Some(until(value)?),
            // Weeks begin on Mondays here, which is what a rule means that does not say.
            "WKST" if value == "MO" => {}
            other => return Err(refuse(format!("{other}={value} is not supported"))),
        }
        Ok(())
    }

    /// What fits together in general and may still choose no day.
    fn agrees(&self) -> Result<()> {
        let ordinals = self.days.iter().any(|day| day.ordinal.is_some());
        let within_months =
            self.frequency == Frequency::Monthly || (self.frequency == Frequency::Yearly && !self.months.is_empty());
        if ordinals && !within_months {
            return Err(refuse("days with a number need FREQ=MONTHLY, or FREQ=YEARLY with BYMONTH"));
        }
        if self.frequency == Frequency::Weekly && !self.month_days.is_empty() {
            return Err(refuse("BYMONTHDAY does not go with FREQ=WEEKLY"));
        }
        if self.count.is_some() && self.until.is_some() {
            return Err(refuse("COUNT and UNTIL do not go together"));
        }
        let longest = |month: &i8| match month {
            2 => 29,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let room = self.months.iter().map(longest).max().unwrap_or(31);
        if !self.month_days.is_empty() && self.month_days.iter().all(|day| day.abs() > room) {
            return Err(refuse("no such month has such a day"));
        }
        Ok(())
    }
}
