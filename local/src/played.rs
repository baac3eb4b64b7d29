//! Providers of other channels than email, played on this machine: the accounts that the demo has with them, and what they post about
//! messages in the outbox. They are a gateway for text messages, and Telegram.

use domain::Channel;
use domain::contact::Handle;
use kernel::Time;
use send::outbox::Note;
use serde_json::{Value, json};

/// What an account on this machine believes its provider by. It opens nothing: who can post here can read the keys as well.
const SECRET: &str = "the-word-of-this-machine";
/// Ada's chat in the demo.
const CHAT: &str = "700000001";

/// The settings of an account with the gateway.
pub fn gateway() -> Value {
    json!({
        "url": "https://gateway.example/send", "from": "+14155550100",
        "body": { "json": { "to": "{to}", "text": "{text}" } },
        "report": { "status": "status", "id": "id", "delivered": ["delivered"], "failed": ["failed"], "gone": ["gone"] },
        "inbound": { "from": "from", "text": "text", "id": "id" },
    })
}

/// The credentials of an account with the gateway.
pub fn gateway_credentials() -> Value {
    json!({ "callback_secret": SECRET })
}

/// The credentials of a bot.
pub fn bot_credentials() -> Value {
    json!({ "bot_token": "123456:of-this-machine", "secret_token": SECRET })
}

/// A chat with the bot.
pub fn chat() -> Handle {
    Handle { channel: Channel::Telegram, address: CHAT.to_owned() }
}

/// What a recipient or a network can do to a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Take it.
    Deliver,
    /// Not take it just now.
    Fail,
    /// Not be there at all.
    Vanish,
    /// Answer it.
    Reply(String),
}

/// A post of a provider's, below the account's own address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// What follows the account's address.
    pub query: String,
    /// The header that proves it, when one does.
    pub proof: Option<(&'static str, &'static str)>,
    /// Media type.
    pub kind: &'static str,
    /// Body.
    pub body: String,
}

/// What the provider of the message can tell: the words for it in addresses.
pub fn deeds(note: &Note) -> &'static [&'static str] {
    match note.provider.as_str() {
        "sms_gateway" => &["deliver", "fail", "vanish", "reply"],
        "telegram" => &["reply"],
        _ => &[],
    }
}

/// The post that tells of a deed. None: the provider tells no such thing, or is not played here.
pub fn post(note: &Note, deed: &Deed, at: Time) -> Option<Post> {
    match (note.provider.as_str(), deed) {
        ("sms_gateway", Deed::Reply(text)) => {
            Some(report(note, &json!({ "from": note.to, "text": text, "id": format!("{}-{}", note.id, at.millis()) })))
        }
        ("sms_gateway", Deed::Deliver) => Some(report(note, &json!({ "id": note.id, "status": "delivered" }))),
        ("sms_gateway", Deed::Fail) => Some(report(note, &json!({ "id": note.id, "status": "failed" }))),
        ("sms_gateway", Deed::Vanish) => Some(report(note, &json!({ "id": note.id, "status": "gone" }))),
        ("telegram", Deed::Reply(text)) => Some(Post {
            query: String::new(),
            proof: Some(("x-telegram-bot-api-secret-token", SECRET)),
            kind: "application/json",
            body: update(note, text, at)?.to_string(),
        }),
        _ => None,
    }
}

fn report(note: &Note, body: &Value) -> Post {
    let query = format!("?sb={}&key={SECRET}", note.tag);
    Post { query, proof: None, kind: "application/json", body: body.to_string() }
}

/// A person's message in the chat.
fn update(note: &Note, text: &str, at: Time) -> Option<Value> {
    let chat: i64 = note.to.parse().ok()?;
    Some(json!({
        "update_id": at.millis(),
        "message": {
            "message_id": at.millis(), "date": at.seconds(), "text": text,
            "from": { "id": chat, "is_bot": false, "first_name": "Ada" }, "chat": { "id": chat, "type": "private" },
        },
    }))
}
