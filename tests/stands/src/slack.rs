use aws_lc_rs::hmac;
use kernel::Time;
use providers::Content;
use providers::EventKind::Sent;
use serde_json::json;

use super::api::{self, Api, Door, WORDS, bearer, said};
use super::{Post, Sample, Stand, answered, direct};

pub fn stand() -> Stand {
    Stand {
        id: "slack",
        settings: json!({"team_id": "T0EXAMPLE1"}),
        credentials: json!({"bot_token": "xoxb-hunter2", "signing_secret": "hunter2secret"}),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("C0EXAMPLE1"))),
        sign: Some(sign),
        covers_body: true,
        stale: true,
        samples: vec![
            Sample::inbound("button.form"),
            Sample::inbound("command.form"),
            Sample::nothing("deleted.json"),
            Sample::inbound("edited.json"),
            Sample::inbound("file.json"),
            Sample::nothing("joined.json"),
            Sample::nothing("link-button.form"),
            Sample::inbound("mention.json"),
            Sample::nothing("other-metadata.json"),
            Sample::nothing("own.json"),
            Sample::nothing("preview.json"),
            Sample::nothing("question.json"),
            Sample::event("sent.json", Sent),
            Sample::inbound("shared-channel.json"),
            Sample::inbound("stop.json"),
            Sample::inbound("text.json"),
            Sample::inbound("thread.json"),
        ],
        answers: answers(),
    }
}

fn answers() -> Vec<(providers::Reply, &'static str)> {
    let words: &[(&str, &[&str])] = &[
        (
            "misconfigured",
            &[
                "not_authed",
                "invalid_auth",
                "account_inactive",
                "token_revoked",
                "token_expired",
                "missing_scope",
                "not_allowed_token_type",
                "org_login_required",
                "ekm_access_denied",
            ],
        ),
        ("undeliverable", &["channel_not_found", "not_in_channel", "is_archived", "user_not_found", "restricted_action"]),
        ("gone", &["cannot_dm_bot"]),
        ("rejected", &["msg_too_long", "no_text", "invalid_blocks", "invalid_arguments", "too_many_attachments"]),
        ("limited", &["ratelimited", "rate_limited"]),
        ("retry", &["service_unavailable", "request_timeout", "something_novel"]),
        ("unknown", &["internal_error", "fatal_error"]),
    ];
    let refused = |error: &str| answered(200, &[], &json!({"ok": false, "error": error}));
    let errors = words.iter().flat_map(|(meaning, words)| words.iter().map(move |word| (refused(word), *meaning)));
    let taken = json!({"ok": true, "channel": "C0EXAMPLE1", "ts": "1772357400.000100", "message": {"text": "Words"}});
    let mut threaded = taken.clone();
    threaded["message"]["thread_ts"] = json!("1772357300.000100");
    let account = json!({"ok": true, "url": "https://shop.example/", "team_id": "T0EXAMPLE1", "user_id": "U0BOT00001"});
    errors
        .chain([
            (answered(200, &[], &taken), "sent C0EXAMPLE1:1772357400.000100"),
            (answered(200, &[], &threaded), "sent C0EXAMPLE1:1772357400.000100:1772357300.000100"),
            (answered(200, &[], &account), "sent"),
            (answered(200, &[], &json!("<html>")), "unknown"),
            (answered(429, &[("retry-after", "30")], &json!({"ok": false, "error": "ratelimited"})), "limited 30"),
            (answered(429, &[("retry-after", "30")], &json!("")), "limited 30"),
            (answered(503, &[], &json!("<html>")), "retry"),
        ])
        .collect()
}

/// Put together from Slack's description of how requests are verified, not from the code under test.
fn sign(body: Vec<u8>, at: Time) -> Post {
    let stamp = at.seconds().to_string();
    let text = [b"v0:".as_slice(), stamp.as_bytes(), b":", &body].concat();
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"hunter2secret"), &text);
    let digits: String = code.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let form = body.first().is_some_and(u8::is_ascii_lowercase);
    let media_type = if form { "application/x-www-form-urlencoded" } else { "application/json" };
    Post::new(media_type, body, at)
        .header("x-slack-signature", format!("v0={digits}"))
        .header("x-slack-request-timestamp", stamp)
}

/// `chat.postMessage`: 200 whatever became of it.
pub fn api() -> Api {
    let refused = |error: &str| json!({"ok": false, "error": error});
    let taken = json!({"ok": true, "channel": "C0EXAMPLE1", "ts": "1772357400.000100", "message": {"text": WORDS}});
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://slack.com/api/chat.postMessage".to_owned(),
            login: bearer("xoxb-hunter2"),
            takes: api::json(vec![("/channel", json!("C0EXAMPLE1")), ("/text", json!(WORDS))]),
            unknown: said(200, &[], &refused("invalid_auth")),
            taken: said(200, &[], &taken),
        },
        http2: false,
        stranger: Some((stand().settings, json!({"bot_token": "xoxb-other"}))),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "50")], &refused("ratelimited")), 50),
        refused: said(200, &[], &refused("msg_too_long")),
        down: said(503, &[], &refused("service_unavailable")),
        garbled: "unknown",
    }
}
