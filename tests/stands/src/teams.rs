use providers::Content;
use serde_json::json;

use super::api::{self, Api, Door, WORDS, said};
use super::{Stand, answered, direct, nothing};

pub fn stand() -> Stand {
    let disabled = json!({"error": {"code": "WorkflowTriggerIsNotEnabled", "message": "The trigger is not enabled."}});
    let flow = "https://prod-12.westeurope.logic.azure.com:443/workflows/0a1b/triggers/manual/paths/invoke?sig=hunter2";
    Stand {
        id: "teams",
        settings: nothing(),
        credentials: json!({"rooms": {"Orders": flow}}),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("Orders"))),
        sign: None,
        covers_body: false,
        stale: false,
        samples: Vec::new(),
        answers: vec![
            (answered(202, &[], &json!("")), "sent"),
            (answered(200, &[], &json!("")), "sent"),
            (answered(400, &[], &disabled), "undeliverable"),
            (answered(404, &[], &json!({"error": {"code": "WorkflowNotFound"}})), "undeliverable"),
            (answered(410, &[], &json!("")), "undeliverable"),
            (answered(401, &[], &json!({"error": {"code": "DirectApiAuthorizationRequired"}})), "misconfigured"),
            (answered(403, &[], &json!("")), "misconfigured"),
            (answered(413, &[], &json!("")), "rejected"),
            (answered(429, &[("retry-after", "12")], &json!("")), "limited 12"),
            (answered(502, &[], &json!("<html>")), "retry"),
        ],
    }
}

/// A workflow's own address, whose signature is the login.
pub fn api() -> Api {
    let error = |code: &str| json!({"error": {"code": code, "message": "Words."}});
    let line = "POST https://prod-12.westeurope.logic.azure.com/workflows/0a1b/triggers/manual/paths/invoke?sig=hunter2";
    let card = "application/vnd.microsoft.card.adaptive";
    let other = "https://prod-12.westeurope.logic.azure.com/workflows/0a1b/triggers/manual/paths/invoke?sig=other";
    Api {
        tokens: None,
        messages: Door {
            line: line.replace("hunter2", "*"),
            login: api::address(line),
            takes: api::json(vec![
                ("/type", json!("message")),
                ("/attachments/0/contentType", json!(card)),
                ("/attachments/0/content/type", json!("AdaptiveCard")),
                ("/attachments/0/content/body/0/text", json!(WORDS)),
            ]),
            unknown: said(401, &[], &error("DirectApiAuthorizationRequired")),
            taken: said(202, &[], &json!("")),
        },
        http2: false,
        stranger: Some((nothing(), json!({"rooms": {"Orders": other}}))),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "50")], &error("TooManyRequests")), 50),
        refused: said(413, &[], &error("RequestEntityTooLarge")),
        down: said(503, &[], &error("ServiceUnavailable")),
        garbled: "sent",
    }
}
