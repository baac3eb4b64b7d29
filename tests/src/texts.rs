//! What people write to a tenant by Twilio: an account that is called back, and text messages as Twilio posts them.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use local::stage::PUBLIC_URL;
use serde_json::{Value, json};

use crate::chat::callback;
use crate::story::{Reply, Story};
use crate::tenant::Company;

/// Who writes.
pub const ADA: &str = "+14155550123";
/// The token that Twilio signs with.
pub const TOKEN: &[u8] = b"hunter2hunter2";

/// An account of one of Twilio's channels with further settings: its id, and the address that it is called back at.
pub async fn twilio_with(company: &Company<'_>, provider: &str, further: &Value) -> (String, String) {
    let mut settings = json!({ "account_sid": "AC0123456789abcdef0123456789abcdef", "from": "+14155550100" });
    for (name, value) in further.as_object().into_iter().flatten() {
        settings[name] = value.clone();
    }
    let credentials = json!({ "auth_token": "hunter2hunter2" });
    let words = json!({ "provider": provider, "from": null, "settings": settings, "credentials": credentials });
    let account = company.account(&words).await;
    let path = callback(company, &account).await;
    (account, path)
}

/// An account for text messages, as the address that it is called back at. Twilio confirms wishes itself.
pub async fn twilio(company: &Company<'_>) -> String {
    twilio_with(company, "twilio_sms", &Value::Null).await.1
}

/// A text message as Twilio posts it.
pub fn text(sid: &str, from: &str, body: &str) -> Vec<(String, String)> {
    let fields = [
        ("ToCountry", "US"),
        ("SmsMessageSid", sid),
        ("NumMedia", "0"),
        ("SmsSid", sid),
        ("SmsStatus", "received"),
        ("Body", body),
        ("To", "+14155550100"),
        ("MessageSid", sid),
        ("AccountSid", "AC0123456789abcdef0123456789abcdef"),
        ("From", from),
        ("ApiVersion", "2010-04-01"),
    ];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// Put together from Twilio's description of `X-Twilio-Signature`: the address, then every field and value in the order of the
/// fields' names, under HMAC-SHA1 with the account's token.
pub fn signature(path: &str, fields: &[(String, String)], token: &[u8]) -> String {
    let sorted: BTreeMap<&String, &String> = fields.iter().map(|(name, value)| (name, value)).collect();
    let mut text = format!("{PUBLIC_URL}{path}");
    for (name, value) in sorted {
        text.push_str(name);
        text.push_str(value);
    }
    STANDARD.encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, token), text.as_bytes()).as_ref())
}

/// A post of those fields under that signature, still to be made.
fn posted<'s>(story: &'s Story, path: &str, fields: &[(String, String)], signature: &str) -> crate::story::Ask<'s> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let ask = story.ask(Method::POST, path).header("x-twilio-signature", signature);
    ask.body("application/x-www-form-urlencoded; charset=utf-8", body)
}

/// Somebody posts fields under that signature.
pub async fn tell(story: &Story, path: &str, fields: &[(String, String)], signature: &str) -> Reply {
    posted(story, path, fields, signature).now().await
}

/// Twilio posts a text message to an account that is its own.
pub async fn told(story: &Story, path: &str, sid: &str, from: &str, body: &str) {
    let fields = text(sid, from, body);
    assert_eq!(tell(story, path, &fields, &signature(path, &fields, TOKEN)).await.status, 200);
}

/// The same, by a process that may die. Whether it lived.
pub async fn told_or_died(story: &Story, path: &str, sid: &str, from: &str, body: &str) -> bool {
    let fields = text(sid, from, body);
    posted(story, path, &fields, &signature(path, &fields, TOKEN)).attempt().await.is_some()
}
