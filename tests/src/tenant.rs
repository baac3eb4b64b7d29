//! A tenant in a story, and what it has: contacts, templates, accounts, messages.

use http::Method;
use serde_json::{Value, json};

use crate::story::{Ask, Reply, Story};

/// A tenant.
#[derive(Clone)]
pub struct Company<'s> {
    /// The story it is in.
    pub story: &'s Story,
    /// Its id.
    pub id: String,
    /// Its word.
    pub slug: String,
    /// The key that its requests carry: the owner's, unless it was made by [`Company::acting_as`].
    pub key: String,
}

/// A contact.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Its id.
    pub id: String,
    /// Its first address.
    pub email: String,
}

/// A message that was accepted.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id.
    pub id: String,
    /// How it was accepted.
    pub accepted: Value,
}

fn id_of(body: &Value) -> String {
    body["id"].as_str().unwrap().to_owned()
}

impl<'s> Company<'s> {
    /// The tenant that was made.
    pub fn of(story: &'s Story, slug: &str, made: &Value) -> Self {
        let key = made["key"]["secret"].as_str().unwrap().to_owned();
        Self { story, id: id_of(made), slug: slug.to_owned(), key }
    }

    /// The same tenant with another credential.
    #[must_use]
    pub fn acting_as(&self, credential: &str) -> Self {
        Self { key: credential.to_owned(), ..self.clone() }
    }

    /// Asks for something with its key.
    pub fn ask(&self, method: Method, path: &str) -> Ask<'s> {
        self.story.ask(method, path).bearer(&self.key)
    }

    /// Reads what is there.
    pub async fn get(&self, path: &str) -> Value {
        self.ask(Method::GET, path).now().await.is(200)
    }

    /// Reads what may be there.
    pub async fn look(&self, path: &str) -> Reply {
        self.ask(Method::GET, path).now().await
    }

    /// Posts a body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask(Method::POST, path).json(body).now().await
    }

    /// Posts nothing.
    pub async fn order(&self, path: &str) -> Reply {
        self.ask(Method::POST, path).now().await
    }

    /// Changes something.
    pub async fn patch(&self, path: &str, body: &Value) -> Value {
        self.ask(Method::PATCH, path).json(body).now().await.is(200)
    }

    /// Deletes something.
    pub async fn delete(&self, path: &str) {
        self.ask(Method::DELETE, path).now().await.is(204);
    }

    /// A new API key of that role.
    pub async fn new_key(&self, role: &str) -> String {
        let made = self.post("/v1/api-keys", &json!({ "name": role, "role": role })).await.is(201);
        made["secret"].as_str().unwrap().to_owned()
    }

    /// A new account: SES, unless the words say otherwise. `from` is null for other channels than email.
    pub async fn account(&self, words: &Value) -> String {
        let from = json!({ "email": format!("hello@{}.example", self.slug), "name": format!("{} Mail", self.slug) });
        let mut body = json!({ "name": "Account", "provider": "ses", "from": from });
        for (name, value) in words.as_object().unwrap() {
            body[name] = value.clone();
        }
        // Null takes away what is usual.
        body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        id_of(&self.post("/v1/accounts", &body).await.is(201))
    }

    /// A contact with a first name and an address.
    pub async fn contact(&self, name: &str, email: &str) -> Contact {
        self.contact_with(&json!({ "first_name": name, "emails": [email] })).await
    }

    /// A contact with those fields.
    pub async fn contact_with(&self, fields: &Value) -> Contact {
        let made = self.post("/v1/contacts", fields).await.is(201);
        let email = made["emails"][0]["email"].as_str().unwrap_or_default().to_owned();
        Contact { id: id_of(&made), email }
    }

    /// A template with a first version that is live.
    pub async fn template(&self, words: &Value, content: &Value) -> String {
        let id = id_of(&self.post("/v1/templates", words).await.is(201));
        self.version(&id, &json!({ "contents": { "en": content } })).await;
        id
    }

    /// A further version of a template, live at once unless it says otherwise.
    pub async fn version(&self, template: &str, body: &Value) -> Value {
        self.post(&format!("/v1/templates/{template}/versions"), body).await.is(201)
    }

    /// Sends a message of a template to a contact.
    pub async fn send(&self, contact: &Contact, template: &str) -> Message {
        self.send_with(&json!({ "to": { "contact": contact.id }, "template": template })).await
    }

    /// Sends a message with all that is to be said of it.
    pub async fn send_with(&self, order: &Value) -> Message {
        let accepted = self.post("/v1/messages", order).await.is(202);
        Message { id: id_of(&accepted), accepted }
    }

    /// Sends a newsletter, which its recipients can leave, with a link in it.
    pub async fn news(&self, contact: &Contact) -> Message {
        self.news_at(contact, &json!({})).await
    }

    /// The same with more to be said of it.
    pub async fn news_at(&self, contact: &Contact, words: &Value) -> Message {
        let html = "<p>News. <a href=\"https://shop.example/new?a=1&amp;b=2\">Look</a></p>";
        let mut order = json!({
            "to": { "contact": contact.id }, "category": "marketing", "content": { "subject": "News", "html": html }
        });
        for (name, value) in words.as_object().unwrap() {
            order[name] = value.clone();
        }
        self.send_with(&order).await
    }

    /// The message as it is now.
    pub async fn message(&self, message: &Message) -> Value {
        self.get(&format!("/v1/messages/{}", message.id)).await
    }

    /// Where the message is.
    pub async fn status(&self, message: &Message) -> String {
        self.message(message).await["status"].as_str().unwrap().to_owned()
    }

    /// Why the message is there.
    pub async fn trace(&self, message: &Message) -> Value {
        self.get(&format!("/v1/messages/{}/trace", message.id)).await
    }

    /// The one sentence that sums it up.
    pub async fn why(&self, message: &Message) -> String {
        self.trace(message).await["why"].as_str().unwrap().to_owned()
    }

    /// The check of the gate that decided, by its word; empty when all passed.
    pub async fn stopped_by(&self, message: &Message) -> String {
        let trace = self.trace(message).await;
        let failed = trace["gate"]["checks"].as_array().unwrap().iter().find(|check| check["result"] == "failed");
        failed.map(|check| check["check"].as_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// What each provider call came to, oldest first: verdicts.
    pub async fn verdicts(&self, message: &Message) -> Vec<String> {
        let trace = self.trace(message).await;
        trace["tries"].as_array().unwrap().iter().map(|one| one["verdict"].as_str().unwrap().to_owned()).collect()
    }

    /// What was told of the message, oldest first: kinds.
    pub async fn events(&self, message: &Message) -> Vec<String> {
        let message = self.message(message).await;
        message["events"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap().to_owned()).collect()
    }
}
