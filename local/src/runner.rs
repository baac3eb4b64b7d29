//! The whole system on this machine: the deployed handlers on an embedded table, one port, and pumps in place of AWS's own
//! plumbing. A kill at any moment loses nothing: the stream survives, and a position in it is saved only when everything before
//! it is done with.

use std::path::PathBuf;
use std::sync::Arc;

use analytics::Analytics;
use api::{Api, Parts};
use automation::Automation;
use aws::files::Shelf;
use aws::{Connection, Fetch, Files, Vault};
use axum::Router;
use collect::{Collector, Way};
use domain::Channel;
use domain::flows::Context;
use domain::flows::breaker::Breaker;
use domain::flows::catalog::Catalog;
use domain::flows::pace::Paces;
use kernel::crypto::SealKey;
use kernel::{Clock, Error, Ids, Keys};
use net::names::Reach;
use net::tokens::Tokens;
use relay::{Queues, Relay};
use reminder_scan::Scanner;
use send::outbox::Outbox;
use send::wire::Wire;
use send::{Carrier, Live, Sender};
use serde_json::json;
use store::{Dynamo, Store, Table};
use tokio::net::TcpListener;
use webhook_intake::Intake;

use crate::demo::{self, Demo};
use crate::engine::Engine;
use crate::files;
use crate::options::Options;
use crate::pages::{self, Pages};
use crate::provider::{ORIGIN, Provider, TOPIC};
use crate::pump::Pump;
use crate::secrets::Secrets;

/// The issuer of people's tokens on this machine.
pub const ISSUER: &str = "switchboard-local";

/// A system that is running.
#[derive(Debug)]
pub struct Running {
    /// Where it answers.
    pub address: String,
    /// The platform's key.
    pub platform_key: String,
    /// The demo's tenants.
    pub demos: Vec<Demo>,
    /// The outbox.
    pub outbox: Outbox,
    /// Where it keeps everything.
    pub data: PathBuf,
    /// Channels whose messages leave the machine.
    pub live: Vec<Channel>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

fn live(channels: &[Channel], files: &Files) -> Option<Live> {
    (!channels.is_empty()).then(|| Live { wire: Wire::at_home().files(files.clone()), channels: channels.to_vec() })
}

/// Mailboxes are read where mail really leaves the machine.
fn reads(channels: &[Channel]) -> Way {
    if channels.contains(&Channel::Email) { Way::new(Reach::Anywhere) } else { Way::nowhere() }
}

/// What is said of it at the start.
fn leaves(live: &[Channel]) -> String {
    if live.is_empty() {
        return "Nothing leaves this machine.".to_owned();
    }
    let words: Vec<&str> = live.iter().map(|channel| channel.as_str()).collect();
    format!("Messages by {} really leave this machine.", words.join(", "))
}

fn sentence(error: Error) -> String {
    match error {
        Error::Internal(cause) | Error::Unavailable(cause) => format!("The system cannot start: {}.", cause.for_log()),
        other => format!("The system cannot start: {other:?}."),
    }
}

/// Starts everything. An error is one sentence.
pub async fn start(options: &Options) -> Result<Running, String> {
    let listener = TcpListener::bind(("127.0.0.1", options.port)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => format!("Port {} is in use; choose another with --port.", options.port),
        _ => format!("Port {} cannot be opened: {error}.", options.port),
    })?;
    let address = listener.local_addr().map_err(|error| format!("The port has no address: {error}."))?;
    let address = format!("http://{address}");
    let engine = Engine::open(&options.data)?;
    let (ids, clock) = (Ids::System, Clock::System);
    let secrets = Secrets::open(&options.data, &ids, &clock)?;
    let context =
        Context { clock: clock.clone(), ids: ids.clone(), keys: Keys::derive(&secrets.deployment).map_err(sentence)? };
    let connection = Connection::loopback(&engine.endpoint());
    let store = Store::new(Table::Dynamo(Dynamo::connect(&connection, crate::engine::TABLE)));
    let master = kernel::crypto::decode(secrets.vault.reveal()).unwrap_or_default();
    let vault = Vault::file(SealKey::new(&master).map_err(sentence)?, clock.clone(), ids);
    let shelf = Shelf::folder(options.data.join("files"), &context.keys, &address, clock.clone());
    let files = Files::Shelf(shelf.clone());
    let outbox = Outbox::in_folder(options.data.join("outbox"))
        .map_err(|error| format!("The outbox in {} cannot be opened: {error}.", options.data.display()))?
        .files(files.clone());
    let provider = Provider::of_process(clock.now()).map_err(sentence)?;
    let demos = Box::pin(demo::make(&context.keys, &vault, &store, secrets.made_at, ISSUER)).await.map_err(sentence)?;

    let api = api::router(Api::new(Parts {
        store: store.clone(),
        context: context.clone(),
        vault: vault.clone(),
        public_url: Some(address.clone()),
        files: files.clone(),
        fetch: Fetch::network(),
        platform_key: secrets.platform.clone(),
        issuer: Some(api::token::Issuer {
            name: ISSUER.to_owned(),
            audience: "switchboard".to_owned(),
            keys: api::token::IssuerKeys::Shared(secrets.tokens.clone()),
        }),
    }));
    let intake = webhook_intake::router(Intake::new(webhook_intake::Parts {
        store: store.clone(),
        context: context.clone(),
        vault: vault.clone(),
        files: files.clone(),
        public_url: Some(address.clone()),
        fetch: provider.certificates(),
        topics: vec![TOPIC.to_owned()],
        roots: provider.roots().map_err(sentence)?,
        origin: Some(ORIGIN.to_owned()),
    }));
    let queue = relay::queue::Memory::default();
    let pump = Arc::new(Pump {
        engine,
        relay: Relay { queues: Queues::memory(&queue), clock: clock.clone() },
        queue,
        automation: Automation {
            store: store.clone(),
            context: context.clone(),
            files: files.clone(),
            catalog: Catalog::new(clock.clone()),
        },
        collector: Collector {
            store: store.clone(),
            context: context.clone(),
            vault: vault.clone(),
            files: files.clone(),
            way: reads(&options.live),
            tokens: Tokens::default(),
            public_url: address.clone(),
        },
        sender: Sender {
            store: store.clone(),
            context: context.clone(),
            catalog: Catalog::new(clock.clone()),
            breaker: Breaker::new(clock.clone()),
            paces: Paces::new(clock.clone()),
            vault,
            carrier: Carrier::Outbox { outbox: outbox.clone(), live: live(&options.live, &files) },
            files,
            tokens: Tokens::default(),
            public_url: address.clone(),
        },
        analytics: Analytics { store: store.clone(), clock: clock.clone() },
        scanner: Scanner { store, clock, stays: false },
        outbox: outbox.clone(),
        provider,
        intake: intake.clone(),
        context: context.clone(),
    });
    let owners = demos.iter().filter_map(|demo| {
        let owner = demo.keys.iter().find(|(role, _)| *role == domain::Role::Owner)?;
        Some((demo.id, demo.slug.to_owned(), owner.1.reveal().to_owned()))
    });
    let pages = pages::router(Pages {
        outbox: outbox.clone(),
        provider,
        intake: intake.clone(),
        api: api.clone(),
        context,
        keys: owners.collect(),
    });
    let router = together(api, intake, files::router(shelf), pages);
    let server = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the server stopped");
        }
    });
    let mut tasks = pump.start()?;
    tasks.push(server);
    let running = Running {
        address,
        platform_key: secrets.platform.reveal().to_owned(),
        demos,
        outbox,
        data: options.data.clone(),
        live: options.live.clone(),
        tasks,
    };
    running.write_card()?;
    Ok(running)
}

/// One port for everything, by path, as the HTTP API's routes divide it.
fn together(api: Router, intake: Router, files: Router, pages: Router) -> Router {
    use tower::ServiceExt;
    Router::new().fallback(move |request: axum::extract::Request| {
        let path = request.uri().path();
        let to = |start: &str| path.starts_with(start);
        let router = if to("/hooks/") || to("/p/") || to("/t/") || to("/u/") {
            intake.clone()
        } else if to("/files/") {
            files.clone()
        } else if to("/local/") || path == "/local" {
            pages.clone()
        } else {
            api.clone()
        };
        async move {
            match router.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    })
}

impl Running {
    /// Writes `local.json`, for scripts.
    fn write_card(&self) -> Result<(), String> {
        let tenants: Vec<_> = self
            .demos
            .iter()
            .map(|demo| {
                let keys: serde_json::Map<_, _> =
                    demo.keys.iter().map(|(role, key)| (role.as_str().to_owned(), json!(key.reveal()))).collect();
                json!({ "id": demo.id, "slug": demo.slug, "keys": keys })
            })
            .collect();
        let card = json!({ "address": self.address, "platform_key": self.platform_key, "tenants": tenants });
        let path = self.data.join("local.json");
        let half = self.data.join("local.half");
        let text = serde_json::to_vec_pretty(&card).unwrap_or_default();
        std::fs::write(&half, text)
            .and_then(|()| std::fs::rename(&half, &path))
            .map_err(|error| format!("{} cannot be written: {error}.", path.display()))
    }

    /// What a newcomer is told: the address, a key, and three lines to try.
    pub fn greeting(&self) -> String {
        let address = &self.address;
        let Some(demo) = self.demos.first() else { return format!("Switchboard runs at {address}\n") };
        let owner = demo.keys.iter().find(|(role, _)| *role == domain::Role::Owner);
        let key = owner.map_or("", |(_, key)| key.reveal());
        let contact = demo.contact;
        format!(
            "\nSwitchboard runs at {address}\n\n  outbox     {address}/local/outbox\n  API docs   {address}/docs\n  \
             tenant     {slug}\n  API key    {key}\n  more keys  {card}\n\nTry:\n\n  \
             curl -s {address}/v1/messages -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \
             -d '{{\"to\":{{\"contact\":\"{contact}\"}},\"template\":\"welcome\"}}'\n\n  \
             curl -s '{address}/v1/messages?limit=5&fields=status,to' -H 'Authorization: Bearer {key}'\n\n  \
             curl -s {address}/v1/analytics/emails -H 'Authorization: Bearer {key}'\n\n\
             {leaves} Ctrl-C stops it.\n",
            leaves = leaves(&self.live),
            slug = demo.slug,
            card = self.data.join("local.json").display(),
        )
    }

    /// Stops everything at once, as a kill would.
    pub fn stop(&self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}
