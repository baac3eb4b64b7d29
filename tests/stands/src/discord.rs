use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use kernel::Time;
use providers::Content;
use serde_json::json;

use super::api::{self, Api, Check, Door, WORDS, all_of, header, said};
use super::{Post, Sample, Stand, answered, direct};

pub fn stand() -> Stand {
    let key: String = pair().public_key().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Stand {
        id: "discord",
        settings: json!({"application_id": "1100000000000000001", "public_key": key}),
        credentials: json!({"bot_token": "hunter2.bot.token"}),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("900000000000000001"))),
        sign: Some(sign),
        covers_body: true,
        stale: true,
        samples: vec![
            Sample::inbound("button.json"),
            Sample::inbound("command.json"),
            Sample::inbound("command-file.json"),
            Sample::inbound("command-on-message.json"),
            Sample::nothing("completion.json"),
            Sample::nothing("event.json"),
            Sample::nothing("event-ping.json"),
            Sample::inbound("form.json"),
            Sample::nothing("ping.json"),
            Sample::inbound("select.json"),
            Sample::inbound("stop.json"),
        ],
        answers: answers(),
    }
}

/// The answers of the API, to bots and webhooks alike.
pub fn answers() -> Vec<(providers::Reply, &'static str)> {
    let taken = json!({"id": "1477598773248000778", "channel_id": "900000000000000001", "content": "Words"});
    let codes: &[(u16, i64, &str)] = &[
        (400, 50_035, "rejected"),
        (400, 50_006, "rejected"),
        (400, 40_005, "rejected"),
        (413, 40_005, "rejected"),
        (401, 0, "misconfigured"),
        (401, 50_027, "misconfigured"),
        (403, 50_001, "misconfigured"),
        (403, 50_013, "misconfigured"),
        (403, 999_999, "misconfigured"),
        (403, 50_007, "undeliverable"),
        (404, 10_003, "gone"),
        (404, 10_015, "undeliverable"),
        (404, 0, "retry"),
        (429, 0, "limited"),
        (500, 0, "retry"),
        (503, 999_999, "retry"),
    ];
    let refused = |status: u16, code: i64| answered(status, &[], &json!({"code": code, "message": "Words"}));
    let mut answers: Vec<_> = codes.iter().map(|(status, code, meaning)| (refused(*status, *code), *meaning)).collect();
    let slow = json!({"message": "You are being rate limited.", "retry_after": 64.57, "global": false});
    answers.extend([
        (answered(200, &[], &taken), "sent 1477598773248000778"),
        (answered(204, &[], &json!("")), "sent"),
        (answered(200, &[], &json!("<html>")), "unknown"),
        (answered(429, &[("retry-after", "65")], &slow), "limited 65"),
        (answered(429, &[("retry-after", "9")], &json!("<html>")), "limited 9"),
        (answered(502, &[], &json!("<html>")), "retry"),
    ]);
    answers
}

fn pair() -> Ed25519KeyPair {
    Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap()
}

/// Put together from Discord's description of its interactions endpoint, not from the code under test.
fn sign(body: Vec<u8>, at: Time) -> Post {
    let stamp = at.seconds().to_string();
    let signature = pair().sign(&[stamp.as_bytes(), &body].concat());
    let digits: String = signature.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Post::new("application/json", body, at).header("x-signature-ed25519", digits).header("x-signature-timestamp", stamp)
}

/// `POST /channels/{id}/messages`.
pub fn api() -> Api {
    let body = api::json(vec![
        ("/content", json!(WORDS)),
        ("/allowed_mentions/parse", json!([])),
        ("/nonce", json!(null)),
        ("/enforce_nonce", json!(true)),
    ]);
    let settings = stand().settings;
    Api {
        stranger: Some((settings, json!({"bot_token": "other.bot.token"}))),
        ..of(
            "POST https://discord.com/api/v10/channels/900000000000000001/messages",
            header("authorization", "Bot hunter2.bot.token"),
            body,
            (401, 0),
        )
    }
}

/// What is answered to bots and webhooks alike.
pub fn of(line: &str, login: Check, takes: Check, unknown: (u16, i64)) -> Api {
    let refused = |status: u16, code: i64| said(status, &[], &json!({"code": code, "message": "Words"}));
    let agent: Check = Box::new(|request| {
        let agent = request.header("user-agent").unwrap_or_default();
        api::held(agent.starts_with("DiscordBot ("), || format!("{agent} is nobody whom Discord knows"))
    });
    let taken = json!({"id": "1477598773248000778", "channel_id": "900000000000000001", "content": WORDS});
    let slow = json!({"message": "You are being rate limited.", "retry_after": 64.57, "global": false});
    Api {
        tokens: None,
        messages: Door {
            line: line.to_owned(),
            login,
            takes: all_of(vec![agent, takes]),
            unknown: refused(unknown.0, unknown.1),
            taken: said(200, &[], &taken),
        },
        http2: false,
        stranger: None,
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "65")], &slow), 65),
        refused: refused(400, 50_035),
        down: refused(503, 0),
        garbled: "unknown",
    }
}
