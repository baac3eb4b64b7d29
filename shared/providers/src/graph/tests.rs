use kernel::Time;
use serde_json::json;

use super::*;
use crate::{Access, Attachment, Content, Login, Mail, Mailbox, Roots, oauth};

const TENANT: &str = "84bd8158-6d4d-4958-8b9f-000000000001";

fn at() -> Time {
    Time::parse("2026-03-01T09:30:00Z").unwrap()
}

fn credentials() -> Value {
    json!({"client_id": "8f0e", "refresh_token": "M.hunter2", "client_state": "hunter2state"})
}

fn send(attachments: Vec<Attachment>) -> HttpCall {
    let mailbox = |email: &str| Mailbox { email: Email::parse(email).unwrap(), name: None };
    let mail = Mail {
        from: mailbox("ada@shop.example"),
        to: mailbox("bob@example.com"),
        cc: Vec::new(),
        bcc: vec![Email::parse("hidden@example.com").unwrap()],
        reply_to: None,
        subject: "Your parcel".to_owned(),
        html: None,
        text: Some("It is here.".to_owned()),
        headers: Vec::new(),
        unsubscribe: None,
        attachments,
    };
    let content = Content::Mail(Box::new(mail));
    let message = Outgoing { id: "0190c0de".to_owned(), tag: "tag".to_owned(), at: at(), entropy: [0; 48], content };
    let token = Secret::new("eyJhunter2");
    let setup = Setup { settings: &json!({}), credentials: &credentials(), token: Some(&token), callback: "" };
    assert!(Graph.call(&message, &Setup { token: None, ..setup }).is_err());
    let Call::Http(call) = Graph.call(&message, &setup).unwrap() else { unreachable!() };
    assert!(matches!(&call.login, Login::Bearer(shown) if *shown == token));
    call
}

#[test]
fn a_mail_goes_as_base64_with_the_hidden_in_its_head() {
    use base64::Engine as _;
    let call = send(Vec::new());
    assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://graph.microsoft.com/v1.0/me/sendMail"));
    assert_eq!(call.headers, [("content-type", "text/plain".to_owned())]);
    let raw = base64::engine::general_purpose::STANDARD.decode(call.body.whole().unwrap()).unwrap();
    let read = mail_parser::MessageParser::new().parse(&raw).unwrap();
    assert_eq!(read.subject(), Some("Your parcel"));
    assert_eq!(read.bcc().unwrap().first().unwrap().address(), Some("hidden@example.com"));
    assert_eq!(read.header_raw("X-Switchboard-Ref").map(str::trim), Some("tag"));
}

#[test]
fn files_go_along_without_being_read() {
    let file = Attachment {
        name: "bill.pdf".to_owned(),
        media_type: "application/pdf".to_owned(),
        bytes: 2_000_000,
        stored: "files/bill".to_owned(),
        content_id: None,
    };
    let body = send(vec![file]).body;
    assert!(body.whole().is_none() && body.len() > 2_000_000 * 16 / 9);
}

#[test]
fn consent_is_asked_for_in_the_accounts_tenant() {
    let settings = json!({"tenant": "shop.example", "mailbox": "ada@shop.example"});
    let consent = Graph.consent(&settings, &json!({"client_id": "8f0e"})).unwrap().unwrap();
    let link = oauth::authorize_url(&consent, "https://app.shop.example/back", "state", &Secret::new("v".repeat(43))).unwrap();
    let base = "https://login.microsoftonline.com/shop.example/oauth2/v2.0";
    assert!(link.starts_with(&format!("{base}/authorize?response_type=code&client_id=8f0e&")), "{link}");
    assert!(link.contains("Mail.Send+") && link.contains("+offline_access&"), "{link}");
    let setup = Setup { settings: &settings, credentials: &credentials(), token: None, callback: "" };
    let Access::Ask(call) = Graph.access(&setup, at()).unwrap() else { unreachable!() };
    assert_eq!(call.url.reveal(), format!("{base}/token"));
    let body = call.body.whole().unwrap();
    assert_eq!(body, b"grant_type=refresh_token&refresh_token=M.hunter2&client_id=8f0e");
    let setup = Setup { settings: &Value::Null, ..setup };
    let Access::Ask(call) = Graph.access(&setup, at()).unwrap() else { unreachable!() };
    assert_eq!(call.url.reveal(), "https://login.microsoftonline.com/common/oauth2/v2.0/token");
}

#[test]
fn settings_cannot_lead_elsewhere() {
    for tenant in ["", "../x", "a/b", "a?b", "a@b", "..", ".a", "a\r\nb"] {
        let Err(Error::Invalid(faults)) = Graph.check(&json!({"tenant": tenant}), &credentials()) else { unreachable!() };
        assert_eq!(faults[0].pointer, "/settings/tenant");
    }
    for (name, value) in [("client_id", ""), ("client_state", "a b"), ("client_state", &"x".repeat(129)), ("client_state", "")]
    {
        let mut credentials = credentials();
        credentials[name] = json!(value);
        let Err(Error::Invalid(faults)) = Graph.check(&json!({}), &credentials) else { unreachable!("{name}") };
        assert_eq!(faults[0].pointer, format!("/credentials/{name}"));
    }
}

fn callback<'a>(method: &'a str, url: &'a str, body: &'a [u8], roots: &'a Roots) -> Callback<'a> {
    Callback { method, url, headers: &[], body, topics: &[], certificate: None, roots, keys: None, now: at() }
}

#[test]
fn the_validation_token_is_given_back_as_plain_text() {
    let (roots, credentials) = (Roots::none(), credentials());
    let setup = Setup { settings: &Value::Null, credentials: &credentials, token: None, callback: "" };
    let ask = |method: &str, token: &str| {
        let url = format!("https://hooks.example.com/hooks/graph/r0ute{token}");
        Graph.handshake(&callback(method, &url, b"", &roots), &setup)
    };
    let answer = ask("POST", "?validationToken=Validation%3A+Testing%20client%20application%3A%20a-B_9").unwrap().unwrap();
    assert_eq!((answer.status, answer.media_type), (200, "text/plain"));
    assert_eq!(answer.body, "Validation: Testing client application: a-B_9");
    assert_eq!(ask("POST", "").unwrap(), None);
    assert_eq!(ask("GET", "?validationToken=a").unwrap(), None);
    for odd in ["%3Cscript%3E", "a%0D%0Ab", "", "a%26lt;", "%C3%A9", &"a".repeat(1025)] {
        assert!(ask("POST", &format!("?validationToken={odd}")).is_err(), "{odd}");
    }
}

#[test]
fn every_notification_must_show_the_word_and_the_tenant() {
    let roots = Roots::none();
    let believed = |settings: &Value, credentials: &Value, post: &Value| {
        let setup = Setup { settings, credentials, token: None, callback: "" };
        let body = post.to_string().into_bytes();
        Graph.verify(&callback("POST", "https://hooks.example.com/hooks/graph/r0ute", &body, &roots), &setup).is_ok()
    };
    let one = |state: &str, tenant: &str| json!({"clientState": state, "tenantId": tenant});
    let own = json!({"tenant": TENANT.to_uppercase()});
    let good = one("hunter2state", TENANT);
    let post = |rows: &[&Value]| json!({"value": rows});
    assert!(believed(&own, &credentials(), &post(&[&good, &good])));
    assert!(believed(&Value::Null, &credentials(), &post(&[&one("hunter2state", "another")])));
    for rows in [
        vec![],
        vec![&one("hunter2", TENANT)],
        vec![&json!({"tenantId": TENANT})],
        vec![&good, &one("", TENANT)],
        vec![&one("hunter2", TENANT), &good],
        vec![&good, &one("hunter2state", "84bd8158-6d4d-4958-8b9f-000000000002")],
    ] {
        assert!(!believed(&own, &credentials(), &post(&rows)), "{rows:?}");
    }
    let mut silent = credentials();
    silent.as_object_mut().unwrap().remove("client_state");
    assert!(!believed(&own, &silent, &post(&[&good])));
    assert!(!believed(&own, &silent, &post(&[&one("", TENANT)])));
}
