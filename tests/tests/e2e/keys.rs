//! Callbacks whose sender signs with published keys: the set is read where the provider keeps it, and not for whoever asks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use local::stage::PUBLIC_URL;
use serde_json::{Value, json};
use tests::chat::callback;
use tests::google::{Google, KEYS};
use tests::{Company, Reply, Story};

/// A mailbox of Gmail's that is watched, as the address that Pub/Sub posts to.
async fn gmail(company: &Company<'_>) -> String {
    let settings = json!({ "mailbox": "shop@acme.example", "push_account": "push@acme.example" });
    let credentials = json!({ "client_id": "1.apps.example.com", "client_secret": "hunter2", "refresh_token": "1//hunter2" });
    let account = company.account(&json!({ "provider": "gmail", "settings": settings, "credentials": credentials })).await;
    callback(company, &account).await
}

/// Pub/Sub says that the mailbox has changed.
async fn pushed(stage: &Story, path: &str, google: &Google) -> Reply {
    let now = stage.clock.now().seconds();
    let token = google.token(&json!({
        "iss": "https://accounts.google.com", "aud": format!("{PUBLIC_URL}{path}"), "email": "push@acme.example",
        "email_verified": true, "iat": now, "exp": now + 3600,
    }));
    let data = STANDARD.encode(json!({ "emailAddress": "shop@acme.example", "historyId": "1" }).to_string());
    let body: Value = json!({ "message": { "data": data, "messageId": "1" } });
    stage.ask(Method::POST, path).bearer(&token).json(&body).now().await
}

#[tokio::test]
async fn a_push_is_believed_by_the_published_key_and_the_set_is_read_once() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (path, google) = (gmail(&acme).await, Google::with_key("g1"));
    stage.serve(KEYS, google.set());
    let before = stage.rows();
    for _ in 0..3 {
        assert_eq!(pushed(&stage, &path, &google).await.status, 200);
        stage.clock.advance(20 * 60_000 - 1).unwrap();
    }
    assert_eq!(stage.fetched(KEYS), 1);
    // A set is read again after an hour.
    stage.clock.advance(60_000).unwrap();
    assert_eq!(pushed(&stage, &path, &google).await.status, 200);
    assert_eq!(stage.fetched(KEYS), 2);
    stage.nothing_changed_since(&before, "a push that brings nothing");
}

#[tokio::test]
async fn a_key_that_nobody_published_is_asked_for_once_a_minute() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (path, google, stranger) = (gmail(&acme).await, Google::with_key("g1"), Google::with_key("x1"));
    stage.serve(KEYS, google.set());
    assert_eq!(pushed(&stage, &path, &google).await.status, 200);
    stage.clock.advance(60_000).unwrap();
    for _ in 0..5 {
        pushed(&stage, &path, &stranger).await.problem(401, "unauthenticated");
        stage.clock.advance(10_000).unwrap();
    }
    assert_eq!(stage.fetched(KEYS), 2);
    // The same id says nothing without the key.
    pushed(&stage, &path, &Google::with_key("g1")).await.problem(401, "unauthenticated");
    assert_eq!(pushed(&stage, &path, &google).await.status, 200, "the good key is as good as before");
    assert_eq!(stage.fetched(KEYS), 2);
    // A token without any key's id is refused without asking.
    let ask = stage.ask(Method::POST, &path).bearer("no token").json(&json!({}));
    ask.now().await.problem(401, "unauthenticated");
    assert_eq!(stage.fetched(KEYS), 2);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_old_set_serves_while_google_is_silent() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let (path, old, new) = (gmail(&acme).await, Google::with_key("g1"), Google::with_key("g2"));
    pushed(&stage, &path, &old).await.problem(503, "unavailable");
    stage.serve(KEYS, old.set());
    pushed(&stage, &path, &old).await.problem(503, "unavailable");
    assert_eq!(stage.fetched(KEYS), 1, "not twice in a minute");
    stage.clock.advance(60_000).unwrap();
    assert_eq!(pushed(&stage, &path, &old).await.status, 200);

    stage.serve(KEYS, b"<html>".to_vec());
    stage.clock.advance(2 * 3_600_000).unwrap();
    assert_eq!(pushed(&stage, &path, &old).await.status, 200);
    stage.serve(KEYS, new.set());
    stage.clock.advance(60_000).unwrap();
    assert_eq!(pushed(&stage, &path, &new).await.status, 200);
    pushed(&stage, &path, &old).await.problem(401, "unauthenticated");
}
