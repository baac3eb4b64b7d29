//! Mailboxes that are read by web requests: Gmail's and Microsoft's. A push brings the look forward, and history that the provider has
//! forgotten ends nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use local::stage::PUBLIC_URL;
use serde_json::{Value, json};
use tests::chat::callback;
use tests::cloud::Cloud;
use tests::google::{Google, KEYS};
use tests::{Company, Reply, Story};

/// The word that Graph's posts are believed by.
const WORD: &str = "hunter2word";

/// A mailbox that is read, as an account of that provider.
async fn account(company: &Company<'_>, provider: &str) -> String {
    let (settings, mut credentials) = (
        match provider {
            "gmail" => json!({
                "mailbox": "shop@acme.example", "receive": true, "push_account": "push@acme.example",
                "topic": "projects/acme/topics/mail",
            }),
            _ => json!({ "mailbox": "shop@acme.example", "receive": true }),
        },
        json!({ "client_id": "app", "client_secret": "hunter2", "refresh_token": "hunter2-refresh" }),
    );
    if provider == "graph" {
        credentials["client_state"] = json!(WORD);
    }
    company.account(&json!({ "provider": provider, "settings": settings, "credentials": credentials })).await
}

/// The provider says that something came.
async fn pushed(stage: &Story, path: &str, provider: &str, google: &Google) -> Reply {
    if provider == "graph" {
        let post = json!({ "value": [{ "clientState": WORD, "changeType": "created", "tenantId": "t" }] });
        return stage.ask(Method::POST, path).json(&post).now().await;
    }
    let now = stage.clock.now().seconds();
    let token = google.token(&json!({
        "iss": "https://accounts.google.com", "aud": format!("{PUBLIC_URL}{path}"), "email": "push@acme.example",
        "email_verified": true, "iat": now, "exp": now + 3600,
    }));
    let data = STANDARD.encode(json!({ "emailAddress": "shop@acme.example", "historyId": "1" }).to_string());
    stage.ask(Method::POST, path).bearer(&token).json(&json!({ "message": { "data": data, "messageId": "1" } })).now().await
}

fn count(stage: &Story) -> usize {
    stage.rows_of("inbound").len()
}

#[tokio::test]
async fn a_push_brings_the_look_forward_and_is_believed_once() {
    let google = Google::with_key("g1");
    for provider in ["gmail", "graph"] {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        stage.serve(KEYS, google.set());
        let (acme, other) = (stage.bare_tenant("acme").await, stage.bare_tenant("other").await);
        cloud.deliver(1);
        let id = account(&acme, provider).await;
        let path = callback(&acme, &id).await;
        stage.drain().await;
        assert_eq!(count(&stage), 0, "{provider}: history is not imported");
        let mailbox = acme.get(&format!("/v1/accounts/{id}/mailbox")).await;
        assert_eq!(
            (&mailbox["result"], &mailbox["next_at"]),
            (&json!("read"), &json!("2026-03-02T09:15:00.000Z")),
            "{mailbox}"
        );
        assert!(mailbox["watched_until"].is_string(), "{mailbox}");

        cloud.deliver(2);
        stage.pass(60).await;
        assert_eq!(count(&stage), 0, "{provider}: it is not looked at before its time");
        assert_eq!(pushed(&stage, &path, provider, &google).await.status / 100, 2);
        let before = stage.rows();
        assert_eq!(pushed(&stage, &path, provider, &google).await.status / 100, 2);
        stage.nothing_changed_since(&before, "a second push before the look");
        stage.pass(0).await;
        assert_eq!(count(&stage), 1, "{provider}");
        let conversation = acme.get("/v1/conversations").await["data"][0].clone();
        assert_eq!((&conversation["address"], &conversation["preview"]), (&json!("ada@example.com"), &json!("Mail 2")));
        assert_eq!(other.get("/v1/conversations").await["data"], json!([]));

        cloud.deliver(3);
        stage.pass(15 * 60).await;
        assert_eq!(count(&stage), 2, "{provider}: without a push it comes at the mailbox's own pace");
        stage.pass(15 * 60).await;
        assert_eq!(count(&stage), 2);
        for row in stage.rows() {
            let text = format!("{row:?}");
            assert!(!text.contains("canary") && !text.contains("hunter2"), "{text}");
        }
    }
}

#[tokio::test]
async fn watching_is_asked_for_again_before_it_ends() {
    for (provider, asked) in
        [("gmail", vec!["POST", "POST"]), ("graph", vec!["POST /v1.0/subscriptions", "PATCH /v1.0/subscriptions/s1"])]
    {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        let path = callback(&acme, &id).await;
        stage.drain().await;
        stage.pass(12 * 3600).await;
        assert_eq!(cloud.mailbox().watches.len(), 1, "{provider}");
        stage.pass(13 * 3600).await;
        assert_eq!(cloud.mailbox().watches.len(), 2, "{provider}: a day after the first time");
        let watches = cloud.mailbox().watches.clone();
        let words: Vec<&str> = watches.iter().take(2).map(|(word, _)| word.as_str()).collect();
        assert_eq!(words, asked);
        let first = &watches[0].1;
        if provider == "gmail" {
            assert_eq!(first["topicName"], "projects/acme/topics/mail");
        } else {
            assert_eq!(
                (&first["notificationUrl"], &first["clientState"]),
                (&json!(format!("{PUBLIC_URL}{path}")), &json!(WORD))
            );
        }
    }
}

#[tokio::test]
async fn what_the_provider_has_forgotten_is_begun_anew_and_what_it_has_not_is_read_in_pages() {
    for provider in ["gmail", "graph"] {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        let mailbox = || async { acme.get(&format!("/v1/accounts/{id}/mailbox")).await };
        stage.drain().await;
        cloud.mailbox().page = 3;
        for number in 0..8 {
            cloud.deliver(number);
        }
        stage.pass(15 * 60).await;
        assert_eq!(count(&stage), 8, "{provider}: page by page");
        cloud.deliver(8);
        cloud.mailbox().known_from = 9;
        stage.pass(15 * 60).await;
        let said = mailbox().await;
        assert_eq!(count(&stage), 8, "{provider}");
        assert!(said["result"] == "read" && said["note"].as_str().unwrap().ends_with("reading begins anew"), "{said}");
        cloud.deliver(9);
        stage.pass(15 * 60).await;
        assert_eq!((count(&stage), mailbox().await["note"].clone()), (9, Value::Null), "{provider}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_for_the_next_look() {
    for provider in ["gmail", "graph"] {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        stage.drain().await;
        cloud.deliver(1);
        cloud.mailbox().spoilt = true;
        stage.pass(15 * 60).await;
        let said = acme.get(&format!("/v1/accounts/{id}/mailbox")).await;
        assert_eq!((count(&stage), &said["result"]), (0, &json!("failed")), "{provider}");
        stage.pass(15 * 60).await;
        assert_eq!((count(&stage), cloud.mailbox().tokens), (1, 2), "{provider}");
    }
}

#[tokio::test]
async fn a_mail_that_the_provider_withholds_holds_nothing_up_for_good() {
    for (provider, status, looks) in [
        ("gmail", "400 Bad Request", 1),
        ("graph", "422 Unprocessable Entity", 1),
        ("gmail", "500 Internal Server Error", 11),
        ("graph", "403 Forbidden", 11),
    ] {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        let mailbox = || async { acme.get(&format!("/v1/accounts/{id}/mailbox")).await };
        stage.drain().await;
        (0..4).for_each(|number| cloud.deliver(number));
        cloud.mailbox().withheld = Some((vec![1, 2], status));
        for _ in 0..looks {
            assert!(count(&stage) < 2, "{provider} {status}");
            stage.pass_until(mailbox().await["next_at"].as_str().unwrap()).await;
        }
        assert_eq!(count(&stage), 2, "{provider} {status}: what is behind it came in");
        let now = mailbox().await;
        let passed = &now["passed_over"];
        assert_eq!((&now["result"], &passed["count"]), (&json!("read"), &json!(2)));
        assert_eq!((&passed["last"][0]["mail"], &passed["last"][1]["mail"]), (&json!("2"), &json!("1")));
        let said = format!("a mail was passed over: {}", passed["last"][0]["reason"].as_str().unwrap());
        assert!(now["note"].as_str().unwrap().ends_with(&said), "{now}");
        for row in stage.rows() {
            assert!(!format!("{row:?}").contains("canary"), "{row:?}");
        }
    }
}

#[tokio::test]
async fn an_account_that_is_to_wait_passes_no_mail_over() {
    for provider in ["gmail", "graph"] {
        let cloud = Cloud::open().await;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        let mailbox = || async { acme.get(&format!("/v1/accounts/{id}/mailbox")).await };
        stage.drain().await;
        cloud.deliver(0);
        cloud.mailbox().withheld = Some((vec![0], "429 Too Many Requests"));
        for _ in 0..7 {
            stage.pass_until(mailbox().await["next_at"].as_str().unwrap()).await;
        }
        cloud.mailbox().withheld = None;
        stage.pass_until(mailbox().await["next_at"].as_str().unwrap()).await;
        assert_eq!((count(&stage), mailbox().await["passed_over"].clone()), (1, Value::Null), "{provider}");
    }
}

#[tokio::test]
async fn mail_is_read_while_nobody_answers_who_is_asked_to_tell_of_it() {
    for provider in ["gmail", "graph"] {
        let cloud = Cloud::open().await;
        cloud.mailbox().deaf = true;
        let stage = Story::reading(cloud.way());
        let acme = stage.bare_tenant("acme").await;
        let id = account(&acme, provider).await;
        stage.drain().await;
        cloud.deliver(1);
        stage.pass(15 * 60).await;
        let said = acme.get(&format!("/v1/accounts/{id}/mailbox")).await;
        assert_eq!((count(&stage), &said["result"], &said["watched_until"]), (1, &json!("read"), &Value::Null), "{provider}");
        assert!(said["note"].as_str().unwrap().starts_with("the provider does not tell of new mail by itself: "), "{said}");
    }
}

#[tokio::test]
async fn a_page_of_history_is_asked_for_by_the_look_that_was_told_of_it() {
    let cloud = Cloud::open().await;
    let stage = Story::reading(cloud.way());
    let acme = stage.bare_tenant("acme").await;
    let id = account(&acme, "gmail").await;
    stage.drain().await;
    cloud.deliver(1);
    cloud.mailbox().other_changes = Some(0);
    stage.pass(15 * 60).await;
    assert_eq!((count(&stage), cloud.mailbox().other_changes), (0, Some(1)), "the second page did not come");
    stage.pass(15 * 60).await;
    let said = acme.get(&format!("/v1/accounts/{id}/mailbox")).await;
    assert_eq!((count(&stage), &said["result"]), (1, &json!("read")), "{said}");
}

#[tokio::test]
async fn a_mailbox_that_nobody_consented_to_says_so() {
    let cloud = Cloud::open().await;
    let stage = Story::reading(cloud.way());
    let acme = stage.bare_tenant("acme").await;
    let credentials = json!({ "client_id": "app", "client_secret": "hunter2" });
    let words = json!({ "provider": "gmail", "settings": { "receive": true }, "credentials": credentials });
    let id = acme.account(&words).await;
    stage.drain().await;
    let said = acme.get(&format!("/v1/accounts/{id}/mailbox")).await;
    assert_eq!(said["result"], "refused");
    assert!(said["note"].as_str().unwrap().contains("nobody has consented to this account yet"), "{said}");
    assert!(cloud.stub.asked().is_empty(), "nothing is asked without a token");
}
