//! The requests of each kind of content, field by field, and who is believed.

use kernel::{Error, Result, Time, crypto};
use serde_json::{Value, json};

use super::sms::TwilioSms;
use super::voice::TwilioVoice;
use super::whatsapp::TwilioWhatsapp;
use crate::{
    Button, ButtonParameter, Call, Callback, Content, Direct, FileSource, HttpCall, Location, Login, Media, MediaKind,
    Outgoing, Parameter, Provider, ProviderTemplate, Receiving, Roots, Sending, Setup, Wish,
};

const ACCOUNT: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const HOOK: &str = "https://hooks.example.com/hooks/any/r0ute";

fn settings() -> Value {
    json!({"account_sid": ACCOUNT, "from": "+14155550100"})
}

fn call_with(provider: &dyn Sending, settings: &Value, direct: Direct) -> Result<HttpCall> {
    let message = Outgoing {
        id: "0190".to_owned(),
        tag: "the-tag".to_owned(),
        at: Time::parse("2026-03-01T09:30:00Z")?,
        entropy: [0; 48],
        content: Content::Direct(Box::new(direct)),
    };
    let credentials = json!({"auth_token": "token"});
    match provider.call(&message, &Setup { settings, credentials: &credentials, token: None, callback: HOOK })? {
        Call::Http(call) => Ok(call),
        other => unreachable!("{other:?}"),
    }
}

fn said(provider: &dyn Sending, direct: Direct) -> Vec<(String, String)> {
    let call = call_with(provider, &settings(), direct).unwrap();
    url::form_urlencoded::parse(&call.body.whole().unwrap()).into_owned().collect()
}

fn refused_at(provider: &dyn Sending, direct: Direct) -> String {
    let Err(Error::Invalid(faults)) = call_with(provider, &settings(), direct) else { unreachable!("it was taken") };
    faults[0].pointer.clone()
}

fn fields(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn text(text: &str) -> Direct {
    Direct { to: "+14155550123".to_owned(), text: Some(text.to_owned()), ..Direct::default() }
}

fn file(kind: MediaKind) -> Media {
    let (url, name) = ("https://files.example.com/a?b=c&d".to_owned(), "a.pdf".to_owned());
    Media { kind, media_type: "application/pdf".to_owned(), url, bytes: 9, stored: "s".to_owned(), name }
}

fn place() -> Location {
    let (name, address) = (Some("Corner | Shop".to_owned()), Some("1 Example Street".to_owned()));
    Location { latitude: 52.5, longitude: -13.25, name, address }
}

#[test]
fn a_text_message_says_where_its_states_are_told() {
    let call = call_with(&TwilioSms, &settings(), text("Your parcel & more: é")).unwrap();
    assert_eq!(call.url.reveal(), format!("https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages.json"));
    assert!(matches!(&call.login, Login::Basic(name, secret) if name == ACCOUNT && secret.reveal() == "token"));
    let back = format!("{HOOK}?sb=the-tag");
    assert_eq!(
        said(&TwilioSms, text("Your parcel & more: é")),
        fields(&[
            ("To", "+14155550123"),
            ("From", "+14155550100"),
            ("StatusCallback", &back),
            ("Body", "Your parcel & more: é")
        ])
    );
    let service = json!({"account_sid": ACCOUNT, "messaging_service_sid": "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"});
    let body = call_with(&TwilioSms, &service, text("Hello")).unwrap().body.whole().unwrap();
    let body = String::from_utf8(body).unwrap();
    assert!(body.contains("MessagingServiceSid=MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa") && !body.contains("From="), "{body}");
}

#[test]
fn what_a_text_message_cannot_carry_is_refused() {
    assert_eq!(refused_at(&TwilioSms, text(" ")), "/content/text");
    assert_eq!(refused_at(&TwilioSms, text(&"a".repeat(1601))), "/content/text");
    assert_eq!(refused_at(&TwilioSms, Direct { media: vec![file(MediaKind::Image)], ..text("a") }), "/media/0");
    assert_eq!(refused_at(&TwilioSms, Direct { location: Some(place()), ..text("a") }), "/location");
    let reply = Button::Reply { title: "Yes".to_owned(), id: "y".to_owned() };
    assert_eq!(refused_at(&TwilioSms, Direct { buttons: vec![reply], ..text("a") }), "/buttons/0");
    assert_eq!(refused_at(&TwilioSms, Direct { template: Some(ProviderTemplate::default()), ..text("a") }), "/template");
}

#[test]
fn whatsapp_carries_texts_files_places_and_templates() {
    let back = format!("{HOOK}?sb=the-tag");
    let start =
        [("To", "whatsapp:+14155550123"), ("From", "whatsapp:+14155550100"), ("StatusCallback", back.as_str())].to_vec();
    let with = |more: &[(&str, &str)]| fields(&[start.as_slice(), more].concat());
    let bare = || Direct { text: None, ..text("") };
    assert_eq!(said(&TwilioWhatsapp, text("Hello")), with(&[("Body", "Hello")]));
    let film = Direct { media: vec![file(MediaKind::Video)], ..text("Look") };
    assert_eq!(said(&TwilioWhatsapp, film), with(&[("Body", "Look"), ("MediaUrl", "https://files.example.com/a?b=c&d")]));
    let there = Direct { location: Some(place()), ..bare() };
    assert_eq!(
        said(&TwilioWhatsapp, there),
        with(&[("Body", "Corner | Shop"), ("PersistentAction", "geo:52.5,-13.25|1 Example Street")])
    );
    let nowhere = Location { latitude: 1.0, longitude: 2.0, name: None, address: None };
    let there = Direct { location: Some(nowhere), ..bare() };
    assert_eq!(said(&TwilioWhatsapp, there), with(&[("Body", "1,2"), ("PersistentAction", "geo:1,2")]));
    let value = |name: Option<&str>, value: &str| Parameter { name: name.map(str::to_owned), value: value.to_owned() };
    let template = ProviderTemplate {
        name: "HXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_owned(),
        header: vec![value(None, "Order")],
        body: vec![value(Some("first"), "Ada \"A\""), value(None, "17")],
        buttons: vec![ButtonParameter { index: 0, link: true, value: "track/17".to_owned() }],
        ..ProviderTemplate::default()
    };
    let variables = r#"{"1":"Order","3":"17","4":"track/17","first":"Ada \"A\""}"#;
    assert_eq!(
        said(&TwilioWhatsapp, Direct { template: Some(template), ..bare() }),
        with(&[("ContentSid", "HXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), ("ContentVariables", variables)])
    );
}

#[test]
fn what_whatsapp_cannot_carry_is_refused() {
    let template = |name: &str| Some(ProviderTemplate { name: name.to_owned(), ..ProviderTemplate::default() });
    let known = template("HXaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let bare = || Direct { text: None, ..text("") };
    let two = vec![file(MediaKind::Image), file(MediaKind::Image)];
    for (direct, pointer) in [
        (bare(), "/content/text"),
        (text(&"é".repeat(1601)), "/content/text"),
        (Direct { media: vec![file(MediaKind::Audio)], ..text("a") }, "/content/text"),
        (Direct { media: two, ..bare() }, "/media/1"),
        (
            Direct {
                buttons: vec![Button::Link { title: "Look".to_owned(), url: "https://shop.example".to_owned() }],
                ..text("a")
            },
            "/buttons/0",
        ),
        (Direct { template: template("order_shipped"), ..bare() }, "/template/name"),
        (Direct { template: known.clone(), ..text("a") }, "/content/text"),
        (Direct { template: known.clone(), media: vec![file(MediaKind::Image)], ..bare() }, "/media/0"),
        (Direct { template: known, location: Some(place()), ..bare() }, "/location"),
        (Direct { location: Some(place()), ..text("a") }, "/content/text"),
    ] {
        assert_eq!(refused_at(&TwilioWhatsapp, direct), pointer);
    }
}

#[test]
fn a_call_speaks_the_text_and_nothing_else() {
    let back = format!("{HOOK}?sb=the-tag");
    let spoken = Direct { locale: Some("en-GB".to_owned()), ..text("<Hangup/> & \"code\"\u{7} 17") };
    let document = "<Response><Say language=\"en-GB\">&lt;Hangup/&gt; &amp; &quot;code&quot;  17</Say></Response>";
    assert_eq!(
        said(&TwilioVoice, spoken),
        fields(&[
            ("To", "+14155550123"),
            ("From", "+14155550100"),
            ("Twiml", document),
            ("StatusCallback", &back),
            ("StatusCallbackEvent", "initiated"),
            ("StatusCallbackEvent", "completed"),
        ])
    );
    let voiced = json!({"account_sid": ACCOUNT, "from": "+14155550100", "voice": "Polly.Joanna", "timeout": 20});
    let odd = Direct { locale: Some("en\"><Dial>".to_owned()), ..text("Hello") };
    let call = call_with(&TwilioVoice, &voiced, odd).unwrap();
    assert!(call.url.reveal().ends_with("/Calls.json"));
    let said: Vec<_> = url::form_urlencoded::parse(&call.body.whole().unwrap()).into_owned().collect();
    assert_eq!(said[2].1, "<Response><Say voice=\"Polly.Joanna\">Hello</Say></Response>");
    assert_eq!(said.last().unwrap(), &("Timeout".to_owned(), "20".to_owned()));
    // Few characters, many once they are escaped.
    assert_eq!(refused_at(&TwilioVoice, text(&"\"".repeat(700))), "/content/text");
}

#[test]
fn accounts_are_checked_field_by_field() {
    let fault = |provider: &dyn Sending, settings: Value, credentials: Value| {
        let Err(Error::Invalid(faults)) = provider.check(&settings, &credentials) else { unreachable!("{settings}") };
        faults[0].pointer.clone()
    };
    let good = json!({"auth_token": "token"});
    let both =
        json!({"account_sid": ACCOUNT, "from": "+14155550100", "messaging_service_sid": "MGaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"});
    for (settings, pointer) in [
        (json!({"from": "+14155550100"}), "/settings/account_sid"),
        (json!({"account_sid": "AC1/../x", "from": "+14155550100"}), "/settings/account_sid"),
        (json!({"account_sid": ACCOUNT}), "/settings/from"),
        (json!({"account_sid": ACCOUNT, "from": "not a number"}), "/settings/from"),
        (json!({"account_sid": ACCOUNT, "messaging_service_sid": "x"}), "/settings/messaging_service_sid"),
        (both, "/settings/messaging_service_sid"),
    ] {
        assert_eq!(fault(&TwilioSms, settings, good.clone()), pointer);
    }
    // A name is a sender of text messages alone.
    let named = json!({"account_sid": ACCOUNT, "from": "SHOP"});
    assert!(TwilioSms.check(&named, &good).is_ok());
    assert_eq!(fault(&TwilioWhatsapp, named.clone(), good.clone()), "/settings/from");
    assert_eq!(fault(&TwilioVoice, named, good.clone()), "/settings/from");
    let voiced = |name: &str, value: Value| json!({"account_sid": ACCOUNT, "from": "+14155550100", (name): value});
    assert_eq!(fault(&TwilioVoice, voiced("voice", json!("a\"b")), good.clone()), "/settings/voice");
    assert_eq!(fault(&TwilioVoice, voiced("timeout", json!(601)), good), "/settings/timeout");
    let key = "SKaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    for (credentials, pointer) in [
        (json!({}), "/credentials/auth_token"),
        (json!({"auth_token": ""}), "/credentials/auth_token"),
        (json!({"api_key": key}), "/credentials/api_secret"),
        (json!({"api_secret": "s"}), "/credentials/api_key"),
        (json!({"api_key": "SK", "api_secret": "s"}), "/credentials/api_key"),
    ] {
        assert_eq!(fault(&TwilioSms, settings(), credentials), pointer);
    }
    assert!(TwilioSms.check(&settings(), &json!({"api_key": key, "api_secret": "s"})).is_ok());
}

/// A callback to an account whose auth token is the key of the known case.
fn believed(post: &Callback<'_>) -> bool {
    let (settings, credentials) = (settings(), json!({"auth_token": "sample-auth-token"}));
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    TwilioSms.verify(post, &setup).is_ok()
}

fn post<'a>(url: &'a str, headers: &'a [(String, String)], body: &'a [u8], roots: &'a Roots) -> Callback<'a> {
    let now = Time::parse("2026-03-01T10:00:00Z").unwrap();
    Callback { method: "POST", url, headers, body, topics: &[], certificate: None, roots, keys: None, now }
}

fn signed(code: &str, content_type: &str) -> Vec<(String, String)> {
    fields(&[("content-type", content_type), ("x-twilio-signature", code)])
}

/// The code was computed elsewhere, by another language's HMAC.
#[test]
fn a_known_form_is_believed_at_its_address_alone() {
    let roots = Roots::none();
    let url = "https://example.com/hooks/twilio/status?tenant=t1";
    let body = b"AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&ApiVersion=2010-04-01&From=%2B15005550006\
        &MessageSid=SM11111111111111111111111111111111&MessageStatus=undelivered&ErrorCode=30003&RawDlrDoneDate=2601151005\
        &SmsSid=SM11111111111111111111111111111111&SmsStatus=undelivered&To=%2B15005550001";
    let headers = signed("0o1ynp842VG6aQXKEAia38F/Pw8=", "application/x-www-form-urlencoded");
    let genuine = post(url, &headers, body, &roots);
    assert!(believed(&genuine));
    // With the default port written out, it is the same address.
    assert!(believed(&Callback { url: "https://example.com:443/hooks/twilio/status?tenant=t1", ..genuine }));
    for other in ["https://example.com/hooks/twilio/status?tenant=t2", "https://example.com:8443/hooks/twilio/status?tenant=t1"]
    {
        assert!(!believed(&Callback { url: other, ..genuine }), "{other}");
    }
    // The same fields in another order are the same form.
    let (first, rest) = body.split_at(body.iter().position(|byte| *byte == b'&').unwrap());
    let turned = [&rest[1..], b"&", first].concat();
    assert!(believed(&Callback { body: &turned, ..genuine }));
    // As another kind of body it would be covered by nothing.
    assert!(!believed(&Callback { headers: &signed("0o1ynp842VG6aQXKEAia38F/Pw8=", "application/json"), ..genuine }));
    assert!(!believed(&Callback { method: "GET", ..genuine }));
    // Another account's.
    let (other, credentials) =
        (json!({"account_sid": ACCOUNT.replace('a', "b"), "from": "+14155550100"}), json!({"auth_token": "sample-auth-token"}));
    let setup = Setup { settings: &other, credentials: &credentials, token: None, callback: HOOK };
    assert_eq!(TwilioSms.verify(&genuine, &setup).unwrap_err(), Error::Unauthenticated);
}

/// Signs an address as Twilio signs whatever is no form.
fn code(url: &str) -> String {
    use base64::Engine as _;
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"sample-auth-token");
    base64::engine::general_purpose::STANDARD.encode(aws_lc_rs::hmac::sign(&key, url.as_bytes()).as_ref())
}

#[test]
fn other_bodies_are_believed_by_the_hash_in_their_address() {
    let roots = Roots::none();
    let body = br#"{"a":1}"#;
    let hash: String = crypto::sha256(body).iter().map(|byte| format!("{byte:02x}")).collect();
    let url = format!("{HOOK}?bodySHA256={hash}");
    let headers = signed(&code(&url), "application/json");
    assert!(believed(&post(&url, &headers, body, &roots)));
    assert!(!believed(&post(&url, &headers, br#"{"a":2}"#, &roots)));
    // The address is signed, but says nothing of the body.
    assert!(!believed(&post(HOOK, &signed(&code(HOOK), "application/json"), body, &roots)));
    let twice = format!("{url}&bodySHA256={}", "00".repeat(32));
    assert!(!believed(&post(&twice, &signed(&code(&twice), "application/json"), body, &roots)));
    assert!(believed(&post(HOOK, &signed(&code(HOOK), "application/x-www-form-urlencoded"), b"", &roots)));
}

#[test]
fn a_message_may_come_in_the_query() {
    let roots = Roots::none();
    let url = format!(
        "{HOOK}?MessageSid=SM1&AccountSid={ACCOUNT}&From=%2B14155550123&To=%2B14155550100&Body=STOP&NumMedia=0&SmsStatus=received"
    );
    let headers = signed(&code(&url), "");
    let callback = Callback { method: "GET", ..post(&url, &headers, b"", &roots) };
    let (settings, credentials) = (settings(), json!({"auth_token": "sample-auth-token"}));
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    let verified = TwilioSms.verify(&callback, &setup).unwrap();
    let found = TwilioSms.inbound(&verified, &setup);
    assert_eq!((found[0].from.as_str(), found[0].wish), ("+14155550123", Some(Wish::Stop)));
    assert_eq!(TwilioSms.answer(&verified).body, "<Response/>");
    let foreign = url.replace(ACCOUNT, &ACCOUNT.replace('a', "b"));
    let headers = signed(&code(&foreign), "");
    assert!(!believed(&Callback { method: "GET", ..post(&foreign, &headers, b"", &roots) }));
}

/// What a provider reads out of these fields.
fn read(provider: &dyn Receiving, pairs: &[(&str, &str)]) -> crate::Verified {
    let roots = Roots::none();
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let url = format!("{HOOK}?{query}");
    let headers = signed(&code(&url), "");
    let (settings, credentials) = (settings(), json!({"auth_token": "sample-auth-token"}));
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    provider.verify(&Callback { method: "GET", ..post(&url, &headers, b"", &roots) }, &setup).unwrap()
}

fn inbound(provider: &dyn Receiving, pairs: &[(&str, &str)]) -> crate::Inbound {
    let setup = Setup { settings: &Value::Null, credentials: &Value::Null, token: None, callback: HOOK };
    provider.inbound(&read(provider, pairs), &setup).remove(0)
}

#[test]
fn what_comes_in_is_read_field_by_field() {
    let start = [("MessageSid", "MM1"), ("SmsStatus", "received")];
    let sms = [("From", "+14155550123"), ("To", "+14155550100")];
    let chat = [("From", "whatsapp:+14155550123"), ("To", "whatsapp:+14155550100"), ("ProfileName", "Ada Example")];
    let files = [("NumMedia", "2"), ("MediaUrl0", "https://a.example/0"), ("MediaContentType0", "image/png")];
    let found = inbound(&TwilioSms, &[start.as_slice(), &sms, &files, &[("MediaUrl1", "https://a.example/1")]].concat());
    let urls: Vec<_> = found.files.iter().map(|file| (file.source.clone(), file.media_type.as_deref())).collect();
    let url = |text: &str| FileSource::Url(text.to_owned());
    assert!(urls == [(url("https://a.example/0"), Some("image/png")), (url("https://a.example/1"), None)]);
    let pressed = [("Body", "Stop"), ("ButtonPayload", "stop:42"), ("OriginalRepliedMessageSid", "MM0")];
    let found = inbound(&TwilioWhatsapp, &[start.as_slice(), &chat, &pressed].concat());
    assert_eq!((found.from.as_str(), found.to.as_deref()), ("+14155550123", Some("+14155550100")));
    assert_eq!((found.button.as_deref(), found.answers.as_deref()), (Some("stop:42"), Some("MM0")));
    assert_eq!((found.name.as_deref(), found.wish), (Some("Ada Example"), None));
    let there = [("Latitude", "52.52"), ("Longitude", "13.405"), ("Label", "Corner Shop"), ("Address", "1 Example Street")];
    let found = inbound(&TwilioWhatsapp, &[start.as_slice(), &chat, &there].concat()).location.unwrap();
    assert_eq!((found.latitude, found.name.as_deref()), (52.52, Some("Corner Shop")));
    // What the sender wants may be in other words than their own.
    let left = inbound(&TwilioSms, &[start.as_slice(), &sms, &[("Body", "no more"), ("OptOutType", "STOP")]].concat());
    assert_eq!(left.wish, Some(Wish::Stop));
}

#[test]
fn a_call_ends_by_the_providers_clock() {
    let setup = Setup { settings: &Value::Null, credentials: &Value::Null, token: None, callback: HOOK };
    let pairs = [("CallSid", "CA1"), ("CallStatus", "completed"), ("AnsweredBy", "machine_start"), ("sb", "the-tag")];
    let at = ("Timestamp", "Sun, 01 Mar 2026 09:45:07 +0000");
    let event = TwilioVoice.events(&read(&TwilioVoice, &[pairs.as_slice(), &[at]].concat()), &setup).remove(0);
    assert_eq!(event.at, Time::parse("2026-03-01T09:45:07Z").unwrap());
    assert_eq!((event.detail.code.as_deref(), event.tag.as_deref()), (Some("machine_start"), Some("the-tag")));
}

#[test]
fn the_login_goes_to_the_own_host_alone() {
    let (settings, credentials) = (settings(), json!({"auth_token": "token"}));
    let setup = Setup { settings: &settings, credentials: &credentials, token: None, callback: HOOK };
    let file = |address: &str| TwilioSms.file(&FileSource::Url(address.to_owned()), &setup).unwrap();
    let call = file("https://api.twilio.com/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1").unwrap();
    assert!(matches!(call.login, Login::Basic(..)));
    for other in [
        "http://api.twilio.com/a",
        "https://api.twilio.com.example/a",
        "https://api.twilio.com:8443/a",
        "https://api.twilio.com@files.example.com/a",
        "https://files.example.com/api.twilio.com",
        "no address",
    ] {
        assert!(file(other).is_none(), "{other}");
    }
    assert!(TwilioSms.file(&FileSource::Id("1".to_owned()), &setup).unwrap().is_none());
}
