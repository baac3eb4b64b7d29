//! Whether an account is in order: checks, test messages, and how well it did.

use http::Method;
use providers::{HttpReply, Reply as Said};
use serde_json::{Value, json};
use store::memory::{Fault, Faults};
use tests::{Company, Story};

const SMTP: &str = "hunter2-canary";

async fn smtp(acme: &Company<'_>) -> String {
    let settings = json!({ "host": "mail.example.com", "port": 587, "security": "starttls" });
    let credentials = json!({ "username": "shop", "password": SMTP });
    acme.account(&json!({ "name": "Post", "provider": "smtp", "settings": settings, "credentials": credentials })).await
}

async fn telegram(acme: &Company<'_>) -> String {
    let credentials = json!({ "bot_token": "123456:AAhunter2token", "secret_token": "hunter2word" });
    acme.account(&json!({ "name": "Bot", "provider": "telegram", "from": null, "credentials": credentials })).await
}

fn answered(stage: &Story, status: u16, body: &Value) -> Said {
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Said::Answered(HttpReply { status, headers, body: body.to_string().into_bytes(), at: stage.clock.now() })
}

fn fine() -> Said {
    Said::Accepted { id: String::new() }
}

fn hello(number: usize) -> Value {
    json!({ "to": { "email": format!("p{number}@example.com") }, "template": "welcome" })
}

/// What a check of the account comes to.
async fn checked(acme: &Company<'_>, account: &str) -> Value {
    acme.order(&format!("/v1/accounts/{account}/check")).await.is(202);
    acme.story.drain().await;
    acme.get(&format!("/v1/accounts/{account}")).await["check"].clone()
}

#[tokio::test]
async fn a_check_asks_the_provider_and_sends_nothing() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = smtp(&acme).await;
    assert_eq!(acme.get(&format!("/v1/accounts/{account}")).await["check"], json!(null));
    let asked = acme.order(&format!("/v1/accounts/{account}/check")).await.is(202);
    let expected = json!({ "state": "pending", "asked_at": "2026-03-02T09:00:00.000Z", "at": null, "note": null });
    assert_eq!(asked, expected);
    assert_eq!(acme.get(&format!("/v1/accounts/{account}")).await["check"], expected);
    // As long as one is under way, no other is begun.
    assert_eq!(acme.order(&format!("/v1/accounts/{account}/check")).await.is(202), expected);
    assert_eq!(stage.rows_of("errand").len(), 1);
    stage.providers_say([fine()]);
    stage.clock.advance(2_000).unwrap();
    stage.drain().await;
    let passed = acme.get(&format!("/v1/accounts/{account}")).await["check"].clone();
    assert_eq!((&passed["state"], &passed["at"]), (&json!("passed"), &json!("2026-03-02T09:00:02.000Z")));
    assert!(stage.letters().is_empty() && stage.providers_work() == 0);
    // What was found out does not hold for what was changed since.
    acme.patch(&format!("/v1/accounts/{account}"), &json!({ "name": "Other" })).await;
    assert_eq!(acme.get(&format!("/v1/accounts/{account}")).await["check"], json!(null));
}

#[tokio::test]
async fn wrong_credentials_are_told_in_the_providers_words_and_without_the_secret() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = smtp(&acme).await;
    let said = Said::Refused { status: 535, code: "5.7.8".to_owned(), text: "bad login".to_owned(), after: None };
    stage.providers_say([said]);
    let failed = checked(&acme, &account).await;
    assert_eq!((&failed["state"], &failed["note"]), (&json!("failed"), &json!("535 5.7.8 bad login")));
    let bot = telegram(&acme).await;
    stage.providers_say([answered(&stage, 401, &json!({ "ok": false, "error_code": 401, "description": "Unauthorized" }))]);
    let failed = checked(&acme, &bot).await;
    assert!(failed["state"] == "failed" && failed["note"].as_str().unwrap().contains("Unauthorized"), "{failed}");
    assert!(!acme.get("/v1/accounts").await.to_string().contains("hunter2"));
    // A key that may only send is refused a look: a check alone takes nothing out of use.
    assert_eq!(acme.get(&format!("/v1/accounts/{account}")).await["health"]["state"], "working");
}

#[tokio::test]
async fn every_kind_of_account_has_its_answer() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let capture = acme.account(&json!({ "provider": "capture" })).await;
    assert_eq!(checked(&acme, &capture).await["state"], "passed");
    let ses = acme.account(&json!({ "provider": "ses" })).await;
    stage.providers_say([fine()]);
    assert_eq!(checked(&acme, &ses).await["state"], "passed");
    let bot = telegram(&acme).await;
    stage.providers_say([answered(&stage, 200, &json!({ "ok": true, "result": { "id": 1, "is_bot": true } }))]);
    assert_eq!(checked(&acme, &bot).await["state"], "passed");
    let texts = acme.account(&json!({ "provider": "sns_sms", "from": null })).await;
    let impossible = checked(&acme, &texts).await;
    assert_eq!(
        (&impossible["state"], &impossible["note"]),
        (&json!("impossible"), &json!("the provider has no question that sends nothing"))
    );
    // Nobody has consented: there is nothing to ask with.
    let mailbox = tests::bank::account(&acme).await;
    let failed = checked(&acme, &mailbox).await;
    assert!(failed["note"].as_str().unwrap().contains("nobody has consented"), "{failed}");
    let bank = tests::bank::Bank::open(&stage);
    let mailbox = tests::bank::consented(&acme).await;
    assert_eq!(checked(&acme, &mailbox).await["state"], "passed");
    assert_eq!(bank.books().shown.len(), 1);
}

#[tokio::test]
async fn a_check_that_passes_ends_an_outage() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = smtp(&acme).await;
    let refused = Said::Refused { status: 535, code: "5.7.8".to_owned(), text: "bad login".to_owned(), after: None };
    stage.providers_say(std::iter::repeat_n(refused, 5));
    let mut messages = Vec::new();
    for number in 0..6 {
        messages.push(acme.send_with(&hello(number)).await);
    }
    stage.drain().await;
    let path = format!("/v1/accounts/{account}/health");
    let sick = acme.get(&path).await;
    assert_eq!((&sick["now"]["state"], &sick["outages"]), (&json!("refused"), &json!([])));
    stage.clock.advance(5_000).unwrap();
    stage.providers_say([fine()]);
    assert_eq!(checked(&acme, &account).await["state"], "passed");
    let well = acme.get(&path).await;
    assert_eq!(well["now"], json!({ "state": "working", "since": null, "note": null, "next_try_at": null }));
    let over = json!([{
        "since": "2026-03-02T09:00:00.000Z", "ended_at": "2026-03-02T09:00:05.000Z", "cause": "refused",
        "note": "535 5.7.8 bad login",
    }]);
    assert_eq!(well["outages"], over);
    for _ in 0..3 {
        stage.pass(60).await;
    }
    for message in &messages {
        assert_eq!(acme.status(message).await, "sent");
    }
}

/// However often an account fails, the latest twenty outages are kept.
#[tokio::test]
async fn outages_that_are_over_are_remembered_newest_first() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = smtp(&acme).await;
    for round in 0..23 {
        let gone = Said::Unreached { text: format!("refused {round} {}", "x".repeat(200)) };
        stage.providers_say(std::iter::repeat_n(gone, 5));
        for number in 0..5 {
            acme.send_with(&hello(number)).await;
        }
        stage.drain().await;
        assert_eq!(acme.get(&format!("/v1/accounts/{account}")).await["health"]["state"], "silent");
        for _ in 0..4 {
            stage.pass(60).await;
        }
        assert_eq!(acme.get(&format!("/v1/accounts/{account}")).await["health"]["state"], "working");
    }
    let outages = acme.get(&format!("/v1/accounts/{account}/health")).await["outages"].clone();
    let notes: Vec<&str> = outages.as_array().unwrap().iter().map(|one| one["note"].as_str().unwrap()).collect();
    assert_eq!((notes.len(), notes[0].len()), (20, 120));
    assert!(notes[0].starts_with("refused 22 ") && notes[19].starts_with("refused 3 "), "{notes:?}");
}

/// Whatever strikes, a check comes to its end and is told once.
#[tokio::test]
async fn a_check_survives_every_crash() {
    let run = async |at: u64, fault: Fault| {
        let faults = Faults::none();
        let stage = Story::with(faults.clone()).await;
        let acme = stage.bare_tenant("acme").await;
        let account = acme.account(&json!({ "provider": "capture" })).await;
        acme.order(&format!("/v1/accounts/{account}/check")).await.is(202);
        let begun = faults.calls();
        faults.strike(begun + at, fault);
        stage.drain().await;
        let calls = faults.calls() - begun;
        for _ in 0..3 {
            stage.pass(200).await;
        }
        let check = acme.get(&format!("/v1/accounts/{account}")).await["check"].clone();
        // Where the question itself was struck, that is what came of it.
        let unheard = check["note"].as_str().is_some_and(|note| note.starts_with("the connection "));
        assert!(check["state"] == "passed" || (check["state"] == "failed" && unheard), "{fault:?} at {at}: {check}");
        assert_eq!(stage.hidden(), 0, "{fault:?} at {at}");
        calls
    };
    let calls = run(u64::MAX / 2, Fault::CrashBefore).await;
    assert!(calls > 5, "{calls} calls");
    for at in 0..calls {
        for fault in [Fault::CrashBefore, Fault::CrashAfter, Fault::LostReply, Fault::Throttle, Fault::Conflict] {
            run(at, fault).await;
        }
    }
}

#[tokio::test]
async fn a_test_message_goes_through_this_account_and_no_other() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let spare = acme.account(&json!({ "name": "Spare {{ 7 }} <b>", "priority": 900 })).await;
    let path = format!("/v1/accounts/{spare}/test");
    let ask = || {
        acme.ask(Method::POST, &path).header("idempotency-key", "try").json(&json!({ "to": { "email": "ada@example.com" } }))
    };
    let message = ask().now().await.is(202);
    assert_eq!(
        (&message["account"], &message["category"], &message["tags"]),
        (&json!(spare), &json!("transactional"), &json!(["test"]))
    );
    assert_eq!(ask().now().await.is(202)["id"], message["id"]);
    stage.drain().await;
    let letter = stage.letter();
    assert_eq!(letter.subject, "Test of Spare {{ 7 }} <b>");
    let found = acme.get(&format!("/v1/messages/{}", message["id"].as_str().unwrap())).await;
    assert_eq!((&found["status"], &found["account"]), (&json!("sent"), &json!(spare)));

    // The same checks as for any other message.
    acme.post("/v1/suppressions", &json!({ "channel": "email", "address": "eve@example.com" })).await.is(201);
    let stopped = acme.post(&path, &json!({ "to": { "email": "eve@example.com" } })).await.is(202);
    stage.drain().await;
    let trace = acme.get(&format!("/v1/messages/{}/trace", stopped["id"].as_str().unwrap())).await;
    assert_eq!(
        (&trace["status"], &trace["gate"]["reason"]),
        (&json!("rejected"), &json!("the address was suppressed by hand"))
    );
    let before = stage.rows();
    for (body, pointer) in [
        (json!({ "to": {} }), "/to"),
        (json!({ "to": { "phone": "+14155552671" } }), "/to/phone"),
        (json!({ "to": { "email": "ada" } }), "/to/email"),
        (json!({ "to": { "email": "ada@example.com" }, "template": "welcome" }), "/template"),
        (json!({}), "/to"),
    ] {
        assert_eq!(acme.post(&path, &body).await.problem(422, "invalid"), [pointer], "{body}");
    }
    stage.nothing_changed_since(&before, "tests that were refused");
}

#[tokio::test]
async fn a_test_message_speaks_on_its_accounts_channel() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bot = telegram(&acme).await;
    stage.providers_say([answered(&stage, 200, &json!({ "ok": true, "result": { "message_id": 7, "chat": { "id": 42 } } }))]);
    let message = acme.post(&format!("/v1/accounts/{bot}/test"), &json!({ "to": { "address": "42" } })).await.is(202);
    stage.drain().await;
    assert_eq!(acme.get(&format!("/v1/messages/{}", message["id"].as_str().unwrap())).await["status"], "sent");
    let said = String::from_utf8(stage.outbox.asked()[0].body.whole().unwrap()).unwrap();
    assert!(said.contains("This is a test message, sent through the account Bot."), "{said}");
}

#[tokio::test]
async fn usage_tells_what_went_through_and_how_well() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let main = acme.account(&json!({ "priority": 1 })).await;
    let spare = acme.account(&json!({ "priority": 2 })).await;
    stage.outbox.answer_after(120);
    for number in 0..3 {
        acme.send_with(&hello(number)).await;
        stage.drain().await;
    }
    stage.told(&stage.letters()[0], local::provider::Deed::Deliver).await;
    stage.told(&stage.letters()[1], local::provider::Deed::Bounce).await;
    stage.outbox.answer_after(480);
    stage.providers_say([Said::Unreached { text: "down".to_owned() }]);
    let message = acme.send_with(&hello(4)).await;
    stage.drain().await;
    assert_eq!(acme.verdicts(&message).await, ["retry", "sent"]);
    let trace = acme.trace(&message).await;
    assert_eq!((&trace["tries"][0]["latency_ms"], &trace["tries"][1]["latency_ms"]), (&json!(480), &json!(480)));

    let numbers = acme.get(&format!("/v1/accounts/{main}/usage?group_by=hour")).await;
    let expected = json!({
        "sent": 3, "delivered": 1, "bounced": 1, "complained": 0, "failed": 0, "delivery_rate": 0.3333, "bounce_rate": 0.3333,
        "calls": 4, "calls_in_vain": 1, "success_rate": 0.75, "mean_latency_ms": 210,
    });
    assert_eq!(numbers["totals"], expected);
    assert_eq!(numbers["groups"], json!([{ "start": "2026-03-02T09:00:00.000Z", "numbers": expected }]));
    let other = acme.get(&format!("/v1/accounts/{spare}/usage")).await;
    assert_eq!((&other["totals"]["sent"], &other["totals"]["mean_latency_ms"]), (&json!(1), &json!(480)));
    assert_eq!(other["groups"][0]["start"], "2026-03-02T00:00:00.000Z");

    // Of late: the hour that has begun and the one before it.
    let health = acme.get(&format!("/v1/accounts/{main}/health")).await;
    assert_eq!((&health["hour"], &health["day"]), (&expected, &expected));
    stage.pass(2 * 3_600).await;
    let later = acme.get(&format!("/v1/accounts/{main}/health")).await;
    assert_eq!((&later["hour"]["calls"], &later["hour"]["success_rate"], &later["day"]), (&json!(0), &json!(null), &expected));
    stage.pass(24 * 3_600).await;
    assert_eq!(acme.get(&format!("/v1/accounts/{main}/health")).await["day"]["calls"], 0);
    for wrong in
        ["since=2026-01-01T00:00:00Z&until=2026-06-01T00:00:00Z&group_by=hour", "since=x", "group_by=template", "from=x"]
    {
        acme.look(&format!("/v1/accounts/{main}/usage?{wrong}")).await.problem(422, "invalid");
    }
    // Counting them costs no write of its own, and a stream that comes again changes nothing.
    let before = stage.rows();
    stage.replay_stream();
    stage.drain().await;
    stage.nothing_changed_since(&before, "a replayed stream");
}
