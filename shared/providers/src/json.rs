//! JSON of providers, field by field: of what they post, a field that is missing or of another type is simply not there.

use kernel::Time;
use serde_json::Value;

use crate::Location;

/// 2100-01-01, in seconds: no provider's clock is further ahead.
const LATEST: i64 = 4_102_444_800;
/// Larger numbers are milliseconds, smaller ones seconds: 5138 in one reading, 1973 in the other.
const MILLIS: i64 = 100_000_000_000;

/// A text that is not empty.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The rows of a list.
pub(crate) fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

/// An id, which some write as a number.
pub(crate) fn id(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => number.as_i64().map(|number| number.to_string()),
        _ => None,
    }
}

/// A moment: seconds or milliseconds since the epoch, as a number or as text, or RFC 3339.
pub(crate) fn time(value: &Value, pointer: &str) -> Option<Time> {
    let value = value.pointer(pointer)?;
    let text = value.as_str();
    let number = value.as_i64().or_else(|| text?.parse().ok());
    match number {
        Some(millis) if (MILLIS..=LATEST * 1000).contains(&millis) => Some(Time::from_millis(millis)),
        Some(seconds) if (1..=LATEST).contains(&seconds) => Some(Time::from_millis(seconds * 1000)),
        Some(_) => None,
        None => Time::parse(text?).ok(),
    }
}

/// A place whose degrees stand under these names.
pub(crate) fn location(value: &Value, latitude: &str, longitude: &str) -> Option<Location> {
    let degrees = |name: &str, limit: f64| value.get(name)?.as_f64().filter(|degrees| degrees.abs() <= limit);
    Some(Location {
        latitude: degrees(latitude, 90.0)?,
        longitude: degrees(longitude, 180.0)?,
        name: text(value, "/name").map(str::to_owned),
        address: text(value, "/address").map(str::to_owned),
    })
}

/// Sets a field of an object.
pub(crate) fn set(object: &mut Value, name: &str, field: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), field);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn moments_are_read_in_every_form() {
        let half_past_nine = Time::parse("2026-03-01T09:30:00Z").ok();
        for one in [
            json!(1_772_357_400),
            json!("1772357400"),
            json!(1_772_357_400_000_i64),
            json!("2026-03-01T09:30:00Z"),
            json!("2026-03-01T09:30:00+0000"),
        ] {
            assert_eq!(time(&json!({ "at": one }), "/at"), half_past_nine, "{one}");
        }
        for odd in [json!(0), json!(-1), json!(i64::MAX), json!(1.5), json!("soon"), json!(null), json!([1])] {
            assert_eq!(time(&json!({ "at": odd }), "/at"), None, "{odd}");
        }
    }

    #[test]
    fn places_beyond_the_globe_are_none() {
        assert!(location(&json!({"lat": 52.5, "long": 13.4}), "lat", "long").is_some());
        for odd in [json!({"lat": 91, "long": 0}), json!({"lat": 0, "long": -181}), json!({"lat": "0", "long": 0}), json!({})] {
            assert_eq!(location(&odd, "lat", "long"), None, "{odd}");
        }
    }
}
