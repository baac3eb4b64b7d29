//! When a provider as a whole does not work: nobody hammers it, nothing is lost, and all goes on when it is back.

use providers::Reply as Said;
use serde_json::{Value, json};
use tests::{Company, Message, Story};

const MANY: usize = 10_000;

/// The provider is gone, until it is said to work.
fn gone(stage: &Story) {
    stage.providers_say(std::iter::repeat_n(Said::Unreached { text: "connection refused".to_owned() }, MANY));
}

/// How often it was asked meanwhile.
fn back(stage: &Story) -> usize {
    MANY - stage.providers_work()
}

fn hello(person: usize) -> Value {
    json!({ "to": { "email": format!("person{person}@example.com") }, "template": "welcome" })
}

async fn health(acme: &Company<'_>, account: &str) -> Value {
    acme.get(&format!("/v1/accounts/{account}")).await["health"].clone()
}

async fn counted(acme: &Company<'_>, messages: &[Message], status: &str) -> usize {
    let mut count = 0;
    for message in messages {
        count += usize::from(acme.status(message).await == status);
    }
    count
}

/// How many wait for that.
async fn counted_waiting(acme: &Company<'_>, messages: &[Message], why: &str) -> usize {
    let mut count = 0;
    for message in messages {
        count += usize::from(acme.message(message).await["hold"]["why"] == why);
    }
    count
}

#[tokio::test]
async fn half_an_hour_without_the_provider_loses_nothing_and_asks_it_seldom() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&json!({})).await;
    assert_eq!(health(&acme, &account).await["state"], "working");

    gone(&stage);
    let mut messages = Vec::new();
    for person in 0..60 {
        messages.push(acme.send_with(&hello(person)).await);
    }
    stage.drain().await;
    let told = health(&acme, &account).await;
    assert_eq!((&told["state"], &told["note"]), (&json!("silent"), &json!("connection refused")));
    let tripped = back(&stage);
    assert!(tripped <= 10, "no more than one batch found it out: {tripped}");

    gone(&stage);
    for _ in 0..120 {
        stage.pass(15).await;
    }
    let asked = back(&stage);
    let patient = counted_waiting(&acme, &messages, "outage").await;
    assert!(patient > 0, "those that were not tried wait for the account");
    assert!((60..=180).contains(&asked), "once in ten seconds at most: {asked}");
    assert!(stage.letters().is_empty());
    assert_eq!(stage.returned(), 0, "nothing went back to the queue");
    assert_eq!(counted(&acme, &messages, "held").await, messages.len());
    // It is back: the next try finds out, and a minute later all that waited for it has gone.
    for _ in 0..5 {
        stage.pass(15).await;
    }
    assert_eq!(health(&acme, &account).await, json!({ "state": "working", "since": null, "note": null, "next_try_at": null }));
    for message in &messages {
        let now = acme.message(message).await;
        let own = now["status"] == "held" && now["hold"]["why"] == "retry";
        assert!(now["status"] == "sent" || own, "only who was tried in vain waits for a next try of its own: {now}");
    }
    stage.pass(7 * 3_600).await;
    assert_eq!(counted(&acme, &messages, "sent").await, messages.len());
    assert_eq!(stage.letters().len(), messages.len(), "each went out once");
}

#[tokio::test]
async fn another_account_carries_on_meanwhile_and_the_first_comes_back_by_itself() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let first = acme.account(&json!({ "priority": 1 })).await;
    let second = acme.account(&json!({ "priority": 2 })).await;
    let ways = async |message: &Message| -> Vec<Value> {
        let tries = acme.trace(message).await["tries"].clone();
        tries.as_array().unwrap().iter().map(|one| one["account"].clone()).collect()
    };
    for person in 0..5 {
        stage.providers_say([Said::Unreached { text: "connection refused".to_owned() }]);
        let message = acme.send_with(&hello(person)).await;
        stage.drain().await;
        assert_eq!(ways(&message).await, [first.clone(), second.clone()]);
    }
    assert_eq!(health(&acme, &first).await["state"], "silent");
    let message = acme.send_with(&hello(5)).await;
    stage.drain().await;
    assert_eq!(ways(&message).await, vec![json!(second)], "the first is not asked any more");

    stage.pass(10).await;
    let (probe, next) = (acme.send_with(&hello(6)).await, acme.send_with(&hello(7)).await);
    stage.drain().await;
    assert_eq!((ways(&probe).await, ways(&next).await), (vec![json!(first)], vec![json!(first)]));
    assert_eq!(health(&acme, &first).await["state"], "working");
}

#[tokio::test]
async fn an_account_that_is_refused_is_used_again_as_soon_as_a_person_mends_it() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&json!({})).await;
    let refused = Said::Refused { status: 400, code: "AccountSuspendedException".to_owned(), text: String::new(), after: None };
    stage.providers_say(std::iter::repeat_n(refused, 5));
    for person in 0..5 {
        acme.send_with(&hello(person)).await;
    }
    stage.drain().await;
    assert_eq!(health(&acme, &account).await["state"], "refused");
    let message = acme.send_with(&hello(5)).await;
    stage.pass(60).await;
    assert_eq!(acme.status(&message).await, "held");

    acme.patch(&format!("/v1/accounts/{account}"), &json!({ "name": "Mended" })).await;
    assert_eq!(health(&acme, &account).await["state"], "working");
    stage.pass(60).await;
    assert_eq!(acme.status(&message).await, "sent");
}
