//! The request word for word, who is believed, and mail that came in.

use kernel::Email;

use super::*;
use crate::{Attachment, BounceClass, Content, EventKind, FileSource, Roots};

/// The example of SendGrid's own library: a signed event, and the key it was signed with.
const KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe62gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==";
const SIGNATURE: &str = "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAbPIqHh89M15TluLtEZtM=";
const SECONDS: i64 = 1_600_112_502;
const BODY: &str = "[{\"email\":\"hello@world.com\",\"event\":\"dropped\",\"reason\":\"Bounced Address\",\"sg_event_id\":\"ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA\",\"sg_message_id\":\"LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0\",\"smtp-id\":\"<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>\",\"timestamp\":1600112492}]\r\n";

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn letter() -> Mail {
    Mail {
        from: Mailbox { email: email("news@shop.example"), name: Some("Läden, \"Shop\"".to_owned()) },
        to: Mailbox { email: email("ada@example.com"), name: None },
        cc: vec![email("ADA@example.com"), email("eve@example.com")],
        bcc: vec![email("eve@example.com")],
        reply_to: Some(email("answers@shop.example")),
        subject: "Grüße".to_owned(),
        html: Some("<p>hi</p>".to_owned()),
        text: Some("hi".to_owned()),
        headers: vec![("X-Note".to_owned(), "déjà".to_owned())],
        unsubscribe: Some("https://mail.shop.example/u/1".to_owned()),
        attachments: Vec::new(),
    }
}

fn outgoing(mail: Mail) -> Outgoing {
    let at = Time::parse("2026-03-01T09:30:00Z").unwrap();
    Outgoing { id: "0190".to_owned(), tag: "tag".to_owned(), at, entropy: [0; 48], content: Content::Mail(Box::new(mail)) }
}

fn request(settings: &Value, mail: Mail) -> Result<HttpCall> {
    let credentials = json!({"api_key": "SG.key"});
    let setup = Setup { settings, credentials: &credentials, token: None, callback: "" };
    match Sendgrid.call(&outgoing(mail), &setup)? {
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
    let call = request(&json!({}), letter()).unwrap();
    assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://api.sendgrid.com/v3/mail/send"));
    assert!(matches!(&call.login, Login::Bearer(key) if key.reveal() == "SG.key"));
    let body: Value = serde_json::from_slice(&call.body.whole().unwrap()).unwrap();
    assert_eq!(
        body,
        json!({
            "personalizations": [{"to": [{"email": "ada@example.com"}], "cc": [{"email": "eve@example.com"}]}],
            "from": {"email": "news@shop.example", "name": "Läden, \"Shop\""},
            "reply_to": {"email": "answers@shop.example"},
            "subject": "Grüße",
            "content": [{"type": "text/plain", "value": "hi"}, {"type": "text/html", "value": "<p>hi</p>"}],
            "headers": {
                "Message-ID": "<0190@shop.example>",
                "X-Switchboard-Ref": "tag",
                "List-Unsubscribe": "<https://mail.shop.example/u/1>",
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
                "X-Note": "=?utf-8?B?ZMOpasOg?=",
            },
            "custom_args": {"sb": "tag"},
        })
    );
    let call = request(&json!({"region": "eu"}), letter()).unwrap();
    assert_eq!(call.url.reveal(), "https://api.eu.sendgrid.com/v3/mail/send");
}

#[test]
fn files_go_along_in_pieces() {
    let file = |name: &str, content_id: Option<&str>, bytes| Attachment {
        name: name.to_owned(),
        media_type: "image/png".to_owned(),
        bytes,
        stored: format!("files/{name}"),
        content_id: content_id.map(str::to_owned),
    };
    let attachments = vec![file("logo.png", Some("logo"), 3), file("a.png", None, 6)];
    let body = request(&json!({}), Mail { attachments, ..letter() }).unwrap().body;
    let stored = |piece: &Piece| match piece {
        Piece::Base64 { of, lines: false } => Piece::Bytes(vec![b'A'; usize::try_from(of.len()).unwrap().div_ceil(3) * 4]),
        other => other.clone(),
    };
    let whole = Body(body.0.iter().map(stored).collect()).whole().unwrap();
    assert_eq!(whole.len() as u64, body.len());
    let body: Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(
        body["attachments"],
        json!([
            {"content": "AAAA", "type": "image/png", "filename": "logo.png", "disposition": "inline", "content_id": "logo"},
            {"content": "AAAAAAAA", "type": "image/png", "filename": "a.png", "disposition": "attachment"},
        ])
    );
    assert_eq!(refused_at(Mail { attachments: vec![file("a.png", None, 15 * 1024 * 1024)], ..letter() }), "/attachments");
}

#[test]
fn what_sendgrid_refuses_is_refused_before() {
    assert_eq!(refused_at(Mail { headers: vec![("X-SMTPAPI".to_owned(), "{}".to_owned())], ..letter() }), "/headers/0");
    let twice = ["X-A", "X-B", "x-a"].map(|name| (name.to_owned(), "v".to_owned())).to_vec();
    assert_eq!(refused_at(Mail { headers: twice, ..letter() }), "/headers/2");
    assert_eq!(refused_at(Mail { subject: "a\r\nBcc: x".to_owned(), ..letter() }), "/subject");
    assert_eq!(refused_at(Mail { html: None, text: None, ..letter() }), "");
    let cc = (0..1000).map(|number| email(&format!("a{number}@example.com"))).collect();
    assert_eq!(refused_at(Mail { cc, ..letter() }), "/cc");
}

#[test]
fn settings_are_checked() {
    assert!(Sendgrid.check(&json!({"verification_key": KEY, "region": "global"}), &json!({"api_key": "SG.x"})).is_ok());
    // A key on another curve, a bare point, and no key.
    for key in ["", "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=", "BAAA", "hunter2"] {
        let Err(Error::Invalid(faults)) = Sendgrid.check(&json!({"verification_key": key}), &json!({"api_key": "SG.x"})) else {
            unreachable!("{key}")
        };
        assert_eq!(faults[0].pointer, "/settings/verification_key");
    }
    for (secrets, pointer) in [
        (json!({}), "/credentials/api_key"),
        (json!({"api_key": "a\nb"}), "/credentials/api_key"),
        (json!({"api_key": "a", "inbound_password": ""}), "/credentials/inbound_password"),
    ] {
        let Err(Error::Invalid(faults)) = Sendgrid.check(&json!({}), &secrets) else { unreachable!() };
        assert_eq!(faults[0].pointer, pointer);
    }
}

/// Whether a post is believed, and what it tells.
fn told(body: &[u8], headers: &[(&str, &str)], now: Time) -> Option<(Vec<Event>, Vec<Inbound>)> {
    let (settings, credentials) = (json!({"verification_key": KEY}), json!({"api_key": "SG.x", "inbound_password": "hunter2"}));
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: "" };
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let callback = Callback {
        method: "POST",
        url: "https://hooks.example.com/r",
        headers: &headers,
        body,
        topics: &[],
        certificate: None,
        roots: &Roots::none(),
        keys: None,
        now,
    };
    let verified = Sendgrid.verify(&callback, &setup).ok()?;
    Some((Sendgrid.events(&verified, &setup), Sendgrid.inbound(&verified, &setup)))
}

#[test]
fn the_example_of_sendgrid_itself_is_believed_and_nothing_near_it() {
    let signed = |seconds: &str, signature: &str, body: &str, later: i64| {
        let headers = [
            ("content-type", "application/json"),
            ("x-twilio-email-event-webhook-timestamp", seconds),
            ("x-twilio-email-event-webhook-signature", signature),
        ];
        told(body.as_bytes(), &headers, Time::from_millis((SECONDS + later) * 1000))
    };
    let seconds = SECONDS.to_string();
    let (events, inbound) = signed(&seconds, SIGNATURE, BODY, 0).unwrap();
    assert_eq!((events.len(), inbound.len()), (1, 0));
    assert_eq!((events[0].kind, events[0].detail.class), (EventKind::Bounced, Some(BounceClass::Hard)));
    assert_eq!(events[0].provider_id.as_deref(), Some("LRzXl_NHStOGhQ4kofSm_A"));
    assert!(signed(&seconds, SIGNATURE, BODY, WINDOW).is_some());
    assert!(signed(&seconds, SIGNATURE, BODY, WINDOW + 1).is_none());
    assert!(signed(&seconds, SIGNATURE, BODY.trim_end(), 0).is_none(), "the line end is signed too");
    assert!(signed("1600112503", SIGNATURE, BODY, 0).is_none());
    assert!(signed("16001125020", SIGNATURE, BODY, 0).is_none());
    assert!(signed("+1600112502", SIGNATURE, BODY, 0).is_none());
    assert!(signed(&seconds, "", BODY, 0).is_none());
    assert!(told(BODY.as_bytes(), &[], Time::from_millis(SECONDS * 1000)).is_none());
}

#[test]
fn the_password_for_mail_vouches_for_no_event() {
    let now = Time::from_millis(SECONDS * 1000);
    let basic = "Basic c3dpdGNoYm9hcmQ6aHVudGVyMg==";
    let form = ("content-type", "multipart/form-data; boundary=b");
    assert!(told(BODY.as_bytes(), &[("content-type", "application/json"), ("authorization", basic)], now).is_none());
    let (events, inbound) = told(BODY.as_bytes(), &[form, ("authorization", basic)], now).unwrap();
    assert_eq!((events.len(), inbound.len()), (0, 0));
    assert!(told(BODY.as_bytes(), &[form], now).is_none());
}

#[test]
fn mail_is_read_in_its_own_charset_with_its_files() {
    let part = |name: &str, more: &str, value: &[u8]| {
        [format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n").as_bytes(), value, b"\r\n"].concat()
    };
    let body = [
        part("headers", "", b"Message-ID: <m1@example.com>\nAuto-Submitted: auto-replied\nIn-Reply-To: <0190@shop.example>\n"),
        part("from", "", b"Ada <ada@example.com>"),
        part("envelope", "", b"{\"to\":[\"help@in.shop.example\"],\"from\":\"bounce@example.com\"}"),
        part("charsets", "", b"{\"subject\":\"ISO-8859-1\",\"text\":\"windows-1252\"}"),
        part("subject", "", b"caf\xe9"),
        part("text", "", b"\x80 5"),
        part("attachment-info", "", b"{\"attachment1\":{\"content-id\":\"logo\"}}"),
        part("content-ids", "", b"{\"other\":\"attachment2\"}"),
        part("attachment1", "; filename=\"a.png\"\r\nContent-Type: image/png", b"\x89PNG\r\n\x1a\n"),
        part("attachment2", "; filename=\"b.png\"", b""),
        b"--b--\r\n".to_vec(),
    ]
    .concat();
    let headers =
        [("content-type", "multipart/form-data; boundary=b"), ("authorization", "Basic c3dpdGNoYm9hcmQ6aHVudGVyMg==")];
    let (_, inbound) = told(&body, &headers, Time::from_millis(SECONDS * 1000)).unwrap();
    let one = &inbound[0];
    assert_eq!((one.from.as_str(), one.name.as_deref()), ("ada@example.com", Some("Ada")));
    assert_eq!(one.to.as_deref(), Some("help@in.shop.example"));
    assert_eq!((one.subject.as_deref(), one.text.as_deref()), (Some("café"), Some("€ 5")));
    assert_eq!((one.references.as_slice(), one.automatic), (["0190@shop.example".to_owned()].as_slice(), true));
    assert!(one.files[0].source == FileSource::Bytes(b"\x89PNG\r\n\x1a\n".to_vec()));
    let files: Vec<_> = one.files.iter().map(|file| (file.name.as_deref(), file.content_id.as_deref())).collect();
    assert_eq!(files, [(Some("a.png"), Some("logo")), (Some("b.png"), Some("other"))]);
}
