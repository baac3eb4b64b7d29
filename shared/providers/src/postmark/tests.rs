//! The request word for word, who is believed, and mail that came in.

use kernel::{Email, Time};

use super::*;
use crate::{Attachment, BounceClass, Content, EventKind, FileSource, Mailbox, Roots};

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn letter() -> Mail {
    Mail {
        from: Mailbox { email: email("news@shop.example"), name: Some("Läden, \"Shop\"".to_owned()) },
        to: Mailbox { email: email("ada@example.com"), name: None },
        cc: vec![email("eve@example.com"), email("bob@example.com")],
        bcc: vec![email("EVE@example.com")],
        reply_to: Some(email("answers@shop.example")),
        subject: "Grüße".to_owned(),
        html: Some("<p>hi</p>".to_owned()),
        text: None,
        headers: vec![("X-Note".to_owned(), "déjà".to_owned())],
        unsubscribe: None,
        attachments: Vec::new(),
    }
}

fn request(settings: &Value, mail: Mail) -> Result<HttpCall> {
    let credentials = json!({"server_token": "token-1"});
    let setup = Setup { settings, credentials: &credentials, token: None, callback: "" };
    let at = Time::parse("2026-03-01T09:30:00Z").unwrap();
    let content = Content::Mail(Box::new(mail));
    match Postmark.call(&Outgoing { id: "0190".to_owned(), tag: "tag".to_owned(), at, entropy: [0; 48], content }, &setup)? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn refused_at(mail: Mail) -> String {
    let Err(Error::Invalid(faults)) = request(&json!({}), mail) else { unreachable!("it was taken") };
    faults[0].pointer.clone()
}

#[test]
fn the_request_says_everything_once() {
    let call = request(&json!({"message_stream": "broadcast"}), letter()).unwrap();
    assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://api.postmarkapp.com/email"));
    assert!(matches!(&call.login, Login::Header("x-postmark-server-token", token) if token.reveal() == "token-1"));
    let body: Value = serde_json::from_slice(&call.body.whole().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({
            "From": "\"Läden, \\\"Shop\\\"\" <news@shop.example>",
            "To": "ada@example.com",
            "Cc": "eve@example.com,bob@example.com",
            "ReplyTo": "answers@shop.example",
            "Subject": "Grüße",
            "HtmlBody": "<p>hi</p>",
            "Headers": [
                {"Name": "Message-ID", "Value": "<0190@shop.example>"},
                {"Name": "X-Switchboard-Ref", "Value": "tag"},
                {"Name": "X-Note", "Value": "=?utf-8?B?ZMOpasOg?="},
                {"Name": "X-PM-KeepID", "Value": "true"},
            ],
            "Metadata": {"sb": "tag"},
            "MessageStream": "broadcast",
        })
    );
}

#[test]
fn files_go_along_in_pieces() {
    let file = |bytes| Attachment {
        name: "logo.png".to_owned(),
        media_type: "image/png".to_owned(),
        bytes,
        stored: "files/logo".to_owned(),
        content_id: Some("logo".to_owned()),
    };
    let body = request(&json!({}), Mail { attachments: vec![file(3)], ..letter() }).unwrap().body;
    let stored = |piece: &Piece| match piece {
        Piece::Base64 { lines: false, .. } => Piece::Bytes(b"AAAA".to_vec()),
        other => other.clone(),
    };
    let body: Value = serde_json::from_slice(&Body(body.0.iter().map(stored).collect()).whole().unwrap()).unwrap();
    let expected = json!([{"Name": "logo.png", "ContentType": "image/png", "Content": "AAAA", "ContentID": "cid:logo"}]);
    assert_eq!(body["Attachments"], expected);
    assert_eq!(refused_at(Mail { attachments: vec![file(8 * 1024 * 1024)], ..letter() }), "/attachments");
}

#[test]
fn what_postmark_refuses_is_refused_before() {
    assert_eq!(refused_at(Mail { headers: vec![("X-PM-Tag".to_owned(), "x".to_owned())], ..letter() }), "/headers/0");
    assert_eq!(refused_at(Mail { html: None, ..letter() }), "");
    let cc = (0..51).map(|number| email(&format!("a{number}@example.com"))).collect();
    assert_eq!(refused_at(Mail { cc, ..letter() }), "/cc");
    for (settings, secrets, pointer) in [
        (json!({"message_stream": "a b"}), json!({"server_token": "t"}), "/settings/message_stream"),
        (json!({"server_id": "23"}), json!({"server_token": "t"}), "/settings/server_id"),
        (json!({}), json!({}), "/credentials/server_token"),
        (json!({}), json!({"server_token": "a\r\nb"}), "/credentials/server_token"),
        (json!({}), json!({"server_token": "t", "webhook_password": ""}), "/credentials/webhook_password"),
    ] {
        let Err(Error::Invalid(faults)) = Postmark.check(&settings, &secrets) else { unreachable!() };
        assert_eq!(faults[0].pointer, pointer);
    }
}

fn believed(settings: &Value, url: &str, post: &Value) -> bool {
    let credentials = json!({"server_token": "t", "webhook_password": "hunter2"});
    let body = post.to_string();
    let callback = Callback {
        method: "POST",
        url,
        headers: &[],
        body: body.as_bytes(),
        topics: &[],
        certificate: None,
        roots: &Roots::none(),
        keys: None,
        now: Time::default(),
    };
    Postmark.verify(&callback, &Setup { settings, credentials: &credentials, token: None, callback: "" }).is_ok()
}

#[test]
fn the_address_shows_the_password_and_the_post_its_server() {
    let (own, url) = (json!({"server_id": 23}), "https://hooks.example.com/r?secret=hunter2");
    assert!(believed(&own, url, &json!({"ServerID": 23})));
    assert!(believed(&own, url, &json!({"RecordType": "Open"})));
    assert!(believed(&json!({}), url, &json!({"ServerID": 24})));
    assert!(!believed(&own, url, &json!({"ServerID": 24})));
    assert!(!believed(&own, url, &json!({"ServerId": 24})));
    assert!(!believed(&own, url, &json!({"ServerID": 23, "ServerId": "24"})));
    assert!(!believed(&own, "https://hooks.example.com/r", &json!({"ServerID": 23})));
    assert!(!believed(&own, "https://hooks.example.com/r?secret=hunter3", &json!({"ServerID": 23})));
}

#[test]
fn every_type_of_bounce_has_its_meaning() {
    use BounceClass::{Block, Hard, Soft};
    let bounced = |class| Some((EventKind::Bounced, Some(class)));
    for (kind, details, expected) in [
        ("HardBounce", "", bounced(Hard)),
        ("BadEmailAddress", "", bounced(Hard)),
        ("SoftBounce", "", bounced(Soft)),
        ("Blocked", "", bounced(Block)),
        ("SpamNotification", "", bounced(Block)),
        ("Transient", "", Some((EventKind::Delayed, None))),
        ("Unsubscribe", "", Some((EventKind::Unsubscribed, None))),
        ("SpamComplaint", "", Some((EventKind::Complained, None))),
        ("AutoResponder", "", None),
        ("Unknown", "smtp;550 5.1.1 user unknown", bounced(Hard)),
        ("Novel", "", bounced(Soft)),
    ] {
        let post = json!({"RecordType": "Bounce", "Type": kind, "Details": details, "ID": 42, "MessageID": "m"});
        let event = hook::event(&post, Time::default());
        assert_eq!(event.map(|event| (event.kind, event.detail.class)), expected, "{kind}");
    }
    let of_no_message = json!({"RecordType": "SubscriptionChange", "MessageID": "00000000-0000-0000-0000-000000000000",
        "SuppressSending": true, "SuppressionReason": "ManualSuppression", "Origin": "Recipient"});
    assert!(hook::event(&of_no_message, Time::default()).is_none());
}

#[test]
fn mail_is_read_with_its_files_and_references() {
    let arrived = Time::parse("2026-03-01T10:00:00Z").unwrap();
    let post = json!({
        "From": "ada@example.com", "FromFull": {"Email": "ada@example.com", "Name": "Ada"}, "MessageID": "5e1c-1",
        "OriginalRecipient": "help+t1@in.shop.example", "Subject": "Re: x", "TextBody": "hi", "HtmlBody": "",
        "Date": "Sun, 1 Mar 2026 10:49:58 +0100",
        "Headers": [{"Name": "In-Reply-To", "Value": "<0190@shop.example>"}, {"Name": "Auto-Submitted", "Value": "auto-replied"}, 7],
        "Attachments": [
            {"Name": "../a.png", "Content": "AQID", "ContentType": "image/png; name=x", "ContentLength": 3, "ContentID": "<logo>"},
            null,
        ],
    });
    let one = hook::inbound(&post, arrived).unwrap();
    assert_eq!(
        (one.from.as_str(), one.name.as_deref(), one.to.as_deref()),
        ("ada@example.com", Some("Ada"), Some("help+t1@in.shop.example"))
    );
    assert_eq!((one.at, one.automatic), (Time::parse("2026-03-01T09:49:58Z").unwrap(), true));
    assert_eq!((one.text.as_deref(), one.html), (Some("hi"), None));
    assert_eq!(one.references, ["0190@shop.example"]);
    let [file] = one.files.as_slice() else { unreachable!() };
    assert_eq!((file.name.as_deref(), file.media_type.as_deref()), (Some("a.png"), Some("image/png")));
    assert_eq!((file.content_id.as_deref(), file.bytes), (Some("logo"), Some(3)));
    assert!(file.source == FileSource::Bytes(vec![1, 2, 3]));
}
