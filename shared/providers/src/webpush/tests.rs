use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use kernel::{Time, crypto};

use super::*;
use crate::{Content, Media, MediaKind};

/// The keys of the example of RFC 8291.
const PRIVATE: &str = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
const KEY: &str = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
const PUBLIC: &str = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

fn settings() -> Value {
    json!({"subject": "mailto:push@shop.example", "public_key": KEY, "hosts": ["push.shop.example"]})
}

fn to(endpoint: &str) -> String {
    json!({"endpoint": endpoint, "expirationTime": null, "keys": {"p256dh": PUBLIC, "auth": AUTH}}).to_string()
}

fn send(direct: Direct, settings: &Value, entropy: u8) -> Result<HttpCall> {
    let message = Outgoing {
        id: "0190c0de00007000800000000000abcd".to_owned(),
        tag: "tag".to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z").unwrap(),
        entropy: [entropy; 48],
        content: Content::Direct(Box::new(direct)),
    };
    let credentials = json!({"private_key": PRIVATE});
    match WebPush.call(&message, &Setup { settings, credentials: &credentials, token: None, callback: "" })? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn direct(endpoint: &str) -> Direct {
    Direct { to: to(endpoint), text: Some("Your parcel is here".to_owned()), ..Direct::default() }
}

#[test]
fn a_post_is_encrypted_and_signed_for_its_service() {
    let call = send(direct("https://fcm.googleapis.com/fcm/send/abc:def?x=1"), &settings(), 7).unwrap();
    assert_eq!((call.method, call.url.reveal()), (Method::Post, "https://fcm.googleapis.com/fcm/send/abc:def?x=1"));
    let expected = [
        ("content-type", "application/octet-stream"),
        ("content-encoding", "aes128gcm"),
        ("ttl", "2419200"),
        ("topic", "0190c0de00007000800000000000abcd"),
    ];
    assert_eq!(call.headers, expected.map(|(name, value)| (name, value.to_owned())));
    let Login::Authorization(shown) = &call.login else { unreachable!() };
    let (token, key) = shown.reveal().strip_prefix("vapid t=").unwrap().split_once(", k=").unwrap();
    assert_eq!(key, KEY);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, crypto::decode(key).unwrap());
    public.verify(signed.as_bytes(), &crypto::decode(signature).unwrap()).unwrap();
    let (_, claims) = signed.split_once('.').unwrap();
    let claims: Value = serde_json::from_slice(&crypto::decode(claims).unwrap()).unwrap();
    let exp = 1_772_357_400 + 12 * 3600;
    assert_eq!(claims, json!({"aud": "https://fcm.googleapis.com", "exp": exp, "sub": "mailto:push@shop.example"}));
    let body = call.body.whole().unwrap();
    assert!(!String::from_utf8_lossy(&body).contains("parcel"));
    // Salt, size of records, key; the sender's key is another in every attempt.
    assert_eq!((&body[..16], &body[16..21]), ([7; 16].as_slice(), [0, 0, 16, 0, 65].as_slice()));
    let again = send(direct("https://fcm.googleapis.com/fcm/send/abc:def?x=1"), &settings(), 8).unwrap().body.whole().unwrap();
    assert_ne!((&body[21..86], &body[86..]), (&again[21..86], &again[86..]));
}

#[test]
fn the_service_worker_is_told_in_its_own_words() {
    let media = Media {
        kind: MediaKind::Image,
        media_type: "image/png".to_owned(),
        url: "https://files.example.com/1.png".to_owned(),
        bytes: 1,
        stored: String::new(),
        name: String::new(),
    };
    let mut all = direct("https://web.push.apple.com/x");
    all.title = Some("Parcel".to_owned());
    all.locale = Some("en-GB".to_owned());
    all.media = vec![media];
    all.data.insert("order".to_owned(), json!({"id": 7}));
    assert_eq!(
        content(&all),
        json!({
            "title": "Parcel", "body": "Your parcel is here", "image": "https://files.example.com/1.png", "lang": "en-GB",
            "data": {"order": {"id": 7}},
        })
    );
    assert_eq!(content(&direct("")), json!({"body": "Your parcel is here"}));
}

#[test]
fn nothing_is_posted_but_to_push_services() {
    for endpoint in [
        "https://updates.push.services.mozilla.com/wpush/v2/gAAA",
        "https://wns2-par02p.notify.windows.com/w/?token=BQYA",
        "https://push.shop.example/1",
    ] {
        assert_eq!(send(direct(endpoint), &settings(), 7).unwrap().url.reveal(), endpoint);
    }
    for endpoint in [
        "http://fcm.googleapis.com/1",
        "https://fcm.googleapis.com:8443/1",
        "https://ada@fcm.googleapis.com/1",
        "https://evil-fcm.googleapis.com/1",
        "https://fcm.googleapis.com.evil.example/1",
        "https://evilpush.apple.com/1",
        "https://sub.push.shop.example/1",
        "https://127.0.0.1/1",
        "https://169.254.169.254/latest",
        "https://evil.example/#fcm.googleapis.com",
        "https://fcm.googleapis.com/\r\n1",
        "",
    ] {
        let Err(Error::Invalid(faults)) = send(direct(endpoint), &settings(), 7) else { unreachable!("{endpoint}") };
        assert_eq!(faults[0].pointer, "/to", "{endpoint}");
    }
    for odd in ["https://fcm.googleapis.com/1", "{}", "null", "[]", &to("https://fcm.googleapis.com/1").replace(AUTH, "AAAA")] {
        let odd = Direct { to: odd.to_owned(), ..direct("") };
        let Err(Error::Invalid(faults)) = send(odd, &settings(), 7) else { unreachable!() };
        assert_eq!(faults[0].pointer, "/to");
    }
}

#[test]
fn a_text_that_cannot_be_encrypted_whole_is_refused() {
    let long = |bytes: usize| Direct { text: Some("x".repeat(bytes)), ..direct("https://fcm.googleapis.com/1") };
    // `{"body":""}` has eleven bytes.
    assert_eq!(send(long(3982), &settings(), 7).unwrap().body.len(), 4096);
    let Err(Error::Invalid(faults)) = send(long(3983), &settings(), 7) else { unreachable!() };
    assert_eq!(faults[0].pointer, "/content/text");
}

#[test]
fn settings_are_checked() {
    let check = |name: &str, value: Value| {
        let mut settings = settings();
        settings[name] = value;
        match WebPush.check(&settings, &json!({"private_key": PRIVATE})) {
            Err(Error::Invalid(faults)) => faults[0].pointer.clone(),
            other => format!("{other:?}"),
        }
    };
    assert_eq!(check("subject", json!("https://shop.example/contact")), "Ok(())");
    assert_eq!(check("public_key", json!(format!("{KEY}="))), "Ok(())");
    for (name, value, pointer) in [
        ("subject", json!("push@shop.example"), "/settings/subject"),
        ("subject", json!("mailto:"), "/settings/subject"),
        ("subject", json!("https://"), "/settings/subject"),
        ("public_key", json!(PUBLIC), "/settings/public_key"),
        ("public_key", json!(""), "/settings/public_key"),
        ("ttl", json!(2_419_201), "/settings/ttl"),
        ("hosts", json!(vec!["a.example"; 17]), "/settings/hosts"),
        ("hosts", json!(["push.shop.example", "localhost"]), "/settings/hosts/1"),
        ("hosts", json!(["127.0.0.1"]), "/settings/hosts/0"),
        ("hosts", json!(["a.example/x"]), "/settings/hosts/0"),
        ("hosts", json!(["A.example"]), "/settings/hosts/0"),
    ] {
        assert_eq!(check(name, value.clone()), pointer, "{value}");
    }
}
