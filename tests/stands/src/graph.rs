use kernel::{Secret, Time};
use providers::Reply;
use serde_json::json;

use super::api::{self, Api, Door, all_of, bearer, header, is_mail, said};
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

/// `POST /v1.0/me/sendMail`: the message in base64, as plain text.
pub fn api() -> Api {
    let error =
        |code: &str, words: &str| json!({"error": {"code": code, "message": words, "innerError": {"request-id": "7a3c"}}});
    let raw = |request: &api::Request<'_>| {
        use base64::Engine as _;
        let raw = base64::engine::general_purpose::STANDARD.decode(request.body).map_err(|error| error.to_string())?;
        is_mail(&raw)
    };
    let field = |name: &'static str, value: &str| (name, value.to_owned());
    let client = "8f0e7c44-0000-4000-8000-000000000001";
    let unknown = json!({"error": "invalid_grant", "error_description": "AADSTS700082: The refresh token has expired.",
        "error_codes": [700_082]});
    let taken =
        json!({"token_type": "Bearer", "expires_in": 4000, "access_token": "eyJhunter2", "refresh_token": "M.C5_hunter2"});
    Api {
        tokens: Some(Door {
            line: "POST https://login.microsoftonline.com/84bd8158-6d4d-4958-8b9f-000000000001/oauth2/v2.0/token".to_owned(),
            login: api::form(vec![field("client_secret", "8Q~hunter2"), field("refresh_token", "M.C5_hunter2")]),
            takes: api::form(vec![field("grant_type", "refresh_token"), field("client_id", client)]),
            unknown: said(400, &[], &unknown),
            taken: said(200, &[], &taken),
        }),
        messages: Door {
            line: "POST https://graph.microsoft.com/v1.0/me/sendMail".to_owned(),
            login: bearer("eyJhunter2"),
            takes: all_of(vec![header("content-type", "text/plain"), Box::new(raw)]),
            unknown: said(401, &[], &error("InvalidAuthenticationToken", "Access token is empty.")),
            taken: said(202, &[("request-id", "7a3c")], &json!("")),
        },
        http2: false,
        stranger: Some((
            stand().settings,
            json!({
                "client_id": client, "client_secret": "8Q~hunter2", "refresh_token": "M.C5_expired",
            }),
        )),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "62.128")], &error("ApplicationThrottled", "Throttled.")), 63),
        refused: said(400, &[], &error("ErrorInvalidRecipients", "At least one recipient is not valid.")),
        down: said(503, &[], &error("serviceNotAvailable", "The service is not available.")),
        garbled: "sent",
    }
}
