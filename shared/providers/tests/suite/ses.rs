//! Every sample of SES, which comes through SNS, says what it should say. A file that no test expects fails, and so does one that is
//! expected and not there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Error, Time};
use providers::BounceClass::{Block, Hard, Soft};
use providers::EventKind::{
    Bounced, Clicked, Complained, Delayed, Delivered, Opened, Rejected, RenderingFailed, Sent, Unsubscribed,
};
use providers::{BounceClass, Deposit, Event, EventKind, Inbound, Setup, Verified, receiving};
use serde_json::{Value, json};

use providers::sns::Version;

use crate::posts::{House, NOBODY, Post, TOPIC, notification, now};

/// File, kind, recipients, bounce class.
type Expected = (&'static str, Option<EventKind>, &'static [&'static str], Option<BounceClass>);

const ADA: &[&str] = &["ada@example.com"];

const SES: &[Expected] = &[
    ("bounce-permanent-general", Some(Bounced), ADA, Some(Hard)),
    ("bounce-permanent-noemail", Some(Bounced), &["ada@example.com", "bob@example.net"], Some(Hard)),
    ("bounce-suppressed", Some(Bounced), ADA, Some(Hard)),
    ("bounce-transient-contentrejected", Some(Bounced), ADA, Some(Block)),
    ("bounce-transient-mailboxfull", Some(Bounced), ADA, Some(Soft)),
    ("bounce-undetermined", Some(Bounced), ADA, Some(Soft)),
    ("click", Some(Clicked), ADA, None),
    ("complaint", Some(Complained), ADA, None),
    ("complaint-redacted-several", Some(Complained), &["ada@example.com", "bob@example.com"], None),
    ("delay", Some(Delayed), ADA, None),
    ("delivery", Some(Delivered), ADA, None),
    ("notification-bounce", Some(Bounced), ADA, Some(Hard)),
    ("notification-complaint", Some(Complained), ADA, None),
    ("notification-delivery", Some(Delivered), ADA, None),
    ("open", Some(Opened), ADA, None),
    ("received", None, &[], None),
    ("received-stored", None, &[], None),
    ("reject", Some(Rejected), ADA, None),
    ("rendering-failure", Some(RenderingFailed), ADA, None),
    ("send", Some(Sent), ADA, None),
    ("subscription", Some(Unsubscribed), ADA, None),
    ("validation-text", None, &[], None),
];

/// The tag that all samples carry.
const TAG: &str = "AZ1tT0pQcJ2x8Yk3mN5rVwHdL7uSbEaGf9qZiX4oCjKyR6vMhPtWnUsDlBeFgA_-";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/providers")
}

/// The samples of one provider: name and what would stand in the SNS `Message`.
fn samples(provider: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder().join(provider)).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.extension().and_then(|end| end.to_str()), Some("json"), "{path:?}");
        let text = std::fs::read_to_string(&path).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let message = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        found.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), message);
    }
    found
}

fn events(house: &House, provider: &str, message: &str) -> Vec<Event> {
    let provider = receiving(provider).unwrap();
    let body = house.issuer.notification(TOPIC, "6a1f0c52-0000-5000-8000-000000000003", message, now()).unwrap();
    let post = Post { body: body.into_bytes(), ..house.post.clone() };
    provider.events(&provider.verify(&post.callback(), &NOBODY).unwrap(), &NOBODY)
}

#[test]
fn every_sample_is_expected_and_every_expectation_has_its_sample() {
    let expected: Vec<_> = SES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(samples("ses").into_keys().collect::<Vec<_>>(), expected);
}

#[test]
fn samples_map_to_their_events() {
    let house = House::new();
    let samples = samples("ses");
    for (name, kind, recipients, class) in SES {
        for provider in ["ses", "capture"] {
            let events = events(&house, provider, &samples[*name]);
            let told: Vec<_> = events.iter().map(|event| event.recipient.as_deref().unwrap_or_default()).collect();
            assert_eq!(told, *recipients, "{name}");
            for event in &events {
                assert_eq!(Some(event.kind), *kind, "{name}");
                assert_eq!(event.detail.class, *class, "{name}");
                assert_eq!(event.tag.as_deref(), Some(TAG), "{name}");
                assert_eq!(event.provider_id.as_deref(), Some("0100018f7a2b3c4d-5e6f7081-92a3-44b5-86c7-d8e9fa0b1c2d-000000"));
                assert!(event.at >= Time::parse("2026-03-01T09:30:00Z").unwrap() && event.at != now(), "{name}");
            }
        }
    }
}

#[test]
fn events_are_told_apart_and_repetitions_are_recognised() {
    let house = House::new();
    let mut ids = BTreeMap::new();
    for (name, message) in samples("ses") {
        let first = events(&house, "ses", &message);
        assert_eq!(first, events(&house, "ses", &message), "{name}");
        for event in first {
            if let Some(other) = ids.insert(event.id.clone(), name.clone()) {
                // A notification and an event record of the same delivery are one event.
                assert_eq!((other.as_str(), name.as_str()), ("delivery", "notification-delivery"));
            }
            assert!(!event.id.contains('@'));
        }
    }
}

/// Both providers that speak through SNS believe it, and nobody else.
#[test]
fn callbacks_are_proven_or_refused() {
    let house = House::new();
    for id in ["ses", "capture"] {
        let provider = receiving(id).unwrap();
        for version in [Version::V1, Version::V2] {
            let post = house.signed(notification(), version);
            let verified = provider.verify(&post.callback(), &NOBODY).unwrap();
            assert_eq!(provider.events(&verified, &NOBODY).len(), 1);
            let late = Post { now: now().plus_seconds(3700), ..post.clone() };
            assert_eq!(provider.verify(&late.callback(), &NOBODY).unwrap_err(), Error::Unauthenticated, "{id}");
            let deaf = Post { topics: Vec::new(), ..post.clone() };
            assert_eq!(provider.verify(&deaf.callback(), &NOBODY).unwrap_err(), Error::Unauthenticated, "{id}");
            let start = String::from_utf8(post.body.clone()).unwrap().find("Delivery").unwrap();
            for byte in start..start + 8 {
                let mut flipped = post.clone();
                flipped.body[byte] ^= 1;
                assert!(provider.verify(&flipped.callback(), &NOBODY).is_err(), "{id} byte {byte}");
            }
        }
    }
}

#[test]
fn details_are_kept() {
    let house = House::new();
    let samples = samples("ses");
    let one = |name: &str| events(&house, "ses", &samples[name]).remove(0);
    let bounce = one("bounce-permanent-noemail");
    assert_eq!(bounce.detail.code.as_deref(), Some("NoEmail"));
    assert_eq!(bounce.detail.text.as_deref(), Some("smtp; 550 5.1.1 no such user"));
    assert_eq!(bounce.at, Time::parse("2026-03-01T09:30:04.118Z").unwrap());
    let click = one("click");
    assert_eq!(click.detail.url.as_deref(), Some("https://shop.example/orders/17?from=mail"));
    assert!(click.detail.agent.unwrap().contains("ExampleMail"));
    assert!(one("open").detail.agent.unwrap().contains("ExampleMail"));
    assert_eq!(one("complaint").detail.code.as_deref(), Some("abuse"));
    assert_eq!(one("delay").detail.code.as_deref(), Some("MailboxFull"));
    assert_eq!(one("delivery").detail.text.as_deref(), Some("250 2.0.0 OK: queued as 4F00BA12"));
    assert_eq!(one("reject").detail.text.as_deref(), Some("Bad content"));
    assert_eq!(one("rendering-failure").detail.code.as_deref(), Some("order-shipped"));
}

#[test]
fn what_is_no_record_gives_no_events() {
    let house = House::new();
    for provider in ["ses", "capture"] {
        for message in [
            "",
            "plain words",
            "null",
            "[]",
            "{}",
            "7",
            "{\"eventType\":\"Novel\"}",
            "{\"eventType\":7}",
            "{\"eventType\":",
            "{\"notificationType\":\"Received\",\"mail\":{\"messageId\":\"m\"}}",
            "{\"eventType\":\"Subscription\"}",
        ] {
            assert_eq!(events(&house, provider, message), [], "{message}");
        }
    }
}

#[test]
fn a_record_of_other_types_than_expected_costs_only_those_fields() {
    let house = House::new();
    let odd = r#"{"eventType":"Bounce","mail":{"messageId":"m","tags":{"sb":["t"]},"timestamp":7},
        "bounce":{"bounceType":[],"bouncedRecipients":[{"emailAddress":7},{"emailAddress":"no address"},7],"timestamp":"then","feedbackId":{}}}"#;
    let events = events(&house, "ses", odd);
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| event.tag.as_deref() == Some("t") && event.recipient.is_none() && event.at == now()));
}

/// A notice, as it is proven.
fn proven(house: &House, message: &str) -> Verified {
    let body = house.issuer.notification(TOPIC, "6a1f0c52-0000-5000-8000-000000000004", message, now()).unwrap();
    let post = Post { body: body.into_bytes(), ..house.post.clone() };
    receiving("ses").unwrap().verify(&post.callback(), &NOBODY).unwrap()
}

/// The mail that a notice brings to an account that receives for those addresses.
fn inbound(house: &House, message: &str, addresses: &[&str]) -> Vec<Inbound> {
    let settings = json!({ "inbound": addresses });
    receiving("ses").unwrap().inbound(&proven(house, message), &Setup { settings: &settings, ..NOBODY })
}

#[test]
fn mail_is_for_the_account_that_receives_for_its_recipient() {
    let house = House::new();
    let notice = &samples("ses")["received"];
    let mail = inbound(&house, notice, &["sales@shop.example", "Help@Shop.example"]).remove(0);
    assert_eq!(
        (mail.from.as_str(), mail.name.as_deref(), mail.to.as_deref()),
        ("ada@example.com", Some("Ada"), Some("help@shop.example"))
    );
    assert_eq!((mail.subject.as_deref(), mail.unwanted), (Some("My parcel"), None));
    assert_eq!(mail.text.as_deref().map(str::trim), Some("It is late."));
    for others in [&[][..], &["sales@shop.example"]] {
        assert!(inbound(&house, notice, others).is_empty());
    }

    let mut changed: Value = serde_json::from_str(notice).unwrap();
    changed["receipt"]["action"]["encoding"] = json!("BASE64");
    changed["content"] = json!(STANDARD.encode(changed["content"].as_str().unwrap()));
    assert_eq!(inbound(&house, &changed.to_string(), &["help@shop.example"]), [mail]);
    changed["receipt"]["spamVerdict"]["status"] = json!("FAIL");
    assert_eq!(inbound(&house, &changed.to_string(), &["help@shop.example"])[0].unwanted, Some("spam"));
    changed["receipt"]["virusVerdict"]["status"] = json!("FAIL");
    assert_eq!(inbound(&house, &changed.to_string(), &["help@shop.example"])[0].unwanted, Some("virus"));
}

#[test]
fn a_rule_that_puts_mail_into_a_bucket_says_where() {
    let (house, ses) = (House::new(), receiving("ses").unwrap());
    let samples = samples("ses");
    let (notice, settings) = (&samples["received-stored"], json!({ "inbound": ["help@shop.example"] }));
    let setup = Setup { settings: &settings, ..NOBODY };
    let told = proven(&house, notice);
    let folder = "mail/0195527c0d7b7c3e8a51d2b0f3a94c11/0195527c0d7b7c3e8a51d2b0f3a94c12";
    let key = format!("{folder}/o3vrnil0e2ic28trm7dfhrc2v0clambda4nbp0g1");
    assert_eq!(ses.deposit(&told, &setup), Some(Deposit { bucket: "files".to_owned(), key }));
    assert!(ses.inbound(&told, &setup).is_empty() && ses.deposit(&told, &NOBODY).is_none());

    let brought = proven(&house, &samples["received"]);
    let mail = ses.inbound(&brought, &setup).remove(0);
    assert!(ses.deposit(&brought, &setup).is_none());
    let content: Value = serde_json::from_str(&samples["received"]).unwrap();
    let raw = content["content"].as_str().unwrap().as_bytes();
    assert_eq!(ses.deposited(&told, &setup, Some(raw)).as_ref(), Some(&mail), "the same mail, whichever way it came");
    let headed = ses.deposited(&told, &setup, None).unwrap();
    assert_eq!(headed, Inbound { text: None, shortened: true, ..mail }, "what the notice tells of it");

    let mut spam: Value = serde_json::from_str(notice).unwrap();
    spam["receipt"]["spamVerdict"]["status"] = json!("FAIL");
    assert!(ses.deposit(&proven(&house, &spam.to_string()), &setup).is_none());
}
