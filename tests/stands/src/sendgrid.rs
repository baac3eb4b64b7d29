use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Time;
use providers::BounceClass::{Block, Hard, Soft};
use providers::EventKind::{Clicked, Complained, Delayed, Delivered, Opened, Rejected, Sent, Unsubscribed};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use serde_json::json;

use super::api::{self, Api, Door, RECIPIENT, SENDER, SUBJECT, WORDS, bearer, said};
use super::{Post, Sample, Stand, answered, mail};

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());

pub fn stand() -> Stand {
    let batch = [Sent, Delayed, Delivered, Opened, Clicked].map(|kind| (kind, None)).to_vec();
    let left = [Unsubscribed, Unsubscribed].map(|kind| (kind, None)).to_vec();
    Stand {
        id: "sendgrid",
        settings: json!({"region": "eu", "verification_key": STANDARD.encode(KEY.subject_public_key_info())}),
        credentials: json!({"api_key": "SG.hunter2", "inbound_password": "hunter2-inbound"}),
        secrets: vec!["c3dpdGNoYm9hcmQ6".to_owned()],
        token: None,
        content: mail(),
        sign: Some(sign),
        covers_body: true,
        stale: true,
        samples: vec![
            Sample { file: "batch.json", events: batch, inbound: 0 },
            Sample::bounce("blocked-unclear.json", Soft),
            Sample::bounce("blocked.json", Block),
            Sample::bounce("bounced-full.json", Soft),
            Sample::bounce("bounced.json", Hard),
            Sample::event("dropped-quota.json", Rejected),
            Sample::bounce("dropped-spam-report.json", Block),
            Sample::bounce("dropped.json", Hard),
            Sample::bounce("inbound-raw-bounce.form", Hard),
            Sample::inbound("inbound-raw.form"),
            Sample::inbound("inbound.form"),
            Sample::nothing("novel.json"),
            Sample::event("spamreport.json", Complained),
            Sample { file: "unsubscribe.json", events: left, inbound: 0 },
        ],
        answers: answers(),
    }
}

fn answers() -> Vec<(providers::Reply, &'static str)> {
    let error = |field: &str| json!({"errors": [{"message": "Something is not right.", "field": field, "help": null}]});
    vec![
        (answered(202, &[("x-message-id", "14c5d75ce93Zr0XbQ")], &json!("")), "sent 14c5d75ce93Zr0XbQ"),
        (answered(200, &[], &json!({"scopes": ["mail.send"]})), "sent"),
        (answered(400, &[], &error("subject")), "rejected"),
        (answered(400, &[], &error("personalizations.0.to.0.email")), "undeliverable"),
        (answered(400, &[], &error("from.email")), "misconfigured"),
        (answered(400, &[], &json!("<html>")), "retry"),
        (answered(400, &[], &json!({"errors": []})), "retry"),
        (answered(401, &[], &error("")), "misconfigured"),
        (answered(403, &[], &error("from")), "misconfigured"),
        (answered(404, &[], &error("")), "retry"),
        (answered(413, &[], &error("")), "rejected"),
        (answered(429, &[("x-ratelimit-reset", "1772359230")], &error("")), "limited 30"),
        (answered(429, &[("x-ratelimit-reset", "1")], &error("")), "limited"),
        (answered(429, &[("retry-after", "7"), ("x-ratelimit-reset", "1772359230")], &error("")), "limited 7"),
        (answered(429, &[], &json!("<html>")), "limited"),
        (answered(503, &[("retry-after", "9")], &json!("<html>")), "retry 9"),
    ]
}

/// Events are signed over time and body; mail that came in shows a password. Put together from SendGrid's documentation, not from
/// the code under test.
fn sign(body: Vec<u8>, at: Time) -> Post {
    if body.starts_with(b"--xYzZY") {
        return Post::new("multipart/form-data; boundary=xYzZY", body, at)
            .header("authorization", format!("Basic {}", STANDARD.encode("switchboard:hunter2-inbound")))
            .shown();
    }
    let seconds = at.seconds().to_string();
    let text = [seconds.as_bytes(), &body].concat();
    let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &KEY.serialize_der()).unwrap();
    let signature = STANDARD.encode(key.sign(&SystemRandom::new(), &text).unwrap());
    Post::new("application/json", body, at)
        .header("x-twilio-email-event-webhook-timestamp", seconds)
        .header("x-twilio-email-event-webhook-signature", signature)
}

/// `POST /v3/mail/send`.
pub fn api() -> Api {
    let error = |words: &str, field: Option<&str>| json!({"errors": [{"message": words, "field": field, "help": null}]});
    let fields = vec![
        ("/personalizations/0/to/0/email", json!(RECIPIENT)),
        ("/from/email", json!(SENDER)),
        ("/subject", json!(SUBJECT)),
        ("/content/0/type", json!("text/plain")),
        ("/content/0/value", json!(WORDS)),
    ];
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://api.eu.sendgrid.com/v3/mail/send".to_owned(),
            login: bearer("SG.hunter2"),
            takes: api::json(fields),
            unknown: said(401, &[], &error("The provided authorization grant is invalid, expired, or revoked", None)),
            taken: said(202, &[("x-message-id", "14c5d75ce93Zr0XbQ")], &json!("")),
        },
        http2: false,
        stranger: Some((stand().settings, json!({"api_key": "SG.other"}))),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "70")], &error("too many requests", None)), 70),
        refused: said(400, &[], &error("The subject is required.", Some("subject"))),
        down: said(503, &[], &error("service unavailable", None)),
        garbled: "sent",
    }
}
