use providers::Content;
use serde_json::json;

use super::{Stand, answered, direct};

pub fn stand() -> Stand {
    let mut answers = super::discord::answers();
    let unknown = json!({"message": "Unknown Webhook", "code": 10_015});
    answers.push((answered(404, &[], &unknown), "undeliverable"));
    Stand {
        id: "discord_webhook",
        settings: json!({"username": "Corner Shop"}),
        credentials: json!({"rooms": {
            "900000000000000001": "https://discord.com/api/webhooks/1300000000000000001/hunter2-webhook_token",
        }}),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("900000000000000001"))),
        sign: None,
        covers_body: false,
        stale: false,
        samples: Vec::new(),
        answers,
    }
}
