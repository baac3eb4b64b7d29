use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use providers::Content;
use serde_json::json;

use super::api::{self, Api, Check, Door, WORDS, said};
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

/// A receiver of Standard Webhooks.
pub fn api() -> Api {
    let signed: Check = Box::new(|request| {
        let part = |name: &str| request.header(name).ok_or_else(|| format!("no {name}"));
        let mut text = format!("{}.{}.", part("webhook-id")?, part("webhook-timestamp")?).into_bytes();
        text.extend_from_slice(request.body);
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"hunter2 hunter2 hunter2 hunter2");
        let code = format!("v1,{}", STANDARD.encode(hmac::sign(&key, &text).as_ref()));
        api::held(part("webhook-signature")? == code, || "the signature is another".to_owned())
    });
    let other = format!("whsec_{}", STANDARD.encode("another another another another"));
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://hooks.shop.example/in/private".to_owned(),
            login: signed,
            takes: api::json(vec![("/type", json!("message")), ("/timestamp", json!(null)), ("/data/text", json!(WORDS))]),
            unknown: said(401, &[], &json!("")),
            taken: said(200, &[], &json!("")),
        },
        http2: false,
        stranger: Some((nothing(), json!({"secrets": [other]}))),
        // One receiver's word says nothing of the others.
        refuses_accounts: false,
        limited: (said(429, &[("retry-after", "50")], &json!("")), 50),
        refused: said(413, &[], &json!("")),
        down: said(503, &[], &json!("")),
        garbled: "sent",
    }
}
