//! Genuine SNS posts to start from. The signed text is put together here a second time, from AWS's documentation and not from
//! the code under test, so that a mistake there cannot confirm itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Time;
use providers::issuer::Issuer;
use providers::proof::{self, Refusal};
use providers::sns::{Certificate, Version};
use providers::{Callback, Roots, Setup, Verified};
use serde_json::{Value, json};

pub const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:mail-events";
pub const TOKEN: &str = "2336412f37fb687f5d51e6e241d09c805a5a57b30d712f794cc5f6a988666d92";
pub const CERTIFICATE_URL: &str =
    "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

pub fn now() -> Time {
    Time::parse("2026-03-01T10:00:00Z").unwrap()
}

/// The account of a provider that proves itself by SNS alone.
pub const NOBODY: Setup<'static> = Setup { settings: &Value::Null, credentials: &Value::Null, token: None, callback: "" };

/// A callback that can be changed in every respect before it is examined.
#[derive(Clone)]
pub struct Post {
    pub body: Vec<u8>,
    pub certificate: Option<Certificate>,
    pub topics: Vec<String>,
    pub roots: Roots,
    pub now: Time,
}

impl Post {
    pub fn callback(&self) -> Callback<'_> {
        Callback {
            method: "POST",
            url: "https://hooks.example.com/hooks/ses",
            headers: &[],
            body: &self.body,
            topics: &self.topics,
            certificate: self.certificate.as_ref(),
            roots: &self.roots,
            keys: None,
            now: self.now,
        }
    }

    pub fn examine(&self) -> Result<Verified, Refusal> {
        proof::examine_sns(&self.callback())
    }

    pub fn with(&self, envelope: &Value) -> Self {
        Self { body: envelope.to_string().into_bytes(), ..self.clone() }
    }
}

/// An issuer and what is needed to believe it.
pub struct House {
    pub issuer: Issuer,
    pub post: Post,
}

impl House {
    pub fn new() -> Self {
        let issuer = Issuer::new(now()).unwrap();
        let post = Post {
            body: Vec::new(),
            certificate: Some(Certificate::parse(issuer.chain_pem().as_bytes()).unwrap()),
            topics: vec!["arn:aws:sns:eu-west-1:000000000000:other".to_owned(), TOPIC.to_owned()],
            roots: Roots::public().and(issuer.root_pem().as_bytes()).unwrap(),
            now: now(),
        };
        Self { issuer, post }
    }

    /// The envelope with a signature over what it says now.
    pub fn sign(&self, mut envelope: Value, version: Version) -> Value {
        let text = documented_text(&envelope);
        envelope["SignatureVersion"] = version.as_str().into();
        envelope["Signature"] = STANDARD.encode(self.issuer.signature(text.as_bytes(), version).unwrap()).into();
        envelope
    }

    /// The post of a signed envelope.
    pub fn signed(&self, envelope: Value, version: Version) -> Post {
        self.post.with(&self.sign(envelope, version))
    }
}

pub fn notification() -> Value {
    json!({
        "Type": "Notification",
        "MessageId": "6a1f0c52-0000-5000-8000-000000000001",
        "TopicArn": TOPIC,
        "Subject": "Amazon SES Email Event Notification",
        "Message": "{\"eventType\":\"Delivery\",\"mail\":{\"messageId\":\"m-1\"},\"delivery\":{\"recipients\":[\"ada@example.com\"]}}\n",
        "Timestamp": "2026-03-01T09:59:58.123Z",
        "SigningCertURL": CERTIFICATE_URL,
        "UnsubscribeURL": format!("https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe&SubscriptionArn={TOPIC}:1"),
        "MessageAttributes": {"kind": {"Type": "String", "Value": "x"}},
    })
}

pub fn confirmation(kind: &str) -> Value {
    json!({
        "Type": kind,
        "MessageId": "6a1f0c52-0000-5000-8000-000000000002",
        "Token": TOKEN,
        "TopicArn": TOPIC,
        "Message": "You have chosen to subscribe to the topic.\nTo confirm, visit the SubscribeURL.",
        "SubscribeURL": format!("https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}"),
        "Timestamp": "2026-03-01T09:59:58.123Z",
        "SigningCertURL": CERTIFICATE_URL,
    })
}

/// All three kinds of envelopes.
pub fn envelopes() -> [Value; 3] {
    [notification(), confirmation("SubscriptionConfirmation"), confirmation("UnsubscribeConfirmation")]
}

fn documented_text(envelope: &Value) -> String {
    let fields: &[&str] = if envelope["Type"] == "Notification" {
        &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    } else {
        &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    };
    let present = fields.iter().filter_map(|name| envelope[name].as_str().map(|value| format!("{name}\n{value}\n")));
    present.collect()
}

/// One forgery: what it is, the post, and why it is refused.
pub type Forgery = (String, Post, Refusal);

/// The envelope with one field changed.
pub fn set(envelope: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut changed = envelope.clone();
    changed[name] = value.into();
    changed
}

/// The envelope with one field left out.
pub fn without(envelope: &Value, name: &str) -> Value {
    let mut changed = envelope.clone();
    changed.as_object_mut().unwrap().remove(name);
    changed
}
