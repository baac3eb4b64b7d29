//! Mail that SES receives: kept for the account whose address it came to, unless SES found it to be spam or worse. It comes within the
//! notice, or lies in the deployment's bucket.

use aws::files::whole;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::chat::callback;
use tests::files::follow;
use tests::sns::{OWN_TOPIC, Speaker, TOPIC};
use tests::{Company, Story};

const MAIL: &str = "From: Ada Lovelace <ada@example.com>\r\nTo: somebody-else@example.com\r\nSubject: My parcel\r\n\
    Message-ID: <m1@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt is late. \u{e9}\r\n";

/// An account that receives mail for an address.
async fn account(company: &Company<'_>, address: &str) -> String {
    company.account(&json!({ "settings": { "topic_arns": [OWN_TOPIC], "inbound": [address] } })).await
}

/// The same, as the address that SNS posts to.
async fn receiving(company: &Company<'_>, address: &str) -> String {
    callback(company, &account(company, address).await).await
}

/// What SES publishes of a mail to that address, signed.
fn received(speaker: &Speaker<'_>, stage: &Story, topic: &str, to: &str, verdicts: &[(&str, &str)]) -> String {
    let now = stage.clock.now().to_string();
    let mut receipt = json!({
        "timestamp": now, "recipients": ["first@example.com", to],
        "action": { "type": "SNS", "topicArn": topic, "encoding": "BASE64" },
        "spamVerdict": { "status": "PASS" }, "virusVerdict": { "status": "PASS" }, "dmarcVerdict": { "status": "GRAY" },
    });
    for (verdict, status) in verdicts {
        receipt[verdict]["status"] = json!(status);
    }
    let message = json!({
        "notificationType": "Received", "mail": { "timestamp": now, "messageId": "r1", "source": "ada@example.com" },
        "receipt": receipt, "content": STANDARD.encode(MAIL),
    });
    published(speaker, stage, topic, &message)
}

fn published(speaker: &Speaker<'_>, stage: &Story, topic: &str, message: &Value) -> String {
    let envelope: Value = json!({
        "Type": "Notification", "MessageId": "r1", "TopicArn": topic, "Message": message.to_string(),
        "Timestamp": stage.clock.now().to_string(),
    });
    speaker.signed(&envelope)
}

/// What SES publishes of a mail to `help@acme.example` that it has put there, signed: the sample with another place.
fn stored(speaker: &Speaker<'_>, stage: &Story, bucket: &str, key: &str) -> String {
    let path = format!("{}/../events/providers/ses/received-stored.json", env!("CARGO_MANIFEST_DIR"));
    let mut message: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    message["receipt"]["recipients"] = json!(["help@acme.example"]);
    message["receipt"]["action"]["bucketName"] = json!(bucket);
    message["receipt"]["action"]["objectKey"] = json!(key);
    published(speaker, stage, OWN_TOPIC, &message)
}

/// Puts a mail where a receipt rule would.
async fn put(stage: &Story, key: &str, raw: Vec<u8>) {
    let size = u64::try_from(raw.len()).unwrap();
    stage.sender.files.write(key, "message/rfc822", size, whole(raw)).await.unwrap();
}

/// The messages of the one conversation there is.
async fn messages(company: &Company<'_>) -> Value {
    let conversations = company.get("/v1/conversations").await["data"].clone();
    assert_eq!(conversations.as_array().unwrap().len(), 1);
    company.get(&format!("/v1/conversations/{}/messages", conversations[0]["id"].as_str().unwrap())).await["data"].clone()
}

#[tokio::test]
async fn mail_is_kept_for_the_account_whose_address_it_came_to() {
    let stage = Story::begin().await;
    let (acme, other) = (stage.bare_tenant("acme").await, stage.bare_tenant("other").await);
    let (path, others) = (receiving(&acme, "help@acme.example").await, receiving(&other, "help@other.example").await);
    let speaker = Speaker::new(&stage);
    let post = received(&speaker, &stage, OWN_TOPIC, "Help@acme.example", &[]);
    assert_eq!(speaker.post(&path, &post).await, 200);
    let conversations = acme.get("/v1/conversations").await["data"].clone();
    assert_eq!(
        (&conversations[0]["address"], &conversations[0]["preview"]),
        (&json!("ada@example.com"), &json!("It is late. é"))
    );
    let id = conversations[0]["id"].as_str().unwrap();
    let mail = acme.get(&format!("/v1/conversations/{id}/messages")).await["data"][0].clone();
    assert_eq!((&mail["subject"], &mail["name"]), (&json!("My parcel"), &json!("Ada Lovelace")));
    assert_eq!(mail["to"], "Help@acme.example", "who it was delivered to, whatever its header says");

    let before = stage.rows();
    assert_eq!(speaker.post(&path, &post).await, 200, "the same again");
    assert_eq!(speaker.post(&others, &post).await, 200, "a neighbour on the same topic");
    let elsewhere = received(&speaker, &stage, TOPIC, "help@acme.example", &[]);
    assert_eq!(speaker.post("/hooks/ses", &elsewhere).await, 200, "the deployment's topic belongs to no account");
    assert_eq!(speaker.post(&path, &elsewhere).await, 401, "a topic that the account does not listen to");
    stage.nothing_changed_since(&before, "mail that is not for whom it was brought to");
}

#[tokio::test]
async fn what_ses_found_to_be_spam_or_worse_is_kept_out() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let path = receiving(&acme, "help@acme.example").await;
    let speaker = Speaker::new(&stage);
    let before = stage.rows();
    for verdict in ["spamVerdict", "virusVerdict"] {
        let post = received(&speaker, &stage, OWN_TOPIC, "help@acme.example", &[(verdict, "FAIL")]);
        assert_eq!(speaker.post(&path, &post).await, 200);
    }
    stage.nothing_changed_since(&before, "mail that SES warned of");
    let unsure = received(&speaker, &stage, OWN_TOPIC, "help@acme.example", &[("spamVerdict", "PROCESSING_FAILED")]);
    assert_eq!(speaker.post(&path, &unsure).await, 200);
    assert_eq!(stage.rows_of("inbound").len(), 1);
}

#[tokio::test]
async fn mail_that_lies_in_the_bucket_is_kept_with_its_files() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let id = account(&acme, "help@acme.example").await;
    let found = acme.get(&format!("/v1/accounts/{id}")).await;
    let (bucket, prefix) = (found["deposit"]["bucket"].as_str().unwrap(), found["deposit"]["prefix"].as_str().unwrap());
    let (path, speaker, key) = (found["callback_path"].as_str().unwrap(), Speaker::new(&stage), format!("{prefix}r1"));
    let post = stored(&speaker, &stage, bucket, &key);
    let before = stage.rows();
    assert_eq!(speaker.post(path, &post).await, 503, "SNS brings it again when the mail is not there yet");
    stage.nothing_changed_since(&before, "mail that could not be read");

    // More than any notice holds.
    let file = "the green one\n".repeat(1_000_000);
    let raw = format!(
        "From: Ada <ada@example.com>\r\nSubject: My door\r\nMessage-ID: <m2@example.com>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee below.\r\n--b\r\nContent-Type: text/plain\r\n\
         Content-Disposition: attachment; filename=door.txt\r\n\r\n{file}\r\n--b--\r\n"
    );
    put(&stage, &key, raw.into_bytes()).await;
    assert_eq!(speaker.post(path, &post).await, 200);
    let mail = messages(&acme).await[0].clone();
    let said = ["subject", "text", "to", "shortened"].map(|name| mail[name].clone());
    assert_eq!(said, [json!("My door"), json!("See below."), json!("help@acme.example"), json!(false)]);
    let attachment = acme.get(&format!("/v1/attachments/{}", mail["files"][0]["attachment"].as_str().unwrap())).await;
    assert_eq!(follow(&stage, &attachment["download"], None).await.bytes, file.as_bytes());

    let before = stage.rows();
    assert_eq!(speaker.post(path, &post).await, 200, "the same again");
    stage.nothing_changed_since(&before, "mail that was taken in before");
}

#[tokio::test]
async fn nobody_is_brought_mail_that_was_put_elsewhere() {
    let stage = Story::begin().await;
    let (acme, other) = (stage.bare_tenant("acme").await, stage.bare_tenant("other").await);
    let (id, second) = (account(&acme, "help@acme.example").await, account(&acme, "sales@acme.example").await);
    let found = acme.get(&format!("/v1/accounts/{id}")).await;
    let (path, speaker) = (found["callback_path"].as_str().unwrap(), Speaker::new(&stage));
    let (bucket, prefix) = (found["deposit"]["bucket"].as_str().unwrap(), found["deposit"]["prefix"].as_str().unwrap());
    let theirs = other.get(&format!("/v1/accounts/{}", account(&other, "help@other.example").await)).await;
    let theirs = format!("{}r1", theirs["deposit"]["prefix"].as_str().unwrap());
    let beside = acme.get(&format!("/v1/accounts/{second}")).await["deposit"]["prefix"].as_str().unwrap().to_owned();
    let own = format!("{prefix}r1");
    for key in [&theirs, &format!("{beside}r1"), &own, "r1"] {
        put(&stage, key, MAIL.as_bytes().to_vec()).await;
    }
    let before = stage.rows();
    for (bucket, key) in [
        (bucket, theirs.as_str()),
        (bucket, &format!("{beside}r1")),
        (bucket, &format!("{prefix}../{theirs}")),
        (bucket, &format!("{prefix}%2e%2e/r1")),
        (bucket, &format!("{own}?versionId=1")),
        (bucket, prefix),
        (bucket, "r1"),
        ("another", &own),
    ] {
        assert_eq!(speaker.post(path, &stored(&speaker, &stage, bucket, key)).await, 401, "{bucket} {key}");
    }
    stage.nothing_changed_since(&before, "mail that is not where the account's is");
    assert_eq!(speaker.post(path, &stored(&speaker, &stage, bucket, &own)).await, 200);
    assert_eq!(messages(&acme).await[0]["subject"], "My parcel");
}

#[tokio::test]
async fn of_mail_that_is_too_large_the_header_is_kept() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let found = acme.get(&format!("/v1/accounts/{}", account(&acme, "help@acme.example").await)).await;
    let (bucket, prefix) = (found["deposit"]["bucket"].as_str().unwrap(), found["deposit"]["prefix"].as_str().unwrap());
    let (speaker, key) = (Speaker::new(&stage), format!("{prefix}r1"));
    let mut raw = MAIL.as_bytes().to_vec();
    raw.resize(30 * 1024 * 1024 + 1, b'x');
    put(&stage, &key, raw).await;
    let path = found["callback_path"].as_str().unwrap();
    assert_eq!(speaker.post(path, &stored(&speaker, &stage, bucket, &key)).await, 200);
    let mail = messages(&acme).await[0].clone();
    let said = ["subject", "text", "name", "shortened"].map(|name| mail[name].clone());
    assert_eq!(said, [json!("My parcel"), json!(null), json!("Ada"), json!(true)]);
}
