//! The world that is measured: the stage of the tests, with a tenant, an SES account and contacts.

use http::Method;
use local::stage::{Answer, PLATFORM_KEY, Stage};
use serde_json::{Value, json};

use crate::Fallible;

/// A stage with one tenant.
pub(crate) struct World {
    /// The stage.
    pub(crate) stage: Stage,
    /// The tenant's id.
    pub(crate) tenant: String,
    /// The owner's key.
    pub(crate) key: String,
    /// Contacts to write to.
    pub(crate) contacts: Vec<String>,
}

impl World {
    /// A tenant with that many contacts; all work done.
    pub(crate) async fn new(contacts: usize) -> Fallible<Self> {
        let stage = Stage::new().map_err(|error| format!("{error:?}"))?;
        let mut world = Self { stage, tenant: String::new(), key: PLATFORM_KEY.to_owned(), contacts: Vec::new() };
        // Limits that are counted like any other and that nothing here reaches.
        let founding = json!({
            "slug": "bench", "name": "Bench", "requests_per_hour": 100_000_000, "requests_per_minute": 10_000_000,
        });
        let tenant = world.post("/v1/tenants", &founding, &[]).await?;
        world.tenant = text(&tenant, "/id")?;
        world.key = text(&tenant, "/key/secret")?;
        let account = json!({ "name": "SES", "provider": "ses", "from": { "email": "hello@bench.example", "name": "Bench" } });
        world.post("/v1/accounts", &account, &[]).await?;
        for number in 0..contacts {
            let contact = json!({ "first_name": "Ada", "last_name": format!("No. {number}"), "emails": [format!("ada{number}@example.com")] });
            let made = world.post("/v1/contacts", &contact, &[]).await?;
            world.contacts.push(text(&made, "/id")?);
        }
        world.stage.drain().await;
        Ok(world)
    }

    /// Posts and expects success.
    pub(crate) async fn post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Fallible<Value> {
        let answer = self.call(Method::POST, path, Some(body.to_string().into_bytes()), headers).await?;
        if answer.status.is_success() { Ok(answer.body) } else { Err(format!("{path}: {}", answer.body).into()) }
    }

    /// Any call.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Fallible<Answer> {
        let bearer = format!("Bearer {}", self.key);
        let mut all = vec![("authorization", bearer.as_str()), ("content-type", "application/json")];
        all.extend_from_slice(headers);
        self.stage.try_call(method, path, &all, body).await.ok_or_else(|| "the stage died".into())
    }

    /// Read units of a page that has so many rows, for a process whose caches are warm.
    pub(crate) async fn page_units(&self, path: &str, rows: usize) -> Fallible<f64> {
        self.call(Method::GET, path, None, &[]).await?;
        let before = self.stage.memory.bill();
        let page = self.call(Method::GET, path, None, &[]).await?;
        let found = page.body.pointer("/data").and_then(Value::as_array).map_or(0, Vec::len);
        if found != rows {
            return Err(format!("{path} has {found} rows").into());
        }
        Ok(self.stage.memory.bill().since(before).read_units)
    }

    /// The body that sends the shipped welcome mail to the `n`-th contact.
    pub(crate) fn order(&self, n: usize) -> Value {
        let contact = self.contacts.get(n % self.contacts.len().max(1)).cloned().unwrap_or_default();
        json!({ "to": { "contact": contact }, "template": "welcome", "variables": { "start_url": "https://example.com/start" } })
    }
}

/// A text in a reply.
pub(crate) fn text(value: &Value, pointer: &str) -> Fallible<String> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).ok_or_else(|| format!("no {pointer} in {value}").into())
}

/// Runs on one thread, as a function does.
pub(crate) fn block_on<T>(work: impl Future<Output = Fallible<T>>) -> Fallible<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}
