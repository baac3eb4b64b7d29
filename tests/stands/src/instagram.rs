use providers::Content;
use providers::EventKind::{Opened, Sent};
use serde_json::json;

use super::api::{self, Api, WORDS};
use super::messenger::answers;
use super::whatsapp::{credentials, graph_api, sign};
use super::{Sample, Stand, direct};

pub fn stand() -> Stand {
    Stand {
        id: "instagram",
        settings: json!({"instagram_id": "17841400000000001", "page_id": "111800000000001"}),
        credentials: credentials(),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("1180000000000001"))),
        sign: Some(sign),
        covers_body: true,
        stale: false,
        samples: vec![
            Sample::inbound("attachments.json"),
            Sample::nothing("deleted.json"),
            Sample::event("echo.json", Sent),
            Sample::nothing("echo-by-hand.json"),
            Sample::inbound("postback.json"),
            Sample::inbound("quick-reply.json"),
            Sample::inbound("reaction.json"),
            Sample::event("read.json", Opened),
            Sample::inbound("several-accounts.json"),
            Sample::inbound("text.json"),
        ],
        answers: answers(),
    }
}

/// `POST /{page id}/messages` of the Send API.
pub fn api() -> Api {
    let body = vec![
        ("/recipient/id", json!("1180000000000001")),
        ("/messaging_type", json!("RESPONSE")),
        ("/message/text", json!(WORDS)),
    ];
    let taken = json!({"recipient_id": "1180000000000001", "message_id": "m_ABC"});
    graph_api("111800000000001", api::json(body), &taken, &stand().settings)
}
