//! Consent to accounts that send in a person's name: a link that is good once, a page, and tokens that nobody sees.

use http::Method;
use serde_json::{Value, json};
use tests::bank::{self, Bank, CODE, SECRET};
use tests::{Company, Reply, Story};

async fn link(acme: &Company<'_>, account: &str) -> Value {
    acme.order(&format!("/v1/accounts/{account}/consent")).await.is(200)
}

/// What goes with the person and comes back.
fn state(link: &Value) -> String {
    let url = url::Url::parse(link["url"].as_str().unwrap()).unwrap();
    let found = url.query_pairs().find(|(name, _)| name == "state");
    found.map(|(_, value)| value.into_owned()).unwrap()
}

async fn back(stage: &Story, query: &str) -> Reply {
    let reply = stage.ask(Method::GET, &format!("/hooks/consent?{query}")).now().await;
    let policy = reply.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("script-src"), "{policy}");
    assert_eq!((reply.header("cache-control"), reply.header("referrer-policy")), (Some("no-store"), Some("no-referrer")));
    assert!(!String::from_utf8_lossy(&reply.bytes).contains(CODE), "the page repeats nothing");
    reply
}

async fn check(acme: &Company<'_>, account: &str) -> Value {
    acme.get(&format!("/v1/accounts/{account}")).await["check"].clone()
}

fn mail() -> Value {
    json!({ "to": { "email": "ada@example.com" }, "content": { "subject": "Hi", "text": "Hello" } })
}

#[tokio::test]
async fn a_person_consents_and_the_account_sends() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bank = Bank::open(&stage);
    let account = bank::account(&acme).await;
    // Before that nothing goes out, and it says why.
    let early = acme.send_with(&mail()).await;
    stage.drain().await;
    assert!(acme.why(&early).await.contains("nobody has consented to this account yet"));

    let link = link(&acme, &account).await;
    let url = link["url"].as_str().unwrap();
    assert!(url.starts_with("https://accounts.google.com/o/oauth2/v2/auth?response_type=code&client_id=app&"), "{url}");
    assert!(url.contains("code_challenge_method=S256") && !url.contains(SECRET), "{url}");
    assert_eq!(link["redirect"], "https://switchboard.example/hooks/consent");
    assert_eq!(link["expires_at"], "2026-03-02T09:10:00.000Z");
    assert_eq!(back(&stage, &format!("state={}&code={CODE}&scope=x", state(&link))).await.status, 200);
    assert_eq!(check(&acme, &account).await["state"], "pending");
    stage.drain().await;
    let passed = check(&acme, &account).await;
    assert_eq!(
        (&passed["state"], &passed["at"], &passed["note"]),
        (&json!("passed"), &json!("2026-03-02T09:00:00.000Z"), &json!(null))
    );

    let message = acme.send_with(&mail()).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
    assert_eq!(bank.books().shown, [CODE], "the token of the exchange is used, and no other is asked for");
    // Two hours later the refresh token is.
    stage.pass(7_200).await;
    assert_eq!(acme.status(&early).await, "sent");
    assert_eq!(bank.books().shown.len(), 2);
    for row in stage.rows() {
        let text = format!("{row:?}");
        assert!(!text.contains("canary"), "{text}");
    }
}

#[tokio::test]
async fn a_link_is_good_once_and_only_the_latest() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let _bank = Bank::open(&stage);
    let account = bank::account(&acme).await;
    let older = state(&link(&acme, &account).await);
    let newer = state(&link(&acme, &account).await);
    let before = stage.rows();
    assert_eq!(back(&stage, &format!("state={older}&code={CODE}")).await.status, 400);
    stage.nothing_changed_since(&before, "an older link");
    assert_eq!(back(&stage, &format!("state={newer}&code={CODE}")).await.status, 200);
    stage.drain().await;
    let before = stage.rows();
    for code in [CODE, "another"] {
        assert_eq!(back(&stage, &format!("state={newer}&code={code}")).await.status, 400);
    }
    stage.nothing_changed_since(&before, "a link that was used");
}

#[tokio::test]
async fn what_is_forged_late_or_of_another_account_changes_nothing() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.bare_tenant("acme").await, stage.bare_tenant("bravo").await);
    let _bank = Bank::open(&stage);
    let account = bank::account(&acme).await;
    let theirs = bank::account(&bravo).await;
    let (own, foreign) = (state(&link(&acme, &account).await), state(&link(&bravo, &theirs).await));
    let gone = bank::account(&acme).await;
    let lost = state(&link(&acme, &gone).await);
    acme.delete(&format!("/v1/accounts/{gone}")).await;
    let before = stage.rows();
    // One ticket's head with the other's tail.
    let mixed = format!("{}{}", &own[..40], &foreign[40..]);
    let odd = ["", "x", "%00", &own[1..], &format!("{own}A"), &mixed, &own.to_uppercase(), &lost];
    for state in odd {
        assert_eq!(back(&stage, &format!("state={state}&code={CODE}")).await.status, 400, "{state}");
    }
    for query in ["", "code=x", &format!("state={own}"), &format!("state={own}&code="), &format!("state={own}&code=a%20b")] {
        assert_eq!(back(&stage, query).await.status, 400, "{query}");
    }
    let denied = back(&stage, &format!("state={own}&error=access_denied&error_description=%3Cscript%3E")).await;
    assert_eq!(denied.status, 400);
    let shown = String::from_utf8_lossy(&denied.bytes).into_owned();
    assert!(shown.contains("did not give its consent") && !shown.contains("<script>"), "{shown}");
    // Said twice, it is not clear what is meant.
    assert_eq!(back(&stage, &format!("state={own}&state={foreign}&code={CODE}")).await.status, 400);
    stage.clock.advance(600_000).unwrap();
    assert_eq!(back(&stage, &format!("state={own}&code={CODE}")).await.status, 400, "ten minutes later");
    stage.nothing_changed_since(&before, "links that are of no use");
    stage.ask(Method::POST, "/hooks/consent").now().await.problem(405, "method-not-allowed");
}

#[tokio::test]
async fn a_code_that_the_provider_does_not_take_is_told() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let _bank = Bank::open(&stage);
    let account = bank::account(&acme).await;
    let state = state(&link(&acme, &account).await);
    back(&stage, &format!("state={state}&code=wrong")).await;
    stage.drain().await;
    let failed = check(&acme, &account).await;
    assert_eq!(failed["state"], "failed");
    let note = failed["note"].as_str().unwrap();
    assert!(note.starts_with("somebody has to consent again: no access token: 400 invalid_grant"), "{note}");
    assert_eq!(stage.rows_of("token").len(), 0);
}

/// A new consent is good for an account whose old one has ended, and what waited for it goes out.
#[tokio::test]
async fn a_new_consent_puts_an_account_back_into_use() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let bank = Bank::open(&stage);
    let account = bank::consented(&acme).await;
    bank.books().refresh = "revoked".to_owned();
    let mut messages = Vec::new();
    for _ in 0..6 {
        messages.push(acme.send_with(&mail()).await);
    }
    stage.drain().await;
    assert_eq!(acme.get(&format!("/v1/accounts/{account}/health")).await["now"]["state"], "refused");
    let state = state(&link(&acme, &account).await);
    back(&stage, &format!("state={state}&code={CODE}")).await;
    stage.drain().await;
    let health = acme.get(&format!("/v1/accounts/{account}/health")).await;
    assert_eq!((&health["now"]["state"], &health["outages"][0]["cause"]), (&json!("working"), &json!("refused")));
    for _ in 0..4 {
        stage.pass(60).await;
    }
    for message in &messages {
        assert_eq!(acme.status(message).await, "sent");
    }
}

#[tokio::test]
async fn accounts_with_credentials_of_their_own_need_no_consent() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let account = acme.get("/v1/accounts").await["data"][0]["id"].as_str().unwrap().to_owned();
    let before = stage.rows();
    let refused = acme.order(&format!("/v1/accounts/{account}/consent")).await;
    refused.problem(409, "conflict");
    stage.nothing_changed_since(&before, "a consent that nobody needs");
}
