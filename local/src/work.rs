//! Queue messages handed to the functions that work on them, as AWS hands them over.

use automation::Automation;
use aws_lambda_events::event::sqs::SqsEvent;
use collect::Collector;
use send::Sender;
use serde_json::{Value, json};
use store::Worker;

/// Those who work on queue messages.
#[derive(Clone, Copy, Debug)]
pub struct Workers<'a> {
    /// What the house does by itself.
    pub automation: &'a Automation,
    /// Looks into mailboxes.
    pub collector: &'a Collector,
    /// Whatever is asked of a provider.
    pub sender: &'a Sender,
}

/// Hands a batch over. Answers with the places in it of those that must come again.
pub async fn hand(worker: Worker, workers: Workers<'_>, bodies: &[String]) -> Vec<usize> {
    let records: Vec<Value> =
        bodies.iter().enumerate().map(|(at, body)| json!({ "messageId": at.to_string(), "body": body })).collect();
    let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap_or_default();
    let response = match worker {
        Worker::Automation => automation::handle(workers.automation, event).await,
        Worker::Collect => collect::handle(workers.collector, event).await,
        Worker::Send => send::handle(workers.sender, event).await,
    };
    response.batch_item_failures.iter().filter_map(|failure| failure.item_identifier.parse().ok()).collect()
}
