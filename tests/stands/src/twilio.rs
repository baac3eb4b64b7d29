use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Time;
use providers::BounceClass::{Block, Hard, Soft};
use providers::EventKind::{Bounced, Delivered, Opened, Rejected, Sent, Unsubscribed};
use providers::{Content, Reply};
use serde_json::{Value, json};

use super::api::{self, Api, Door, WORDS, basic, said};
use super::{CALLBACK, Post, Sample, Stand, TAG, answered, direct};

const ACCOUNT: &str = "AC0123456789abcdef0123456789abcdef";

pub fn sms() -> Stand {
    stand(
        "twilio_sms",
        json!({"account_sid": ACCOUNT, "from": "+14155550100"}),
        vec![
            Sample::event("canceled.form", Rejected),
            Sample::event("delivered.form", Delivered),
            Sample::bounce("failed-filtered.form", Block),
            Sample { file: "failed-stopped.form", events: vec![(Bounced, Some(Block)), (Unsubscribed, None)], inbound: 0 },
            Sample::bounce("failed-unknown-number.form", Hard),
            Sample::inbound("inbound.form"),
            Sample::inbound("inbound-media.form"),
            Sample::inbound("inbound-stop.form"),
            Sample::nothing("inbound-whatsapp.form"),
            Sample::nothing("queued.form"),
            Sample::event("sent.form", Sent),
            Sample::bounce("undelivered.form", Soft),
        ],
    )
}

pub fn whatsapp() -> Stand {
    stand(
        "twilio_whatsapp",
        json!({"account_sid": ACCOUNT, "from": "+14155550100"}),
        vec![
            Sample::event("delivered.form", Delivered),
            Sample::bounce("failed-window.form", Block),
            Sample::bounce("failed-no-whatsapp.form", Hard),
            Sample::inbound("inbound.form"),
            Sample::inbound("inbound-button.form"),
            Sample::inbound("inbound-location.form"),
            Sample::nothing("inbound-sms.form"),
            Sample::event("read.form", Opened),
        ],
    )
}

pub fn voice() -> Stand {
    stand(
        "twilio_voice",
        json!({"account_sid": ACCOUNT, "from": "+14155550100", "voice": "Polly.Joanna", "timeout": 30}),
        vec![
            Sample::bounce("busy.form", Soft),
            Sample::event("canceled.form", Rejected),
            Sample::event("completed.form", Delivered),
            Sample::event("initiated.form", Sent),
            Sample::bounce("no-answer.form", Soft),
            Sample::nothing("ringing.form"),
        ],
    )
}

fn stand(id: &'static str, settings: Value, samples: Vec<Sample>) -> Stand {
    Stand {
        id,
        settings,
        credentials: json!({"auth_token": "hunter2hunter2", "api_key": "SK0123456789abcdef0123456789abcdef",
            "api_secret": "hunter2secret"}),
        secrets: Vec::new(),
        token: None,
        content: Content::Direct(Box::new(direct("+14155550123"))),
        sign: Some(sign),
        covers_body: true,
        stale: false,
        samples,
        answers: answers(),
    }
}

fn answers() -> Vec<(Reply, &'static str)> {
    let error = |status: u16, code: i64| json!({"code": code, "message": "Words", "more_info": "", "status": status});
    let codes: &[(u16, i64, &str)] = &[
        (401, 20003, "misconfigured"),
        (404, 20404, "misconfigured"),
        (429, 20429, "limited"),
        (400, 21211, "gone"),
        (400, 21614, "gone"),
        (400, 21612, "undeliverable"),
        (400, 21212, "misconfigured"),
        (400, 21606, "misconfigured"),
        (400, 21703, "misconfigured"),
        (403, 21408, "misconfigured"),
        (400, 21608, "misconfigured"),
        (400, 21610, "undeliverable"),
        (429, 21611, "limited"),
        (400, 21617, "rejected"),
        (400, 21620, "rejected"),
        (400, 30002, "misconfigured"),
        (400, 30410, "retry"),
        (400, 63003, "gone"),
        (400, 63007, "misconfigured"),
        (400, 63016, "rejected"),
        (400, 63018, "limited"),
        (400, 63033, "undeliverable"),
        (400, 99999, "rejected"),
        (500, 20500, "retry"),
        (503, 99999, "retry"),
    ];
    let mut answers: Vec<_> =
        codes.iter().map(|(status, code, meaning)| (answered(*status, &[], &error(*status, *code)), *meaning)).collect();
    answers.extend([
        (answered(201, &[], &json!({"sid": "SM1", "status": "queued", "error_code": null})), "sent SM1"),
        (answered(201, &[], &json!({"sid": "SM1", "status": "failed", "error_code": 21211})), "gone"),
        (answered(429, &[("retry-after", "3")], &error(429, 20429)), "limited 3"),
        (answered(403, &[], &json!("<html>")), "misconfigured"),
        (answered(502, &[], &json!("<html>")), "retry"),
    ]);
    answers
}

/// Put together from Twilio's description of `X-Twilio-Signature`, not from the code under test.
fn sign(body: Vec<u8>, at: Time) -> Post {
    let state = String::from_utf8_lossy(&body).contains("Status=");
    let url = if state { format!("{CALLBACK}?sb={TAG}") } else { CALLBACK.to_owned() };
    let mut fields: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(&body).into_owned() {
        fields.entry(name).or_default().push(value);
    }
    let mut text = url.clone();
    for (name, values) in &mut fields {
        values.sort();
        values.dedup();
        for value in values {
            text.push_str(&format!("{name}{value}"));
        }
    }
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"hunter2hunter2");
    let code = STANDARD.encode(hmac::sign(&key, text.as_bytes()).as_ref());
    let post = Post::new("application/x-www-form-urlencoded; charset=utf-8", body, at);
    Post { url, ..post }.header("x-twilio-signature", code)
}

pub fn sms_api() -> Api {
    of("Messages.json", vec![("To", "+14155550123"), ("From", "+14155550100"), ("Body", WORDS), ("StatusCallback", "")])
}

pub fn whatsapp_api() -> Api {
    let numbers = [("To", "whatsapp:+14155550123"), ("From", "whatsapp:+14155550100")];
    of("Messages.json", [numbers.as_slice(), &[("Body", WORDS), ("StatusCallback", "")]].concat())
}

pub fn voice_api() -> Api {
    of("Calls.json", vec![("To", "+14155550123"), ("From", "+14155550100"), ("Twiml", ""), ("StatusCallback", "")])
}

/// Makes a message or a call: a form in, JSON out.
fn of(resource: &str, fields: Vec<(&'static str, &str)>) -> Api {
    let error =
        |status: u16, code: i64, words: &str| json!({"code": code, "message": words, "more_info": "", "status": status});
    let fields = fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    Api {
        tokens: None,
        messages: Door {
            line: format!("POST https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/{resource}"),
            login: basic("SK0123456789abcdef0123456789abcdef", "hunter2secret"),
            takes: api::form(fields),
            unknown: said(401, &[], &error(401, 20003, "Authenticate")),
            taken: said(201, &[], &json!({"sid": "SM1", "status": "queued", "error_code": null})),
        },
        http2: false,
        stranger: Some((
            json!({"account_sid": ACCOUNT, "from": "+14155550100"}),
            json!({"auth_token": "hunter2hunter2", "api_key": "SK0123456789abcdef0123456789abcdef", "api_secret": "other"}),
        )),
        refuses_accounts: true,
        limited: (said(429, &[("retry-after", "40")], &error(429, 20429, "Too Many Requests")), 40),
        refused: said(400, &[], &error(400, 21617, "The concatenated message body exceeds the 1600 character limit")),
        down: said(503, &[], &error(503, 20503, "Service unavailable")),
        garbled: "unknown",
    }
}
