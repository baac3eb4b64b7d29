use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Time;
use providers::BounceClass::{Block, Hard, Soft};
use providers::EventKind::{Clicked, Complained, Delayed, Delivered, Opened, Unsubscribed};
use serde_json::json;

use super::api::{self, Api, Door, SUBJECT, WORDS, all_of, header, said};
use super::{Post, Sample, Stand, answered, mail};

pub fn stand() -> Stand {
    Stand {
        id: "postmark",
        settings: json!({"message_stream": "outbound", "server_id": 23}),
        credentials: json!({"server_token": "hunter2-token", "webhook_password": "hunter2-hooks"}),
        secrets: vec!["c3dpdGNoYm9hcmQ6".to_owned()],
        token: None,
        content: mail(),
        sign: Some(sign),
        covers_body: false,
        stale: false,
        samples: vec![
            Sample::nothing("bounce-auto-responder.json"),
            Sample::bounce("bounce-blocked.json", Block),
            Sample::bounce("bounce-hard.json", Hard),
            Sample::bounce("bounce-soft.json", Soft),
            Sample::event("bounce-transient.json", Delayed),
            Sample::event("click.json", Clicked),
            Sample::event("delivery.json", Delivered),
            Sample::inbound("inbound.json"),
            Sample::event("open.json", Opened),
            Sample::event("spam-complaint.json", Complained),
            Sample::nothing("subscription-back.json"),
            Sample::nothing("subscription-by-us.json"),
            Sample::event("subscription-left.json", Unsubscribed),
        ],
        answers: answers(),
    }
}

fn answers() -> Vec<(providers::Reply, &'static str)> {
    let error = |code: u16| json!({"ErrorCode": code, "Message": "Something is not right."});
    let taken = json!({"To": "ada@example.com", "SubmittedAt": "2026-03-01T09:30:01Z", "MessageID": "0a129aee",
        "ErrorCode": 0, "Message": "OK"});
    vec![
        (answered(200, &[], &taken), "sent 0a129aee"),
        (answered(200, &[], &json!({"ID": 23, "Name": "Shop"})), "sent"),
        (answered(200, &[], &error(406)), "undeliverable"),
        (answered(401, &[], &error(10)), "misconfigured"),
        (answered(422, &[], &error(300)), "rejected"),
        (answered(422, &[], &error(400)), "misconfigured"),
        (answered(422, &[], &error(401)), "misconfigured"),
        (answered(422, &[], &error(405)), "misconfigured"),
        (answered(422, &[], &error(406)), "undeliverable"),
        (answered(422, &[], &error(412)), "misconfigured"),
        (answered(429, &[("retry-after", "5")], &error(429)), "limited 5"),
        (answered(422, &[], &error(429)), "limited"),
        (answered(422, &[], &error(9999)), "retry"),
        (answered(403, &[], &json!("<html>")), "retry"),
        (answered(404, &[], &json!("<html>")), "retry"),
        (answered(413, &[], &json!("<html>")), "rejected"),
        (answered(500, &[], &json!("<html>")), "retry"),
        (answered(503, &[], &error(100)), "retry"),
    ]
}

/// The name and password before the host of the address arrive as a header.
fn sign(body: Vec<u8>, at: Time) -> Post {
    Post::new("application/json", body, at)
        .header("authorization", format!("Basic {}", STANDARD.encode("switchboard:hunter2-hooks")))
}

/// `POST /email`.
pub fn api() -> Api {
    let error = |code: u16, words: &str| json!({"ErrorCode": code, "Message": words});
    let taken = json!({"To": "ada@example.com", "SubmittedAt": "2026-03-02T09:00:01Z", "MessageID": "0a129aee",
        "ErrorCode": 0, "Message": "OK"});
    let fields = vec![
        ("/From", json!(null)),
        ("/To", json!("ada@example.com")),
        ("/Subject", json!(SUBJECT)),
        ("/TextBody", json!(WORDS)),
        ("/MessageStream", json!("outbound")),
    ];
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://api.postmarkapp.com/email".to_owned(),
            login: header("x-postmark-server-token", "hunter2-token"),
            takes: all_of(vec![header("accept", "application/json"), api::json(fields)]),
            unknown: said(401, &[], &error(10, "Request does not contain a valid Server token.")),
            taken: said(200, &[], &taken),
        },
        http2: false,
        stranger: Some((stand().settings, json!({"server_token": "other-token"}))),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "45")], &error(429, "Rate limit exceeded.")), 45),
        refused: said(422, &[], &error(300, "Invalid email request.")),
        down: said(503, &[], &error(100, "Maintenance.")),
        garbled: "unknown",
    }
}
