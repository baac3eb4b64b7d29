//! What contacts prefer, and what the gate makes of it: channels, categories, campaigns, and how much is too much.

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use tests::{Company, Contact, Story};

/// Somebody who wants news and surveys.
async fn reader(acme: &Company<'_>) -> Contact {
    let consents = json!({ "email:marketing": true, "email:surveys": true });
    acme.contact_with(&json!({ "emails": ["ada@example.com"], "phones": ["+14155550123"], "consents": consents })).await
}

fn path(contact: &Contact) -> String {
    format!("/v1/contacts/{}/preferences", contact.id)
}

/// The check that stopped a message, and why; empty for one that was sent.
async fn sent(acme: &Company<'_>, contact: &Contact, words: &Value) -> (String, Value) {
    let message = acme.news_at(contact, words).await;
    acme.story.drain().await;
    (acme.stopped_by(&message).await, acme.trace(&message).await["gate"]["reason"].clone())
}

#[tokio::test]
async fn what_a_contact_refuses_does_not_come_and_the_rest_does() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = reader(&acme).await;
    let spring = json!({ "campaign": "spring-sale" });

    let found = acme.patch(&path(&ada), &json!({ "campaigns": { "spring-sale": false } })).await;
    assert_eq!(found["campaigns"], json!({ "spring-sale": false }));
    let stopped = sent(&acme, &ada, &spring).await;
    assert_eq!(stopped, ("preference".to_owned(), json!("the recipient wants nothing of this campaign")));
    assert_eq!(sent(&acme, &ada, &json!({ "campaign": "autumn" })).await.0, "");

    let found = acme.patch(&path(&ada), &json!({ "campaigns": null, "categories": { "surveys": false } })).await;
    assert_eq!((&found["campaigns"], &found["categories"]), (&json!({}), &json!({ "marketing": true, "surveys": false })));
    assert_eq!(sent(&acme, &ada, &spring).await.0, "");
    let stopped = sent(&acme, &ada, &json!({ "category": "surveys" })).await;
    assert_eq!(stopped, ("preference".to_owned(), json!("the recipient wants nothing of this category")));

    let found = acme.patch(&path(&ada), &json!({ "categories": { "surveys": true }, "channels": { "email": false } })).await;
    assert_eq!(found["channels"], json!({ "email": false, "sms": true, "voice": true, "whatsapp": true }));
    let stopped = sent(&acme, &ada, &spring).await;
    assert_eq!(stopped, ("preference".to_owned(), json!("the recipient wants nothing by this channel")));
    let receipt = json!({ "category": "transactional", "campaign": "spring-sale" });
    assert_eq!(sent(&acme, &ada, &receipt).await.0, "", "what cannot be left comes in any case");

    acme.patch(&path(&ada), &json!({ "channels": { "email": null }, "do_not_contact": true })).await;
    assert_eq!(sent(&acme, &ada, &receipt).await.0, "do_not_contact");
}

#[tokio::test]
async fn language_quiet_hours_and_consents_are_the_contacts_own() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = reader(&acme).await;
    let wishes = json!({
        "locale": "de", "zone": "Europe/Berlin", "quiet_hours": { "start": "09:30", "end": "11:00" }, "cap": { "per_day": 2 },
        "consents": { "email:surveys": null, "sms:alerts": true },
    });
    let found = acme.patch(&path(&ada), &wishes).await;
    assert_eq!((&found["locale"], &found["zone"]), (&json!("de"), &json!("Europe/Berlin")));
    assert_eq!(found["cap"], json!({ "per_day": 2 }));
    let contact = acme.get(&format!("/v1/contacts/{}", ada.id)).await;
    assert_eq!((&contact["locale"], &contact["quiet_hours"]), (&found["locale"], &found["quiet_hours"]));
    let keys: Vec<&String> = contact["consents"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["email:marketing", "sms:alerts"]);
    // It is ten in Berlin.
    let news = acme.news(&ada).await;
    stage.drain().await;
    assert_eq!(acme.message(&news).await["hold"], json!({ "why": "quiet_hours", "until": "2026-03-02T10:00:00.000Z" }));

    let stale = acme.ask(Method::PATCH, &path(&ada)).header("if-match", "\"1\"").json(&json!({ "locale": "en" })).now().await;
    stale.problem(412, "stale");
    stage.pass(3600).await;
}

#[tokio::test]
async fn wishes_that_cannot_be_meant_are_refused_and_change_nothing() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = reader(&acme).await;
    let before = stage.rows();
    for (wishes, places) in [
        (json!({ "channels": { "pigeon": false } }), vec!["/channels/pigeon"]),
        (json!({ "categories": { "transactional": false } }), vec!["/categories/transactional"]),
        (json!({ "categories": { "A b": false }, "campaigns": { "A/b": false } }), vec!["/categories/A b"]),
        (json!({ "campaigns": { "A/b": false } }), vec!["/campaigns/A~1b"]),
        (json!({ "cap": { "per_day": 0, "per_week": 101 } }), vec!["/cap/per_day", "/cap/per_week"]),
        (json!({ "consents": { "email:transactional": true } }), vec!["/consents/email:transactional"]),
        (json!({ "quiet_hours": { "start": "25:00", "end": "08:00" } }), vec!["/quiet_hours/start"]),
    ] {
        let refused = acme.ask(Method::PATCH, &path(&ada)).json(&wishes).now().await;
        assert_eq!(refused.problem(422, "invalid"), places, "{wishes}");
    }
    stage.nothing_changed_since(&before, "wishes that cannot be meant");
}

#[tokio::test]
async fn a_cap_counts_what_can_be_left_and_forgets_it_after_a_day() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = reader(&acme).await;
    acme.patch(&path(&ada), &json!({ "cap": { "per_day": 2, "per_week": 3 } })).await;
    assert_eq!(sent(&acme, &ada, &json!({})).await.0, "");
    assert_eq!(sent(&acme, &ada, &json!({ "category": "surveys" })).await.0, "");
    let reason = json!("the recipient has had as much as it wants in this time");
    assert_eq!(sent(&acme, &ada, &json!({})).await, ("cap".to_owned(), reason));
    assert_eq!(sent(&acme, &ada, &json!({ "sandbox": true })).await.0, "", "a rehearsal takes no place and needs none");
    assert_eq!(sent(&acme, &ada, &json!({ "category": "transactional" })).await.0, "");

    stage.pass(86_400).await;
    assert_eq!(sent(&acme, &ada, &json!({})).await.0, "");
    assert_eq!(sent(&acme, &ada, &json!({})).await.0, "cap", "three in a week");
    acme.patch(&path(&ada), &json!({ "cap": null })).await;
    assert_eq!(sent(&acme, &ada, &json!({})).await.0, "");
}

#[tokio::test]
async fn a_cap_costs_who_has_none_nothing() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = reader(&acme).await;
    let bob = acme.contact_with(&json!({ "emails": ["bob@example.com"], "consents": { "email:marketing": true } })).await;
    acme.patch(&path(&ada), &json!({ "cap": { "per_week": 50 } })).await;
    let units = async |contact: &Contact, category: &str| {
        let message = acme.news_at(contact, &json!({ "category": category })).await;
        let before = stage.memory.bill();
        stage.drain().await;
        assert_eq!(acme.status(&message).await, "sent");
        stage.memory.bill().since(before).write_units
    };
    // What is known already costs no other times.
    units(&bob, "marketing").await;
    let (plain, capped) = (units(&bob, "marketing").await, units(&ada, "marketing").await);
    assert!((capped - plain - 1.0).abs() < f64::EPSILON, "one write for a place: {plain} and {capped}");
    assert!((units(&ada, "transactional").await - plain).abs() < f64::EPSILON);
}

#[tokio::test]
async fn of_many_at_once_as_many_go_as_the_order_allows() {
    let stage = Story::with_senders(3).await;
    let acme = stage.tenant("acme").await;
    let ada = reader(&acme).await;
    let throttle = |key: &str| json!({ "key": key, "per": 3600, "limit": 3 });
    let code = |to: Value, key: &str| json!({ "to": to, "template": "welcome", "throttle": throttle(key) });
    let mut messages = Vec::new();
    for _ in 0..10 {
        messages.push(acme.send_with(&code(json!({ "contact": ada.id }), "login")).await);
    }
    assert_eq!(messages[0].accepted["throttle"], throttle("login"));
    stage.drain().await;
    let stopped: Vec<String> = join_all(messages.iter().map(|message| acme.stopped_by(message))).await;
    assert_eq!(stopped.iter().filter(|by| by.is_empty()).count(), 3);
    assert_eq!((stopped.iter().filter(|by| *by == "throttle").count(), stage.letters().len()), (7, 3));
    let last = messages.iter().zip(&stopped).find(|(_, by)| *by == "throttle").unwrap().0;
    assert_eq!(acme.status(last).await, "rejected");
    let reason = "It was not sent, because the recipient has had as many of its like as the order allows.";
    assert_eq!(acme.why(last).await, reason);

    // By the bare address it is the same person; another key and another person are others.
    for (to, key, by) in [
        (json!({ "email": "ADA@example.com" }), "login", "throttle"),
        (json!({ "contact": ada.id }), "reset", ""),
        (json!({ "email": "bob@example.com" }), "login", ""),
    ] {
        let message = acme.send_with(&code(to, key)).await;
        stage.drain().await;
        assert_eq!(acme.stopped_by(&message).await, by, "{key}");
    }
    stage.pass(3600).await;
    acme.order(&format!("/v1/messages/{}/retry", last.id)).await.is(200);
    stage.drain().await;
    assert_eq!(acme.status(last).await, "sent");
}

/// A message that is tried again has its place already.
#[tokio::test]
async fn a_second_try_takes_no_second_place() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let once = json!({ "key": "code", "per": 60, "limit": 1 });
    let order = json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "throttle": once });
    stage.providers_say([providers::Reply::Unreached { text: "nobody there".to_owned() }]);
    let first = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.status(&first).await, "held");
    stage.pass(50).await;
    assert_eq!(acme.status(&first).await, "sent");
    let second = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.stopped_by(&second).await, "throttle");
}

#[tokio::test]
async fn a_throttle_that_cannot_be_meant_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let before = stage.rows();
    for (throttle, places) in [
        (json!({ "key": "", "per": 59, "limit": 0 }), vec!["/throttle/key", "/throttle/per", "/throttle/limit"]),
        (json!({ "key": "a", "per": 2_592_001, "limit": 101 }), vec!["/throttle/per", "/throttle/limit"]),
        (json!({ "key": "a", "limit": 1 }), vec!["/throttle/per"]),
    ] {
        let order = json!({ "to": { "email": "a@example.com" }, "template": "welcome", "throttle": throttle });
        assert_eq!(acme.post("/v1/messages", &order).await.problem(422, "invalid"), places);
    }
    stage.nothing_changed_since(&before, "a throttle that cannot be meant");
}
