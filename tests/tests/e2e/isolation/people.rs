//! The cases of companies, deals, custom fields, contacts that are made or changed, and what users and keys are limited to.

use serde_json::{Value, json};
use tests::{Company, Reply};

use super::Case;

async fn made(company: &Company<'_>, path: &str, body: Value) -> String {
    company.post(path, &body).await.is(201)["id"].as_str().unwrap().to_owned()
}

/// A company, a deal and a field.
pub(super) async fn belongings(bravo: &Company<'_>) -> [String; 3] {
    let company = made(bravo, "/v1/companies", json!({ "name": "Secret Ltd", "domains": ["secret.example"] })).await;
    let deal = made(bravo, "/v1/deals", json!({ "title": "Secret", "company_id": company })).await;
    let field = json!({ "object": "contact", "key": "secret", "kind": "text", "unique": true });
    [company, deal, made(bravo, "/v1/fields", field).await]
}

/// A company and a deal of the tenant's own.
pub(super) async fn own(acme: &Company<'_>) -> [(&'static str, String); 2] {
    let company = made(acme, "/v1/companies", json!({ "name": "Own" })).await;
    [("cmp", company), ("dea", made(acme, "/v1/deals", json!({ "title": "Own" })).await)]
}

pub(super) fn body(operation: &str) -> Option<Value> {
    Some(match operation {
        "create_company" | "update_company" => json!({ "name": "A" }),
        "create_deal" | "update_deal" => json!({ "title": "A" }),
        "create_field" => json!({ "object": "deal", "key": "a", "kind": "text" }),
        "lose_deal" => json!({ "reason": "A" }),
        "put_contact" => json!({ "emails": ["a@example.com"] }),
        "put_contacts" => json!({ "contacts": [{ "emails": ["a@example.com"] }] }),
        "put_signup_form" => {
            json!({ "active": true, "topics": [{ "category": "news" }], "consent": { "en": "Yes." } })
        }
        "update_field" => json!({ "label": "A" }),
        "win_deal" => json!({}),
        _ => return None,
    })
}

pub(super) fn body_with(operation: &str, pointer: &str) -> Option<Case> {
    Some(match (operation, pointer) {
        ("create_api_key", "/reach/templates") => {
            ("tpl", |id| json!({ "name": "A", "role": "viewer", "reach": { "templates": [id] } }))
        }
        ("create_user", "/reach/templates") => {
            ("tpl", |id| json!({ "name": "A", "email": "a@acme.example", "role": "viewer", "reach": { "templates": [id] } }))
        }
        ("update_user", "/reach/templates") => ("tpl", |id| json!({ "reach": { "templates": [id] } })),
        ("create_company" | "update_company", "/owner") => ("usr", |id| json!({ "name": "A", "owner": id })),
        ("create_contact" | "put_contact" | "update_contact", "/company_id") => {
            ("cmp", |id| json!({ "emails": ["a@example.com"], "company_id": id }))
        }
        ("create_contact" | "put_contact" | "update_contact", "/owner") => {
            ("usr", |id| json!({ "emails": ["a@example.com"], "owner": id }))
        }
        ("put_contacts", "/contacts/0/company_id") => {
            ("cmp", |id| json!({ "contacts": [{ "emails": ["a@example.com"], "company_id": id }] }))
        }
        ("put_contacts", "/contacts/0/owner") => {
            ("usr", |id| json!({ "contacts": [{ "emails": ["a@example.com"], "owner": id }] }))
        }
        ("create_deal" | "update_deal", "/company_id") => ("cmp", |id| json!({ "title": "A", "company_id": id })),
        ("create_deal" | "update_deal", "/contact_id") => ("con", |id| json!({ "title": "A", "contact_id": id })),
        ("create_deal" | "update_deal", "/owner") => ("usr", |id| json!({ "title": "A", "owner": id })),
        ("estimate_message" | "send_message", "/deal_id") => {
            ("dea", |id| json!({ "to": { "email": "a@example.com" }, "template": "welcome", "deal_id": id }))
        }
        _ => return None,
    })
}

/// Each contact of a batch has its own answer.
pub(super) fn refused_alike(pointer: &str, foreign: &Reply, random: &Reply) {
    let [foreign, random] = [foreign, random].map(|reply| reply.body["results"][0]["problem"]["errors"].clone());
    assert_eq!(foreign[0]["pointer"], pointer.strip_prefix("/contacts/0").unwrap());
    assert_eq!(foreign, random, "{pointer}");
}
