//! What Discord's bots and webhooks share: the form of a message and the error table. Sources: Discord developer documentation
//! ("API Reference", "Create Message", "Execute Webhook", "Rate Limits", "Interactions").

mod interaction;
mod request;
#[cfg(test)]
mod tests;

pub mod bot;
pub mod webhook;

use kernel::Secret;
use serde_json::Value;

use crate::json::text;
use crate::reply::wait;
use crate::{Body, HttpCall, Login, Method, Reply, Verdict};

const API: &str = "https://discord.com/api/v10";
/// Discord wants to know who calls, in this form.
const AGENT: &str = concat!("DiscordBot (switchboard, ", env!("CARGO_PKG_VERSION"), ")");

fn request(method: Method, url: String, login: Login, content: Option<(String, Body)>) -> HttpCall {
    let mut headers = vec![("user-agent", AGENT.to_owned())];
    let body = content.map_or_else(Body::default, |(media_type, body)| {
        headers.push(("content-type", media_type));
        body
    });
    HttpCall { method, url: Secret::new(url), headers, login, body, http2: false }
}

/// Whether it is an id of Discord's (a "snowflake").
fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// What an answer means.
fn verdict(reply: &Reply) -> Verdict {
    let answer = match Verdict::common(reply) {
        Ok(verdict) => return verdict,
        Err(answer) => answer,
    };
    let body = answer.json();
    if answer.is_success() {
        return match text(&body, "/id") {
            Some(id) => Verdict::Sent { id: id.to_owned() },
            None if answer.body.is_empty() => Verdict::Sent { id: String::new() },
            None => Verdict::Unknown { reason: answer.words() },
        };
    }
    let code = body.get("code").and_then(Value::as_i64).filter(|code| *code != 0);
    let reason = code.map_or_else(|| answer.words(), |code| format!("{} {code}: {}", answer.status, words(&body)));
    match (answer.status, code) {
        (429, _) => {
            let after = body.get("retry_after").and_then(Value::as_f64).and_then(wait);
            Verdict::Limited { after: after.or_else(|| answer.retry_after()), reason }
        }
        (401, _) | (_, Some(50_001 | 50_013)) => Verdict::Misconfigured { reason },
        // Ids are never given twice, so a channel that is gone stays gone.
        (404, Some(10_003)) => Verdict::Undeliverable { gone: true, reason },
        // A webhook that was deleted; another account may still reach the channel some day.
        (404, Some(10_015)) | (403, Some(50_007)) => Verdict::Undeliverable { gone: false, reason },
        (_, Some(40_005)) | (400 | 404, Some(_)) => Verdict::Rejected { reason },
        _ => Verdict::by_status(answer, reason),
    }
}

/// The provider's words, with the first field that it finds fault with.
fn words(body: &Value) -> String {
    let message = text(body, "/message").unwrap_or_default();
    let first = body.get("errors").and_then(|errors| first_fault(errors, ""));
    crate::event::cut(&first.map_or_else(|| message.to_owned(), |first| format!("{message}: {first}")), 300)
}

fn first_fault(errors: &Value, at: &str) -> Option<String> {
    if let Some(words) = text(errors, "/_errors/0/message") {
        return Some(format!("{at} {words}").trim().to_owned());
    }
    errors.as_object()?.iter().find_map(|(name, below)| first_fault(below, &format!("{at}/{name}")))
}
