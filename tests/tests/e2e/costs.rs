//! What messages cost: on the message, in the numbers, and before they are sent.

use providers::{HttpReply, Reply as Said};
use serde_json::{Value, json};
use tests::{Company, Message, Story};

/// An account for text messages with that price a segment.
async fn texts(acme: &Company<'_>, priority: u16, price: &Value) -> String {
    acme.account(&json!({
        "name": "Texts", "provider": "twilio_sms", "from": null, "priority": priority, "price": price,
        "settings": { "account_sid": "AC0123456789abcdef0123456789abcdef", "from": "+14155550100" },
        "credentials": { "auth_token": "secret" },
    }))
    .await
}

fn price(amount: &str, currency: &str, per: &str) -> Value {
    json!({ "amount": amount, "currency": currency, "per": per })
}

/// The provider takes so many text messages.
fn taken(stage: &Story, count: usize) {
    let at = stage.clock.now();
    stage.providers_say((0..count).map(|number| {
        let body = json!({ "sid": format!("SM{number:032}"), "status": "queued" }).to_string();
        Said::Answered(HttpReply { status: 201, headers: Vec::new(), body: body.into_bytes(), at })
    }));
}

fn text(body: &str) -> Value {
    json!({ "to": { "phone": "+14155552671" }, "content": { "text": body } })
}

async fn cost(acme: &Company<'_>, message: &Message) -> Value {
    acme.message(message).await["cost"].clone()
}

#[tokio::test]
async fn a_message_costs_what_its_account_says_and_the_numbers_add_it_up() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let mail = acme.account(&json!({ "price": price("0.0001", "USD", "message") })).await;
    let sms = texts(&acme, 100, &price("0.0075", "EUR", "segment")).await;
    taken(&stage, 2);
    let short = acme.send_with(&text("Hello")).await;
    let long = acme.send_with(&text(&"ж".repeat(71))).await;
    stage.drain().await;
    let letters = [acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await];
    stage.drain().await;
    assert_eq!(cost(&acme, &short).await, json!({ "amount": "0.0075", "currency": "EUR", "segments": 1 }));
    assert_eq!(cost(&acme, &long).await, json!({ "amount": "0.015", "currency": "EUR", "segments": 2 }));
    assert_eq!(cost(&acme, &letters[0]).await, json!({ "amount": "0.0001", "currency": "USD", "segments": null }));
    assert_eq!(acme.trace(&long).await["tries"][0]["cost"]["amount"], "0.015");

    let (euros, dollars) = (json!({ "amount": "0.0225", "currency": "EUR" }), json!({ "amount": "0.0001", "currency": "USD" }));
    let numbers = acme.get("/v1/analytics/emails?group_by=account").await;
    assert_eq!(numbers["costs"], json!([euros, dollars]));
    let groups = numbers["groups"].as_array().unwrap();
    let of = |account: &str| groups.iter().find(|group| group["key"] == account).unwrap()["costs"].clone();
    assert_eq!((of(&mail), of(&sms)), (json!([dollars]), json!([euros])));
    // However often the stream is read.
    let before = stage.rows();
    stage.replay_stream();
    stage.drain().await;
    stage.nothing_changed_since(&before, "a replayed stream");
}

#[tokio::test]
async fn what_no_provider_took_costs_nothing() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "price": price("1", "EUR", "message") })).await;
    stage.providers_say([Said::Refused {
        status: 429,
        code: "TooManyRequestsException".to_owned(),
        text: String::new(),
        after: None,
    }]);
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    assert_eq!((acme.status(&message).await.as_str(), cost(&acme, &message).await), ("held", Value::Null));
    assert_eq!(acme.get("/v1/analytics/emails").await["costs"], json!([]));
    stage.pass(60).await;
    assert_eq!(cost(&acme, &message).await["amount"], "1");
    let sandbox = json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "sandbox": true });
    let rehearsed = acme.send_with(&sandbox).await;
    stage.drain().await;
    assert_eq!(cost(&acme, &rehearsed).await, Value::Null);
    assert_eq!(acme.get("/v1/analytics/emails").await["costs"], json!([{ "amount": "1", "currency": "EUR" }]));
}

async fn estimate(acme: &Company<'_>, order: &Value) -> Value {
    acme.post("/v1/messages/estimate", order).await.is(200)
}

#[tokio::test]
async fn a_text_is_measured_as_it_will_travel() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    for (text_of, encoding, segments, units, left) in [
        ("a".repeat(160), "gsm7", 1, 160, 0),
        ("a".repeat(161), "gsm7", 2, 161, 145),
        // The euro sign takes two septets.
        (format!("{}€", "a".repeat(158)), "gsm7", 1, 160, 0),
        (format!("{}€", "a".repeat(159)), "gsm7", 2, 161, 145),
        // It is not cut in two at the end of a segment.
        (format!("{}€{}", "a".repeat(152), "a".repeat(20)), "gsm7", 2, 174, 131),
        ("ж".repeat(70), "ucs2", 1, 70, 0),
        ("ж".repeat(71), "ucs2", 2, 71, 63),
        ("😀".repeat(35), "ucs2", 1, 70, 0),
        ("😀".repeat(36), "ucs2", 2, 72, 61),
        // Neither is a pair: 33 of them fit 67 units.
        (format!("{}a", "😀".repeat(67)), "ucs2", 3, 135, 64),
    ] {
        let told = estimate(&acme, &text(&text_of)).await["text"].clone();
        let found = (told["encoding"].as_str().unwrap(), &told["segments"], &told["units"], &told["left"]);
        assert_eq!(found, (encoding, &json!(segments), &json!(units), &json!(left)), "{text_of}");
        assert_eq!(told["characters"], text_of.chars().count());
    }
    let told = estimate(&acme, &text("It’s 5 € – ж")).await["text"]["forced_by"].clone();
    let expected = json!([
        { "character": "’", "position": 2, "replacement": "'" },
        { "character": "–", "position": 9, "replacement": "-" },
        { "character": "ж", "position": 11, "replacement": null },
    ]);
    assert_eq!(told, expected);
}

#[tokio::test]
async fn an_estimate_is_what_sending_comes_to_and_writes_nothing() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let dear = texts(&acme, 2, &price("0.02", "EUR", "segment")).await;
    let cheap = texts(&acme, 1, &price("0.0075", "EUR", "segment")).await;
    let free = texts(&acme, 3, &Value::Null).await;
    let off = texts(&acme, 4, &Value::Null).await;
    acme.patch(&format!("/v1/accounts/{off}"), &json!({ "enabled": false })).await;
    let words = json!({ "name": "code", "channel": "sms", "category": "transactional" });
    acme.template(&words, &json!({ "text": "{{ tenant.name }}: {{ words }}" })).await;
    let order = json!({ "to": { "phone": "+14155552671" }, "template": "code", "variables": { "words": "ж".repeat(80) } });
    let before = stage.rows();
    let told = estimate(&acme, &order).await;
    assert_eq!((&told["channel"], &told["text"]["segments"]), (&json!("sms"), &json!(2)));
    assert_eq!(told["text"]["characters"], "acme Ltd: ".len() + 80);
    let cost_of = |amount: &str| json!({ "amount": amount, "currency": "EUR", "segments": 2 });
    let expected = json!([
        { "account": cheap, "cost": cost_of("0.015") },
        { "account": dear, "cost": cost_of("0.04") },
        { "account": free, "cost": null },
    ]);
    assert_eq!(told["accounts"], expected);
    let mut pinned = order.clone();
    pinned["account"] = json!(dear);
    assert_eq!(estimate(&acme, &pinned).await["accounts"], json!([{ "account": dear, "cost": cost_of("0.04") }]));
    let letter = json!({ "to": { "email": "ada@example.com" }, "content": { "subject": "Hi", "text": "Hi" } });
    assert_eq!(estimate(&acme, &letter).await, json!({ "channel": "email", "text": null, "accounts": [] }));
    // What cannot be sent cannot be estimated.
    for (bad, pointer) in
        [(json!({ "to": { "phone": "+14155552671" } }), "/template"), (text("{{ nobody }}"), "/variables/nobody")]
    {
        assert_eq!(acme.post("/v1/messages/estimate", &bad).await.problem(422, "invalid"), [pointer]);
    }
    stage.nothing_changed_since(&before, "an estimate");

    taken(&stage, 1);
    let message = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(cost(&acme, &message).await, cost_of("0.015"));
}
