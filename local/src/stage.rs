//! The stage that tests act on: the deployed handlers on a table, a queue and an outbox in memory, with a clock that only tests
//! turn. Nothing runs by itself: [`Stage::drain`] does what there is to do now, and a stage dropped with work undone fails the
//! test.

use std::sync::Mutex;

use analytics::Analytics;
use api::{Api, Parts};
use automation::Automation;
use aws::files::Shelf;
use aws::{Fetch, Files, Vault};
use axum::Router;
use axum::body::Body;
use collect::{Collector, Way};
use domain::flows::Context;
use domain::flows::breaker::Breaker;
use domain::flows::catalog::Catalog;
use domain::flows::pace::Paces;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use kernel::crypto::SealKey;
use kernel::{Clock, Ids, Keys, Result, Secret, Time};
use net::tokens::Tokens;
use relay::{Queues, Relay};
use reminder_scan::{Scanned, Scanner};
use send::outbox::{Kept, Outbox};
use send::{Carrier, Sender};
use serde_json::Value;
use store::memory::Faults;
use store::{Memory, Store, Table};
use tower::ServiceExt;
use webhook_intake::Intake;

use crate::files;
use crate::provider::{ORIGIN, Provider, TOPIC};
use flow::{Flow, Readers};

mod filter;
mod flow;
mod outside;

/// The platform's key on a stage.
pub const PLATFORM_KEY: &str = "platform-key-of-a-stage";
/// The address that links lead to on a stage.
pub const PUBLIC_URL: &str = "https://switchboard.example";

/// See the module's words.
pub struct Stage {
    /// Time, turned by hand.
    pub clock: Clock,
    /// What fails when.
    pub faults: Faults,
    /// The table.
    pub memory: Memory,
    /// What was sent.
    pub outbox: Outbox,
    /// The table behind its doors.
    pub store: Store,
    /// Time, ids and keys.
    pub context: Context,
    /// Data keys of tenants.
    pub vault: Vault,
    /// The sender.
    pub sender: Sender,
    /// What looks into mailboxes.
    pub collector: Collector,
    /// What the intake reads from outside.
    fetch: Fetch,
    /// Further senders, which take turns with it.
    others: Vec<Sender>,
    queue: relay::queue::Memory,
    files: Router,
    api: Router,
    intake: Router,
    relay: Relay,
    analytics: Analytics,
    automation: Automation,
    scanner: Scanner,
    filters: Readers,
    flow: Mutex<Flow>,
}

/// What an HTTP call was answered with.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body as it is.
    pub bytes: Vec<u8>,
    /// Body as JSON; null when it is none.
    pub body: Value,
}

/// A tenant on a stage.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// Its id.
    pub id: String,
    /// The owner's key.
    pub key: String,
}

impl Stage {
    /// A stage on which nothing fails.
    pub fn new() -> Result<Self> {
        Self::with(Faults::none())
    }

    /// A stage on which things fail as planned.
    pub fn with(faults: Faults) -> Result<Self> {
        let clock = Clock::manual(Time::parse("2026-03-02T09:00:00Z")?);
        let ids = Ids::seeded(20_260_302);
        let keys = Keys::derive(&Secret::new("the deployment secret of a stage, for tests alone"))?;
        let context = Context { clock: clock.clone(), ids: ids.clone(), keys };
        let memory = Memory::new(faults.clone());
        let store = Store::new(Table::Memory(memory.clone()));
        let vault = Vault::file(SealKey::new(&[7; 32])?, clock.clone(), ids);
        let shelf = Shelf::memory(&context.keys, PUBLIC_URL, clock.clone());
        let files = Files::Shelf(shelf.clone());
        let outbox = Outbox::new(faults.clone()).files(files.clone());
        let queue = relay::queue::Memory::new(faults.clone());
        let provider = Provider::of_process(clock.now())?;
        let api = Api::new(Parts {
            store: store.clone(),
            context: context.clone(),
            vault: vault.clone(),
            public_url: Some(PUBLIC_URL.to_owned()),
            files: files.clone(),
            fetch: Fetch::prepared(Vec::new()),
            platform_key: Secret::new(PLATFORM_KEY),
            issuer: Some(issuer()),
        });
        let fetch = provider.certificates();
        let intake = Intake::new(webhook_intake::Parts {
            store: store.clone(),
            context: context.clone(),
            vault: vault.clone(),
            files: files.clone(),
            public_url: Some(PUBLIC_URL.to_owned()),
            fetch: fetch.clone(),
            topics: vec![TOPIC.to_owned()],
            roots: provider.roots()?,
            origin: Some(ORIGIN.to_owned()),
        });
        let sender = sender(&store, &context, &vault, &outbox, files.clone());
        let catalog = Catalog::new(clock.clone());
        let collector = collector(&sender, Way::nowhere());
        Ok(Self {
            files: files::router(shelf),
            api: api::router(api),
            intake: webhook_intake::router(intake),
            relay: Relay { queues: Queues::memory(&queue), clock: clock.clone() },
            automation: Automation { store: store.clone(), context: context.clone(), files, catalog },
            analytics: Analytics { store: store.clone(), clock: clock.clone() },
            scanner: Scanner { store: store.clone(), clock: clock.clone(), stays: false },
            clock,
            faults,
            memory,
            outbox,
            store,
            context,
            vault,
            sender,
            collector,
            fetch,
            others: Vec::new(),
            queue,
            filters: Readers::deployed(),
            flow: Mutex::default(),
        })
    }

    /// A sender in a process of its own.
    pub fn another_sender(&self) -> Sender {
        sender(&self.store, &self.context, &self.vault, &self.outbox, self.sender.files.clone())
    }

    /// What looks into mailboxes in a process of its own, by that way.
    pub fn another_collector(&self, way: Way) -> Collector {
        collector(&self.sender, way)
    }

    /// One more sender that takes turns with the first.
    pub fn add_sender(&mut self) {
        self.others.push(self.another_sender());
    }

    /// Calls the API, the intake or the place of files, by the path. `None`: the process died on the way.
    pub async fn try_call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Option<Answer> {
        let outside = ["/hooks/", "/p/", "/t/", "/u/"].iter().any(|start| path.starts_with(start));
        let router = match path {
            _ if outside => self.intake.clone(),
            _ if path.starts_with("/files/") => self.files.clone(),
            _ => self.api.clone(),
        };
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.unwrap_or_default())).ok()?;
        let exchange = async {
            let response = match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let bytes = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
            let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
            Answer { status: parts.status, headers: parts.headers, bytes, body }
        };
        self.alive(exchange).await
    }

    /// Runs until it ends or a planned crash strikes, which stops it on the spot.
    pub async fn alive<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.faults.crashed() => None,
            done = work => Some(done),
        }
    }

    /// One scan of what is due. `None`: the process died on the way.
    pub async fn scan(&self) -> Option<Scanned> {
        self.alive(reminder_scan::handle(&self.scanner)).await.and_then(Result::ok)
    }

    /// Turns the clock on, scans and drains.
    pub async fn pass(&self, seconds: i64) {
        // A stage's clock is a manual one: it can always be moved.
        let _ = self.clock.advance(seconds * 1000);
        self.scan().await;
        self.drain().await;
    }

    /// Messages in the outbox, oldest first.
    pub fn sent(&self) -> Vec<Kept> {
        self.outbox.kept()
    }
}

/// A sender in a process of its own.
fn sender(store: &Store, context: &Context, vault: &Vault, outbox: &Outbox, files: Files) -> Sender {
    let clock = &context.clock;
    Sender {
        store: store.clone(),
        context: context.clone(),
        catalog: Catalog::new(clock.clone()),
        breaker: Breaker::new(clock.clone()),
        paces: Paces::new(clock.clone()),
        vault: vault.clone(),
        files,
        carrier: Carrier::Outbox { outbox: outbox.clone(), live: None },
        tokens: Tokens::default(),
        public_url: PUBLIC_URL.to_owned(),
    }
}

/// What looks into mailboxes in a process of its own.
fn collector(sender: &Sender, way: Way) -> Collector {
    Collector {
        store: sender.store.clone(),
        context: sender.context.clone(),
        vault: sender.vault.clone(),
        files: sender.files.clone(),
        way,
        tokens: Tokens::default(),
        public_url: PUBLIC_URL.to_owned(),
    }
}

/// The issuer of people's tokens on a stage.
pub fn issuer() -> api::token::Issuer {
    api::token::Issuer {
        name: "https://issuer.example".to_owned(),
        audience: "switchboard".to_owned(),
        keys: api::token::IssuerKeys::Shared(Secret::new("the token secret of a stage, for tests alone")),
    }
}
