//! The variables that a template declares, and whether the values for a message fit them.
//!
//! Invariant: values are checked against their declared kind as they are; nothing is converted, so
//! what a preview shows is what is sent.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What a variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Type {
    /// A string.
    Text,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A string with a date, `2026-11-21`, or a moment, `2026-11-21T10:00:00Z`.
    Date,
    /// An array.
    List,
    /// An object.
    Object,
}

/// One declared variable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Variable {
    /// The name under which templates read it; without dots.
    pub name: String,
    /// What it holds.
    pub kind: Type,
    /// Whether a message without it is refused.
    #[serde(default)]
    pub required: bool,
    /// The value when none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// For the people who fill it in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// The variables that a template declares.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Schema {
    /// What is declared.
    pub variables: Vec<Variable>,
    /// Whether anything else is refused.
    pub closed: bool,
}

/// A value that does not fit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{pointer}: {reason}")]
pub struct Misfit {
    /// Where it is in the request, such as `/variables/amount`.
    pub pointer: String,
    /// For the caller.
    pub reason: String,
}

impl Misfit {
    fn new(name: &str, reason: impl Into<String>) -> Misfit {
        // RFC 6901 section 3.
        let name = name.replace('~', "~0").replace('/', "~1");
        Misfit {
            pointer: if name.is_empty() { "/variables".to_owned() } else { format!("/variables/{name}") },
            reason: reason.into(),
        }
    }
}

impl Type {
    /// What a value of this kind is called.
    fn noun(self) -> &'static str {
        match self {
            Type::Text => "text",
            Type::Number => "a number",
            Type::Boolean => "true or false",
            Type::Date => "a date like 2026-11-21 or 2026-11-21T10:00:00Z",
            Type::List => "a list",
            Type::Object => "an object",
        }
    }

    fn fits(self, value: &Value) -> bool {
        match self {
            Type::Text => value.is_string(),
            Type::Number => value.is_number(),
            Type::Boolean => value.is_boolean(),
            Type::Date => value.as_str().is_some_and(is_date),
            Type::List => value.is_array(),
            Type::Object => value.is_object(),
        }
    }
}

/// Checks the values for a message against the schema, and fills in the defaults.
///
/// Null counts as no value. Values that the schema does not know pass, unless it is closed.
pub fn check_variables(schema: &Schema, values: &Value) -> Result<Value, Vec<Misfit>> {
    let mut checked = match values {
        Value::Object(map) => map.clone(),
        Value::Null => Map::new(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            return Err(vec![Misfit::new("", "must be an object")]);
        }
    };
    let mut misfits = Vec::new();
    for variable in &schema.variables {
        match checked.get(&variable.name).filter(|value| !value.is_null()) {
            Some(value) if !variable.kind.fits(value) => {
                let reason = format!("must be {}", variable.kind.noun());
                misfits.push(Misfit::new(&variable.name, reason));
            }
            Some(_) => {}
            None => match &variable.default {
                Some(default) => {
                    checked.insert(variable.name.clone(), default.clone());
                }
                None if variable.required => {
                    misfits.push(Misfit::new(&variable.name, "is required"));
                }
                None => {}
            },
        }
    }
    if schema.closed {
        for name in checked.keys() {
            if !schema.variables.iter().any(|v| v.name == *name) {
                misfits.push(Misfit::new(name, "is not a variable of this template"));
            }
        }
    }
    if misfits.is_empty() { Ok(Value::Object(checked)) } else { Err(misfits) }
}

/// Checks the schema itself when a template is saved.
pub fn check_schema(schema: &Schema) -> Result<(), Vec<Misfit>> {
    let mut misfits = Vec::new();
    for (i, variable) in schema.variables.iter().enumerate() {
        let name = &variable.name;
        let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let mut refuse = |reason: &str| {
            misfits.push(Misfit::new(&i.to_string(), reason));
        };
        if !named || name.len() > 64 {
            refuse("a name has up to 64 letters, digits and underscores");
        }
        if schema.variables.iter().take(i).any(|v| v.name == *name) {
            refuse("another variable has the same name");
        }
        let default = variable.default.as_ref();
        if default.is_some_and(|default| !variable.kind.fits(default)) {
            refuse("the default is of another kind");
        }
    }
    if misfits.is_empty() { Ok(()) } else { Err(misfits) }
}

/// `YYYY-MM-DD`, with or without a time of RFC 3339 behind it.
fn is_date(text: &str) -> bool {
    let (date, time) = match text.split_once(['T', 't', ' ']) {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let number = |part: &str, len: usize| {
        (part.len() == len && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<u32>().ok()).flatten()
    };
    let mut parts = date.split('-');
    let (Some(year), Some(month), Some(day), None) = (
        parts.next().and_then(|p| number(p, 4)),
        parts.next().and_then(|p| number(p, 2)),
        parts.next().and_then(|p| number(p, 2)),
        parts.next(),
    ) else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return false,
    };
    (1..=days).contains(&day) && time.is_none_or(|time| is_time(time, number))
}

fn is_time(time: &str, number: impl Fn(&str, usize) -> Option<u32>) -> bool {
    let (clock, zone) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, "Z"),
    };
    let hour_minute = |text: &str| {
        text.split_once(':').is_some_and(|(h, m)| number(h, 2).is_some_and(|h| h < 24) && number(m, 2).is_some_and(|m| m < 60))
    };
    let zoned = match zone.split_at_checked(1) {
        Some(("Z" | "z", rest)) => rest.is_empty(),
        Some((_, offset)) => hour_minute(offset),
        None => false,
    };
    let (minutes, seconds) = match clock.rsplit_once(':') {
        Some((minutes, seconds)) if minutes.contains(':') => (minutes, Some(seconds)),
        _ => (clock, None),
    };
    let second = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        number(whole, 2).is_some_and(|s| s <= 60) && !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit())
    };
    zoned && hour_minute(minutes) && seconds.is_none_or(second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn schema(closed: bool) -> Schema {
        let variables = json!([
            {"name": "amount", "kind": "number", "required": true},
            {"name": "name", "kind": "text", "default": "there"},
            {"name": "due", "kind": "date"},
            {"name": "vip", "kind": "boolean"},
            {"name": "lines", "kind": "list"},
            {"name": "owner", "kind": "object"},
        ]);
        Schema { variables: serde_json::from_value(variables).unwrap(), closed }
    }

    fn misfits(values: Value) -> Vec<(String, String)> {
        check_variables(&schema(true), &values).unwrap_err().into_iter().map(|m| (m.pointer, m.reason)).collect()
    }

    #[test]
    fn values_that_fit_pass_with_defaults() {
        let given = json!({"amount": 1.5, "due": "2026-02-28", "vip": false, "lines": [], "x": 1});
        let checked = check_variables(&schema(false), &given).unwrap();
        assert_eq!(checked["name"], "there");
        assert_eq!(checked["x"], 1);
        let null = check_variables(&schema(false), &json!({"amount": 1, "name": null})).unwrap();
        assert_eq!(null["name"], "there");
        let none = Schema::default();
        assert_eq!(check_variables(&none, &Value::Null).unwrap(), json!({}));
    }

    #[test]
    fn every_misfit_is_named() {
        assert_eq!(
            misfits(json!({"name": 1, "due": "soon", "vip": "yes", "lines": {}, "owner": [], "a/b~": 1})),
            [
                ("/variables/amount", "is required"),
                ("/variables/name", "must be text"),
                ("/variables/due", "must be a date like 2026-11-21 or 2026-11-21T10:00:00Z"),
                ("/variables/vip", "must be true or false"),
                ("/variables/lines", "must be a list"),
                ("/variables/owner", "must be an object"),
                ("/variables/a~1b~0", "is not a variable of this template"),
            ]
            .map(|(p, r)| (p.to_owned(), r.to_owned()))
        );
        assert_eq!(misfits(json!([]))[0].0, "/variables");
        assert_eq!(misfits(json!({"amount": "1"}))[0].1, "must be a number");
    }

    #[test]
    fn dates_are_real_dates() {
        for date in [
            "2026-11-21",
            "2024-02-29",
            "2000-02-29",
            "2026-11-21T10:00:00Z",
            "2026-11-21t10:00:00.123+02:00",
            "2026-11-21 10:00",
            "2026-11-21T23:59:60Z",
        ] {
            assert!(is_date(date), "{date}");
        }
        for not in [
            "",
            "2026",
            "2026-13-01",
            "2026-00-01",
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-1-1",
            "26-01-01",
            "2026-01-01T",
            "2026-01-01T25:00Z",
            "2026-01-01T10:00:00+2",
            "2026-01-01T10:00:00.Z",
            "2026-01-01-01",
            "٢٠٢٦-01-01",
        ] {
            assert!(!is_date(not), "{not}");
        }
    }

    #[test]
    fn a_schema_is_checked_too() {
        check_schema(&schema(true)).unwrap();
        let broken: Schema = serde_json::from_value(json!({"variables": [
            {"name": "a.b", "kind": "text"},
            {"name": "a", "kind": "text", "default": 1},
            {"name": "a", "kind": "text"},
        ]}))
        .unwrap();
        let pointers: Vec<_> = check_schema(&broken).unwrap_err().into_iter().map(|m| m.pointer).collect();
        assert_eq!(pointers, ["/variables/0", "/variables/1", "/variables/2"]);
    }
}
