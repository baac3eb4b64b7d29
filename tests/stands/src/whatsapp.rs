use aws_lc_rs::hmac;
use kernel::Time;
use providers::BounceClass::{Block, Soft};
use providers::Content;
use providers::EventKind::{Bounced, Delivered, Opened, Sent, Unsubscribed};
use serde_json::{Value, json};

use super::api::{self, Api, Check, Door, WORDS, bearer, said};
use super::{Post, Sample, Stand, answered, direct};

pub fn stand() -> Stand {
    Stand {
        id: "whatsapp",
        settings: json!({"phone_number_id": "106540350000001", "version": "v23.0"}),
        credentials: credentials(),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("+14155550123"))),
        sign: Some(sign),
        covers_body: true,
        stale: false,
        samples: vec![
            Sample::inbound("button.json"),
            Sample::inbound("contacts.json"),
            Sample::event("delivered.json", Delivered),
            Sample::inbound("document.json"),
            Sample::bounce("failed-busy.json", Soft),
            Sample { file: "failed-stopped.json", events: vec![(Bounced, Some(Block)), (Unsubscribed, None)], inbound: 0 },
            Sample::bounce("failed-undeliverable.json", Soft),
            Sample::bounce("failed-window.json", Block),
            Sample::inbound("interactive.json"),
            Sample::inbound("location.json"),
            Sample::inbound("marketing-stopped.json"),
            Sample::inbound("reaction.json"),
            Sample::nothing("reaction-removed.json"),
            Sample::event("read.json", Opened),
            Sample::event("sent.json", Sent),
            Sample { file: "several-numbers.json", events: vec![(Opened, None)], inbound: 1 },
            Sample::inbound("stop.json"),
            Sample::nothing("template-approved.json"),
            Sample::inbound("text.json"),
            Sample::inbound("unsupported.json"),
        ],
        answers: answers(),
    }
}

/// The credentials of all accounts of Meta's.
pub fn credentials() -> Value {
    json!({"access_token": "EAAhunter2token", "app_secret": "hunter2secret", "verify_token": "hunter2verify"})
}

fn answers() -> Vec<(providers::Reply, &'static str)> {
    let taken = json!({"messaging_product": "whatsapp", "contacts": [{"input": "+14155550123", "wa_id": "14155550123"}],
        "messages": [{"id": "wamid.ABC", "message_status": "accepted"}]});
    let mut answers = vec![(answered(200, &[], &taken), "sent wamid.ABC"), (answered(502, &[], &json!("<html>")), "retry")];
    let codes: &[(u16, i64, &str)] = &[
        (401, 0, "misconfigured"),
        (401, 190, "misconfigured"),
        (403, 10, "misconfigured"),
        (403, 200, "misconfigured"),
        (400, 368, "misconfigured"),
        (400, 131_031, "misconfigured"),
        (400, 131_042, "misconfigured"),
        (400, 131_030, "misconfigured"),
        (500, 1, "retry"),
        (503, 2, "retry"),
        (500, 131_000, "retry"),
        (500, 131_016, "retry"),
        (400, 131_056, "retry"),
        (400, 4, "limited"),
        (400, 80_007, "limited"),
        (429, 130_429, "limited"),
        (400, 131_048, "limited 3600"),
        (400, 130_472, "undeliverable"),
        (400, 131_026, "undeliverable"),
        (400, 131_049, "undeliverable"),
        (400, 131_050, "undeliverable"),
        (400, 130_497, "undeliverable"),
        (400, 131_047, "rejected"),
        (400, 131_021, "rejected"),
        (400, 100, "rejected"),
        (404, 132_001, "rejected"),
        (400, 132_015, "rejected"),
        (400, 137_000, "rejected"),
        (400, 999_999, "rejected"),
        (500, 999_999, "retry"),
        (200, 131_026, "undeliverable"),
    ];
    answers.extend(codes.iter().map(|(status, code, meaning)| (answered(*status, &[], &error(*code, 0)), *meaning)));
    answers.push((answered(429, &[("retry-after", "9")], &error(130_429, 0)), "limited 9"));
    answers.push((answered(400, &[], &json!({"error": {"code": 999_999, "is_transient": true}})), "retry"));
    answers
}

/// An error in the Graph API's form.
pub fn error(code: i64, subcode: i64) -> Value {
    json!({"error": {"message": "(#1) Something", "type": "OAuthException", "code": code, "error_subcode": subcode,
        "fbtrace_id": "Az8or2yhqkZ"}})
}

/// Put together from Meta's description of `X-Hub-Signature-256`, not from the code under test.
pub fn sign(body: Vec<u8>, at: Time) -> Post {
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"hunter2secret"), &body);
    let digits: String = code.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Post::new("application/json", body, at).header("x-hub-signature-256", format!("sha256={digits}"))
}

/// `POST /{phone number id}/messages` of the Cloud API.
pub fn api() -> Api {
    let body = vec![
        ("/messaging_product", json!("whatsapp")),
        ("/to", json!("+14155550123")),
        ("/type", json!("text")),
        ("/text/body", json!(WORDS)),
    ];
    let taken = json!({"messaging_product": "whatsapp", "contacts": [{"input": "+14155550123", "wa_id": "14155550123"}],
        "messages": [{"id": "wamid.ABC", "message_status": "accepted"}]});
    graph_api("106540350000001", api::json(body), &taken, &stand().settings)
}

/// What the Graph API answers, whichever of Meta's channels it is.
pub fn graph_api(id: &str, takes: Check, taken: &Value, settings: &Value) -> Api {
    let mut other = credentials();
    other["access_token"] = json!("EAAother");
    Api {
        tokens: None,
        messages: Door {
            line: format!("POST https://graph.facebook.com/v23.0/{id}/messages"),
            login: bearer("EAAhunter2token"),
            takes,
            unknown: said(401, &[], &error(190, 463)),
            taken: said(200, &[], taken),
        },
        http2: false,
        stranger: Some((settings.clone(), other)),
        refuses_accounts: true,
        limited: (said(400, &[("retry-after", "50")], &error(4, 0)), 50),
        refused: said(400, &[], &error(100, 0)),
        down: said(503, &[], &error(2, 0)),
        garbled: "unknown",
    }
}
