//! The request byte for byte, who is believed, and mail that came in.

use kernel::Email;
use serde_json::json;

use super::*;
use crate::form::Form;
use crate::{Attachment, BounceClass, Content, EventKind, FileSource, Mail, Mailbox, Roots};

/// Code by OpenSSL: `printf 1772359200aaaa...(50) | openssl dgst -sha256 -hmac sample-signing-key`.
const CODE: &str = "3f3eb5147085c6bb67617c81d8bfa63c6fce9319fcd1960f1bb04938735c89df";
const SECONDS: i64 = 1_772_359_200;

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn letter() -> Mail {
    Mail {
        from: Mailbox { email: email("news@shop.example"), name: Some("Shop".to_owned()) },
        to: Mailbox { email: email("ada@example.com"), name: None },
        cc: vec![email("eve@example.com")],
        bcc: vec![email("hidden@example.com"), email("ADA@example.com")],
        reply_to: None,
        subject: "Grüße".to_owned(),
        html: None,
        text: Some("hi".to_owned()),
        headers: Vec::new(),
        unsubscribe: None,
        attachments: Vec::new(),
    }
}

fn request(settings: &Value, mail: Mail) -> Result<HttpCall> {
    let credentials = json!({"api_key": "key-1"});
    let setup = Setup { settings, credentials: &credentials, token: None, callback: "" };
    let at = Time::parse("2026-03-01T09:30:00Z").unwrap();
    let content = Content::Mail(Box::new(mail));
    match Mailgun.call(&Outgoing { id: "0190".to_owned(), tag: "tag".to_owned(), at, entropy: [0; 48], content }, &setup)? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn here() -> Value {
    json!({"domain": "mail.shop.example"})
}

#[test]
fn the_message_goes_along_whole() {
    let call = request(&json!({"domain": "Mail.shop.example", "region": "eu"}), letter()).unwrap();
    assert_eq!(call.url.reveal(), "https://api.eu.mailgun.net/v3/mail.shop.example/messages.mime");
    assert!(matches!(&call.login, Login::Basic(name, key) if name == "api" && key.reveal() == "key-1"));
    let [("content-type", content_type)] = call.headers.as_slice() else { unreachable!() };
    let form = Form::read(content_type, &call.body.whole().unwrap());
    assert_eq!(form.only("to"), Some("ada@example.com,eve@example.com,hidden@example.com"));
    assert_eq!(form.only("v:sb"), Some("tag"));
    let [(field, file)] = form.files.as_slice() else { unreachable!() };
    assert_eq!((field.as_str(), file.name.as_deref()), ("message", Some("message.mime")));
    let read = mail_parser::MessageParser::new().parse(&file.bytes).unwrap();
    assert_eq!((read.subject(), read.message_id()), (Some("Grüße"), Some("0190@shop.example")));
    assert_eq!(read.body_text(0).as_deref().map(str::trim_end), Some("hi"));
    assert!(!String::from_utf8_lossy(&file.bytes).contains("hidden@"));
    let call = request(&here(), letter()).unwrap();
    assert_eq!(call.url.reveal(), "https://api.mailgun.net/v3/mail.shop.example/messages.mime");
}

#[test]
fn a_text_cannot_hold_the_line_between_the_fields() {
    let boundary = |mail: Mail| request(&here(), mail).unwrap().headers[0].1.rsplit_once('=').unwrap().1.to_owned();
    let first = boundary(letter());
    let text = format!("--{first}\r\nContent-Disposition: form-data; name=\"to\"\r\n\r\nx@y.example");
    let call = request(&here(), Mail { text: Some(text), ..letter() }).unwrap();
    let form = Form::read(&call.headers[0].1, &call.body.whole().unwrap());
    assert_ne!(call.headers[0].1.rsplit_once('=').unwrap().1, first);
    assert_eq!(form.only("to"), Some("ada@example.com,eve@example.com,hidden@example.com"));
}

#[test]
fn files_are_read_when_they_are_sent() {
    let file = Attachment {
        name: "a.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: 100,
        stored: "files/a".to_owned(),
        content_id: None,
    };
    let body = request(&here(), Mail { attachments: vec![file.clone()], ..letter() }).unwrap().body;
    assert!(body.whole().is_none() && body.0.iter().any(|piece| matches!(piece, Piece::Base64 { lines: true, .. })));
    let large = Attachment { bytes: 19 * 1024 * 1024, ..file };
    assert!(request(&here(), Mail { attachments: vec![large], ..letter() }).is_err());
    let order = vec![("X-Mailgun-Drop-Message".to_owned(), "yes".to_owned())];
    assert!(request(&here(), Mail { headers: order, ..letter() }).is_err());
}

#[test]
fn settings_are_checked() {
    let key = json!({"api_key": "key-1"});
    assert!(Mailgun.check(&here(), &key).is_ok());
    for domain in [
        "",
        "localhost",
        "a/b.example",
        "a..example",
        "a.example/../x",
        "a.example?x",
        "a b.example",
        "a.example\r\n",
        "ä.example",
    ] {
        let Err(Error::Invalid(faults)) = Mailgun.check(&json!({"domain": domain}), &key) else { unreachable!("{domain}") };
        assert_eq!(faults[0].pointer, "/settings/domain");
    }
    let Err(Error::Invalid(faults)) = Mailgun.check(&here(), &json!({"api_key": "k", "signing_key": ""})) else {
        unreachable!()
    };
    assert_eq!(faults[0].pointer, "/credentials/signing_key");
}

fn verified(content_type: &str, body: &[u8], later: i64) -> Option<Verified> {
    let (settings, credentials) = (here(), json!({"api_key": "k", "signing_key": "sample-signing-key"}));
    let headers = [("content-type".to_owned(), content_type.to_owned())];
    let callback = Callback {
        method: "POST",
        url: "https://hooks.example.com/r",
        headers: &headers,
        body,
        topics: &[],
        certificate: None,
        roots: &Roots::none(),
        keys: None,
        now: Time::from_millis((SECONDS + later) * 1000),
    };
    Mailgun.verify(&callback, &Setup { settings: &settings, credentials: &credentials, token: None, callback: "" }).ok()
}

fn signed(event: Value) -> Vec<u8> {
    let signature = json!({"timestamp": SECONDS.to_string(), "token": "a".repeat(50), "signature": CODE});
    json!({"signature": signature, "event-data": event}).to_string().into_bytes()
}

#[test]
fn only_time_and_token_of_exact_length_with_their_code_are_believed() {
    let json = "application/json; charset=utf-8";
    let body = |seconds: &str, token: &str, code: &str| {
        json!({"signature": {"timestamp": seconds, "token": token, "signature": code}}).to_string().into_bytes()
    };
    let (seconds, token) = (SECONDS.to_string(), "a".repeat(50));
    assert!(verified(json, &body(&seconds, &token, CODE), 0).is_some());
    assert!(verified(json, &body(&seconds, &token, &CODE.to_uppercase()), 0).is_some());
    assert!(verified(json, &body(&seconds, &token, CODE), WINDOW).is_some());
    assert!(verified(json, &body(&seconds, &token, CODE), WINDOW + 1).is_none());
    assert!(verified(json, &body(&seconds, &token, CODE), -WINDOW - 1).is_none());
    // The same text divided elsewhere.
    assert!(verified(json, &body(&seconds[..9], &format!("0{token}"), CODE), 0).is_none());
    assert!(verified(json, &body(&format!("{seconds}a"), &token[1..], CODE), 0).is_none());
    assert!(verified(json, &body(&seconds, &token[1..], CODE), 0).is_none());
    assert!(verified(json, &body(&seconds, &token, ""), 0).is_none());
    assert!(verified(json, &body(&seconds, &token, &CODE[2..]), 0).is_none());
    let form = format!("timestamp={seconds}&token={token}&signature={CODE}");
    assert!(verified("application/x-www-form-urlencoded", form.as_bytes(), 0).is_some());
    assert!(verified("application/json", form.as_bytes(), 0).is_none());
    let twice = format!("{form}&timestamp={seconds}");
    assert!(verified("application/x-www-form-urlencoded", twice.as_bytes(), 0).is_none());
}

fn event(event: Value) -> Option<Event> {
    hook::event(&verified("application/json", &signed(event), 0).unwrap(), "mail.shop.example")
}

#[test]
fn events_of_another_domain_of_the_account_are_passed_over() {
    let opened = |domain: &str| {
        event(
            json!({"event": "opened", "id": "1", "message": {"headers": {"message-id": "<m@x>"}}, "domain": {"name": domain}}),
        )
    };
    let ours = opened("Mail.Shop.example").unwrap();
    assert_eq!(
        (ours.kind, ours.provider_id.as_deref(), ours.at),
        (EventKind::Opened, Some("m@x"), Time::from_millis(SECONDS * 1000))
    );
    assert!(opened("mail.other.example").is_none());
    // The variables are a text when the sender gave something else than JSON.
    let odd = json!({"event": "opened", "id": "1", "message": {"headers": {"message-id": "m"}}, "user-variables": "sb"});
    assert_eq!(event(odd).unwrap().tag, None);
}

#[test]
fn every_lasting_failure_has_its_class() {
    use BounceClass::{Block, Hard, Soft};
    for (reason, status, class) in [
        ("suppress-bounce", json!({"code": 605, "message": "Not delivering to previously bounced address"}), Hard),
        ("suppress-complaint", json!({"code": 607}), Block),
        ("suppress-unsubscribe", json!({"code": 606}), Block),
        ("old", json!({"code": 602, "message": "Too old"}), Soft),
        ("bounce", json!({"code": 550, "message": "5.1.1 The email account does not exist"}), Hard),
        ("bounce", json!({"code": 550, "message": "no"}), Hard),
        ("generic", json!({"code": 550, "message": "no"}), Soft),
        ("generic", json!({"code": 550, "enhanced-code": "5.7.1", "message": "spam"}), Block),
        ("bounce", json!({"code": 552, "enhanced-code": "5.2.2", "description": "full"}), Soft),
        ("novel", json!({}), Soft),
        ("generic", json!({"code": 605}), Hard),
    ] {
        let failed = json!({"event": "failed", "severity": "permanent", "id": "1", "reason": reason,
            "delivery-status": status, "message": {"headers": {"message-id": "m"}}});
        assert_eq!(event(failed).unwrap().detail.class, Some(class), "{reason} {status}");
    }
}

#[test]
fn a_route_brings_mail_in_fields_and_whole() {
    let proof = format!("timestamp={SECONDS}&token={}&signature={CODE}", "a".repeat(50));
    let fields = format!(
        "{proof}&recipient=help%40in.shop.example&sender=bounce%40example.com&from=Ada+%3Cada%40example.com%3E&subject=Re%3A+x\
         &body-plain=hi&message-headers=%5B%5B%22Message-Id%22%2C%22%3Ca%40b%3E%22%5D%2C%5B%22Precedence%22%2C%22bulk%22%5D%5D"
    );
    let read = |body: &str| hook::inbound(&verified("application/x-www-form-urlencoded", body.as_bytes(), 0).unwrap());
    let one = read(&fields).unwrap();
    assert_eq!(
        (one.from.as_str(), one.name.as_deref(), one.to.as_deref()),
        ("ada@example.com", Some("Ada"), Some("help@in.shop.example"))
    );
    assert!(one.automatic);
    let named =
        read(&format!("{proof}&recipient=help%40in.shop.example&from=ada%40example.com&body-plain=hi&Message-Id=%3Ca%40b%3E"));
    assert_eq!(named.unwrap().id, one.id, "the same message by whichever header");
    let whole = format!(
        "{proof}&recipient=help%40in.shop.example&body-mime=From%3A+ada%40example.com%0AMessage-Id%3A+%3Ca%40b%3E%0A%0Ahi"
    );
    let whole = read(&whole).unwrap();
    assert_eq!((whole.id, whole.text.as_deref()), (one.id, Some("hi")));
    assert!(read(&format!("{proof}&event=opened&recipient=a%40b.example")).is_none());
}

#[test]
fn files_of_a_route_keep_their_bytes_and_ids() {
    let field = |name: &str, value: &str| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let (seconds, token) = (SECONDS.to_string(), "a".repeat(50));
    let mut body: Vec<u8> = [
        ("timestamp", seconds.as_str()),
        ("token", &token),
        ("signature", CODE),
        ("sender", "ada@example.com"),
        ("body-plain", ""),
    ]
    .map(|(name, value)| field(name, value))
    .concat()
    .into_bytes();
    body.extend(field("content-id-map", "{\"<logo>\": \"attachment-1\"}").into_bytes());
    body.extend_from_slice(
        b"--b\r\nContent-Disposition: form-data; name=\"attachment-1\"; filename=\"a.png\"\r\n\r\n\x89\r\n\xff\r\n--b--",
    );
    let one = hook::inbound(&verified("multipart/form-data; boundary=b", &body, 0).unwrap()).unwrap();
    assert_eq!((one.text, one.files.len()), (None, 1));
    assert_eq!(one.files[0].content_id.as_deref(), Some("logo"));
    assert!(one.files[0].source == FileSource::Bytes(b"\x89\r\n\xff".to_vec()));
}
