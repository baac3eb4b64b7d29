use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use kernel::crypto;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData as _};

use super::*;
use crate::{Content, Login, Media, MediaKind};

const TO: &str = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";

fn settings() -> Value {
    json!({"team_id": "SHOP123456", "key_id": "KEY7890123", "topic": "com.example.corner-shop"})
}

fn at() -> Time {
    Time::parse("2026-03-01T09:30:00Z").unwrap()
}

fn send(direct: Direct, settings: &Value) -> Result<HttpCall> {
    let message = Outgoing {
        id: "0190c0de00007000800000000000abcd".to_owned(),
        tag: "tag".to_owned(),
        at: at(),
        entropy: [0; 48],
        content: Content::Direct(Box::new(direct)),
    };
    let (credentials, token) = (Value::Null, Secret::new("hunter2"));
    let setup = Setup { settings, credentials: &credentials, token: Some(&token), callback: "" };
    let Call::Http(call) = Apns.call(&message, &setup)? else { unreachable!() };
    assert!(Apns.call(&message, &Setup { token: None, ..setup }).is_err());
    assert!(matches!(&call.login, Login::Bearer(shown) if *shown == token));
    assert_eq!((call.method, call.http2), (Method::Post, true));
    Ok(call)
}

fn direct() -> Direct {
    Direct { to: TO.to_owned(), text: Some("Your parcel is here".to_owned()), ..Direct::default() }
}

fn body(call: &HttpCall) -> Value {
    serde_json::from_slice(&call.body.whole().unwrap()).unwrap()
}

fn picture() -> Media {
    Media {
        kind: MediaKind::Image,
        media_type: "image/png".to_owned(),
        url: "https://files.example.com/1.png".to_owned(),
        bytes: 1,
        stored: String::new(),
        name: String::new(),
    }
}

#[test]
fn a_notification_names_app_urgency_and_end() {
    let mut all = Direct { title: Some("Parcel".to_owned()), media: vec![picture()], ..direct() };
    all.data.insert("order".to_owned(), json!({"id": 7}));
    let call = send(all, &settings()).unwrap();
    assert_eq!(call.url.reveal(), format!("https://api.push.apple.com/3/device/{TO}"));
    let expected = [
        ("content-type", "application/json"),
        ("apns-topic", "com.example.corner-shop"),
        ("apns-push-type", "alert"),
        ("apns-priority", "10"),
        ("apns-expiration", "1774776600"),
        ("apns-collapse-id", "0190c0de00007000800000000000abcd"),
        ("apns-id", "0190c0de-0000-7000-8000-00000000abcd"),
    ];
    assert_eq!(call.headers, expected.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(
        body(&call),
        json!({
            "aps": {"alert": {"title": "Parcel", "body": "Your parcel is here"}, "sound": "default", "mutable-content": 1},
            "image": "https://files.example.com/1.png", "order": {"id": 7},
        })
    );
}

#[test]
fn data_alone_wake_the_app_without_haste() {
    let mut silent = Direct { text: None, ..direct() };
    silent.data.insert("image".to_owned(), json!("its own"));
    let mut settings = settings();
    (settings["sandbox"], settings["ttl"]) = (json!(true), json!(0));
    let call = send(silent, &settings).unwrap();
    assert_eq!(call.host(), "api.sandbox.push.apple.com");
    assert_eq!(body(&call), json!({"aps": {"content-available": 1}, "image": "its own"}));
    let header = |name: &str| call.headers.iter().find(|(known, _)| *known == name).unwrap().1.as_str();
    assert_eq!([header("apns-push-type"), header("apns-priority"), header("apns-expiration")], ["background", "5", "0"]);
}

#[test]
fn what_cannot_be_carried_is_refused_where_it_stands() {
    let data = |name: &str| Map::from_iter([(name.to_owned(), json!(1))]);
    for (odd, pointer) in [
        (Direct { to: "abc".to_owned(), ..direct() }, "/to"),
        (Direct { to: format!("{}/x", &TO[2..]), ..direct() }, "/to"),
        (Direct { text: Some("x".repeat(4096)), ..direct() }, "/content/text"),
        (Direct { data: data("aps"), ..direct() }, "/data/aps"),
        (Direct { data: data("image"), media: vec![picture()], ..direct() }, "/data/image"),
    ] {
        let Err(Error::Invalid(faults)) = send(odd, &settings()) else { unreachable!("{pointer}") };
        assert_eq!(faults[0].pointer, pointer);
    }
}

#[test]
fn settings_that_could_break_a_header_are_refused() {
    for (name, value) in [
        ("team_id", json!("SHORT")),
        ("key_id", json!("KEY789012\n")),
        ("topic", json!("com.example\r\nX-Evil: 1")),
        ("topic", json!("")),
        ("ttl", json!(2_419_201)),
    ] {
        let mut settings = settings();
        settings[name] = value;
        let Err(Error::Invalid(faults)) = Settings::read(&settings) else { unreachable!("{name}") };
        assert_eq!(faults[0].pointer, format!("/settings/{name}"));
    }
}

#[test]
fn a_token_changes_every_twenty_minutes_and_ends_within_the_hour() {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let (settings, credentials) = (settings(), json!({"private_key": key.serialize_pem()}));
    Apns.check(&settings, &credentials).unwrap();
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: "" };
    let made = |seconds: i64| {
        let Access::Made(token) = Apns.access(&setup, at().plus_seconds(seconds)).unwrap() else { unreachable!() };
        let (signed, signature) = token.value.reveal().rsplit_once('.').unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key.der_bytes());
        public.verify(signed.as_bytes(), &crypto::decode(signature).unwrap()).unwrap();
        let parts = signed.split('.').map(|part| serde_json::from_slice(&crypto::decode(part).unwrap()).unwrap());
        (parts.collect::<Vec<Value>>(), token.ends)
    };
    // The step that began at 09:20.
    let (parts, ends) = made(0);
    assert_eq!(parts[0], json!({"alg": "ES256", "typ": "JWT", "kid": "KEY7890123"}));
    assert_eq!(parts[1], json!({"iss": "SHOP123456", "iat": 1_772_356_800}));
    assert_eq!(ends, Time::parse("2026-03-01T10:10:00Z").unwrap());
    assert_eq!(made(599).0[1]["iat"], 1_772_356_800);
    assert_eq!(made(600).0[1]["iat"], 1_772_358_000);
}

#[test]
fn only_a_token_too_old_is_thrown_away() {
    let answered = |status: u16, word: &str| {
        let body = json!({"reason": word}).to_string().into_bytes();
        Reply::Answered(HttpReply { status, headers: Vec::new(), body, at: at() })
    };
    assert!(Apns.token_refused(&answered(403, "ExpiredProviderToken")));
    for (status, word) in [(403, "InvalidProviderToken"), (410, "ExpiredToken"), (429, "TooManyProviderTokenUpdates")] {
        assert!(!Apns.token_refused(&answered(status, word)), "{word}");
    }
    assert!(!Apns.token_refused(&Reply::Lost { text: "ExpiredProviderToken".into() }));
}
