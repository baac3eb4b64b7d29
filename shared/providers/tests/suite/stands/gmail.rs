use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use kernel::{Error, Secret, Time};
use providers::{Reply, Roots, Setup};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::{CALLBACK, Post, Sample, Stand, answered, mail, now};

/// Made once: making one takes a while.
static KEY: LazyLock<Vec<u8>> =
    LazyLock::new(|| KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap().serialize_der());

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
fn claims(at: Time) -> Value {
    json!({
        "iss": "https://accounts.google.com", "aud": CALLBACK, "azp": "113", "sub": "113",
        "email": "push@corner-shop-1.example.com", "email_verified": true, "iat": at.seconds() - 60, "exp": at.seconds() + 3540,
    })
}

fn sign(body: Vec<u8>, at: Time) -> Post {
    signed(body, at, &claims(at))
}

/// Put together from RFC 7515 and RFC 7517, not from the code under test.
fn signed(body: Vec<u8>, at: Time, claims: &Value) -> Post {
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

fn push(mailbox: &str) -> Vec<u8> {
    let data = STANDARD.encode(json!({"emailAddress": mailbox, "historyId": "9876543210"}).to_string());
    json!({"message": {"data": data, "messageId": "1"}, "subscription": "projects/p/subscriptions/s"}).to_string().into_bytes()
}

fn believed(post: &Post) -> bool {
    let stand = stand();
    match stand.provider().verify(&post.callback(&Roots::none()), &stand.setup()) {
        Ok(_) => true,
        Err(Error::Unauthenticated) => false,
        Err(other) => unreachable!("{other:?}"),
    }
}

#[test]
fn a_post_is_googles_for_this_address_and_this_mailbox() {
    assert!(believed(&sign(push("Shop@Example.com"), now())));
    assert!(!believed(&sign(push("other@example.com"), now())));
    for (claim, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("https://hooks.example.com/hooks/any/other")),
        ("email", json!("push@evil.example")),
        ("email_verified", json!(false)),
        ("exp", json!(now().seconds())),
        ("exp", json!(null)),
        ("iat", json!(now().seconds() + 301)),
    ] {
        let mut claims = claims(now());
        claims[claim] = value;
        assert!(!believed(&signed(push("shop@example.com"), now(), &claims)), "{claim}");
    }
}

#[test]
fn without_the_account_that_pushes_nobody_is_believed() {
    let stand = stand();
    let settings = json!({"mailbox": "shop@example.com"});
    let setup = Setup { settings: &settings, ..stand.setup() };
    let post = sign(push("shop@example.com"), now());
    assert!(stand.provider().verify(&post.callback(&Roots::none()), &setup).is_err());
}
