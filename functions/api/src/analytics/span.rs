//! Spans of whole hours, and the parts that numbers are told by.

pub(crate) use domain::statistic::{DAY, HOUR};
use kernel::error::Faults;
use kernel::{Result, Time, Zone};

/// Longest span that is told by the hour, in days.
pub(crate) const FINE: i64 = 93;
/// Longest span of any question, in days.
pub(crate) const COARSE: i64 = 731;
/// Span when none is asked for, in days.
const USUAL: i64 = 30;

/// A span of whole hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) since: Time,
    pub(crate) until: Time,
}

/// The start of the hour or UTC day that a moment lies in.
pub(crate) const fn floor(time: Time, step: i64) -> Time {
    Time::from_millis(time.millis() - time.millis().rem_euclid(step))
}

/// The end of the hour that a moment lies in; a full hour is its own.
pub(crate) const fn ceiling(time: Time) -> Time {
    floor(time.plus_millis(HOUR - 1), HOUR)
}

impl Span {
    /// The whole hours that a question is about, of which there may be so many days.
    pub(crate) fn asked(since: Option<Time>, until: Option<Time>, now: Time, longest: i64) -> Result<Self> {
        let mut faults = Faults::default();
        // A span up to now has what happened this very moment in it.
        let last = until.unwrap_or_else(|| now.plus_millis(1));
        let since = floor(since.unwrap_or_else(|| last.plus_millis(-USUAL * DAY)), HOUR);
        let until = ceiling(last);
        if until <= since {
            faults.add("?until", "range", "until must be later than since");
        } else if until.since(since) > longest * DAY + HOUR {
            faults.add("?since", "range", format!("at most {longest} days when told like this"));
        }
        faults.check().map(|()| Self { since, until })
    }

    /// Whether an hour lies in it.
    pub(crate) fn has(&self, hour: Time) -> bool {
        (self.since..self.until).contains(&hour)
    }

    /// What two spans have in common.
    pub(crate) fn within(self, other: Self) -> Self {
        Self { since: self.since.max(other.since), until: self.until.min(other.until) }
    }
}

/// How long the parts of a span are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Hour,
    Day,
    Week,
    Month,
}

impl Part {
    /// First moments of the part that an hour belongs to, and of the next part, on the wall clock of the zone.
    pub(crate) fn around(self, zone: &Zone, hour: Time) -> (Time, Time) {
        match self {
            Self::Hour => (hour, hour.plus_millis(HOUR)),
            Self::Day => zone.day(hour),
            Self::Week => zone.week(hour),
            Self::Month => zone.month(hour),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn a_span_is_whole_hours_and_bounded() {
        let now = at("2026-03-31T10:20:00Z");
        let usual = Span::asked(None, None, now, FINE).unwrap();
        assert_eq!((usual.since, usual.until), (at("2026-03-01T10:00:00Z"), at("2026-03-31T11:00:00Z")));
        let asked = |since: &str, until: &str| Span::asked(Some(at(since)), Some(at(until)), now, FINE);
        let exact = asked("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z").unwrap();
        assert_eq!((exact.since, exact.until), (at("2026-03-01T00:00:00Z"), at("2026-03-02T00:00:00Z")));
        assert!(asked("2026-01-01T00:30:00Z", "2026-04-04T00:10:00Z").is_ok());
        assert!(asked("2026-01-01T00:00:00Z", "2026-04-05T00:00:00Z").is_err());
        assert!(asked("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z").is_err());
    }

    #[test]
    fn the_first_moment_of_an_hour_lies_in_it() {
        let usual = Span::asked(None, None, at("2026-03-31T10:00:00Z"), FINE).unwrap();
        assert_eq!(usual.until, at("2026-03-31T11:00:00Z"));
    }
}
