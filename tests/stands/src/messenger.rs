use providers::Content;
use providers::EventKind::{Delivered, Sent};
use serde_json::json;

use super::api::{self, Api, WORDS};
use super::whatsapp::{credentials, error, graph_api, sign};
use super::{Sample, Stand, answered, direct};

pub fn stand() -> Stand {
    Stand {
        id: "messenger",
        settings: json!({"page_id": "111800000000001", "human_agent": false}),
        credentials: credentials(),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("24000000000000001"))),
        sign: Some(sign),
        covers_body: true,
        stale: false,
        samples: vec![
            Sample::inbound("attachments.json"),
            Sample { file: "delivered.json", events: vec![(Delivered, None), (Delivered, None)], inbound: 0 },
            Sample::event("echo.json", Sent),
            Sample::nothing("echo-by-hand.json"),
            Sample::inbound("location.json"),
            Sample::inbound("postback.json"),
            Sample::inbound("quick-reply.json"),
            Sample::inbound("reaction.json"),
            Sample::nothing("read.json"),
            Sample::inbound("several-accounts.json"),
            Sample::inbound("text.json"),
        ],
        answers: answers(),
    }
}

/// The answers of the Send API.
pub fn answers() -> Vec<(providers::Reply, &'static str)> {
    let taken = json!({"recipient_id": "24000000000000001", "message_id": "m_ABC"});
    let mut answers = vec![(answered(200, &[], &taken), "sent m_ABC"), (answered(500, &[], &json!("<html>")), "retry")];
    let codes: &[(u16, i64, i64, &str)] = &[
        (400, 10, 2_018_278, "rejected"),
        (400, 10, 2_018_065, "rejected"),
        (403, 10, 0, "misconfigured"),
        (400, 551, 0, "undeliverable"),
        (400, 100, 2_018_001, "undeliverable"),
        (400, 100, 0, "rejected"),
        (401, 190, 463, "misconfigured"),
        (403, 200, 0, "misconfigured"),
        (403, 230, 0, "misconfigured"),
        (400, 613, 0, "limited"),
        (400, 4, 0, "limited"),
        (400, 9, 2_018_352, "limited"),
        (400, 2, 0, "retry"),
        (400, 1200, 0, "retry"),
        (400, 368, 0, "misconfigured"),
        (400, 1, 99, "misconfigured"),
        (400, 987_654, 0, "retry"),
    ];
    answers.extend(codes.iter().map(|(status, code, sub, meaning)| (answered(*status, &[], &error(*code, *sub)), *meaning)));
    answers
}

/// `POST /{page id}/messages` of the Send API.
pub fn api() -> Api {
    let body = vec![
        ("/recipient/id", json!("24000000000000001")),
        ("/messaging_type", json!("RESPONSE")),
        ("/message/text", json!(WORDS)),
    ];
    let taken = json!({"recipient_id": "24000000000000001", "message_id": "m_ABC"});
    graph_api("111800000000001", api::json(body), &taken, &stand().settings)
}
