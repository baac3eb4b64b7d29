//! What people write to a tenant by Telegram: an account that is called back, and updates as Telegram posts them.

use http::Method;
use serde_json::{Value, json};

use crate::story::{Reply, Story};
use crate::tenant::Company;

/// The word that Telegram was given to be believed by.
pub const WORD: &str = "hunter2word";

/// Where the provider of an account calls back.
pub async fn callback(company: &Company<'_>, account: &str) -> String {
    company.get(&format!("/v1/accounts/{account}")).await["callback_path"].as_str().unwrap().to_owned()
}

/// A Telegram account, as the address that it is called back at.
pub async fn telegram(company: &Company<'_>) -> String {
    let credentials = json!({ "bot_token": "123456:AAhunter2token", "secret_token": WORD });
    let account = company.account(&json!({ "provider": "telegram", "from": null, "credentials": credentials })).await;
    callback(company, &account).await
}

/// A person's message of that number, in the chat with the bot.
pub fn written(person: u32, number: u32, text: &str) -> Value {
    json!({
        "update_id": 900_000 + number,
        "message": {
            "message_id": number, "date": 1_772_442_000, "text": text,
            "from": { "id": person, "is_bot": false, "first_name": "Ada", "last_name": "Private" },
            "chat": { "id": person, "type": "private" },
        },
    })
}

/// Telegram posts an update, with that word.
pub async fn post(story: &Story, path: &str, update: &Value, word: &str) -> Reply {
    story.ask(Method::POST, path).header("x-telegram-bot-api-secret-token", word).json(update).now().await
}

/// A conversation with somebody who wrote once.
pub async fn conversation(company: &Company<'_>) -> String {
    let path = telegram(company).await;
    assert_eq!(post(company.story, &path, &written(700_000_001, 41, "Is the shop open?"), WORD).await.status, 200);
    company.get("/v1/conversations").await["data"][0]["id"].as_str().unwrap().to_owned()
}
