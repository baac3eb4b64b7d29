//! A bot of Telegram, and what the Bot API keeps of where it calls one.

use std::sync::Mutex;

use kernel::Time;
use providers::Content;
use serde_json::{Value, json};

use super::api::{self, Api, Door, Request, Said, WORDS, held, said};
use super::{Post, Sample, Stand, answered, direct, nothing};

/// The stand.
pub fn stand() -> Stand {
    Stand {
        id: "telegram",
        settings: nothing(),
        credentials: json!({"bot_token": "123456:AAhunter2token", "secret_token": "hunter2word"}),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("700000001"))),
        sign: Some(sign),
        covers_body: false,
        stale: false,
        samples: vec![
            Sample::inbound("animation.json"),
            Sample::inbound("blocked.json"),
            Sample::inbound("button.json"),
            Sample::inbound("button-old.json"),
            Sample::nothing("channel-post.json"),
            Sample::inbound("contact.json"),
            Sample::inbound("document.json"),
            Sample::inbound("edited.json"),
            Sample::inbound("group.json"),
            Sample::nothing("joined.json"),
            Sample::inbound("location.json"),
            Sample::inbound("photo.json"),
            Sample::nothing("poll.json"),
            Sample::inbound("reaction.json"),
            Sample::nothing("reaction-removed.json"),
            Sample::nothing("removed-from-group.json"),
            Sample::inbound("reply.json"),
            Sample::inbound("start.json"),
            Sample::inbound("stop.json"),
            Sample::inbound("text.json"),
            Sample::inbound("unblocked.json"),
            Sample::inbound("voice.json"),
        ],
        answers: answers(),
    }
}

fn answers() -> Vec<(providers::Reply, &'static str)> {
    let taken = json!({"ok": true, "result": {"message_id": 51, "chat": {"id": 700_000_001, "type": "private"}, "date": 1}});
    let bot = json!({"ok": true, "result": {"id": 123_456, "is_bot": true, "first_name": "Corner Shop"}});
    let refused = |code: u16, text: &str, parameters: Value| {
        let body = json!({"ok": false, "error_code": code, "description": text, "parameters": parameters});
        answered(code, &[], &body)
    };
    let said = |code: u16, text: &str| answered(code, &[], &json!({"ok": false, "error_code": code, "description": text}));
    vec![
        (answered(200, &[], &taken), "sent 700000001:51"),
        (answered(200, &[], &bot), "sent"),
        (answered(200, &[], &json!({"ok": true, "result": true, "description": "Webhook was set"})), "sent"),
        (answered(200, &[], &json!("<html>")), "unknown"),
        (answered(200, &[], &json!({"ok": false, "error_code": 400, "description": "Bad Request"})), "rejected"),
        (said(400, "Bad Request: chat not found"), "undeliverable"),
        (said(400, "Bad Request: can't parse entities"), "rejected"),
        (said(400, "Bad Request: message is too long"), "rejected"),
        (refused(400, "Bad Request: group chat was upgraded", json!({"migrate_to_chat_id": -1_001_900_000_003_i64})), "gone"),
        (said(401, "Unauthorized"), "misconfigured"),
        (said(404, "Not Found"), "misconfigured"),
        (said(403, "Forbidden: bot was blocked by the user"), "undeliverable"),
        (said(403, "Forbidden: bot was kicked from the supergroup chat"), "undeliverable"),
        (said(403, "Forbidden: bot can't initiate conversation with a user"), "undeliverable"),
        (said(403, "Forbidden: user is deactivated"), "gone"),
        (said(409, "Conflict: terminated by other getUpdates request"), "retry"),
        (said(413, "Request Entity Too Large"), "rejected"),
        (refused(429, "Too Many Requests: retry after 5", json!({"retry_after": 5})), "limited 5"),
        (answered(429, &[("retry-after", "7")], &json!({"ok": false, "error_code": 429})), "limited 7"),
        (said(500, "Internal Server Error"), "retry"),
        (answered(502, &[], &json!("<html>")), "retry"),
        (answered(404, &[], &json!("<html>")), "retry"),
    ]
}

/// The word that was given to `setWebhook` stands in a header.
fn sign(body: Vec<u8>, at: Time) -> Post {
    Post::new("application/json", body, at).header("x-telegram-bot-api-secret-token", "hunter2word")
}

/// `sendMessage` of the Bot API: the token stands in the address.
pub fn api() -> Api {
    let refused = |code: u16, text: &str| json!({"ok": false, "error_code": code, "description": text});
    let taken = json!({"ok": true, "result": {"message_id": 51, "chat": {"id": 700_000_001, "type": "private"}, "date": 1}});
    let mut limited = refused(429, "Too Many Requests: retry after 50");
    limited["parameters"] = json!({"retry_after": 50});
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://api.telegram.org/bot*/sendMessage".to_owned(),
            login: api::address("POST https://api.telegram.org/bot123456:AAhunter2token/sendMessage"),
            takes: api::json(vec![("/chat_id", json!(700_000_001)), ("/text", json!(WORDS))]),
            unknown: said(401, &[], &refused(401, "Unauthorized")),
            taken: said(200, &[], &taken),
        },
        http2: false,
        stranger: Some((nothing(), json!({"bot_token": "123456:AAother"}))),
        refuses_accounts: true,
        limited: (said(429, &[], &limited), 50),
        refused: said(400, &[], &refused(400, "Bad Request: message is too long")),
        down: said(503, &[], &refused(503, "Service Unavailable")),
        garbled: "unknown",
    }
}

/// What the Bot API keeps of where it calls a bot: told by `setWebhook`, shown by `getWebhookInfo`.
#[derive(Debug, Default)]
pub struct Hook {
    /// What it was told last.
    pub told: Mutex<Option<Value>>,
    /// What came of its last call there, when that failed.
    pub failure: Mutex<Option<&'static str>>,
}

impl Hook {
    /// The answer to a request of the bot's; `None` to what has to do with none of this. The error is what is odd in the request.
    pub fn answer(&self, request: &Request<'_>) -> Result<Option<Said>, String> {
        const BOT: &str = "https://api.telegram.org/bot123456:AAhunter2token/";
        let is = |line: String| request.line == line;
        if is(format!("GET {BOT}getMe")) {
            let bot = json!({"id": 123_456, "is_bot": true, "first_name": "Corner Shop"});
            return Ok(Some(said(200, &[], &json!({"ok": true, "result": bot}))));
        }
        if is(format!("POST {BOT}setWebhook")) {
            api::json(vec![("/url", json!(null)), ("/secret_token", json!(null))])(request)?;
            let told = api::read(request.body)?;
            held(told["url"].as_str().is_some_and(|url| url.starts_with("https://")), || "not over TLS".to_owned())?;
            *self.told.lock().unwrap() = Some(told);
            return Ok(Some(said(200, &[], &json!({"ok": true, "result": true, "description": "Webhook was set"}))));
        }
        if is(format!("GET {BOT}getWebhookInfo")) {
            let told = self.told.lock().unwrap().clone().unwrap_or_default();
            let mut info = json!({"url": told["url"].as_str().unwrap_or_default(), "pending_update_count": 0});
            if let Some(words) = *self.failure.lock().unwrap() {
                info["last_error_date"] = json!(1_772_441_000);
                info["last_error_message"] = json!(words);
            }
            return Ok(Some(said(200, &[], &json!({"ok": true, "result": info}))));
        }
        Ok(None)
    }
}
