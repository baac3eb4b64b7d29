use std::sync::LazyLock;

use kernel::Secret;
use providers::{Content, Reply};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::api::{self, Api, Check, Door, WORDS, bearer};
use super::{Stand, answered, direct};

/// Made once: making one takes a while.
static KEY: LazyLock<KeyPair> = LazyLock::new(rsa);
/// The key of another.
static OTHER: LazyLock<KeyPair> = LazyLock::new(rsa);

fn rsa() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap()
}

pub fn stand() -> Stand {
    let key = KEY.serialize_pem();
    let account = json!({
        "type": "service_account", "project_id": "corner-shop-1", "private_key_id": "0123456789abcdef",
        "private_key": key, "client_email": "robot@corner-shop-1.example.com",
    });
    Stand {
        id: "fcm",
        settings: json!({"ttl": 86_400}),
        credentials: json!({"service_account": account}),
        secrets: vec![key.clone(), key.lines().nth(1).unwrap().to_owned()],
        token: Some(Secret::new("ya29.hunter2")),
        content: Content::Direct(Box::new(direct("dGVz:APA91bPrivate"))),
        sign: None,
        covers_body: true,
        stale: true,
        samples: Vec::new(),
        answers: answers(),
    }
}

/// An error of Google's with the given details.
fn error(status: u16, word: &str, message: &str, details: &Value) -> Reply {
    answered(status, &[], &json!({"error": {"code": status, "message": message, "status": word, "details": details}}))
}

fn answers() -> Vec<(Reply, &'static str)> {
    let code = |code: &str| json!([{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}]);
    let violation = |field: &str| {
        json!([
            {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "INVALID_ARGUMENT"},
            {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": field, "description": "Invalid"}]},
        ])
    };
    let invalid = |message: &str, details: &Value| error(400, "INVALID_ARGUMENT", message, details);
    let limited = json!({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": code("QUOTA_EXCEEDED")}});
    vec![
        (
            answered(200, &[], &json!({"name": "projects/corner-shop-1/messages/0:17"})),
            "sent projects/corner-shop-1/messages/0:17",
        ),
        (error(404, "NOT_FOUND", "Requested entity was not found.", &code("UNREGISTERED")), "gone"),
        (error(404, "NOT_FOUND", "Requested entity was not found.", &json!([])), "retry"),
        (invalid("Request contains an invalid argument.", &violation("message.token")), "gone"),
        (invalid("The registration token is not a valid FCM registration token", &code("INVALID_ARGUMENT")), "gone"),
        (invalid("Request contains an invalid argument.", &violation("message.android.ttl")), "rejected"),
        (invalid("Message is too big", &code("INVALID_ARGUMENT")), "rejected"),
        (error(403, "PERMISSION_DENIED", "SenderId mismatch", &code("SENDER_ID_MISMATCH")), "undeliverable"),
        (error(403, "PERMISSION_DENIED", "The caller does not have permission", &json!([])), "misconfigured"),
        (
            error(401, "UNAUTHENTICATED", "Auth error from APNS or Web Push Service", &code("THIRD_PARTY_AUTH_ERROR")),
            "misconfigured",
        ),
        // The access token is thrown away, and the next attempt asks for another.
        (error(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.", &json!([])), "retry"),
        (answered(429, &[], &limited), "limited 60"),
        (answered(429, &[("retry-after", "90")], &limited), "limited 90"),
        (error(503, "UNAVAILABLE", "The service is currently unavailable.", &code("UNAVAILABLE")), "retry"),
        (error(500, "INTERNAL", "Internal error encountered.", &code("INTERNAL")), "retry"),
    ]
}

/// `projects.messages.send`, with a token that Google gives for an assertion.
pub fn api() -> Api {
    let says = |status: u16, word: &str, code: &str| {
        let details = json!([{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}]);
        api::said(status, &[], &json!({"error": {"code": status, "message": "Words", "status": word, "details": details}}))
    };
    let field = |name: &'static str, value: &str| (name, value.to_owned());
    let signed: Check = Box::new(|request| {
        let fields: Vec<(String, String)> = url::form_urlencoded::parse(request.body).into_owned().collect();
        let assertion = fields.iter().find(|(name, _)| name == "assertion").map(|(_, value)| value).ok_or("no assertion")?;
        let head = json!({"alg": "RS256", "typ": "JWT", "kid": "0123456789abcdef"});
        let claims = api::token(assertion, |text, code| super::signs(&KEY, text, code), &head)?;
        api::stands(
            &claims,
            &[
                ("/iss", json!("robot@corner-shop-1.example.com")),
                ("/aud", json!("https://oauth2.googleapis.com/token")),
                ("/scope", json!("https://www.googleapis.com/auth/firebase.messaging")),
            ],
        )
    });
    let mut limited = says(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED");
    limited.headers.push(("retry-after", "90".to_owned()));
    let mut other = stand().credentials;
    other["service_account"]["private_key"] = json!(OTHER.serialize_pem());
    Api {
        tokens: Some(super::gmail::tokens(
            api::form(vec![field("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")]),
            signed,
        )),
        messages: Door {
            line: "POST https://fcm.googleapis.com/v1/projects/corner-shop-1/messages:send".to_owned(),
            login: bearer("ya29.hunter2"),
            takes: api::json(vec![
                ("/message/token", json!("dGVz:APA91bPrivate")),
                ("/message/notification/body", json!(WORDS)),
            ]),
            unknown: says(401, "UNAUTHENTICATED", "UNSPECIFIED_ERROR"),
            taken: api::said(200, &[], &json!({"name": "projects/corner-shop-1/messages/0:17"})),
        },
        http2: false,
        stranger: Some((stand().settings, other)),
        refuses_accounts: true,
        limited: (limited, 90),
        refused: says(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"),
        down: says(503, "UNAVAILABLE", "UNAVAILABLE"),
        garbled: "unknown",
    }
}
