//! WhatsApp by Twilio. Free text travels within 24 hours of the recipient's last message; what begins a conversation, and whatever
//! has buttons, is a content template (`ContentSid`). A message that is answered cannot be named, so [`Direct::answers`] does not
//! go along.

use kernel::{Error, Result};
use serde_json::{Map, Value, json};

use super::{Credentials, Settings, TEXT, create, file, hook, is_sid, look, signature};
use crate::{
    Answer, Call, Callback, Channel, Direct, Event, FileSource, HttpCall, Inbound, Location, MediaKind, Outgoing, Provider,
    ProviderTemplate, Receiving, Reply, Sending, Setup, Verdict, Verified, sms,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct TwilioWhatsapp;

/// What stands before every number of this channel.
const PREFIX: &str = "whatsapp:";

fn settings(value: &Value) -> Result<Settings> {
    Settings::read(value, sms::is_number, "a number such as +14155550123 is needed")
}

impl Provider for TwilioWhatsapp {
    fn id(&self) -> &'static str {
        "twilio_whatsapp"
    }

    fn channel(&self) -> Channel {
        Channel::Whatsapp
    }

    fn check(&self, given: &Value, credentials: &Value) -> Result<()> {
        settings(given)?;
        Credentials::read(credentials).map(|_| ())
    }
}

impl Sending for TwilioWhatsapp {
    /// Twilio knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let settings = settings(setup.settings)?;
        let direct = message.direct()?;
        let mut fields = settings.fields(PREFIX, &direct.to, &message.tag, setup);
        fields.extend(content(direct)?);
        Ok(Call::Http(create(&settings.account_sid, "Messages.json", fields, setup)?))
    }

    fn verdict(&self, reply: &Reply) -> Verdict {
        super::verdict(reply)
    }

    fn probe(&self, setup: &Setup<'_>) -> Result<Option<Call>> {
        let settings = settings(setup.settings)?;
        Ok(Some(Call::Http(look(&settings.account_sid, "Messages.json", setup)?)))
    }

    fn file(&self, source: &FileSource, setup: &Setup<'_>) -> Result<Option<HttpCall>> {
        file(source, &settings(setup.settings)?.account_sid, setup)
    }
}

impl Receiving for TwilioWhatsapp {
    fn verify(&self, callback: &Callback<'_>, setup: &Setup<'_>) -> Result<Verified> {
        signature::verify(callback, setup, &settings(setup.settings)?.account_sid)
    }

    fn events(&self, verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        hook::events(verified, PREFIX)
    }

    fn inbound(&self, verified: &Verified, setup: &Setup<'_>) -> Vec<Inbound> {
        let confirms = settings(setup.settings).ok().and_then(|settings| settings.confirms).unwrap_or(false);
        hook::inbound(verified, PREFIX).into_iter().map(|one| one.confirmed(confirms)).collect()
    }

    /// Says that nothing is to be answered.
    fn answer(&self, _verified: &Verified) -> Answer {
        Answer::with("text/xml", "<Response/>".to_owned())
    }
}

fn refuse<T>(pointer: &str, code: &'static str, detail: &str) -> Result<T> {
    Err(Error::invalid(pointer, code, detail))
}

fn content(direct: &Direct) -> Result<Vec<(&'static str, String)>> {
    if !direct.buttons.is_empty() {
        return refuse("/buttons/0", "unsupported", "buttons go with a template only");
    }
    if let Some(chosen) = &direct.template {
        alone(direct, "a template")?;
        return template(chosen);
    }
    if let Some(place) = &direct.location {
        alone(direct, "a location")?;
        return Ok(location(place));
    }
    let text = direct.text.as_deref().filter(|text| !text.trim().is_empty());
    if text.is_some_and(|text| text.chars().count() > TEXT) {
        return refuse("/content/text", "too_long", "at most 1600 characters");
    }
    let mut fields: Vec<_> = text.map(|text| ("Body", text.to_owned())).into_iter().collect();
    match direct.media.as_slice() {
        [] if text.is_none() => {
            return refuse("/content/text", "required", "a text, a file, a location or a template is needed");
        }
        [] => {}
        [file] if file.kind == MediaKind::Audio && text.is_some() => {
            return refuse("/content/text", "unsupported", "sound goes without text");
        }
        [file] => fields.push(("MediaUrl", file.url.clone())),
        [_, _, ..] => return refuse("/media/1", "too_many", "one file at most"),
    }
    Ok(fields)
}

/// Refuses what cannot stand beside a template or a location.
fn alone(direct: &Direct, what: &str) -> Result<()> {
    let others = [
        (direct.text.is_some(), "/content/text"),
        (!direct.media.is_empty(), "/media/0"),
        (direct.template.is_some() && direct.location.is_some(), "/location"),
    ];
    match others.into_iter().find(|(present, _)| *present) {
        Some((_, pointer)) => refuse(pointer, "unsupported", &format!("{what} goes without it")),
        None => Ok(()),
    }
}

/// The text is the place's name and the label its address.
fn location(place: &Location) -> Vec<(&'static str, String)> {
    let degrees = format!("{},{}", place.latitude, place.longitude);
    let name = place.name.as_ref().or(place.address.as_ref()).unwrap_or(&degrees).clone();
    let label = place.address.as_ref().or(place.name.as_ref());
    // The bar would begin another part.
    let label = label.map(|label| format!("|{}", label.replace('|', " "))).unwrap_or_default();
    vec![("Body", name), ("PersistentAction", format!("geo:{degrees}{label}"))]
}

/// A content template has one language, so none is named. Values without a name are numbered in order of heading, text, buttons.
fn template(chosen: &ProviderTemplate) -> Result<Vec<(&'static str, String)>> {
    if !is_sid(&chosen.name, "HX") {
        return refuse("/template/name", "format", "HX and 32 hexadecimal digits are needed: the ContentSid of a template");
    }
    let mut variables = Map::new();
    let texts = chosen.header.iter().chain(&chosen.body).map(|one| (one.name.as_deref(), &one.value));
    let buttons = chosen.buttons.iter().map(|one| (None, &one.value));
    for (number, (name, value)) in texts.chain(buttons).enumerate() {
        variables.insert(name.map_or_else(|| (number + 1).to_string(), str::to_owned), json!(value));
    }
    let mut fields = vec![("ContentSid", chosen.name.clone())];
    if !variables.is_empty() {
        fields.push(("ContentVariables", Value::Object(variables).to_string()));
    }
    Ok(fields)
}
