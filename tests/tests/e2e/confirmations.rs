//! Who says STOP is told once that it was heard, by an ordinary message; and not at all where the provider does so.

use providers::{HttpReply, Reply as Said};
use serde_json::{Value, json};
use store::memory::Fault;
use tests::texts::{ADA, told, told_or_died, twilio, twilio_with};
use tests::{Company, Message, Story};

/// An account whose provider leaves the confirmations to us, as the address that it is called back at.
async fn own(company: &Company<'_>) -> String {
    twilio_with(company, "twilio_sms", &json!({ "confirms": false })).await.1
}

/// What went out to anybody, oldest first: the texts.
fn said(stage: &Story) -> Vec<String> {
    let body = |call: providers::HttpCall| String::from_utf8(call.body.whole().unwrap()).unwrap();
    let text = |form: String| {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
        assert!(fields.contains(&("To".to_owned(), ADA.to_owned())), "{fields:?}");
        fields.into_iter().find(|(name, _)| name == "Body").unwrap().1
    };
    stage.outbox.asked().into_iter().map(body).map(text).collect()
}

/// The provider takes whatever comes.
fn works(stage: &Story) {
    let body = json!({ "sid": "SM900", "status": "queued" }).to_string().into_bytes();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let reply = Said::Answered(HttpReply { status: 201, headers, body, at: stage.clock.now() });
    stage.providers_say(vec![reply; 20]);
}

async fn messages(company: &Company<'_>) -> Vec<Value> {
    company.get("/v1/messages").await["data"].as_array().unwrap().clone()
}

const STOPPED: &str = "acme Ltd: You will get no more messages from us. Reply START to get them again.";
const STARTED: &str = "acme Ltd: You will get messages from us again. Reply STOP to get no more.";

#[tokio::test]
async fn a_stop_is_confirmed_once_by_a_message_that_passes_the_stop_itself() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = own(&acme).await;
    works(&stage);
    told(&stage, &path, "SM1", ADA, "Stop").await;
    stage.drain().await;
    assert_eq!(said(&stage), [STOPPED]);
    let all = messages(&acme).await;
    let one = &all[0];
    assert_eq!((all.len(), &one["status"], &one["confirms"]), (1, &json!("sent"), &json!("stop")));
    assert_eq!((&one["category"], &one["to"]["address"]), (&json!("transactional"), &json!(ADA)));

    // The same callback again, and the same word again.
    for (sid, word) in [("SM1", "Stop"), ("SM2", "STOP"), ("SM3", "unsubscribe")] {
        told(&stage, &path, sid, ADA, word).await;
    }
    stage.drain().await;
    assert_eq!((said(&stage).len(), messages(&acme).await.len()), (1, 1));
    let order = json!({ "to": { "phone": ADA }, "content": { "text": "x" } });
    let message = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.stopped_by(&message).await, "suppression", "nothing else passes");

    told(&stage, &path, "SM4", ADA, "Start").await;
    stage.drain().await;
    assert_eq!(said(&stage), [STOPPED, STARTED]);
    let message = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn a_confirmation_speaks_as_the_contact_does_or_else_as_the_tenant() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = own(&acme).await;
    works(&stage);
    acme.contact_with(&json!({ "phones": [ADA], "locale": "de-AT" })).await;
    for (sid, word) in [("SM1", "Stopp"), ("SM2", "Anmelden"), ("SM3", "Hilfe")] {
        told(&stage, &path, sid, ADA, word).await;
        stage.drain().await;
    }
    let german = [
        "acme Ltd: Sie erhalten keine Nachrichten mehr von uns. Antworten Sie START, um sie wieder zu erhalten.",
        "acme Ltd: Sie erhalten wieder Nachrichten von uns. Antworten Sie STOP, um keine mehr zu erhalten.",
        "acme Ltd: Antworten Sie STOP, um keine Nachrichten mehr von uns zu erhalten, START, um sie wieder zu erhalten.",
    ];
    assert_eq!(said(&stage), german);

    let bravo = stage.bare_tenant("bravo").await;
    let path = own(&bravo).await;
    for (sid, locale) in [("SM4", "fr"), ("SM5", "fi")] {
        bravo.patch("/v1/tenant", &json!({ "locale": locale })).await;
        stage.pass(10).await;
        told(&stage, &path, sid, ADA, if locale == "fr" { "Aide" } else { "Stop" }).await;
        stage.drain().await;
    }
    let others = [
        "bravo Ltd : Répondez STOP pour ne plus recevoir nos messages, START pour les recevoir à nouveau.",
        "bravo Ltd: You will get no more messages from us. Reply START to get them again.",
    ];
    assert_eq!(said(&stage)[3..], others, "whom nobody knows, in the tenant's language, or else in English");
}

#[tokio::test]
async fn a_confirmation_passes_no_other_suppression_than_the_one_it_confirms() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = own(&acme).await;
    works(&stage);
    acme.post("/v1/suppressions", &json!({ "channel": "sms", "address": ADA, "reason": "manual" })).await.is(201);
    told(&stage, &path, "SM1", ADA, "Stop").await;
    stage.drain().await;
    assert!(messages(&acme).await.is_empty(), "nothing has changed by that word");

    told(&stage, &path, "SM2", ADA, "Help").await;
    stage.drain().await;
    let all = messages(&acme).await;
    let help = Message { id: all[0]["id"].as_str().unwrap().to_owned(), accepted: Value::Null };
    assert_eq!((all.len(), acme.stopped_by(&help).await.as_str()), (1, "suppression"));
    assert!(said(&stage).is_empty());
}

#[tokio::test]
async fn a_question_is_answered_and_a_yes_to_something_else_is_not() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = own(&acme).await;
    works(&stage);
    for (sid, word) in [("SM1", "Yes"), ("SM2", "Hello"), ("SM3", "help"), ("SM4", "info"), ("SM5", "please stop by")] {
        told(&stage, &path, sid, ADA, word).await;
    }
    stage.drain().await;
    assert_eq!(said(&stage), ["acme Ltd: Reply STOP to get no more messages from us, START to get them again."]);
    stage.pass(24 * 3600).await;
    told(&stage, &path, "SM6", ADA, "help").await;
    stage.drain().await;
    assert_eq!(said(&stage).len(), 2, "another day, another question");
}

#[tokio::test]
async fn two_machines_do_not_talk_to_each_other_for_ever() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = own(&acme).await;
    works(&stage);
    for (at, word) in ["Stop", "Start", "Help"].iter().cycle().take(30).enumerate() {
        told(&stage, &path, &format!("SM{at}"), ADA, word).await;
        stage.pass(60).await;
    }
    assert_eq!(said(&stage).len(), 3, "each word once a day");
}

#[tokio::test]
async fn a_provider_that_confirms_by_itself_is_left_to_it() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = twilio(&acme).await;
    let chat = tests::chat::telegram(&acme).await;
    for (at, word) in ["Stop", "Start", "Help"].iter().enumerate() {
        told(&stage, &path, &format!("SM{at}"), ADA, word).await;
    }
    let update = tests::chat::written(700_000_001, 41, "/stop");
    assert_eq!(tests::chat::post(&stage, &chat, &update, tests::chat::WORD).await.status, 200);
    stage.drain().await;
    assert!(messages(&acme).await.is_empty());
}

#[tokio::test]
async fn wherever_the_process_dies_there_is_one_stop_and_one_confirmation() {
    for at in 0.. {
        let fault = if at % 2 == 0 { Fault::CrashBefore } else { Fault::CrashAfter };
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let path = own(&acme).await;
        works(&stage);
        stage.faults.strike(stage.faults.calls() + at / 2, fault);
        let lived = told_or_died(&stage, &path, "SM1", ADA, "Stop").await;
        let struck = !stage.faults.struck().is_empty();
        stage.faults.calm();
        assert_eq!(!lived, struck, "{fault:?} at call {}", at / 2);
        told(&stage, &path, "SM1", ADA, "Stop").await;
        stage.drain().await;
        assert_eq!(said(&stage), [STOPPED], "{fault:?} at call {}", at / 2);
        for kind in ["inbound", "receipt", "suppression", "message"] {
            assert_eq!(stage.rows_of(kind).len(), 1, "{fault:?} at call {}: {kind}", at / 2);
        }
        if !struck {
            assert!(at > 8, "there was something to strike");
            return;
        }
    }
}
