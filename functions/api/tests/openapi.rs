//! The committed description is the API's own. `UPDATE_OPENAPI=1 cargo test -p api --test openapi` writes it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first thing that is wrong")]

use std::collections::BTreeSet;

use serde_json::Value;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn operations(description: &Value) -> Vec<(String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    let of = |(path, item): (&String, &'_ Value)| (path.clone(), item.as_object().unwrap().clone());
    let mut found = Vec::new();
    for (path, item) in paths.iter().map(of) {
        for method in item.keys().filter(|key| METHODS.contains(&key.as_str())) {
            found.push((format!("{method} {path}"), &description["paths"][&path][method]));
        }
    }
    found
}

fn references<'a>(value: &'a Value, found: &mut BTreeSet<&'a str>) {
    match value {
        Value::Object(map) => {
            found.extend(map.get("$ref").and_then(Value::as_str));
            map.values().for_each(|value| references(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_committed_description_is_the_apis_own() {
    let now = api::openapi();
    if aws::Env::process().find("UPDATE_OPENAPI").is_some() {
        std::fs::write(PATH, &now).unwrap();
    }
    let committed = std::fs::read_to_string(PATH).unwrap_or_default();
    assert!(committed == now, "openapi.json is stale: UPDATE_OPENAPI=1 cargo test -p api --test openapi");
}

#[test]
fn every_operation_is_described() {
    let description: Value = serde_json::from_str(&api::openapi()).unwrap();
    assert!(description["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = BTreeSet::new();
    for (name, operation) in operations(&description) {
        let id = operation["operationId"].as_str().unwrap();
        assert!(id.contains('_') && ids.insert(id), "{name}: {id} is no verb_noun of its own");
        assert!(operation["summary"].as_str().is_some_and(|words| words.len() > 5), "{name} has no words");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{name}");
        assert!(operation["security"].is_array(), "{name} says nothing of credentials");
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name} never succeeds");
        for (status, response) in responses {
            let refused = status.as_str() >= "400" && operation["operationId"] != "read_health";
            let named = format!("#/components/responses/Problem{status}");
            assert!(!refused || response["$ref"] == named, "{name}: {status} is no problem");
        }
    }
}

#[test]
fn every_schema_that_is_named_is_there() {
    let description: Value = serde_json::from_str(&api::openapi()).unwrap();
    let mut named = BTreeSet::new();
    references(&description, &mut named);
    assert!(named.len() > 50);
    for name in named {
        let pointer = name.strip_prefix('#').unwrap();
        assert!(description.pointer(pointer).is_some_and(Value::is_object), "{name} is not there");
    }
}
