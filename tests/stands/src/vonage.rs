use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lc_rs::hmac;
use kernel::{Secret, Time, crypto};
use providers::BounceClass::{Block, Hard, Soft};
use providers::Content;
use providers::EventKind::{Delayed, Delivered, Opened, Sent};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::api::{self, Api, Check, Door, WORDS, said};
use super::{CALLBACK, Post, Sample, Stand, TAG, answered, direct};

/// The application.
const APPLICATION: &str = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab";
/// Its key. Made once: making one takes a while.
static KEY: LazyLock<KeyPair> = LazyLock::new(rsa);
/// The key of another.
static OTHER: LazyLock<KeyPair> = LazyLock::new(rsa);

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

pub fn sms() -> Stand {
    let parts = |statuses: &[(&str, &str)]| {
        let part = |(status, words): &(&str, &str)| match *status {
            "0" => json!({"to": "14155550123", "message-id": words, "status": "0", "network": "310004"}),
            _ => json!({"status": status, "error-text": words}),
        };
        json!({"message-count": statuses.len().to_string(), "messages": statuses.iter().map(part).collect::<Vec<_>>()})
    };
    let mut answers = vec![
        (answered(200, &[], &parts(&[("0", "part-1"), ("0", "part-2")])), "sent part-1"),
        (answered(200, &[], &parts(&[("0", "part-1"), ("1", "Throttled")])), "unknown"),
        (answered(200, &[], &parts(&[("7", "Number barred."), ("1", "Throttled")])), "undeliverable"),
        (answered(200, &[], &json!({"messages": [{"status": 4}]})), "misconfigured"),
        (answered(200, &[], &json!("<html>")), "unknown"),
        (answered(200, &[], &json!({"value": 10.28, "autoReload": false})), "sent"),
        (answered(401, &[], &json!({"error-code": "401"})), "misconfigured"),
        (answered(502, &[], &json!("<html>")), "retry"),
    ];
    for (statuses, meaning) in [
        (["1", "10"].as_slice(), "limited"),
        (&["2", "3", "12", "22", "23"], "rejected"),
        (&["4", "8", "9", "11", "14", "15", "29", "32"], "misconfigured"),
        (&["5", "99"], "retry"),
        (&["6", "7"], "undeliverable"),
        (&["33"], "gone"),
    ] {
        answers.extend(statuses.iter().map(|status| (answered(200, &[], &parts(&[(status, "Words")])), meaning)));
    }
    Stand {
        id: "vonage_sms",
        settings: json!({"from": "Shop", "signature_method": "sha256"}),
        credentials: json!({"api_key": "abcd1234", "api_secret": "hunter2", "signature_secret": "hunter2signs"}),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("+14155550123"))),
        sign: Some(sign_fields),
        covers_body: true,
        stale: true,
        samples: vec![
            Sample::event("accepted.form", Sent),
            Sample::event("buffered.form", Delayed),
            Sample::event("delivered.form", Delivered),
            Sample::event("delivered.json", Delivered),
            Sample::bounce("expired.form", Soft),
            Sample::bounce("failed-absent.form", Soft),
            Sample::bounce("failed-illegal.form", Hard),
            Sample::nothing("inbound-binary.form"),
            Sample::inbound("inbound-part.form"),
            Sample::inbound("inbound-stop.form"),
            Sample::inbound("inbound.form"),
            Sample::inbound("inbound.json"),
            Sample::bounce("rejected-filter.form", Block),
            Sample::nothing("unknown.form"),
        ],
        answers,
    }
}

pub fn messages() -> Stand {
    let pem = KEY.serialize_pem();
    let problem = |title: &str| json!({"title": title, "detail": "Words", "instance": "bf0ca0bf"});
    let invalid = json!({"type": "https://errors.example/messages#1150", "title": "Invalid params",
        "invalid_parameters": [{"name": "to", "reason": "invalid value"}]});
    Stand {
        id: "vonage_messages",
        settings: json!({"api_key": "abcd1234", "application_id": APPLICATION, "from": "Shop",
            "region": "eu"}),
        credentials: json!({"private_key": pem, "signature_secret": "hunter2-signs"}),
        secrets: pem.lines().map(str::to_owned).collect(),
        token: Some(Secret::new("hunter2token")),
        content: Content::Direct(Box::new(direct("+14155550123"))),
        sign: Some(sign_token),
        covers_body: true,
        stale: true,
        samples: vec![
            Sample::event("delivered.json", Delivered),
            Sample::inbound("inbound-image.json"),
            Sample::inbound("inbound-stop.json"),
            Sample::nothing("inbound-whatsapp.json"),
            Sample::inbound("inbound.json"),
            Sample::nothing("novel.json"),
            Sample::event("read.json", Opened),
            Sample::bounce("rejected-throttled.json", Soft),
            Sample::bounce("rejected.json", Block),
            Sample::event("submitted.json", Sent),
            Sample::bounce("undeliverable.json", Soft),
        ],
        answers: vec![
            (answered(202, &[], &json!({"message_uuid": "d8f86df1"})), "sent d8f86df1"),
            (answered(422, &[], &invalid), "rejected"),
            (answered(422, &[], &json!({"type": "https://errors.example/messages#1000", "title": "Throttled"})), "limited"),
            (answered(401, &[], &problem("Unauthorized")), "misconfigured"),
            (answered(402, &[], &problem("Low balance")), "misconfigured"),
            (answered(403, &[], &problem("Forbidden")), "misconfigured"),
            (answered(429, &[("retry-after", "4")], &problem("Rate Limit Hit")), "limited 4"),
            (answered(500, &[], &problem("Internal error")), "retry"),
        ],
    }
}

fn posted(content_type: &str, body: Vec<u8>, at: Time) -> Post {
    let state = String::from_utf8_lossy(&body).contains("status");
    let url = if state { format!("{CALLBACK}?sb={TAG}") } else { CALLBACK.to_owned() };
    Post { url, ..Post::new(content_type, body, at) }
}

fn mac(text: &str, key: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Put together from Vonage's description of `sig`, not from the code under test. The code stands among the fields.
fn sign_fields(body: Vec<u8>, at: Time) -> Post {
    let read = serde_json::from_slice::<Value>(&body).ok().filter(Value::is_object);
    let mut fields: BTreeMap<String, Value> = match &read {
        Some(object) => object.as_object().unwrap().clone().into_iter().collect(),
        None => url::form_urlencoded::parse(&body).map(|(name, value)| (name.into_owned(), json!(value))).collect(),
    };
    fields.insert("timestamp".to_owned(), json!(at.seconds().to_string()));
    fields.insert("nonce".to_owned(), json!("aaaaaaaa-bbbb-cccc-dddd-0123456789ab"));
    let as_text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let scalars = fields.iter().filter(|(_, value)| value.is_string() || value.is_number() || value.is_boolean());
    let text: String = scalars
        .map(|(name, value)| format!("&{}={}", name.replace(['&', '='], "_"), as_text(value).replace(['&', '='], "_")))
        .collect();
    fields.insert("sig".to_owned(), json!(hex(&mac(&text, b"hunter2signs"))));
    if read.is_some() {
        return posted("application/json", json!(fields).to_string().into_bytes(), at);
    }
    let pairs = fields.iter().map(|(name, value)| (name.clone(), as_text(value)));
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    posted("application/x-www-form-urlencoded", form.into_bytes(), at)
}

/// Put together from Vonage's description of signed webhooks, not from the code under test.
fn sign_token(body: Vec<u8>, at: Time) -> Post {
    let part = |value: Value| crypto::encode(value.to_string().as_bytes());
    let head = part(json!({"alg": "HS256", "typ": "JWT"}));
    let claims = part(json!({
        "iat": at.seconds(), "jti": "11111111-2222-3333-4444-555555555555", "iss": "Vonage",
        "payload_hash": hex(&crypto::sha256(&body)), "api_key": "abcd1234",
        "application_id": APPLICATION,
    }));
    let signed = format!("{head}.{claims}");
    let code = crypto::encode(&mac(&signed, b"hunter2-signs"));
    posted("application/json", body, at).header("authorization", format!("Bearer {signed}.{code}"))
}

/// The SMS API: a form in, and 200 whatever became of it.
pub fn sms_api() -> Api {
    let part = |status: &str, words: &str| json!({"message-count": "1", "messages": [{"status": status, "error-text": words}]});
    let taken = json!({"message-count": "1", "messages": [{"to": "14155550123", "message-id": "part-1", "status": "0"}]});
    let field = |name: &'static str, value: &str| (name, value.to_owned());
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://rest.nexmo.com/sms/json".to_owned(),
            login: api::form(vec![field("api_key", "abcd1234"), field("api_secret", "hunter2")]),
            takes: api::form(vec![
                field("from", "Shop"),
                field("to", "14155550123"),
                field("text", WORDS),
                field("type", "text"),
                field("callback", ""),
            ]),
            unknown: said(200, &[], &part("4", "Bad Credentials")),
            taken: said(200, &[], &taken),
        },
        http2: false,
        stranger: Some((sms().settings, json!({"api_key": "abcd1234", "api_secret": "other"}))),
        refuses_accounts: true,
        limited: (said(200, &[], &part("1", "Throughput Rate Exceeded")), 0),
        refused: said(200, &[], &part("3", "Invalid from param")),
        down: said(503, &[], &json!("<html>")),
        garbled: "unknown",
    }
}

/// The Messages API: the application signs a token for itself.
pub fn messages_api() -> Api {
    let problem = |title: &str| json!({"title": title, "detail": "Words", "instance": "bf0ca0bf"});
    let invalid = json!({"type": "https://errors.example/messages#1150", "title": "Invalid params",
        "invalid_parameters": [{"name": "text", "reason": "too long"}]});
    let signed: Check = Box::new(|request| {
        let proof = request.header("authorization").and_then(|proof| proof.strip_prefix("Bearer ")).ok_or("no token")?;
        let claims = api::token(proof, |text, code| super::signs(&KEY, text, code), &json!({"alg": "RS256", "typ": "JWT"}))?;
        let whole = ["/jti", "/application_id"].iter().all(|claim| claims.pointer(claim).is_some_and(Value::is_string));
        api::held(whole && claims["exp"].is_i64(), || format!("the claims are {claims}"))?;
        api::stands(&claims, &[("/application_id", json!(APPLICATION))])
    });
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://api-eu.vonage.com/v1/messages".to_owned(),
            login: signed,
            takes: api::json(vec![
                ("/message_type", json!("text")),
                ("/channel", json!("sms")),
                ("/to", json!("14155550123")),
                ("/from", json!("Shop")),
                ("/text", json!(WORDS)),
            ]),
            unknown: said(401, &[], &problem("Unauthorized")),
            taken: said(202, &[], &json!({"message_uuid": "d8f86df1"})),
        },
        http2: false,
        stranger: Some((messages().settings, json!({"private_key": OTHER.serialize_pem()}))),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "44")], &problem("Rate Limit Hit")), 44),
        refused: said(422, &[], &invalid),
        down: said(503, &[], &problem("Internal error")),
        garbled: "unknown",
    }
}
