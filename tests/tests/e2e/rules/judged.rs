//! What conditions see, and what a rule would do before it is let loose.

use serde_json::{Value, json};
use tests::Story;

use super::{report, rule, run, runs, tag};

#[tokio::test]
async fn a_run_says_of_every_condition_what_it_saw() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme
        .contact_with(&json!({ "first_name": "Ada", "locale": "de", "tags": ["vip"], "fields": { "plan": "pro", "seats": 3 } }))
        .await;
    let tree = json!({ "all": [
        { "field": "event.data.amount", "op": "gt", "value": 1000 },
        { "any": [
            { "field": "contact.locale", "op": "in", "value": ["fr", "at"] },
            { "not": { "field": "contact.tags", "op": "contains", "value": "lost" } },
        ] },
        { "field": "contact.fields.seats", "op": "lte", "value": 3.0 },
        { "field": "contact.zone", "op": "exists", "value": false },
        { "field": "contact.fields.plan", "op": "starts_with", "value": "p" },
        { "field": "contact.created_at", "op": "lte", "value": "2026-03-02T10:00:00+01:00" },
    ] });
    let held = rule(&acme, &json!({ "trigger": "order.placed", "conditions": tree, "actions": [tag("big")] })).await;
    let formula = "event.data.amount > 1000 and contact.locale = \"fr\"";
    let noted =
        rule(&acme, &json!({ "trigger": "order.placed", "formula": formula, "log": "all", "actions": [tag("x")] })).await;
    let silent = rule(&acme, &json!({ "trigger": "order.placed", "formula": formula, "actions": [tag("x")] })).await;
    stage.clock.advance(3_600_000).unwrap();
    report(&acme, &json!({ "name": "order.placed", "contact": ada.id, "data": { "amount": 1000.5 } })).await;

    let saw: Vec<(Value, Value)> = run(&acme, &held).await["conditions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| (finding["saw"].clone(), finding["held"].clone()))
        .collect();
    let yes = |saw: Value| (saw, json!(true));
    assert_eq!(
        saw,
        [
            yes(json!(1000.5)),
            (json!("de"), json!(false)),
            (json!(["vip"]), json!(false)),
            yes(json!(3)),
            yes(Value::Null),
            yes(json!("pro")),
            yes(json!("2026-03-02T09:00:00.000Z")),
        ]
    );
    let unmatched = run(&acme, &noted).await;
    assert_eq!((&unmatched["state"], &unmatched["why"]), (&json!("skipped"), &json!("Its conditions do not hold.")));
    assert_eq!(
        unmatched["conditions"][1],
        json!({ "field": "contact.locale", "op": "eq", "value": "fr", "saw": "de", "held": false })
    );
    assert!(runs(&acme, &silent).await.is_empty(), "what does not match is noted where it is asked for");
}

#[tokio::test]
async fn what_a_rule_can_be_made_of_can_be_read() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let terms = acme.get("/v1/rules/terms").await;
    // Every field takes whatever it is said to take.
    for field in terms["fields"].as_array().unwrap() {
        let name = field["name"].as_str().unwrap().replace('*', "any");
        assert!(field["ops"].as_array().unwrap().contains(&json!("exists")), "{field}");
        let conditions = json!({ "field": name, "op": "exists" });
        let event = json!({ "name": "shop.visited" });
        let rule = json!({ "name": "N", "trigger": "shop.visited", "conditions": conditions, "actions": [tag("t")] });
        acme.post("/v1/rules/test", &json!({ "rule": rule, "event": event })).await.is(200);
    }
    // And every event can be waited for.
    for event in terms["events"].as_array().unwrap() {
        let rule = json!({ "name": "N", "trigger": event["name"], "actions": [tag("t")] });
        let tried = acme.post("/v1/rules/test", &json!({ "rule": rule, "event": { "name": event["name"] } })).await.is(200);
        assert_eq!(tried["waits"], true, "{event}");
    }
}

#[tokio::test]
async fn a_rule_can_be_tried_without_doing_anything() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let body = json!({
        "name": "Remind", "trigger": "invoice.overdue", "formula": "event.data.total > 100 and contact.locale changed",
        "actions": [
            { "send_message": { "template": "overdue" } }, { "update_contact": { "add_tags": ["late"] } },
            { "raise_event": { "name": "customer.late" } },
        ],
    });
    let id = rule(&acme, &body).await;
    let before = stage.rows();
    let data = json!({ "total": 250, "amount": "EUR 250", "number": "4711", "due": "yesterday" });
    let changes = json!({ "contact.locale": { "old": "fr", "new": "de" } });
    let event = json!({ "name": "invoice.overdue", "contact": ada.id, "data": data, "changes": changes });
    let stored = acme.post(&format!("/v1/rules/{id}/test"), &json!({ "event": event })).await.is(200);
    let draft = acme.post("/v1/rules/test", &json!({ "rule": body, "event": event })).await.is(200);
    assert_eq!(stored, draft);
    assert_eq!((&stored["waits"], &stored["holds"]), (&json!(true), &json!(true)));
    let letter = &stored["actions"][0];
    assert_eq!((&letter["to"], &letter["subject"]), (&json!("ada@example.com"), &json!("Invoice 4711 is overdue")));
    assert!(stored["actions"].as_array().unwrap().iter().all(|action| action["why"].is_null()), "{stored}");

    // What is missing is said.
    let bare = json!({ "event": { "name": "invoice.paid", "address": "bob@example.com", "data": { "total": 1 } } });
    let tried = acme.post(&format!("/v1/rules/{id}/test"), &bare).await.is(200);
    assert_eq!((&tried["waits"], &tried["holds"]), (&json!(false), &json!(false)));
    assert!(tried["actions"][0]["why"].is_string(), "{tried}");
    assert_eq!(tried["actions"][1]["why"], "the event is about no contact");
    stage.nothing_changed_since(&before, "a trial");
    assert!(stage.letters().is_empty());
}

#[tokio::test]
async fn a_rule_is_changed_listed_and_deleted_and_what_was_before_concerns_it_not() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    acme.post("/v1/events", &json!({ "name": "shop.visited", "contact": ada.id })).await.is(202);
    stage.clock.advance(1_000).unwrap();
    let id =
        rule(&acme, &json!({ "trigger": "shop.visited", "formula": "contact.zone exists", "actions": [tag("seen")] })).await;
    stage.drain().await;
    assert!(runs(&acme, &id).await.is_empty());

    let path = format!("/v1/rules/{id}");
    let changed = acme.patch(&path, &json!({ "conditions": null, "description": "All of them" })).await;
    assert_eq!(
        (&changed["conditions"], &changed["formula"], &changed["description"]),
        (&Value::Null, &Value::Null, &json!("All of them"))
    );
    let stale = acme.ask(http::Method::PATCH, &path).header("if-match", "\"1\"").json(&json!({ "name": "N" })).now().await;
    stale.problem(412, "stale");
    assert_eq!(acme.get("/v1/rules?enabled=true&trigger=shop.visited").await["data"], json!([changed]));
    stage.clock.advance(5_000).unwrap();
    report(&acme, &json!({ "name": "shop.visited", "contact": ada.id })).await;
    let done = run(&acme, &id).await;
    assert_eq!(done["state"], "done");
    acme.delete(&path).await;
    acme.look(&format!("{path}/runs")).await.problem(404, "not-found");
    assert_eq!(acme.get(&format!("/v1/runs/{}", done["id"].as_str().unwrap())).await, done, "what was done stays told");
}
