//! The engine's items as the store knows them.

use dynoxide::AttributeValue;
use store::{Item, Value};

/// The same item.
pub(super) fn item(item: dynoxide::Item) -> Item {
    item.into_iter().map(|(name, value)| (name, self::value(value))).collect()
}

fn value(value: AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => Value::S(text),
        AttributeValue::N(digits) => Value::N(digits),
        AttributeValue::B(bytes) => Value::B(bytes),
        AttributeValue::BOOL(truth) => Value::Bool(truth),
        AttributeValue::NULL(null) => Value::Null(null),
        AttributeValue::SS(set) => Value::Ss(set),
        AttributeValue::NS(set) => Value::Ns(set),
        AttributeValue::BS(set) => Value::Bs(set),
        AttributeValue::L(list) => Value::L(list.into_iter().map(self::value).collect()),
        AttributeValue::M(map) => Value::M(item(map)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_arrives_as_it_was() {
        let theirs = r#"{
            "text": {"S": "a"}, "empty": {"S": ""}, "number": {"N": "-1.5"}, "bytes": {"B": "AQI="}, "yes": {"BOOL": true},
            "null": {"NULL": true}, "texts": {"SS": ["a", "b"]}, "numbers": {"NS": ["1", "2"]}, "many": {"BS": ["AQ==", "Ag=="]},
            "list": {"L": [{"N": "1"}, {"L": []}]}, "map": {"M": {"inner": {"M": {"deep": {"S": "x"}}}}}
        }"#;
        let s = |text: &str| Value::S(text.to_owned());
        let n = |digits: &str| Value::N(digits.to_owned());
        let map = |name: &str, value: Value| Value::M([(name.to_owned(), value)].into());
        let ours: Item = [
            ("text", s("a")),
            ("empty", s("")),
            ("number", n("-1.5")),
            ("bytes", Value::B(vec![1, 2])),
            ("yes", Value::Bool(true)),
            ("null", Value::Null(true)),
            ("texts", Value::Ss(vec!["a".to_owned(), "b".to_owned()])),
            ("numbers", Value::Ns(vec!["1".to_owned(), "2".to_owned()])),
            ("many", Value::Bs(vec![vec![1], vec![2]])),
            ("list", Value::L(vec![n("1"), Value::L(vec![])])),
            ("map", map("inner", map("deep", s("x")))),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        assert_eq!(item(serde_json::from_str(theirs).unwrap()), ours);
    }
}
