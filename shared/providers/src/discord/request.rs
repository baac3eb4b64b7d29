//! A message in Discord's words.

use kernel::{Error, Result};
use serde_json::{Value, json};

use crate::json::set;
use crate::{Body, Button, Direct, Outgoing, upload};

/// Most bytes of all files of one message together.
const FILES: u64 = 25 * 1024 * 1024;
/// Buttons in one row.
const ROW: usize = 5;
/// Looks of buttons.
const SECONDARY: u8 = 2;
const LINK: u8 = 5;

/// What the message says. Nobody is called by `@everyone` or by name in it: a text may hold what strangers wrote.
pub(super) fn content(direct: &Direct) -> Result<Value> {
    if direct.template.is_some() {
        return Err(Error::invalid("/template", "unsupported", "Discord knows no templates"));
    }
    if direct.location.is_some() {
        return Err(Error::invalid("/location", "unsupported", "Discord carries no place"));
    }
    if direct.text.is_none() && direct.media.is_empty() {
        return Err(Error::invalid("/content/text", "required", "a text or a file is needed"));
    }
    let mut content = json!({"allowed_mentions": {"parse": []}});
    if let Some(text) = &direct.text {
        set(&mut content, "content", json!(text));
    }
    if !direct.buttons.is_empty() {
        set(&mut content, "components", components(&direct.buttons)?);
    }
    if !direct.media.is_empty() {
        let files = direct.media.iter().enumerate().map(|(id, file)| json!({"id": id, "filename": file.name}));
        set(&mut content, "attachments", json!(files.collect::<Vec<_>>()));
    }
    Ok(content)
}

/// Buttons in rows of five. No two of them may send the same back.
fn components(buttons: &[Button]) -> Result<Value> {
    let mut seen = Vec::new();
    let mut found = Vec::new();
    for (number, button) in buttons.iter().enumerate() {
        found.push(match button {
            Button::Reply { title, id } => {
                if seen.contains(&id) {
                    let detail = "another button sends the same back";
                    return Err(Error::invalid(format!("/buttons/{number}/reply/id"), "duplicate", detail));
                }
                seen.push(id);
                json!({"type": 2, "style": SECONDARY, "label": title, "custom_id": id})
            }
            Button::Link { title, url } => json!({"type": 2, "style": LINK, "label": title, "url": url}),
        });
    }
    Ok(json!(found.chunks(ROW).map(|row| json!({"type": 1, "components": row})).collect::<Vec<_>>()))
}

/// Content type and body: JSON, or a form when files go along.
pub(super) fn body(message: &Outgoing, direct: &Direct, content: &Value) -> Result<(String, Body)> {
    if direct.media.is_empty() {
        return Ok(("application/json".to_owned(), Body::json(content)));
    }
    let mut total: u64 = 0;
    for (number, file) in direct.media.iter().enumerate() {
        total = total.saturating_add(file.bytes);
        if total > FILES {
            return Err(Error::invalid(format!("/media/{number}"), "too_large", "all files together have at most 25 MB"));
        }
    }
    let fields = [("payload_json", Some("application/json"), content.to_string())];
    let files: Vec<_> = direct.media.iter().enumerate().map(|(id, file)| (format!("files[{id}]"), file)).collect();
    Ok(upload::form(&message.entropy, &fields, &files))
}
