//! How often people are written to: one contact week by week, and all of them in a span.

use local::provider::Deed;
use serde_json::{Value, json};
use tests::chat::{self, WORD};
use tests::{Company, Contact, Story};

/// So many messages to a contact, a minute apart.
async fn written(acme: &Company<'_>, to: &Contact, count: usize) {
    for _ in 0..count {
        acme.send_with(&json!({ "to": { "contact": to.id }, "template": "welcome" })).await;
        acme.story.drain().await;
        acme.story.clock.advance(60_000).unwrap();
    }
}

#[tokio::test]
async fn a_contact_is_told_week_by_week() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let hook = chat::telegram(&acme).await;
    let fields = json!({ "emails": ["ada@example.com"], "handles": [{ "channel": "telegram", "address": "700000001" }] });
    let ada = acme.contact_with(&fields).await;
    let path = format!("/v1/contacts/{}/frequency", ada.id);
    let silent = acme.get(&format!("{path}?weeks=1")).await;
    let never = json!({ "count": 0, "mean_days_between": null, "last_at": null });
    assert_eq!((&silent["sent"], &silent["received"], &silent["complete"]), (&never, &never, &json!(true)));
    // Monday the 2nd: two; the week after: one that comes back; then one, and an answer.
    written(&acme, &ada, 2).await;
    stage.pass_until("2026-03-10T09:00:00Z").await;
    written(&acme, &ada, 1).await;
    stage.told(&stage.letters().pop().unwrap(), Deed::Bounce).await;
    stage.pass_until("2026-03-16T09:00:00Z").await;
    chat::post(&stage, &hook, &chat::written(700_000_001, 41, "Hello"), WORD).await.is(200);
    acme.post("/v1/activities", &json!({ "type": "call", "subject": "Talk", "contact_id": ada.id })).await.is(201);
    stage.drain().await;

    let told = acme.get(&format!("{path}?weeks=4")).await;
    let week = |at: &str, sent: u32, received: u32| json!({ "week": at, "sent": sent, "received": received });
    let weeks = json!([
        week("2026-02-23T00:00:00.000Z", 0, 0),
        week("2026-03-02T00:00:00.000Z", 2, 0),
        week("2026-03-09T00:00:00.000Z", 0, 0),
        week("2026-03-16T00:00:00.000Z", 0, 1),
    ]);
    assert_eq!((&told["weeks"], &told["since"]), (&weeks, &json!("2026-02-23T00:00:00.000Z")));
    let sent = json!({ "count": 2, "mean_days_between": 0.0, "last_at": "2026-03-02T09:01:00.000Z" });
    let received = json!({ "count": 1, "mean_days_between": null, "last_at": "2026-03-16T09:00:00.000Z" });
    assert_eq!((&told["sent"], &told["received"]), (&sent, &received));
    let berlin = acme.get(&format!("{path}?weeks=1&zone=Europe/Berlin")).await;
    assert_eq!(berlin["weeks"], json!([week("2026-03-15T23:00:00.000Z", 0, 1)]));
    assert_eq!(acme.get(&path).await["weeks"].as_array().unwrap().len(), 12);
    for weeks in ["0", "53"] {
        assert_eq!(acme.look(&format!("{path}?weeks={weeks}")).await.problem(422, "invalid"), ["?weeks"]);
    }
}

#[tokio::test]
async fn a_tenant_sees_how_many_are_written_to_how_often() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    let mut people = Vec::new();
    for (number, count) in [1, 1, 2, 4, 9].into_iter().enumerate() {
        let contact = acme.contact("P", &format!("p{number}@example.com")).await;
        written(&acme, &contact, count).await;
        people.push(contact);
    }
    // Nobody's contact, and another tenant's.
    acme.send_with(&json!({ "to": { "email": "eve@example.com" }, "template": "welcome" })).await;
    let theirs = bravo.contact("B", "b@example.com").await;
    written(&bravo, &theirs, 3).await;
    stage.pass(86_400).await;
    written(&acme, &people[0], 1).await;

    let told = acme.get("/v1/analytics/frequency").await;
    let numbers = ["messages", "contacts", "messages_per_contact"].map(|name| told[name].clone());
    assert_eq!(numbers, [json!(18), json!(5), json!(3.6)]);
    let band = |from: u32, to: Value, contacts: usize| json!({ "from": from, "to": to, "contacts": contacts });
    let bands = [band(1, json!(1), 1), band(2, json!(3), 2), band(4, json!(7), 1), band(8, Value::Null, 1)];
    assert_eq!(told["bands"], json!(bands));
    let day = |at: &str, messages: u32, contacts: u32, mean: f64| json!({ "day": at, "messages": messages, "contacts": contacts, "messages_per_contact": mean });
    let days = [day("2026-03-02T00:00:00.000Z", 17, 5, 3.4), day("2026-03-03T00:00:00.000Z", 1, 1, 1.0)];
    assert_eq!(told["days"], json!(days));
    let most = &told["most"];
    assert_eq!(
        (most.as_array().unwrap().len(), &most[0]["contact"], &most[0]["messages"]),
        (5, &json!(people[4].id), &json!(9))
    );
    assert_eq!(acme.get(most[0]["rows"].as_str().unwrap()).await["data"].as_array().unwrap().len(), 9);
    let table = acme.look("/v1/analytics/frequency?format=csv").await;
    let text = String::from_utf8(table.bytes.clone()).unwrap();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert_eq!(acme.get("/v1/analytics/frequency?since=2026-03-03T00:00:00Z").await["messages"], 1);
}
