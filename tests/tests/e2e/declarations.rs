//! What contacts said to being written to: a row for every change, with its proof, by whichever way it came, and for ever.

use http::Method;
use serde_json::{Value, json};
use tests::texts::{ADA, told, twilio};
use tests::{Company, Contact, Story};

async fn said(acme: &Company<'_>, contact: &str) -> Vec<Value> {
    acme.get(&format!("/v1/contacts/{contact}/consents")).await["data"].as_array().unwrap().clone()
}

/// The answers of a declaration as short words.
fn words(declaration: &Value) -> Vec<String> {
    let word = |answer: &Value| {
        let part = |name: &str| answer[name].as_str().unwrap_or("*").to_owned();
        format!("{}:{}:{} {}", part("channel"), part("category"), part("campaign"), part("said"))
    };
    declaration["answers"].as_array().unwrap().iter().map(word).collect()
}

async fn reader(acme: &Company<'_>) -> Contact {
    acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": { "email:marketing": true } })).await
}

#[tokio::test]
async fn every_change_by_the_api_is_kept_and_what_changes_nothing_is_not() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = reader(&acme).await;
    let path = format!("/v1/contacts/{}", ada.id);
    acme.patch(&path, &json!({ "first_name": "Ada", "consents": { "email:marketing": true } })).await;
    assert_eq!(said(&acme, &ada.id).await.len(), 1, "a name is no consent, and an answer that stands is none either");

    stage.clock.advance(60_000).unwrap();
    acme.patch(&path, &json!({ "consents": { "email:marketing": false }, "do_not_contact": true })).await;
    acme.patch(&format!("{path}/preferences"), &json!({ "channels": { "sms": false }, "campaigns": { "spring": false } }))
        .await;
    acme.patch(&path, &json!({ "consents": null })).await;
    let entry = json!({ "channel": "email", "address": "ada@example.com", "reason": "unsubscribe" });
    let entry = acme.post("/v1/suppressions", &entry).await.is(201);
    acme.delete(&format!("/v1/suppressions/{}", entry["id"].as_str().unwrap())).await;

    let all = said(&acme, &ada.id).await;
    let told: Vec<Vec<String>> = all.iter().map(words).collect();
    assert_eq!(
        told,
        [
            vec!["email:*:* granted"],
            vec!["email:*:* withdrawn"],
            vec!["email:marketing:* forgotten"],
            vec!["sms:*:* withdrawn", "*:*:spring withdrawn"],
            vec!["*:*:* withdrawn", "email:marketing:* withdrawn"],
            vec!["email:marketing:* granted"],
        ]
    );
    let keys = acme.get("/v1/api-keys").await;
    assert_eq!((&all[5]["source"], &all[5]["actor"]), (&json!("api"), &keys["data"][0]["id"]));
    assert_eq!((&all[5]["at"], &all[4]["at"]), (&json!("2026-03-02T09:00:00.000Z"), &json!("2026-03-02T09:01:00.000Z")));
}

#[tokio::test]
async fn a_consent_comes_with_its_proof() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let path = format!("/v1/contacts/{}/consents", ada.id);
    let proof = json!({ "ip": "2001:db8::7", "user_agent": "Browser/1.0", "text": "Yes, send me news." });
    let yes = json!({ "channel": "email", "category": "marketing", "proof": proof });
    let found = acme.post(&path, &yes).await.is(200);
    assert_eq!(found["consents"]["email:marketing"]["granted"], true);
    let kept = said(&acme, &ada.id).await;
    assert_eq!(words(&kept[0]), ["email:marketing:* granted"]);
    assert_eq!(
        (&kept[0]["ip"], &kept[0]["user_agent"], &kept[0]["text"]),
        (&proof["ip"], &proof["user_agent"], &proof["text"])
    );
    let news = acme.news(&ada).await;
    stage.drain().await;
    assert_eq!(acme.status(&news).await, "sent");

    let before = stage.rows();
    acme.post(&path, &yes).await.is(200);
    for (body, places) in [
        (json!({ "channel": "email", "category": "transactional" }), vec!["/category"]),
        (json!({ "channel": "sms", "category": "news", "double_opt_in": true }), vec!["/channel"]),
        (json!({ "channel": "email", "category": "news", "double_opt_in": true, "granted": false }), vec!["/granted"]),
        (
            json!({ "channel": "email", "category": "news", "proof": { "ip": "here", "text": "x".repeat(1001) } }),
            vec!["/proof/ip", "/proof/text"],
        ),
    ] {
        assert_eq!(acme.post(&path, &body).await.problem(422, "invalid"), places, "{body}");
    }
    stage.nothing_changed_since(&before, "what is known, or cannot be meant");
}

#[tokio::test]
async fn pages_and_words_prove_themselves() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = reader(&acme).await;
    let message = acme.news(&ada).await;
    stage.drain().await;
    let leave = stage.letter().unsubscribe();
    let post = async |form: &str| {
        let ask = stage.ask(Method::POST, &leave).header("user-agent", "Mail/2");
        ask.body("application/x-www-form-urlencoded", form).now().await.is(200);
        stage.drain().await;
    };
    post("List-Unsubscribe=One-Click").await;
    post("choice=save&category=marketing").await;
    let kept = said(&acme, &ada.id).await;
    assert_eq!(words(&kept[0]), ["email:marketing:* granted"]);
    assert_eq!(
        (&kept[0]["source"], &kept[0]["text"]),
        (&json!("preference_page"), &json!("Your messages from acme Ltd: what should we send to you?"))
    );
    assert_eq!(words(&kept[1]), ["email:marketing:* withdrawn"]);
    assert_eq!(
        (&kept[1]["source"], &kept[1]["message"], &kept[1]["user_agent"]),
        (&json!("one_click"), &json!(message.id), &json!("Mail/2"))
    );

    let hook = twilio(&acme).await;
    told(&stage, &hook, "SM1", ADA, "Stop").await;
    told(&stage, &hook, "SM2", ADA, "start").await;
    stage.drain().await;
    let contact = acme.get("/v1/contacts?phone=%2B14155550123").await["data"][0]["id"].as_str().unwrap().to_owned();
    let kept = said(&acme, &contact).await;
    assert_eq!([words(&kept[0]), words(&kept[1])], [vec!["sms:*:* granted"], vec!["sms:*:* withdrawn"]]);
    assert_eq!((&kept[1]["source"], &kept[1]["text"]), (&json!("inbound"), &json!("Stop")));
}

#[tokio::test]
async fn what_was_said_outlives_the_contact_and_nobody_can_change_it() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    let ada = reader(&acme).await;
    let path = format!("/v1/contacts/{}/consents", ada.id);
    for method in [Method::PUT, Method::PATCH, Method::DELETE] {
        acme.ask(method, &path).json(&json!({})).now().await.problem(405, "method-not-allowed");
    }
    for number in 0..3 {
        let body = json!({ "consents": { "email:marketing": number % 2 == 1 } });
        acme.patch(&format!("/v1/contacts/{}", ada.id), &body).await;
    }
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    let first = acme.get(&format!("{path}?limit=3")).await;
    let second = acme.get(&format!("{path}?limit=3&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((first["data"].as_array().unwrap().len(), second["data"].as_array().unwrap().len()), (3, 1));
    bravo.look(&path).await.problem(404, "not-found");
}
