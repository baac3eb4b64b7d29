use providers::Content;
use serde_json::json;

use super::api::{self, Api, WORDS};
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

/// The webhook's own address, which is its login.
pub fn api() -> Api {
    let body = api::json(vec![("/content", json!(WORDS)), ("/username", json!("Corner Shop"))]);
    let login = api::address("POST https://discord.com/api/v10/webhooks/1300000000000000001/hunter2-webhook_token?wait=true");
    let other = "https://discord.com/api/webhooks/1300000000000000001/other-webhook_token";
    Api {
        stranger: Some((stand().settings, json!({"rooms": {"900000000000000001": other}}))),
        ..super::discord::of(
            "POST https://discord.com/api/v10/webhooks/1300000000000000001/*?wait=true",
            login,
            body,
            (401, 50_027),
        )
    }
}
