//! Time zones by their IANA name, from the database bundled into the binary: a Lambda image may have none of its own.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize};

use crate::{Error, Time};

/// A time zone that exists, such as `Europe/Berlin`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Zone(String);

impl Zone {
    /// Reads an IANA name; spelling in another case is corrected.
    pub fn parse(name: &str) -> Result<Self, Error> {
        jiff::tz::TimeZone::get(name)
            .ok()
            .and_then(|zone| zone.iana_name().map(|name| Self(name.to_owned())))
            .ok_or_else(|| Error::invalid("", "zone", "an IANA time zone such as Europe/Berlin is needed"))
    }

    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self("UTC".to_owned())
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment on this zone's wall clock. A name that has left the database since it was stored reads as UTC.
    pub fn local(&self, time: Time) -> jiff::Zoned {
        let zone = jiff::tz::TimeZone::get(&self.0).unwrap_or(jiff::tz::TimeZone::UTC);
        time.timestamp().to_zoned(zone)
    }

    /// First moments of the day that a moment lies in, and of the next day.
    pub fn day(&self, time: Time) -> (Time, Time) {
        let date = self.local(time).date();
        self.dates(Some(date), date.tomorrow().ok())
    }

    /// First moments of the week that a moment lies in, and of the next week. A week begins on Monday.
    pub fn week(&self, time: Time) -> (Time, Time) {
        let date = self.local(time).date();
        let past = i64::from(date.weekday().to_monday_zero_offset());
        let at = |days: i64| date.checked_add(jiff::SignedDuration::from_hours(24 * days)).ok();
        self.dates(at(-past), at(7 - past))
    }

    /// First moments of the month that a moment lies in, and of the next month.
    pub fn month(&self, time: Time) -> (Time, Time) {
        let date = self.local(time).date();
        self.dates(Some(date.first_of_month()), date.last_of_month().tomorrow().ok())
    }

    /// The hour of the week, from 0 on Monday at midnight to 167.
    pub fn hour_of_week(&self, time: Time) -> u8 {
        let local = self.local(time);
        let midnight = local.weekday().to_monday_zero_offset().unsigned_abs().saturating_mul(24);
        midnight.saturating_add(local.hour().unsigned_abs())
    }

    /// The moment at which the wall clock showed the same, so many days before.
    pub fn days_before(&self, time: Time, days: i64) -> Time {
        let wall = self.local(time).datetime();
        self.instant(wall.checked_sub(jiff::SignedDuration::from_hours(24 * days)).unwrap_or(wall))
    }

    /// Where two dates begin. Dates at the ends of all time begin at the epoch.
    fn dates(&self, first: Option<jiff::civil::Date>, next: Option<jiff::civil::Date>) -> (Time, Time) {
        let begin = |date: Option<jiff::civil::Date>| {
            let zone = jiff::tz::TimeZone::get(&self.0).unwrap_or(jiff::tz::TimeZone::UTC);
            date.and_then(|date| date.to_zoned(zone).ok()).map_or(Time::EPOCH, |begin| begin.timestamp().into())
        };
        (begin(first), begin(next))
    }

    /// The moment at which this zone's wall clock shows that. What the clock jumps over is taken as much later as it jumps; of what
    /// comes twice the first is meant.
    pub fn instant(&self, wall: jiff::civil::DateTime) -> Time {
        let zone = jiff::tz::TimeZone::get(&self.0).unwrap_or(jiff::tz::TimeZone::UTC);
        let zoned = wall.to_zoned(zone).or_else(|_| wall.to_zoned(jiff::tz::TimeZone::UTC));
        zoned.map_or(Time::EPOCH, |zoned| zoned.timestamp().into())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(|_| serde::de::Error::custom("an IANA time zone such as Europe/Berlin is needed"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_must_exist() {
        assert_eq!(Zone::parse("Europe/Berlin").unwrap().as_str(), "Europe/Berlin");
        assert!(Zone::parse("Mars/Olympus").is_err());
        assert!(Zone::parse("").is_err());
        let noon = Time::parse("2026-07-01T12:00:00Z").unwrap();
        assert_eq!(Zone::parse("Europe/Berlin").unwrap().local(noon).hour(), 14);
    }

    #[test]
    fn days_are_walked_back_on_the_wall() {
        let at = |text: &str| Time::parse(text).unwrap();
        let new_york = Zone::parse("America/New_York").unwrap();
        // The clocks go back on the 1st of November 2026, and forward on the 8th of March.
        assert_eq!(new_york.days_before(at("2026-11-22T05:00:00Z"), 29), at("2026-10-24T04:00:00Z"));
        assert_eq!(new_york.days_before(at("2026-03-12T16:00:00Z"), 7), at("2026-03-05T17:00:00Z"));
        // What the clock jumped over is as much later.
        assert_eq!(new_york.days_before(at("2026-03-09T06:30:00Z"), 1), at("2026-03-08T07:30:00Z"));
    }

    #[test]
    fn days_weeks_and_months_begin_at_midnight_on_the_wall() {
        let at = |text: &str| Time::parse(text).unwrap();
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        // The clocks go forward on Sunday, the 29th of March 2026.
        let sunday = at("2026-03-29T21:30:00Z");
        assert_eq!(berlin.day(sunday), (at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")));
        assert_eq!(berlin.week(sunday), (at("2026-03-22T23:00:00Z"), at("2026-03-29T22:00:00Z")));
        assert_eq!(berlin.month(sunday), (at("2026-02-28T23:00:00Z"), at("2026-03-31T22:00:00Z")));
        assert_eq!((berlin.hour_of_week(sunday), berlin.hour_of_week(at("2026-03-29T22:00:00Z"))), (167, 0));
    }
}
