use aws_lc_rs::hmac;
use kernel::Time;
use providers::BounceClass::{Block, Hard, Soft};
use providers::EventKind::{Clicked, Complained, Delayed, Delivered, Opened, Rejected, Sent, Unsubscribed};
use serde_json::{Value, json};

use super::api::{Api, Door, RECIPIENT, basic, held, is_mail, said};
use super::{Post, Sample, Stand, answered, mail};

pub fn stand() -> Stand {
    Stand {
        id: "mailgun",
        settings: json!({"domain": "mail.shop.example", "region": "eu"}),
        credentials: json!({"api_key": "key-hunter2", "signing_key": "hunter2-signing"}),
        secrets: Vec::new(),
        token: None,
        content: mail(),
        sign: Some(sign),
        covers_body: false,
        stale: true,
        samples: vec![
            Sample::event("accepted.json", Sent),
            Sample::event("clicked.json", Clicked),
            Sample::event("complained.json", Complained),
            Sample::event("delivered.json", Delivered),
            Sample::bounce("failed-bounce.json", Hard),
            Sample::bounce("failed-old.json", Soft),
            Sample::bounce("failed-spam.json", Block),
            Sample::bounce("failed-suppressed.json", Hard),
            Sample::event("failed-temporary.json", Delayed),
            Sample::event("opened.json", Opened),
            Sample::nothing("other-domain.json"),
            Sample::event("rejected.json", Rejected),
            Sample::inbound("route-files.form"),
            Sample::bounce("route-mime-bounce.form", Hard),
            Sample::inbound("route-mime.form"),
            Sample::inbound("route.form"),
            Sample::nothing("stored.json"),
            Sample::event("unsubscribed.json", Unsubscribed),
        ],
        answers: answers(),
    }
}

fn answers() -> Vec<(providers::Reply, &'static str)> {
    let says = |words: &str| json!({ "message": words });
    vec![
        (answered(200, &[], &json!({"id": "<m1@shop.example>", "message": "Queued. Thank you."})), "sent m1@shop.example"),
        (answered(200, &[], &json!({"domain": {"name": "mail.shop.example"}})), "sent"),
        (answered(400, &[], &says("from parameter is missing")), "rejected"),
        (answered(400, &[], &says("'to' parameter is not a valid address. please check documentation")), "undeliverable"),
        (answered(400, &[], &says("Sandbox subdomains are for test purposes only.")), "misconfigured"),
        (answered(400, &[], &json!("<html>")), "retry"),
        (answered(401, &[], &json!("Forbidden")), "misconfigured"),
        (answered(402, &[], &says("Request Failed")), "misconfigured"),
        (answered(403, &[], &json!("Forbidden")), "misconfigured"),
        (answered(404, &[], &says("Domain not found: mail.shop.example")), "misconfigured"),
        (answered(404, &[], &json!("<html>")), "retry"),
        (answered(413, &[], &json!("<html>")), "rejected"),
        (
            answered(
                429,
                &[],
                &says(
                    "Domain mail.shop.example is not allowed to send: request limit exceeded, try again after Sun, 01 Mar 2026 10:00:45 UTC",
                ),
            ),
            "limited 45",
        ),
        (answered(429, &[("retry-after", "3")], &says("Too many requests, try again after soon")), "limited 3"),
        (answered(429, &[], &says("Too many requests")), "limited"),
        (answered(500, &[], &json!("<html>")), "retry"),
    ]
}

/// The code is over time and token, and stands in the body. Put together from Mailgun's documentation, not from the code under
/// test.
fn sign(body: Vec<u8>, at: Time) -> Post {
    let (seconds, token) = (at.seconds().to_string(), "f".repeat(50));
    let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, b"hunter2-signing"), format!("{seconds}{token}").as_bytes());
    let code: String = code.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let fields = [("timestamp", &seconds), ("token", &token), ("signature", &code)];
    if body.starts_with(b"--xYzZY") {
        let field = |(name, value)| format!("--xYzZY\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        let body = [fields.map(field).concat().into_bytes(), body].concat();
        return Post::new("multipart/form-data; boundary=xYzZY", body, at);
    }
    match serde_json::from_slice::<Value>(&body) {
        Ok(Value::Object(mut post)) => {
            post.insert(
                "signature".to_owned(),
                fields.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect(),
            );
            Post::new("application/json", Value::Object(post).to_string().into_bytes(), at)
        }
        Ok(_) | Err(_) => {
            let signed = fields.map(|(name, value)| format!("&{name}={value}")).concat();
            Post::new("application/x-www-form-urlencoded", [body, signed.into_bytes()].concat(), at)
        }
    }
}

/// `POST /v3/{domain}/messages.mime`: a form with the recipients and the message as a file.
pub fn api() -> Api {
    let says = |words: &str| json!({ "message": words });
    let takes = |request: &super::api::Request<'_>| {
        let kind = request.header("content-type").unwrap_or_default();
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").ok_or("no form")?;
        let text = String::from_utf8_lossy(request.body);
        let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
        held(parts.last() == Some(&"--\r\n"), || "the form does not end".to_owned())?;
        let part =
            |head: &str| parts.iter().find_map(|part| part.strip_prefix("\r\n")?.strip_prefix(head)?.strip_suffix("\r\n"));
        let to = part("Content-Disposition: form-data; name=\"to\"\r\n\r\n");
        held(to == Some(RECIPIENT), || format!("to is {to:?}"))?;
        let file = "Content-Disposition: form-data; name=\"message\"; filename=\"message.mime\"\r\n\
                    Content-Type: message/rfc822\r\n\r\n";
        is_mail(part(file).ok_or("no message")?.as_bytes())
    };
    let wait = "Domain mail.shop.example is not allowed to send: request limit exceeded, try again after Mon, 02 Mar 2026 09:05:00 UTC";
    Api {
        tokens: None,
        messages: Door {
            line: "POST https://api.eu.mailgun.net/v3/mail.shop.example/messages.mime".to_owned(),
            login: basic("api", "key-hunter2"),
            takes: Box::new(takes),
            unknown: said(401, &[], &json!("Forbidden")),
            taken: said(200, &[], &json!({"id": "<m1@shop.example>", "message": "Queued. Thank you."})),
        },
        http2: false,
        stranger: Some((stand().settings, json!({"api_key": "key-other"}))),
        refuses_accounts: true,
        limited: (said(429, &[], &says(wait)), 300),
        refused: said(400, &[], &says("message parameter is missing")),
        down: said(503, &[], &says("Service unavailable")),
        garbled: "unknown",
    }
}
