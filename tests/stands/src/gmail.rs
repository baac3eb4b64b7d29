//! Gmail, whose posts come through Google's Pub/Sub.

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kernel::{Secret, Time};
use providers::Reply;
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::api::{self, Api, Door, all_of, bearer, is_mail, read, said};
use super::{CALLBACK, Post, Sample, Stand, answered, mail};

/// Made once: making one takes a while.
static KEY: LazyLock<Vec<u8>> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_der());

/// The stand.
pub fn stand() -> Stand {
    Stand {
        id: "gmail",
        settings: json!({"mailbox": "shop@example.com", "push_account": "push@corner-shop-1.example.com"}),
        credentials: json!({
            "client_id": "1234.apps.example.com", "client_secret": "GOCSPX-hunter2", "refresh_token": "1//hunter2",
        }),
        secrets: Vec::new(),
        token: Some(Secret::new("ya29.hunter2")),
        content: mail(),
        sign: Some(sign),
        covers_body: false,
        stale: true,
        samples: vec![Sample::nothing("pushed.json")],
        answers: answers(),
    }
}

/// The claims of a post.
pub fn claims(at: Time) -> Value {
    json!({
        "iss": "https://accounts.google.com", "aud": CALLBACK, "azp": "113", "sub": "113",
        "email": "push@corner-shop-1.example.com", "email_verified": true, "iat": at.seconds() - 60, "exp": at.seconds() + 3540,
    })
}

/// A post of Google's.
pub fn sign(body: Vec<u8>, at: Time) -> Post {
    signed(body, at, &claims(at))
}

/// Put together from RFC 7515 and RFC 7517, not from the code under test.
pub fn signed(body: Vec<u8>, at: Time, claims: &Value) -> Post {
    let key = RsaKeyPair::from_pkcs8(&KEY).unwrap();
    let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let header = json!({"alg": "RS256", "typ": "JWT", "kid": "g1"});
    let text = [header.to_string(), claims.to_string()].map(|part| encode(part.as_bytes())).join(".");
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
    // In DER, after nine bytes, the 256 of the modulus; then five bytes end in the three of the exponent.
    let public = key.public_key().as_ref();
    let (n, e) = (encode(&public[9..265]), encode(&public[267..]));
    let token = format!("Bearer {text}.{}", encode(&signature));
    let mut post = Post::new("application/json", body, at).header("authorization", token);
    post.keys = Some(json!({"keys": [{"kty": "RSA", "kid": "g1", "alg": "RS256", "use": "sig", "n": n, "e": e}]}));
    post
}

fn answers() -> Vec<(Reply, &'static str)> {
    let error = |status: u16, word: &str, reason: &str, message: &str| {
        let errors = json!([{"message": message, "domain": "global", "reason": reason}]);
        let error = json!({"error": {"code": status, "message": message, "errors": errors, "status": word}});
        answered(status, &[], &error)
    };
    let wait = "User-rate limit exceeded.  Retry after 2026-03-01T10:15:00.500Z";
    vec![
        (answered(200, &[], &json!({"id": "18e", "threadId": "18e", "labelIds": ["SENT"]})), "sent 18e"),
        (error(400, "INVALID_ARGUMENT", "invalidArgument", "Invalid To header"), "rejected"),
        (error(400, "FAILED_PRECONDITION", "failedPrecondition", "Mail service not enabled"), "misconfigured"),
        // The access token is thrown away, and the next attempt asks for another.
        (error(401, "UNAUTHENTICATED", "authError", "Invalid Credentials"), "retry"),
        (error(403, "PERMISSION_DENIED", "insufficientPermissions", "Insufficient Permission"), "misconfigured"),
        (error(403, "PERMISSION_DENIED", "rateLimitExceeded", "Rate Limit Exceeded"), "limited"),
        (error(403, "PERMISSION_DENIED", "userRateLimitExceeded", wait), "limited 900"),
        (error(403, "PERMISSION_DENIED", "dailyLimitExceeded", "Daily Limit Exceeded"), "limited 3600"),
        (error(404, "NOT_FOUND", "notFound", "Requested entity was not found."), "rejected"),
        (error(413, "", "uploadTooLarge", "Too large"), "rejected"),
        (error(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded", wait), "limited 900"),
        (error(500, "INTERNAL", "backendError", "Backend Error"), "retry"),
        // Answers to the probe.
        (
            answered(200, &[], &json!({"scope": "openid https://www.googleapis.com/auth/gmail.send", "expires_in": "3599"})),
            "sent",
        ),
        (answered(200, &[], &json!({"scope": "openid https://www.googleapis.com/auth/gmail.readonly"})), "misconfigured"),
        (answered(400, &[], &json!({"error": "invalid_token", "error_description": "Invalid Value"})), "misconfigured"),
    ]
}

/// Where Google gives tokens, for a refresh token or for an assertion.
pub fn tokens(takes: api::Check, login: api::Check) -> Door {
    let unknown = json!({"error": "invalid_grant", "error_description": "Token has been expired or revoked."});
    let taken = json!({"access_token": "ya29.hunter2", "expires_in": 3599, "token_type": "Bearer"});
    Door {
        line: "POST https://oauth2.googleapis.com/token".to_owned(),
        login,
        takes,
        unknown: said(400, &[], &unknown),
        taken: said(200, &[], &taken),
    }
}

/// `POST /gmail/v1/users/me/messages/send`: the message in URL-safe base64.
pub fn api() -> Api {
    let error = |status: u16, word: &str, reason: &str, message: &str| {
        let errors = json!([{"message": message, "domain": "global", "reason": reason}]);
        json!({"error": {"code": status, "message": message, "errors": errors, "status": word}})
    };
    let raw = |request: &api::Request<'_>| {
        let body = read(request.body)?;
        is_mail(&body["raw"].as_str().and_then(kernel::crypto::decode).ok_or("no base64 in /raw")?)
    };
    let field = |name: &'static str, value: &str| (name, value.to_owned());
    let wait = "User-rate limit exceeded.  Retry after 2026-03-02T09:15:00.500Z";
    Api {
        tokens: Some(tokens(
            api::form(vec![field("grant_type", "refresh_token"), field("client_id", "1234.apps.example.com")]),
            api::form(vec![field("client_secret", "GOCSPX-hunter2"), field("refresh_token", "1//hunter2")]),
        )),
        messages: Door {
            line: "POST https://gmail.googleapis.com/gmail/v1/users/me/messages/send".to_owned(),
            login: bearer("ya29.hunter2"),
            takes: all_of(vec![api::json(vec![("/raw", json!(null))]), Box::new(raw)]),
            unknown: said(401, &[], &error(401, "UNAUTHENTICATED", "authError", "Invalid Credentials")),
            taken: said(200, &[], &json!({"id": "18e", "threadId": "18e", "labelIds": ["SENT"]})),
        },
        http2: false,
        stranger: Some((
            stand().settings,
            json!({
                "client_id": "1234.apps.example.com", "client_secret": "GOCSPX-hunter2", "refresh_token": "1//revoked",
            }),
        )),
        refuses_accounts: true,
        limited: (said(429, &[], &error(429, "RESOURCE_EXHAUSTED", "rateLimitExceeded", wait)), 900),
        refused: said(400, &[], &error(400, "INVALID_ARGUMENT", "invalidArgument", "Invalid To header")),
        down: said(503, &[], &error(503, "UNAVAILABLE", "backendError", "Backend Error")),
        garbled: "unknown",
    }
}
