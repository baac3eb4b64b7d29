use std::sync::LazyLock;

use kernel::Secret;
use providers::{Content, Reply};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256};
use serde_json::json;

use super::{Stand, answered, direct};

static KEY: LazyLock<String> = LazyLock::new(|| KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap().serialize_pem());

pub fn stand() -> Stand {
    let to = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";
    Stand {
        id: "apns",
        settings: json!({"team_id": "SHOP123456", "key_id": "KEY7890123", "topic": "com.example.corner-shop", "sandbox": false}),
        credentials: json!({"private_key": KEY.as_str()}),
        secrets: vec![KEY.clone(), KEY.lines().nth(1).unwrap().to_owned(), to.to_owned()],
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
