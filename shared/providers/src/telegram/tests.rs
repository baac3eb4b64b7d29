//! The request of each kind of content, word for word, and what updates say.

use kernel::{Error, Result, Time};
use serde_json::{Value, json};

use super::Telegram;
use crate::{
    Button, Call, Callback, Content, Direct, FileSource, HttpCall, HttpReply, Inbound, Location, Login, Media, MediaKind,
    Method, Outgoing, Piece, Provider, Receiving, Registered, Registration, Reply, Roots, Sending, Setup, Verified, Wish,
};

fn credentials() -> Value {
    json!({"bot_token": "123456:token", "secret_token": "word"})
}

fn setup(credentials: &Value) -> Setup<'_> {
    Setup { settings: &Value::Null, credentials, token: None, callback: "" }
}

fn call(direct: Direct) -> Result<HttpCall> {
    let message = Outgoing {
        id: "0190".to_owned(),
        tag: "tag".to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z")?,
        entropy: [0; 48],
        content: Content::Direct(Box::new(direct)),
    };
    match Telegram.call(&message, &setup(&credentials()))? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

/// Method and parameters.
fn said(direct: Direct) -> (String, Value) {
    let call = call(direct).unwrap();
    assert_eq!((call.method, &call.headers[0].1[..]), (Method::Post, "application/json"));
    assert!(matches!(call.login, Login::None));
    let method = call.url.reveal().strip_prefix("https://api.telegram.org/bot123456:token/").unwrap().to_owned();
    (method, serde_json::from_slice(&call.body.whole().unwrap()).unwrap())
}

fn refused_at(direct: Direct) -> String {
    let Err(Error::Invalid(faults)) = call(direct) else { unreachable!("it was taken") };
    faults[0].pointer.clone()
}

fn text(text: &str) -> Direct {
    Direct { to: "700000001".to_owned(), text: Some(text.to_owned()), ..Direct::default() }
}

fn file(kind: MediaKind, media_type: &str) -> Media {
    let (url, name) = ("https://files.example.com/a".to_owned(), "a.pdf".to_owned());
    Media { kind, media_type: media_type.to_owned(), url, bytes: 9, stored: "s".to_owned(), name }
}

fn place(name: Option<&str>, address: Option<&str>) -> Direct {
    let (name, address) = (name.map(str::to_owned), address.map(str::to_owned));
    Direct { text: None, location: Some(Location { latitude: 52.5, longitude: 13.4, name, address }), ..text("") }
}

#[test]
fn texts_go_with_buttons_and_what_they_answer() {
    let buttons = vec![
        Button::Reply { title: "Confirm".to_owned(), id: "a".to_owned() },
        Button::Link { title: "Look".to_owned(), url: "https://shop.example/a".to_owned() },
    ];
    let (method, fields) = said(Direct { buttons, answers: Some("700000001:41".to_owned()), ..text("Sure? <b>") });
    assert_eq!(method, "sendMessage");
    assert_eq!(
        fields,
        json!({"chat_id": 700_000_001, "text": "Sure? <b>",
            "reply_markup": {"inline_keyboard": [
                [{"text": "Confirm", "callback_data": "a"}], [{"text": "Look", "url": "https://shop.example/a"}]]},
            "reply_parameters": {"message_id": 41, "chat_id": 700_000_001, "allow_sending_without_reply": true}})
    );
    assert_eq!(said(Direct { to: "@corner_shop".to_owned(), ..text("Hello") }).1["chat_id"], "@corner_shop");
    assert_eq!(said(Direct { to: "-1001900000001".to_owned(), ..text("Hello") }).1["chat_id"], json!(-1_001_900_000_001_i64));
}

#[test]
fn an_answer_goes_even_when_nobody_knows_to_what() {
    let answering = |answers: &str| said(Direct { answers: Some(answers.to_owned()), ..text("Hello") }).1;
    assert_eq!(answering("700000001:41:1772357520")["reply_parameters"]["message_id"], 41);
    for unknown in ["", "41", "a:b", "7:"] {
        assert_eq!(answering(unknown), json!({"chat_id": 700_000_001, "text": "Hello"}), "{unknown}");
    }
}

#[test]
fn files_go_by_link_or_are_uploaded() {
    for (kind, media_type, method, name) in [
        (MediaKind::Image, "image/png", "sendPhoto", "photo"),
        (MediaKind::Image, "image/gif", "sendAnimation", "animation"),
        (MediaKind::Video, "video/mp4", "sendVideo", "video"),
        (MediaKind::Audio, "audio/mpeg", "sendAudio", "audio"),
        (MediaKind::Audio, "audio/ogg", "sendVoice", "voice"),
    ] {
        let expected = json!({"chat_id": 700_000_001, (name): "https://files.example.com/a", "caption": "look"});
        let found = said(Direct { media: vec![file(kind, media_type)], ..text("look") });
        assert_eq!(found, (method.to_owned(), expected));
    }
    let buttons = vec![Button::Reply { title: "Paid".to_owned(), id: "a".to_owned() }];
    let call = call(Direct { buttons, media: vec![file(MediaKind::File, "application/pdf")], ..text("receipt") }).unwrap();
    assert!(call.url.reveal().ends_with("/sendDocument"));
    assert!(call.headers[0].1.starts_with("multipart/form-data; boundary="));
    let [Piece::Bytes(before), Piece::Stored { key, bytes: 9 }, Piece::Bytes(_)] = call.body.0.as_slice() else {
        unreachable!("{call:?}")
    };
    assert_eq!(key, "s");
    let before = String::from_utf8_lossy(before);
    for part in [
        "name=\"chat_id\"\r\n\r\n700000001\r\n",
        "name=\"caption\"\r\n\r\nreceipt\r\n",
        "name=\"reply_markup\"\r\n\r\n{\"inline_keyboard\":[[{\"",
        "name=\"document\"; filename=\"a.pdf\"\r\ncontent-type: application/pdf\r\n\r\n",
    ] {
        assert!(before.contains(part), "{part} in {before}");
    }
}

#[test]
fn places_are_points_or_venues() {
    let point = json!({"chat_id": 700_000_001, "latitude": 52.5, "longitude": 13.4});
    assert_eq!(said(place(None, None)), ("sendLocation".to_owned(), point.clone()));
    for (name, address, expected) in [
        (Some("Shop"), Some("1 Example Street"), ("Shop", "1 Example Street")),
        (Some("Shop"), None, ("Shop", "52.5, 13.4")),
        (None, Some("1 Example Street"), ("1 Example Street", "52.5, 13.4")),
    ] {
        let (method, fields) = said(place(name, address));
        assert_eq!(method, "sendVenue");
        assert_eq!((&fields["title"], &fields["address"]), (&json!(expected.0), &json!(expected.1)));
        assert_eq!(fields["latitude"], point["latitude"]);
    }
}

#[test]
fn what_telegram_cannot_carry_is_refused_where_it_stands() {
    let photo = || file(MediaKind::Image, "image/png");
    assert_eq!(refused_at(Direct { text: None, ..text("") }), "/content/text");
    assert_eq!(refused_at(Direct { media: vec![photo(), photo()], ..text("a") }), "/media/1");
    assert_eq!(refused_at(Direct { text: Some("a".to_owned()), ..place(None, None) }), "/content/text");
    assert_eq!(refused_at(Direct { media: vec![photo()], ..place(None, None) }), "/media/0");
    assert_eq!(refused_at(Direct { template: Some(crate::ProviderTemplate::default()), ..text("a") }), "/template");
    for to in ["0", "", "@", "ada", "1/../2", "@a/b", "9999999999999999999999"] {
        assert_eq!(refused_at(Direct { to: to.to_owned(), ..text("a") }), "/to", "{to}");
    }
}

#[test]
fn a_token_leads_to_no_other_address() {
    for token in ["", "123456", "x:token", "123456:", "1:a/../b", "1:a?b", "1:a b", "1:a#", "@evil.example:1"] {
        assert!(Telegram.check(&Value::Null, &json!({ "bot_token": token })).is_err(), "{token}");
    }
    for word in ["", "two words", "a:b"] {
        assert!(Telegram.check(&Value::Null, &json!({"bot_token": "1:a", "secret_token": word})).is_err(), "{word}");
    }
    Telegram.check(&Value::Null, &json!({"bot_token": "1:a"})).unwrap();
}

#[test]
fn files_are_fetched_from_telegram_alone() {
    let credentials = credentials();
    let address =
        |source: FileSource| Telegram.file(&source, &setup(&credentials)).unwrap().map(|call| call.url.reveal().to_owned());
    let id = address(FileSource::Id("AgAC-1_x".to_owned()));
    assert_eq!(id.unwrap(), "https://api.telegram.org/bot123456:token/getFile?file_id=AgAC-1_x");
    let bytes = address(FileSource::Url("https://api.telegram.org/file/photos/file_1.jpg".to_owned()));
    assert_eq!(bytes.unwrap(), "https://api.telegram.org/file/bot123456:token/photos/file_1.jpg");
    assert_eq!(address(FileSource::Id("a&b=c".to_owned())), None);
    for other in [
        "https://evil.example/file/a",
        "https://api.telegram.org/file/../a",
        "https://api.telegram.org/file/a//b",
        "https://api.telegram.org/file/a?b",
        "https://api.telegram.org/file/",
    ] {
        assert_eq!(address(FileSource::Url(other.to_owned())), None, "{other}");
    }
}

#[test]
fn the_place_of_a_file_is_read_from_the_answer_to_its_id() {
    let reply = |status: u16, body: &str| {
        let at = Time::parse("2026-03-01T10:00:00Z").unwrap();
        Telegram.file_place(&crate::HttpReply { status, headers: Vec::new(), body: body.as_bytes().to_vec(), at })
    };
    let place = reply(200, r#"{"ok":true,"result":{"file_path":"photos/file_1.jpg"}}"#);
    assert!(place == Ok(FileSource::Url("https://api.telegram.org/file/photos/file_1.jpg".to_owned())));
    assert!(reply(400, r#"{"ok":false,"description":"file is too big"}"#).is_err_and(|why| why.contains("too big")));
}

fn posted<T>(word: &str, body: &[u8], read: impl FnOnce(Result<Verified>) -> T) -> T {
    let now = Time::parse("2026-03-01T10:00:00Z").unwrap();
    let (roots, headers) = (Roots::none(), [("x-telegram-bot-api-secret-token".to_owned(), word.to_owned())]);
    let (method, url) = ("POST", "https://hooks.example.com/");
    let callback =
        Callback { method, url, headers: &headers, body, topics: &[], certificate: None, roots: &roots, keys: None, now };
    read(Telegram.verify(&callback, &setup(&credentials())))
}

fn sample(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../events/providers/telegram/{file}.json", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn brought(file: &str) -> Inbound {
    let found = posted("word", &sample(file), |verified| Telegram.inbound(&verified.unwrap(), &setup(&Value::Null)));
    found.into_iter().next().unwrap()
}

#[test]
fn only_the_word_is_believed() {
    assert!(posted("word", b"{}", |verified| verified.is_ok()));
    for wrong in ["", "ward", "word ", "WORD"] {
        assert!(posted(wrong, b"{}", |verified| matches!(verified, Err(Error::Unauthenticated))), "{wrong}");
    }
}

#[test]
fn messages_and_changes_are_read() {
    let text = brought("text");
    assert_eq!((&text.id[..], &text.from[..], &text.thread), ("700000001:41", "700000001", &None));
    assert_eq!((text.name.as_deref(), text.text.as_deref()), (Some("Ada Private"), Some("Is the shop open on Sunday?")));
    assert_eq!(text.at, Time::parse("2026-03-01T09:30:00Z").unwrap());
    assert_eq!(brought("reply").answers.as_deref(), Some("700000001:40"));
    let edited = brought("edited");
    assert_eq!((&edited.id[..], edited.answers.as_deref()), ("700000001:41:1772357520", Some("700000001:41")));
    assert_eq!(edited.text.as_deref(), Some("Is the shop open on Monday?"));
    let group = brought("group");
    assert_eq!((&group.from[..], group.thread.as_deref(), group.wish), ("700000001", Some("-1001900000001"), None));
    let contact = brought("contact");
    assert_eq!(contact.text.as_deref(), Some("Grace Example +14155550123"));
    let place = brought("location").location.unwrap();
    assert_eq!((place.name.as_deref(), place.address.as_deref()), (Some("Corner Shop"), Some("1 Example Street")));
}

#[test]
fn files_are_named_by_their_ids() {
    for (sample, id, media_type) in [
        ("photo", "AgACAgQAAxkBAAIBLarge", "image/jpeg"),
        ("document", "BQACAgQAAxkBAAIBDoc", "application/pdf"),
        ("animation", "CgACAgQAAxkBAAIBAnim", "video/mp4"),
        ("voice", "AwACAgQAAxkBAAIBVoice", "audio/ogg"),
    ] {
        let found = brought(sample).files;
        assert_eq!(found.len(), 1, "{sample}");
        assert!(found[0].source == FileSource::Id(id.to_owned()), "{sample}");
        assert_eq!(found[0].media_type.as_deref(), Some(media_type));
    }
}

#[test]
fn buttons_reactions_and_blocks_are_read() {
    let button = brought("button");
    assert_eq!((button.button.as_deref(), button.text.as_deref()), (Some("confirm:42"), Some("Yes, confirm")));
    assert_eq!((button.answers.as_deref(), button.wish), (Some("700000001:51"), None));
    let old = brought("button-old");
    assert_eq!((old.button.as_deref(), old.text), (Some("confirm:7"), None));
    let reaction = brought("reaction");
    assert_eq!((reaction.text.as_deref(), reaction.answers.as_deref()), (Some("👍"), Some("700000001:51")));
    assert_eq!(brought("blocked").wish, Some(Wish::Stop));
    assert_eq!(brought("unblocked").wish, Some(Wish::Start));
    assert_eq!(brought("stop").wish, Some(Wish::Stop));
    let start = brought("start");
    assert_eq!((start.wish, start.button.as_deref()), (Some(Wish::Start), Some("spring-offer")));
}

#[test]
fn a_pressed_button_stops_waiting() {
    let answer = |file: &str| posted("word", &sample(file), |verified| Telegram.answer(&verified.unwrap()));
    let pressed = answer("button");
    let body: Value = serde_json::from_str(&pressed.body).unwrap();
    assert_eq!(pressed.media_type, "application/json");
    assert_eq!(body, json!({"method": "answerCallbackQuery", "callback_query_id": "3006477100000000001"}));
    assert_eq!(answer("text"), crate::Answer::done());
}

#[test]
fn a_bot_is_told_where_to_call_and_by_which_word() {
    let known = credentials();
    let here = "https://shop.example/hooks/telegram/route";
    let setup = Setup { callback: here, ..setup(&known) };
    let Some(Registration { tell: Call::Http(tell), look: Call::Http(look) }) = Telegram.registration(&setup).unwrap() else {
        unreachable!("it is told by web requests")
    };
    assert_eq!(tell.url.reveal(), "https://api.telegram.org/bot123456:token/setWebhook");
    let kinds = json!(["message", "edited_message", "callback_query", "message_reaction", "my_chat_member"]);
    let said: Value = serde_json::from_slice(&tell.body.whole().unwrap()).unwrap();
    assert_eq!(said, json!({"url": here, "secret_token": "word", "allowed_updates": kinds}));
    assert_eq!(look.url.reveal(), "https://api.telegram.org/bot123456:token/getWebhookInfo");

    // Nobody would be believed, and nobody can come there.
    let wordless = json!({"bot_token": "123456:token"});
    assert!(Telegram.registration(&Setup { credentials: &wordless, ..setup }).unwrap().is_none());
    assert!(
        Telegram.registration(&Setup { callback: "http://127.0.0.1:8080/hooks/telegram/route", ..setup }).unwrap().is_none()
    );

    let answer = |status: u16, body: &Value| {
        let body = body.to_string().into_bytes();
        Reply::Answered(HttpReply { status, headers: Vec::new(), body, at: Time::from_millis(0) })
    };
    let info = |more: Value| {
        let mut body = json!({"ok": true, "result": {"url": here, "has_custom_certificate": false, "pending_update_count": 3}});
        for (name, value) in more.as_object().unwrap() {
            body["result"][name] = value.clone();
        }
        Telegram.registered(&answer(200, &body), &setup)
    };
    assert_eq!(info(json!({})), Ok(Registered { here: true, note: None }));
    assert_eq!(info(json!({"url": ""})), Ok(Registered { here: false, note: None }));
    let failed = json!({"last_error_date": 1_772_357_400, "last_error_message": "Wrong response from the webhook: 401"});
    let note = "its last call failed at 2026-03-01T09:30:00.000Z: Wrong response from the webhook: 401".to_owned();
    assert_eq!(info(failed), Ok(Registered { here: true, note: Some(note) }));
    let unknown =
        Telegram.registered(&answer(401, &json!({"ok": false, "error_code": 401, "description": "Unauthorized"})), &setup);
    assert_eq!(unknown.unwrap_err().reason(), "401 Unauthorized");
}
