use mail_parser::MessageParser;

use super::*;
use crate::{Access, Attachment, Content, Mail, Mailbox};

fn at() -> Time {
    Time::parse("2026-03-01T09:30:00Z").unwrap()
}

fn credentials() -> Value {
    json!({"client_id": "1.apps.example.com", "client_secret": "GOCSPX-hunter2", "refresh_token": "1//hunter2"})
}

fn mail() -> Mail {
    let mailbox = |email: &str| Mailbox { email: Email::parse(email).unwrap(), name: None };
    Mail {
        from: mailbox("ada@shop.example"),
        to: mailbox("bob@example.com"),
        cc: Vec::new(),
        bcc: vec![Email::parse("hidden@example.com").unwrap()],
        reply_to: None,
        subject: "Your parcel?>~".to_owned(),
        html: None,
        text: Some("It is here.".to_owned()),
        headers: Vec::new(),
        unsubscribe: None,
        attachments: Vec::new(),
    }
}

fn send(mail: Mail) -> HttpCall {
    let message = Outgoing {
        id: "0190c0de".to_owned(),
        tag: "tag".to_owned(),
        at: at(),
        entropy: [0; 48],
        content: Content::Mail(Box::new(mail)),
    };
    let token = Secret::new("ya29.hunter2");
    let setup = Setup { settings: &json!({}), credentials: &credentials(), token: Some(&token), callback: "" };
    assert!(Gmail.call(&message, &Setup { token: None, ..setup }).is_err());
    let Call::Http(call) = Gmail.call(&message, &setup).unwrap() else { unreachable!() };
    assert!(matches!(&call.login, Login::Bearer(shown) if *shown == token));
    assert_eq!(call.method, Method::Post);
    call
}

#[test]
fn a_mail_goes_as_url_safe_base64_with_the_hidden_in_its_head() {
    let call = send(mail());
    assert_eq!(call.url.reveal(), "https://gmail.googleapis.com/gmail/v1/users/me/messages/send");
    assert_eq!(call.headers, [("content-type", "application/json".to_owned())]);
    let body: Value = serde_json::from_slice(&call.body.whole().unwrap()).unwrap();
    let raw = body["raw"].as_str().unwrap();
    assert!(!raw.contains(['+', '/', '=']));
    let raw = crypto::decode(raw).unwrap();
    let read = MessageParser::new().parse(&raw).unwrap();
    assert_eq!(read.subject(), Some("Your parcel?>~"));
    assert_eq!(read.bcc().unwrap().first().unwrap().address(), Some("hidden@example.com"));
    assert_eq!(read.header_raw("X-Switchboard-Ref").map(str::trim), Some("tag"));
}

#[test]
fn a_mail_with_files_is_uploaded_as_it_is() {
    let file = Attachment {
        name: "bill.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: 20_000_000,
        stored: "files/bill".to_owned(),
        content_id: None,
    };
    let call = send(Mail { attachments: vec![file], ..mail() });
    assert_eq!(call.url.reveal(), "https://gmail.googleapis.com/upload/gmail/v1/users/me/messages/send?uploadType=media");
    assert_eq!(call.headers, [("content-type", "message/rfc822".to_owned())]);
    assert!(call.body.whole().is_none() && call.body.len() > 26_000_000);
}

#[test]
fn consent_leads_to_a_refresh_token_and_that_to_access() {
    let settings = json!({"mailbox": "ada@shop.example"});
    let before = json!({"client_id": "1.apps.example.com", "client_secret": "GOCSPX-hunter2"});
    Gmail.check(&settings, &before).unwrap();
    let consent = Gmail.consent(&settings, &before).unwrap().unwrap();
    let link = oauth::authorize_url(&consent, "https://app.shop.example/back", "state", &Secret::new("v".repeat(43))).unwrap();
    assert!(link.starts_with("https://accounts.google.com/o/oauth2/v2/auth?response_type=code&"), "{link}");
    for part in [
        "&access_type=offline&prompt=consent&",
        "&login_hint=ada%40shop.example",
        "&scope=https%3A%2F%2Fwww.googleapis.com%2Fauth%2Fgmail.send&",
    ] {
        assert!(link.contains(part), "{part} in {link}");
    }
    let call = oauth::exchange(&consent, "https://app.shop.example/back", &Secret::new("4/0"), &Secret::new("v".repeat(43)));
    assert_eq!(call.unwrap().url.reveal(), "https://oauth2.googleapis.com/token");
    let setup = Setup { settings: &settings, credentials: &before, token: None, callback: "" };
    assert!(Gmail.access(&setup, at()).is_err());
    let Access::Ask(call) = Gmail.access(&Setup { credentials: &credentials(), ..setup }, at()).unwrap() else {
        unreachable!()
    };
    assert_eq!(call.url.reveal(), "https://oauth2.googleapis.com/token");
    let body = String::from_utf8(call.body.whole().unwrap()).unwrap();
    assert!(body.starts_with("grant_type=refresh_token&refresh_token=1%2F%2Fhunter2&"), "{body}");
}

#[test]
fn a_probe_tells_whether_the_consent_allows_to_send() {
    let token = Secret::new("ya29/a+b");
    let setup = Setup { settings: &json!({}), credentials: &credentials(), token: Some(&token), callback: "" };
    let Some(Call::Http(call)) = Gmail.probe(&setup).unwrap() else { unreachable!() };
    assert_eq!(call.url.reveal(), "https://oauth2.googleapis.com/tokeninfo?access_token=ya29%2Fa%2Bb");
}

#[test]
fn a_refused_token_is_thrown_away() {
    let answered = |status: u16| Reply::Answered(HttpReply { status, headers: Vec::new(), body: Vec::new(), at: at() });
    assert!(Gmail.token_refused(&answered(401)));
    assert!(!Gmail.token_refused(&answered(403)));
    assert!(!Gmail.token_refused(&Reply::Lost { text: "401".into() }));
}

#[test]
fn posts_need_a_mailbox_to_be_about() {
    for (settings, pointer) in [
        (json!({"push_account": "push@shop.example"}), "/settings/mailbox"),
        (json!({"mailbox": "ada"}), "/settings/mailbox"),
        (json!({"mailbox": "ada@shop.example", "push_account": "push"}), "/settings/push_account"),
    ] {
        let Err(Error::Invalid(faults)) = Gmail.check(&settings, &credentials()) else { unreachable!("{settings}") };
        assert_eq!(faults[0].pointer, pointer);
    }
    for (name, value) in [("client_id", ""), ("client_secret", "a b"), ("refresh_token", "a\r\nb")] {
        let mut credentials = credentials();
        credentials[name] = json!(value);
        let Err(Error::Invalid(faults)) = Gmail.check(&json!({}), &credentials) else { unreachable!("{name}") };
        assert_eq!(faults[0].pointer, format!("/credentials/{name}"));
    }
}
