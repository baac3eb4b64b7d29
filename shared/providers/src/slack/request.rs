//! A message in Slack's words.
//!
//! The text is Slack's own kind of text (`*bold*`), with the three signs escaped by which it could call people or hide a link.

use kernel::{Error, Result};
use serde_json::{Value, json};

use super::is_id;
use crate::json::set;
use crate::{Button, Direct, MediaKind, Outgoing};

/// Most characters of a text in a block, escaped.
const BLOCK: usize = 3000;
/// What our reference stands under in a message's metadata.
pub(super) const METADATA: &str = "switchboard_message";

/// The request's body.
pub(super) fn body(message: &Outgoing, direct: &Direct) -> Result<Value> {
    // A channel, a direct conversation, a group, or a person.
    if !is_id(&direct.to, "CDGUW") {
        return Err(Error::invalid("/to", "address", "the id of a channel or of a person is needed"));
    }
    check(direct)?;
    let text = direct.text.as_deref().map(escape);
    let names = || direct.media.iter().map(|file| escape(&file.name)).collect::<Vec<_>>().join(", ");
    let mut body = json!({
        "channel": direct.to, "text": text.clone().unwrap_or_else(names),
        "metadata": {"event_type": METADATA, "event_payload": {"tag": message.tag}},
    });
    if !direct.media.is_empty() || !direct.buttons.is_empty() {
        set(&mut body, "blocks", json!(blocks(direct, text.as_deref())?));
    }
    if let Some(thread) = direct.answers.as_deref().and_then(thread) {
        set(&mut body, "thread_ts", json!(thread));
    }
    Ok(body)
}

fn check(direct: &Direct) -> Result<()> {
    if direct.template.is_some() {
        return Err(Error::invalid("/template", "unsupported", "Slack knows no templates"));
    }
    if direct.location.is_some() {
        return Err(Error::invalid("/location", "unsupported", "Slack carries no place"));
    }
    if let Some(number) = direct.media.iter().position(|file| file.kind != MediaKind::Image) {
        return Err(Error::invalid(format!("/media/{number}"), "unsupported", "pictures alone can be shown"));
    }
    if direct.text.is_none() && (direct.media.is_empty() || !direct.buttons.is_empty()) {
        return Err(Error::invalid("/content/text", "required", "a text is needed, or a picture without buttons"));
    }
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Text, pictures, buttons. When there are blocks, the text of the message is shown in notifications alone.
fn blocks(direct: &Direct, text: Option<&str>) -> Result<Vec<Value>> {
    let mut blocks = Vec::new();
    if let Some(text) = text {
        if text.chars().count() > BLOCK {
            let detail = "at most 3000 characters with pictures or buttons, where &, < and > count as 4 or 5";
            return Err(Error::invalid("/content/text", "too_long", detail));
        }
        blocks.push(json!({"type": "section", "text": {"type": "mrkdwn", "text": text}}));
    }
    let picture = |file: &crate::Media| json!({"type": "image", "image_url": file.url, "alt_text": file.name});
    blocks.extend(direct.media.iter().map(picture));
    if !direct.buttons.is_empty() {
        let elements: Vec<_> = direct.buttons.iter().enumerate().map(button).collect();
        blocks.push(json!({"type": "actions", "elements": elements}));
    }
    Ok(blocks)
}

/// A button. Its `action_id` is there to differ from the others'.
fn button((number, one): (usize, &Button)) -> Value {
    let (name, value) = match one {
        Button::Reply { id, .. } => ("value", id),
        Button::Link { url, .. } => ("url", url),
    };
    let title = json!({"type": "plain_text", "text": one.title(), "emoji": true});
    json!({"type": "button", "text": title, "action_id": format!("button-{number}"), (name): value})
}

/// The thread that an answer goes to: that of the message, or the one that it opens. What is answered may be no message, which is no
/// reason to say nothing.
fn thread(id: &str) -> Option<&str> {
    let mut parts = id.split(':').skip(1);
    let own = parts.next()?;
    let thread = parts.next().unwrap_or(own);
    let is_ts = |text: &str| {
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        text.split_once('.').is_some_and(|(seconds, rest)| digits(seconds) && digits(rest))
    };
    Some(thread).filter(|thread| is_ts(thread))
}
