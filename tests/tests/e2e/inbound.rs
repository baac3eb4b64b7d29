//! What people write to a tenant: kept once, with the person and the conversation it belongs to, and heeded when it says stop.

use http::Method;
use serde_json::{Value, json};
use store::memory::Fault;
use tests::chat::{WORD, post, telegram, written};
use tests::texts::{ADA, TOKEN, signature, tell, text, told, twilio};
use tests::{Company, Story};

async fn conversations(company: &Company<'_>) -> Vec<Value> {
    company.get("/v1/conversations").await["data"].as_array().unwrap().clone()
}

fn word<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap()
}

/// What suppresses the number for text messages.
async fn suppressions(company: &Company<'_>) -> Vec<Value> {
    let found = company.get("/v1/suppressions?channel=sms&address=%2B14155550123").await;
    found["data"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_stranger_becomes_a_contact_and_every_word_is_kept() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = twilio(&acme).await;
    told(&stage, &path, "SM1", ADA, "Is my parcel & its box = ready? é").await;

    let found = conversations(&acme).await;
    assert_eq!(found.len(), 1);
    let conversation = &found[0];
    assert_eq!(
        (word(conversation, "channel"), word(conversation, "address"), word(conversation, "status")),
        ("sms", ADA, "open")
    );
    assert_eq!(word(conversation, "preview"), "Is my parcel & its box = ready? é");
    assert_eq!(conversation["unread"], 1);
    let contact = acme.get(&format!("/v1/contacts/{}", word(conversation, "contact"))).await;
    assert_eq!((&contact["phones"], &contact["source"]), (&json!([ADA]), &json!("inbound")));

    stage.clock.advance(60_000).unwrap();
    told(&stage, &path, "SM2", ADA, "Hello?").await;
    let found = conversations(&acme).await;
    assert_eq!((found.len(), &found[0]["unread"], word(&found[0], "preview")), (1, &json!(2), "Hello?"));
    assert_eq!(word(&found[0], "last_at"), stage.clock.now().to_string());
    assert_eq!((stage.rows_of("contact").len(), stage.rows_of("inbound").len()), (1, 2));

    let own = format!("/v1/conversations/{}", word(&found[0], "id"));
    assert_eq!(acme.get(&own).await, found[0]);
    let first = acme.get(&format!("{own}/messages?limit=1")).await;
    assert_eq!((word(&first["data"][0], "text"), word(&first["data"][0], "provider_id")), ("Hello?", "SM2"));
    let next = word(&first, "next");
    let second = acme.get(&format!("{own}/messages?limit=1&after={next}")).await;
    let second = &second["data"][0];
    assert_eq!((word(second, "text"), word(second, "to")), ("Is my parcel & its box = ready? é", "+14155550100"));
    assert_eq!(acme.look(&format!("/v1/conversations?after={next}")).await.problem(422, "invalid"), ["?after"]);
}

#[tokio::test]
async fn the_same_callback_again_writes_nothing() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (sms, chat) = (twilio(&acme).await, telegram(&acme).await);
    told(&stage, &sms, "SM1", ADA, "Hello").await;
    let update = written(700_000_001, 41, "Hello");
    assert_eq!(post(&stage, &chat, &update, WORD).await.status, 200);
    stage.drain().await;

    let before = stage.rows();
    stage.pass(90 * 86_400).await;
    for _ in 0..3 {
        told(&stage, &sms, "SM1", ADA, "Hello").await;
        assert_eq!(post(&stage, &chat, &update, WORD).await.status, 200);
    }
    stage.nothing_changed_since(&before, "callbacks that were taken in before");
    // The same number by the same person is another message in another chat.
    assert_eq!(post(&stage, &chat, &written(700_000_002, 41, "Hello"), WORD).await.status, 200);
    assert_eq!(stage.rows_of("inbound").len(), 3);
}

#[tokio::test]
async fn what_nobody_signed_is_refused_and_leaves_no_trace() {
    let stage = Story::begin().await;
    let (acme, other) = (stage.bare_tenant("acme").await, stage.bare_tenant("other").await);
    let (sms, chat) = (twilio(&acme).await, telegram(&acme).await);
    let (others_sms, others_chat) = (twilio(&other).await, telegram(&other).await);
    let (fields, update) = (text("SM1", ADA, "Stop"), written(700_000_001, 41, "/stop"));
    let before = stage.rows();

    tell(&stage, &sms, &fields, &signature(&sms, &fields, b"guessed")).await.problem(401, "unauthenticated");
    let changed = text("SM1", "+14155550199", "Stop");
    tell(&stage, &sms, &changed, &signature(&sms, &fields, TOKEN)).await.problem(401, "unauthenticated");
    tell(&stage, &others_sms, &fields, &signature(&sms, &fields, TOKEN)).await.problem(401, "unauthenticated");
    post(&stage, &chat, &update, "guessed").await.problem(401, "unauthenticated");
    stage.ask(Method::POST, &chat).json(&update).now().await.problem(401, "unauthenticated");
    // An account that nobody has, and one's own by another provider's name.
    let nowhere = format!("{}x", &chat);
    post(&stage, &nowhere, &update, WORD).await.problem(404, "not-found");
    post(&stage, &sms.replace("twilio_sms", "telegram"), &update, WORD).await.problem(404, "not-found");
    stage.nothing_changed_since(&before, "callbacks that nobody signed");

    // What comes by another tenant's route is that tenant's.
    assert_eq!(post(&stage, &others_chat, &update, WORD).await.status, 200);
    assert_eq!((conversations(&acme).await.len(), conversations(&other).await.len()), (0, 1));
}

/// A text message to that number, and what came of it.
async fn ordered(acme: &Company<'_>, category: &str) -> tests::Message {
    let message = acme.send_with(&json!({ "to": { "phone": ADA }, "category": category, "content": { "text": "x" } })).await;
    acme.story.drain().await;
    message
}

#[tokio::test]
async fn who_says_stop_is_left_alone_until_they_say_start() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let path = twilio(&acme).await;
    told(&stage, &path, "SM1", ADA, "Stop").await;
    let standing = suppressions(&acme).await;
    assert_eq!((standing.len(), word(&standing[0], "reason"), word(&standing[0], "source")), (1, "unsubscribe", "inbound"));
    let contact = word(&conversations(&acme).await[0], "contact").to_owned();

    told(&stage, &path, "SM2", ADA, "STOP").await;
    assert_eq!((suppressions(&acme).await, stage.rows_of("suppression").len()), (standing, 1), "twice is once");
    // A number is one address for every channel that reaches it, and what was said of one is said of that one.
    let elsewhere = acme.get("/v1/suppressions?channel=whatsapp&address=%2B14155550123").await;
    assert_eq!(elsewhere["data"], json!([]));
    let answer = json!({ "sms:marketing": true });
    acme.patch(&format!("/v1/contacts/{contact}"), &json!({ "consents": answer })).await;
    for category in ["marketing", "transactional"] {
        let message = ordered(&acme, category).await;
        assert_eq!(acme.stopped_by(&message).await, "suppression", "{category}");
    }

    told(&stage, &path, "SM3", ADA, "Start").await;
    assert_eq!((suppressions(&acme).await.len(), stage.rows_of("suppression").len()), (0, 0));
    let before = stage.rows();
    // An old word that is played back is not heard again.
    told(&stage, &path, "SM1", ADA, "Stop").await;
    stage.nothing_changed_since(&before, "an old stop");
    let messages = conversations(&acme).await[0]["unread"].clone();
    assert_eq!(messages, 3, "the words are kept as messages too");
}

#[tokio::test]
async fn start_takes_back_a_stop_and_nothing_else() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = twilio(&acme).await;
    let entry = json!({ "channel": "sms", "address": ADA, "reason": "manual" });
    acme.post("/v1/suppressions", &entry).await.is(201);
    told(&stage, &path, "SM1", ADA, "Stop").await;
    told(&stage, &path, "SM2", ADA, "Start").await;
    let standing = suppressions(&acme).await;
    assert_eq!((standing.len(), word(&standing[0], "reason")), (1, "manual"));
}

#[tokio::test]
async fn what_is_too_long_is_shortened_and_says_so() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = twilio(&acme).await;
    told(&stage, &path, "SM1", ADA, &"é".repeat(9_000)).await;
    // A name is no number: nobody could answer it.
    let before = stage.rows();
    let fields = text("SM2", "CARRIER", "Your balance is low");
    assert_eq!(tell(&stage, &path, &fields, &signature(&path, &fields, TOKEN)).await.status, 200);
    stage.nothing_changed_since(&before, "a message from nobody");

    let conversation = conversations(&acme).await.remove(0);
    let messages = acme.get(&format!("/v1/conversations/{}/messages", word(&conversation, "id"))).await;
    let message = &messages["data"][0];
    assert_eq!((word(message, "text").len(), &message["shortened"]), (16 * 1024, &json!(true)));
    assert_eq!(word(&conversation, "preview"), "é".repeat(80));
}

#[tokio::test]
async fn wherever_the_process_dies_the_next_callback_makes_it_whole() {
    for at in 0.. {
        let fault = if at % 2 == 0 { Fault::CrashBefore } else { Fault::CrashAfter };
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let path = telegram(&acme).await;
        stage.faults.strike(stage.faults.calls() + at / 2, fault);
        let update = written(700_000_001, 41, "/stop");
        let ask = stage.ask(Method::POST, &path).header("x-telegram-bot-api-secret-token", WORD).json(&update);
        let first = ask.attempt().await;
        let struck = !stage.faults.struck().is_empty();
        stage.faults.calm();
        assert_eq!(first.is_none(), struck, "{fault:?} at call {}", at / 2);
        assert_eq!(post(&stage, &path, &update, WORD).await.status, 200);
        for kind in ["inbound", "receipt", "thread", "conversation", "contact", "suppression"] {
            assert_eq!(stage.rows_of(kind).len(), 1, "{fault:?} at call {}: {kind}", at / 2);
        }
        assert_eq!(conversations(&acme).await[0]["unread"], 1);
        if !struck {
            assert!(at > 8, "there was something to strike");
            return;
        }
    }
}

#[tokio::test]
async fn who_is_known_already_stays_one_person_and_each_account_has_its_conversation() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let ada = acme.contact_with(&json!({ "first_name": "Ada", "phones": [ADA] })).await;
    let (first, second, chat) = (twilio(&acme).await, twilio(&acme).await, telegram(&acme).await);
    for (path, sid) in [(&first, "SM1"), (&second, "SM1"), (&first, "SM2")] {
        stage.clock.advance(1_000).unwrap();
        told(&stage, path, sid, ADA, "Hello").await;
    }
    let of_ada = acme.get(&format!("/v1/conversations?contact={}", ada.id)).await["data"].clone();
    assert_eq!((&of_ada[0]["unread"], &of_ada[1]["unread"], &of_ada[2]), (&json!(1), &json!(2), &Value::Null));
    assert_eq!(stage.rows_of("contact").len(), 1);

    // In a group the person is the same and the conversation another.
    let mut group = written(700_000_001, 42, "Hello all");
    group["message"]["chat"] = json!({ "id": -1_001_900_000_003_i64, "type": "supergroup", "title": "Friends" });
    for update in [written(700_000_001, 41, "Hello"), group] {
        assert_eq!(post(&stage, &chat, &update, WORD).await.status, 200);
    }
    let chats = acme.get("/v1/conversations?channel=telegram").await["data"].as_array().unwrap().clone();
    let threads: Vec<&Value> = chats.iter().map(|one| &one["thread"]).collect();
    assert_eq!((threads.len(), &chats[0]["contact"]), (2, &chats[1]["contact"]));
    assert!(threads.contains(&&Value::Null) && threads.contains(&&json!("-1001900000003")), "{threads:?}");
    let person = acme.get(&format!("/v1/contacts/{}", word(&chats[0], "contact"))).await;
    assert_eq!((word(&person, "first_name"), word(&person, "last_name")), ("Ada", "Private"));
}
