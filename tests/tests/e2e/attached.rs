//! Files that come with what people write: kept with the message when the callback brings them, fetched from the provider when
//! it does not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use providers::{HttpReply, Reply as Said};
use serde_json::{Value, json};
use store::memory::Fault;
use tests::chat::{WORD, callback, post, telegram};
use tests::files::follow;
use tests::{Company, Reply, Story};

/// An account of Postmark's, as the address that it is called back at.
async fn postmark(company: &Company<'_>) -> String {
    let credentials = json!({ "server_token": "hunter2-token", "webhook_password": "hunter2-hooks" });
    // What goes out goes another way.
    let account = json!({ "provider": "postmark", "credentials": credentials, "priority": 900 });
    callback(company, &company.account(&account).await).await
}

fn sample(file: &str) -> Value {
    let path = format!("{}/../events/providers/{file}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A mail with a text file, as Postmark posts it.
async fn mail(stage: &Story, path: &str) -> Option<Reply> {
    let login = format!("Basic {}", STANDARD.encode("switchboard:hunter2-hooks"));
    let ask = stage.ask(Method::POST, path).header("authorization", &login);
    ask.json(&sample("postmark/inbound")).attempt().await
}

/// The one file of the one message that came in.
async fn file(company: &Company<'_>) -> Value {
    let conversations = company.get("/v1/conversations").await;
    let id = conversations["data"][0]["id"].as_str().unwrap();
    let messages = company.get(&format!("/v1/conversations/{id}/messages")).await;
    assert_eq!(messages["data"].as_array().unwrap().len(), 1);
    messages["data"][0]["files"][0].clone()
}

/// The attachment of that file.
async fn attachment(company: &Company<'_>) -> Value {
    let file = file(company).await;
    company.get(&format!("/v1/attachments/{}", file["attachment"].as_str().unwrap())).await
}

fn answer(stage: &Story, status: u16, kind: &str, body: &[u8]) -> Said {
    let headers = vec![("content-type".to_owned(), kind.to_owned()), ("content-length".to_owned(), body.len().to_string())];
    Said::Answered(HttpReply { status, headers, body: body.to_vec(), at: stage.clock.now() })
}

/// Where Telegram keeps the file.
fn place(stage: &Story) -> Said {
    let body = br#"{"ok":true,"result":{"file_id":"x","file_path":"documents/file_1.pdf"}}"#;
    answer(stage, 200, "application/json", body)
}

#[tokio::test]
async fn a_file_in_a_mail_is_kept_with_it_and_can_go_out_again() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let path = postmark(&acme).await;
    assert_eq!(mail(&stage, &path).await.unwrap().status, 200);
    let found = attachment(&acme).await;
    let said = ["name", "media_type", "bytes", "state", "origin"].map(|name| found[name].clone());
    assert_eq!(said, [json!("door.txt"), json!("text/plain"), json!(13), json!("ready"), json!("inbound")]);
    assert_eq!(follow(&stage, &found["download"], None).await.bytes, b"the green one");

    let before = stage.rows();
    assert_eq!(mail(&stage, &path).await.unwrap().status, 200);
    stage.nothing_changed_since(&before, "a mail that was taken in before");

    let content = json!({ "subject": "Fwd", "text": "See below" });
    let files = json!([{ "id": found["id"] }]);
    acme.send_with(&json!({ "to": { "email": "bob@example.com" }, "content": content, "attachments": files })).await;
    stage.drain().await;
    assert!(stage.letter().raw.contains(&STANDARD.encode("the green one")));
}

#[tokio::test]
async fn wherever_the_process_dies_a_mail_keeps_its_file() {
    for at in 0.. {
        let fault = if at % 2 == 0 { Fault::CrashBefore } else { Fault::CrashAfter };
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let path = postmark(&acme).await;
        stage.faults.strike(stage.faults.calls() + at / 2, fault);
        let first = mail(&stage, &path).await;
        let struck = !stage.faults.struck().is_empty();
        stage.faults.calm();
        assert_eq!(first.is_none(), struck, "{fault:?} at call {}", at / 2);
        assert_eq!(mail(&stage, &path).await.unwrap().status, 200);
        assert_eq!((stage.rows_of("inbound").len(), stage.rows_of("attachment").len()), (1, 1), "{fault:?} at {}", at / 2);
        let found = attachment(&acme).await;
        assert_eq!(follow(&stage, &found["download"], None).await.bytes, b"the green one");
        if !struck {
            assert!(at > 8, "there was something to strike");
            return;
        }
    }
}

#[tokio::test]
async fn a_file_that_the_provider_keeps_is_fetched() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = telegram(&acme).await;
    assert_eq!(post(&stage, &path, &sample("telegram/document"), WORD).await.status, 200);
    let wanted = attachment(&acme).await;
    assert_eq!((&wanted["state"], &wanted["download"]), (&json!("wanted"), &Value::Null));

    stage.providers_say([place(&stage), answer(&stage, 200, "application/pdf", b"%PDF-1.7")]);
    stage.drain().await;
    let asked: Vec<String> = stage.outbox.asked().iter().map(|call| call.url.reveal().to_owned()).collect();
    assert!(asked[0].contains("/getFile?file_id=") && asked[1].ends_with("/documents/file_1.pdf"), "{asked:?}");
    let found = attachment(&acme).await;
    assert_eq!((&found["state"], &found["bytes"]), (&json!("ready"), &json!(8)));
    assert_eq!(follow(&stage, &found["download"], None).await.bytes, b"%PDF-1.7");

    // The same callback and the same errand again: it was fetched.
    assert_eq!(post(&stage, &path, &sample("telegram/document"), WORD).await.status, 200);
    stage.replay_stream();
    stage.drain().await;
    assert_eq!(stage.outbox.asked().len(), 2);
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_asked_again_and_one_that_says_no_is_believed() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.bare_tenant("acme").await, stage.bare_tenant("bravo").await);
    let (path, other) = (telegram(&acme).await, telegram(&bravo).await);
    assert_eq!(post(&stage, &path, &sample("telegram/document"), WORD).await.status, 200);
    stage.providers_say([Said::Unreached { text: "nobody there".to_owned() }]);
    stage.drain().await;
    assert_eq!(attachment(&acme).await["state"], "wanted");
    stage.providers_say([place(&stage), answer(&stage, 200, "application/pdf", b"%PDF-1.7")]);
    stage.pass(300).await;
    assert_eq!(attachment(&acme).await["state"], "ready");

    assert_eq!(post(&stage, &other, &sample("telegram/document"), WORD).await.status, 200);
    stage.providers_say([place(&stage), answer(&stage, 404, "text/plain", b"gone")]);
    stage.drain().await;
    let lost = attachment(&bravo).await;
    assert_eq!((&lost["state"], &lost["why"]), (&json!("failed"), &json!("its provider says 404")));
    let order = json!({ "to": { "email": "a@example.com" }, "content": { "subject": "x", "text": "x" },
        "attachments": [{ "id": lost["id"] }] });
    assert_eq!(bravo.post("/v1/messages", &order).await.problem(422, "invalid"), ["/attachments/0/id"]);
}

#[tokio::test]
async fn a_redirect_is_followed_without_the_login_and_a_large_file_is_left() {
    let stage = Story::begin().await;
    let (acme, bravo) = (stage.bare_tenant("acme").await, stage.bare_tenant("bravo").await);
    let (path, other) = (telegram(&acme).await, telegram(&bravo).await);
    assert_eq!(post(&stage, &path, &sample("telegram/document"), WORD).await.status, 200);
    let headers = vec![("location".to_owned(), "https://files.example/a".to_owned())];
    let elsewhere = Said::Answered(HttpReply { status: 307, headers, body: Vec::new(), at: stage.clock.now() });
    stage.providers_say([place(&stage), elsewhere, answer(&stage, 200, "application/pdf", b"%PDF")]);
    stage.drain().await;
    assert_eq!(attachment(&acme).await["state"], "ready");
    let last = stage.outbox.asked().pop().unwrap();
    assert_eq!((last.url.reveal(), matches!(last.login, providers::Login::None)), ("https://files.example/a", true));

    assert_eq!(post(&stage, &other, &sample("telegram/document"), WORD).await.status, 200);
    let headers = vec![("content-length".to_owned(), "26214401".to_owned())];
    let large = Said::Answered(HttpReply { status: 200, headers, body: Vec::new(), at: stage.clock.now() });
    stage.providers_say([place(&stage), large]);
    stage.drain().await;
    assert_eq!(attachment(&bravo).await["why"], "it is larger than what is kept");
}
