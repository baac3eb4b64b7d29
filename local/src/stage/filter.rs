//! What of the stream AWS hands to a function: the stage obeys the filters of `template.yaml`, so that a change which they keep back
//! is seen to be missing here.

use serde_json::Value;
use store::Record;

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The filters of a function: a record passes when one of them lets it.
#[derive(Debug)]
pub(super) struct Filters(Vec<Value>);

impl Filters {
    /// Those of the resource of that name.
    pub(super) fn of(function: &str) -> Self {
        let block = TEMPLATE.split_once(&format!("\n  {function}:\n")).map_or("", |(_, rest)| rest);
        let lines = block.lines().take_while(|line| line.is_empty() || line.starts_with("    "));
        let patterns = lines.filter_map(|line| line.trim().strip_prefix("- Pattern: '")?.strip_suffix('\''));
        Self(patterns.filter_map(|pattern| serde_json::from_str(pattern).ok()).collect())
    }

    /// Whether the function gets to see the record.
    pub(super) fn pass(&self, record: &Record) -> bool {
        let event = record.as_event();
        self.0.iter().any(|pattern| matches(pattern, &event))
    }
}

/// Every field of the pattern must be there, with one of the values that it lists.
fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields.iter().all(|(name, inner)| event.get(name).is_some_and(|found| matches(inner, found))),
        Value::Array(values) => values.contains(event),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_readers_of_the_stream_have_filters_and_they_hold_back_what_they_do_not_list() {
        for function in ["RelayFunction", "AnalyticsFunction"] {
            let filters = Filters::of(function);
            assert!(!filters.0.is_empty(), "{function}");
            assert!(!filters.pass(&Record::new(None, None, "1".to_owned())), "{function}");
        }
        assert!(Filters::of("NoFunction").0.is_empty());
    }
}
