use kernel::{Secret, Time};
use providers::Reply;
use serde_json::json;

use super::{Post, Sample, Stand, answered, mail};

pub fn stand() -> Stand {
    Stand {
        id: "graph",
        settings: json!({"tenant": "84bd8158-6d4d-4958-8b9f-000000000001", "mailbox": "shop@example.com"}),
        credentials: json!({
            "client_id": "8f0e7c44-0000-4000-8000-000000000001", "client_secret": "8Q~hunter2", "refresh_token": "M.C5_hunter2",
            "client_state": "hunter2state",
        }),
        secrets: Vec::new(),
        token: Some(Secret::new("eyJhunter2")),
        content: mail(),
        sign: Some(sign),
        covers_body: false,
        stale: false,
        samples: vec![Sample::nothing("created.json"), Sample::nothing("lifecycle.json")],
        answers: answers(),
    }
}

/// The word stands in the body.
fn sign(body: Vec<u8>, at: Time) -> Post {
    Post::new("application/json", body, at)
}

fn answers() -> Vec<(Reply, &'static str)> {
    let error = |status: u16, code: &str| {
        answered(status, &[], &json!({"error": {"code": code, "message": "Words.", "innerError": {"request-id": "7a3c"}}}))
    };
    vec![
        (answered(202, &[("request-id", "7a3c")], &json!("")), "sent"),
        (answered(200, &[], &json!({"id": "5b1d0c9e"})), "sent"),
        (error(400, "ErrorInvalidRecipients"), "rejected"),
        (error(400, "ErrorMimeContentInvalidBase64String"), "rejected"),
        // The access token is thrown away, and the next attempt asks for another.
        (error(401, "InvalidAuthenticationToken"), "retry"),
        (error(403, "ErrorAccessDenied"), "misconfigured"),
        (error(403, "ErrorSendAsDenied"), "misconfigured"),
        (error(404, "MailboxNotEnabledForRESTAPI"), "misconfigured"),
        (error(404, "ErrorItemNotFound"), "rejected"),
        (error(413, "RequestEntityTooLarge"), "rejected"),
        (answered(429, &[("retry-after", "2.128")], &json!({"error": {"code": "ApplicationThrottled"}})), "limited 3"),
        (answered(503, &[("retry-after", "10")], &json!({"error": {"code": "serviceNotAvailable"}})), "retry 10"),
        (error(504, "UnknownError"), "retry"),
        (error(507, "ErrorQuotaExceeded"), "misconfigured"),
    ]
}
