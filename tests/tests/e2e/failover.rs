//! When providers say no: the next account, the next time, or never.

use providers::Reply as Said;
use serde_json::{Value, json};
use tests::{Company, Message, Story};

fn refused(status: u16, code: &str, text: &str) -> Said {
    Said::Refused { status, code: code.to_owned(), text: text.to_owned(), after: None }
}

fn throttled() -> Said {
    refused(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
}

fn hello() -> Value {
    json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })
}

/// Accounts of a trace's tries, oldest first.
async fn ways(acme: &Company<'_>, message: &Message) -> Vec<String> {
    let trace = acme.trace(message).await;
    trace["tries"].as_array().unwrap().iter().map(|one| one["account"].as_str().unwrap().to_owned()).collect()
}

/// When the message goes on, in milliseconds from now.
async fn wait(acme: &Company<'_>, message: &Message) -> i64 {
    let hold = acme.message(message).await["hold"].clone();
    assert_eq!(hold["why"], "retry", "{hold}");
    kernel::Time::parse(hold["until"].as_str().unwrap()).unwrap().since(acme.story.clock.now())
}

#[tokio::test]
async fn a_second_account_carries_what_the_first_refuses() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let second = acme.account(&json!({ "priority": 2, "from": { "email": "second@acme.example" } })).await;
    let first = acme.account(&json!({ "priority": 1, "from": { "email": "first@acme.example" } })).await;

    for (said, verdict) in [
        (throttled(), "limited"),
        (refused(400, "MailFromDomainNotVerifiedException", ""), "misconfigured"),
        (refused(500, "InternalServiceErrorException", "oops"), "retry"),
        (refused(400, "SomethingNew", "who knows"), "retry"),
        (Said::Unreached { text: "connection refused".to_owned() }, "retry"),
    ] {
        let before = stage.letters().len();
        stage.providers_say([said.clone()]);
        let message = acme.send_with(&hello()).await;
        stage.drain().await;
        assert_eq!(acme.verdicts(&message).await, [verdict, "sent"], "{said:?}");
        assert_eq!(ways(&acme, &message).await, [first.clone(), second.clone()]);
        let now = acme.message(&message).await;
        assert_eq!((&now["status"], &now["attempts"], &now["account"]), (&json!("sent"), &json!(2), &json!(second)));
        let letters = stage.letters();
        assert_eq!(letters.len(), before + 1, "one letter went out");
        assert_eq!(letters[before].from, "second@acme.example");
    }

    // The first is tried first again: nothing is held against it.
    let message = acme.send_with(&hello()).await;
    stage.drain().await;
    assert_eq!(ways(&acme, &message).await, [first]);
}

#[tokio::test]
async fn the_trace_shows_what_each_provider_said() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.account(&json!({ "priority": 200 })).await;
    stage.providers_say([throttled()]);
    let message = acme.send_with(&hello()).await;
    stage.drain().await;

    let tries = acme.trace(&message).await["tries"].clone();
    assert_eq!(tries[0]["note"], "TooManyRequestsException: Maximum sending rate exceeded.");
    assert_eq!((&tries[0]["number"], &tries[0]["provider_id"]), (&json!(1), &Value::Null));
    assert_eq!((&tries[1]["number"], &tries[1]["provider_id"]), (&json!(2), &json!(stage.letter().kept.id)));
}

#[tokio::test]
async fn when_all_refuse_it_waits_longer_each_time_and_at_last_fails() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    stage.providers_say(std::iter::repeat_n(throttled(), 8));
    let message = acme.send_with(&hello()).await;
    stage.drain().await;

    for (round, ceiling) in [30, 120, 480, 1_920, 7_680, 21_600, 21_600].into_iter().enumerate() {
        assert_eq!(acme.status(&message).await, "held", "round {round}");
        let wait = wait(&acme, &message).await;
        assert!((ceiling * 500 - 1000..=ceiling * 1000).contains(&wait), "round {round}: {wait} ms of at most {ceiling} s");
        stage.clock.advance(wait - 1).unwrap();
        assert_eq!(stage.scan().await.unwrap().moved, 0, "not before its time");
        stage.clock.advance(1).unwrap();
        stage.pass(0).await;
        assert_eq!(acme.verdicts(&message).await.len(), round + 2);
    }
    assert_eq!(acme.status(&message).await, "failed");
    assert_eq!(
        acme.why(&message).await,
        "Every try failed; the last: TooManyRequestsException: Maximum sending rate exceeded.."
    );
    stage.pass(7 * 86_400).await;
    assert_eq!(acme.verdicts(&message).await.len(), 8, "eight tries and no more");
    assert!(stage.letters().is_empty());
}

#[tokio::test]
async fn two_accounts_share_one_budget_of_waits() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.account(&json!({ "priority": 200 })).await;
    stage.providers_say(std::iter::repeat_n(throttled(), 4));
    let message = acme.send_with(&hello()).await;
    stage.drain().await;
    let first = wait(&acme, &message).await;
    assert_eq!(acme.verdicts(&message).await.len(), 2, "both at once, then a wait");
    stage.pass(first / 1000 + 1).await;
    assert_eq!(acme.verdicts(&message).await.len(), 4);
    let second = wait(&acme, &message).await;
    assert!(second > first);
    stage.pass(second / 1000 + 1).await;
    assert_eq!(acme.status(&message).await, "sent");
    stage.letter();
}

#[tokio::test]
async fn a_provider_that_asks_for_patience_gets_it() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    stage.providers_say([Said::Refused { status: 503, code: String::new(), text: "later".to_owned(), after: Some(900) }]);
    let message = acme.send_with(&hello()).await;
    stage.drain().await;
    assert_eq!(wait(&acme, &message).await, 900_000);
    stage.pass(899).await;
    assert!(stage.letters().is_empty());
    stage.pass(1).await;
    assert_eq!(acme.status(&message).await, "sent");

    // But nobody waits for ever.
    stage.providers_say([Said::Refused { status: 503, code: String::new(), text: "later".to_owned(), after: Some(u32::MAX) }]);
    let message = acme.send_with(&hello()).await;
    stage.drain().await;
    assert_eq!(wait(&acme, &message).await, 6 * 3_600_000);
    stage.pass(6 * 3_600).await;
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again_anywhere() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    acme.account(&json!({ "priority": 200 })).await;
    stage.providers_say([refused(400, "MessageRejected", "Transaction failed: bad content")]);
    let message = acme.send_with(&hello()).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "rejected");
    assert_eq!(acme.verdicts(&message).await, ["rejected"]);
    assert_eq!(acme.why(&message).await, "It was refused for good: MessageRejected: Transaction failed: bad content.");
    stage.pass(86_400).await;
    assert_eq!(acme.verdicts(&message).await.len(), 1);
}

/// Whoever mends the account and sends again means it: the tries that failed before do not count any more.
#[tokio::test]
async fn a_person_may_send_again_what_has_failed() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    stage.providers_say(std::iter::repeat_n(throttled(), 9));
    let message = acme.send_with(&hello()).await;
    stage.drain().await;
    for _ in 0..7 {
        let wait = wait(&acme, &message).await;
        stage.pass(wait / 1000 + 1).await;
    }
    assert_eq!(acme.status(&message).await, "failed");

    let retry = format!("/v1/messages/{}/retry", message.id);
    assert_eq!(acme.order(&retry).await.is(200)["status"], "queued");
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "held", "the ninth try failed too, and a tenth is to come");
    let wait = wait(&acme, &message).await;
    assert!(wait <= 30_000, "waits begin anew: {wait}");
    stage.pass(30).await;
    assert_eq!(acme.status(&message).await, "sent");
    assert_eq!(acme.verdicts(&message).await.len(), 10, "the trace forgets nothing");
    acme.order(&retry).await.problem(409, "conflict");
    stage.letter();
}

/// A round that a person grants is a whole one, whatever came before it: no more, no less, and in the usual order.
#[tokio::test]
async fn a_message_that_is_sent_again_fails_over_and_waits_like_any_other() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let second = acme.account(&json!({ "priority": 200 })).await;
    let mut order = hello();
    order["send_at"] = json!("2026-03-05T00:00:00Z");
    let message = acme.send_with(&order).await;
    acme.order(&format!("/v1/messages/{}/cancel", message.id)).await.is(200);
    acme.order(&format!("/v1/messages/{}/retry", message.id)).await.is(200);
    stage.providers_say([throttled(), throttled(), throttled()]);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "held", "both were asked once, and now it waits");
    let asked = ways(&acme, &message).await;
    assert_eq!((asked.len(), &asked[1]), (2, &second));
    stage.pass(30).await;
    assert_eq!(ways(&acme, &message).await[3], second, "and then the other again");
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn a_rejected_message_may_be_sent_again_once_its_reason_is_gone() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let ada = acme.contact_with(&json!({ "emails": ["ada@example.com"], "do_not_contact": true })).await;
    let message = acme.send(&ada, "welcome").await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "rejected");
    acme.patch(&format!("/v1/contacts/{}", ada.id), &json!({ "do_not_contact": false })).await;
    acme.order(&format!("/v1/messages/{}/retry", message.id)).await.is(200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn a_pinned_message_goes_its_way_or_none() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let own = acme.account(&json!({ "priority": 200 })).await;
    let mut order = hello();
    order["account"] = json!(own);
    stage.providers_say([throttled()]);
    let message = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "held", "no other account is asked");
    stage.pass(30).await;
    assert_eq!(ways(&acme, &message).await, [own.clone(), own.clone()]);

    acme.patch(&format!("/v1/accounts/{own}"), &json!({ "enabled": false })).await;
    stage.clock.advance(5_000).unwrap();
    let message = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!((acme.status(&message).await, acme.stopped_by(&message).await), ("rejected".to_owned(), "account".to_owned()));
}

#[tokio::test]
async fn an_smtp_account_stands_in_for_ses() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let smtp = acme
        .account(&json!({
            "provider": "smtp", "priority": 200, "settings": { "host": "mail.example.com", "port": 587, "security": "starttls" },
            "credentials": { "username": "mailer", "password": "hunter2-canary" },
        }))
        .await;
    stage.providers_say([refused(400, "AccountSuspendedException", "")]);
    let message = acme.send_with(&hello()).await;
    stage.drain().await;
    assert_eq!(acme.message(&message).await["account"], smtp);
    assert_eq!(stage.letter().kept.provider, "smtp");
    // A server that says 550 to the recipient has decided for good; one that says 421 has not.
    stage.providers_say([throttled(), refused(421, "4.3.2", "busy")]);
    let busy = acme.send_with(&hello()).await;
    stage.providers_say([throttled(), refused(550, "5.1.1", "user unknown")]);
    stage.drain().await;
    assert_eq!(acme.verdicts(&busy).await, ["limited", "limited"]);
    stage.pass(60).await;
    assert_eq!(acme.verdicts(&busy).await, ["limited", "limited", "limited", "undeliverable"]);
    assert_eq!(acme.message(&busy).await["account"], smtp, "it came back through the account that was asked last");
}

/// A company that sends by SMTP, whose servers say at once what becomes of a message.
async fn by_smtp(stage: &Story) -> Company<'_> {
    let acme = stage.bare_tenant("acme").await;
    let settings = json!({ "host": "mail.example.com", "port": 587, "security": "starttls" });
    acme.account(&json!({ "provider": "smtp", "settings": settings })).await;
    acme
}

async fn suppressed(acme: &Company<'_>, address: &str) -> Value {
    acme.get(&format!("/v1/suppressions?address={address}")).await["data"].clone()
}

#[tokio::test]
async fn an_address_that_is_gone_at_sending_is_suppressed_like_one_that_bounces_later() {
    let stage = Story::begin().await;
    let acme = by_smtp(&stage).await;
    let ada = acme.contact("Ada", "ada@example.com").await;
    stage.providers_say([refused(550, "5.1.1", "user unknown")]);
    let message = acme.send(&ada, "welcome").await;
    stage.drain().await;
    assert_eq!((acme.status(&message).await, acme.verdicts(&message).await), ("bounced".into(), vec!["undeliverable".into()]));
    assert_eq!(acme.why(&message).await, "The recipient cannot be reached: 550 5.1.1 user unknown.");
    let entry = suppressed(&acme, "ada@example.com").await[0].clone();
    assert_eq!((&entry["reason"], &entry["source"]), (&json!("hard_bounce"), &json!(message.id)));
    assert_eq!(acme.get(&format!("/v1/contacts/{}", ada.id)).await["emails"][0]["suppressed"], "hard_bounce");

    let next = acme.send_with(&hello()).await;
    stage.drain().await;
    assert_eq!((acme.status(&next).await, acme.stopped_by(&next).await), ("rejected".to_owned(), "suppression".to_owned()));

    // Whoever knows better lifts the suppression and sends again.
    acme.delete(&format!("/v1/suppressions/{}", entry["id"].as_str().unwrap())).await;
    acme.order(&format!("/v1/messages/{}/retry", message.id)).await.is(200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
    stage.letter();
}

#[tokio::test]
async fn a_recipient_who_cannot_be_reached_now_keeps_the_address() {
    let stage = Story::begin().await;
    let acme = by_smtp(&stage).await;
    stage.providers_say([refused(552, "5.2.2", "mailbox full")]);
    let message = acme.send_with(&hello()).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "bounced");
    assert_eq!(suppressed(&acme, "ada@example.com").await, json!([]));
    let next = acme.send_with(&hello()).await;
    stage.drain().await;
    assert_eq!(acme.status(&next).await, "sent");
}

#[tokio::test]
async fn of_several_recipients_none_is_suppressed_on_a_guess() {
    let stage = Story::begin().await;
    let acme = by_smtp(&stage).await;
    stage.providers_say([refused(550, "5.1.1", "recipient 2 of 2: user unknown")]);
    let mut order = hello();
    order["cc"] = json!(["ben@example.com"]);
    let message = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "bounced");
    for address in ["ada@example.com", "ben@example.com"] {
        assert_eq!(suppressed(&acme, address).await, json!([]), "{address}");
    }
}
