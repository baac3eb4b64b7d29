//! What Messenger and Instagram share: one form of messages and one of posts. Sources: Messenger Platform reference ("Send API",
//! "Webhooks"), Instagram Messaging ("Send API").
//!
//! The Send API takes no reference to the message that is answered, so [`Direct::answers`] does not go along.

use kernel::{Error, Result};
use serde_json::{Value, json};

use super::{Class, generic};
use crate::json::{list, location, set, text, time};
use crate::{
    Button, Direct, Event, EventDetail, EventKind, FileSource, Inbound, InboundFile, MediaKind, Outgoing, Verified, Wish,
};

/// Hours after the recipient's last message in which a person may answer.
pub(super) const HUMAN_HOURS: u16 = 7 * 24;
/// Buttons of a button template.
const TEMPLATE_BUTTONS: usize = 3;
/// Characters of a button template's text.
const TEMPLATE_TEXT: usize = 640;
/// Attachments whose address is the file itself.
const FILES: [&str; 7] = ["image", "video", "audio", "file", "story_mention", "reel", "ig_reel"];

/// The request's body. `human`: the answer of a person, which may come up to seven days after the recipient's last message.
pub(super) fn body(message: &Outgoing, human: bool) -> Result<Value> {
    let direct = message.direct()?;
    let mut content = content(direct)?;
    set(&mut content, "metadata", json!(message.tag));
    let mut body = json!({"recipient": {"id": direct.to}, "messaging_type": "RESPONSE", "message": content});
    if human {
        set(&mut body, "messaging_type", json!("MESSAGE_TAG"));
        set(&mut body, "tag", json!("HUMAN_AGENT"));
    }
    Ok(body)
}

fn content(direct: &Direct) -> Result<Value> {
    if direct.buttons.iter().any(|button| matches!(button, Button::Link { .. })) {
        return template(direct);
    }
    let mut content = match (direct.media.as_slice(), &direct.text) {
        ([], Some(text)) => json!({"text": text}),
        ([file], None) => {
            let kind = match file.kind {
                MediaKind::Image => "image",
                MediaKind::Video => "video",
                MediaKind::Audio => "audio",
                MediaKind::File => "file",
            };
            json!({"attachment": {"type": kind, "payload": {"url": file.url, "is_reusable": false}}})
        }
        ([], None) => return Err(Error::invalid("/content/text", "required", "a text or a file is needed")),
        ([_], Some(_)) => return Err(Error::invalid("/media/0", "unsupported", "a file goes without text")),
        (_, _) => return Err(Error::invalid("/media/1", "too_many", "one file at most")),
    };
    let replies = direct.buttons.iter().filter_map(|button| match button {
        Button::Reply { title, id } => Some(json!({"content_type": "text", "title": title, "payload": id})),
        Button::Link { .. } => None,
    });
    let replies: Vec<_> = replies.collect();
    if !replies.is_empty() {
        set(&mut content, "quick_replies", json!(replies));
    }
    Ok(content)
}

/// Links are buttons of a button template; quick replies cannot hold them.
fn template(direct: &Direct) -> Result<Value> {
    if !direct.media.is_empty() {
        return Err(Error::invalid("/media/0", "unsupported", "a file goes without links"));
    }
    if direct.buttons.len() > TEMPLATE_BUTTONS {
        return Err(Error::invalid("/buttons/3", "too_many", "at most 3 buttons when one of them is a link"));
    }
    let text = direct.text.as_deref().ok_or_else(|| Error::invalid("/content/text", "required", "buttons need a text"))?;
    if text.chars().count() > TEMPLATE_TEXT {
        return Err(Error::invalid("/content/text", "too_long", "at most 640 characters with links"));
    }
    let buttons = direct.buttons.iter().map(|button| match button {
        Button::Link { title, url } => json!({"type": "web_url", "title": title, "url": url}),
        Button::Reply { title, id } => json!({"type": "postback", "title": title, "payload": id}),
    });
    let payload = json!({"template_type": "button", "text": text, "buttons": buttons.collect::<Vec<_>>()});
    Ok(json!({"attachment": {"type": "template", "payload": payload}}))
}

/// The error table.
pub(super) fn class(code: i64, subcode: i64) -> Option<Class> {
    Some(match (code, subcode) {
        // The window in which one may answer has closed.
        (10, 2_018_278 | 2_018_065) => Class::Content,
        (1, 99) => Class::Account,
        (551, _) | (100, 2_018_001) => Class::Recipient,
        (9, 2_018_352) => Class::Limit(None),
        (1200, _) => Class::Passing,
        _ => return generic(code),
    })
}

/// The account that posts are read for: a page, or an Instagram account.
#[derive(Clone, Copy)]
pub(super) struct Own<'a> {
    /// The post's object: `page` or `instagram`.
    pub object: &'static str,
    /// The account's id.
    pub id: &'a str,
}

impl Own<'_> {
    /// What the post says of this account.
    fn items<'v>(&'v self, post: &'v Value) -> impl Iterator<Item = &'v Value> {
        let ours = |post: &&Value| text(post, "/object") == Some(self.object);
        let entries = Some(post).filter(ours).into_iter().flat_map(|post| list(post, "/entry"));
        entries.filter(|entry| text(entry, "/id") == Some(self.id)).flat_map(|entry| list(entry, "/messaging"))
    }

    /// Receipts that name their messages. A Messenger receipt may say no more than "all up to then", which points to none.
    pub(super) fn events(&self, verified: &Verified) -> Vec<Event> {
        let post = verified.json();
        let mut found = Vec::new();
        for item in self.items(&post) {
            let at = time(item, "/timestamp").unwrap_or_else(|| verified.at());
            let mut tell = |kind: EventKind, word: &str, message: &str, recipient: &str, tag: Option<&str>| {
                found.push(Event {
                    kind,
                    at,
                    id: crate::event::id(&[self.object, message, word]),
                    tag: tag.map(str::to_owned),
                    provider_id: Some(message.to_owned()),
                    recipient: text(item, recipient).map(str::to_owned),
                    detail: EventDetail::default(),
                });
            };
            for message in list(item, "/delivery/mids").filter_map(Value::as_str) {
                tell(EventKind::Delivered, "delivered", message, "/sender/id", None);
            }
            if let Some(message) = text(item, "/read/mid") {
                tell(EventKind::Opened, "read", message, "/sender/id", None);
            }
            // Our own message comes back with the reference that was given to it.
            let echo = is_echo(item).then(|| Some((text(item, "/message/mid")?, text(item, "/message/metadata")?)));
            if let Some((message, tag)) = echo.flatten() {
                tell(EventKind::Sent, "sent", message, "/recipient/id", Some(tag));
            }
        }
        found
    }

    /// Messages, pressed buttons and reactions of others.
    pub(super) fn inbound(&self, verified: &Verified) -> Vec<Inbound> {
        let post = verified.json();
        self.items(&post).filter_map(|item| self.one(item, verified)).collect()
    }

    fn one(&self, item: &Value, verified: &Verified) -> Option<Inbound> {
        let from = text(item, "/sender/id").filter(|from| *from != self.id && !is_echo(item))?;
        let at = time(item, "/timestamp").unwrap_or_else(|| verified.at());
        let owned = |pointer: &str| text(item, pointer).map(str::to_owned);
        let mut found = Inbound { at, from: from.to_owned(), to: Some(self.id.to_owned()), ..Inbound::default() };
        if let Some(message) = item.get("message").filter(|message| message.get("is_deleted") != Some(&Value::Bool(true))) {
            found.id = text(message, "/mid")?.to_owned();
            found.text = owned("/message/text");
            found.button = owned("/message/quick_reply/payload");
            found.answers = owned("/message/reply_to/mid");
            for attachment in list(message, "/attachments") {
                attach(&mut found, attachment);
            }
            found.wish = found.text.as_deref().filter(|_| found.button.is_none()).and_then(Wish::of);
        } else if let Some(postback) = item.get("postback") {
            found.text = owned("/postback/title");
            found.button = owned("/postback/payload");
            let pressed =
                || crate::event::id(&[self.object, "postback", from, &at.to_string(), found.button.as_deref().unwrap_or("")]);
            found.id = text(postback, "/mid").map_or_else(pressed, str::to_owned);
        } else {
            let reaction = item.get("reaction").filter(|reaction| text(reaction, "/action") == Some("react"))?;
            let (message, emoji) = (text(reaction, "/mid")?, text(reaction, "/emoji").or_else(|| text(reaction, "/reaction"))?);
            found.id = crate::event::id(&[self.object, "reaction", from, message, emoji, &at.to_string()]);
            found.text = Some(emoji.to_owned());
            found.answers = Some(message.to_owned());
        }
        Some(found)
    }
}

/// What the account itself sent, through us or by hand.
fn is_echo(item: &Value) -> bool {
    item.pointer("/message/is_echo") == Some(&Value::Bool(true))
}

fn attach(found: &mut Inbound, attachment: &Value) {
    let kind = text(attachment, "/type").unwrap_or_default();
    if kind == "location" {
        found.location = attachment.pointer("/payload/coordinates").and_then(|at| location(at, "lat", "long"));
        return;
    }
    let Some(url) = text(attachment, "/payload/url").or_else(|| text(attachment, "/url")) else { return };
    if FILES.contains(&kind) {
        let source = FileSource::Url(url.to_owned());
        found.files.push(InboundFile { name: None, media_type: None, bytes: None, content_id: None, source });
    } else if found.text.is_none() {
        // A page or post that was shared.
        found.text = Some(url.to_owned());
    }
}
