//! Decisions that race with sending: once a suppression is stored, nothing is sent that was not claimed before.

use http::Method;
use serde_json::json;
use store::memory::Fault;
use tests::{Company, Message, Story};

/// A tenant whose one message waits to be relayed.
async fn waiting<'s>(stage: &'s Story, provider: &str) -> (Company<'s>, Message) {
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "provider": provider, "on_unknown": "resend" })).await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": { "email:marketing": true } })).await;
    let message = acme.news(&ada).await;
    (acme, message)
}

/// Decides in one of many ways that Ada gets nothing more of this.
async fn decide(acme: &Company<'_>, way: &str) {
    let ada = acme.get("/v1/contacts?email=ada@example.com").await["data"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/contacts/{ada}");
    let (method, path, body) = match way {
        "suppressed" => (Method::POST, "/v1/suppressions", json!({ "channel": "email", "address": "ada@example.com" })),
        "opted out" => (Method::PATCH, path.as_str(), json!({ "consents": { "email:marketing": false } })),
        "left alone" => (Method::PATCH, path.as_str(), json!({ "do_not_contact": true })),
        "deleted" => return acme.delete(&path).await,
        other => panic!("{other}"),
    };
    let reply = acme.ask(method, path).json(&body).now().await;
    assert!(reply.status < 300, "{way}: {}", reply.status);
}

#[tokio::test]
async fn wherever_the_sender_died_nothing_goes_after_the_decision() {
    for (provider, way) in [
        ("capture", "suppressed"),
        ("capture", "opted out"),
        ("capture", "left alone"),
        ("capture", "deleted"),
        ("ses", "suppressed"),
        ("ses", "deleted"),
    ] {
        let mut points = 0;
        for at in 0.. {
            let fault = if at % 2 == 0 { Fault::CrashBefore } else { Fault::CrashAfter };
            let stage = Story::begin().await;
            let (acme, message) = waiting(&stage, provider).await;
            stage.faults.strike(stage.faults.calls() + at / 2, fault);
            stage.drain().await;
            let struck = !stage.faults.struck().is_empty();
            stage.faults.calm();
            let (before, then) = (stage.outbox.taken(), acme.status(&message).await);
            decide(&acme, way).await;
            for _ in 0..4 {
                stage.pass(300).await;
            }
            let label = format!("{provider}, {way}, {fault:?} at call {}, {then} then", at / 2);
            assert_eq!(stage.outbox.taken(), before, "{label}: sent after the decision");
            let now = acme.status(&message).await;
            assert!(["sent", "rejected", "unknown"].contains(&now.as_str()), "{label}: {now}");
            if !struck {
                break;
            }
            points += 1;
        }
        assert!(points > 10, "{provider}, {way}: only {points} points");
    }
}

/// Cancelling wins or loses against the sender, and says which.
#[tokio::test]
async fn a_cancelled_message_was_not_sent_and_a_sent_one_was_not_cancelled() {
    for at in 0..30 {
        let stage = Story::begin().await;
        let (acme, message) = waiting(&stage, "capture").await;
        stage.faults.strike(stage.faults.calls() + at, Fault::CrashAfter);
        stage.drain().await;
        stage.faults.calm();
        let reply = acme.order(&format!("/v1/messages/{}/cancel", message.id)).await;
        for _ in 0..4 {
            stage.pass(300).await;
        }
        let cancelled = reply.status == 200;
        assert_eq!(acme.status(&message).await, if cancelled { "cancelled" } else { "sent" }, "at {at}");
        assert_eq!(stage.outbox.taken(), u64::from(!cancelled), "at {at}");
    }
}
