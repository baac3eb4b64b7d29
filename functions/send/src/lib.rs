//! `send`: the only function that hands anything to providers; beside it `collect` alone talks to them, and only reads. It takes jobs
//! off the send queue, one provider call per claim.

mod call;
pub mod carrier;
pub mod compose;
mod cost;
pub mod deliver;
pub mod errands;
mod files;
mod health;
pub mod outbox;
mod pause;
mod room;
pub mod tokens;
mod turn;
mod window;
pub mod wire;

use aws::{Connection, Env, Files, Vault};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::flows::Context;
use domain::flows::breaker::Breaker;
use domain::flows::catalog::Catalog;
use domain::flows::pace::Paces;
use kernel::{Clock, Error, Ids, Keys, Result};
use store::batch::{self, Done};
use store::{Dynamo, Job, Store, Table, Task};

pub use carrier::{Carrier, Live};
pub use net::tokens::Tokens;

/// What sending needs.
#[derive(Debug)]
pub struct Sender {
    /// The table behind its doors.
    pub store: Store,
    /// Time, ids and keys.
    pub context: Context,
    /// Tenants, accounts and templates.
    pub catalog: Catalog,
    /// What is known of accounts whose provider does not answer.
    pub breaker: Breaker,
    /// Slots of accounts that have limits.
    pub paces: Paces,
    /// Data keys of tenants.
    pub vault: Vault,
    /// Stored files.
    pub files: Files,
    /// The way to providers.
    pub carrier: Carrier,
    /// Access tokens of accounts.
    pub tokens: Tokens,
    /// Where tracking and unsubscribe links lead, without a slash at the end.
    pub public_url: String,
}

impl Sender {
    /// A sender on the table, keys and configuration set that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        let context =
            Context { clock: Clock::System, ids: Ids::System, keys: Keys::derive(&env.secret("DEPLOYMENT_SECRET")?)? };
        let files = Files::from_env(env, &connection, &context.clock);
        let table = Table::Dynamo(Dynamo::connect(&connection, env.need("TABLE_NAME")?));
        Ok(Self {
            store: Store::new(table),
            catalog: Catalog::new(context.clock.clone()),
            breaker: Breaker::new(context.clock.clone()),
            paces: Paces::new(context.clock.clone()),
            vault: Vault::kms(connection.clone(), env.need("KMS_KEY_ID")?, context.clock.clone(), context.ids.clone()),
            carrier: Carrier::Wire(wire::Wire::new(connection, env.find("SES_CONFIGURATION_SET")).files(files.clone())),
            files,
            tokens: Tokens::default(),
            public_url: env.need("PUBLIC_URL")?.trim_end_matches('/').to_owned(),
            context,
        })
    }
}

/// Handles a batch and names the messages that must come again.
pub async fn handle(sender: &Sender, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |job| async move { work(sender, &job).await }).await
}

async fn work(sender: &Sender, job: &Job) -> Result<Done> {
    let scope = sender.store.resume(&job.internal());
    match job.task {
        Task::Attachment(file) => files::delete(sender, &scope, file).await,
        Task::Message(message) => deliver::deliver(sender, &scope, message, job.seq).await,
        Task::Errand(errand) => errands::carry_out(sender, &scope, errand, job.seq).await,
        task => Err(Error::internal(format!("{task:?} is for another function"))),
    }
}
