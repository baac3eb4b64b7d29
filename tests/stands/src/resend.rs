use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Time;
use providers::BounceClass::{Hard, Soft};
use providers::EventKind::{Clicked, Complained, Delayed, Delivered, Opened, Rejected, Sent};
use serde_json::json;

use super::api::{self, Api, Door, SUBJECT, WORDS, all_of, bearer, held, said};
use super::{Post, Sample, Stand, answered, mail, nothing};

const KEY: &[u8] = b"hunter2 hunter2 hunter2 hunter2";

pub fn stand() -> Stand {
    let signing = format!("whsec_{}", STANDARD.encode(KEY));
    Stand {
        id: "resend",
        settings: nothing(),
        credentials: json!({"api_key": "re_hunter2", "signing_secret": signing}),
        secrets: vec![signing],
        token: None,
        content: mail(),
        sign: Some(sign),
        covers_body: true,
        stale: true,
        samples: vec![
            Sample::bounce("bounced.json", Hard),
            Sample::bounce("bounced-mailbox-full.json", Soft),
            Sample::event("clicked.json", Clicked),
            Sample::event("complained.json", Complained),
            Sample::event("delayed.json", Delayed),
            Sample::event("delivered.json", Delivered),
            Sample::event("failed.json", Rejected),
            Sample::event("opened.json", Opened),
            Sample::nothing("received.json"),
            Sample::event("sent.json", Sent),
            Sample::bounce("suppressed.json", Hard),
        ],
        answers: vec![
            (answered(200, &[], &json!({"id": "4ef9a417"})), "sent 4ef9a417"),
            (answered(422, &[], &json!({"name": "validation_error", "message": "Invalid `to` field"})), "rejected"),
            (answered(401, &[], &json!({"name": "missing_api_key"})), "misconfigured"),
            (answered(403, &[], &json!({"name": "validation_error", "message": "domain not verified"})), "misconfigured"),
            (answered(429, &[("retry-after", "2")], &json!({"name": "rate_limit_exceeded"})), "limited 2"),
            (answered(429, &[], &json!({"name": "daily_quota_exceeded"})), "limited 3600"),
            (answered(409, &[], &json!({"name": "concurrent_idempotent_requests"})), "retry"),
            (answered(409, &[], &json!({"name": "invalid_idempotent_request"})), "rejected"),
            (answered(500, &[], &json!("<html>")), "retry"),
        ],
    }
}

/// Put together from the specification of Standard Webhooks, not from the code under test.
fn sign(body: Vec<u8>, at: Time) -> Post {
    let mut text = format!("msg_1.{}.", at.seconds()).into_bytes();
    text.extend_from_slice(&body);
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), &text);
    Post::new("application/json", body, at)
        .header("svix-id", "msg_1")
        .header("svix-timestamp", at.seconds().to_string())
        .header("svix-signature", format!("v1,{}", STANDARD.encode(code.as_ref())))
}

/// `POST /emails`.
pub fn api() -> Api {
    let error = |status: u16, name: &str, words: &str| json!({"statusCode": status, "name": name, "message": words});
    let fields = vec![
        ("/from", json!(null)),
        ("/to/0", json!("ada@example.com")),
        ("/subject", json!(SUBJECT)),
        ("/text", json!(WORDS)),
    ];
    let key = |request: &super::api::Request<'_>| {
        let key = request.header("idempotency-key").unwrap_or_default();
        held((1..=256).contains(&key.len()), || "no idempotency-key".to_owned())
    };
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://api.resend.com/emails".to_owned(),
            login: bearer("re_hunter2"),
            takes: all_of(vec![api::json(fields), Box::new(key)]),
            unknown: said(401, &[], &error(401, "validation_error", "API key is invalid")),
            taken: said(200, &[], &json!({"id": "4ef9a417"})),
        },
        http2: false,
        stranger: Some((nothing(), json!({"api_key": "re_other"}))),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "40")], &error(429, "rate_limit_exceeded", "Too many requests")), 40),
        refused: said(422, &[], &error(422, "validation_error", "Invalid `reply_to` field")),
        down: said(503, &[], &error(503, "internal_server_error", "An unexpected error occurred")),
        garbled: "unknown",
    }
}
