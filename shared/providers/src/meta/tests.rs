//! The requests of each kind of content, word for word, and who is believed.

use kernel::{Error, Result, Time};
use serde_json::{Value, json};

use super::instagram::Instagram;
use super::messenger::Messenger;
use super::whatsapp::Whatsapp;
use crate::{
    Button, ButtonParameter, Call, Callback, Content, Direct, FileSource, HttpCall, Location, Login, Media, MediaKind,
    Outgoing, Parameter, Provider, ProviderTemplate, Receiving, Roots, Sending, Setup,
};

fn credentials() -> Value {
    json!({"access_token": "token", "app_secret": "TEST_APP_SECRET", "verify_token": "word"})
}

fn settings(provider: &dyn Sending) -> Value {
    match provider.id() {
        "whatsapp" => json!({"phone_number_id": "1065"}),
        "messenger" => json!({"page_id": "1118"}),
        _ => json!({"instagram_id": "1784"}),
    }
}

fn call_with(provider: &dyn Sending, settings: &Value, direct: Direct) -> Result<HttpCall> {
    let message = Outgoing {
        id: "0190".to_owned(),
        tag: "tag".to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z")?,
        entropy: [0; 48],
        content: Content::Direct(Box::new(direct)),
    };
    let credentials = credentials();
    match provider.call(&message, &Setup { settings, credentials: &credentials, token: None, callback: "" })? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn said(provider: &dyn Sending, direct: Direct) -> Value {
    let call = call_with(provider, &settings(provider), direct).unwrap();
    serde_json::from_slice(&call.body.whole().unwrap()).unwrap()
}

fn refused_at(provider: &dyn Sending, direct: Direct) -> String {
    let Err(Error::Invalid(faults)) = call_with(provider, &settings(provider), direct) else { unreachable!("it was taken") };
    faults[0].pointer.clone()
}

fn text(text: &str) -> Direct {
    Direct { to: "+14155550123".to_owned(), text: Some(text.to_owned()), ..Direct::default() }
}

fn file(kind: MediaKind) -> Media {
    let (url, name) = ("https://files.example.com/a".to_owned(), "a.pdf".to_owned());
    Media { kind, media_type: "application/pdf".to_owned(), url, bytes: 9, stored: "s".to_owned(), name }
}

fn reply(id: &str) -> Button {
    Button::Reply { title: "Confirm".to_owned(), id: id.to_owned() }
}

fn link() -> Button {
    Button::Link { title: "Look".to_owned(), url: "https://shop.example/a".to_owned() }
}

#[test]
fn requests_go_where_the_account_says() {
    let to = |provider: &dyn Sending, settings: Value| {
        let call = call_with(provider, &settings, text("Hello")).unwrap();
        assert!(matches!(call.login, Login::Bearer(token) if token.reveal() == "token"));
        assert_eq!(call.headers, [("content-type", "application/json".to_owned())]);
        call.url.reveal().to_owned()
    };
    assert_eq!(
        to(&Whatsapp, json!({"phone_number_id": "1065", "version": "v24.0"})),
        "https://graph.facebook.com/v24.0/1065/messages"
    );
    assert_eq!(to(&Messenger, json!({"page_id": "1118"})), "https://graph.facebook.com/v23.0/1118/messages");
    assert_eq!(to(&Instagram, json!({"instagram_id": "1784"})), "https://graph.instagram.com/v23.0/1784/messages");
    assert_eq!(
        to(&Instagram, json!({"instagram_id": "1784", "page_id": "1118"})),
        "https://graph.facebook.com/v23.0/1118/messages"
    );
    for evil in ["1/../2", "1?a", "", "1#", "me"] {
        assert!(Whatsapp.check(&json!({ "phone_number_id": evil }), &credentials()).is_err(), "{evil}");
        assert!(Messenger.check(&json!({"page_id": "1", "version": evil}), &credentials()).is_err(), "{evil}");
    }
}

#[test]
fn whatsapp_carries_text_files_places_and_buttons() {
    assert_eq!(
        said(&Whatsapp, Direct { answers: Some("wamid.A".to_owned()), ..text("Hello") }),
        json!({"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+14155550123", "type": "text",
            "text": {"body": "Hello"}, "context": {"message_id": "wamid.A"}, "biz_opaque_callback_data": "tag"})
    );
    let document = said(&Whatsapp, Direct { media: vec![file(MediaKind::File)], ..text("receipt") });
    let expected = json!({"link": "https://files.example.com/a", "filename": "a.pdf", "caption": "receipt"});
    assert_eq!((&document["type"], &document["document"]), (&json!("document"), &expected));
    let place = Location { latitude: 52.5, longitude: 13.4, name: Some("Shop".to_owned()), address: None };
    let place = said(&Whatsapp, Direct { text: None, location: Some(place), ..text("") });
    assert_eq!(place["location"], json!({"latitude": 52.5, "longitude": 13.4, "name": "Shop"}));
    let buttons =
        said(&Whatsapp, Direct { buttons: vec![reply("a"), reply("b")], media: vec![file(MediaKind::Image)], ..text("Sure?") });
    assert_eq!(
        buttons["interactive"],
        json!({"type": "button", "header": {"type": "image", "image": {"link": "https://files.example.com/a"}},
            "body": {"text": "Sure?"}, "action": {"buttons": [
                {"type": "reply", "reply": {"id": "a", "title": "Confirm"}},
                {"type": "reply", "reply": {"id": "b", "title": "Confirm"}}]}})
    );
    let page = said(&Whatsapp, Direct { buttons: vec![link()], ..text("See") });
    assert_eq!(
        page["interactive"],
        json!({"type": "cta_url", "body": {"text": "See"}, "action": {"name": "cta_url",
            "parameters": {"display_text": "Look", "url": "https://shop.example/a"}}})
    );
}

#[test]
fn whatsapp_fills_templates() {
    let value = |name: Option<&str>, value: &str| Parameter { name: name.map(str::to_owned), value: value.to_owned() };
    let template = ProviderTemplate {
        name: "order".to_owned(),
        language: Some("en_US".to_owned()),
        header: Vec::new(),
        body: vec![value(Some("first"), "Ada"), value(None, "42")],
        buttons: vec![
            ButtonParameter { index: 0, link: true, value: "42".to_owned() },
            ButtonParameter { index: 1, link: false, value: "confirm".to_owned() },
        ],
    };
    let direct = Direct { text: None, media: vec![file(MediaKind::Video)], template: Some(template.clone()), ..text("") };
    assert_eq!(
        said(&Whatsapp, direct.clone())["template"],
        json!({"name": "order", "language": {"code": "en_US"}, "components": [
            {"type": "header", "parameters": [{"type": "video", "video": {"link": "https://files.example.com/a"}}]},
            {"type": "body", "parameters": [
                {"type": "text", "parameter_name": "first", "text": "Ada"}, {"type": "text", "text": "42"}]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "42"}]},
            {"type": "button", "sub_type": "quick_reply", "index": "1", "parameters": [{"type": "payload", "payload": "confirm"}]},
        ]})
    );
    let heading = ProviderTemplate { header: vec![value(None, "x")], ..template.clone() };
    assert_eq!(refused_at(&Whatsapp, Direct { template: Some(heading), ..direct.clone() }), "/media/0");
    let mute = ProviderTemplate { language: None, ..template };
    assert_eq!(refused_at(&Whatsapp, Direct { template: Some(mute), ..direct }), "/template/language");
}

#[test]
fn what_the_provider_cannot_carry_is_refused_where_it_stands() {
    assert_eq!(refused_at(&Whatsapp, Direct { text: None, ..text("") }), "/content/text");
    assert_eq!(refused_at(&Whatsapp, Direct { media: vec![file(MediaKind::Audio)], ..text("a") }), "/content/text");
    assert_eq!(refused_at(&Whatsapp, Direct { buttons: vec![reply("a"), link()], ..text("a") }), "/buttons/1");
    assert_eq!(refused_at(&Whatsapp, Direct { buttons: vec![reply("a")], ..text(&"a".repeat(1025)) }), "/content/text");
    assert_eq!(refused_at(&Whatsapp, Direct { template: Some(ProviderTemplate::default()), ..text("a") }), "/content/text");
    assert_eq!(refused_at(&Messenger, Direct { media: vec![file(MediaKind::Image)], ..text("a") }), "/media/0");
    assert_eq!(refused_at(&Messenger, Direct { buttons: vec![link(), link(), link(), link()], ..text("a") }), "/buttons/3");
    assert_eq!(refused_at(&Messenger, Direct { buttons: vec![link()], ..text(&"a".repeat(641)) }), "/content/text");
    assert_eq!(refused_at(&Instagram, text(&"é".repeat(501))), "/content/text");
}

#[test]
fn messenger_carries_text_files_and_buttons() {
    assert_eq!(
        said(&Messenger, Direct { buttons: vec![reply("a")], ..text("Sure?") }),
        json!({"recipient": {"id": "+14155550123"}, "messaging_type": "RESPONSE", "message": {"text": "Sure?",
            "quick_replies": [{"content_type": "text", "title": "Confirm", "payload": "a"}], "metadata": "tag"}})
    );
    let picture = said(&Messenger, Direct { text: None, media: vec![file(MediaKind::Image)], ..text("") });
    let expected = json!({"type": "image", "payload": {"url": "https://files.example.com/a", "is_reusable": false}});
    assert_eq!(picture["message"]["attachment"], expected);
    let page = said(&Messenger, Direct { buttons: vec![link(), reply("a")], ..text("See") });
    assert_eq!(
        page["message"]["attachment"]["payload"],
        json!({"template_type": "button", "text": "See", "buttons": [
            {"type": "web_url", "title": "Look", "url": "https://shop.example/a"},
            {"type": "postback", "title": "Confirm", "payload": "a"}]})
    );
    let human = call_with(&Messenger, &json!({"page_id": "1118", "human_agent": true}), text("Hello")).unwrap();
    let human: Value = serde_json::from_slice(&human.body.whole().unwrap()).unwrap();
    assert_eq!((&human["messaging_type"], &human["tag"]), (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT")));
    let hours = |human: bool| Messenger.window_hours(&json!({"page_id": "1118", "human_agent": human}));
    assert_eq!((hours(false), hours(true)), (Some(24), Some(7 * 24)));
}

fn callback<'a>(method: &'a str, url: &'a str, headers: &'a [(String, String)], roots: &'a Roots) -> Callback<'a> {
    let now = Time::parse("2026-03-01T09:30:00Z").unwrap();
    Callback { method, url, headers, body: b"test", topics: &[], certificate: None, roots, keys: None, now }
}

/// The signature is a published one, of Meta's own library for WhatsApp.
#[test]
fn a_published_signature_is_believed() {
    let (roots, credentials) = (Roots::none(), credentials());
    let setup = Setup { settings: &settings(&Whatsapp), credentials: &credentials, token: None, callback: "" };
    let code = "sha256=0c61947b610d4f45e65f3d680e26027121ec2413e77598bcb6cfc6e0d9888221";
    let believed = |code: &str| {
        let headers = [("x-hub-signature-256".to_owned(), code.to_owned())];
        Whatsapp.verify(&callback("POST", "https://hooks.example.com/", &headers, &roots), &setup).is_ok()
    };
    assert!(believed(code));
    assert!(!believed(&code.replace("sha256=", "sha1=")));
    assert!(!believed(&code.replace("0c61", "0c62")));
}

#[test]
fn a_subscription_is_answered_to_whoever_knows_the_word() {
    let (roots, credentials) = (Roots::none(), credentials());
    let setup = Setup { settings: &settings(&Messenger), credentials: &credentials, token: None, callback: "" };
    let asked = |method: &str, query: &str| {
        let url = format!("https://hooks.example.com/hooks/messenger/r?{query}");
        Messenger.handshake(&callback(method, &url, &[], &roots), &setup)
    };
    let answer = asked("GET", "hub.mode=subscribe&hub.verify_token=word&hub.challenge=1158201444").unwrap().unwrap();
    assert_eq!((answer.status, answer.media_type, answer.body.as_str()), (200, "text/plain", "1158201444"));
    for wrong in ["hub.verify_token=ward&hub.challenge=1", "hub.challenge=1", "hub.verify_token=word", "hub.verify_token="] {
        assert!(asked("GET", &format!("hub.mode=subscribe&{wrong}")).is_err(), "{wrong}");
    }
    assert!(asked("GET", "hub.mode=subscribe&hub.verify_token=word&hub.challenge=%3Cscript%3E").is_err());
    assert_eq!(asked("POST", "hub.mode=subscribe&hub.verify_token=word&hub.challenge=1").unwrap(), None);
    assert_eq!(asked("GET", "").unwrap(), None);
    let mute = json!({"access_token": "token"});
    let url = "https://hooks.example.com/?hub.mode=subscribe&hub.verify_token=&hub.challenge=1";
    assert!(Messenger.handshake(&callback("GET", url, &[], &roots), &Setup { credentials: &mute, ..setup }).is_err());
}

#[test]
fn the_token_goes_to_the_hosts_of_the_provider_alone() {
    let credentials = credentials();
    let setup = Setup { settings: &settings(&Whatsapp), credentials: &credentials, token: None, callback: "" };
    let address = |source: FileSource| Whatsapp.file(&source, &setup).unwrap().map(|call| call.url.reveal().to_owned());
    assert_eq!(address(FileSource::Id("12".to_owned())).unwrap(), "https://graph.facebook.com/v23.0/12");
    assert_eq!(address(FileSource::Id("../1".to_owned())), None);
    assert!(address(FileSource::Url("https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=1".to_owned())).is_some());
    for other in [
        "https://evil.example/lookaside.fbsbx.com",
        "http://lookaside.fbsbx.com/",
        "https://lookaside.fbsbx.com.evil.example/",
        "https://lookaside.fbsbx.com@evil.example/",
        "https://lookaside.fbsbx.com:8443/",
    ] {
        assert_eq!(address(FileSource::Url(other.to_owned())), None, "{other}");
    }
}
