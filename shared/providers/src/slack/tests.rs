//! The request of each kind of content, word for word, who is believed, and what posts say.

use aws_lc_rs::hmac;
use kernel::{Error, Result, Time};
use serde_json::{Value, json};

use super::Slack;
use crate::{
    Answer, Button, Call, Callback, Content, Direct, FileSource, HttpCall, Inbound, Location, Login, Media, MediaKind, Method,
    Outgoing, Provider, Receiving, Roots, Sending, Setup, Verified, Wish,
};

const SECRET: &str = "sample-signing-secret";

fn account() -> (Value, Value) {
    (json!({"team_id": "T0EXAMPLE1"}), json!({"bot_token": "xoxb-token", "signing_secret": SECRET}))
}

fn call(direct: Direct) -> Result<HttpCall> {
    let message = Outgoing {
        id: "0190".to_owned(),
        tag: "tag".to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z")?,
        entropy: [0; 48],
        content: Content::Direct(Box::new(direct)),
    };
    let (settings, credentials) = account();
    match Slack.call(&message, &Setup { settings: &settings, credentials: &credentials, token: None, callback: "" })? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn said(direct: Direct) -> Value {
    serde_json::from_slice(&call(direct).unwrap().body.whole().unwrap()).unwrap()
}

fn refused_at(direct: Direct) -> String {
    let Err(Error::Invalid(faults)) = call(direct) else { unreachable!("it was taken") };
    faults[0].pointer.clone()
}

fn text(text: &str) -> Direct {
    Direct { to: "C0EXAMPLE1".to_owned(), text: Some(text.to_owned()), ..Direct::default() }
}

fn file(kind: MediaKind) -> Media {
    let (url, name) = ("https://files.example.com/a".to_owned(), "a.png".to_owned());
    Media { kind, media_type: "image/png".to_owned(), url, bytes: 9, stored: "s".to_owned(), name }
}

fn reply() -> Button {
    Button::Reply { title: "Confirm".to_owned(), id: "confirm:42".to_owned() }
}

#[test]
fn a_text_calls_nobody_and_hides_no_link() {
    let call = call(text("Hello <!channel> & <https://evil.example|you>")).unwrap();
    assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://slack.com/api/chat.postMessage"));
    assert!(matches!(&call.login, Login::Bearer(token) if token.reveal() == "xoxb-token"));
    assert_eq!(call.headers, [("content-type", "application/json; charset=utf-8".to_owned())]);
    let body: Value = serde_json::from_slice(&call.body.whole().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({"channel": "C0EXAMPLE1", "text": "Hello &lt;!channel&gt; &amp; &lt;https://evil.example|you&gt;",
            "metadata": {"event_type": "switchboard_message", "event_payload": {"tag": "tag"}}})
    );
}

#[test]
fn pictures_and_buttons_are_blocks() {
    let link = Button::Link { title: "Look".to_owned(), url: "https://shop.example/a".to_owned() };
    let whole = said(Direct { buttons: vec![reply(), link], media: vec![file(MediaKind::Image)], ..text("Sure?") });
    assert_eq!(whole["text"], "Sure?");
    assert_eq!(
        whole["blocks"],
        json!([
            {"type": "section", "text": {"type": "mrkdwn", "text": "Sure?"}},
            {"type": "image", "image_url": "https://files.example.com/a", "alt_text": "a.png"},
            {"type": "actions", "elements": [
                {"type": "button", "text": {"type": "plain_text", "text": "Confirm", "emoji": true}, "action_id": "button-0",
                    "value": "confirm:42"},
                {"type": "button", "text": {"type": "plain_text", "text": "Look", "emoji": true}, "action_id": "button-1",
                    "url": "https://shop.example/a"}]}
        ])
    );
    let picture = said(Direct { text: None, media: vec![file(MediaKind::Image)], ..text("") });
    assert_eq!((&picture["text"], picture["blocks"].as_array().unwrap().len()), (&json!("a.png"), 1));
}

#[test]
fn an_answer_goes_into_the_thread_of_what_it_answers() {
    let thread = |answers: &str| said(Direct { answers: Some(answers.to_owned()), ..text("Hello") }).get("thread_ts").cloned();
    assert_eq!(thread("C0EXAMPLE1:1772357400.000100"), Some(json!("1772357400.000100")));
    assert_eq!(thread("C0EXAMPLE1:1772357520.000100:1772357400.000100"), Some(json!("1772357400.000100")));
    assert_eq!(thread("D0EXAMPLE1:1772357460.000100:1772357460.000100:1772357700.000100"), Some(json!("1772357460.000100")));
    for unknown in ["", "a", "C0EXAMPLE1:", "C0EXAMPLE1:now", "C0EXAMPLE1:1.", "C0EXAMPLE1:1.a"] {
        assert_eq!(thread(unknown), None, "{unknown}");
    }
}

#[test]
fn what_slack_cannot_carry_is_refused_where_it_stands() {
    assert_eq!(refused_at(Direct { text: None, ..text("") }), "/content/text");
    assert_eq!(
        refused_at(Direct { text: None, media: vec![file(MediaKind::Image)], buttons: vec![reply()], ..text("") }),
        "/content/text"
    );
    assert_eq!(refused_at(Direct { media: vec![file(MediaKind::Image), file(MediaKind::File)], ..text("a") }), "/media/1");
    assert_eq!(refused_at(Direct { buttons: vec![reply()], ..text(&"&".repeat(601)) }), "/content/text");
    said(text(&"&".repeat(601)));
    let place = Location { latitude: 52.5, longitude: 13.4, name: None, address: None };
    assert_eq!(refused_at(Direct { location: Some(place), ..text("a") }), "/location");
    assert_eq!(refused_at(Direct { template: Some(crate::ProviderTemplate::default()), ..text("a") }), "/template");
    for to in ["", "general", "#general", "T0EXAMPLE1", "c0example1", "C"] {
        assert_eq!(refused_at(Direct { to: to.to_owned(), ..text("a") }), "/to", "{to}");
    }
}

#[test]
fn accounts_are_checked() {
    let check = |team: &str, token: &str| Slack.check(&json!({ "team_id": team }), &json!({ "bot_token": token })).is_ok();
    assert!(check("T0EXAMPLE1", "xoxb-1"));
    for (team, token) in [("", "a"), ("t1", "a"), ("C0EXAMPLE1", "a"), ("T0EXAMPLE1", ""), ("T0EXAMPLE1", "a b")] {
        assert!(!check(team, token), "{team} {token}");
    }
}

/// A post, as Slack sees it.
fn posted(signature: &str, stamp: &str, media_type: &str, body: &[u8], seconds: i64) -> Result<Verified> {
    let headers = [("x-slack-signature", signature), ("x-slack-request-timestamp", stamp), ("content-type", media_type)];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (roots, now, url) = (Roots::none(), Time::from_millis(seconds * 1000), "https://hooks.example.com/");
    let callback = Callback {
        method: "POST",
        url,
        headers: &headers,
        body,
        topics: &[],
        certificate: None,
        roots: &roots,
        keys: None,
        now,
    };
    let (settings, credentials) = account();
    Slack.verify(&callback, &Setup { settings: &settings, credentials: &credentials, token: None, callback: "" })
}

#[test]
fn a_known_signature_is_believed_at_its_time_and_answered() {
    let signature = "v0=cd3a68f84308d684e8e4326a861114526ec424ac9d32a7f4d162cf1903536096";
    let body = br#"{"token":"x","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P","type":"url_verification"}"#;
    let (stamp, now, json) = ("1768471200", 1_768_471_200, "application/json");
    let challenge = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P".to_owned();
    for moment in [now - 300, now, now + 300] {
        let verified = posted(signature, stamp, json, body, moment).unwrap();
        assert_eq!(Slack.answer(&verified), Answer::with("text/plain", challenge.clone()));
    }
    for (signature, stamp, now) in [
        (signature, stamp, now + 301),
        (signature, stamp, now - 301),
        (signature, "1768471201", now),
        (signature, "", now),
        (&signature.replace("v0=", ""), stamp, now),
        (&signature.replace("v0=", "v1="), stamp, now),
        (&signature.replace("cd3a", "cd3b"), stamp, now),
        ("", stamp, now),
    ] {
        assert!(matches!(posted(signature, stamp, json, body, now), Err(Error::Unauthenticated)), "{signature} {stamp} {now}");
    }
}

/// A genuine post of this body.
fn genuine(media_type: &str, body: &[u8]) -> Result<Verified> {
    let (stamp, now) = ("1772359200", 1_772_359_200);
    let text = [b"v0:1772359200:".as_slice(), body].concat();
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes()), &text);
    let digits: String = code.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    posted(&format!("v0={digits}"), stamp, media_type, body, now)
}

#[test]
fn a_post_about_another_workspace_is_refused() {
    let believed = |post: Value| genuine("application/json", post.to_string().as_bytes()).is_ok();
    assert!(believed(json!({"type": "event_callback", "team_id": "T0EXAMPLE1"})));
    assert!(believed(json!({"type": "event_callback", "team_id": "T2", "authorizations": [{"team_id": "T0EXAMPLE1"}]})));
    assert!(believed(json!({"type": "block_actions", "team": null, "user": {"team_id": "T0EXAMPLE1"}})));
    assert!(!believed(json!({"type": "event_callback", "team_id": "T2", "authorizations": [{"team_id": "T3"}]})));
    assert!(!believed(json!({"type": "event_callback"})));
    assert!(!believed(json!({"type": "block_actions", "team": {"id": "T2"}})));
    let form = "application/x-www-form-urlencoded";
    assert!(genuine(form, b"team_id=T0EXAMPLE1&command=/a").is_ok());
    assert!(genuine(form, b"team_id=T2&command=/a").is_err());
}

#[test]
fn only_a_plain_word_is_said_back() {
    for odd in ["<script>", "", &"a".repeat(201), "two words"] {
        let body = json!({"type": "url_verification", "challenge": odd}).to_string();
        let verified = genuine("application/json", body.as_bytes()).unwrap();
        assert_eq!(Slack.answer(&verified), Answer::done(), "{odd}");
    }
    let event = json!({"type": "event_callback", "team_id": "T0EXAMPLE1", "challenge": "word"}).to_string();
    assert_eq!(Slack.answer(&genuine("application/json", event.as_bytes()).unwrap()), Answer::done());
}

fn brought(file: &str) -> Inbound {
    let body = std::fs::read(format!("{}/../../events/providers/slack/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let media_type = if file.ends_with(".form") { "application/x-www-form-urlencoded" } else { "application/json" };
    let verified = genuine(media_type, &body).unwrap();
    let setup = Setup { settings: &Value::Null, credentials: &Value::Null, token: None, callback: "" };
    Slack.inbound(&verified, &setup).into_iter().next().unwrap()
}

#[test]
fn messages_and_changes_are_read() {
    let text = brought("text.json");
    assert_eq!((&text.id[..], &text.from[..], &text.thread), ("D0EXAMPLE1:1772357460.000100", "U0ADA00001", &None));
    let said = "Is the shop open on Sunday? See <hours> at https://shop.example/hours or write to ada@example.com";
    assert_eq!(text.text.as_deref(), Some(said));
    assert_eq!(text.at, Time::parse("2026-03-01T09:31:00Z").unwrap());
    let thread = brought("thread.json");
    assert_eq!(thread.id, "C0EXAMPLE1:1772357520.000100:1772357400.000100");
    assert_eq!(
        (thread.thread.as_deref(), thread.answers.as_deref()),
        (Some("C0EXAMPLE1"), Some("C0EXAMPLE1:1772357400.000100"))
    );
    assert_eq!(brought("mention.json").id, thread.id, "a mention is the same message");
    let edited = brought("edited.json");
    assert_eq!(edited.id, "D0EXAMPLE1:1772357460.000100:1772357460.000100:1772357700.000100");
    assert_eq!((edited.answers, edited.text.as_deref()), (Some(text.id), Some("Is the shop open on Monday?")));
    assert_eq!(brought("stop.json").wish, Some(Wish::Stop));
    assert_eq!(brought("shared-channel.json").thread.as_deref(), Some("C0EXAMPLE2"));
}

#[test]
fn files_are_fetched_from_slack_alone() {
    let files = brought("file.json").files;
    let url = "https://files.slack.com/files-pri/T0EXAMPLE1-F0EXAMPLE1/download/broken.png";
    assert!(files.len() == 1 && files[0].source == FileSource::Url(url.to_owned()));
    let (settings, credentials) = account();
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: "" };
    let fetch = |url: &str| Slack.file(&FileSource::Url(url.to_owned()), &setup).unwrap();
    let call = fetch(url).unwrap();
    assert!(call.url.reveal() == url && matches!(call.login, Login::Bearer(_)));
    for other in [
        "https://evil.example/files.slack.com",
        "http://files.slack.com/a",
        "https://files.slack.com.evil.example/",
        "https://files.slack.com@evil.example/",
        "https://files.slack.com:8443/",
    ] {
        assert!(fetch(other).is_none(), "{other}");
    }
}

#[test]
fn buttons_and_commands_are_read() {
    let button = brought("button.form");
    assert_eq!((button.button.as_deref(), button.text.as_deref()), (Some("confirm:42"), Some("Yes, confirm")));
    assert_eq!((&button.from[..], button.name.as_deref()), ("U0ADA00001", Some("ada")));
    assert_eq!(button.answers.as_deref(), Some("C0EXAMPLE1:1772358180.000100"));
    let command = brought("command.form");
    assert_eq!((command.text.as_deref(), command.thread), (Some("/order status 42"), None));
}
