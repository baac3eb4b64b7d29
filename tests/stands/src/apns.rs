use std::sync::LazyLock;

use kernel::Secret;
use providers::{Content, Reply};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::json;

use super::api::{self, Api, Check, Door, WORDS, all_of, header, said};
use super::{Stand, answered, direct};

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());
/// The key of another.
static OTHER: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap());

pub fn stand() -> Stand {
    let key = KEY.serialize_pem();
    let to = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
    Stand {
        id: "apns",
        settings: json!({"team_id": "SHOP123456", "key_id": "KEY7890123", "topic": "com.example.corner-shop", "sandbox": false}),
        credentials: json!({"private_key": key}),
        secrets: vec![key.clone(), key.lines().nth(1).unwrap().to_owned(), to.to_owned()],
        token: Some(Secret::new("eyJhunter2")),
        content: Content::Direct(Box::new(direct(to))),
        sign: None,
        covers_body: true,
        stale: true,
        samples: Vec::new(),
        answers: answers(),
    }
}

fn answers() -> Vec<(Reply, &'static str)> {
    let id = [("apns-id", "0190c0de-0000-7000-8000-00000000abcd")];
    let mut answers = vec![
        (answered(200, &id, &json!("")), "sent 0190c0de-0000-7000-8000-00000000abcd"),
        (answered(410, &id, &json!({"reason": "Unregistered", "timestamp": 1_772_350_000_000_i64})), "gone"),
        (answered(503, &[("retry-after", "7")], &json!({"reason": "ServiceUnavailable"})), "retry 7"),
    ];
    let reasons: &[(u16, &str, &str)] = &[
        (400, "BadDeviceToken", "undeliverable"),
        (400, "DeviceTokenNotForTopic", "undeliverable"),
        (400, "BadCollapseId", "rejected"),
        (400, "BadExpirationDate", "rejected"),
        (400, "PayloadEmpty", "rejected"),
        (400, "InvalidPushType", "rejected"),
        (400, "BadTopic", "misconfigured"),
        (400, "MissingTopic", "misconfigured"),
        (400, "TopicDisallowed", "misconfigured"),
        (400, "IdleTimeout", "retry"),
        // The token is thrown away, and the next attempt makes another.
        (403, "ExpiredProviderToken", "retry"),
        (403, "InvalidProviderToken", "misconfigured"),
        (403, "MissingProviderToken", "misconfigured"),
        (403, "BadCertificateEnvironment", "misconfigured"),
        (403, "Forbidden", "misconfigured"),
        (404, "BadPath", "rejected"),
        (405, "MethodNotAllowed", "rejected"),
        (410, "ExpiredToken", "gone"),
        (410, "Novel", "gone"),
        (413, "PayloadTooLarge", "rejected"),
        (429, "TooManyRequests", "retry"),
        (429, "TooManyProviderTokenUpdates", "limited 1200"),
        (429, "Novel", "limited"),
        (500, "InternalServerError", "retry"),
        (503, "Shutdown", "retry"),
    ];
    answers
        .extend(reasons.iter().map(|(status, reason, meaning)| (answered(*status, &[], &json!({"reason": reason})), *meaning)));
    answers
}

/// `POST /3/device/{token}` over HTTP/2.
pub fn api() -> Api {
    let reason = |reason: &str| json!({ "reason": reason });
    let signed: Check = Box::new(|request| {
        let proof = request.header("authorization").unwrap_or_default();
        // Apple writes the scheme in small letters, and takes it in any.
        let proof = proof.get(7..).filter(|_| proof[..7].eq_ignore_ascii_case("bearer ")).ok_or("no token")?;
        let head = json!({"alg": "ES256", "typ": "JWT", "kid": "KEY7890123"});
        let claims = api::token(proof, |text, code| super::signs(&KEY, text, code), &head)?;
        api::held(claims["iat"].is_i64(), || "iat is missing".to_owned())?;
        api::stands(&claims, &[("/iss", json!("SHOP123456"))])
    });
    let heads = vec![
        header("apns-topic", "com.example.corner-shop"),
        header("apns-push-type", "alert"),
        // The body is JSON, whatever is said of it.
        Box::new(|request: &api::Request<'_>| api::stands(&api::read(request.body)?, &[("/aps/alert/body", json!(WORDS))])),
    ];
    let to = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
    let id = ("apns-id", "0190c0de-0000-7000-8000-00000000abcd");
    Api {
        tokens: None,
        messages: Door {
            line: format!("POST https://api.push.apple.com/3/device/{to}"),
            login: signed,
            takes: all_of(heads),
            unknown: said(403, &[id], &reason("InvalidProviderToken")),
            taken: said(200, &[id], &json!("")),
        },
        http2: true,
        stranger: Some((stand().settings, json!({"private_key": OTHER.serialize_pem()}))),
        refuses_accounts: true,
        limited: (said(429, &[id], &reason("TooManyProviderTokenUpdates")), 1200),
        refused: said(413, &[id], &reason("PayloadTooLarge")),
        down: said(503, &[id], &reason("ServiceUnavailable")),
        garbled: "sent",
    }
}
