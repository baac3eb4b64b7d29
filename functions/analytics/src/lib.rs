//! `analytics`: from changes of messages to counters. It writes counters and nothing else.

use aws::{Connection, Env};
use aws_lambda_events::event::dynamodb::Event;
use aws_lambda_events::event::streams::DynamoDbEventResponse;
use domain::flows::tally;
use kernel::Result;
use store::{Dynamo, Record, Store, Table};

/// What counting needs.
#[derive(Debug)]
pub struct Analytics {
    /// The table behind its doors.
    pub store: Store,
}

impl Analytics {
    /// Counters in the table that the environment names.
    pub fn from_env(env: &Env) -> Result<Self> {
        let connection = Connection::from_env(env)?;
        Ok(Self { store: Store::new(Table::Dynamo(Dynamo::connect(&connection, env.need("TABLE_NAME")?))) })
    }
}

/// Handles a batch of the table's stream. An error makes the whole batch come again; what was counted is not counted twice.
pub async fn handle(analytics: &Analytics, event: Event) -> Result<DynamoDbEventResponse> {
    let records: Vec<Record> = event
        .records
        .into_iter()
        .map(|record| {
            let change = record.change;
            Record::of_event(change.old_image.into(), change.new_image.into(), change.sequence_number)
        })
        .collect();
    tally::tally(&analytics.store, &records).await?;
    Ok(DynamoDbEventResponse::default())
}
