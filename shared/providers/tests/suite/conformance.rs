//! What holds for every provider in the list.

use std::collections::BTreeSet;

use kernel::{Email, Error, Time};
use providers::sns::Version;
use providers::{Call, Mailbox, Outgoing, PROVIDERS, Provider, Reply, Verdict, find};
use serde_json::{Value, json};

use crate::posts::{House, Post, notification, now};

const SECRET: &str = "hunter2-is-the-password";

/// Settings and credentials that are in order, per provider. A new provider needs its line here.
fn account(provider: &dyn Provider) -> (Value, Value) {
    match provider.id() {
        "ses" => (json!({"region": "eu-west-1", "configuration_set": "events", "topic_arns": []}), json!({})),
        "smtp" => (
            json!({"host": "mail.example.com", "port": 465, "security": "tls"}),
            json!({"username": "shop", "password": SECRET}),
        ),
        "capture" => (json!({}), json!({})),
        other => unreachable!("what {other} needs is missing here"),
    }
}

fn outgoing() -> Outgoing {
    let mailbox = |email: &str, name: &str| Mailbox { email: Email::parse(email).unwrap(), name: Some(name.to_owned()) };
    Outgoing {
        from: mailbox("news@shop.example", "Corner Shop"),
        to: mailbox("ada@example.com", "Ada Private"),
        cc: vec![Email::parse("copy@example.com").unwrap()],
        bcc: vec![Email::parse("hidden@example.com").unwrap()],
        reply_to: None,
        subject: "Subject of a private kind".to_owned(),
        html: Some("<p>Words of a private kind</p>".to_owned()),
        text: Some("Words of a private kind".to_owned()),
        headers: vec![("X-Private".to_owned(), "private value".to_owned())],
        unsubscribe: Some("https://mail.shop.example/u/private-token".to_owned()),
        id: "0190c0de".to_owned(),
        tag: "private-tag".to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z").unwrap(),
    }
}

fn parts(call: &Call) -> (&Email, &[Email], &[u8]) {
    match call {
        Call::Ses(call) => (&call.from, &call.to, &call.raw),
        Call::Smtp(call) => (&call.from, &call.to, &call.raw),
        Call::Capture(call) => (&call.from, &call.to, &call.raw),
    }
}

fn refused(status: u16) -> Reply {
    Reply::Refused { status, code: String::new(), text: String::new(), after: None }
}

#[test]
fn ids_are_distinct_and_found() {
    let ids: BTreeSet<_> = PROVIDERS.iter().map(|provider| provider.id()).collect();
    assert_eq!(ids.len(), PROVIDERS.len());
    assert!(ids.iter().all(|id| find(id).is_some_and(|provider| provider.id() == *id)));
    assert!(find("carrier-pigeon").is_none());
}

#[test]
fn accounts_are_checked_and_unknown_fields_refused() {
    for provider in PROVIDERS {
        let (settings, credentials) = account(*provider);
        provider.check(&settings, &credentials).unwrap();
        for (pointer, settings, credentials) in [
            ("/settings", with(&settings, "surprise"), credentials.clone()),
            ("/credentials", settings.clone(), with(&credentials, "surprise")),
            ("/settings", json!([SECRET]), credentials.clone()),
            ("/credentials", settings.clone(), json!(SECRET)),
        ] {
            let error = provider.check(&settings, &credentials).unwrap_err();
            assert!(!format!("{error:?}").contains(SECRET), "{}: {error:?}", provider.id());
            let Error::Invalid(faults) = error else { unreachable!("{error:?}") };
            assert!(faults.iter().all(|fault| fault.pointer.starts_with(pointer)), "{}: {faults:?}", provider.id());
        }
    }
}

fn with(value: &Value, name: &str) -> Value {
    let mut changed = value.clone();
    changed[name] = SECRET.into();
    changed
}

#[test]
fn a_call_carries_the_message_and_shows_nothing_of_it() {
    for provider in PROVIDERS {
        let (settings, credentials) = account(*provider);
        let message = outgoing();
        let call = provider.call(&message, &settings, &credentials).unwrap();
        let (from, to, raw) = parts(&call);
        assert_eq!(from, &message.from.email);
        assert_eq!(
            to.iter().map(Email::as_str).collect::<Vec<_>>(),
            ["ada@example.com", "copy@example.com", "hidden@example.com"]
        );
        let read = mail_parser::MessageParser::new().parse(raw).unwrap();
        assert_eq!(read.subject(), Some(message.subject.as_str()));
        assert_eq!(read.header_raw("X-Switchboard-Ref").map(str::trim), Some(message.tag.as_str()));
        assert!(!String::from_utf8_lossy(raw).contains("hidden@"));
        for shown in [format!("{call:?}"), format!("{call:#?}"), format!("{message:?}"), format!("{message:#?}")] {
            let lower = shown.to_lowercase();
            for secret in [SECRET, "private", "ada@", "hidden@", "shop\""] {
                assert!(!lower.contains(secret), "{}: {secret} in {shown}", provider.id());
            }
        }
        let again = provider.call(&outgoing(), &settings, &credentials).unwrap();
        assert_eq!(parts(&again).2, raw, "{}", provider.id());
    }
}

#[test]
fn a_call_with_a_broken_account_or_message_is_refused() {
    for provider in PROVIDERS {
        let (settings, credentials) = account(*provider);
        let evil = Outgoing { subject: "a\r\nBcc: x@y.example".to_owned(), ..outgoing() };
        assert!(provider.call(&evil, &settings, &credentials).is_err(), "{}", provider.id());
    }
    let crowd =
        Outgoing { bcc: (0..49).map(|one| Email::parse(&format!("u{one}@example.com")).unwrap()).collect(), ..outgoing() };
    let ses = find("ses").unwrap();
    assert!(matches!(ses.call(&crowd, &json!({}), &json!({})), Err(Error::Invalid(_))));
    assert!(matches!(find("smtp").unwrap().call(&outgoing(), &json!({}), &json!({})), Err(Error::Invalid(_))));
}

#[test]
fn tags_go_with_the_call() {
    let Call::Ses(call) = find("ses").unwrap().call(&outgoing(), &account(find("ses").unwrap()).0, &json!({})).unwrap() else {
        unreachable!()
    };
    assert_eq!(call.tags, [("sb".to_owned(), "private-tag".to_owned())]);
    assert_eq!((call.region.as_deref(), call.configuration_set.as_deref()), (Some("eu-west-1"), Some("events")));
}

#[test]
fn answers_common_to_all_mean_the_same() {
    for provider in PROVIDERS {
        let id = provider.id();
        assert_eq!(provider.verdict(&Reply::Accepted { id: "m".into() }), Verdict::Sent { id: "m".into() });
        assert!(matches!(provider.verdict(&Reply::Unreached { text: "refused".into() }), Verdict::Retry { .. }), "{id}");
        assert!(matches!(provider.verdict(&Reply::Lost { text: "reset".into() }), Verdict::Unknown { .. }), "{id}");
        // The statuses of HTTP, and the codes of SMTP (RFC 5321 section 4.2.1).
        let passing: &[u16] = if id == "smtp" { &[421, 450, 451, 452, 454] } else { &[408, 425, 429, 500, 502, 503, 504] };
        for status in passing {
            assert!(matches!(provider.verdict(&refused(*status)), Verdict::Retry { .. }), "{id} {status}");
        }
        // What is not recognised may be tried again, and never counts as the recipient's fault.
        for status in [0, 100, 302, 418, 299, 600, u16::MAX] {
            let unknown = Reply::Refused { status, code: "Novel".into(), text: "?".into(), after: Some(9) };
            assert!(matches!(provider.verdict(&unknown), Verdict::Retry { after: Some(9), .. }), "{id} {status}");
        }
    }
}

#[test]
fn callbacks_are_proven_or_refused() {
    let house = House::new();
    for provider in PROVIDERS {
        for version in [Version::V1, Version::V2] {
            let post = house.signed(notification(), version);
            if provider.id() == "smtp" {
                assert_eq!(provider.verify(&post.callback()).unwrap_err(), Error::Unauthenticated);
                continue;
            }
            let verified = provider.verify(&post.callback()).unwrap();
            assert_eq!(provider.events(&verified).len(), 1);
            let late = Post { now: now().plus_seconds(3700), ..post.clone() };
            assert_eq!(provider.verify(&late.callback()).unwrap_err(), Error::Unauthenticated, "{}", provider.id());
            let deaf = Post { topics: Vec::new(), ..post.clone() };
            assert_eq!(provider.verify(&deaf.callback()).unwrap_err(), Error::Unauthenticated, "{}", provider.id());
            let start = String::from_utf8(post.body.clone()).unwrap().find("Delivery").unwrap();
            for byte in start..start + 8 {
                let mut flipped = post.clone();
                flipped.body[byte] ^= 1;
                assert!(provider.verify(&flipped.callback()).is_err(), "{} byte {byte}", provider.id());
            }
        }
    }
}

#[test]
fn only_capture_may_be_repeated() {
    let repeatable: Vec<_> = PROVIDERS.iter().filter(|provider| provider.repeatable()).map(|provider| provider.id()).collect();
    assert_eq!(repeatable, ["capture"]);
}
