use providers::Content;
use providers::EventKind::{Opened, Sent};
use serde_json::json;

use super::messenger::answers;
use super::whatsapp::{credentials, sign};
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
