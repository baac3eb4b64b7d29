//! What is refused: rules and events that nobody can mean, each with the place at fault, and nothing written.

use serde_json::{Value, json};
use tests::Story;

#[tokio::test]
async fn wrong_rules_are_refused_with_the_place_at_fault() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.post("/v1/fields", &json!({ "object": "contact", "key": "seats", "kind": "number" })).await.is(201);
    let before = stage.rows();
    let with = |change: Value| {
        let mut body =
            json!({ "name": "N", "trigger": "invoice.paid", "actions": [{ "update_contact": { "add_tags": ["t"] } }] });
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        body
    };
    let test = |field: &str, op: &str, value: Value| json!({ "conditions": { "field": field, "op": op, "value": value } });
    let deep = (0..8).fold(json!({ "field": "contact.zone", "op": "exists" }), |tree, _| json!({ "not": tree }));
    let action = |action: Value| json!({ "actions": [action] });
    let many = vec![json!({ "raise_event": { "name": "a.b" } }); 11];
    for (change, pointer) in [
        (json!({ "name": " " }), "/name"),
        (json!({ "trigger": "contact.creatd" }), "/trigger"),
        (json!({ "trigger": "everything" }), "/trigger"),
        (test("contact.shoe", "eq", json!("x")), "/conditions/field"),
        (test("contact.locale", "gt", json!("x")), "/conditions/op"),
        (test("contact.locale", "like", json!("x")), "/conditions/op"),
        (test("contact.locale", "eq", json!(3)), "/conditions/value"),
        (test("contact.do_not_contact", "eq", json!("yes")), "/conditions/value"),
        (test("event.occurred_at", "lt", json!("soon")), "/conditions/value"),
        (test("contact.locale", "in", json!([])), "/conditions/value"),
        (
            json!({ "conditions": { "all": [{ "not": { "field": "user.shoe", "op": "exists" } }] } }),
            "/conditions/all/0/not/field",
        ),
        (json!({ "conditions": { "some": [] } }), "/conditions"),
        (json!({ "conditions": deep }), "/conditions/not/not/not/not/not/not/not/not"),
        (json!({ "formula": "contact.locale = " }), "/formula"),
        (json!({ "formula": "contact.zone exists", "conditions": { "field": "contact.zone", "op": "exists" } }), "/formula"),
        (json!({ "delay": { "days": 29 } }), "/delay"),
        (json!({ "delay": { "until": "25:00" } }), "/delay/until"),
        (json!({ "actions": [] }), "/actions"),
        (json!({ "actions": many }), "/actions"),
        (action(json!({ "send_message": { "template": "nothing" } })), "/actions/0/send_message/template"),
        (action(json!({ "send_message": { "template": "welcome", "shoe": 1 } })), "/actions/0/send_message/shoe"),
        (action(json!({ "update_contact": {} })), "/actions/0/update_contact"),
        (action(json!({ "update_contact": { "fields": { "A": 1 } } })), "/actions/0/update_contact/fields/A"),
        (action(json!({ "call_webhook": { "url": "http://shop.example" } })), "/actions/0/call_webhook/url"),
        (action(json!({ "raise_event": { "name": "contact.updated" } })), "/actions/0/raise_event/name"),
        (action(json!({ "raise_event": { "name": "a.b", "data": { "long": "x".repeat(17_000) } } })), "/actions"),
        (action(json!({ "update_contact": { "fields": { "seats": "many" } } })), "/actions/0/update_contact/fields/seats"),
        (action(json!({ "create_task": { "title": " " } })), "/actions/0/create_task/title"),
        (action(json!({ "create_task": { "title": "{{ number" } })), "/actions/0/create_task/title"),
        (
            action(json!({ "create_task": { "title": "T", "description": "{% include 'frame' %}" } })),
            "/actions/0/create_task/description",
        ),
        (action(json!({ "create_task": { "title": "T", "assignee": "boss" } })), "/actions/0/create_task/assignee"),
        (action(json!({ "create_task": { "title": "T", "due": { "days": 367 } } })), "/actions/0/create_task/due"),
        (action(json!({ "log_activity": { "type": "chat", "subject": "S" } })), "/actions/0/log_activity/type"),
        (action(json!({ "log_activity": { "type": "note", "subject": "{% if %}" } })), "/actions/0/log_activity/subject"),
        (
            action(json!({ "log_activity": { "type": "call", "subject": "S", "status": "scheduled" } })),
            "/actions/0/log_activity/due",
        ),
        (
            action(json!({ "log_activity": { "type": "call", "subject": "S", "due": { "days": 1 } } })),
            "/actions/0/log_activity/due",
        ),
        (json!({ "log": "some" }), "/log"),
    ] {
        let refused = acme.post("/v1/rules", &with(change.clone())).await;
        assert_eq!(refused.problem(422, "invalid"), [pointer], "{change}");
    }
    let refused = acme.post("/v1/rules", &with(json!({ "formula": "contact.zone exists and" }))).await;
    assert_eq!(refused.body["errors"][0]["detail"], "at character 24: a field such as contact.locale is needed");
    stage.nothing_changed_since(&before, "wrong rules");
}

#[tokio::test]
async fn wrong_events_are_refused_and_a_batch_takes_what_is_right() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let before = stage.rows();
    let long = "x".repeat(17_000);
    for (event, pointer) in [
        (json!({ "name": "paid" }), "/name"),
        (json!({ "name": "contact.updated" }), "/name"),
        (json!({ "name": "deal.created" }), "/name"),
        (json!({ "name": "user.deleted" }), "/name"),
        (json!({ "name": "invoice.*" }), "/name"),
        (json!({ "name": "invoice.paid", "occurred_at": "2026-03-03T09:00:00Z" }), "/occurred_at"),
        (json!({ "name": "invoice.paid", "occurred_at": "2026-01-03T09:00:00Z" }), "/occurred_at"),
        (json!({ "name": "invoice.paid", "data": [1] }), "/data"),
        (json!({ "name": "invoice.paid", "data": { "long": long } }), "/data"),
        (json!({ "name": "invoice.paid", "address": "" }), "/address"),
        (json!({ "name": "invoice.paid", "key": "" }), "/key"),
        (json!({ "name": "invoice.paid", "shoe": 1 }), "/shoe"),
    ] {
        assert_eq!(acme.post("/v1/events", &event).await.problem(422, "invalid"), [pointer], "{event}");
    }
    let wrong = json!({ "events": [{ "name": "paid" }, { "name": "contact.x" }] });
    assert_eq!(acme.post("/v1/events/batch", &wrong).await.problem(422, "invalid"), ["/events/0/name", "/events/1/name"]);
    assert_eq!(acme.post("/v1/events/batch", &json!({ "events": [] })).await.problem(422, "invalid"), ["/events"]);
    stage.nothing_changed_since(&before, "wrong events");

    let mixed = json!({ "events": [{ "name": "invoice.paid", "key": "a" }, { "name": "paid" }, { "name": "invoice.paid", "key": "a" }] });
    let results = acme.post("/v1/events/batch", &mixed).await.is(202)["results"].clone();
    assert_eq!(results[0]["event"], results[2]["event"]);
    assert_eq!((&results[1]["event"], &results[1]["errors"][0]["pointer"]), (&Value::Null, &json!("/events/1/name")));
    // The same key for something else is a mistake of the caller's.
    let other = json!({ "name": "invoice.paid", "key": "a", "data": { "n": 1 } });
    assert_eq!(acme.post("/v1/events", &other).await.problem(422, "invalid"), ["/key"]);
    assert_eq!(acme.get("/v1/events").await["data"].as_array().unwrap().len(), 1);
    // A key is forgotten after a week, an event after thirty days.
    stage.clock.advance(7 * 86_400_000).unwrap();
    acme.post("/v1/events", &other).await.is(202);
    stage.drain().await;
}
