use std::sync::LazyLock;

use kernel::Secret;
use providers::{Content, Reply};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::{Stand, answered, direct};

/// Made once: making one takes a while.
static KEY: LazyLock<String> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_pem());

pub fn stand() -> Stand {
    let account = json!({
        "type": "service_account", "project_id": "corner-shop-1", "private_key_id": "0123456789abcdef",
        "private_key": KEY.as_str(), "client_email": "robot@corner-shop-1.example.com",
    });
    Stand {
        id: "fcm",
        settings: json!({"ttl": 86_400}),
        credentials: json!({"service_account": account}),
        secrets: vec![KEY.clone(), KEY.lines().nth(1).unwrap().to_owned()],
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
