//! A check tells the provider where to call back, and the account says whether it will: Telegram, over the real wire.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use local::stage::PUBLIC_URL;
use net::http::Http;
use net::names::{Names, Reach};
use providers::{HttpReply, Reply as Said};
use send::wire::Wire;
use send::wire::smtp::Smtp;
use serde_json::{Value, json};
use stands::api::Request;
use stands::telegram::Hook;
use stub::Identity;
use stub::web::{Deed, Judge, Stub, says};
use tests::chat::{WORD, callback, post, written};
use tests::{Company, Story};

async fn bot(acme: &Company<'_>, word: Option<&str>) -> String {
    let credentials = json!({ "bot_token": "123456:AAhunter2token", "secret_token": word });
    acme.account(&json!({ "provider": "telegram", "from": null, "credentials": credentials })).await
}

/// The account after a check.
async fn checked(acme: &Company<'_>, account: &str) -> Value {
    acme.order(&format!("/v1/accounts/{account}/check")).await.is(202);
    acme.story.drain().await;
    let found = acme.get(&format!("/v1/accounts/{account}")).await;
    assert_eq!(found["check"]["state"], "passed", "{found}");
    found
}

/// The Bot API on this machine, and a stage that asks it.
async fn telegram(hook: &Arc<Hook>) -> (Stub, Story) {
    let known = hook.clone();
    let judge: Judge = Arc::new(move |asked| {
        let (method, path) = asked.line.split_once(' ').unwrap();
        let line = format!("{method} https://{}{path}", asked.header("host").unwrap());
        let said = known.answer(&Request { line: &line, headers: &asked.headers, body: &asked.body }).unwrap();
        let said = said.unwrap_or_else(|| panic!("nothing is at {line}"));
        Deed::Say(says(&format!("{} Said", said.status), "", &said.body))
    });
    let identity = Identity::of_all(&["api.telegram.org".to_owned()]);
    let stub = Stub::judging(Some(&identity), &["http/1.1"], judge).await;
    let here = SocketAddr::from(([127, 0, 0, 1], stub.port));
    let names = Names::Prepared(Arc::new(Mutex::new(VecDeque::from(vec![vec![here]; 100]))));
    let http = Http::new(Reach::Anywhere).names(names).trusting(identity.client.clone());
    let stage = Story::over(Wire::of(Smtp::new(Reach::Anywhere), http));
    (stub, stage)
}

fn methods(stub: &Stub) -> Vec<String> {
    stub.asked().iter().map(|asked| asked.line.rsplit('/').next().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_bot_that_was_checked_is_called_back_here() {
    let hook = Arc::new(Hook::default());
    let (stub, stage) = telegram(&hook).await;
    let acme = stage.bare_tenant("acme").await;
    let account = bot(&acme, Some(WORD)).await;
    let path = callback(&acme, &account).await;
    assert_eq!(acme.get(&format!("/v1/accounts/{account}")).await["registration"], Value::Null);
    let found = checked(&acme, &account).await;
    let expected = json!({ "registered": true, "at": "2026-03-02T09:00:00.000Z", "note": null });
    assert_eq!(
        (&found["registration"], methods(&stub)),
        (&expected, vec!["getMe".into(), "setWebhook".into(), "getWebhookInfo".into()])
    );
    let told = hook.told.lock().unwrap().clone().unwrap();
    assert_eq!((&told["url"], &told["secret_token"]), (&json!(format!("{PUBLIC_URL}{path}")), &json!(WORD)));

    // What it calls with from now on is believed.
    let word = told["secret_token"].as_str().unwrap();
    assert_eq!(post(&stage, &path, &written(1, 41, "Hello"), word).await.status, 200);
    assert_eq!(stage.rows_of("inbound").len(), 1);

    *hook.failure.lock().unwrap() = Some("Wrong response from the webhook: 503 Service Unavailable");
    let found = checked(&acme, &account).await["registration"].clone();
    let note = "its last call failed at 2026-03-02T08:43:20.000Z: Wrong response from the webhook: 503 Service Unavailable";
    assert_eq!((&found["registered"], &found["note"]), (&json!(true), &json!(note)));

    // What was found out does not hold for what was changed since.
    acme.patch(&format!("/v1/accounts/{account}"), &json!({ "name": "Other" })).await;
    assert_eq!(acme.get(&format!("/v1/accounts/{account}")).await["registration"], Value::Null);
}

#[tokio::test]
async fn a_bot_that_shows_no_word_is_left_where_it_is() {
    let hook = Arc::new(Hook::default());
    let (stub, stage) = telegram(&hook).await;
    let acme = stage.bare_tenant("acme").await;
    let account = bot(&acme, None).await;
    assert_eq!(checked(&acme, &account).await["registration"], Value::Null);
    assert_eq!(methods(&stub), ["getMe"], "nothing that it brings would be believed");
}

#[tokio::test]
async fn what_the_provider_says_against_it_is_told_without_a_secret() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = bot(&acme, Some(WORD)).await;
    let answer = |status: u16, body: Value| {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Said::Answered(HttpReply { status, headers, body: body.to_string().into_bytes(), at: stage.clock.now() })
    };
    let well = || answer(200, json!({ "ok": true, "result": { "id": 1, "is_bot": true } }));
    let refused = |words: &str| answer(400, json!({ "ok": false, "error_code": 400, "description": words }));
    let elsewhere = answer(200, json!({ "ok": true, "result": { "url": "https://other.example/" } }));
    for (said, note) in [
        (vec![refused("Bad Request: bad webhook: 123456:AAhunter2token")], "400 Bad Request: bad webhook: ***"),
        (vec![well(), elsewhere], "its provider calls back elsewhere"),
        (vec![well(), Said::Unreached { text: "nobody there".to_owned() }], "nobody there"),
    ] {
        stage.providers_say(std::iter::once(well()).chain(said));
        let found = checked(&acme, &account).await["registration"].clone();
        assert_eq!((&found["registered"], &found["note"]), (&json!(false), &json!(note)));
        assert_eq!(stage.providers_work(), 0);
    }
}
