//! The table in DynamoDB: the seven verbs spelled in its expression language.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types as ddb;
use kernel::Cause;

use crate::change::{Change, Cond};
use crate::schema::{DUE_INDEX, Key, attr};
use crate::table::{Found, Index, Op, Query, TableError, text};
use crate::{Item, Value};

mod expression;

use expression::Expression;

/// One DynamoDB table through the AWS SDK.
#[derive(Clone, Debug)]
pub struct Dynamo {
    client: Client,
    name: String,
}

type Wire = HashMap<String, ddb::AttributeValue>;

fn wire(item: Item) -> Wire {
    item.into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn unwire(item: Wire) -> Item {
    item.into_iter().map(|(name, value)| (name, value.into())).collect()
}

fn wire_key(key: &Key) -> Wire {
    HashMap::from([
        (attr::PK.as_str().to_owned(), ddb::AttributeValue::S(key.pk.clone())),
        (attr::SK.as_str().to_owned(), ddb::AttributeValue::S(key.sk.clone())),
    ])
}

/// Errors that every verb shares: throttling, no answer, everything else.
fn other<E: ProvideErrorMetadata + std::error::Error + 'static>(error: &SdkError<E>) -> TableError {
    let code = error.code().unwrap_or_default();
    let words = || Cause::new(format!("{code}: {}", error.message().map_or_else(|| chain(error), str::to_owned)));
    match error {
        // Whatever its name: a server that failed may have done it.
        SdkError::ServiceError(answer) if answer.raw().status().is_server_error() => TableError::Lost(words()),
        SdkError::ServiceError(_) => match code {
            "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded" => TableError::Throttled,
            "TransactionConflictException" | "TransactionInProgressException" => TableError::Contended,
            _ => TableError::Broken(words()),
        },
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => TableError::Lost(words()),
        SdkError::ConstructionFailure(_) | _ => TableError::Broken(words()),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn refused(found: Option<Wire>) -> TableError {
    TableError::Refused { at: 0, found: found.filter(|item| !item.is_empty()).map(|item| Box::new(unwire(item))) }
}

const ALL_OLD: ddb::ReturnValuesOnConditionCheckFailure = ddb::ReturnValuesOnConditionCheckFailure::AllOld;

impl Dynamo {
    /// The table of that name.
    pub fn connect(connection: &aws::Connection, name: impl Into<String>) -> Self {
        Self { client: Client::new(connection.config()), name: name.into() }
    }

    pub(crate) async fn read(&self, key: &Key, strong: bool) -> Result<Option<Item>, TableError> {
        let request = self.client.get_item().table_name(&self.name).set_key(Some(wire_key(key))).consistent_read(strong);
        let output = request.send().await.map_err(|error| other(&error))?;
        Ok(output.item.map(unwire))
    }

    /// What one answer has no room or capacity for is asked for again, as long as every answer brings at least something.
    pub(crate) async fn read_many(&self, keys: &[Key], strong: bool) -> Result<Vec<Item>, TableError> {
        let built = |error: aws_sdk_dynamodb::error::BuildError| TableError::Broken(Cause::new(error.to_string()));
        let mut wanted: Vec<Wire> = keys.iter().map(wire_key).collect();
        let mut items = Vec::with_capacity(keys.len());
        while !wanted.is_empty() {
            let asked = wanted.len();
            let batch =
                ddb::KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(strong).build().map_err(built)?;
            let request = self.client.batch_get_item().request_items(&self.name, batch);
            let output = request.send().await.map_err(|error| other(&error))?;
            items.extend(output.responses.unwrap_or_default().remove(&self.name).into_iter().flatten().map(unwire));
            let left = output.unprocessed_keys.and_then(|mut left| left.remove(&self.name));
            wanted = left.map(|left| left.keys).unwrap_or_default();
            if wanted.len() >= asked {
                return Err(TableError::Throttled);
            }
        }
        Ok(items)
    }

    pub(crate) async fn put(&self, item: Item, cond: &Cond) -> Result<(), TableError> {
        let mut expression = Expression::default();
        let text = expression.cond(cond);
        let request = self
            .client
            .put_item()
            .table_name(&self.name)
            .set_item(Some(wire(item)))
            .condition_expression(text)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values_on_condition_check_failure(ALL_OLD);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(failed)) => Err(refused(failed.item.clone())),
                _ => Err(other(&error)),
            },
        }
    }

    pub(crate) async fn update(&self, key: &Key, change: &Change, cond: &Cond) -> Result<Item, TableError> {
        let mut expression = Expression::default();
        let update = expression.change(change);
        let condition = expression.cond(cond);
        let request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(Some(wire_key(key)))
            .update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values(ddb::ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ALL_OLD);
        match request.send().await {
            Ok(output) => Ok(output.attributes.map(unwire).unwrap_or_default()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => Err(refused(failed.item.clone())),
                _ => Err(other(&error)),
            },
        }
    }

    pub(crate) async fn delete(&self, key: &Key, cond: &Cond) -> Result<(), TableError> {
        let mut expression = Expression::default();
        let text = expression.cond(cond);
        let request = self
            .client
            .delete_item()
            .table_name(&self.name)
            .set_key(Some(wire_key(key)))
            .condition_expression(text)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .return_values_on_condition_check_failure(ALL_OLD);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(failed)) => Err(refused(failed.item.clone())),
                _ => Err(other(&error)),
            },
        }
    }

    pub(crate) async fn query(&self, query: &Query) -> Result<Found, TableError> {
        let (pk, sk, index) = match query.index {
            Index::Primary | Index::Current => (attr::PK, attr::SK, None),
            Index::Due => (attr::DUE_PK, attr::DUE_SK, Some(DUE_INDEX.to_owned())),
        };
        let mut expression = Expression::default();
        let partition = expression.name(&pk);
        let value = expression.value(&Value::S(query.pk.clone()));
        let mut condition = format!("{partition} = {value}");
        let mut limit = i32::from(query.limit);
        // A sort key takes one condition: two bounds become BETWEEN, whose ends are inclusive, and are trimmed below.
        match (&query.after, &query.before) {
            (Some(after), Some(before)) => {
                let name = expression.name(&sk);
                let low = expression.value(&Value::S(after.clone()));
                let high = expression.value(&Value::S(before.clone()));
                condition.push_str(&format!(" AND {name} BETWEEN {low} AND {high}"));
                limit += 2;
            }
            (Some(after), None) => {
                let name = expression.name(&sk);
                let low = expression.value(&Value::S(after.clone()));
                condition.push_str(&format!(" AND {name} > {low}"));
            }
            (None, Some(before)) => {
                let name = expression.name(&sk);
                let high = expression.value(&Value::S(before.clone()));
                condition.push_str(&format!(" AND {name} < {high}"));
            }
            (None, None) => {}
        }
        let request = self
            .client
            .query()
            .table_name(&self.name)
            .set_index_name(index)
            .key_condition_expression(condition)
            .set_expression_attribute_names(expression.names())
            .set_expression_attribute_values(expression.values())
            .scan_index_forward(query.forward)
            .consistent_read(query.index == Index::Current)
            .set_exclusive_start_key(query.behind.clone().map(wire))
            .limit(limit);
        let output = request.send().await.map_err(|error| other(&error))?;
        let inside = |item: &Item| {
            let place = text(item, sk.as_str());
            query.after.as_deref().is_none_or(|after| place.is_some_and(|place| place > after))
                && query.before.as_deref().is_none_or(|before| place.is_some_and(|place| place < before))
        };
        let mut items: Vec<Item> = output.items.unwrap_or_default().into_iter().map(unwire).filter(inside).collect();
        let wanted = usize::from(query.limit);
        let more = items.len() > wanted || output.last_evaluated_key.is_some_and(|key| !key.is_empty());
        items.truncate(wanted);
        Ok(Found { items, more })
    }

    pub(crate) async fn transact(&self, ops: Vec<Op>) -> Result<(), TableError> {
        let items = ops.into_iter().map(|op| self.transact_item(op)).collect::<Result<Vec<_>, _>>()?;
        let request = self.client.transact_write_items().set_transact_items(Some(items));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
                    return Err(other(&error));
                };
                let reasons = cancelled.cancellation_reasons();
                for (at, reason) in reasons.iter().enumerate() {
                    if reason.code() == Some("ConditionalCheckFailed") {
                        let found = reason.item.clone().filter(|item| !item.is_empty()).map(|item| Box::new(unwire(item)));
                        return Err(TableError::Refused { at, found });
                    }
                }
                let codes: Vec<_> = reasons.iter().filter_map(|reason| reason.code()).collect();
                if codes.contains(&"TransactionConflict") {
                    Err(TableError::Contended)
                } else if codes.iter().any(|code| matches!(*code, "ThrottlingError" | "ProvisionedThroughputExceeded")) {
                    Err(TableError::Throttled)
                } else {
                    Err(TableError::Broken(Cause::new(format!("transaction cancelled: {codes:?}"))))
                }
            }
        }
    }

    fn transact_item(&self, op: Op) -> Result<ddb::TransactWriteItem, TableError> {
        let built = |error: aws_sdk_dynamodb::error::BuildError| TableError::Broken(Cause::new(error.to_string()));
        let mut expression = Expression::default();
        let item = ddb::TransactWriteItem::builder();
        Ok(match op {
            Op::Put(row, cond) => {
                let text = expression.cond(&cond);
                let put = ddb::Put::builder()
                    .table_name(&self.name)
                    .set_item(Some(wire(row)))
                    .condition_expression(text)
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values())
                    .return_values_on_condition_check_failure(ALL_OLD);
                item.put(put.build().map_err(built)?)
            }
            Op::Update(key, change, cond) => {
                let update = expression.change(&change);
                let text = expression.cond(&cond);
                let update = ddb::Update::builder()
                    .table_name(&self.name)
                    .set_key(Some(wire_key(&key)))
                    .update_expression(update)
                    .condition_expression(text)
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values())
                    .return_values_on_condition_check_failure(ALL_OLD);
                item.update(update.build().map_err(built)?)
            }
            Op::Delete(key, cond) => {
                let text = expression.cond(&cond);
                let delete = ddb::Delete::builder()
                    .table_name(&self.name)
                    .set_key(Some(wire_key(&key)))
                    .condition_expression(text)
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values())
                    .return_values_on_condition_check_failure(ALL_OLD);
                item.delete(delete.build().map_err(built)?)
            }
            Op::Check(key, cond) => {
                let text = expression.cond(&cond);
                let check = ddb::ConditionCheck::builder()
                    .table_name(&self.name)
                    .set_key(Some(wire_key(&key)))
                    .condition_expression(text)
                    .set_expression_attribute_names(expression.names())
                    .set_expression_attribute_values(expression.values())
                    .return_values_on_condition_check_failure(ALL_OLD);
                item.condition_check(check.build().map_err(built)?)
            }
        }
        .build())
    }
}
