//! `analytics`: from changes of rows to counters and to entries of timelines. It writes derived rows and nothing else.

use aws::{Connection, Env};
use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use domain::flows::{archive, chronicle, tally};
use kernel::{Clock, Result};
use store::{Dynamo, Record, Store, Table};

/// What counting and telling need.
#[derive(Debug)]
pub struct Analytics {
    /// The table behind its doors.
    pub store: Store,
    /// Time.
    pub clock: Clock,
}

impl Analytics {
    /// Counters and timelines in the table that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        let table = Table::Dynamo(Dynamo::connect(&connection, env.need("TABLE_NAME")?));
        Ok(Self { store: Store::new(table), clock: Clock::System })
    }
}

/// Handles a batch of the table's stream. An error makes the whole batch come again; what was counted is not counted twice, and
/// what was told is not told twice.
pub async fn handle(analytics: &Analytics, event: Event) -> Result<DynamoDbEventResponse> {
    let records: Vec<Record> = event
        .records
        .into_iter()
        .map(|record| {
            let change = record.change;
            Record::of_event(change.old_image.into(), change.new_image.into(), change.sequence_number)
        })
        .collect();
    digest(analytics, &records).await?;
    Ok(DynamoDbEventResponse::default())
}

/// Counts the changes, tells of them, and appoints what is to be put away.
pub async fn digest(analytics: &Analytics, records: &[Record]) -> Result<()> {
    tally::tally(&analytics.store, records).await?;
    chronicle::chronicle(&analytics.store, records, analytics.clock.now()).await?;
    archive::appoint(&analytics.store, records).await
}
