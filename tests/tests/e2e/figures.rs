//! What numbers leave out of nothing: every tag, every hour of a day wherever it begins, what is nobody's and what is gone. And each
//! number of a first look leads to the very rows that it counts.

use http::Method;
use serde_json::json;
use tests::{Company, Story};

use crate::work::{groups, made};

/// Somebody writes down a call.
async fn called(acme: &Company<'_>) {
    made(acme, "activities", &json!({ "type": "call", "subject": "Talk" })).await;
    acme.story.drain().await;
}

#[tokio::test]
async fn tags_of_every_script_are_told_apart() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mut tags = ["a", "~x", "ü", "日本", "🎈", "\u{10fffd}"];
    tags.sort_unstable();
    for tag in tags {
        made(&acme, "activities", &json!({ "type": "note", "subject": "Noted", "tags": [tag] })).await;
    }
    stage.drain().await;
    let told = groups(&acme, "activities?group_by=tag").await;
    assert_eq!(told, tags.map(|tag| (tag.to_owned(), "completed=1 logged=1".to_owned())));
    let table = acme.look("/v1/analytics/activities?group_by=tag&format=csv").await;
    let text = String::from_utf8(table.bytes.clone()).unwrap();
    assert!(text.contains(",ü,") && text.lines().count() == 1 + tags.len(), "{text}");
}

#[tokio::test]
async fn a_table_is_told_to_those_who_want_one_most() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    called(&acme).await;
    for (accepted, kind) in [
        ("text/csv", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/*, application/json;q=0.9", "text/csv"),
        ("application/json, text/csv;q=0.1", "application/json"),
        ("text/csv;q=0, application/json", "application/json"),
        ("text/csv;q=0", "application/json"),
        ("*/*", "application/json"),
        ("text/csv, */*;q=0.1", "text/csv"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=lots", "application/json"),
    ] {
        let told = acme.ask(Method::GET, "/v1/analytics/activities").header("accept", accepted).now().await;
        assert_eq!((told.status, told.header("content-type")), (200, Some(kind)), "{accepted}");
    }
}

#[tokio::test]
async fn a_moment_behind_all_calendars_is_refused_for_what_it_is() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let why = |reply: &tests::Reply| reply.body["errors"][0]["detail"].as_str().unwrap().to_owned();
    for (moment, words) in
        [("9999-12-31T23:59:59Z", "9999-12-30T22:00:00Z"), ("tomorrow", "RFC 3339"), ("2026-02-30T00:00:00Z", "RFC 3339")]
    {
        let asked = acme.look(&format!("/v1/analytics/emails?until={moment}")).await;
        assert_eq!(asked.problem(422, "invalid"), ["?until"]);
        assert!(why(&asked).contains(words), "{}", why(&asked));
        let call = json!({ "type": "call", "subject": "Talk", "completed_at": moment });
        let told = acme.post("/v1/activities", &call).await;
        assert_eq!(told.problem(422, "invalid"), ["/completed_at"]);
        assert!(why(&told).contains(words), "{}", why(&told));
    }
}

#[tokio::test]
async fn a_tag_said_twice_is_one() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    for (noun, name) in [("activities", "subject"), ("tasks", "title"), ("deals", "title")] {
        let mut fields = json!({ (name): "Talk", "tags": ["b", "a", " b ", "c", "a"] });
        if noun == "activities" {
            fields["type"] = json!("call");
        }
        let path = made(&acme, noun, &fields).await;
        assert_eq!(acme.get(&path).await["tags"], json!(["b", "a", "c"]), "{noun}");
        assert_eq!(acme.patch(&path, &json!({ "tags": ["d", "d"] })).await["tags"], json!(["d"]), "{noun}");
    }
}
