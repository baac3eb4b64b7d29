use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use kernel::crypto;
use rcgen::{KeyPair, PKCS_RSA_SHA256, PublicKeyData as _, RsaKeySize};

use super::*;
use crate::{Button, Content, Login, Media, MediaKind};

fn account(pem: &str) -> Value {
    // The file holds more than what is needed.
    json!({"service_account": {
        "type": "service_account", "project_id": "corner-shop-1", "private_key_id": "k1", "private_key": pem,
        "client_email": "robot@corner-shop-1.example.com", "token_uri": "https://evil.example/token",
        "universe_domain": "evil.example",
    }})
}

fn at() -> Time {
    Time::parse("2026-03-01T09:30:00Z").unwrap()
}

fn send(direct: Direct, settings: &Value) -> Result<Value> {
    let message = Outgoing {
        id: "0190c0de".to_owned(),
        tag: "tag".to_owned(),
        at: at(),
        entropy: [0; 48],
        content: Content::Direct(Box::new(direct)),
    };
    let (credentials, token) = (account("hunter2"), Secret::new("ya29.hunter2"));
    let setup = Setup { settings, credentials: &credentials, token: Some(&token), callback: "" };
    let Call::Http(call) = Fcm.call(&message, &setup)? else { unreachable!() };
    assert_eq!((call.method, call.http2), (Method::Post, false));
    assert_eq!(call.url.reveal(), "https://fcm.googleapis.com/v1/projects/corner-shop-1/messages:send");
    assert!(matches!(call.login, Login::Bearer(shown) if shown == token));
    assert!(Fcm.call(&message, &Setup { token: None, ..setup }).is_err());
    Ok(serde_json::from_slice(&call.body.whole().unwrap()).unwrap())
}

fn direct() -> Direct {
    Direct { to: "dGVz:APA91b_x-y".to_owned(), text: Some("Your parcel is here".to_owned()), ..Direct::default() }
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
fn a_notification_is_shown_on_every_kind_of_device() {
    let title = Some("Parcel".to_owned());
    let mut all = Direct { title, media: vec![picture()], ..direct() };
    all.data.extend([("order".to_owned(), json!(7)), ("note".to_owned(), json!("seven")), ("list".to_owned(), json!([1]))]);
    let body = send(all, &json!({"ttl": 3600})).unwrap();
    assert_eq!(
        body,
        json!({"message": {
            "token": "dGVz:APA91b_x-y",
            "notification": {
                "title": "Parcel", "body": "Your parcel is here", "image": "https://files.example.com/1.png"
            },
            "data": {"order": "7", "note": "seven", "list": "[1]"},
            "android": {"ttl": "3600s"},
            "webpush": {"headers": {"TTL": "3600"}},
            "apns": {
                "headers": {"apns-expiration": "1772361000"},
                "payload": {"aps": {"sound": "default", "mutable-content": 1}},
            },
        }})
    );
    let body = send(direct(), &json!({"ttl": 0})).unwrap();
    assert_eq!(body["message"]["apns"]["headers"]["apns-expiration"], "0");
    let body = send(direct(), &json!({})).unwrap();
    assert_eq!(body["message"]["apns"], json!({"headers": {}, "payload": {"aps": {"sound": "default"}}}));
    assert_eq!((body["message"].get("android"), body["message"].get("data")), (None, None));
}

#[test]
fn data_alone_shows_nothing() {
    let mut silent = Direct { text: None, ..direct() };
    silent.data.insert("sync".to_owned(), json!(true));
    let body = send(silent, &json!({})).unwrap();
    assert_eq!(
        body["message"],
        json!({"token": "dGVz:APA91b_x-y", "data": {"sync": "true"}, "apns": {
            "headers": {"apns-push-type": "background", "apns-priority": "5"},
            "payload": {"aps": {"content-available": 1}},
        }})
    );
}

#[test]
fn what_cannot_be_carried_is_refused_where_it_stands() {
    let data = |name: &str| Map::from_iter([(name.to_owned(), json!(1))]);
    let button = Button::Reply { title: "Yes".to_owned(), id: "y".to_owned() };
    for (odd, pointer) in [
        (Direct { to: String::new(), ..direct() }, "/to"),
        (Direct { to: "a b".to_owned(), ..direct() }, "/to"),
        (Direct { buttons: vec![button], ..direct() }, "/buttons"),
        (Direct { media: vec![picture(), picture()], ..direct() }, "/media/1"),
        (Direct { media: vec![picture()], text: None, ..direct() }, "/content/text"),
        (Direct { text: None, ..direct() }, "/content/text"),
        (Direct { data: data("from"), ..direct() }, "/data/from"),
        (Direct { data: data("google.a/b~c"), ..direct() }, "/data/google.a~1b~0c"),
    ] {
        let Err(Error::Invalid(faults)) = send(odd, &json!({})) else { unreachable!("{pointer}") };
        assert_eq!(faults[0].pointer, pointer);
    }
}

#[test]
fn a_token_is_asked_of_google_alone_with_what_the_key_signs() {
    let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let credentials = account(&key.serialize_pem());
    Fcm.check(&json!({}), &credentials).unwrap();
    let setup = Setup { settings: &json!({}), credentials: &credentials, token: None, callback: "" };
    let Access::Ask(call) = Fcm.access(&setup, at()).unwrap() else { unreachable!() };
    assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://oauth2.googleapis.com/token"));
    let body = call.body.whole().unwrap();
    let fields: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    assert_eq!(fields[0], ("grant_type".to_owned(), "urn:ietf:params:oauth:grant-type:jwt-bearer".to_owned()));
    let (signed, signature) = fields[1].1.rsplit_once('.').unwrap();
    let signature = crypto::decode(signature).unwrap();
    let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.der_bytes());
    public.verify(signed.as_bytes(), &signature).unwrap();
    let part =
        |at: usize| -> Value { serde_json::from_slice(&crypto::decode(signed.split('.').nth(at).unwrap()).unwrap()).unwrap() };
    assert_eq!(part(0), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
    assert_eq!(
        part(1),
        json!({
            "iss": "robot@corner-shop-1.example.com", "aud": "https://oauth2.googleapis.com/token",
            "scope": "https://www.googleapis.com/auth/firebase.messaging", "iat": 1_772_357_400, "exp": 1_772_361_000,
        })
    );
    assert!(!format!("{call:?}").contains(&fields[1].1));
}

#[test]
fn a_key_file_that_leads_elsewhere_is_refused() {
    for (name, value) in [
        ("project_id", "../../evil"),
        ("project_id", "shop/messages"),
        ("project_id", ""),
        ("client_email", "robot"),
        ("client_email", "robot@\r\nx"),
        ("private_key_id", ""),
        ("private_key", "hunter2"),
    ] {
        let mut credentials = account("hunter2");
        credentials["service_account"][name] = json!(value);
        let Err(Error::Invalid(faults)) = Fcm.check(&json!({}), &credentials) else { unreachable!("{name}") };
        assert_eq!(faults[0].pointer, format!("/credentials/service_account/{name}"));
    }
    assert!(is_project("shop.example:corner-shop"));
    let Err(Error::Invalid(faults)) = Fcm.check(&json!({"ttl": 2_419_201}), &account("x")) else { unreachable!() };
    assert_eq!(faults[0].pointer, "/settings/ttl");
}
