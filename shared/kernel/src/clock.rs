//! Time as a port: the only place that reads the wall clock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde::{Deserialize, Serialize};

use crate::{Error, Fault};

/// A moment, in whole milliseconds since the Unix epoch. Rows keep it as a number, the API shows RFC 3339 in UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The earliest moment, 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, as DynamoDB's time to live wants them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// The moment that many milliseconds later.
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// The moment that many seconds later.
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to this moment, negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads an RFC 3339 timestamp with any offset.
    pub fn parse(text: &str) -> Result<Self, Error> {
        text.parse::<jiff::Timestamp>().map(Self::from).map_err(|_| Error::invalid("", "time", needed(text)))
    }

    /// The same moment for calendar arithmetic. Moments outside years -9999 to 9999 are clamped.
    pub fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0).unwrap_or(if self.0 < 0 {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        })
    }

    /// Year and month in UTC as `yyyymm`, the bucket that message rows are kept in.
    pub fn month(self) -> Month {
        let date = self.timestamp().to_zoned(jiff::tz::TimeZone::UTC).date();
        Month { year: date.year(), month: date.month() }
    }
}

/// What is needed instead of a text that is no moment, or one behind the last that calendars can be asked about.
fn needed(text: &str) -> &'static str {
    let sooner = text.strip_prefix("9999").map(|rest| format!("1999{rest}"));
    if sooner.is_some_and(|sooner| sooner.parse::<jiff::Timestamp>().is_ok()) {
        "a moment before 9999-12-30T22:00:00Z is needed"
    } else {
        "an RFC 3339 timestamp such as 2026-03-01T09:30:00Z is needed"
    }
}

impl From<jiff::Timestamp> for Time {
    fn from(timestamp: jiff::Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.timestamp())
    }
}

/// A calendar month in UTC, shown as `yyyymm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month before.
    pub const fn previous(self) -> Self {
        if self.month == 1 { Self { year: self.year - 1, month: 12 } } else { Self { year: self.year, month: self.month - 1 } }
    }

    /// The month after.
    pub const fn next(self) -> Self {
        if self.month == 12 { Self { year: self.year + 1, month: 1 } } else { Self { year: self.year, month: self.month + 1 } }
    }

    /// Its first moment.
    pub fn start(self) -> Time {
        jiff::civil::Date::new(self.year, self.month, 1)
            .and_then(|date| date.to_zoned(jiff::tz::TimeZone::UTC))
            .map_or(Time::EPOCH, |zoned| zoned.timestamp().into())
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}{:02}", self.year, self.month)
    }
}

/// Serde form of a [`Time`] for the API: RFC 3339 text in UTC with milliseconds.
pub mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Time, needed};

    /// Writes the moment as text.
    pub fn serialize<S: Serializer>(time: &Time, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(time)
    }

    /// Reads text with any offset.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Time, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Time::parse(&text).map_err(|_| serde::de::Error::custom(needed(&text)))
    }

    /// The same for a moment that may be absent.
    pub mod option {
        use serde::{Deserialize, Deserializer, Serializer};

        use super::{Time, needed};

        /// Writes the moment as text, or null.
        pub fn serialize<S: Serializer>(time: &Option<Time>, serializer: S) -> Result<S::Ok, S::Error> {
            match time {
                Some(time) => serializer.collect_str(time),
                None => serializer.serialize_none(),
            }
        }

        /// Reads text or null.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
            let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
            text.map(|text| Time::parse(&text).map_err(|_| serde::de::Error::custom(needed(&text)))).transpose()
        }
    }
}

/// Where the time comes from: the system in production, a hand that turns it in tests.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's clock.
    System,
    /// A clock that moves only when told to, shared by everything that holds a clone.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    pub fn manual(start: Time) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(start.millis())))
    }

    /// The present moment.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    pub fn now(&self) -> Time {
        match self {
            Self::System => jiff::Timestamp::now().into(),
            Self::Manual(millis) => Time(millis.load(Ordering::Acquire)),
        }
    }

    /// Moves a manual clock forward. A system clock cannot be moved: the call is refused.
    pub fn advance(&self, millis: i64) -> Result<(), Fault> {
        match self {
            Self::System => Err(Fault::new("", "clock", "the system clock cannot be moved")),
            Self::Manual(now) => {
                now.fetch_add(millis, Ordering::AcqRel);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_shown_in_utc_and_read_with_any_offset() {
        let time = Time::parse("2026-03-01T10:30:00.25+01:00").unwrap();
        assert_eq!(time.to_string(), "2026-03-01T09:30:00.250Z");
        assert_eq!(time.month().to_string(), "202603");
        assert_eq!(Time::parse("2026-01-15T00:00:00Z").unwrap().month().previous().to_string(), "202512");
        assert!(Time::parse("tomorrow").is_err());
        assert!(Time::parse("9999-12-30T21:59:59Z").is_ok() && Time::parse("9999-12-31T23:59:59Z").is_err());
    }

    #[test]
    fn a_manual_clock_moves_only_by_hand() {
        let clock = Clock::manual(Time::from_millis(1000));
        let same = clock.clone();
        clock.advance(500).unwrap();
        assert_eq!(same.now(), Time::from_millis(1500));
        assert!(Clock::System.advance(1).is_err());
    }
}
