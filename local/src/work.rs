//! Queue messages handed to the functions that work on them, as AWS hands them over.

use automation::Automation;
use aws_lambda_events::event::sqs::SqsEvent;
use send::Sender;
use serde_json::{Value, json};
use store::Worker;

/// Hands a batch over. Answers with the places in it of those that must come again.
pub async fn hand(worker: Worker, sender: &Sender, automation: &Automation, bodies: &[String]) -> Vec<usize> {
    let records: Vec<Value> =
        bodies.iter().enumerate().map(|(at, body)| json!({ "messageId": at.to_string(), "body": body })).collect();
    let event: SqsEvent = serde_json::from_value(json!({ "Records": records })).unwrap_or_default();
    let response = match worker {
        Worker::Automation => automation::handle(automation, event).await,
        Worker::Send => send::handle(sender, event).await,
    };
    response.batch_item_failures.iter().filter_map(|failure| failure.item_identifier.parse().ok()).collect()
}
