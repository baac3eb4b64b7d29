//! What providers post to an account's own address: proven with the account's own secrets, and answered as the provider wants it.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use kernel::ids::{MessageId, TenantId};
use kernel::{Purpose, Time};
use serde_json::{Value, json};
use store::memory::Fault;
use tests::{Ask, Company, Message, Reply, Story};

const KEY: &[u8] = b"hunter2 hunter2 hunter2 hunter2";

/// An account, and the address that its provider calls.
async fn account(acme: &Company<'_>, words: &Value) -> String {
    let id = acme.account(words).await;
    acme.get(&format!("/v1/accounts/{id}")).await["callback_path"].as_str().unwrap().to_owned()
}

async fn resend(acme: &Company<'_>) -> String {
    let secret = format!("whsec_{}", STANDARD.encode(KEY));
    let credentials = json!({ "api_key": "re_1", "signing_secret": secret });
    account(acme, &json!({ "provider": "resend", "priority": 900, "credentials": credentials })).await
}

/// What Resend would tell of a message.
fn told(acme: &Company<'_>, message: &Message, kind: &str) -> Value {
    let (tenant, id) = (TenantId::parse(&acme.id).unwrap(), MessageId::parse(&message.id).unwrap());
    let tag = acme.story.context.keys.reference_token(Purpose::Tag, tenant, id);
    let bounce = json!({ "type": "Permanent", "subType": "NoEmail", "message": "no such user" });
    json!({
        "type": kind, "created_at": acme.story.clock.now().to_string(),
        "data": { "email_id": "re_7", "to": ["ada@example.com"], "tags": { "sb": tag }, "bounce": bounce },
    })
}

/// Posts it, signed by that key (Standard Webhooks).
async fn post(stage: &Story, path: &str, body: &Value, key: &[u8], at: Time) -> Reply {
    signed(stage, path, body, key, at).now().await
}

fn signed<'s>(stage: &'s Story, path: &str, body: &Value, key: &[u8], at: Time) -> Ask<'s> {
    let text = format!("msg_1.{}.{body}", at.seconds());
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes());
    let ask = stage.ask(Method::POST, path).header("svix-id", "msg_1").header("svix-timestamp", &at.seconds().to_string());
    ask.header("svix-signature", &format!("v1,{}", STANDARD.encode(code.as_ref()))).json(body)
}

async fn sent(acme: &Company<'_>) -> Message {
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    acme.story.drain().await;
    message
}

#[tokio::test]
async fn a_callback_is_proven_with_the_accounts_own_secret() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (path, message, now) = (resend(&acme).await, sent(&acme).await, stage.clock.now());
    let body = told(&acme, &message, "email.bounced");

    let before = stage.rows();
    post(&stage, &path, &body, b"another secret of another account", now).await.problem(401, "unauthenticated");
    post(&stage, &path, &body, KEY, now.plus_seconds(-3_600)).await.problem(401, "unauthenticated");
    stage.ask(Method::POST, &path).json(&body).now().await.problem(401, "unauthenticated");
    // The deployment's own address believes its topics alone.
    assert_eq!(post(&stage, "/hooks/resend", &body, KEY, now).await.status, 400);
    stage.nothing_changed_since(&before, "callbacks that nobody signed");

    assert_eq!(post(&stage, &path, &body, KEY, now).await.status, 200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "bounced");
    let entries = acme.get("/v1/suppressions?address=ada@example.com").await["data"].clone();
    assert_eq!((entries[0]["reason"].as_str(), entries[0]["source"].as_str()), (Some("hard_bounce"), Some(&*message.id)));
}

#[tokio::test]
async fn an_account_speaks_of_its_own_tenants_messages_alone() {
    let stage = Story::begin().await;
    let (acme, other) = (stage.tenant("acme").await, stage.tenant("other").await);
    let (path, message) = (resend(&other).await, sent(&acme).await);
    let before = stage.rows();
    assert_eq!(post(&stage, &path, &told(&acme, &message, "email.delivered"), KEY, stage.clock.now()).await.status, 200);
    stage.nothing_changed_since(&before, "an event for another tenant's message");
}

#[tokio::test]
async fn the_question_before_any_trust_is_answered_to_who_knows_the_word() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let credentials = json!({ "access_token": "token", "app_secret": "secret", "verify_token": "hunter2" });
    let settings = json!({ "phone_number_id": "1065" });
    let path =
        account(&acme, &json!({ "provider": "whatsapp", "from": null, "settings": settings, "credentials": credentials }))
            .await;
    let ask = async |word: &str| {
        let query = format!("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token={word}");
        stage.ask(Method::GET, &format!("{path}?{query}")).now().await
    };
    let answer = ask("hunter2").await;
    assert_eq!((answer.status, answer.bytes.as_slice()), (200, b"1158201444".as_slice()));
    assert_eq!(answer.header("content-type"), Some("text/plain"));
    ask("guessed").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn suppressions_hold_for_a_channel_and_an_address_in_its_form() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let entry = json!({ "channel": "sms", "address": "+1 (415) 555-2671" });
    let made = acme.post("/v1/suppressions", &entry).await.is(201);
    assert_eq!((&made["channel"], &made["address"]), (&json!("sms"), &json!("+14155552671")));
    let found = async |query: &str| acme.get(&format!("/v1/suppressions?{query}")).await["data"].as_array().unwrap().len();
    assert_eq!(found("channel=sms&address=%2B14155552671").await, 1);
    assert_eq!((found("channel=sms").await, found("channel=whatsapp").await), (1, 0));
    assert_eq!(found("channel=whatsapp&address=%2B14155552671").await, 0, "the same number, another channel");

    let refused = acme.post("/v1/suppressions", &json!({ "channel": "sms", "address": "ada@example.com" })).await;
    assert_eq!(refused.problem(422, "invalid"), ["/address"]);
    assert_eq!(acme.look("/v1/suppressions?address=nobody").await.problem(422, "invalid"), ["?address"]);
}

/// Posts an event of Mailgun's; its code covers time and token alone.
async fn mailgun(stage: &Story, path: &str, body: &Value, token: &str, key: &[u8]) -> Reply {
    let seconds = stage.clock.now().seconds().to_string();
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), format!("{seconds}{token}").as_bytes());
    let code: String = code.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut body = body.clone();
    body["signature"] = json!({ "timestamp": seconds, "token": token, "signature": code });
    stage.ask(Method::POST, path).json(&body).now().await
}

#[tokio::test]
async fn a_code_that_covers_no_body_counts_for_one_body() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (key, secrets) = (b"hunter2".as_slice(), json!({ "api_key": "key-1", "signing_key": "hunter2" }));
    let settings = json!({ "domain": "mail.acme.example" });
    let words = json!({ "provider": "mailgun", "priority": 900, "settings": settings, "credentials": secrets });
    let (path, message) = (account(&acme, &words).await, sent(&acme).await);
    let (tenant, id) = (TenantId::parse(&acme.id).unwrap(), MessageId::parse(&message.id).unwrap());
    let tag = stage.context.keys.reference_token(Purpose::Tag, tenant, id);
    let event = |word: &str, id: &str| {
        json!({ "event-data": {
            "event": word, "id": id, "timestamp": stage.clock.now().seconds(), "recipient": "ada@example.com",
            "user-variables": { "sb": tag }, "severity": "permanent", "message": { "headers": { "message-id": "m1@acme.example" } },
        } })
    };
    assert_eq!(mailgun(&stage, &path, &event("delivered", "e1"), "t1", key).await.status, 200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "delivered");

    let before = stage.rows();
    assert_eq!(mailgun(&stage, &path, &event("delivered", "e1"), "t1", key).await.status, 200, "the same post again");
    mailgun(&stage, &path, &event("complained", "e2"), "t1", key).await.problem(401, "unauthenticated");
    stage.nothing_changed_since(&before, "a repetition, and a forgery under a code that was seen");

    assert_eq!(mailgun(&stage, &path, &event("complained", "e2"), "t2", key).await.status, 200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "complained");
    let proofs = stage.rows_of("proof");
    assert!(proofs.len() == 2 && proofs.iter().all(|proof| proof.contains_key("expires")), "{proofs:?}");
}

#[tokio::test]
async fn an_account_that_is_gone_is_not_heard_and_costs_no_write() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let account = acme
        .account(&json!({ "provider": "resend", "credentials": {
        "api_key": "re_1", "signing_secret": format!("whsec_{}", STANDARD.encode(KEY)),
    } }))
        .await;
    let path = acme.get(&format!("/v1/accounts/{account}")).await["callback_path"].as_str().unwrap().to_owned();
    let message = sent(&acme).await;
    let body = told(&acme, &message, "email.bounced");
    acme.delete(&format!("/v1/accounts/{account}")).await;

    let (before, bill) = (stage.rows(), stage.memory.bill());
    for path in [path.as_str(), "/hooks/resend/never-there"] {
        post(&stage, path, &body, KEY, stage.clock.now()).await.problem(404, "not-found");
    }
    assert!(stage.memory.bill().since(bill).write_units < 0.1, "nothing was written, nor tried to");
    stage.nothing_changed_since(&before, "callbacks to nobody");
}

#[tokio::test]
async fn mail_may_be_as_large_as_mail_is_and_everything_else_may_not() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let resend = resend(&acme).await;
    let settings = json!({ "domain": "mail.acme.example" });
    let credentials = json!({ "api_key": "key-1", "signing_key": "hunter2" });
    let mailgun = account(&acme, &json!({ "provider": "mailgun", "settings": settings, "credentials": credentials })).await;
    for (path, bytes, status) in [
        (&resend, 1024 * 1024, 401),
        (&resend, 1024 * 1024 + 1, 413),
        (&mailgun, 10 * 1024 * 1024, 401),
        (&mailgun, 10 * 1024 * 1024 + 1, 413),
    ] {
        let reply = stage.ask(Method::POST, path).body("application/json", vec![b' '; bytes]).now().await;
        assert_eq!(reply.status, status, "{path} {bytes}");
    }
}

#[tokio::test]
async fn an_event_that_is_told_again_costs_nothing_and_one_that_was_carried_out_in_part_is_carried_out() {
    for at in 0.. {
        let stage = Story::begin().await;
        let acme = stage.tenant("acme").await;
        let (path, message, now) = (resend(&acme).await, sent(&acme).await, stage.clock.now());
        let body = told(&acme, &message, "email.bounced");
        stage.faults.strike(stage.faults.calls() + at, Fault::CrashBefore);
        let heard = signed(&stage, &path, &body, KEY, now).attempt().await;
        let struck = !stage.faults.struck().is_empty();
        stage.faults.calm();
        assert_eq!(heard.is_none(), struck, "at {at}");

        assert_eq!(post(&stage, &path, &body, KEY, now).await.status, 200);
        let entries = acme.get("/v1/suppressions?address=ada@example.com").await["data"].clone();
        assert_eq!((acme.status(&message).await.as_str(), entries.as_array().unwrap().len()), ("bounced", 1), "at {at}");
        let before = stage.memory.bill();
        assert_eq!(post(&stage, &path, &body, KEY, now).await.status, 200);
        assert!(stage.memory.bill().since(before).write_units < 0.5, "at {at}: nothing is written");
        stage.drain().await;
        if !struck {
            break;
        }
    }
}
