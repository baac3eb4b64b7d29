//! Templates in every kind of body, what they cannot do, and who is believed.

use kernel::{Error, Result, Time};
use serde_json::{Value, json};

use super::SmsGateway;
use crate::{
    Call, Callback, Content, Direct, HttpCall, HttpReply, Login, Method, Outgoing, Provider, Receiving, Reply, Roots, Sending,
    Setup, Verdict, Wish,
};

const HOOK: &str = "https://hooks.example.com/hooks/any/r0ute";

fn credentials() -> Value {
    json!({"username": "user", "password": "p&ss<", "token": "tok-en", "callback_secret": "s/cret"})
}

fn call(settings: &Value, text: &str) -> Result<HttpCall> {
    let direct = Direct { to: "+14155550123".to_owned(), text: Some(text.to_owned()), ..Direct::default() };
    let message = Outgoing {
        id: "0190".to_owned(),
        tag: "the-tag".to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z")?,
        entropy: [0; 48],
        content: Content::Direct(Box::new(direct)),
    };
    let credentials = credentials();
    match SmsGateway.call(&message, &Setup { settings, credentials: &credentials, token: None, callback: HOOK })? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn body(call: &HttpCall) -> String {
    String::from_utf8(call.body.whole().unwrap()).unwrap()
}

/// A text that would end whatever it stands in, and name a secret.
const EVIL: &str = "\"}</to>&to=+19&{password}\r\n%{{é";

#[test]
fn no_text_leaves_the_place_it_stands_in() {
    let there = call(
        &json!({"url": "https://gateway.example:8443/a/{to}/b?user={username}&pass={password}&text={text}", "method": "GET"}),
        EVIL,
    )
    .unwrap();
    assert_eq!(there.method, Method::Get);
    assert_eq!(
        there.url.reveal(),
        "https://gateway.example:8443/a/%2B14155550123/b?user=user&pass=p%26ss%3C\
            &text=%22%7D%3C%2Fto%3E%26to%3D%2B19%26%7Bpassword%7D%0D%0A%25%7B%7B%C3%A9"
    );
    assert!(there.headers.is_empty() && there.body.is_empty());
    let url = "https://gateway.example/send";
    let shape =
        json!({"messages": [{"to": "{to_digits}", "text": "Shop: {text}", "flash": false, "parts": 3}], "{to}": "{id} {tag}"});
    let said = call(&json!({"url": url, "body": {"json": shape}}), EVIL).unwrap();
    assert_eq!(said.headers, [("content-type", "application/json".to_owned())]);
    let expected = json!({"messages": [{"to": "14155550123", "text": format!("Shop: {EVIL}"), "flash": false, "parts": 3}],
        "{to}": "0190 the-tag"});
    assert_eq!(serde_json::from_str::<Value>(&body(&said)).unwrap(), expected);
    let said = call(&json!({"url": url, "body": {"form": {"to": "{to}", "msg": "{text}"}}}), EVIL).unwrap();
    let pairs: Vec<_> = url::form_urlencoded::parse(body(&said).as_bytes()).into_owned().collect();
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(pairs, [pair("msg", EVIL), pair("to", "+14155550123")]);
    let xml = "<sms><to>{to}</to><text kind='{{a}}'>{text}</text><pass>{password}</pass></sms>";
    let said = call(&json!({"url": url, "method": "PUT", "body": {"xml": xml}}), EVIL).unwrap();
    assert_eq!(
        body(&said),
        "<sms><to>+14155550123</to><text kind='{a}'>&quot;}&lt;/to&gt;&amp;to=+19&amp;{password}\r\n%{{é</text>\
            <pass>p&amp;ss&lt;</pass></sms>"
    );
}

#[test]
fn the_address_for_reports_names_the_message_and_shows_the_secret() {
    let settings = json!({"url": "https://gateway.example/send", "body": {"form": {"dlr": "{callback}"}}});
    let said = body(&call(&settings, "Hello").unwrap());
    let address = url::form_urlencoded::parse(said.as_bytes()).next().unwrap().1.into_owned();
    assert_eq!(address, format!("{HOOK}?sb=the-tag&key=s%2Fcret"));
    let roots = Roots::none();
    let credentials = credentials();
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    let believed = |url: &str| SmsGateway.verify(&get(url, &roots), &setup).is_ok();
    assert!(believed(&address));
    for other in [
        HOOK.to_owned(),
        address.replace("s%2Fcret", "s%2Fcreu"),
        address.replace("s%2Fcret", ""),
        format!("{address}&key=s%2Fcret"),
    ] {
        assert!(!believed(&other), "{other}");
    }
}

fn get<'a>(url: &'a str, roots: &'a Roots) -> Callback<'a> {
    let now = Time::parse("2026-03-01T10:00:00Z").unwrap();
    Callback { method: "GET", url, headers: &[], body: b"", topics: &[], certificate: None, roots, keys: None, now }
}

#[test]
fn every_login_has_its_place() {
    let login = |login: Value| call(&json!({"url": "https://gateway.example/", "login": login}), "Hello").unwrap().login;
    assert!(matches!(login(json!("none")), Login::None));
    assert!(matches!(login(json!("basic")), Login::Basic(name, secret) if name == "user" && secret.reveal() == "p&ss<"));
    assert!(matches!(login(json!("bearer")), Login::Bearer(token) if token.reveal() == "tok-en"));
    assert!(matches!(login(json!({"scheme": "App"})), Login::Authorization(value) if value.reveal() == "App tok-en"));
    assert!(matches!(login(json!({"header": "x-api-key"})), Login::Header("x-api-key", token) if token.reveal() == "tok-en"));
}

#[test]
fn an_account_cannot_let_a_message_choose_its_host_or_path() {
    for url in [
        "http://gateway.example/",
        "https://{to}/",
        "https://gateway.example{to}",
        "https://gateway.example:{to}/",
        "https://user@gateway.example/",
        "https://{username}:{password}@gateway.example/",
        "https://",
        "https:///send",
        "https:///{to}",
        "https:////{to}/",
        "https://gateway.example/{text}",
        "https://gateway.example/{callback}",
        "https://gateway.example\\@other.example/",
        "https://gateway.example/a b",
        "https://gateway.example/\r\nX-Evil: 1",
        "https://gateway.example/#{text}",
        "https://gateway.example/{env}",
        "https://gateway.example/?a={",
        "gateway.example",
    ] {
        let Err(Error::Invalid(faults)) = SmsGateway.check(&json!({"url": url}), &credentials()) else { unreachable!("{url}") };
        assert_eq!(faults[0].pointer, "/settings/url", "{url}");
    }
}

#[test]
fn what_templates_name_must_be_there() {
    let url = "https://gateway.example/send";
    let deep = (0..9).fold(json!("{to}"), |inner, _| json!({"a": inner}));
    for (settings, credentials, pointer) in [
        (json!({"url": format!("{url}?f={{from}}")}), json!({}), "/settings/from"),
        (json!({"url": format!("{url}?p={{password}}")}), json!({}), "/credentials/password"),
        (json!({"url": url, "body": {"json": {"u": "{username}"}}}), json!({}), "/credentials/username"),
        (json!({"url": url, "body": {"xml": "{token}"}}), json!({}), "/credentials/token"),
        (json!({"url": url, "body": {"form": {"c": "{callback}"}}}), json!({}), "/credentials/callback_secret"),
        (json!({"url": url, "body": {"json": {"a/b": [1, "{what}"]}}}), json!({}), "/settings/body/json/a~1b/1"),
        (json!({"url": url, "body": {"form": {"a": "}"}}}), json!({}), "/settings/body/form/a"),
        (json!({"url": url, "body": {"xml": "a".repeat(16_385)}}), json!({}), "/settings/body"),
        (json!({"url": url, "method": "GET", "body": {"json": {}}}), json!({}), "/settings/body"),
        (json!({"url": url, "method": "DELETE"}), json!({}), "/settings/method"),
        (json!({"url": url, "login": "basic"}), json!({"username": "a"}), "/credentials/password"),
        (json!({"url": url, "login": "basic"}), json!({"username": "a:b", "password": "c"}), "/credentials/username"),
        (json!({"url": url, "login": "bearer"}), json!({}), "/credentials/token"),
        (json!({"url": url, "login": {"scheme": "A B"}}), json!({"token": "t"}), "/settings/login/scheme"),
        (json!({"url": url, "from": "far too long a name"}), json!({}), "/settings/from"),
        (json!({"url": url}), json!({"token": "a\r\nb"}), "/credentials/token"),
    ] {
        let Err(Error::Invalid(faults)) = SmsGateway.check(&settings, &credentials) else { unreachable!("{settings}") };
        assert_eq!(faults[0].pointer, pointer, "{settings}");
    }
    assert!(SmsGateway.check(&json!({"url": url, "body": {"json": deep}}), &json!({})).is_err());
    // A header of the account's own choice could carry anything.
    assert!(SmsGateway.check(&json!({"url": url, "login": {"header": "host"}}), &credentials()).is_err());
}

#[test]
fn the_accounts_codes_say_what_an_answer_means() {
    let settings = json!({"url": "https://gateway.example/send", "answers": {
        "code": "/result/code", "id": "/result/id", "accepted": ["0", "OK", "true"], "rejected": ["7"], "undeliverable": ["8"],
        "misconfigured": ["9", "ERR"], "limited": ["10"],
    }});
    let credentials = json!({});
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    let meaning = |status: u16, body: &str| {
        let at = Time::parse("2026-03-01T09:30:00Z").unwrap();
        let reply = Reply::Answered(HttpReply { status, headers: Vec::new(), body: body.as_bytes().to_vec(), at });
        match SmsGateway.verdict_for(&reply, &setup) {
            Verdict::Sent { id } => format!("sent {id}"),
            other => format!("{other:?}").split(' ').next().unwrap().to_lowercase(),
        }
    };
    for (status, body, expected) in [
        (200, r#"{"result": {"code": 0, "id": 17}}"#, "sent 17"),
        (202, r#"{"result": {"code": "ok"}}"#, "sent "),
        (200, r#"{"result": {"code": true}}"#, "sent "),
        (200, r#"{"result": {"code": "7"}}"#, "rejected"),
        (200, r#"{"result": {"code": 8}}"#, "undeliverable"),
        (200, r#"{"result": {"code": 9}}"#, "misconfigured"),
        (200, r#"{"result": {"code": 10}}"#, "limited"),
        (200, r#"{"result": {"code": 11}}"#, "retry"),
        // Nothing says whether it was taken.
        (200, r#"{"error": "maybe"}"#, "unknown"),
        (200, "", "unknown"),
        // In plain text the first word counts.
        (200, "OK: 12345", "sent "),
        (200, "ERR 9 no credit", "misconfigured"),
        (200, "MAYBE", "retry"),
        (200, "<html>", "unknown"),
        (400, r#"{"result": {"code": 8}}"#, "undeliverable"),
        (400, r#"{"result": {"code": 0}}"#, "rejected"),
        (401, "who?", "misconfigured"),
        (500, r#"{"result": {"code": 0}}"#, "retry"),
    ] {
        assert_eq!(meaning(status, body), expected, "{status} {body}");
    }
    assert!(matches!(SmsGateway.verdict_for(&Reply::Lost { text: String::new() }, &setup), Verdict::Unknown { .. }));
}

#[test]
fn a_report_and_a_message_are_read_by_the_accounts_names() {
    let settings = json!({"url": "https://gateway.example/send",
        "report": {"status": "/reports/0/state", "id": "/reports/0/ref", "delivered": ["delivered"]},
        "inbound": {"from": "/mo/src", "text": "/mo/body"}});
    let credentials = credentials();
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    let (roots, url) = (Roots::none(), format!("{HOOK}?sb=the-tag&key=s%2Fcret"));
    let read = |body: &[u8]| SmsGateway.verify(&Callback { method: "POST", body, ..get(&url, &roots) }, &setup).unwrap();
    let report = read(br#"{"reports": [{"state": "DELIVERED", "ref": 42}]}"#);
    let event = SmsGateway.events(&report, &setup).remove(0);
    assert_eq!((event.tag.as_deref(), event.provider_id.as_deref()), (Some("the-tag"), Some("42")));
    assert!(SmsGateway.inbound(&report, &setup).is_empty());
    let message = read(br#"{"mo": {"src": "14155550123", "body": "STOP"}}"#);
    let found = SmsGateway.inbound(&message, &setup).remove(0);
    assert_eq!((found.from.as_str(), found.wish), ("+14155550123", Some(Wish::Stop)));
    // Without an id of the gateway's, another text is another message.
    let other = SmsGateway.inbound(&read(br#"{"mo": {"src": "14155550123", "body": "START"}}"#), &setup).remove(0);
    assert_ne!(found.id, other.id);
    assert!(SmsGateway.events(&message, &setup).is_empty());
}
