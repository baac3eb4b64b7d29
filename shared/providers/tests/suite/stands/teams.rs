use providers::Content;
use serde_json::json;

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
