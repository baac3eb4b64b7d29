//! When a contact is not to be disturbed.

use kernel::{Time, Zone};
use serde::{Deserialize, Serialize};

/// Hours of the day without disturbance, by the contact's wall clock. An end before the start lies on the next day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// First minute, counted from midnight.
    #[serde(with = "minute")]
    pub start: u16,
    /// First minute after, counted from midnight.
    #[serde(with = "minute")]
    pub end: u16,
}

mod minute {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(minute: &u16, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:02}:{:02}", minute / 60, minute % 60))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let parsed =
            text.split_once(':').filter(|(hour, minute)| hour.len() == 2 && minute.len() == 2).and_then(|(hour, minute)| {
                let (hour, minute) = (hour.parse::<u16>().ok()?, minute.parse::<u16>().ok()?);
                (hour < 24 && minute < 60).then_some(hour * 60 + minute)
            });
        parsed.ok_or_else(|| serde::de::Error::custom("a time of day such as 21:30 is needed"))
    }
}

impl QuietHours {
    /// When the quiet that `now` lies in ends; `None` when it is not quiet.
    pub fn until(&self, now: Time, zone: &Zone) -> Option<Time> {
        let local = zone.local(now);
        let minute = u16::try_from(i32::from(local.hour()) * 60 + i32::from(local.minute())).unwrap_or(0);
        let quiet = match self.start.cmp(&self.end) {
            std::cmp::Ordering::Less => (self.start..self.end).contains(&minute),
            std::cmp::Ordering::Equal => false,
            std::cmp::Ordering::Greater => minute >= self.start || minute < self.end,
        };
        if !quiet {
            return None;
        }
        let day = if minute < self.end { local.date() } else { local.date().tomorrow().ok()? };
        let (hour, minute) = (i8::try_from(self.end / 60).ok()?, i8::try_from(self.end % 60).ok()?);
        // A wall clock time that the zone skips is taken as the moment after the gap.
        let end = day.at(hour, minute, 0, 0).to_zoned(local.time_zone().clone()).ok()?;
        Some(Time::from(end.timestamp())).filter(|end| *end > now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn quiet_hours_end_at_the_contacts_morning() {
        let quiet: QuietHours = serde_json::from_str(r#"{"start":"21:00","end":"08:00"}"#).unwrap();
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        assert_eq!(quiet.until(at("2026-01-10T22:30:00Z"), &berlin), Some(at("2026-01-11T07:00:00Z")));
        assert_eq!(quiet.until(at("2026-01-11T03:00:00Z"), &berlin), Some(at("2026-01-11T07:00:00Z")));
        assert_eq!(quiet.until(at("2026-01-11T12:00:00Z"), &berlin), None);
        // The night in which the clocks go forward is an hour shorter.
        assert_eq!(quiet.until(at("2026-03-28T22:30:00Z"), &berlin), Some(at("2026-03-29T06:00:00Z")));
    }

    #[test]
    fn quiet_hours_within_a_day_and_of_no_length() {
        let utc = Zone::utc();
        let noon: QuietHours = serde_json::from_str(r#"{"start":"12:00","end":"13:00"}"#).unwrap();
        assert_eq!(noon.until(at("2026-01-10T12:59:59Z"), &utc), Some(at("2026-01-10T13:00:00Z")));
        assert_eq!(noon.until(at("2026-01-10T13:00:00Z"), &utc), None);
        let none: QuietHours = serde_json::from_str(r#"{"start":"12:00","end":"12:00"}"#).unwrap();
        assert_eq!(none.until(at("2026-01-10T12:00:00Z"), &utc), None);
        for bad in
            [r#"{"start":"24:00","end":"08:00"}"#, r#"{"start":"8:00","end":"09:00"}"#, r#"{"start":"08:60","end":"09:00"}"#]
        {
            assert!(serde_json::from_str::<QuietHours>(bad).is_err(), "{bad}");
        }
    }
}
