use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use providers::Content;
use serde_json::json;

use super::{Stand, answered, direct, nothing};

pub fn stand() -> Stand {
    let secret = format!("whsec_{}", STANDARD.encode("hunter2 hunter2 hunter2 hunter2"));
    Stand {
        id: "webhook",
        settings: nothing(),
        credentials: json!({"secrets": [secret]}),
        secrets: vec![secret],
        token: None,
        content: Content::Direct(Box::new(direct("https://hooks.shop.example/in/private"))),
        sign: None,
        covers_body: true,
        stale: true,
        samples: Vec::new(),
        answers: vec![
            (answered(200, &[], &json!("")), "sent"),
            (answered(204, &[], &json!("")), "sent"),
            (answered(301, &[("location", "https://elsewhere.example/")], &json!("")), "retry"),
            (answered(401, &[], &json!("")), "retry"),
            (answered(404, &[], &json!("")), "retry"),
            (answered(410, &[], &json!("")), "gone"),
            (answered(413, &[], &json!("")), "rejected"),
            (answered(429, &[("retry-after", "7")], &json!("")), "retry 7"),
            (answered(502, &[("retry-after", "8")], &json!("")), "retry 8"),
            (answered(504, &[("retry-after", "9")], &json!("")), "retry 9"),
        ],
    }
}
