//! `automation`: what the house does by itself. It takes jobs off its queue and turns each into conditional writes; it talks to
//! nobody outside.
//!
//! A job may come twice, or to two processes at once: whatever is made has an id that follows from what asked for it, and is made
//! on the condition that it is not there yet.

mod alarm;
mod archive;
mod rules;
mod series;
mod signup;

use aws::{Connection, Env, Files};
use aws_lambda_events::event::sqs::{SqsBatchResponse, SqsEvent};
use domain::flows::catalog::Catalog;
use domain::flows::{Context, export, forget, import};
use kernel::{Clock, Error, Ids, Keys, Result};
use store::batch::{self, Done};
use store::{Dynamo, Job, Store, Table, Task};

/// What carrying out needs.
#[derive(Debug)]
pub struct Automation {
    /// The table behind its doors.
    pub store: Store,
    /// Time, ids and keys.
    pub context: Context,
    /// Stored files.
    pub files: Files,
    /// Tenants, accounts and templates.
    pub catalog: Catalog,
}

impl Automation {
    /// On the table and keys that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        let context =
            Context { clock: Clock::System, ids: Ids::System, keys: Keys::derive(&env.secret("DEPLOYMENT_SECRET")?)? };
        let table = Table::Dynamo(Dynamo::connect(&connection, env.need("TABLE_NAME")?));
        let files = Files::from_env(env, &connection, &context.clock);
        Ok(Self { store: Store::new(table), files, catalog: Catalog::new(context.clock.clone()), context })
    }
}

/// Handles a batch and names the messages that must come again.
pub async fn handle(automation: &Automation, event: SqsEvent) -> SqsBatchResponse {
    batch::each(event, |job| async move { work(automation, &job).await }).await
}

fn settled(done: Result<()>) -> Result<Done> {
    done.map(|()| Done::Settled)
}

async fn work(automation: &Automation, job: &Job) -> Result<Done> {
    let scope = automation.store.resume(&job.internal());
    match job.task {
        Task::Archive(id) => archive::work(automation, &scope, id, job.seq).await,
        Task::Erasure(id) => settled(forget::carry_out(&scope, id, job.seq, automation.context.clock.now()).await),
        Task::Event(event) => rules::reported(automation, &scope, event).await,
        Task::News(_) => rules::told(automation, &scope, job.news.as_deref().unwrap_or_default()).await,
        Task::Export(id) => settled(export::carry_out(&automation.context, &automation.files, &scope, id, job.seq).await),
        Task::Import(id) => {
            let Automation { context, catalog, files, .. } = automation;
            settled(import::carry_out(context, catalog, files, &scope, id, job.seq).await)
        }
        Task::Run(run) => rules::carry_out(automation, &scope, run, job.seq).await,
        Task::Alarm(task) => alarm::ring(automation, &scope, task, job.seq).await,
        Task::Series(series) => series::repeat(automation, &scope, series, job.seq).await,
        Task::Signup(id) => signup::carry_out(automation, &scope, id).await,
        task => Err(Error::internal(format!("{task:?} is for another function"))),
    }
}
