//! People who work for a tenant, each with a token of their own.

use serde_json::json;

use crate::tenant::Company;
use crate::token::{claims, signed};

/// A user, and the tenant as that user sees it.
pub struct Person<'s> {
    /// The user's id.
    pub id: String,
    /// The user's address.
    pub email: String,
    /// The tenant with the user's token, which is good for years.
    pub sees: Company<'s>,
}

/// Adds a user of that role, with that name as subject and mailbox.
pub async fn person<'s>(company: &Company<'s>, name: &str, role: &str) -> Person<'s> {
    let email = format!("{name}@{}.example", company.slug);
    let subject = format!("{}-{name}", company.slug);
    let body = json!({ "name": name, "email": email, "role": role, "subject": subject, "phone": "+14155552671" });
    let made = company.post("/v1/users", &body).await.is(201);
    let now = company.story.clock.now();
    let mut claims = claims(&subject, now);
    claims["exp"] = json!(now.seconds() + 3_000 * 86_400);
    Person { id: made["id"].as_str().unwrap().to_owned(), email, sees: company.acting_as(&signed(&claims)) }
}
