//! Windows: free text goes on some channels only for hours after the recipient has written, and only to whom they wrote.

use providers::{HttpReply, Reply as Said};
use serde_json::{Value, json};
use tests::texts::{ADA, told, twilio, twilio_with};
use tests::{Company, Story};

/// How WhatsApp's numbers are written by Twilio.
const ADA_THERE: &str = "whatsapp:+14155550123";
const DAY: i64 = 24 * 3600;

/// An account for WhatsApp: its id, and the address that it is called back at.
async fn whatsapp(company: &Company<'_>) -> (String, String) {
    twilio_with(company, "twilio_whatsapp", &Value::Null).await
}

fn text() -> Value {
    json!({ "to": { "phone": ADA }, "channel": "whatsapp", "content": { "text": "It is on its way." } })
}

/// The provider takes that many messages.
fn taken(stage: &Story, count: usize) {
    let body = json!({ "sid": "SM900", "status": "queued" }).to_string().into_bytes();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let reply = Said::Answered(HttpReply { status: 201, headers, body, at: stage.clock.now() });
    stage.providers_say(vec![reply; count]);
}

/// The order is refused for the window; says in which words.
async fn refused(acme: &Company<'_>, order: &Value, pointer: &str) -> String {
    let reply = acme.post("/v1/messages", order).await;
    assert_eq!(reply.problem(422, "invalid"), [pointer]);
    assert_eq!(reply.body["errors"][0]["code"], "window", "{}", reply.body);
    reply.body["errors"][0]["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn free_text_is_taken_only_within_a_day_of_what_the_contact_wrote() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (_, path) = whatsapp(&acme).await;
    let before = stage.rows();
    let rule =
        "whatsapp: free text only within 24 hours after the contact last wrote (the contact has not); use provider_template";
    assert_eq!(refused(&acme, &text(), "/content").await, rule);
    stage.nothing_changed_since(&before, "an order outside the window");

    let wrote = stage.clock.now();
    told(&stage, &path, "SM1", ADA_THERE, "Where is my parcel?").await;
    stage.clock.advance((DAY - 1) * 1000).unwrap();
    taken(&stage, 1);
    let message = acme.send_with(&text()).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");

    stage.clock.advance(1000).unwrap();
    let rule = refused(&acme, &text(), "/content").await;
    assert!(rule.contains(&format!("(at {wrote})")), "{rule}");
    let place = json!({ "to": { "phone": ADA }, "channel": "whatsapp", "location": { "latitude": 52.5, "longitude": 13.4 } });
    refused(&acme, &place, "/location").await;
    assert_eq!(stage.outbox.asked().len(), 1, "nobody was called for what was refused");
}

#[tokio::test]
async fn a_template_of_the_providers_needs_no_window() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    whatsapp(&acme).await;
    taken(&stage, 1);
    let template = json!({ "name": "HX0123456789abcdef0123456789abcdef", "language": "en" });
    let order = json!({ "to": { "phone": ADA }, "channel": "whatsapp", "provider_template": template });
    let message = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn every_channel_with_a_window_names_its_rule() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let credentials = json!({ "access_token": "hunter2token", "app_secret": "hunter2secret" });
    for (channel, settings) in
        [("messenger", json!({ "page_id": "1065" })), ("instagram", json!({ "instagram_id": "1784", "page_id": "1065" }))]
    {
        let order = json!({ "to": { "address": "4711" }, "channel": channel, "content": { "text": "Hello" } });
        // Where there is no account, the gate says so.
        let early = acme.send_with(&order).await;
        stage.drain().await;
        assert_eq!(acme.stopped_by(&early).await, "account", "{channel}");
        let words = json!({ "provider": channel, "from": null, "settings": settings, "credentials": credentials });
        acme.account(&words).await;
        stage.clock.advance(5_000).unwrap();
        let rule = refused(&acme, &order, "/content").await;
        let expected = format!("{channel}: free text only within 24 hours after the contact last wrote (the contact has not)");
        assert_eq!(rule, expected);
        let shown = acme.get("/v1/channels").await["data"].as_array().unwrap().clone();
        assert_eq!(shown.iter().find(|one| one["channel"] == channel).unwrap()["window_hours"], 24);
    }
}

#[tokio::test]
async fn a_window_that_closes_meanwhile_stops_the_message_before_any_call() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (_, path) = whatsapp(&acme).await;
    told(&stage, &path, "SM1", ADA_THERE, "Hello").await;
    let late = acme.send_with(&text()).await;
    stage.clock.advance(DAY * 1000).unwrap();
    stage.drain().await;
    assert_eq!((acme.status(&late).await.as_str(), acme.stopped_by(&late).await.as_str()), ("rejected", "window"));
    assert!(acme.why(&late).await.contains("only within some hours after the recipient wrote"), "{}", acme.why(&late).await);
    assert!(stage.outbox.asked().is_empty());

    // What is to go tomorrow is judged tomorrow: by then the contact may have written.
    let tomorrow = stage.clock.now().plus_seconds(DAY).to_string();
    let mut order = text();
    order["send_at"] = json!(tomorrow);
    let (one, other) = (acme.send_with(&order).await, acme.send_with(&order).await);
    stage.clock.advance(DAY * 1000 - 5_000).unwrap();
    told(&stage, &path, "SM2", ADA_THERE, "Hello again").await;
    taken(&stage, 2);
    stage.pass(5).await;
    assert_eq!((acme.status(&one).await, acme.status(&other).await), ("sent".to_owned(), "sent".to_owned()));
}

#[tokio::test]
async fn a_window_is_open_by_the_account_that_was_written_to() {
    let stage = Story::begin().await;
    let (acme, other) = (stage.bare_tenant("acme").await, stage.bare_tenant("other").await);
    let (first, _) = whatsapp(&acme).await;
    let (second, path) = whatsapp(&acme).await;
    whatsapp(&other).await;
    told(&stage, &path, "SM1", ADA_THERE, "Hello").await;
    // An SMS opens nothing.
    told(&stage, &twilio(&other).await, "SM1", ADA, "Hello").await;

    let by = |account: &str| {
        let mut order = text();
        order["account"] = json!(account);
        order
    };
    refused(&acme, &by(&first), "/content").await;
    refused(&other, &text(), "/content").await;
    taken(&stage, 2);
    let (chosen, free) = (acme.send_with(&by(&second)).await, acme.send_with(&text()).await);
    stage.drain().await;
    for message in [chosen, free] {
        let now = acme.message(&message).await;
        assert_eq!((&now["status"], &now["account"]), (&json!("sent"), &json!(second)), "{now}");
    }
}

#[tokio::test]
async fn looking_at_the_window_costs_half_a_read_unit_where_there_is_one() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (_, path) = whatsapp(&acme).await;
    twilio(&acme).await;
    told(&stage, &path, "SM1", ADA_THERE, "Hello").await;
    let sms = json!({ "to": { "phone": ADA }, "content": { "text": "It is on its way." } });
    let mut costs = Vec::new();
    // The first two warm what is kept in memory.
    for order in [&text(), &sms, &text(), &sms] {
        taken(&stage, 1);
        let before = stage.memory.bill();
        acme.send_with(order).await;
        let accepted = stage.memory.bill();
        stage.drain().await;
        let (accepting, sending) = (accepted.since(before), stage.memory.bill().since(accepted));
        costs.push((accepting.read_units, accepting.write_units, sending.read_units));
    }
    let (with, without) = (costs[2], costs[3]);
    assert_eq!((with.0 - without.0, with.1 - without.1, with.2 - without.2), (0.5, 0.0, 0.5), "{costs:?}");
}
