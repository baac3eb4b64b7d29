//! Calling off messages together, by the key that they were given.

use serde_json::{Value, json};
use tests::{Company, Message, Story};

async fn reminder(acme: &Company<'_>, key: &str, at: &str) -> Message {
    acme.story.clock.advance(1).unwrap();
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "cancel_key": key, "send_at": at });
    acme.send_with(&order).await
}

async fn call_off(acme: &Company<'_>, body: &Value) -> Value {
    acme.post("/v1/messages/cancel", body).await.is(200)
}

#[tokio::test]
async fn one_key_calls_off_all_that_wait_and_nothing_else() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    let sent = acme.send_with(&json!({ "to": { "email": "a@example.com" }, "template": "welcome", "cancel_key": "k" })).await;
    stage.drain().await;
    let (first, second) =
        (reminder(&acme, "k", "2026-03-03T09:00:00Z").await, reminder(&acme, "k", "2026-03-04T09:00:00Z").await);
    let others = [reminder(&acme, "K", "2026-03-03T09:00:00Z").await, reminder(&bravo, "k", "2026-03-03T09:00:00Z").await];
    assert_eq!(first.accepted["cancel_key"], "k");
    stage.drain().await;

    let answer = call_off(&acme, &json!({ "cancel_key": "k" })).await;
    assert_eq!(answer, json!({ "cancelled": [second.id, first.id], "has_more": false, "next": null }));
    let again = call_off(&acme, &json!({ "cancel_key": "k" })).await;
    assert_eq!(again["cancelled"], json!([]), "doing it twice is doing it once");
    assert_eq!(call_off(&acme, &json!({ "cancel_key": "unheard of" })).await["cancelled"], json!([]));

    stage.pass_until("2026-03-05T09:00:00Z").await;
    for (company, message, status) in [
        (&acme, &sent, "sent"),
        (&acme, &first, "cancelled"),
        (&acme, &second, "cancelled"),
        (&acme, &others[0], "sent"),
        (&bravo, &others[1], "sent"),
    ] {
        assert_eq!(company.status(message).await, status, "{}", message.id);
    }
}

#[tokio::test]
async fn what_is_held_and_what_is_queued_is_called_off_too() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    stage.providers_say([providers::Reply::Unreached { text: "nobody there".to_owned() }]);
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "cancel_key": "k" });
    let held = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.status(&held).await, "held");
    stage.clock.advance(1).unwrap();
    let accepted = acme.send_with(&order).await;
    let answer = call_off(&acme, &json!({ "cancel_key": "k" })).await;
    assert_eq!(answer["cancelled"], json!([accepted.id, held.id]));
    stage.pass(3600).await;
    assert!(stage.letters().is_empty());
}

#[tokio::test]
async fn many_are_called_off_a_hundred_at_a_time() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for _ in 0..120 {
        reminder(&acme, "many", "2026-03-03T09:00:00Z").await;
    }
    let first = call_off(&acme, &json!({ "cancel_key": "many" })).await;
    assert_eq!((first["cancelled"].as_array().unwrap().len(), &first["has_more"]), (100, &json!(true)));
    let second = call_off(&acme, &json!({ "cancel_key": "many", "after": first["next"] })).await;
    assert_eq!((second["cancelled"].as_array().unwrap().len(), &second["has_more"]), (20, &json!(false)));
    stage.pass_until("2026-03-04T09:00:00Z").await;
    assert!(stage.letters().is_empty());

    // A cursor leads on in the list that it came from, and in no other.
    let astray = acme.post("/v1/messages/cancel", &json!({ "cancel_key": "other", "after": first["next"] })).await;
    assert_eq!(astray.problem(422, "invalid"), ["/after"]);
    for key in ["", "a\nb", &"x".repeat(201)] {
        let refused = acme.post("/v1/messages/cancel", &json!({ "cancel_key": key })).await;
        assert_eq!(refused.problem(422, "invalid"), ["/cancel_key"]);
    }
}

#[tokio::test]
async fn only_messages_with_a_key_pay_for_one() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let units = async |order: Value| {
        let before = stage.memory.bill();
        acme.send_with(&order).await;
        stage.memory.bill().since(before).write_units
    };
    let plain = json!({ "to": { "email": "ada@example.com" }, "template": "welcome" });
    let mut keyed = plain.clone();
    keyed["cancel_key"] = json!("k");
    units(plain.clone()).await;
    let (plain, keyed) = (units(plain).await, units(keyed).await);
    assert!((keyed - plain - 1.0).abs() < f64::EPSILON, "{plain} and {keyed}");
    // Who calls off looks at what is there now, not at what some replica has: what was accepted a moment ago is found.
    let before = stage.memory.bill();
    call_off(&acme, &json!({ "cancel_key": "unheard of" })).await;
    assert_eq!(stage.memory.bill().since(before).read_units, 1.0);
    stage.drain().await;
}
