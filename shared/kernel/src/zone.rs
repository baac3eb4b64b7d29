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
}
