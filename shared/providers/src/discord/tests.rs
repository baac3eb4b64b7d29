//! The requests of bots and webhooks, word for word, and who is believed.

use kernel::{Error, Result, Time};
use serde_json::{Value, json};

use super::bot::Discord;
use super::webhook::DiscordWebhook;
use crate::{
    Answer, Button, Call, Callback, Content, Direct, FileSource, HttpCall, Inbound, Location, Login, Media, MediaKind, Method,
    Outgoing, Piece, Provider, Receiving, Roots, Sending, Setup, Verdict, Verified, Wish,
};

const KEY: &str = "5f61f3a461b94c39e6c43f1ed479fc559444b8c77568a727650365c28134d14e";

fn account(provider: &dyn Sending) -> (Value, Value) {
    match provider.id() {
        "discord" => (json!({"application_id": "2", "public_key": KEY}), json!({"bot_token": "token"})),
        _ => (json!({}), json!({"rooms": {"900": "https://discord.com/api/webhooks/13/tok-en_"}})),
    }
}

fn call(provider: &dyn Sending, direct: Direct) -> Result<HttpCall> {
    let message = Outgoing {
        id: "0190".to_owned(),
        tag: "tag".to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z")?,
        entropy: [0; 48],
        content: Content::Direct(Box::new(direct)),
    };
    let (settings, credentials) = account(provider);
    match provider.call(&message, &Setup { settings: &settings, credentials: &credentials, token: None, callback: "" })? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn said(provider: &dyn Sending, direct: Direct) -> Value {
    serde_json::from_slice(&call(provider, direct).unwrap().body.whole().unwrap()).unwrap()
}

fn refused_at(provider: &dyn Sending, direct: Direct) -> String {
    let Err(Error::Invalid(faults)) = call(provider, direct) else { unreachable!("it was taken") };
    faults[0].pointer.clone()
}

fn text(text: &str) -> Direct {
    Direct { to: "900".to_owned(), text: Some(text.to_owned()), ..Direct::default() }
}

fn file(bytes: u64) -> Media {
    let (url, name, media_type) = (String::new(), "a.png".to_owned(), "image/png".to_owned());
    Media { kind: MediaKind::Image, media_type, url, bytes, stored: "s".to_owned(), name }
}

fn reply(id: &str) -> Button {
    Button::Reply { title: "Confirm".to_owned(), id: id.to_owned() }
}

fn link() -> Button {
    Button::Link { title: "Look".to_owned(), url: "https://shop.example/a".to_owned() }
}

#[test]
fn a_bot_writes_into_channels() {
    let call = call(&Discord, Direct { answers: Some("77".to_owned()), ..text("Hello @everyone") }).unwrap();
    assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://discord.com/api/v10/channels/900/messages"));
    assert!(matches!(&call.login, Login::Authorization(value) if value.reveal() == "Bot token"));
    assert!(call.headers[0].1.starts_with("DiscordBot ("));
    let mut body: Value = serde_json::from_slice(&call.body.whole().unwrap()).unwrap();
    let nonce = body["nonce"].take();
    assert_eq!(nonce.as_str().unwrap().len(), 24);
    assert_eq!(
        body,
        json!({"content": "Hello @everyone", "nonce": null, "enforce_nonce": true, "allowed_mentions": {"parse": []},
            "message_reference": {"message_id": "77", "fail_if_not_exists": false}})
    );
    assert_eq!(said(&Discord, text("Hello"))["nonce"], nonce, "the same message has the same nonce");
}

#[test]
fn buttons_stand_in_rows_of_five() {
    let ids = ["a", "b", "c", "d", "e"];
    let buttons = ids.into_iter().map(reply).chain([link()]).collect();
    let rows = said(&Discord, Direct { buttons, ..text("Sure?") })["components"].take();
    assert_eq!(rows[0]["components"].as_array().unwrap().len(), 5);
    assert_eq!(rows[0]["components"][0], json!({"type": 2, "style": 2, "label": "Confirm", "custom_id": "a"}));
    let expected =
        json!({"type": 1, "components": [{"type": 2, "style": 5, "label": "Look", "url": "https://shop.example/a"}]});
    assert_eq!(rows[1], expected);
    assert_eq!(rows.as_array().unwrap().len(), 2);
}

#[test]
fn files_are_uploaded_beside_the_content() {
    let call = call(&Discord, Direct { media: vec![file(9), file(8)], ..text("look") }).unwrap();
    let (_, media_type) = call.headers.iter().find(|(name, _)| *name == "content-type").unwrap();
    assert!(media_type.starts_with("multipart/form-data; boundary="));
    let [Piece::Bytes(before), Piece::Stored { bytes: 9, .. }, Piece::Bytes(between), Piece::Stored { bytes: 8, .. }, _] =
        call.body.0.as_slice()
    else {
        unreachable!("{call:?}")
    };
    let before = String::from_utf8_lossy(before);
    let payload = before.split("\r\n\r\n").nth(1).and_then(|rest| rest.lines().next()).unwrap();
    let payload: Value = serde_json::from_str(payload).unwrap();
    assert_eq!(payload["attachments"], json!([{"id": 0, "filename": "a.png"}, {"id": 1, "filename": "a.png"}]));
    assert_eq!(payload["content"], "look");
    assert!(before.contains("name=\"payload_json\"\r\ncontent-type: application/json\r\n"), "{before}");
    assert!(before.contains("name=\"files[0]\"; filename=\"a.png\"\r\n"), "{before}");
    assert!(String::from_utf8_lossy(between).contains("name=\"files[1]\""));
}

#[test]
fn a_webhook_writes_into_its_own_channel() {
    let plain = call(&DiscordWebhook, text("Hello")).unwrap();
    assert_eq!(plain.url.reveal(), "https://discord.com/api/v10/webhooks/13/tok-en_?wait=true");
    assert!(matches!(plain.login, Login::None));
    assert_eq!(said(&DiscordWebhook, text("Hello")), json!({"content": "Hello", "allowed_mentions": {"parse": []}}));
    let linked = call(&DiscordWebhook, Direct { buttons: vec![link()], ..text("See") }).unwrap();
    assert!(linked.url.reveal().ends_with("?wait=true&with_components=true"));
    assert_eq!(refused_at(&DiscordWebhook, Direct { buttons: vec![link(), reply("a")], ..text("a") }), "/buttons/1");
    assert_eq!(refused_at(&DiscordWebhook, Direct { to: "901".to_owned(), ..text("a") }), "/to");
}

#[test]
fn what_discord_cannot_carry_is_refused_where_it_stands() {
    assert_eq!(refused_at(&Discord, Direct { text: None, ..text("") }), "/content/text");
    let place = Location { latitude: 52.5, longitude: 13.4, name: None, address: None };
    assert_eq!(refused_at(&Discord, Direct { location: Some(place), ..text("a") }), "/location");
    assert_eq!(refused_at(&Discord, Direct { template: Some(crate::ProviderTemplate::default()), ..text("a") }), "/template");
    assert_eq!(refused_at(&Discord, Direct { buttons: vec![reply("a"), reply("a")], ..text("a") }), "/buttons/1/reply/id");
    let large = vec![file(10 << 20), file(10 << 20), file(10 << 20)];
    assert_eq!(refused_at(&Discord, Direct { media: large, ..text("a") }), "/media/2");
    for to in ["", "a", "@me", "1/../2", "1?a"] {
        assert_eq!(refused_at(&Discord, Direct { to: to.to_owned(), ..text("a") }), "/to", "{to}");
    }
    assert_eq!(said(&Discord, Direct { answers: Some("x".to_owned()), ..text("a") }).get("message_reference"), None);
}

#[test]
fn webhooks_lead_to_discord_alone() {
    let check = |url: &str| DiscordWebhook.check(&json!({}), &json!({"rooms": {"900": url}})).is_ok();
    for fine in [
        "https://discord.com/api/webhooks/13/token",
        "https://discord.com/api/v10/webhooks/13/token",
        "https://canary.discord.com/api/webhooks/13/token?wait=true",
        "https://discordapp.com/api/webhooks/13/token",
    ] {
        assert!(check(fine), "{fine}");
    }
    for evil in [
        "",
        "http://discord.com/api/webhooks/13/token",
        "https://discord.com.evil.example/api/webhooks/13/token",
        "https://discord.com@evil.example/api/webhooks/13/token",
        "https://discord.com:8443/api/webhooks/13/token",
        "https://discord.com/api/webhooks/13/token/../../a",
        "https://discord.com/api/webhooks/13/a%2Fb",
        "https://discord.com/api/webhooks/x/token",
        "https://discord.com/api/webhooks/13/token/slack",
        "https://discord.com/api/webhooks/13/tok en",
    ] {
        assert!(!check(evil), "{evil}");
    }
    let named =
        |room: &str| DiscordWebhook.check(&json!({}), &json!({"rooms": {(room): "https://discord.com/api/webhooks/1/a"}}));
    assert!(named("900").is_ok() && named("general").is_err() && named("").is_err());
    assert!(DiscordWebhook.check(&json!({}), &json!({"rooms": {}})).is_err());
    assert!(DiscordWebhook.check(&json!({"username": ""}), &account(&DiscordWebhook).1).is_err());
}

#[test]
fn a_refusal_names_the_field_that_it_is_about() {
    let body = json!({"code": 50_035, "message": "Invalid Form Body", "errors": {"components": {"0": {"_errors":
        [{"code": "BASE_TYPE_BAD_LENGTH", "message": "Must be between 1 and 5 in length."}]}}}});
    let at = Time::parse("2026-03-01T09:30:00Z").unwrap();
    let body = body.to_string().into_bytes();
    let reply = crate::Reply::Answered(crate::HttpReply { status: 400, headers: Vec::new(), body, at });
    let reason = "400 50035: Invalid Form Body: /components/0 Must be between 1 and 5 in length.".to_owned();
    assert_eq!(Discord.verdict(&reply), Verdict::Rejected { reason });
}

/// The post, as the provider sees it, at that moment.
fn posted(settings: &Value, signature: &str, stamp: &str, body: &[u8], seconds: i64) -> Result<Verified> {
    let headers = [("x-signature-ed25519", signature), ("x-signature-timestamp", stamp)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (roots, now) = (Roots::none(), Time::from_millis(seconds * 1000));
    let callback = Callback {
        method: "POST",
        url: "https://hooks.example.com/",
        headers: &headers,
        body,
        topics: &[],
        certificate: None,
        roots: &roots,
        keys: None,
        now,
    };
    let credentials = json!({"bot_token": "token"});
    Discord.verify(&callback, &Setup { settings, credentials: &credentials, token: None, callback: "" })
}

#[test]
fn a_known_signature_is_believed_for_its_own_application_and_time() {
    let signature = "630e81cd994de7a2754c18aad72be29b8d236fce2c0932b651dcba574d80102a\
                     19eb32b7c458a3b177e46b7b11c7dee545a0ca85fb3082ee649cc96893faa40c";
    let body = br#"{"id":"1","application_id":"2","type":1,"token":"t","version":1}"#;
    let (settings, stamp, now) = (account(&Discord).0, "1768471200", 1_768_471_200);
    let verified = posted(&settings, signature, stamp, body, now).unwrap();
    assert_eq!(Discord.answer(&verified), Answer::with("application/json", r#"{"type":1}"#.to_owned()));
    let other = json!({"application_id": "3", "public_key": KEY});
    let zero = json!({"application_id": "2", "public_key": "0".repeat(64)});
    for (settings, signature, stamp, now) in [
        (&other, signature, stamp, now),
        (&zero, signature, stamp, now),
        (&settings, "", stamp, now),
        (&settings, "00", stamp, now),
        (&settings, &signature.replace("630e", "630f"), stamp, now),
        (&settings, signature, "1768471201", now),
        (&settings, signature, "", now),
        (&settings, signature, stamp, now + 901),
        (&settings, signature, stamp, now - 901),
    ] {
        let refused = posted(settings, signature, stamp, body, now);
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{settings} {signature} {stamp} {now}");
    }
}

/// What a genuine post of a sample brings, and how it is answered.
fn brought(file: &str) -> (Option<Inbound>, Answer) {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
    let path = format!("{}/../../events/providers/discord/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let body = std::fs::read(path).unwrap();
    let pair = Ed25519KeyPair::from_seed_unchecked(&[9; 32]).unwrap();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let settings = json!({"application_id": "1100000000000000001", "public_key": hex(pair.public_key().as_ref())});
    let (stamp, now) = ("1772359200", 1_772_359_200);
    let signature = hex(pair.sign(&[stamp.as_bytes(), &body].concat()).as_ref());
    let verified = posted(&settings, &signature, stamp, &body, now).unwrap();
    let setup = Setup { settings: &settings, credentials: &Value::Null, token: None, callback: "" };
    (Discord.inbound(&verified, &setup).into_iter().next(), Discord.answer(&verified))
}

#[test]
fn interactions_are_read_and_answered_at_once() {
    let (button, answer) = brought("button");
    let button = button.unwrap();
    assert_eq!((button.button.as_deref(), button.text.as_deref()), (Some("confirm:42"), Some("Yes, confirm")));
    assert_eq!((&button.from[..], button.thread.as_deref()), ("700000000000000001", Some("900000000000000001")));
    assert_eq!((button.name.as_deref(), button.answers.as_deref()), (Some("Ada Private"), Some("1477598773248000778")));
    assert!(
        button.at > Time::parse("2026-03-01T09:30:00Z").unwrap() && button.at < Time::parse("2026-03-01T09:45:00Z").unwrap()
    );
    assert_eq!(answer.body, r#"{"type":6}"#);
    let (command, answer) = brought("command");
    assert_eq!(command.unwrap().text.as_deref(), Some("/order status 42 true ring twice"));
    assert!(answer.body.contains("\"flags\":64"), "{answer:?}");
    let report = brought("command-file").0.unwrap();
    assert_eq!((report.text.as_deref(), report.thread.as_deref()), (Some("/report"), Some("900000000000000002")));
    let url = "https://cdn.discordapp.com/ephemeral-attachments/1/2/broken.png";
    assert!(report.files.len() == 1 && report.files[0].source == FileSource::Url(url.to_owned()));
    assert_eq!(brought("command-on-message").0.unwrap().answers.as_deref(), Some("1477598773248000777"));
    assert_eq!(brought("stop").0.unwrap().wish, Some(Wish::Stop));
    assert_eq!(brought("select").0.unwrap().text.as_deref(), Some("monday, friday"));
    let form = brought("form").0.unwrap();
    assert_eq!((form.button.as_deref(), form.text.as_deref()), (Some("feedback"), Some("Very good\nCome again")));
    assert_eq!(brought("completion").1.body, r#"{"data":{"choices":[]},"type":8}"#);
    for event in ["event", "event-ping"] {
        let expected = Answer { status: 204, media_type: "application/json", body: String::new() };
        assert!(brought(event) == (None, expected), "{event}");
    }
}
