//! A mailbox on an IMAP server that a test plays, and the account that reads it.

use collect::Way;
use collect::imap::Imap;
use net::names::Reach;
use net::patience::Patience;
use serde_json::{Value, json};
use stub::imap::Stub;

use crate::Company;

/// A mail of that number from Ada.
pub fn mail(number: u32) -> String {
    format!(
        "From: Ada Lovelace <ada@example.com>\r\nTo: help@acme.example\r\nSubject: My parcel\r\nMessage-ID: <m{number}@example.com>\r\n\
         Content-Type: text/plain\r\n\r\nWhere is parcel {number}?\r\n"
    )
}

/// What reads at that server, whose silence ends its patience.
pub fn way(stub: &Stub) -> Way {
    let patience = Patience::Told(stub.silent.clone());
    Way { imap: Imap::new(Reach::Anywhere).patience(patience), ..Way::nowhere() }
}

/// The words of an account that reads there.
pub fn words(stub: &Stub) -> Value {
    let settings = json!({ "host": "127.0.0.1", "port": stub.port, "security": "none", "username": "shop" });
    json!({ "provider": "imap", "from": null, "settings": settings, "credentials": { "password": "hunter2" } })
}

/// What people wrote, in the order of its letters.
pub async fn previews(company: &Company<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for conversation in company.get("/v1/conversations").await["data"].as_array().unwrap() {
        let path = format!("/v1/conversations/{}/messages?limit=100", conversation["id"].as_str().unwrap());
        let messages = company.get(&path).await["data"].clone();
        found.extend(messages.as_array().unwrap().iter().map(|one| one["text"].as_str().unwrap().trim().to_owned()));
    }
    found.sort();
    found
}

/// How reading the account's mailbox goes.
pub async fn mailbox(company: &Company<'_>, account: &str) -> Value {
    company.get(&format!("/v1/accounts/{account}/mailbox")).await
}

/// The result and the note of the last look.
pub async fn sight(company: &Company<'_>, account: &str) -> (String, String) {
    let found = mailbox(company, account).await;
    let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    (text("result"), text("note"))
}
