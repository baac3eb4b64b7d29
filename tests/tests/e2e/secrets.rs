//! Secrets go in and never come out: not through the API, not in a row, not in the log.

use http::Method;
use local::provider::Deed;
use local::stage::PLATFORM_KEY;
use providers::Reply as Said;
use serde_json::json;
use tests::log::Log;
use tests::{Letter, Reply, Story};

const PASSWORD: &str = "hunter2-canary";
const USERNAME: &str = "mailer-canary";

/// Every way in which a text may hide in bytes.
fn shapes(secret: &str) -> Vec<String> {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut shapes = vec![secret.to_owned(), hex];
    // Where a text begins within a group of three bytes decides how it looks in base64: its inner part at each of the three.
    for shift in 0..3 {
        let padded = format!("{}{secret}", &"xxx"[..shift]);
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&padded);
            shapes.push(encoded[4..encoded.len() - 4].to_owned());
        }
    }
    shapes
}

fn hides(text: &str, secret: &str) -> Option<String> {
    shapes(secret).into_iter().find(|shape| text.contains(shape.as_str()))
}

#[test]
fn the_search_finds_what_hides() {
    for text in ["a hunter2-canary b", "68756e746572322d63616e617279", "aHVudGVyMi1jYW5hcnk=", "eHh4aHVudGVyMi1jYW5hcnl4eA=="] {
        assert!(hides(text, PASSWORD).is_some(), "{text}");
    }
    assert!(hides("hunter3-canary", PASSWORD).is_none());
}

#[tokio::test]
async fn credentials_are_seen_by_nobody() {
    let log = Log::listen();
    let stage = Story::begin().await;
    let mut replies: Vec<Reply> = Vec::new();
    let acme = stage.bare_tenant("acme").await;
    let credentials = json!({ "username": USERNAME, "password": PASSWORD });
    let smtp = json!({
        "name": "Mail", "provider": "smtp", "from": { "email": "hello@acme.example" }, "priority": 1, "credentials": credentials,
        "settings": { "host": "mail.example.com", "port": 587, "security": "starttls" },
    });

    // Made, made with a key (whose answer is stored), made wrongly in every way, read, listed, changed.
    let made = acme.post("/v1/accounts", &smtp).await;
    let id = made.body["id"].as_str().unwrap().to_owned();
    replies.push(made);
    replies.push(acme.ask(Method::POST, "/v1/accounts").header("idempotency-key", "again").json(&smtp).now().await);
    replies.push(acme.ask(Method::POST, "/v1/accounts").header("idempotency-key", "again").json(&smtp).now().await);
    for wrong in [
        json!({ "credentials": { "username": PASSWORD } }),
        json!({ "credentials": { "password": { "deep": PASSWORD } } }),
        json!({ "credentials": PASSWORD }),
        json!({ "credentials": { PASSWORD: 1 } }),
        json!({ "provider": "ses" }),
        json!({ "settings": { "host": "" } }),
    ] {
        let mut body = smtp.clone();
        for (name, value) in wrong.as_object().unwrap() {
            body[name] = value.clone();
        }
        let refused = acme.post("/v1/accounts", &body).await;
        assert_eq!(refused.status, 422);
        // The name of a field is no secret: it is what one is told about.
        if body["credentials"].get(PASSWORD).is_none() {
            replies.push(refused);
        }
    }
    let path = format!("/v1/accounts/{id}");
    for read in ["/v1/accounts", path.as_str(), "/v1/accounts?fields=credentials,settings", "/v1/tenant"] {
        replies.push(acme.look(read).await);
    }
    replies.push(acme.ask(Method::PATCH, &path).json(&json!({ "credentials": credentials, "name": "Post" })).now().await);

    // Used: taken, refused, lost, refused in words that repeat the login, and told about.
    let said = |text: &str| Said::Refused { status: 535, code: "5.7.8".to_owned(), text: text.to_owned(), after: None };
    for reply in [
        None,
        Some(said("bad login")),
        Some(Said::Lost { text: "gone".to_owned() }),
        Some(Said::Unreached { text: "no".to_owned() }),
    ] {
        stage.providers_say(reply);
        let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
        stage.drain().await;
        replies.push(acme.look(&format!("/v1/messages/{}", message.id)).await);
        replies.push(acme.look(&format!("/v1/messages/{}/trace", message.id)).await);
    }
    let letters: Vec<Letter> = stage.letters();
    stage.told(&letters[0], Deed::Deliver).await;
    stage.pass(86_400).await;

    assert!(replies.len() > 15 && log.text().len() > 100, "there was something to look at");
    for secret in [PASSWORD, USERNAME] {
        for reply in &replies {
            let text = format!("{:?} {}", reply.headers, String::from_utf8_lossy(&reply.bytes));
            assert_eq!(hides(&text, secret), None, "{}: {text}", reply.asked);
        }
        for row in stage.rows() {
            assert_eq!(hides(&format!("{row:?}"), secret), None, "{row:?}");
        }
        assert_eq!(hides(&log.text(), secret), None, "the log");
        for letter in &letters {
            assert_eq!(hides(&letter.raw, secret), None, "a letter");
        }
    }
}

#[tokio::test]
async fn keys_tokens_people_and_words_stay_out_of_the_log() {
    let log = Log::listen();
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme
        .contact_with(&json!({ "first_name": "Ada-canary", "emails": ["ada-canary@example.com"], "phones": ["+14155552671"] }))
        .await;
    let made = acme
        .ask(Method::POST, "/v1/api-keys")
        .header("idempotency-key", "k")
        .json(&json!({ "name": "robot", "role": "agent" }))
        .now()
        .await;
    let secret = made.is(201)["secret"].as_str().unwrap().to_owned();
    let content = json!({ "subject": "Subject-canary", "html": "<a href=\"https://x.example\">Body-canary</a>" });
    let order = json!({ "to": { "contact": ada.id }, "content": content, "variables": { "a": "Variable-canary" } });
    let message = acme.send_with(&order).await;
    stage.providers_say([Said::Refused { status: 500, code: String::new(), text: "oops".to_owned(), after: None }]);
    stage.drain().await;
    stage.pass(60).await;
    let letter = stage.letter();
    stage.get(&letter.tracked_link()).await;
    stage.told(&letter, Deed::Bounce).await;
    stage.queue_raw("{\"poison\": \"ada-canary@example.com\"}");
    stage.drain().await;
    stage.park();
    stage.ask(Method::GET, "/v1/contacts").bearer(&format!("{secret}x")).now().await.problem(401, "unauthenticated");
    acme.look(&format!("/v1/contacts?email={}", ada.email)).await.is(200);
    assert_eq!(acme.status(&message).await, "bounced");

    let log = log.text();
    let token = letter.tracked_link().rsplit('/').next().unwrap().to_owned();
    for secret in [
        &secret,
        &acme.key,
        PLATFORM_KEY,
        "ada-canary",
        "Ada-canary",
        "Subject-canary",
        "Body-canary",
        "Variable-canary",
        "4155552671",
        &token,
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for secret in [secret.as_str(), acme.key.as_str()] {
        assert!(stage.rows().iter().all(|row| hides(&format!("{row:?}"), secret).is_none()), "a key is in a row");
    }
}

/// What goes wrong inside is told to the log and to nobody else.
#[tokio::test]
async fn inner_causes_stay_inside() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.get("/v1/tenant").await;
    for fault in [store::memory::Fault::LostReply, store::memory::Fault::Throttle] {
        for at in 0..4 {
            stage.faults.strike(stage.faults.calls() + at, fault);
        }
        let reply = acme.post("/v1/contacts", &json!({ "emails": ["ada@example.com"] })).await;
        stage.faults.calm();
        if reply.status != 201 {
            reply.problem(503, "unavailable");
            assert_eq!(reply.header("retry-after"), Some("1"));
            let text = String::from_utf8_lossy(&reply.bytes).to_lowercase();
            assert!(!text.contains("table") && !text.contains("dynamo") && !text.contains("reply of"), "{text}");
        }
    }
}
