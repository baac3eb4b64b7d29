//! Files that go along with messages: brought by a link, looked for when they are ordered, carried as the channel can.

use domain::attachment;
use kernel::ids::{AttachmentId, TenantId};
use mail_parser::{MessageParser, MimeHeaders};
use providers::{HttpReply, Reply as Said};
use serde_json::{Value, json};
use store::memory::Fault;
use tests::files::{announce, bring, follow};
use tests::{Company, Story};

/// A file of some kilobytes with every byte in it.
fn picture() -> Vec<u8> {
    (0..20_000_u32).map(|at| (at % 256) as u8).collect()
}

/// An email with these files.
fn email(files: &Value) -> Value {
    let content = json!({ "subject": "Here", "html": "<p>Look: <img src=\"cid:logo\"></p>", "text": "Look" });
    json!({ "to": { "email": "ada@example.com" }, "content": content, "attachments": files })
}

#[tokio::test]
async fn a_file_is_brought_and_goes_out_with_an_email() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let announced = announce(&acme, "Rechnung März.pdf", "application/pdf", 20_000).await;
    assert_eq!((&announced["state"], &announced["download"]), (&json!("wanted"), &Value::Null));
    let upload = &announced["upload"];
    assert_eq!((&upload["method"], &upload["headers"]["content-type"]), (&json!("PUT"), &json!("application/pdf")));
    let id = announced["id"].as_str().unwrap();
    let own = format!("/v1/attachments/{id}");
    assert_eq!(acme.get(&own).await["download"], Value::Null);

    assert_eq!(follow(&stage, upload, Some(&picture())).await.status, 200);
    let logo = bring(&acme, "logo.png", "image/png", b"\x89PNG").await;
    let order = email(&json!([{ "id": id }, { "id": logo, "inline": "logo" }]));
    let message = acme.send_with(&order).await;
    let said = json!([
        { "id": id, "name": "Rechnung März.pdf", "media_type": "application/pdf", "bytes": 20_000, "inline": null },
        { "id": logo, "name": "logo.png", "media_type": "image/png", "bytes": 4, "inline": "logo" },
    ]);
    assert_eq!((&message.accepted["attachments"], &acme.message(&message).await["attachments"]), (&said, &said));
    stage.drain().await;

    let kept = stage.letter().kept;
    let letter = MessageParser::default().parse(&kept.raw).unwrap();
    let file = letter.attachments().find(|part| part.attachment_name() == Some("Rechnung März.pdf")).unwrap();
    assert_eq!((file.contents(), file.content_id()), (picture().as_slice(), None));
    let shown = letter.attachments().find(|part| part.content_id() == Some("logo")).unwrap();
    assert_eq!((shown.contents(), shown.content_disposition().unwrap().ctype()), (b"\x89PNG".as_slice(), "inline"));
    assert_eq!(letter.attachment_count(), 2);

    // From now on everybody sees that it is there, and can fetch it.
    let found = acme.get(&own).await;
    assert_eq!((&found["state"], &found["upload"]), (&json!("ready"), &Value::Null));
    let fetched = follow(&stage, &found["download"], None).await;
    assert_eq!((fetched.status, fetched.bytes == picture()), (200, true));
    assert_eq!(fetched.header("content-type"), Some("application/pdf"));
    assert_eq!(fetched.header("content-disposition"), Some("attachment; filename*=UTF-8''Rechnung%20M%C3%A4rz.pdf"));
}

#[tokio::test]
async fn a_link_allows_one_thing_for_a_while() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let announced = announce(&acme, "a.png", "image/png", 4).await;
    let upload = &announced["upload"];
    for wrong in [&b"abc"[..], b"abcde"] {
        assert!(follow(&stage, upload, Some(wrong)).await.status >= 400, "of another size");
    }
    let mut other = upload.clone();
    other["headers"]["content-type"] = json!("text/html");
    follow(&stage, &other, Some(b"abcd")).await.problem(403, "forbidden");
    follow(&stage, upload, None).await.problem(403, "forbidden");
    let mut forged = upload.clone();
    forged["url"] = json!(upload["url"].as_str().unwrap().replace("/files/", "/files/x"));
    follow(&stage, &forged, Some(b"abcd")).await.problem(403, "forbidden");

    assert_eq!(follow(&stage, upload, Some(b"abcd")).await.status, 200);
    // What is there stays as it is, whoever has the link.
    assert_eq!(follow(&stage, upload, Some(b"dcba")).await.status, 412);
    let own = format!("/v1/attachments/{}", announced["id"].as_str().unwrap());
    let download = acme.get(&own).await["download"].clone();
    assert_eq!(follow(&stage, &download, None).await.bytes, b"abcd");
    stage.clock.advance(15 * 60_000).unwrap();
    follow(&stage, &download, None).await.problem(403, "forbidden");
    assert_eq!(follow(&stage, &acme.get(&own).await["download"], None).await.bytes, b"abcd");

    let late = announce(&acme, "b.png", "image/png", 4).await;
    stage.clock.advance(60 * 60_000).unwrap();
    follow(&stage, &late["upload"], Some(b"abcd")).await.problem(403, "forbidden");
    // What nobody brings is forgotten.
    stage.clock.advance(23 * 3_600_000).unwrap();
    acme.look(&format!("/v1/attachments/{}", late["id"].as_str().unwrap())).await.problem(404, "not-found");
    assert_eq!(acme.get(&own).await["state"], "ready");
}

#[tokio::test]
async fn what_cannot_go_along_is_refused_with_the_rule_and_leaves_no_trace() {
    let stage = Story::begin().await;
    let (acme, other) = (stage.tenant("acme").await, stage.bare_tenant("other").await);
    let announced = announce(&acme, "a.png", "image/png", 4).await;
    let (gif, png) = (bring(&acme, "a.gif", "image/gif", b"GIF8").await, bring(&acme, "b.png", "image/png", b"PNG!").await);
    let theirs = bring(&other, "c.png", "image/png", b"PNG!").await;
    let before = stage.rows();
    let refused = async |order: &Value| {
        let reply = acme.post("/v1/messages", order).await;
        let pointers = reply.problem(422, "invalid");
        let rules = reply.body["errors"].as_array().unwrap().iter().map(|error| error["code"].as_str().unwrap().to_owned());
        pointers.into_iter().zip(rules).map(|(pointer, rule)| format!("{pointer} {rule}")).collect::<Vec<_>>()
    };
    let chat = |channel: &str, to: &Value, id: &str| json!({ "to": to, "channel": channel, "content": { "text": "Look" }, "attachments": [{ "id": id }] });
    let phone = json!({ "phone": "+14155552671" });
    let wanted = announced["id"].as_str().unwrap();
    assert_eq!(refused(&email(&json!([{ "id": wanted }]))).await, ["/attachments/0/id not_uploaded"]);
    assert_eq!(refused(&email(&json!([{ "id": png }, { "id": theirs }]))).await, ["/attachments/1/id unknown"]);
    assert_eq!(refused(&email(&json!([{ "id": png }, { "id": png }]))).await, ["/attachments/1/id twice"]);
    assert_eq!(refused(&chat("whatsapp", &phone, &gif)).await, ["/attachments/0 media_type"]);
    assert_eq!(refused(&chat("sms", &phone, &png)).await, ["/attachments channel"]);
    // Messenger shows a file alone.
    let beside = chat("messenger", &json!({ "address": "1234567890" }), &png);
    assert_eq!(refused(&beside).await, ["/content/text too_long"]);
    let bare = json!({ "to": { "email": "ada@example.com" }, "attachments": [{ "id": png }] });
    assert_eq!(refused(&bare).await, ["/content required"]);
    let large = json!({ "name": "a.bin", "media_type": "application/octet-stream", "bytes": 26_214_401 });
    assert_eq!(acme.post("/v1/attachments", &large).await.problem(422, "invalid"), ["/bytes"]);
    let odd = json!({ "name": "../a", "media_type": "png", "bytes": 1 });
    assert_eq!(acme.post("/v1/attachments", &odd).await.problem(422, "invalid"), ["/name", "/media_type"]);
    stage.nothing_changed_since(&before, "orders that cannot be carried");
}

#[tokio::test]
async fn a_provider_that_fetches_files_is_given_a_link() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    tests::chat::telegram(&acme).await;
    let id = bring(&acme, "a.png", "image/png", &picture()).await;
    let taken = br#"{"ok":true,"result":{"message_id":7,"chat":{"id":1001}}}"#.to_vec();
    let at = stage.clock.now();
    stage.providers_say([Said::Answered(HttpReply { status: 200, headers: Vec::new(), body: taken, at })]);
    // A picture speaks for itself.
    let order = json!({ "to": { "address": "1001" }, "channel": "telegram", "attachments": [{ "id": id }] });
    let message = acme.send_with(&order).await;
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "sent");
    let call = stage.outbox.asked().pop().unwrap();
    let said: Value = serde_json::from_slice(&call.body.whole().unwrap()).unwrap();
    let link = json!({ "url": said["photo"] });
    assert_eq!(follow(&stage, &link, None).await.bytes, picture());
    stage.clock.advance(3_600_000).unwrap();
    follow(&stage, &link, None).await.problem(403, "forbidden");
}

#[tokio::test]
async fn a_deleted_file_is_gone_and_a_message_that_needs_it_is_not_sent() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = bring(&acme, "a.png", "image/png", b"PNG!").await;
    let message = acme.send_with(&email(&json!([{ "id": id }]))).await;
    let own = format!("/v1/attachments/{id}");
    let link = acme.get(&own).await["download"].clone();
    acme.delete(&own).await;
    acme.look(&own).await.problem(404, "not-found");
    follow(&stage, &link, None).await.problem(404, "not-found");
    stage.drain().await;
    for _ in 0..20 {
        stage.pass(86_400).await;
    }
    assert_eq!((acme.status(&message).await.as_str(), stage.letters().len()), ("failed", 0));
    let tries = acme.trace(&message).await["tries"].clone();
    assert_eq!(tries[0]["note"], "a stored file is gone");
    // That says nothing of the account.
    assert_eq!(acme.get("/v1/accounts").await["data"][0]["health"]["state"], "working");
}

/// The bytes of a file, when they are there.
async fn stored(stage: &Story, company: &Company<'_>, id: &str) -> Option<u64> {
    let tenant = TenantId::parse(&company.id).unwrap();
    stage.sender.files.size(&attachment::key(tenant, AttachmentId::parse(id).unwrap())).await.unwrap()
}

#[tokio::test]
async fn a_file_that_nobody_makes_use_of_is_deleted_after_a_day_and_another_is_kept() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let (idle, used, seen) = (
        bring(&acme, "a.png", "image/png", b"PNG!").await,
        bring(&acme, "b.png", "image/png", b"PNG!").await,
        bring(&acme, "c.png", "image/png", b"PNG!").await,
    );
    announce(&acme, "d.png", "image/png", 4).await;
    stage.clock.advance(86_399_000).unwrap();
    acme.send_with(&email(&json!([{ "id": used }]))).await;
    acme.get(&format!("/v1/attachments/{seen}")).await;
    stage.drain().await;
    assert_eq!((stage.scan().await.unwrap().moved, stage.rows_of("attachment").len()), (0, 4), "not before its time");
    stage.pass(1).await;
    assert_eq!(stored(&stage, &acme, &idle).await, None);
    acme.look(&format!("/v1/attachments/{idle}")).await.problem(404, "not-found");
    assert_eq!(stage.rows_of("attachment").len(), 2);
    for kept in [&used, &seen] {
        assert_eq!(stored(&stage, &acme, kept).await, Some(4));
        assert_eq!(acme.get(&format!("/v1/attachments/{kept}")).await["state"], "ready");
    }

    let before = stage.rows();
    stage.replay_stream();
    stage.pass(86_400).await;
    assert_eq!(stage.rows_of("attachment").len(), 2);
    assert_eq!(stored(&stage, &acme, &used).await, Some(4));
    stage.nothing_changed_since(&before, "the same jobs again");
}

#[tokio::test]
async fn wherever_the_process_dies_an_unused_file_goes_with_its_row() {
    for at in 0.. {
        let fault = if at % 2 == 0 { Fault::CrashBefore } else { Fault::CrashAfter };
        let stage = Story::begin().await;
        let acme = stage.bare_tenant("acme").await;
        let id = bring(&acme, "a.png", "image/png", b"PNG!").await;
        stage.drain().await;
        stage.faults.strike(stage.faults.calls() + at / 2, fault);
        stage.pass(86_400).await;
        let struck = !stage.faults.struck().is_empty();
        stage.faults.calm();
        stage.pass(180).await;
        stage.pass(180).await;
        assert_eq!((stored(&stage, &acme, &id).await, stage.rows_of("attachment").len()), (None, 0), "{fault:?} at {}", at / 2);
        if !struck {
            break;
        }
    }
}

#[tokio::test]
async fn the_bill_of_files() {
    let stage = Story::begin().await;
    let acme = stage.tenant("acme").await;
    let id = bring(&acme, "a.png", "image/png", b"PNG!").await;
    let cost = async |order: Value| {
        let before = stage.memory.bill();
        acme.send_with(&order).await;
        let bill = stage.memory.bill().since(before);
        (bill.write_units, bill.read_units)
    };
    // The first order fills what is kept in memory.
    cost(email(&json!([]))).await;
    let plain = cost(email(&json!([]))).await;
    let first = cost(email(&json!([{ "id": id }]))).await;
    let again = cost(email(&json!([{ "id": id }]))).await;
    assert_eq!((first.0 - plain.0, first.1 - plain.1), (2.0, 1.0), "its row is read, and that it is there is noted once");
    assert_eq!((again.0 - plain.0, again.1 - plain.1), (0.0, 1.0));
    stage.drain().await;

    bring(&acme, "b.png", "image/png", b"PNG!").await;
    stage.drain().await;
    let before = stage.memory.bill();
    stage.pass(86_400).await;
    assert_eq!(stage.memory.bill().since(before).write_units, 3.0, "given up, off the due index, deleted");
}
