//! Mail that SES receives: kept for the account whose address it came to, unless SES found it to be spam or worse.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tests::chat::callback;
use tests::sns::{OWN_TOPIC, Speaker, TOPIC};
use tests::{Company, Story};

const MAIL: &str = "From: Ada Lovelace <ada@example.com>\r\nTo: somebody-else@example.com\r\nSubject: My parcel\r\n\
    Message-ID: <m1@example.com>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nIt is late. \u{e9}\r\n";

/// An account that receives mail for an address, as the address that SNS posts to.
async fn receiving(company: &Company<'_>, address: &str) -> String {
    let settings = json!({ "topic_arns": [OWN_TOPIC], "inbound": [address] });
    callback(company, &company.account(&json!({ "settings": settings })).await).await
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
    let envelope: Value = json!({
        "Type": "Notification", "MessageId": "r1", "TopicArn": topic, "Message": message.to_string(), "Timestamp": now,
    });
    speaker.signed(&envelope)
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
