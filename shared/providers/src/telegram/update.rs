//! What Telegram posts: one update at a time.
//!
//! Whose chat it is and who speaks are the same in a private chat. In a group the sender is the person, and the group is the thread.

use kernel::Time;
use serde_json::Value;

use super::message_id;
use crate::json::{id, list, location, text, time};
use crate::{FileSource, Inbound, InboundFile, Verified, Wish};

/// Kinds of files, in the order in which they are looked for: a film without sound comes with a copy as `document`.
const FILES: [&str; 7] = ["animation", "document", "voice", "video", "audio", "video_note", "sticker"];

/// The kinds of updates that are read, for `allowed_updates`: reactions come to those alone who ask for them by name.
pub(super) const KINDS: [&str; 5] = ["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"];

/// The message, button press, reaction, block or end of a block that the update brings.
pub(super) fn inbound(verified: &Verified) -> Vec<Inbound> {
    let update = verified.json();
    let arrived = verified.at();
    let found = [("message", false), ("edited_message", true)]
        .into_iter()
        .find_map(|(name, edited)| message(update.get(name)?, edited, arrived))
        .or_else(|| pressed(update.get("callback_query")?, arrived))
        .or_else(|| reacted(update.get("message_reaction")?, arrived))
        .or_else(|| blocked(update.get("my_chat_member")?, &id(&update, "/update_id")?, arrived));
    found.into_iter().collect()
}

/// Who says it, and where.
fn from(value: &Value, person: &str, chat: &str) -> Option<Inbound> {
    let person = value.pointer(person)?;
    let sender = id(person, "/id")?;
    let names = ["/first_name", "/last_name"].into_iter().filter_map(|name| text(person, name));
    let name = names.collect::<Vec<_>>().join(" ");
    Some(Inbound {
        thread: id(value, chat).filter(|chat| *chat != sender),
        from: sender,
        name: Some(name).filter(|name| !name.is_empty()),
        automatic: person.get("is_bot") == Some(&Value::Bool(true)),
        ..Inbound::default()
    })
}

fn message(message: &Value, edited: bool, arrived: Time) -> Option<Inbound> {
    let own = message_id(message, "")?;
    let sent = time(message, "/date").unwrap_or(arrived);
    let mut found = from(message, "/from", "/chat/id")?;
    if edited {
        // A message of its own, which points to what it changes.
        let at = time(message, "/edit_date").unwrap_or(arrived);
        found.id = format!("{own}:{}", at.seconds());
        found.at = at;
        found.answers = Some(own);
    } else {
        found.id = own;
        found.at = sent;
        found.answers = message_id(message, "/reply_to_message");
    }
    found.text = text(message, "/text").or_else(|| text(message, "/caption")).map(str::to_owned);
    found.files = files(message);
    found.location = place(message);
    if let Some(contact) = message.get("contact") {
        let parts = ["/first_name", "/last_name", "/phone_number"].into_iter().filter_map(|part| text(contact, part));
        found.text = Some(parts.collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty());
    }
    if found.text.is_none() && found.files.is_empty() && found.location.is_none() {
        return None;
    }
    let said = found.text.clone().unwrap_or_default();
    // What a link to the bot brings along comes back like what a button sends.
    match said.strip_prefix("/start ") {
        Some(payload) => {
            found.button = Some(payload.trim().to_owned());
            found.wish = Some(Wish::Start);
        }
        None => found.wish = Wish::of(&said),
    }
    // In a group the word is for whoever is there.
    if found.thread.is_some() {
        found.wish = None;
    }
    Some(found)
}

/// The one file of a message; of a picture, which comes in several sizes, the largest.
fn files(message: &Value) -> Vec<InboundFile> {
    let picture = list(message, "/photo").last();
    let other = || FILES.into_iter().find_map(|kind| message.get(kind));
    let Some(file) = picture.or_else(other) else { return Vec::new() };
    let media_type = text(file, "/mime_type").or_else(|| picture.map(|_| "image/jpeg"));
    let file = text(file, "/file_id").map(|id| InboundFile {
        name: text(file, "/file_name").map(str::to_owned),
        media_type: media_type.map(str::to_owned),
        bytes: file.get("file_size").and_then(Value::as_u64),
        content_id: None,
        source: FileSource::Id(id.to_owned()),
    });
    file.into_iter().collect()
}

fn place(message: &Value) -> Option<crate::Location> {
    let at = message.pointer("/venue/location").or_else(|| message.get("location"))?;
    let mut place = location(at, "latitude", "longitude")?;
    place.name = text(message, "/venue/title").map(str::to_owned);
    place.address = text(message, "/venue/address").map(str::to_owned);
    Some(place)
}

/// A pressed button. Nothing says when; what it stands on may be too old to be shown.
fn pressed(query: &Value, arrived: Time) -> Option<Inbound> {
    let mut found = from(query, "/from", "/message/chat/id")?;
    let data = text(query, "/data")?;
    let button = |button: &&Value| text(button, "/callback_data") == Some(data);
    let rows = list(query, "/message/reply_markup/inline_keyboard");
    let title = rows.flat_map(|row| list(row, "")).find(button).and_then(|button| text(button, "/text"));
    found.id = crate::event::id(&["telegram callback", &id(query, "/id")?]);
    found.at = arrived;
    found.answers = message_id(query, "/message");
    found.text = title.map(str::to_owned);
    found.button = Some(data.to_owned());
    // A button that says "Stop" is as good as the word; one that says "Yes" answers a question.
    found.wish = title.and_then(Wish::of).filter(|wish| *wish == Wish::Stop && found.thread.is_none());
    Some(found)
}

/// A reaction. One that was taken back says nothing.
fn reacted(change: &Value, arrived: Time) -> Option<Inbound> {
    let mut found = from(change, "/user", "/chat/id")?;
    let emoji = list(change, "/new_reaction").filter_map(|one| text(one, "/emoji")).last()?;
    let on = message_id(change, "")?;
    found.at = time(change, "/date").unwrap_or(arrived);
    found.id = crate::event::id(&["telegram reaction", &on, &found.from, emoji, &found.at.to_string()]);
    found.answers = Some(on);
    found.text = Some(emoji.to_owned());
    Some(found)
}

/// A person who blocks the bot, or lets it speak again.
fn blocked(change: &Value, update: &str, arrived: Time) -> Option<Inbound> {
    if text(change, "/chat/type") != Some("private") {
        return None;
    }
    let wish = match (text(change, "/old_chat_member/status"), text(change, "/new_chat_member/status")?) {
        (_, "kicked") => Wish::Stop,
        (Some("kicked"), "member") => Wish::Start,
        _ => return None,
    };
    let mut found = from(change, "/from", "/chat/id")?;
    found.id = crate::event::id(&["telegram member", update]);
    found.at = time(change, "/date").unwrap_or(arrived);
    found.wish = Some(wish);
    Some(found)
}
