//! Who answers a message: noted on it, and counted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use store::memory::Fault;
use tests::chat::{self, callback};
use tests::sns::{OWN_TOPIC, Speaker};
use tests::texts::{ADA, told, told_or_died, twilio_with};
use tests::{Company, Message, Story};

/// What SES publishes of a mail to `help@acme.example`, signed.
fn received(speaker: &Speaker<'_>, stage: &Story, id: &str, mail: &str) -> String {
    let now = stage.clock.now().to_string();
    let message = json!({
        "notificationType": "Received", "mail": { "timestamp": now, "messageId": id, "source": "ada@example.com" },
        "receipt": {
            "timestamp": now, "recipients": ["help@acme.example"],
            "action": { "type": "SNS", "topicArn": OWN_TOPIC, "encoding": "BASE64" },
            "spamVerdict": { "status": "PASS" }, "virusVerdict": { "status": "PASS" }, "dmarcVerdict": { "status": "GRAY" },
        },
        "content": STANDARD.encode(mail),
    });
    speaker.signed(&json!({
        "Type": "Notification", "MessageId": id, "TopicArn": OWN_TOPIC, "Message": message.to_string(), "Timestamp": now,
    }))
}

/// Mail programs repeat the Message-ID of what they answer, and ours begins with the message's id. An answer counts once, from whom
/// the message went to, within thirty days.
#[tokio::test]
async fn an_answer_is_noted_on_the_message_that_it_answers() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let settings = json!({ "topic_arns": [OWN_TOPIC], "inbound": ["help@acme.example"] });
    let path = callback(&acme, &acme.account(&json!({ "settings": settings })).await).await;
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    let other = acme.send_with(&json!({ "to": { "email": "eve@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    stage.pass(3_600).await;
    let speaker = Speaker::new(&stage);
    let answer = |number: u32, of: &str, more: &str| {
        let of = of.trim_start_matches("msg_");
        let mail = format!(
            "From: Ada <ada@example.com>\r\nTo: help@acme.example\r\nSubject: Re: Hi\r\nMessage-ID: <m{number}@example.com>\r\n\
             In-Reply-To: <{of}@acme.example>\r\n{more}Content-Type: text/plain\r\n\r\nThank you\r\n"
        );
        let id = format!("r{number}");
        received(&speaker, &stage, &id, &mail)
    };
    let replied = async || {
        stage.drain().await;
        let engagement = acme.message(&message).await["engagement"].clone();
        let found = engagement.as_array().unwrap().iter().find(|it| it["kind"] == "replied").cloned();
        found.map_or(0, |it| it["count"].as_u64().unwrap())
    };
    // Neither a machine's answer nor one that names a message to somebody else.
    for post in [answer(1, &message.id, "Auto-Submitted: auto-replied\r\n"), answer(2, &other.id, "")] {
        assert_eq!(speaker.post(&path, &post).await, 200);
    }
    assert_eq!(replied().await, 0);
    let post = answer(3, &message.id, "");
    for _ in 0..2 {
        assert_eq!(speaker.post(&path, &post).await, 200);
    }
    assert_eq!(replied().await, 1);
    let numbers = acme.get("/v1/analytics/emails?group_by=hour").await;
    assert_eq!((&numbers["totals"]["replied"], &numbers["groups"][1]["counts"]["replied"]), (&json!(1), &json!(1)));
    let found = acme.get(&format!("{}&reached=replied", numbers["rows"].as_str().unwrap())).await["data"].clone();
    assert_eq!((&found[0]["id"], found.as_array().unwrap().len()), (&json!(message.id), 1));
    assert!(acme.message(&other).await["engagement"].as_array().unwrap().is_empty());
    // A month later it is no answer any more.
    let late = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    stage.pass(31 * 86_400).await;
    assert_eq!(Speaker::new(&stage).post(&path, &answer(4, &late.id, "")).await, 200);
    stage.drain().await;
    assert!(acme.message(&late).await["engagement"].as_array().unwrap().is_empty());
}

/// An answer in a conversation goes to whoever wrote last. The first one is counted with the time that somebody waited, once, and
/// what they write then answers it.
#[tokio::test]
async fn the_first_answer_is_counted_with_its_wait() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = chat::telegram(&acme).await;
    let write = async |number: u32, text: &str| {
        assert_eq!(chat::post(&stage, &path, &chat::written(700_000_001, number, text), chat::WORD).await.status, 200);
        stage.drain().await;
    };
    write(1, "Is the shop open?").await;
    stage.pass(60).await;
    write(2, "Hello?").await;
    let conversation = acme.get("/v1/conversations").await["data"][0].clone();
    assert_eq!(conversation["awaiting_since"], "2026-03-02T09:00:00.000Z", "since the first of them");
    let place = format!("/v1/conversations/{}/messages", conversation["id"].as_str().unwrap());
    stage.pass(1_140).await;
    let before = stage.rows();
    let nothing = acme.post(&place, &json!({ "content": {} })).await;
    assert_eq!(nothing.problem(422, "invalid"), ["/content"]);
    stage.nothing_changed_since(&before, "an answer that says nothing");
    let mut answers = Vec::new();
    for (text, wait) in [("We open at nine.", 0), ("See you!", 600)] {
        stage.pass(wait).await;
        let ask = acme.ask(http::Method::POST, &place).header("idempotency-key", text);
        let answer = ask.json(&json!({ "content": { "text": text } })).now().await.is(202);
        let ask = acme.ask(http::Method::POST, &place).header("idempotency-key", text);
        assert_eq!(ask.json(&json!({ "content": { "text": text } })).now().await.is(202)["id"], answer["id"], "asked twice");
        stage.drain().await;
        answers.push(answer["id"].as_str().unwrap().to_owned());
    }
    assert_eq!(stage.rows_of("message").len(), 2);
    assert_eq!(acme.get("/v1/conversations").await["data"][0]["awaiting_since"], json!(null));
    let answer = acme.get(&format!("/v1/messages/{}", answers[0])).await;
    assert_eq!((&answer["to"]["contact"], &answer["status"]), (&conversation["contact"], &json!("sent")));

    // Twenty minutes: in the range that ends with an hour.
    let waits = acme.get("/v1/analytics/responses?group_by=channel").await;
    let totals = &waits["totals"];
    let told =
        ["answered", "mean_seconds", "half_within_seconds", "nine_tenths_within_seconds"].map(|name| totals[name].clone());
    assert_eq!(told, [json!(1), json!(1_200), json!(3_600), json!(3_600)]);
    assert_eq!((&waits["groups"][0]["key"], &waits["groups"][0]["numbers"]), (&json!("telegram"), totals));
    // The number leads to that answer, and so does its account's.
    let by_account = acme.get("/v1/analytics/responses?group_by=account").await;
    for rows in [&waits["rows"], &waits["groups"][0]["rows"], &by_account["groups"][0]["rows"]] {
        let found = acme.get(rows.as_str().unwrap()).await["data"].clone();
        assert_eq!((found.as_array().unwrap().len(), &found[0]["id"]), (1, &json!(answers[0])), "{rows}");
    }

    // What they say next answers our latest, once.
    stage.pass(60).await;
    write(3, "Thank you").await;
    write(4, "Really").await;
    let replied = async |id: &str| {
        let engagement = acme.get(&format!("/v1/messages/{id}")).await["engagement"].clone();
        engagement.as_array().unwrap().iter().filter(|it| it["kind"] == "replied").count()
    };
    assert_eq!((replied(&answers[0]).await, replied(&answers[1]).await), (0, 1));
    assert_eq!(acme.get("/v1/analytics/channels?channel=telegram").await["channels"][0]["received"], 4);
    let before = stage.rows();
    stage.replay_stream();
    stage.drain().await;
    stage.nothing_changed_since(&before, "a replayed stream");
}

/// A text message to somebody, by that account when one is said.
async fn text_to(acme: &Company<'_>, contact: &str, account: Option<&str>) -> Message {
    let mut order = json!({ "to": { "contact": contact }, "channel": "sms", "content": { "text": "Shall we meet?" } });
    if let Some(account) = account {
        order["account"] = json!(account);
    }
    let message = acme.send_with(&order).await;
    acme.story.drain().await;
    message
}

/// How often somebody answered it.
async fn replies(acme: &Company<'_>, message: &Message) -> Value {
    acme.story.drain().await;
    let engagement = acme.message(message).await["engagement"].clone();
    let found = engagement.as_array().unwrap().iter().find(|it| it["kind"] == "replied").cloned();
    found.map_or(json!(0), |it| it["count"].clone())
}

/// Outside email nothing says what an answer answers: it is our latest message to them by that account, wherever that was written.
#[tokio::test]
async fn an_answer_by_text_message_is_one_to_the_latest_message_by_that_account() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (first, path) = twilio_with(&acme, "twilio_sms", &json!({})).await;
    let (second, _) = twilio_with(&acme, "twilio_sms", &json!({ "from": "+14155550101" })).await;
    let ada = acme.contact_with(&json!({ "first_name": "Ada", "phones": [ADA, "+14155550177"] })).await.id;
    let older = text_to(&acme, &ada, Some(&first)).await;
    stage.pass(60).await;
    let newer = text_to(&acme, &ada, Some(&first)).await;
    stage.pass(60).await;
    let other = text_to(&acme, &ada, Some(&second)).await;
    stage.pass(60).await;
    // From another number of theirs it answers nothing that went to this one.
    told(&stage, &path, "SM1", "+14155550177", "Who is this?").await;
    assert_eq!(replies(&acme, &newer).await, 0);

    for (sid, words) in [("SM2", "Yes please"), ("SM2", "Yes please"), ("SM3", "At nine?")] {
        told(&stage, &path, sid, ADA, words).await;
        stage.pass(60).await;
    }
    let counted = [replies(&acme, &older).await, replies(&acme, &newer).await, replies(&acme, &other).await];
    assert_eq!(counted, [json!(0), json!(1), json!(0)], "the first answer, to the latest message by this account");
    assert_eq!(acme.get("/v1/analytics/emails?channel=sms").await["totals"]["replied"], 1);
    let did = acme.get(&format!("/v1/contacts/{ada}/engagement")).await;
    assert!(did.to_string().contains("replied"), "{did}");

    // They wait for an answer in the conversation; a message beside it is answered all the same, a STOP is no answer.
    let beside = text_to(&acme, &ada, Some(&first)).await;
    stage.pass(60).await;
    told(&stage, &path, "SM4", ADA, "Gladly").await;
    assert_eq!(replies(&acme, &beside).await, 1);
    let last = text_to(&acme, &ada, Some(&first)).await;
    stage.pass(60).await;
    told(&stage, &path, "SM5", ADA, "STOP").await;
    assert_eq!(replies(&acme, &last).await, 0);
    // A month later it is no answer any more.
    stage.pass(31 * 86_400).await;
    told(&stage, &path, "SM6", ADA, "Hello?").await;
    assert_eq!(replies(&acme, &last).await, 0);
}

/// What an answer answers is noted in the transaction that keeps it. So it counts once, also when a process dies between and another
/// message has gone out before it comes again.
#[tokio::test]
async fn an_answer_that_comes_again_counts_once() {
    for at in 0.. {
        let fault = if at % 2 == 0 { Fault::CrashBefore } else { Fault::CrashAfter };
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let (_, path) = twilio_with(&acme, "twilio_sms", &json!({})).await;
        let ada = acme.contact_with(&json!({ "first_name": "Ada", "phones": [ADA] })).await.id;
        let first = text_to(&acme, &ada, None).await;
        stage.pass(60).await;
        stage.faults.strike(stage.faults.calls() + at / 2, fault);
        let lived = told_or_died(&stage, &path, "SM1", ADA, "Yes please").await;
        let struck = !stage.faults.struck().is_empty();
        stage.faults.calm();
        assert_eq!(lived, !struck, "{fault:?} at call {}", at / 2);
        stage.drain().await;
        let second = text_to(&acme, &ada, None).await;
        stage.pass(60).await;
        told(&stage, &path, "SM1", ADA, "Yes please").await;
        stage.drain().await;
        let counted = (replies(&acme, &first).await, replies(&acme, &second).await);
        assert!(
            counted == (json!(1), json!(0)) || counted == (json!(0), json!(1)),
            "{fault:?} at call {}: {counted:?}",
            at / 2
        );
        if !struck {
            assert!(at > 8, "there was something to strike");
            return;
        }
    }
}
