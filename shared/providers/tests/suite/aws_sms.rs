//! Every sample of AWS End User Messaging, which comes through SNS, says what it should say.

use std::collections::BTreeSet;

use kernel::{Error, Time};
use providers::BounceClass::{Block, Hard, Soft};
use providers::EventKind::{Bounced, Delivered, Sent};
use providers::{BounceClass, EventKind, Verified, Wish, receiving};
use serde_json::json;
use stands::{TAG, folder};

use crate::posts::{House, NOBODY, Post, TOPIC, confirmation, now};

/// What each file tells of a message; none where it says nothing of one.
type Meaning = Option<(EventKind, Option<BounceClass>)>;

const STATES: &[(&str, Meaning)] = &[
    ("blocked.json", Some((Bounced, Some(Block)))),
    ("carrier-unreachable.json", Some((Bounced, Some(Soft)))),
    ("delivered.json", Some((Delivered, None))),
    ("expired.json", Some((Bounced, Some(Soft)))),
    ("inbound-stop.json", None),
    ("inbound.json", None),
    ("invalid-message.json", Some((Bounced, Some(Block)))),
    ("invalid.json", Some((Bounced, Some(Hard)))),
    ("protect-blocked.json", Some((Bounced, Some(Block)))),
    ("queued.json", None),
    ("sent.json", Some((Sent, None))),
    ("spam.json", Some((Bounced, Some(Block)))),
    ("successful.json", Some((Sent, None))),
    ("unknown.json", None),
    ("unreachable.json", Some((Bounced, Some(Soft)))),
    ("voice.json", None),
];

fn read(file: &str) -> String {
    std::fs::read_to_string(folder().join("aws_sms").join(file)).unwrap()
}

fn posted(house: &House, message: &str) -> Post {
    let body = house.issuer.notification(TOPIC, "6a1f0c52-0000-5000-8000-000000000003", message, now()).unwrap();
    Post { body: body.into_bytes(), ..house.post.clone() }
}

fn verified(house: &House, message: &str) -> Verified {
    receiving("aws_sms").unwrap().verify(&posted(house, message).callback(), &NOBODY).unwrap()
}

#[test]
fn every_sample_is_expected_and_says_what_it_should() {
    let found: BTreeSet<_> = std::fs::read_dir(folder().join("aws_sms"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, STATES.iter().map(|(file, _)| (*file).to_owned()).collect());
    let (house, provider) = (House::new(), receiving("aws_sms").unwrap());
    let mut ids = BTreeSet::new();
    for (file, expected) in STATES {
        let proven = verified(&house, &read(file));
        let events = provider.events(&proven, &NOBODY);
        assert_eq!(events.first().map(|event| (event.kind, event.detail.class)), *expected, "{file}");
        assert_eq!(events, provider.events(&proven, &NOBODY));
        for event in events {
            assert_eq!(event.tag.as_deref(), Some(TAG));
            assert_eq!(event.provider_id.as_deref(), Some("862a8790-60c0-4430-9b2b-0123456789ab"));
            assert_eq!(event.recipient.as_deref(), Some("+14155550123"));
            assert!(event.at >= Time::parse("2026-03-01T09:30:00Z").unwrap() && event.at < now(), "{file}");
            assert!(ids.insert(event.id), "{file}");
        }
        assert_eq!(provider.inbound(&proven, &NOBODY).len(), usize::from(file.starts_with("inbound")), "{file}");
    }
}

#[test]
fn what_comes_in_is_read_field_by_field() {
    let (house, provider) = (House::new(), receiving("aws_sms").unwrap());
    let one = |file: &str| provider.inbound(&verified(&house, &read(file)), &NOBODY).remove(0);
    let found = one("inbound.json");
    assert_eq!((found.from.as_str(), found.to.as_deref()), ("+14155550123", Some("+14155550100")));
    assert_eq!((found.text.as_deref(), found.at, found.wish), (Some("Where is my parcel?"), now(), None));
    assert_eq!(found.answers.as_deref(), Some("862a8790-60c0-4430-9b2b-0123456789ab"));
    assert_eq!(one("inbound-stop.json").wish, Some(Wish::Stop));
}

#[test]
fn only_posts_of_the_accounts_topics_are_believed() {
    let (house, provider) = (House::new(), receiving("aws_sms").unwrap());
    let post = posted(&house, &read("delivered.json"));
    let deaf = Post { topics: Vec::new(), ..post.clone() };
    assert_eq!(provider.verify(&deaf.callback(), &NOBODY).unwrap_err(), Error::Unauthenticated);
    let start = String::from_utf8(post.body.clone()).unwrap().find("TEXT_DELIVERED").unwrap();
    let mut forged = post;
    forged.body[start] ^= 1;
    assert_eq!(provider.verify(&forged.callback(), &NOBODY).unwrap_err(), Error::Unauthenticated);
}

#[test]
fn what_is_no_record_says_nothing() {
    let (house, provider) = (House::new(), receiving("aws_sms").unwrap());
    for message in ["", "words", "null", "[]", "{}", "{\"eventType\":7}", "{\"eventType\":\"TEXT_DELIVERED\"}"] {
        let proven = verified(&house, message);
        assert!(provider.events(&proven, &NOBODY).is_empty() && provider.inbound(&proven, &NOBODY).is_empty(), "{message}");
    }
    // A field of another type costs that field only.
    let odd = json!({"eventType": "TEXT_DELIVERED", "messageId": "m", "context": 7, "eventTimestamp": "then", "destinationPhoneNumber": []});
    let event = provider.events(&verified(&house, &odd.to_string()), &NOBODY).remove(0);
    assert_eq!((event.tag, event.recipient, event.at), (None, None, now()));
    // The question whether the topic may post here is no event.
    let asked = house.signed(confirmation("SubscriptionConfirmation"), providers::sns::Version::V2);
    let proven = provider.verify(&asked.callback(), &NOBODY).unwrap();
    assert!(provider.events(&proven, &NOBODY).is_empty() && provider.inbound(&proven, &NOBODY).is_empty());
}
