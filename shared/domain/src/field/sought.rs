//! What a filter by a custom field means, and whether a kept value is that.

use kernel::{Email, Result};
use serde_json::Value;

use super::{Field, Holds};

impl Field {
    /// What a filter by this field means, in the form that values are kept in: of a list one option.
    pub fn wanted(&self, text: &str) -> Result<Value> {
        match self.holds {
            Holds::Number | Holds::Boolean => self.read(&serde_json::from_str(text).unwrap_or_default()),
            Holds::MultiSelect => self.option(&text.into()).map(|option| option.as_str().into()),
            Holds::Text
            | Holds::LongText
            | Holds::Date
            | Holds::Datetime
            | Holds::Select
            | Holds::Url
            | Holds::Email
            | Holds::Phone => self.read(&text.into()),
        }
    }

    /// Whether a kept value is what a filter means, or has it among its options. Email addresses are the same in any case.
    pub fn says(&self, value: &Value, wanted: &Value) -> bool {
        let key = |value: &Value| value.as_str().and_then(|text| Email::parse(text).ok()).map(|email| email.key());
        match (value, wanted) {
            (Value::Array(options), _) => options.contains(wanted),
            (Value::Number(value), Value::Number(wanted)) => value == wanted || value.as_f64() == wanted.as_f64(),
            _ if self.holds == Holds::Email => key(value) == key(wanted),
            _ => value == wanted,
        }
    }
}
