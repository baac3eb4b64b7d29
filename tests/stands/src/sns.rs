//! What reaches a provider's file through SNS: an issuer of certificates in AWS's place, made once, and the envelopes that it signs.

use std::sync::LazyLock;

use kernel::Time;
use providers::Roots;
use providers::issuer::Issuer;
use providers::sns::Certificate;
use serde_json::Value;

use super::{Post, now};

/// The topic that the account listens to.
const TOPIC: &str = "arn:aws:sns:eu-west-1:000000000000:events";

static ISSUER: LazyLock<Issuer> = LazyLock::new(|| Issuer::new(now()).unwrap());

/// The roots by which its envelopes are believed.
pub fn roots() -> Roots {
    Roots::none().and(ISSUER.root_pem().as_bytes()).unwrap()
}

/// The post of a sample: its text, or its JSON as text, is the message of the envelope.
pub fn signed(body: Vec<u8>, at: Time) -> Post {
    let sample: Value = serde_json::from_slice(&body).unwrap();
    let message = sample.as_str().map_or_else(|| sample.to_string(), str::to_owned);
    let envelope = ISSUER.notification(TOPIC, "6a1f0c52-0000-5000-8000-000000000003", &message, at).unwrap();
    let certificate = Some(Certificate::parse(ISSUER.chain_pem().as_bytes()).unwrap());
    let post = Post::new("text/plain; charset=UTF-8", envelope.into_bytes(), at);
    Post { topics: vec![TOPIC.to_owned()], certificate, ..post }
}
