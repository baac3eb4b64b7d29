//! A message in the words of the Bot API.

use kernel::{Error, Result};
use serde_json::{Value, json};

use crate::json::set;
use crate::{Body, Button, Direct, Location, Media, MediaKind, upload};

/// A method with its parameters.
pub(super) struct Request<'a> {
    /// Its name.
    pub method: &'static str,
    /// Its parameters.
    fields: Value,
    /// The file that is uploaded, under the parameter's name.
    file: Option<(String, &'a Media)>,
}

impl Request<'_> {
    /// Content type and body. In a form, whatever is no text is written as JSON.
    pub(super) fn body(&self, seed: &[u8]) -> (String, Body) {
        let Some(file) = &self.file else {
            return ("application/json".to_owned(), Body::json(&self.fields));
        };
        let field = |(name, value): (&'_ String, &Value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let fields: Vec<_> = self.fields.as_object().into_iter().flatten().map(field).collect();
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), None, value.clone())).collect();
        upload::form(seed, &fields, std::slice::from_ref(file))
    }
}

/// The request that sends the message.
pub(super) fn of(direct: &Direct) -> Result<Request<'_>> {
    let mut request = content(direct)?;
    set(&mut request.fields, "chat_id", chat(&direct.to)?);
    if !direct.buttons.is_empty() {
        let rows: Vec<_> = direct.buttons.iter().map(|one| json!([button(one)])).collect();
        set(&mut request.fields, "reply_markup", json!({"inline_keyboard": rows}));
    }
    if let Some(answered) = direct.answers.as_deref().and_then(answered) {
        set(&mut request.fields, "reply_parameters", answered);
    }
    Ok(request)
}

/// The chat: its number, or the name of a public one.
fn chat(to: &str) -> Result<Value> {
    if let Ok(number) = to.parse::<i64>()
        && number != 0
    {
        return Ok(json!(number));
    }
    let named =
        |name: &str| (1..=64).contains(&name.len()) && name.bytes().all(|one| one.is_ascii_alphanumeric() || one == b'_');
    if to.strip_prefix('@').is_some_and(named) {
        return Ok(json!(to));
    }
    Err(Error::invalid("/to", "address", "the id of a chat or the @name of a public one is needed"))
}

/// The message that this one answers, by an id of [`super::message_id`] or one that begins like it. It may be gone by now, and what
/// is answered may be no message, which is no reason to say nothing.
fn answered(id: &str) -> Option<Value> {
    let mut parts = id.split(':');
    let chat: i64 = parts.next()?.parse().ok()?;
    let number: i64 = parts.next()?.parse().ok()?;
    Some(json!({"message_id": number, "chat_id": chat, "allow_sending_without_reply": true}))
}

fn button(one: &Button) -> Value {
    match one {
        Button::Reply { title, id } => json!({"text": title, "callback_data": id}),
        Button::Link { title, url } => json!({"text": title, "url": url}),
    }
}

fn content(direct: &Direct) -> Result<Request<'_>> {
    if direct.template.is_some() {
        return Err(Error::invalid("/template", "unsupported", "Telegram knows no templates"));
    }
    if let Some(place) = &direct.location {
        if direct.text.is_some() {
            return Err(Error::invalid("/content/text", "unsupported", "a location goes without text"));
        }
        if !direct.media.is_empty() {
            return Err(Error::invalid("/media/0", "unsupported", "a location goes without files"));
        }
        return Ok(location(place));
    }
    match (direct.media.as_slice(), &direct.text) {
        ([], Some(text)) => Ok(Request { method: "sendMessage", fields: json!({"text": text}), file: None }),
        ([], None) => Err(Error::invalid("/content/text", "required", "a text, a file or a location is needed")),
        ([file], text) => Ok(media(file, text.as_deref())),
        (_, _) => Err(Error::invalid("/media/1", "too_many", "one file at most")),
    }
}

/// A place. One that has a name or an address is a venue, which must have both: the degrees stand for an address that is missing.
fn location(place: &Location) -> Request<'_> {
    let mut fields = json!({"latitude": place.latitude, "longitude": place.longitude});
    let degrees = || format!("{}, {}", place.latitude, place.longitude);
    let (title, address) = match (&place.name, &place.address) {
        (None, None) => return Request { method: "sendLocation", fields, file: None },
        (Some(name), Some(address)) => (name, address.clone()),
        (Some(only), None) | (None, Some(only)) => (only, degrees()),
    };
    set(&mut fields, "title", json!(title));
    set(&mut fields, "address", json!(address));
    Request { method: "sendVenue", fields, file: None }
}

/// A file. Telegram fetches pictures, films and sound by their link; of other files it fetches only a few kinds, so these are
/// uploaded.
fn media<'a>(file: &'a Media, caption: Option<&str>) -> Request<'a> {
    let (method, name) = match (file.kind, file.media_type.as_str()) {
        (MediaKind::Image, "image/gif") => ("sendAnimation", "animation"),
        (MediaKind::Image, _) => ("sendPhoto", "photo"),
        (MediaKind::Video, _) => ("sendVideo", "video"),
        (MediaKind::Audio, "audio/ogg") => ("sendVoice", "voice"),
        (MediaKind::Audio, _) => ("sendAudio", "audio"),
        (MediaKind::File, _) => ("sendDocument", "document"),
    };
    let uploaded = file.kind == MediaKind::File;
    let mut fields = json!({});
    if !uploaded {
        set(&mut fields, name, json!(file.url));
    }
    if let Some(caption) = caption {
        set(&mut fields, "caption", json!(caption));
    }
    Request { method, fields, file: uploaded.then(|| (name.to_owned(), file)) }
}
