//! When the answer of a provider is lost, nobody knows whether the letter went out: events decide, else the account's policy.

use local::provider::Deed;
use providers::Reply as Said;
use serde_json::{Value, json};
use tests::{Company, Message, Story};

fn lost() -> Said {
    Said::Lost { text: "the connection broke".to_owned() }
}

async fn hello(acme: &Company<'_>) -> Message {
    acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await
}

#[tokio::test]
async fn it_is_unknown_until_the_provider_tells() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    stage.providers_say([lost()]);
    let message = hello(&acme).await;
    stage.drain().await;

    let now = acme.message(&message).await;
    assert_eq!(
        (&now["status"], &now["hold"]),
        (&json!("unknown"), &json!({ "why": "evidence", "until": "2026-03-02T09:05:00.000Z" }))
    );
    assert!(acme.why(&message).await.starts_with("The provider's answer was lost; until 2026-03-02T09:05:00.000Z"));
    stage.told(&stage.letter(), Deed::Deliver).await;
    assert_eq!(acme.status(&message).await, "delivered");
    stage.pass(300).await;
    assert_eq!((acme.status(&message).await, stage.letters().len()), ("delivered".to_owned(), 1));
    acme.order(&format!("/v1/messages/{}/retry", message.id)).await.problem(409, "conflict");
}

#[tokio::test]
async fn a_sign_of_life_proves_that_it_was_sent() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "on_unknown": "resend" })).await;
    stage.providers_say([lost()]);
    let message = hello(&acme).await;
    stage.drain().await;
    stage.told(&stage.letter(), Deed::Delay).await;
    assert_eq!(acme.status(&message).await, "unknown");
    stage.pass(300).await;
    assert_eq!(acme.status(&message).await, "sent");
    stage.letter();
    stage.told(&stage.letter(), Deed::Deliver).await;
    assert_eq!(acme.status(&message).await, "delivered");
}

#[tokio::test]
async fn an_account_that_holds_leaves_it_to_a_person() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    stage.providers_say([lost()]);
    let message = hello(&acme).await;
    stage.drain().await;
    stage.pass(300).await;

    let now = acme.message(&message).await;
    assert_eq!((&now["status"], &now["hold"]), (&json!("unknown"), &Value::Null));
    assert!(acme.why(&message).await.ends_with("sending it again is your decision."));
    stage.pass(30 * 86_400).await;
    assert_eq!(acme.status(&message).await, "unknown");
    stage.letter();

    // The person decides; and the provider may still tell of the first one later.
    acme.order(&format!("/v1/messages/{}/retry", message.id)).await.is(200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
    assert_eq!(acme.verdicts(&message).await, ["unknown", "sent"]);
    assert_eq!(stage.letters().len(), 2);
    stage.told(&stage.letters()[0], Deed::Deliver).await;
    assert_eq!(acme.status(&message).await, "delivered");
}

#[tokio::test]
async fn an_account_that_resends_does_so_exactly_once() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "on_unknown": "resend" })).await;
    stage.providers_say([lost()]);
    let message = hello(&acme).await;
    stage.drain().await;
    assert_eq!(acme.message(&message).await["hold"]["why"], "resend");
    stage.pass(299).await;
    stage.letter();
    stage.pass(1).await;
    assert_eq!((acme.status(&message).await, stage.letters().len()), ("sent".to_owned(), 2));

    stage.providers_say([lost(), lost(), lost()]);
    let unlucky = hello(&acme).await;
    stage.drain().await;
    for _ in 0..5 {
        stage.pass(300).await;
    }
    assert_eq!(acme.status(&unlucky).await, "unknown");
    assert_eq!(acme.verdicts(&unlucky).await, ["unknown", "unknown"]);
    assert_eq!(stage.letters().len(), 4, "one more and no more");
}

#[tokio::test]
async fn a_provider_that_recognises_repetitions_is_simply_asked_again() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "provider": "capture" })).await;
    stage.providers_say([lost()]);
    let message = hello(&acme).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "held");
    stage.pass(30).await;
    assert_eq!(acme.verdicts(&message).await, ["retry", "sent"]);
    stage.letter();
}

#[tokio::test]
async fn a_bounce_of_a_letter_nobody_knew_of_counts_too() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    stage.providers_say([lost()]);
    let message = hello(&acme).await;
    stage.drain().await;
    stage.told(&stage.letter(), Deed::Bounce).await;
    assert_eq!(acme.status(&message).await, "bounced");
    stage.pass(300).await;
    assert_eq!(acme.status(&message).await, "bounced");
    let numbers = acme.get("/v1/analytics/emails").await["totals"].clone();
    assert_eq!((&numbers["sent"], &numbers["bounced"], &numbers["unknown"]), (&json!(1), &json!(1), &json!(0)));
}
