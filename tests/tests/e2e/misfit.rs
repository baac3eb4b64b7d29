//! Bodies that are JSON and do not fit: a problem at the place, in words of the description, and nothing written.

use http::Method;
use serde_json::json;
use tests::{Reply, Story};

/// Words that say how the program is made, which is nobody's business.
const OF_THE_SOURCE: [&str; 7] = ["struct", "enum", "tuple", "sequence", "elements", "u8", "u64"];

fn refused_at(reply: &Reply, place: &str) {
    assert_eq!(reply.problem(422, "invalid"), [place], "{}", String::from_utf8_lossy(&reply.bytes));
    let detail = reply.body["errors"][0]["detail"].as_str().unwrap();
    assert!(OF_THE_SOURCE.iter().all(|word| !detail.contains(word)), "{detail}");
}

#[tokio::test]
async fn what_needs_one_of_several_names_says_so_at_its_place() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let owner = json!({ "role": "owner", "user": "usr_0195527c0d7b7c3e8a51d2b0f3a94c11" });
    let (tag, event) = (json!({ "add_tags": ["t"] }), json!({ "name": "a.b" }));
    let before = stage.rows();
    for to in [json!({}), owner, json!([]), json!(7), json!(null)] {
        let task = json!({ "title": "T", "escalation": [{ "after_minutes": 1, "to": to }] });
        refused_at(&acme.post("/v1/tasks", &task).await, "/escalation/0/to");
    }
    for action in [json!({}), json!({ "raise_event": event, "update_contact": tag }), json!(["raise_event", event])] {
        let rule = json!({ "name": "R", "trigger": "a.b", "actions": [action] });
        let reply = acme.post("/v1/rules", &rule).await;
        refused_at(&reply, "/actions/0");
        let detail = reply.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.starts_with("exactly one of send_message, update_contact, "), "{detail}");
    }
    stage.nothing_changed_since(&before, "bodies that do not fit");
}

#[tokio::test]
async fn a_list_is_no_object_however_deep_it_stands() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let user = json!({ "name": "U", "email": "u@acme.example", "role": "agent" });
    let user = acme.post("/v1/users", &user).await.is(201)["id"].clone();
    let team = acme.post("/v1/teams", &json!({ "name": "T", "members": [{ "user": user }] })).await.is(201)["id"].clone();
    let before = stage.rows();
    for (words, place) in [
        (json!({ "assign": ["load", team, null] }), "/assign"),
        (json!({ "due_at": "2026-03-03T00:00:00Z", "reminders": [[5, null, ["email"]]] }), "/reminders/0"),
        (json!({ "due_at": "2026-03-03T00:00:00Z", "escalation": [[5, { "role": "owner" }]] }), "/escalation/0"),
        (json!({ "checklist": [["a", true]] }), "/checklist/0"),
        (json!({ "checklist": { "text": "a" } }), "/checklist"),
        (json!({ "title": ["a"] }), "/title"),
        (json!({ "tags": "t" }), "/tags"),
        (json!({ "fields": ["f"] }), "/fields"),
    ] {
        let mut task = json!({ "title": "T" });
        for (name, value) in words.as_object().unwrap() {
            task[name] = value.clone();
        }
        refused_at(&acme.post("/v1/tasks", &task).await, place);
    }
    refused_at(&acme.post("/v1/events", &json!(["ab.cd"])).await, "");
    let preferences = acme.ask(Method::PUT, "/v1/notifications/preferences?user_id=usr_0195527c0d7b7c3e8a51d2b0f3a94c11");
    refused_at(&preferences.json(&json!([])).now().await, "");
    let limits = json!({ "title": "T", "escalation": [{ "after_minutes": -1, "to": { "role": "owner" } }] });
    refused_at(&acme.post("/v1/tasks", &limits).await, "/escalation/0/after_minutes");
    stage.nothing_changed_since(&before, "lists for objects");
}

#[tokio::test]
async fn what_json_can_say_and_nobody_can_keep_is_a_fault_at_its_place_and_what_is_no_json_is_malformed() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let before = stage.rows();
    let tell =
        async |body: &str| acme.ask(Method::POST, "/v1/events").body("application/json", body.as_bytes().to_vec()).now().await;
    refused_at(&tell(r#"{"name":"a.b","data":{"n":1e400}}"#).await, "/data/n");
    refused_at(&tell(r#"{"name":"a.b","name":"a.c"}"#).await, "/name");
    for broken in [r#"{"name":"a.b""#, r#"{"name":"a.b"} {}"#, r#"{"name":01}"#, r#"["a.b""#, ""] {
        tell(broken).await.problem(400, "malformed");
    }
    stage.nothing_changed_since(&before, "bodies that cannot be kept");
}
