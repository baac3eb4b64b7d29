//! A message in the words of the Cloud API.

use kernel::{Error, Result};
use serde_json::{Map, Value, json};

use crate::json::set;
use crate::{Button, ButtonParameter, Direct, Location, Media, MediaKind, Outgoing, Parameter, ProviderTemplate};

/// Most characters of a text with buttons.
const BUTTON_TEXT: usize = 1024;

/// The request's body.
pub(super) fn body(message: &Outgoing, direct: &Direct) -> Result<Value> {
    let (kind, content) = content(direct)?;
    let mut body = json!({
        "messaging_product": "whatsapp", "recipient_type": "individual", "to": direct.to, "type": kind, (kind): content,
        "biz_opaque_callback_data": message.tag,
    });
    if let Some(answers) = &direct.answers {
        set(&mut body, "context", json!({"message_id": answers}));
    }
    Ok(body)
}

fn content(direct: &Direct) -> Result<(&'static str, Value)> {
    if let Some(chosen) = &direct.template {
        alone(direct, "a template")?;
        return template(direct, chosen);
    }
    if let Some(place) = &direct.location {
        alone(direct, "a location")?;
        if !direct.media.is_empty() {
            return Err(Error::invalid("/media/0", "unsupported", "a location goes without files"));
        }
        return Ok(("location", location(place)));
    }
    if !direct.buttons.is_empty() {
        return Ok(("interactive", interactive(direct)?));
    }
    match (direct.media.as_slice(), &direct.text) {
        ([], Some(text)) => Ok(("text", json!({"body": text}))),
        ([], None) => Err(Error::invalid("/content/text", "required", "a text, a file, a location or a template is needed")),
        ([file], text) => media(file, text.as_deref()),
        (_, _) => Err(Error::invalid("/media/1", "too_many", "one file at most")),
    }
}

/// Refuses what cannot stand beside a template or a location.
fn alone(direct: &Direct, what: &str) -> Result<()> {
    let others = [
        (direct.text.is_some(), "/content/text"),
        (!direct.buttons.is_empty(), "/buttons/0"),
        (direct.template.is_some() && direct.location.is_some(), "/location"),
    ];
    match others.into_iter().find(|(present, _)| *present) {
        Some((_, pointer)) => Err(Error::invalid(pointer, "unsupported", format!("{what} goes without it"))),
        None => Ok(()),
    }
}

fn location(place: &Location) -> Value {
    let mut value = json!({"latitude": place.latitude, "longitude": place.longitude});
    for (name, text) in [("name", &place.name), ("address", &place.address)] {
        if let Some(text) = text {
            set(&mut value, name, json!(text));
        }
    }
    value
}

/// A file: Meta fetches it by its link.
fn media(file: &Media, caption: Option<&str>) -> Result<(&'static str, Value)> {
    let (kind, mut value) = linked(file);
    match (caption, file.kind) {
        (Some(_), MediaKind::Audio) => return Err(Error::invalid("/content/text", "unsupported", "sound goes without text")),
        (Some(caption), _) => set(&mut value, "caption", json!(caption)),
        (None, _) => {}
    }
    Ok((kind, value))
}

fn linked(file: &Media) -> (&'static str, Value) {
    match file.kind {
        MediaKind::Image => ("image", json!({"link": file.url})),
        MediaKind::Video => ("video", json!({"link": file.url})),
        MediaKind::Audio => ("audio", json!({"link": file.url})),
        MediaKind::File => ("document", json!({"link": file.url, "filename": file.name})),
    }
}

/// A file that stands above a text with buttons or in a template's heading.
fn heading(direct: &Direct) -> Result<Option<Value>> {
    match direct.media.as_slice() {
        [] => Ok(None),
        [file] if file.kind == MediaKind::Audio => {
            Err(Error::invalid("/media/0", "unsupported", "sound cannot stand above a text or in a template"))
        }
        [file] => {
            let (kind, value) = linked(file);
            Ok(Some(json!({"type": kind, (kind): value})))
        }
        _ => Err(Error::invalid("/media/1", "too_many", "one file at most")),
    }
}

fn interactive(direct: &Direct) -> Result<Value> {
    let text = direct.text.as_deref().ok_or_else(|| Error::invalid("/content/text", "required", "buttons need a text"))?;
    if text.chars().count() > BUTTON_TEXT {
        return Err(Error::invalid("/content/text", "too_long", "at most 1024 characters with buttons"));
    }
    let (kind, action) = match direct.buttons.as_slice() {
        [Button::Link { title, url }] => {
            ("cta_url", json!({"name": "cta_url", "parameters": {"display_text": title, "url": url}}))
        }
        buttons => {
            let mut replies = Vec::new();
            for (number, button) in buttons.iter().enumerate() {
                let Button::Reply { title, id } = button else {
                    let pointer = format!("/buttons/{number}");
                    return Err(Error::invalid(pointer, "unsupported", "a link stands alone, without further buttons"));
                };
                replies.push(json!({"type": "reply", "reply": {"id": id, "title": title}}));
            }
            ("button", json!({"buttons": replies}))
        }
    };
    let mut value = json!({"type": kind, "body": {"text": text}, "action": action});
    if let Some(heading) = heading(direct)? {
        set(&mut value, "header", heading);
    }
    Ok(value)
}

fn template(direct: &Direct, template: &ProviderTemplate) -> Result<(&'static str, Value)> {
    let language = template.language.as_deref();
    let language = language.ok_or_else(|| Error::invalid("/template/language", "required", "such as en_US"))?;
    let mut components = Vec::new();
    let mut add = |kind: &str, parameters: Vec<Value>| {
        if !parameters.is_empty() {
            components.push(json!({"type": kind, "parameters": parameters}));
        }
    };
    match heading(direct)? {
        Some(_) if !template.header.is_empty() => {
            return Err(Error::invalid("/media/0", "unsupported", "the heading holds either a file or text"));
        }
        Some(file) => add("header", vec![file]),
        None => add("header", template.header.iter().map(parameter).collect()),
    }
    add("body", template.body.iter().map(parameter).collect());
    components.extend(template.buttons.iter().map(button));
    Ok(("template", json!({"name": template.name, "language": {"code": language}, "components": components})))
}

fn parameter(one: &Parameter) -> Value {
    let mut value = Map::from_iter([("type".to_owned(), json!("text")), ("text".to_owned(), json!(one.value))]);
    if let Some(name) = &one.name {
        value.insert("parameter_name".to_owned(), json!(name));
    }
    Value::Object(value)
}

fn button(one: &ButtonParameter) -> Value {
    let (kind, name) = if one.link { ("url", "text") } else { ("quick_reply", "payload") };
    let parameter = json!({"type": name, (name): one.value});
    json!({"type": "button", "sub_type": kind, "index": one.index.to_string(), "parameters": [parameter]})
}
