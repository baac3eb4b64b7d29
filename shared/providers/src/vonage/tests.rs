//! The requests word for word, and who is believed.

use kernel::{Error, Result, Secret, Time};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::messages::VonageMessages;
use super::sms::VonageSms;
use crate::{
    Access, Call, Callback, Content, Direct, FileSource, HttpCall, Login, Outgoing, Provider, Receiving, Roots, Sending, Setup,
    Verified, Wish,
};

const HOOK: &str = "https://hooks.example.com/hooks/any/r0ute";
const APPLICATION: &str = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";

fn now() -> Time {
    Time::parse("2026-03-01T10:00:00Z").unwrap()
}

fn call_with(provider: &dyn Sending, settings: &Value, credentials: &Value, text: &str) -> Result<HttpCall> {
    let direct = Direct { to: "+14155550123".to_owned(), text: Some(text.to_owned()), ..Direct::default() };
    let (id, tag, entropy) = ("0190".to_owned(), "the-tag".to_owned(), [0; 48]);
    let message = Outgoing { id, tag, at: now(), entropy, content: Content::Direct(Box::new(direct)) };
    let token = Secret::new("token");
    match provider.call(&message, &Setup { settings, credentials, token: Some(&token), callback: HOOK })? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn sms_account() -> (Value, Value) {
    (json!({"from": "+14155550100"}), json!({"api_key": "abcd1234", "api_secret": "secret"}))
}

fn messages_settings() -> Value {
    json!({"api_key": "abcd1234", "application_id": APPLICATION, "from": "+14155550100"})
}

fn read_form(call: &HttpCall) -> Vec<(String, String)> {
    url::form_urlencoded::parse(&call.body.whole().unwrap()).into_owned().collect()
}

#[test]
fn a_text_says_how_it_is_encoded_and_where_its_states_are_told() {
    let (settings, credentials) = sms_account();
    let call = call_with(&VonageSms, &settings, &credentials, "Your parcel & more").unwrap();
    assert_eq!(call.url.reveal(), "https://rest.nexmo.com/sms/json");
    assert!(matches!(call.login, Login::None));
    let expected = [
        ("api_key", "abcd1234"),
        ("api_secret", "secret"),
        ("from", "14155550100"),
        ("to", "14155550123"),
        ("type", "text"),
        ("text", "Your parcel & more"),
        ("status-report-req", "1"),
        ("callback", "https://hooks.example.com/hooks/any/r0ute?sb=the-tag"),
    ];
    assert_eq!(read_form(&call), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let other = call_with(&VonageSms, &settings, &credentials, "посылка").unwrap();
    assert_eq!(read_form(&other)[4].1, "unicode");
    let Err(Error::Invalid(faults)) = call_with(&VonageSms, &settings, &credentials, &"a".repeat(1601)) else { unreachable!() };
    assert_eq!(faults[0].pointer, "/content/text");
}

#[test]
fn a_message_goes_to_the_region_with_the_token() {
    let mut settings = messages_settings();
    let call = call_with(&VonageMessages, &settings, &json!({}), "Hello").unwrap();
    assert_eq!(call.url.reveal(), "https://api.nexmo.com/v1/messages");
    assert!(matches!(&call.login, Login::Bearer(token) if token.reveal() == "token"));
    let said: Value = serde_json::from_slice(&call.body.whole().unwrap()).unwrap();
    let expected = json!({
        "message_type": "text", "channel": "sms", "to": "14155550123", "from": "14155550100", "text": "Hello",
        "webhook_url": "https://hooks.example.com/hooks/any/r0ute?sb=the-tag", "webhook_version": "v1",
    });
    assert_eq!(said, expected);
    settings["region"] = json!("eu");
    let call = call_with(&VonageMessages, &settings, &json!({}), "Hello").unwrap();
    assert_eq!(call.host(), "api-eu.vonage.com");
}

#[test]
fn the_token_is_made_of_the_applications_key_and_lives_a_quarter_of_an_hour() {
    let pem = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_pem();
    let (settings, credentials) = (messages_settings(), json!({"private_key": pem}));
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    let Access::Made(token) = VonageMessages.access(&setup, now()).unwrap() else { unreachable!() };
    assert_eq!(token.ends, now().plus_seconds(900));
    let claims = token.value.reveal().split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&kernel::crypto::decode(claims).unwrap()).unwrap();
    assert_eq!((&claims["application_id"], &claims["iat"]), (&json!(APPLICATION), &json!(now().seconds())));
    assert_eq!(claims["exp"], now().seconds() + 900);
    let Access::Made(later) = VonageMessages.access(&setup, now().plus_seconds(1)).unwrap() else { unreachable!() };
    let jti = |text: &str| -> Value {
        serde_json::from_slice::<Value>(&kernel::crypto::decode(text.split('.').nth(1).unwrap()).unwrap()).unwrap()["jti"]
            .clone()
    };
    assert_ne!(jti(later.value.reveal()), claims["jti"]);
}

#[test]
fn accounts_are_checked_field_by_field() {
    let fault = |provider: &dyn Sending, settings: Value, credentials: Value| {
        let Err(Error::Invalid(faults)) = provider.check(&settings, &credentials) else { unreachable!("{settings}") };
        faults[0].pointer.clone()
    };
    let (settings, credentials) = sms_account();
    assert!(VonageSms.check(&settings, &credentials).is_ok());
    assert_eq!(fault(&VonageSms, json!({"from": "a sender far too long"}), credentials.clone()), "/settings/from");
    let odd = json!({"from": "Shop", "signature_method": "rot13"});
    assert_eq!(fault(&VonageSms, odd, credentials), "/settings/signature_method");
    assert_eq!(fault(&VonageSms, settings.clone(), json!({"api_key": "ab", "api_secret": "s"})), "/credentials/api_key");
    assert_eq!(fault(&VonageSms, settings, json!({"api_key": "abcd1234", "api_secret": ""})), "/credentials/api_secret");
    let with = |name: &str, value: &str| {
        let mut settings = messages_settings();
        settings[name] = json!(value);
        settings
    };
    for (name, value) in [("api_key", "ab/cd"), ("application_id", "a/../b"), ("from", ""), ("region", "moon")] {
        assert_eq!(fault(&VonageMessages, with(name, value), json!({"private_key": "x"})), format!("/settings/{name}"));
    }
    assert_eq!(fault(&VonageMessages, messages_settings(), json!({"private_key": "x"})), "/credentials/private_key");
}

fn get<'a>(url: &'a str, roots: &'a Roots, at: Time) -> Callback<'a> {
    Callback { method: "GET", url, headers: &[], body: b"", topics: &[], certificate: None, roots, keys: None, now: at }
}

/// The codes of the first two were published with the provider's own library; the others were computed by another language's.
#[test]
fn every_method_proves_what_it_signs() {
    let roots = Roots::none();
    let at = Time::from_millis(1_234_567_890_000);
    for (method, code) in [
        ("sha256", "280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287"),
        ("md5", "724c2bf6ca423c36e20631b11d1c5753"),
        ("md5hash", "d72f75ac8cda9bbce891c4fa62bee6cd"),
        ("sha1", "e4ebfd0ecd877fed7b414b5c87d0d7dfebb10a19"),
        (
            "sha512",
            "740ea4cd4c004c619d3b4cf060484278290d43d2b9d6693ada7b4c4ac48b18f39675710a5a878cde6f4349bd19e8b8e033e3f0b4816b805a969e0f24ae726292",
        ),
    ] {
        let settings = json!({"from": "Shop", "signature_method": method});
        let credentials = json!({"api_key": "abcd1234", "api_secret": "s", "signature_secret": "signature_secret"});
        let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
        let believed = |url: &str, at: Time| VonageSms.verify(&get(url, &roots, at), &setup).is_ok();
        let url = format!("{HOOK}?param2=value2&param1=value1&timestamp=1234567890&sig={code}");
        assert!(believed(&url, at), "{method}");
        assert!(believed(&url.replace(code, &code.to_uppercase()), at), "{method}");
        // Our own reference is no part of what is signed.
        assert!(believed(&format!("{url}&sb=the-tag"), at), "{method}");
        assert!(!believed(&url.replace("value2", "value3"), at), "{method}");
        assert!(!believed(&format!("{url}&more=1"), at), "{method}");
        assert!(!believed(&url, at.plus_seconds(3601)), "{method}");
        assert!(!believed(&url.replace(code, ""), at), "{method}");
        assert!(!believed(&url.replace("timestamp=1234567890", ""), at), "{method}");
    }
}

fn signed_url(pairs: &[(&str, &str)], counted: &str) -> String {
    use aws_lc_rs::hmac;
    let mut all: Vec<_> = pairs.iter().chain(&[("timestamp", "1772359200")]).copied().collect();
    all.sort_unstable();
    let plain = |text: &str| text.replace(['&', '='], "_");
    let text: String = all.iter().map(|(name, value)| format!("&{name}={}", plain(value))).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"signature_secret");
    // The reference, when it is counted, comes between the names before and after it.
    let text = if counted.is_empty() { text } else { text.replacen("&status", &format!("&sb={counted}&status"), 1) };
    let code: String = hmac::sign(&key, text.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).append_pair("sig", &code).finish();
    format!("{HOOK}?{query}&sb=the-tag")
}

fn verify(url: &str) -> Result<Verified> {
    let settings = json!({"from": "Shop"});
    let credentials = json!({"api_key": "abcd1234", "api_secret": "s", "signature_secret": "signature_secret"});
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    VonageSms.verify(&get(url, &Roots::none(), now()), &setup)
}

#[test]
fn a_state_in_the_query_is_read_whether_or_not_the_reference_is_signed() {
    let state =
        [("api-key", "abcd1234"), ("messageId", "0B1"), ("msisdn", "14155550123"), ("status", "failed"), ("err-code", "4")];
    let setup = Setup { settings: &Value::Null, credentials: &Value::Null, token: None, callback: HOOK };
    for counted in ["", "the-tag"] {
        let event = VonageSms.events(&verify(&signed_url(&state, counted)).unwrap(), &setup).remove(0);
        assert_eq!((event.tag.as_deref(), event.provider_id.as_deref()), (Some("the-tag"), Some("0B1")));
        assert_eq!((event.recipient.as_deref(), event.detail.code.as_deref()), (Some("+14155550123"), Some("4")));
    }
    assert!(verify(&signed_url(&state, "another-tag")).is_err());
    let foreign = [("api-key", "other999"), ("messageId", "0B1"), ("status", "delivered")];
    assert!(verify(&signed_url(&foreign, "")).is_err());
}

#[test]
fn what_comes_in_has_whole_numbers_and_wishes() {
    let message = [
        ("msisdn", "14155550123"),
        ("to", "12345"),
        ("messageId", "0A1"),
        ("text", "Stop"),
        ("type", "text"),
        ("message-timestamp", "2026-03-01 09:45:07"),
    ];
    let setup = Setup { settings: &Value::Null, credentials: &Value::Null, token: None, callback: HOOK };
    let found = VonageSms.inbound(&verify(&signed_url(&message, "")).unwrap(), &setup).remove(0);
    assert_eq!((found.from.as_str(), found.to.as_deref()), ("+14155550123", Some("12345")));
    assert_eq!((found.wish, found.at), (Some(Wish::Stop), Time::parse("2026-03-01T09:45:07Z").unwrap()));
}

/// The token was computed elsewhere.
#[test]
fn a_known_token_is_believed_for_its_account_and_body() {
    let token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3Njg0NzEyMDAsImp0aSI6IjExMTExMTExLTIyMjItMzMzMy00NDQ0LTU1NTU1NTU1NTU1NSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6Ijg5MDUxMjFlNWMwYWQ5ODRlN2U1Y2Y1YzdmNzFjYTFiMDJhMWFjMTNiNDI4OTZjZjYxODA1M2UyM2FlMzcyMjQiLCJhcGlfa2V5IjoiYWJjZDEyMzQiLCJhcHBsaWNhdGlvbl9pZCI6ImFhYWFhYWFhLWJiYmItNGNjYy04ZGRkLTAxMjM0NTY3ODlhYiJ9.qL5oSHdtrO4ajUf3-hPEHEc6bam_n51QvIN3ippSLUU";
    let body = r#"{"to":"14155550100","from":"14155550123","channel":"sms","message_uuid":"aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab","message_type":"text","text":"Hello"}"#;
    let roots = Roots::none();
    let believed = |settings: &Value, body: &str, token: &str, now: Time| {
        let credentials = json!({"private_key": "unused", "signature_secret": "sample-signature-secret-32-bytes!"});
        let headers = [("authorization".to_owned(), format!("Bearer {token}"))];
        let setup = Setup { settings, credentials: &credentials, token: None, callback: HOOK };
        let callback = Callback { method: "POST", headers: &headers, body: body.as_bytes(), ..get(HOOK, &roots, now) };
        VonageMessages.verify(&callback, &setup).is_ok()
    };
    let (settings, at) = (messages_settings(), Time::from_millis(1_768_471_200_000));
    assert!(believed(&settings, body, token, at));
    assert!(!believed(&settings, &body.replace("Hello", "Hullo"), token, at));
    assert!(!believed(&settings, body, token, at.plus_seconds(3601)));
    for (name, value) in [("api_key", "other999"), ("application_id", "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ac")] {
        let mut other = messages_settings();
        other[name] = json!(value);
        assert!(!believed(&other, body, token, at), "{name}");
    }
}

#[test]
fn the_token_goes_to_the_own_hosts_alone() {
    let (settings, token) = (messages_settings(), Secret::new("token"));
    let setup = Setup { settings: &settings, credentials: &Value::Null, token: Some(&token), callback: HOOK };
    let file = |address: &str| VonageMessages.file(&FileSource::Url(address.to_owned()), &setup).unwrap();
    assert!(file("https://api.nexmo.com/v3/media/1").is_some());
    for other in ["http://api.nexmo.com/1", "https://files.example.com/1", "https://api.nexmo.com@files.example.com/1"] {
        assert!(file(other).is_none(), "{other}");
    }
}
