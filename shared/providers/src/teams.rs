//! Microsoft Teams, by workflows ("When a Teams webhook request is received"): each posts an Adaptive Card into the channel or chat
//! that it was made for. Sources: Microsoft Teams documentation ("Create incoming webhooks with Workflows"), Adaptive Cards schema 1.4.
//!
//! A message is addressed to a room by a name of the account's choice; the account knows the address of the room's workflow. The
//! answer 202 says that the workflow was started, not that the card was posted, and nothing is ever heard back. A workflow
//! answers no message, so [`crate::Direct::answers`] does not go along.

use kernel::{Error, Result, Secret};
use serde_json::{Value, json};
use url::Url;

use crate::json::set;
use crate::rooms::Rooms;
use crate::settings::{self, Nothing};
use crate::{
    Body, Button, Call, Callback, Channel, Direct, Event, HttpCall, Inbound, Login, MediaKind, Method, Outgoing, Provider,
    Receiving, Reply, Sending, Setup, Verdict, Verified,
};

/// See the file's head.
#[derive(Clone, Copy, Debug)]
pub struct Teams;

/// Where workflows live.
const HOSTS: [&str; 2] = [".environment.api.powerplatform.com", ".logic.azure.com"];

/// The workflows by the names of their rooms. A room may be called anything.
fn rooms(credentials: &Value) -> Result<Rooms> {
    Rooms::read(credentials, |_| true, address)
}

/// The address as it is, signature and all, when it is one of a workflow.
fn address(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    // What the port of the scheme is, is no port to the parser.
    let own = url.port().is_none() && HOSTS.iter().any(|known| host.strip_suffix(known).is_some_and(|name| !name.is_empty()));
    let workflow = url.path().contains("/workflows/") && url.fragment().is_none();
    (own && workflow).then(|| url.as_str().to_owned())
}

/// The message as a card: heading, text, pictures, and links as actions.
fn card(direct: &Direct) -> Result<Value> {
    if direct.template.is_some() {
        return Err(Error::invalid("/template", "unsupported", "Teams knows no templates"));
    }
    if direct.location.is_some() {
        return Err(Error::invalid("/location", "unsupported", "Teams carries no place"));
    }
    let mut body = Vec::new();
    if let Some(title) = &direct.title {
        body.push(json!({"type": "TextBlock", "text": marked(title), "wrap": true, "weight": "Bolder", "size": "Medium"}));
    }
    if let Some(text) = &direct.text {
        body.push(json!({"type": "TextBlock", "text": marked(text), "wrap": true}));
    }
    for (number, file) in direct.media.iter().enumerate() {
        if file.kind != MediaKind::Image {
            return Err(Error::invalid(format!("/media/{number}"), "unsupported", "a card shows pictures alone"));
        }
        body.push(json!({"type": "Image", "url": file.url, "altText": file.name}));
    }
    if body.is_empty() {
        return Err(Error::invalid("/content/text", "required", "a text, a title or a picture is needed"));
    }
    let mut actions = Vec::new();
    for (number, button) in direct.buttons.iter().enumerate() {
        let Button::Link { title, url } = button else {
            let pointer = format!("/buttons/{number}");
            return Err(Error::invalid(pointer, "unsupported", "a workflow has nobody who hears of a pressed button"));
        };
        actions.push(json!({"type": "Action.OpenUrl", "title": title, "url": url}));
    }
    let mut card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4", "body": body,
    });
    if !actions.is_empty() {
        set(&mut card, "actions", json!(actions));
    }
    Ok(card)
}

/// A text block knows a little Markdown. What would make a link of a text is parted by a space of no width, so that none leads
/// elsewhere than it says; a line ends only where there are two line ends.
fn marked(text: &str) -> String {
    text.replace("\r\n", "\n").replace("](", "]\u{200b}(").replace('\n', "\n\n")
}

impl Provider for Teams {
    fn id(&self) -> &'static str {
        "teams"
    }

    fn channel(&self) -> Channel {
        Channel::Teams
    }

    fn check(&self, settings: &Value, credentials: &Value) -> Result<()> {
        settings::settings::<Nothing>(settings)?;
        rooms(credentials).map(|_| ())
    }
}

impl Sending for Teams {
    /// A workflow knows no key that would make a repetition harmless.
    fn repeatable(&self) -> bool {
        false
    }

    fn call(&self, message: &Outgoing, setup: &Setup<'_>) -> Result<Call> {
        let direct = message.direct()?;
        let attachment = json!({
            "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card(direct)?,
        });
        let url: Secret = rooms(setup.credentials)?.of(&direct.to)?.clone();
        Ok(Call::Http(HttpCall {
            method: Method::Post,
            url,
            headers: vec![("content-type", "application/json".to_owned())],
            login: Login::None,
            body: Body::json(&json!({"type": "message", "attachments": [attachment]})),
            http2: false,
        }))
    }

    /// A workflow that was deleted or switched off is the matter of one room: the account's others are not stopped for it.
    fn verdict(&self, reply: &Reply) -> Verdict {
        let answer = match Verdict::common(reply) {
            Ok(verdict) => return verdict,
            Err(answer) => answer,
        };
        match answer.status {
            200..=299 => Verdict::Sent { id: String::new() },
            400 | 404 | 410 => Verdict::Undeliverable { gone: false, reason: answer.words() },
            _ => Verdict::by_status(answer, answer.words()),
        }
    }

    /// A workflow takes nothing but messages.
    fn probe(&self, _setup: &Setup<'_>) -> Result<Option<Call>> {
        Ok(None)
    }
}

impl Receiving for Teams {
    /// Nothing is ever posted by one.
    fn verify(&self, _callback: &Callback<'_>, _setup: &Setup<'_>) -> Result<Verified> {
        Err(Error::Unauthenticated)
    }

    fn events(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Event> {
        Vec::new()
    }

    fn inbound(&self, _verified: &Verified, _setup: &Setup<'_>) -> Vec<Inbound> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use kernel::Time;

    use super::*;
    use crate::{Content, Location, Media};

    const FLOW: &str = "https://prod-12.westeurope.logic.azure.com:443/workflows/0a1b/triggers/manual/paths/invoke\
                        ?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=made-up";

    fn call(direct: Direct) -> Result<HttpCall> {
        let message = Outgoing {
            id: "0190".to_owned(),
            tag: "tag".to_owned(),
            at: Time::parse("2026-03-01T09:30:00Z")?,
            entropy: [0; 48],
            content: Content::Direct(Box::new(direct)),
        };
        let credentials = json!({"rooms": {"Orders / today": FLOW}});
        match Teams.call(&message, &Setup { settings: &Value::Null, credentials: &credentials, token: None, callback: "" })? {
            Call::Http(call) => Ok(call),
            other => unreachable!("{other:?}"),
        }
    }

    fn refused_at(direct: Direct) -> String {
        let Err(Error::Invalid(faults)) = call(direct) else { unreachable!("it was taken") };
        faults[0].pointer.clone()
    }

    fn text(text: &str) -> Direct {
        Direct { to: "Orders / today".to_owned(), text: Some(text.to_owned()), ..Direct::default() }
    }

    fn file(kind: MediaKind) -> Media {
        let (url, name) = ("https://files.example.com/a".to_owned(), "a.png".to_owned());
        Media { kind, media_type: "image/png".to_owned(), url, bytes: 9, stored: "s".to_owned(), name }
    }

    fn link() -> Button {
        Button::Link { title: "Look".to_owned(), url: "https://shop.example/a".to_owned() }
    }

    #[test]
    fn a_message_is_a_card() {
        let whole = Direct {
            title: Some("Order 42".to_owned()),
            media: vec![file(MediaKind::Image)],
            buttons: vec![link()],
            ..text("First line\nsee [here](https://evil.example)")
        };
        let call = call(whole).unwrap();
        assert_eq!(call.method, Method::Post);
        assert_eq!(call.url.reveal(), FLOW.replace(":443", ""));
        assert_eq!(call.headers, [("content-type", "application/json".to_owned())]);
        let body: Value = serde_json::from_slice(&call.body.whole().unwrap()).unwrap();
        assert_eq!(
            body,
            json!({"type": "message", "attachments": [{
                "contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": {
                    "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
                    "body": [
                        {"type": "TextBlock", "text": "Order 42", "wrap": true, "weight": "Bolder", "size": "Medium"},
                        {"type": "TextBlock", "text": "First line\n\nsee [here]\u{200b}(https://evil.example)", "wrap": true},
                        {"type": "Image", "url": "https://files.example.com/a", "altText": "a.png"}],
                    "actions": [{"type": "Action.OpenUrl", "title": "Look", "url": "https://shop.example/a"}]}}]})
        );
    }

    #[test]
    fn what_a_card_cannot_hold_is_refused_where_it_stands() {
        assert_eq!(refused_at(Direct { text: None, ..text("") }), "/content/text");
        let reply = Button::Reply { title: "Yes".to_owned(), id: "yes".to_owned() };
        assert_eq!(refused_at(Direct { buttons: vec![link(), reply], ..text("a") }), "/buttons/1");
        assert_eq!(refused_at(Direct { media: vec![file(MediaKind::Image), file(MediaKind::File)], ..text("a") }), "/media/1");
        let place = Location { latitude: 52.5, longitude: 13.4, name: None, address: None };
        assert_eq!(refused_at(Direct { location: Some(place), ..text("a") }), "/location");
        assert_eq!(refused_at(Direct { template: Some(crate::ProviderTemplate::default()), ..text("a") }), "/template");
        assert_eq!(refused_at(Direct { to: "Orders".to_owned(), ..text("a") }), "/to");
    }

    #[test]
    fn rooms_lead_to_workflows_alone() {
        let check = |url: &str| Teams.check(&Value::Null, &json!({"rooms": {"a": url}})).is_ok();
        assert!(check(FLOW));
        assert!(check(
            "https://default0a1b.2c.environment.api.powerplatform.com:443/powerautomate/automations/direct/workflows/0a1b/\
             triggers/manual/paths/invoke?api-version=1&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=made-up"
        ));
        for evil in [
            "",
            "https://logic.azure.com/workflows/a",
            "https://.logic.azure.com/workflows/a",
            "http://a.logic.azure.com/workflows/a",
            "https://a.logic.azure.com.evil.example/workflows/a",
            "https://a.logic.azure.com@evil.example/workflows/a",
            "https://evillogic.azure.com/workflows/a",
            "https://a.logic.azure.com:8443/workflows/a",
            "https://a.logic.azure.com/other/a",
            "https://a.logic.azure.com/workflows/a b",
            "https://evil.example/workflows/a?a.logic.azure.com",
        ] {
            assert!(!check(evil), "{evil}");
        }
        let several = |count: usize| {
            let rooms: serde_json::Map<_, _> = (0..count).map(|number| (number.to_string(), json!(FLOW))).collect();
            Teams.check(&Value::Null, &json!({ "rooms": rooms })).is_ok()
        };
        assert!(several(1) && several(100) && !several(0) && !several(101));
        let error = Teams.check(&Value::Null, &json!({"rooms": {"a/b": "https://evil.example/hunter2"}})).unwrap_err();
        assert!(!format!("{error:?}").contains("hunter2"));
        let Error::Invalid(faults) = error else { unreachable!("{error:?}") };
        assert_eq!(faults[0].pointer, "/credentials/rooms/a~1b");
    }

    #[test]
    fn nobody_is_believed() {
        let (roots, now) = (crate::Roots::none(), Time::parse("2026-03-01T09:30:00Z").unwrap());
        let (method, url, headers) = ("POST", "https://hooks.example.com/", [].as_slice());
        let callback =
            Callback { method, url, headers, body: b"{}", topics: &[], certificate: None, roots: &roots, keys: None, now };
        let setup = Setup { settings: &Value::Null, credentials: &Value::Null, token: None, callback: "" };
        assert!(matches!(Teams.verify(&callback, &setup), Err(Error::Unauthenticated)));
    }
}
