use kernel::Time;
use providers::BounceClass::{Block, Hard, Soft};
use providers::Content;
use providers::EventKind::{Delivered, Sent};
use serde_json::json;

use super::api::{self, Api, Door, WORDS, all_of, header, said};
use super::{CALLBACK, Post, Sample, Stand, TAG, answered, direct};

pub fn stand() -> Stand {
    Stand {
        id: "sms_gateway",
        settings: json!({
            "url": "https://gateway.example/v1/send?user={username}&pass={password}",
            "from": "Shop",
            "body": {"json": {"to": ["{to_digits}"], "from": "{from}", "message": "{text}", "report": "{callback}"}},
            "login": {"header": "x-api-key"},
            "answers": {"code": "/status", "id": "/id", "accepted": ["0"]},
            "report": {"status": "dlr", "id": "msgid", "sent": ["ACCEPTD"], "delivered": ["DELIVRD"], "failed": ["EXPIRED"],
                "gone": ["UNDELIV"], "blocked": ["REJECTD"]},
            "inbound": {"from": "sender", "to": "recipient", "text": "message", "id": "msgid"},
        }),
        credentials: json!({"username": "hunter2user", "password": "hunter2", "token": "hunter2token",
            "callback_secret": "hunter2callback"}),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("+14155550123"))),
        sign: Some(sign),
        covers_body: false,
        stale: false,
        samples: vec![
            Sample::bounce("blocked.form", Block),
            Sample::event("delivered.form", Delivered),
            Sample::event("delivered.json", Delivered),
            Sample::bounce("expired.form", Soft),
            Sample::bounce("gone.form", Hard),
            Sample::inbound("inbound.form"),
            Sample::inbound("inbound.json"),
            Sample::nothing("novel.form"),
            Sample::event("sent.form", Sent),
        ],
        // What the codes within an answer mean is set by the account: see the provider's own tests.
        answers: vec![
            (answered(200, &[], &json!({"status": "0"})), "sent"),
            (answered(400, &[], &json!({"status": "3"})), "rejected"),
            (answered(422, &[], &json!("odd")), "rejected"),
            (answered(401, &[], &json!("who?")), "misconfigured"),
            (answered(404, &[], &json!("<html>")), "misconfigured"),
            (answered(429, &[("retry-after", "5")], &json!("slow")), "limited 5"),
            (answered(503, &[], &json!("<html>")), "retry"),
        ],
    }
}

/// The gateway calls the address that it was given, with the secret in it.
fn sign(body: Vec<u8>, at: Time) -> Post {
    let post = Post::new("application/x-www-form-urlencoded", body, at);
    Post { url: format!("{CALLBACK}?sb={TAG}&key=hunter2callback"), ..post }
}

/// The gateway that the settings describe: secrets in the address and in a header.
pub fn api() -> Api {
    let line = "POST https://gateway.example/v1/send?user=hunter2user&pass=hunter2";
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://gateway.example/v1/send?*".to_owned(),
            login: all_of(vec![api::address(line), header("x-api-key", "hunter2token")]),
            takes: api::json(vec![
                ("/to/0", json!("14155550123")),
                ("/from", json!("Shop")),
                ("/message", json!(WORDS)),
                ("/report", json!(null)),
            ]),
            unknown: said(401, &[], &json!("who?")),
            taken: said(200, &[], &json!({"status": "0", "id": "g1"})),
        },
        http2: false,
        stranger: Some((
            stand().settings,
            json!({"username": "other", "password": "other", "token": "other", "callback_secret": "other"}),
        )),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "45")], &json!("slow")), 45),
        refused: said(400, &[], &json!("the text is too long")),
        down: said(503, &[], &json!("<html>")),
        garbled: "unknown",
    }
}
