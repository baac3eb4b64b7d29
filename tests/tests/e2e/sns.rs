//! What SNS posts: believed when it is proven, and not even written down when it is not.

use http::Method;
use local::provider::Deed;
use serde_json::{Value, json};
use tests::sns::{OWN_TOPIC, Speaker, TOKEN, TOPIC};
use tests::{Company, Letter, Message, Story};

async fn sent<'s>(stage: &'s Story) -> (Company<'s>, Message, Letter) {
    let acme = stage.tenant("acme").await;
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    (acme, message, stage.letter())
}

/// A word in an envelope, changed.
fn with(envelope: &Value, name: &str, value: &str) -> Value {
    let mut changed = envelope.clone();
    changed[name] = json!(value);
    changed
}

#[tokio::test]
async fn a_genuine_post_is_taken_once_however_often_it_comes() {
    let stage = Story::begin().await;
    let (acme, message, letter) = sent(&stage).await;
    let speaker = Speaker::new(&stage);
    let post = speaker.signed(&speaker.envelope(TOPIC, &letter, Deed::Deliver));
    assert_eq!(speaker.post("/hooks/ses", &post).await, 200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "delivered");

    let before = stage.rows();
    for _ in 0..3 {
        assert_eq!(speaker.post("/hooks/ses", &post).await, 200);
    }
    stage.drain().await;
    stage.nothing_changed_since(&before, "a repeated notification");
    assert_eq!(speaker.asked().len(), 1, "the certificate is read once");
}

#[tokio::test]
async fn what_is_not_proven_is_refused_and_writes_nothing() {
    let stage = Story::begin().await;
    let (_, _, letter) = sent(&stage).await;
    let speaker = Speaker::new(&stage);
    let envelope = speaker.envelope(TOPIC, &letter, Deed::Bounce);
    let genuine: Value = serde_json::from_str(&speaker.signed(&envelope)).unwrap();
    let before = stage.rows();

    let hour_ago = stage.clock.now().plus_seconds(-3_601).to_string();
    let in_an_hour = stage.clock.now().plus_seconds(3_601).to_string();
    let foreign = "arn:aws:sns:us-east-1:999999999999:stage";
    let mut unsigned = genuine.clone();
    unsigned.as_object_mut().unwrap().remove("Signature");
    let resign = |name: &str, value: &str| speaker.signed(&with(&envelope, name, value));
    let forgeries = [
        ("a foreign topic", resign("TopicArn", foreign)),
        ("a post of an hour ago", resign("Timestamp", &hour_ago)),
        ("a post from the future", resign("Timestamp", &in_an_hour)),
        ("no signature", unsigned.to_string()),
        ("an empty signature", with(&genuine, "Signature", "").to_string()),
        (
            "another message",
            with(&genuine, "Message", &genuine["Message"].as_str().unwrap().replace("Bounce", "Complaint")).to_string(),
        ),
        ("another id", with(&genuine, "MessageId", "another").to_string()),
        ("another time", with(&genuine, "Timestamp", &stage.clock.now().plus_seconds(-5).to_string()).to_string()),
        ("another topic, unsigned", with(&genuine, "TopicArn", foreign).to_string()),
        ("another kind", with(&genuine, "Type", "UnsubscribeConfirmation").to_string()),
        ("another hash", with(&genuine, "SignatureVersion", "1").to_string()),
        ("no hash", with(&genuine, "SignatureVersion", "0").to_string()),
    ];
    for (what, post) in forgeries {
        let status = speaker.post("/hooks/ses", &post).await;
        assert!(matches!(status, 400 | 401), "{what}: {status}");
    }
    for bit in (0..genuine["Signature"].as_str().unwrap().len() * 8).step_by(13) {
        let mut bytes = genuine["Signature"].as_str().unwrap().as_bytes().to_vec();
        bytes[bit / 8] ^= 1 << (bit % 7);
        let Ok(flipped) = String::from_utf8(bytes) else { continue };
        let status = speaker.post("/hooks/ses", &with(&genuine, "Signature", &flipped).to_string()).await;
        assert!(matches!(status, 400 | 401), "bit {bit}: {status}");
    }
    stage.drain().await;
    stage.nothing_changed_since(&before, "a forged post");
}

#[tokio::test]
async fn certificates_come_from_sns_or_not_at_all() {
    let stage = Story::begin().await;
    let (_, _, letter) = sent(&stage).await;
    let speaker = Speaker::new(&stage);
    let envelope = speaker.envelope(TOPIC, &letter, Deed::Bounce);
    let before = stage.rows();
    for url in [
        "http://sns.us-east-1.amazonaws.com/SimpleNotificationService-0000000000000000.pem",
        "https://s3.amazonaws.com/bucket/SimpleNotificationService-0000000000000000.pem",
        "https://sns.s3.amazonaws.com/SimpleNotificationService-0000000000000000.pem",
        "https://sns.us-east-1.amazonaws.com.evil.example/SimpleNotificationService-0000000000000000.pem",
        "https://sns.us-east-1.amazonaws.com:444/SimpleNotificationService-0000000000000000.pem",
        "https://sns.us-east-1.amazonaws.com@evil.example/SimpleNotificationService-0000000000000000.pem",
        "https://sns.us-east-1.amazonaws.com/other.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-0000000000000000.pem?x",
        "https://certificates.invalid/SimpleNotificationService-0000000000000000.pem",
        "",
    ] {
        let status = speaker.post("/hooks/ses", &speaker.signed(&with(&envelope, "SigningCertURL", url))).await;
        assert!(matches!(status, 400 | 401), "{url}: {status}");
    }
    assert_eq!(speaker.asked(), [""; 0], "nothing of it was read");
    stage.nothing_changed_since(&before, "a certificate from elsewhere");
    // One of AWS's own that cannot be read just now: the provider is to come again.
    let elsewhere = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1111111111111111.pem";
    assert_eq!(speaker.post("/hooks/ses", &speaker.signed(&with(&envelope, "SigningCertURL", elsewhere))).await, 503);
}

#[tokio::test]
async fn a_subscription_is_confirmed_when_the_topic_is_ours() {
    let stage = Story::begin().await;
    let speaker = Speaker::new(&stage);
    let before = stage.rows();
    assert_eq!(speaker.post("/hooks/ses", &speaker.signed(&speaker.subscription(TOPIC))).await, 200);
    let confirmed = format!("https://certificates.invalid/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}");
    assert_eq!(speaker.asked().last(), Some(&confirmed));

    let asked = speaker.asked().len();
    let ours = speaker.subscription(TOPIC);
    for (what, post) in [
        ("a foreign topic", speaker.signed(&speaker.subscription(OWN_TOPIC))),
        ("unsigned", with(&serde_json::from_str(&speaker.signed(&ours)).unwrap(), "Token", "x").to_string()),
        (
            "an address elsewhere",
            speaker.signed(&with(&ours, "SubscribeURL", "https://evil.example/?Action=ConfirmSubscription")),
        ),
        ("an inner address", speaker.signed(&with(&ours, "SubscribeURL", "http://169.254.169.254/latest/meta-data"))),
        ("another token", speaker.signed(&with(&ours, "Token", "x"))),
    ] {
        let status = speaker.post("/hooks/ses", &post).await;
        assert!(matches!(status, 400 | 401), "{what}: {status}");
    }
    assert_eq!(speaker.asked().len(), asked, "nothing was confirmed");
    stage.nothing_changed_since(&before, "subscriptions");
}

#[tokio::test]
async fn an_account_has_a_callback_address_of_its_own() {
    let stage = Story::begin().await;
    let acme = stage.bare_tenant("acme").await;
    let account = acme.account(&json!({ "settings": { "topic_arns": [OWN_TOPIC] } })).await;
    let path = acme.get(&format!("/v1/accounts/{account}")).await["callback_path"].as_str().unwrap().to_owned();
    let message = acme.send_with(&json!({ "to": { "email": "ada@example.com" }, "template": "welcome" })).await;
    stage.drain().await;
    let (letter, speaker) = (stage.letter(), Speaker::new(&stage));
    let told = |topic: &str| speaker.signed(&speaker.envelope(topic, &letter, Deed::Deliver));
    let before = stage.rows();

    assert_eq!(speaker.post("/hooks/ses", &told(OWN_TOPIC)).await, 401, "its topic speaks at its address only");
    assert_eq!(speaker.post(&path, &told(TOPIC)).await, 401, "and at its address nobody else");
    let mut wrong = path.clone();
    let last = if wrong.pop() == Some('A') { 'B' } else { 'A' };
    wrong.push(last);
    assert_eq!(speaker.post(&wrong, &told(OWN_TOPIC)).await, 404);
    assert_eq!(speaker.post(&path.replace("/ses/", "/capture/"), &told(OWN_TOPIC)).await, 404);
    stage.nothing_changed_since(&before, "the wrong address");

    assert_eq!(speaker.post(&path, &told(OWN_TOPIC)).await, 200);
    assert_eq!(speaker.post(&path, &speaker.signed(&speaker.subscription(OWN_TOPIC))).await, 200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "delivered");

    acme.delete(&format!("/v1/accounts/{account}")).await;
    assert_eq!(speaker.post(&path, &told(OWN_TOPIC)).await, 404, "it is gone with its account");
    stage.drain().await;
}

#[tokio::test]
async fn an_account_tells_nothing_of_another_tenants_messages() {
    let stage = Story::begin().await;
    let (acme, message, letter) = sent(&stage).await;
    let bravo = stage.bare_tenant("bravo").await;
    let account = bravo.account(&json!({ "settings": { "topic_arns": [OWN_TOPIC] } })).await;
    let path = bravo.get(&format!("/v1/accounts/{account}")).await["callback_path"].as_str().unwrap().to_owned();
    stage.drain().await;

    let (speaker, before) = (Speaker::new(&stage), stage.rows());
    let forged = speaker.signed(&speaker.envelope(OWN_TOPIC, &letter, Deed::Bounce));
    assert_eq!(speaker.post(&path, &forged).await, 200, "it is genuine, and none of its business");
    stage.drain().await;
    stage.nothing_changed_since(&before, "an event for another tenant");
    assert_eq!(acme.status(&message).await, "sent");
}

#[tokio::test]
async fn an_event_of_a_message_that_is_not_ours_is_passed_over() {
    let stage = Story::begin().await;
    let (_, _, letter) = sent(&stage).await;
    let (speaker, before) = (Speaker::new(&stage), stage.rows());
    let envelope = speaker.envelope(TOPIC, &letter, Deed::Bounce);
    let words = envelope["Message"].as_str().unwrap();
    for strange in [
        words.replace(&letter.kept.tag, "somebody-elses"),
        "\"Successfully validated SNS topic\"".to_owned(),
        "hello".to_owned(),
    ] {
        assert_eq!(speaker.post("/hooks/ses", &speaker.signed(&with(&envelope, "Message", &strange))).await, 200);
    }
    stage.nothing_changed_since(&before, "somebody else's event");
}

/// An event that cannot be stored is not acknowledged, so the provider sends it again.
#[tokio::test]
async fn an_event_that_cannot_be_stored_comes_again() {
    let stage = Story::begin().await;
    let (acme, message, letter) = sent(&stage).await;
    let speaker = Speaker::new(&stage);
    let post = speaker.signed(&speaker.envelope(TOPIC, &letter, Deed::Deliver));
    stage.faults.strike(stage.faults.calls(), store::memory::Fault::Throttle);
    assert_eq!(speaker.post("/hooks/ses", &post).await, 503);
    assert_eq!(acme.status(&message).await, "sent");
    assert_eq!(speaker.post("/hooks/ses", &post).await, 200);
    stage.drain().await;
    assert_eq!(acme.status(&message).await, "delivered");
    stage.ask(Method::GET, "/health").now().await.is(200);
}
