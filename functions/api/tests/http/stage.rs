//! One API with one tenant, and short words to talk to it.

use api::{Api, Parts};
use aws::{Fetch, Vault};
use axum::Router;
use axum::body::Body;
use domain::flows::Context;
use domain::flows::found::{NewTenant, found};
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use kernel::crypto::SealKey;
use kernel::{Clock, Ids, Keys, Secret, Time};
use serde_json::Value;
use store::memory::Faults;
use store::{Memory, Store, Table, TenantScope};
use tower::ServiceExt;

pub const PLATFORM_KEY: &str = "the platform's key";

pub struct Stage {
    pub router: Router,
    pub clock: Clock,
    pub context: Context,
    pub memory: Memory,
    pub store: Store,
    pub scope: TenantScope,
    vault: Vault,
    pub key: String,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The answer, which must have this status.
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        if status >= 400 {
            assert_eq!(self.header("content-type"), "application/problem+json");
        }
        self
    }

    pub fn id(&self) -> String {
        self.json()["id"].as_str().unwrap().to_owned()
    }

    /// Pointer and code of every fault.
    pub fn faults(&self) -> Vec<(String, String)> {
        let word = |fault: &Value, name: &str| fault[name].as_str().unwrap_or_default().to_owned();
        let place = |fault: &Value| ["pointer", "parameter", "header"].map(|name| word(fault, name)).concat();
        self.json()["errors"].as_array().unwrap().iter().map(|fault| (place(fault), word(fault, "code"))).collect()
    }
}

fn process(store: &Store, context: &Context, vault: &Vault) -> Router {
    api::router(Api::new(Parts {
        store: store.clone(),
        context: context.clone(),
        vault: vault.clone(),
        public_url: None,
        fetch: Fetch::prepared(Vec::new()),
        platform_key: Secret::new(PLATFORM_KEY),
        issuer: None,
    }))
}

impl Stage {
    pub async fn new() -> Self {
        let clock = Clock::manual(Time::parse("2026-03-10T09:30:00Z").unwrap());
        let ids = Ids::seeded(1);
        let keys = Keys::derive(&Secret::new("a deployment secret for tests only")).unwrap();
        let context = Context { clock: clock.clone(), ids: ids.clone(), keys };
        let memory = Memory::new(Faults::none());
        let store = Store::new(Table::Memory(memory.clone()));
        let vault = Vault::file(SealKey::random(&ids), clock.clone(), ids);
        // Without limits, so that the bills of the tests are of what they are about.
        let new = NewTenant {
            slug: "acme".to_owned(),
            name: "Acme".to_owned(),
            zone: None,
            locale: None,
            requests_per_hour: None,
            requests_per_minute: None,
        };
        let (_, _, key, scope) = found(&context, &vault, &store, new).await.unwrap();
        let key = key.reveal().to_owned();
        let router = process(&store, &context, &vault);
        let stage = Self { router, clock, context, memory, store, scope, vault, key };
        // The first use of a credential in an hour is noted with it: that write belongs to no test.
        stage.get("/v1/messages?limit=1").await.is(200);
        stage
    }

    /// The same deployment as another process has it: the table is shared, what is in memory is not.
    pub fn beside(&self) -> Self {
        let (router, key) = (process(&self.store, &self.context, &self.vault), self.key.clone());
        let (clock, context, memory) = (self.clock.clone(), self.context.clone(), self.memory.clone());
        Self {
            router,
            clock,
            context,
            memory,
            store: self.store.clone(),
            scope: self.scope.clone(),
            vault: self.vault.clone(),
            key,
        }
    }

    pub async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !headers.iter().any(|(name, _)| *name == "authorization") {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status.as_u16(), headers: parts.headers, text }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "").await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &[], &body.to_string()).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, &[], &body.to_string()).await
    }

    pub async fn keyed(&self, path: &str, key: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("idempotency-key", key)], &body.to_string()).await
    }

    /// Write units that the table has taken so far.
    pub fn writes(&self) -> f64 {
        self.memory.bill().write_units
    }
}
