//! The queue: what is no job is parked, its neighbours are delivered, and a job that comes twice is done once.

use http::Method;
use providers::Reply as Said;
use serde_json::json;
use store::memory::Fault;
use tests::{Company, Message, Story};

async fn hello(acme: &Company<'_>) -> Message {
    acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await
}

#[tokio::test]
async fn what_is_no_job_is_parked_and_its_neighbours_are_delivered() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let mut messages = Vec::new();
    for _ in 0..4 {
        messages.push(hello(&acme).await);
    }
    let job = |version: u32, tenant: &str, message: &str| {
        json!({ "v": version, "tenant": tenant, "message": message, "seq": 1 }).to_string()
    };
    let poison = [
        String::new(),
        "not json".to_owned(),
        "{}".to_owned(),
        "[[[[[[".to_owned(),
        job(2, &acme.id, &messages[0].id),
        job(1, &acme.id, "con_0195527c0d7b7c3e8a51d2b0f3a94c11"),
    ];
    for body in &poison {
        stage.queue_raw(body);
    }
    stage.drain().await;
    for message in &messages {
        assert_eq!(acme.status(message).await, "sent");
    }
    assert_eq!(stage.letters().len(), 4);
    assert_eq!(stage.hidden(), poison.len(), "what cannot be read comes again until it is parked");
    stage.pass(180).await;
    assert_eq!(stage.hidden(), poison.len());
    assert_eq!(stage.park(), poison.len());
}

#[tokio::test]
async fn a_job_that_comes_twice_is_done_once() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let message = hello(&acme).await;
    let job = json!({ "v": 1, "tenant": acme.id, "message": message.id, "seq": 1 }).to_string();
    for _ in 0..5 {
        stage.queue_raw(&job);
    }
    stage.drain().await;
    stage.letter();
    // And after it has been settled, and about a state that never was.
    stage.queue_raw(&job);
    stage.queue_raw(&job.replace("\"seq\":1", "\"seq\":99"));
    stage.queue_raw(&job.replace("\"seq\":1", "\"seq\":2"));
    let before = stage.rows();
    stage.drain().await;
    stage.nothing_changed_since(&before, "a job that is void");
    assert_eq!((stage.letters().len(), stage.hidden()), (1, 0));
    assert_eq!(acme.verdicts(&message).await, ["sent"]);
}

#[tokio::test]
async fn a_job_for_another_tenants_message_or_for_none_is_void() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.tenant("acme").await, stage.tenant("bravo").await);
    let message = acme
        .send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome", "send_at": "2026-03-03T00:00:00Z" }))
        .await;
    stage.drain().await;
    let before = stage.rows();
    for (tenant, id) in [(&bravo.id, message.id.as_str()), (&acme.id, "msg_0195527c0d7b7c3e8a51d2b0f3a94c11")] {
        stage.queue_raw(&json!({ "v": 1, "tenant": tenant, "message": id, "seq": 1 }).to_string());
    }
    stage.drain().await;
    stage.nothing_changed_since(&before, "a job for nobody");
    assert!(stage.letters().is_empty());
}

/// A sender that dies with the message in its hands leaves a lease; when it has run out, somebody else settles it.
#[tokio::test]
async fn a_lease_that_ran_out_is_settled_by_the_next() {
    for (provider, expected) in [("capture", "sent"), ("ses", "unknown")] {
        // Where the provider is called is learnt on a twin of the stage: the same steps, the same calls.
        let twin = Story::begin().await;
        waiting(&twin, provider).await;
        twin.faults.record();
        twin.drain().await;
        let place = twin.faults.log().iter().position(|port| *port == "carrier.call").unwrap();

        let stage = Story::begin().await;
        let (acme, message) = waiting(&stage, provider).await;
        // The provider took it, and the process died before it could say so.
        stage.faults.strike(stage.faults.calls() + u64::try_from(place).unwrap(), Fault::CrashAfter);
        stage.drain().await;
        assert_eq!(acme.status(&message).await, "sending");
        assert_eq!((stage.letters().len(), stage.hidden()), (1, 1));
        stage.pass(179).await;
        assert_eq!(acme.status(&message).await, "sending", "the queue shows it again after three minutes");
        stage.pass(1).await;
        assert_eq!(acme.status(&message).await, expected);
        stage.pass(86_400).await;
        assert_eq!((acme.status(&message).await.as_str(), stage.letters().len()), (expected, 1));
    }
}

/// A tenant with one account and one message that waits to be relayed.
async fn waiting<'s>(stage: &'s Story, provider: &str) -> (Company<'s>, Message) {
    let acme = stage.bare_tenant("acme").await;
    acme.account(&json!({ "provider": provider })).await;
    let message = hello(&acme).await;
    (acme, message)
}

#[tokio::test]
async fn a_table_that_stumbles_delays_and_loses_nothing() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let message = hello(&acme).await;
    for at in 0..6 {
        stage.faults.strike(stage.faults.calls() + at, Fault::Throttle);
    }
    stage.drain().await;
    stage.faults.calm();
    for _ in 0..3 {
        stage.pass(180).await;
    }
    assert_eq!(acme.status(&message).await, "sent");
    stage.letter();
    assert_eq!(stage.hidden(), 0);
}

#[tokio::test]
async fn an_outage_holds_messages_and_burns_no_receives() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let mut messages = Vec::new();
    for _ in 0..20 {
        messages.push(hello(&acme).await);
    }
    stage.providers_say(std::iter::repeat_n(Said::Unreached { text: "no route".to_owned() }, 20));
    stage.drain().await;
    assert_eq!(stage.hidden(), 0, "the queue is empty: waiting is done in the table");
    for message in &messages {
        assert_eq!(acme.status(message).await, "held");
    }
    assert_eq!(stage.providers_work(), 15, "five calls in vain were enough to know");
    stage.pass(60).await;
    assert_eq!(stage.letters().len(), 20);
    stage.ask(Method::GET, "/health").now().await.is(200);
}
