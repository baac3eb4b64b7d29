//! The gate: who may not be written to, and the trace that says why.

use local::provider::Deed;
use serde_json::{Value, json};
use tests::{Company, Message, Story};

/// That the message was stopped, by which check and for which reason.
async fn stopped(acme: &Company<'_>, message: &Message, check: &str, reason: &str) {
    let trace = acme.trace(message).await;
    assert_eq!((&trace["status"], &trace["gate"]["decision"]), (&json!("rejected"), &json!("stop")), "{trace}");
    assert_eq!(acme.stopped_by(message).await, check);
    assert_eq!(trace["gate"]["reason"], reason);
    assert_eq!(trace["why"], format!("It was not sent, because {reason}."));
    assert_eq!(trace["tries"], json!([]), "no provider was called");
    let results: Vec<&Value> = trace["gate"]["checks"].as_array().unwrap().iter().map(|check| &check["result"]).collect();
    let failed = results.iter().position(|result| *result == "failed").unwrap();
    assert!(results[..failed].iter().all(|result| *result == "passed"));
    assert!(results[failed + 1..].iter().all(|result| *result == "not_reached"));
}

#[tokio::test]
async fn without_an_account_nothing_goes() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    stopped(&acme, &message, "account", "no enabled account carries the channel").await;

    acme.account(&json!({ "enabled": false })).await;
    stage.clock.advance(5_000).unwrap();
    acme.order(&format!("/v1/messages/{}/retry", message.id)).await.is(200);
    stage.drain().await;
    stopped(&acme, &message, "account", "no enabled account carries the channel").await;
}

/// What is cached for seconds must not decide for good.
#[tokio::test]
async fn an_account_or_a_tenant_that_was_switched_on_a_moment_ago_sends() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let hello = json!({ "to": { "email": "ada@example.com" }, "template": "welcome" });
    let early = acme.send_with(&hello).await;
    stage.drain().await;
    assert_eq!(acme.stopped_by(&early).await, "account");
    acme.account(&json!({})).await;
    let message = acme.send_with(&hello).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");

    let own = acme.account(&json!({ "priority": 200 })).await;
    let mut pinned = hello.clone();
    pinned["account"] = json!(own);
    let pinned = acme.send_with(&pinned).await;
    stage.drain().await;
    assert_eq!(acme.message(&pinned).await["account"], own);

    stage.clock.advance(5_000).unwrap();
    acme.patch("/v1/tenant", &json!({ "active": false })).await;
    let stopped = acme.send_with(&hello).await;
    stage.drain().await;
    assert_eq!(acme.stopped_by(&stopped).await, "tenant");
    acme.patch("/v1/tenant", &json!({ "active": true })).await;
    let message = acme.send_with(&hello).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn a_tenant_that_is_switched_off_sends_nothing() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.patch("/v1/tenant", &json!({ "active": false })).await;
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    stopped(&acme, &message, "tenant", "the tenant is switched off").await;
}

#[tokio::test]
async fn a_contact_that_is_gone_or_wants_nothing_gets_nothing() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let bob = acme.contact("Bob", "bob@example.com").await;

    let (gone, left) = (acme.send(&ada, "welcome").await, acme.send(&bob, "welcome").await);
    acme.delete(&format!("/v1/contacts/{}", ada.id)).await;
    acme.patch(&format!("/v1/contacts/{}", bob.id), &json!({ "do_not_contact": true })).await;
    let bare = acme.send_with(&json!({ "to": { "email": "BOB@example.com" }, "template": "welcome" })).await;
    stage.drain().await;

    stopped(&acme, &gone, "recipient", "the contact is gone").await;
    stopped(&acme, &left, "do_not_contact", "the contact asked not to be contacted").await;
    stopped(&acme, &bare, "do_not_contact", "the contact asked not to be contacted").await;
    assert!(stage.letters().is_empty());
}

#[tokio::test]
async fn news_need_an_opt_in() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let path = format!("/v1/contacts/{}", ada.id);

    let unasked = acme.news(&ada).await;
    stage.drain().await;
    stopped(&acme, &unasked, "opt_in", "the recipient has not opted in to this category").await;

    acme.patch(&path, &json!({ "consents": { "email:marketing": false } })).await;
    let denied = acme.news(&ada).await;
    stage.drain().await;
    stopped(&acme, &denied, "opt_in", "the recipient has opted out of this category").await;

    acme.patch(&path, &json!({ "consents": { "email:marketing": true } })).await;
    let granted = acme.news(&ada).await;
    let other = acme.news_at(&ada, &json!({ "category": "surveys" })).await;
    stage.drain().await;
    assert_eq!(acme.status(&granted).await, "sent");
    stopped(&acme, &other, "opt_in", "the recipient has not opted in to this category").await;

    // Nobody knows what a bare address wants, unless it is somebody's.
    let stranger = json!({ "to": { "email": "bob@example.com" }, "template": "welcome", "category": "marketing" });
    let stranger = acme.send_with(&stranger).await;
    let known = json!({ "to": { "email": "Ada@example.com" }, "template": "welcome", "category": "marketing" });
    let known = acme.send_with(&known).await;
    stage.drain().await;
    stopped(&acme, &stranger, "opt_in", "the recipient has not opted in to this category").await;
    assert_eq!(acme.status(&known).await, "sent");
}

#[tokio::test]
async fn an_address_that_came_back_for_good_is_not_written_to_again() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let first = acme.send(&ada, "welcome").await;
    stage.drain().await;
    stage.told(&stage.letter(), Deed::Bounce).await;
    assert_eq!(acme.status(&first).await, "bounced");
    assert_eq!(acme.why(&first).await, "It was sent, and it came back for good: smtp; 550 5.1.1 user unknown.");

    let entry = acme.get("/v1/suppressions").await["data"][0].clone();
    assert_eq!(
        (&entry["address"], &entry["reason"], &entry["source"]),
        (&json!("ada@example.com"), &json!("hard_bounce"), &json!(first.id))
    );
    assert_eq!(entry["contact"], ada.id);
    assert_eq!(acme.get(&format!("/v1/contacts/{}", ada.id)).await["emails"][0]["suppressed"], "hard_bounce");

    let contact = acme.send(&ada, "welcome").await;
    let bare = acme.send_with(&json!({ "to": { "email": "ADA@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    let reason = "the mailbox does not exist: an earlier message came back for good";
    stopped(&acme, &contact, "suppression", reason).await;
    stopped(&acme, &bare, "suppression", reason).await;

    acme.delete(&format!("/v1/suppressions/{}", entry["id"].as_str().unwrap())).await;
    let lifted = acme.send(&ada, "welcome").await;
    stage.drain().await;
    assert_eq!(acme.status(&lifted).await, "sent");
}

#[tokio::test]
async fn a_full_mailbox_is_no_reason_to_give_up_on_somebody() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let first = acme.send(&ada, "welcome").await;
    stage.drain().await;
    stage.told(&stage.letter(), Deed::SoftBounce).await;

    assert_eq!(acme.status(&first).await, "bounced");
    assert!(acme.why(&first).await.contains("may work another time"));
    assert_eq!(acme.get("/v1/suppressions").await["data"], json!([]));
    let second = acme.send(&ada, "welcome").await;
    stage.drain().await;
    assert_eq!(acme.status(&second).await, "sent");
}

#[tokio::test]
async fn a_complaint_and_a_decision_by_hand_stop_everything_too() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let first = acme.send(&ada, "welcome").await;
    stage.drain().await;
    stage.told(&stage.letter(), Deed::Complain).await;
    assert_eq!(acme.status(&first).await, "complained");
    let second = acme.send(&ada, "welcome").await;
    stage.drain().await;
    stopped(&acme, &second, "suppression", "the recipient called an earlier message spam").await;

    acme.post("/v1/suppressions", &json!({ "channel": "email", "address": "Bob@example.com" })).await.is(201);
    let third = acme.send_with(&json!({ "to": { "email": "bob@EXAMPLE.com" }, "template": "welcome" })).await;
    stage.drain().await;
    stopped(&acme, &third, "suppression", "the address was suppressed by hand").await;
}

#[tokio::test]
async fn leaving_news_leaves_receipts() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": { "email:marketing": true } })).await;
    let entry = json!({ "channel": "email", "address": "ada@example.com", "reason": "unsubscribe" });
    acme.post("/v1/suppressions", &entry).await.is(201);

    let (news, receipt) = (acme.news(&ada).await, acme.send(&ada, "welcome").await);
    stage.drain().await;
    stopped(&acme, &news, "suppression", "the recipient left this kind of mail").await;
    assert_eq!(acme.status(&receipt).await, "sent");
}

#[tokio::test]
async fn what_is_decided_between_accepting_and_sending_counts() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "consents": { "email:marketing": true } })).await;
    let tomorrow = json!({ "send_at": "2026-03-03T09:00:00Z" });
    let (news, receipt) =
        (acme.news_at(&ada, &tomorrow).await, acme.news_at(&ada, &json!({ "category": "transactional" })).await);
    let later = json!({ "to": { "contact": ada.id }, "template": "welcome", "send_at": "2026-03-03T09:00:00Z" });
    let later = acme.send_with(&later).await;
    stage.drain().await;
    assert_eq!(acme.status(&receipt).await, "sent");

    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "consents": { "email:marketing": false } })).await;
    stage.told(&stage.letter(), Deed::Bounce).await;
    stage.pass_until("2026-03-03T09:00:00Z").await;
    stopped(&acme, &news, "suppression", "the mailbox does not exist: an earlier message came back for good").await;
    stopped(&acme, &later, "suppression", "the mailbox does not exist: an earlier message came back for good").await;
    stage.letter();
}

/// The address of a message is fixed when it is accepted. That the contact no longer has it must not hide what is known of it.
#[tokio::test]
async fn a_suppressed_address_stays_suppressed_when_its_contact_lets_go_of_it() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    let message =
        acme.send_with(&json!({ "to": { "contact": ada.id }, "template": "welcome", "send_at": "2026-03-03T09:00:00Z" })).await;
    stage.drain().await;

    acme.post("/v1/suppressions", &json!({ "channel": "email", "address": "ada@example.com" })).await.is(201);
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "emails": ["ada@elsewhere.example"] })).await;
    stage.pass_until("2026-03-03T09:00:00Z").await;
    stopped(&acme, &message, "suppression", "the address was suppressed by hand").await;
    assert!(stage.letters().is_empty());
}
