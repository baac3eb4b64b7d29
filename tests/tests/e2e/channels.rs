//! Messages on channels other than email: the same door, the same gate, the channel's own limits.

use providers::{HttpReply, Reply as Said};
use serde_json::{Value, json};
use tests::{Company, Story};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

fn answered(stage: &Story, status: u16, body: &Value) -> Said {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Said::Answered(HttpReply { status, headers, body: body.to_string().into_bytes(), at: stage.clock.now() })
}

async fn twilio(acme: &Company<'_>) -> String {
    let settings = json!({ "account_sid": ACCOUNT, "from": "+14155550100" });
    let credentials = json!({ "auth_token": "hunter2hunter2" });
    let words = json!({ "name": "Texts", "provider": "twilio_sms", "settings": settings, "credentials": credentials });
    acme.post("/v1/accounts", &words).await.is(201)["id"].as_str().unwrap().to_owned()
}

async fn telegram(acme: &Company<'_>) {
    let credentials = json!({ "bot_token": "123456:AAhunter2token", "secret_token": "hunter2word" });
    let words = json!({ "name": "Bot", "provider": "telegram", "credentials": credentials });
    acme.post("/v1/accounts", &words).await.is(201);
}

/// Bodies of the web requests that were made.
fn asked(stage: &Story) -> Vec<String> {
    let bodies = stage.outbox.asked().into_iter().map(|call| call.body.whole().unwrap());
    bodies.map(|body| String::from_utf8(body).unwrap()).collect()
}

#[tokio::test]
async fn a_text_message_goes_to_a_number_and_says_what_became_of_it() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = twilio(&acme).await;
    stage.providers_say([answered(&stage, 201, &json!({ "sid": "SM01", "status": "queued" }))]);
    let order = json!({
        "to": { "phone": "+1 (415) 555-2671" }, "content": { "text": "Your code is {{ code }}." }, "variables": { "code": "4711" },
    });
    let message = acme.send_with(&order).await;
    stage.drain().await;
    let now = acme.message(&message).await;
    assert_eq!((&now["status"], &now["channel"], &now["account"]), (&json!("sent"), &json!("sms"), &json!(account)));
    assert_eq!((&now["to"]["address"], &now["provider_id"]), (&json!("+14155552671"), &json!("SM01")));
    let asked = asked(&stage);
    assert!(asked.len() == 1 && asked[0].contains("To=%2B14155552671"), "{asked:?}");
    assert!(asked[0].contains("Body=Your+code+is+4711.") || asked[0].contains("Body=Your%20code%20is%204711."), "{asked:?}");
    assert!(stage.letters().is_empty());
}

#[tokio::test]
async fn a_template_of_a_channel_reaches_a_contact_by_its_number() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    twilio(&acme).await;
    let ada = acme.contact_with(&json!({ "first_name": "Ada", "phones": ["+14155552671"] })).await;
    let template = acme.post("/v1/templates", &json!({ "name": "code", "channel": "sms" })).await.is(201);
    let versions = format!("/v1/templates/{}/versions", template["id"].as_str().unwrap());
    let titled = json!({ "contents": { "en": { "subject": "Hi", "text": "Hello" } }, "publish": true });
    assert_eq!(acme.post(&versions, &titled).await.problem(422, "invalid"), ["/contents/en/subject"]);
    let plain = json!({ "contents": { "en": { "text": "Hello {{ contact.first_name }}" } }, "publish": true });
    acme.post(&versions, &plain).await.is(201);

    stage.providers_say([answered(&stage, 201, &json!({ "sid": "SM02" }))]);
    let message = acme.send_with(&json!({ "to": { "contact": ada.id }, "template": "code" })).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
    assert!(asked(&stage)[0].contains("Ada"));
    let other = json!({ "to": { "contact": ada.id }, "template": "code", "channel": "voice" });
    assert_eq!(acme.post("/v1/messages", &other).await.problem(422, "invalid"), ["/template"]);
}

#[tokio::test]
async fn buttons_and_places_go_where_a_channel_has_them() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    telegram(&acme).await;
    let sent = json!({ "ok": true, "result": { "message_id": 7, "chat": { "id": 42 } } });
    stage.providers_say([answered(&stage, 200, &sent), answered(&stage, 200, &sent)]);
    let to = json!({ "address": "42" });
    let asking = json!({
        "to": to, "channel": "telegram", "content": { "text": "Tea?" }, "buttons": [{ "reply": { "title": "Yes", "id": "y" } }],
    });
    let place = json!({ "to": to, "channel": "telegram", "location": { "latitude": 52.5, "longitude": 13.4 } });
    let (asking, place) = (acme.send_with(&asking).await, acme.send_with(&place).await);
    stage.drain().await;
    assert_eq!((acme.status(&asking).await, acme.status(&place).await), ("sent".to_owned(), "sent".to_owned()));
    let asked = asked(&stage);
    assert!(asked[0].contains("Tea?") && asked[0].contains("\"y\""), "{asked:?}");
    assert!(asked[1].contains("52.5"), "{asked:?}");
}

#[tokio::test]
async fn what_a_channel_cannot_carry_is_refused_before_anything_is_written() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    twilio(&acme).await;
    let before = stage.rows();
    let number = json!({ "phone": "+14155552671" });
    for (order, wrong) in [
        (json!({ "to": {}, "content": { "text": "x" } }), vec!["/to"]),
        (json!({ "to": { "phone": "+14155552671", "email": "a@example.com" }, "content": { "text": "x" } }), vec!["/to"]),
        (json!({ "to": { "address": "42" }, "content": { "text": "x" } }), vec!["/channel"]),
        (json!({ "to": { "email": "a@example.com" }, "channel": "sms", "content": { "text": "x" } }), vec!["/to/email"]),
        (json!({ "to": number, "channel": "telegram", "content": { "text": "x" } }), vec!["/to/phone"]),
        (json!({ "to": { "address": "nobody" }, "channel": "sms", "content": { "text": "x" } }), vec!["/to/address"]),
        (json!({ "to": number, "content": { "subject": "Hi", "text": "x" } }), vec!["/content/subject"]),
        (json!({ "to": number, "content": { "html": "<b>x</b>" } }), vec!["/content/html"]),
        (json!({ "to": number, "content": { "text": "x".repeat(5_000) } }), vec!["/content/text"]),
        (json!({ "to": number, "content": { "text": "x" }, "cc": ["a@example.com"] }), vec!["/cc"]),
        (
            json!({ "to": number, "content": { "text": "x" }, "buttons": [{ "reply": { "title": "Yes", "id": "y" } }] }),
            vec!["/buttons"],
        ),
        (json!({ "to": number, "location": { "latitude": 99.0, "longitude": 0.0 } }), vec!["/location", "/location/latitude"]),
        (json!({ "to": number }), vec!["/template"]),
        (json!({ "to": number, "content": { "text": "x" }, "data": { "a": 1 } }), vec!["/data"]),
    ] {
        assert_eq!(acme.post("/v1/messages", &order).await.problem(422, "invalid"), wrong, "{order}");
    }
    stage.nothing_changed_since(&before, "orders that were refused");
    assert!(stage.outbox.asked().is_empty());
}

#[tokio::test]
async fn an_account_has_a_sender_when_it_is_for_email_and_only_then() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mail = json!({ "name": "Mail", "provider": "ses" });
    assert_eq!(acme.post("/v1/accounts", &mail).await.problem(422, "invalid"), ["/from"]);
    let credentials = json!({ "bot_token": "123456:AAhunter2token", "secret_token": "hunter2word" });
    let from = json!({ "email": "a@acme.example" });
    let bot = json!({ "name": "Bot", "provider": "telegram", "credentials": credentials, "from": from });
    assert_eq!(acme.post("/v1/accounts", &bot).await.problem(422, "invalid"), ["/from"]);
}

#[tokio::test]
async fn a_number_that_opted_out_of_texts_gets_none() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    twilio(&acme).await;
    acme.post("/v1/suppressions", &json!({ "channel": "sms", "address": "+14155552671" })).await.is(201);
    let message = acme.send_with(&json!({ "to": { "phone": "+14155552671" }, "content": { "text": "x" } })).await;
    stage.drain().await;
    assert_eq!(
        (acme.status(&message).await, acme.stopped_by(&message).await),
        ("rejected".to_owned(), "suppression".to_owned())
    );
    assert!(stage.outbox.asked().is_empty(), "nobody was called");
}
