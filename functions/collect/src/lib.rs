//! `collect`: reads mailboxes. It takes jobs off its queue, looks for mail that is new, and takes it in as `webhook-intake` takes in what is
//! brought to us. Beside `send` it is the one function that talks to providers, and it hands nothing over.
//!
//! A job may come twice, or to two processes at once: a lease lets one of them look, and receipts recognise what was taken in before.

pub mod imap;
mod look;
mod seen;
mod take;
mod web;

use std::sync::Arc;

use aws::{Connection, Env, Files, Vault};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::flows::Context;
use kernel::{Clock, Error, Ids, Keys, Result};
use net::http::{Http, TOKEN};
use net::names::{Names, Reach};
use net::patience::Patience;
use net::tokens::{Asks, Tokens};
use providers::{Channel, HttpCall, Reply};
use store::batch::{self, Done};
use store::{Dynamo, Job, Store, Table, Task};

use imap::Imap;

/// What reading mailboxes needs.
#[derive(Debug)]
pub struct Collector {
    /// The table behind its doors.
    pub store: Store,
    /// Time, ids and keys.
    pub context: Context,
    /// Data keys of tenants.
    pub vault: Vault,
    /// Stored files.
    pub files: Files,
    /// The way to providers.
    pub way: Way,
    /// Access tokens of accounts.
    pub tokens: Tokens,
    /// Where providers find this deployment, without a slash at the end.
    pub public_url: String,
}

/// The way to mailboxes.
#[derive(Clone, Debug)]
pub struct Way {
    /// Web requests.
    pub http: Http,
    /// IMAP.
    pub imap: Imap,
    /// How long looks may take.
    pub patience: Patience,
}

impl Way {
    /// To servers within that reach.
    pub fn new(reach: Reach) -> Self {
        Self { http: Http::new(reach), imap: Imap::new(reach), patience: Patience::Seconds }
    }

    /// To no server at all: no name is found. For a machine that nothing leaves.
    pub fn nowhere() -> Self {
        let names = Names::Prepared(Arc::default());
        let (http, imap) = (Http::new(Reach::Outward), Imap::new(Reach::Outward));
        Self { http: http.names(names.clone()), imap: imap.names(names), patience: Patience::Seconds }
    }
}

impl Asks for Way {
    async fn token(&self, _channel: Channel, call: &HttpCall, clock: &Clock) -> Reply {
        self.http.ask(call, TOKEN, None, clock).await
    }
}

impl Collector {
    /// On the table and keys that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        let context =
            Context { clock: Clock::System, ids: Ids::System, keys: Keys::derive(&env.secret("DEPLOYMENT_SECRET")?)? };
        Ok(Self {
            store: Store::new(Table::Dynamo(Dynamo::connect(&connection, env.need("TABLE_NAME")?))),
            files: Files::from_env(env, &connection, &context.clock),
            vault: Vault::kms(connection, env.need("KMS_KEY_ID")?, context.clock.clone(), context.ids.clone()),
            way: Way::new(Reach::Outward),
            tokens: Tokens::default(),
            public_url: env.need("PUBLIC_URL")?.trim_end_matches('/').to_owned(),
            context,
        })
    }
}

/// Handles a batch and names the messages that must come again.
pub async fn handle(collector: &Collector, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |job| async move { work(collector, &job).await }).await
}

async fn work(collector: &Collector, job: &Job) -> Result<Done> {
    let scope = collector.store.resume(&job.internal());
    match job.task {
        Task::Mailbox(account) => look::carry_out(collector, &scope, account, job.seq).await,
        task => Err(Error::internal(format!("{task:?} is for another function"))),
    }
}
