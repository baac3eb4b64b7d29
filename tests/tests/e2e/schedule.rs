//! Time: scheduled messages, quiet hours, and what is called off before its time.

use serde_json::{Value, json};
use tests::{Company, Contact, Message, Story};

async fn later(acme: &Company<'_>, send_at: &str) -> Message {
    acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "send_at": send_at })).await
}

/// Somebody who wants news.
async fn reader(acme: &Company<'_>, words: Value) -> Contact {
    let mut fields = json!({ "emails": ["ada@example.com"], "consents": { "email:marketing": true } });
    for (name, value) in words.as_object().unwrap() {
        fields[name] = value.clone();
    }
    acme.contact_with(&fields).await
}

#[tokio::test]
async fn a_scheduled_message_goes_at_its_time_and_not_before() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let message = later(&acme, "2026-03-05T10:30:00+01:00").await;
    assert_eq!(
        (&message.accepted["status"], &message.accepted["send_at"]),
        (&json!("scheduled"), &json!("2026-03-05T09:30:00.000Z"))
    );
    assert_eq!(message.accepted["hold"], json!({ "why": "schedule", "until": "2026-03-05T09:30:00.000Z" }));

    stage.drain().await;
    stage.pass_until("2026-03-05T09:29:59.999Z").await;
    assert_eq!(acme.status(&message).await, "scheduled");
    assert_eq!(acme.why(&message).await, "It waits until 2026-03-05T09:30:00.000Z, as it was asked to.");
    assert!(stage.letters().is_empty());

    stage.pass_until("2026-03-05T09:30:00Z").await;
    assert_eq!(acme.status(&message).await, "sent");
    assert_eq!(acme.message(&message).await["hold"], Value::Null);
    stage.letter();
    stage.pass(86_400).await;
    stage.letter();
}

#[tokio::test]
async fn a_time_that_is_now_is_no_schedule_and_one_that_has_passed_is_refused() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let now = later(&acme, "2026-03-02T08:59:30Z").await;
    stage.drain().await;
    assert_eq!(acme.status(&now).await, "sent");

    for (send_at, code) in [("2026-03-02T08:58:00Z", "past"), ("2027-03-04T09:00:00Z", "too_far")] {
        let order = json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "send_at": send_at });
        let refused = acme.post("/v1/messages", &order).await;
        assert_eq!(refused.problem(422, "invalid"), ["/send_at"]);
        assert_eq!(refused.body["errors"][0]["code"], code);
    }
}

#[tokio::test]
async fn a_scheduled_message_can_be_called_off_and_then_never_goes() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let message = later(&acme, "2026-03-05T09:30:00Z").await;
    stage.drain().await;

    let cancel = format!("/v1/messages/{}/cancel", message.id);
    assert_eq!(acme.order(&cancel).await.is(200)["status"], "cancelled");
    assert_eq!(acme.order(&cancel).await.is(200)["status"], "cancelled", "once more changes nothing");
    stage.pass_until("2026-03-06T00:00:00Z").await;
    assert_eq!(acme.why(&message).await, "It was called off before it was sent.");
    assert!(stage.letters().is_empty());

    // Whoever changes their mind sends it again.
    acme.order(&format!("/v1/messages/{}/retry", message.id)).await.is(200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
    acme.order(&cancel).await.problem(409, "conflict");
    stage.letter();
}

#[tokio::test]
async fn a_message_is_called_off_between_the_queue_and_the_sender() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let message = later(&acme, "2026-03-02T10:00:00Z").await;
    stage.drain().await;
    stage.clock.advance(3_600_000).unwrap();
    assert_eq!(stage.scan().await.unwrap().moved, 1);
    assert_eq!(acme.status(&message).await, "queued");

    acme.order(&format!("/v1/messages/{}/cancel", message.id)).await.is(200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "cancelled");
    assert!(stage.letters().is_empty());
}

#[tokio::test]
async fn news_wait_for_the_morning_where_the_reader_lives() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let quiet = json!({ "start": "21:00", "end": "08:00" });
    // 09:00 in London is 04:00 in New York.
    let ada = reader(&acme, json!({ "zone": "America/New_York", "quiet_hours": quiet })).await;

    let message = acme.news(&ada).await;
    stage.drain().await;
    let held = acme.message(&message).await;
    assert_eq!(
        (&held["status"], &held["hold"]),
        (&json!("held"), &json!({ "why": "quiet_hours", "until": "2026-03-02T13:00:00.000Z" }))
    );
    let gate = acme.trace(&message).await["gate"].clone();
    assert_eq!((&gate["decision"], &gate["until"]), (&json!("hold"), &json!("2026-03-02T13:00:00.000Z")));
    assert_eq!(acme.stopped_by(&message).await, "quiet_hours");
    assert_eq!(acme.why(&message).await, "It waits until 2026-03-02T13:00:00.000Z, when the recipient's quiet hours end.");

    stage.pass_until("2026-03-02T12:59:59.999Z").await;
    assert!(stage.letters().is_empty());
    stage.pass_until("2026-03-02T13:00:00Z").await;
    assert_eq!(acme.status(&message).await, "sent");
    assert_eq!(acme.stopped_by(&message).await, "");
}

#[tokio::test]
async fn the_tenants_quiet_hours_and_zone_hold_for_whoever_has_none() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.patch("/v1/tenant", &json!({ "zone": "Asia/Tokyo", "quiet_hours": { "start": "17:30", "end": "09:00" } })).await;
    let ada = reader(&acme, json!({})).await;
    let bob = reader(&acme, json!({ "emails": ["bob@example.com"], "zone": "Europe/London" })).await;
    let eve =
        reader(&acme, json!({ "emails": ["eve@example.com"], "quiet_hours": { "start": "00:00", "end": "00:00" } })).await;

    // It is 18:00 in Tokyo.
    let mut messages = Vec::new();
    for contact in [&ada, &bob, &eve] {
        messages.push(acme.news(contact).await);
    }
    stage.drain().await;
    assert_eq!(acme.message(&messages[0]).await["hold"]["until"], "2026-03-03T00:00:00.000Z");
    assert_eq!(acme.status(&messages[1]).await, "sent", "in London it is nine in the morning");
    assert_eq!(acme.status(&messages[2]).await, "sent", "an empty span is no quiet time");
    stage.pass_until("2026-03-03T00:00:00Z").await;
    assert_eq!(acme.status(&messages[0]).await, "sent");
}

#[tokio::test]
async fn what_one_must_know_comes_at_any_hour() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let quiet = json!({ "start": "00:00", "end": "23:59" });
    let ada = reader(&acme, json!({ "consents": { "email:marketing": false }, "quiet_hours": quiet })).await;

    let receipt = acme.send(&ada, "welcome").await;
    stage.drain().await;
    assert_eq!(acme.status(&receipt).await, "sent");
}

#[tokio::test]
async fn the_night_in_which_the_clocks_change_ends_an_hour_earlier() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let quiet = json!({ "start": "21:00", "end": "08:00" });
    let ada = reader(&acme, json!({ "zone": "Europe/Berlin", "quiet_hours": quiet })).await;
    stage.pass_until("2026-03-28T22:30:00Z").await;

    let message = acme.news(&ada).await;
    stage.drain().await;
    assert_eq!(acme.message(&message).await["hold"]["until"], "2026-03-29T06:00:00.000Z");
    stage.pass_until("2026-03-29T06:00:00Z").await;
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn a_scheduled_message_is_judged_by_the_hour_it_goes_out_in() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let quiet = json!({ "start": "21:00", "end": "08:00" });
    let ada = reader(&acme, json!({ "quiet_hours": quiet })).await;

    let message = acme.news_at(&ada, &json!({ "send_at": "2026-03-02T22:00:00Z" })).await;
    stage.drain().await;
    stage.pass_until("2026-03-02T22:00:00Z").await;
    assert_eq!(acme.message(&message).await["hold"], json!({ "why": "quiet_hours", "until": "2026-03-03T08:00:00.000Z" }));
    stage.pass_until("2026-03-03T08:00:00Z").await;
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn hundreds_of_messages_due_at_once_all_go_and_each_once() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    for _ in 0..250 {
        later(&acme, "2026-03-02T10:00:00Z").await;
    }
    stage.drain().await;
    // Two scanners meet, and one comes a minute late.
    stage.clock.advance(3_600_000).unwrap();
    let first = stage.scan().await.unwrap();
    let second = stage.scan().await.unwrap();
    assert_eq!((first.moved, second.moved, first.failed), (250, 0, 0));
    stage.pass(60).await;
    assert_eq!(stage.letters().len(), 250);
}
