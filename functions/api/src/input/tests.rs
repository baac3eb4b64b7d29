use serde_json::json;

use super::*;

#[test]
fn a_merge_patch_sets_removes_and_descends() {
    let mut place = json!({"host": "a", "port": 25, "deep": {"x": 1, "y": 2}});
    merge(&mut place, json!({"port": null, "deep": {"x": 3}, "new": {"z": null, "w": 1}}));
    assert_eq!(place, json!({"host": "a", "deep": {"x": 3, "y": 2}, "new": {"w": 1}}));
    merge(&mut place, json!([1]));
    assert_eq!(place, json!([1]));
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Sample {
    #[serde(deserialize_with = "present")]
    name: Option<String>,
    #[serde(deserialize_with = "double_option")]
    note: Option<Option<u8>>,
}

fn pointer<T: std::fmt::Debug>(result: Result<T>) -> (String, &'static str) {
    let Err(Error::Invalid(faults)) = result else { unreachable!("{result:?}") };
    (faults[0].pointer.clone(), faults[0].code)
}

#[test]
fn absent_and_null_differ_and_faults_point_to_their_place() {
    assert_eq!(parse::<Sample>(b"{}").unwrap(), Sample::default());
    assert_eq!(parse::<Sample>(br#"{"note": null}"#).unwrap().note, Some(None));
    assert_eq!(parse::<Sample>(br#"{"note": 3}"#).unwrap().note, Some(Some(3)));
    assert_eq!(pointer(parse::<Sample>(br#"{"name": null}"#)), ("/name".to_owned(), "type"));
    assert_eq!(pointer(parse::<Sample>(br#"{"note": "x"}"#)), ("/note".to_owned(), "type"));
    assert_eq!(pointer(parse::<Sample>(br#"{"other": 1}"#)).1, "unknown_field");
    assert_eq!(pointer(parse::<Sample>(br#" ["x", 3]"#)), (String::new(), "type"));
    assert_eq!(pointer(parse::<Sample>(br#"{"note": 3, "note": 4}"#)), ("/note".to_owned(), "duplicate"));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    #[expect(dead_code, reason = "only read")]
    list: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Choice {
    Alone,
    #[expect(dead_code, reason = "only read")]
    With(Sample),
}

#[test]
fn what_is_needed_is_said_at_its_place() {
    let wrong = |text: &str| {
        let Err(Error::Invalid(faults)) = parse::<Whole>(text.as_bytes()) else { unreachable!("{text}") };
        (faults[0].pointer.clone(), faults[0].detail.clone())
    };
    assert!(parse::<Whole>(br#"{"list": ["alone", {"with": {"note": 255}}, {"alone": null}]}"#).is_ok());
    for (text, pointer, detail) in [
        (r#"[["alone"]]"#, "", "an object is needed"),
        (r#"{"list": {"alone": 1}}"#, "/list", "a list is needed"),
        (r#"{"list": [{}]}"#, "/list/0", "exactly one of alone, with is needed"),
        (r#"{"list": ["alone", 1]}"#, "/list/1", "exactly one of alone, with is needed"),
        (r#"{"list": [{"alone": 1}]}"#, "/list/0/alone", "the word alone is needed"),
        (r#"{"list": ["with"]}"#, "/list/0/with", "an object with this name is needed"),
        (r#"{"list": [{"with": ["x", 3]}]}"#, "/list/0/with", "an object is needed"),
        (r#"{"list": [{"with": {"name": 1}}]}"#, "/list/0/with/name", "text is needed"),
        (r#"{"list": [{"with": {"note": 256}}]}"#, "/list/0/with/note", "a whole number from 0 to 255 is needed"),
        (r#"{"list": [{"with": {"note": 1e999}}]}"#, "/list/0/with/note", "number out of range"),
    ] {
        assert_eq!(wrong(text), (pointer.to_owned(), detail.to_owned()), "{text}");
    }
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    assert!(matches!(parse::<Whole>(deep.as_bytes()), Err(Error::Invalid(_))));
    for text in ["", "{", "{} {}", "{'list': []}", "{\"list\": [01]}", "nonsense"] {
        assert!(matches!(parse::<Whole>(text.as_bytes()), Err(Error::Malformed { .. })), "{text}");
    }
    assert!(matches!(parse::<Whole>(b"{\"a\": \"\xe4\"}"), Err(Error::Malformed { .. })));
}

#[test]
fn parameters_are_read_by_name() {
    assert_eq!(query::<Sample>("name=a%20b&limit=3", |name| name == "name").unwrap().name.unwrap(), "a b");
    assert_eq!(pointer(query::<Sample>("limit=3", |_| true)).0, "?limit");
    assert_eq!(pointer(query::<Sample>("note=x", |_| true)).0, "?note");
}
