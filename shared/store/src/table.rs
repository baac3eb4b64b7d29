//! The table port: seven verbs, two homes. A closed enum, dispatched statically.

use std::collections::HashMap;

use kernel::{Cause, Error};

use crate::change::{Change, Cond};
use crate::dynamo::Dynamo;
use crate::memory::Memory;
use crate::schema::{Key, attr, key_of};
use crate::{Item, Value};

/// Where rows live.
#[derive(Clone, Debug)]
pub enum Table {
    /// DynamoDB, or anything that speaks its protocol.
    Dynamo(Dynamo),
    /// In this process, deterministic, counting capacity units, with faults on demand.
    Memory(Memory),
}

/// Why a table verb did not do what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum TableError {
    /// The condition did not hold; this is the row as it is, when it exists. In a transaction, `at` is the index of the write.
    Refused {
        /// Index of the refused write in a transaction, 0 otherwise.
        at: usize,
        /// The row as it is.
        found: Option<Box<Item>>,
    },
    /// Another transaction holds the row: nothing was written, trying again is right.
    Contended,
    /// Too many requests for the partition: nothing was written.
    Throttled,
    /// No answer: the write may or may not have happened.
    Lost(Cause),
    /// Anything else.
    Broken(Cause),
}

impl From<TableError> for Error {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Refused { .. } => Self::conflict("it was changed by another request"),
            TableError::Contended => Self::unavailable("transaction conflict"),
            TableError::Throttled => Self::unavailable("table throttled"),
            TableError::Lost(cause) => Self::Unavailable(cause),
            TableError::Broken(cause) => Self::Internal(cause),
        }
    }
}

/// A read of one partition, or of one partition of the due index.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) pk: String,
    pub(crate) index: Index,
    /// The row that this goes on behind, by its own keys and the index's, whose sort keys are not unique: along the due index alone,
    /// and forward.
    pub(crate) behind: Option<Item>,
    pub(crate) after: Option<String>,
    pub(crate) before: Option<String>,
    pub(crate) forward: bool,
    pub(crate) limit: u16,
}

/// What one query answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Found {
    /// The rows, at most as many as asked for, and fewer when a megabyte is full.
    pub(crate) items: Vec<Item>,
    /// Whether there may be more.
    pub(crate) more: bool,
}

/// Most rows that one batch of reads names (Amazon DynamoDB API reference, `BatchGetItem`).
pub(crate) const BATCH_LIMIT: usize = 100;

/// What a query walks along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Index {
    /// The rows themselves, as some replica has them (half price).
    Primary,
    /// The rows themselves, as they are now.
    Current,
    /// What is due, as the index has it.
    Due,
}

/// One write of a transaction.
#[derive(Clone, Debug)]
pub enum Op {
    /// Writes the whole row.
    Put(Item, Cond),
    /// Changes the row.
    Update(Key, Change, Cond),
    /// Deletes the row.
    Delete(Key, Cond),
    /// Only checks.
    Check(Key, Cond),
}

impl Table {
    pub(crate) async fn read(&self, key: &Key, strong: bool) -> Result<Option<Item>, TableError> {
        match self {
            Self::Dynamo(table) => table.read(key, strong).await,
            Self::Memory(table) => table.read(key, strong).await,
        }
    }

    /// The rows of those keys, in the order of the keys: at most 100, each named once.
    pub(crate) async fn read_many(&self, keys: &[Key], strong: bool) -> Result<Vec<Option<Item>>, TableError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let found = match self {
            Self::Dynamo(table) => table.read_many(keys, strong).await?,
            Self::Memory(table) => table.read_many(keys, strong).await?,
        };
        let mut rows: HashMap<Key, Item> = found.into_iter().filter_map(|item| Some((key_of(&item)?, item))).collect();
        Ok(keys.iter().map(|key| rows.remove(key)).collect())
    }

    pub(crate) async fn put(&self, item: Item, cond: &Cond) -> Result<(), TableError> {
        sound(None, cond)?;
        match self {
            Self::Dynamo(table) => table.put(item, cond).await,
            Self::Memory(table) => table.put(item, cond).await,
        }
    }

    /// Carries the change out and answers with the row as it is then.
    pub(crate) async fn update(&self, key: &Key, change: Change, cond: &Cond) -> Result<Item, TableError> {
        let change = change.spelled(key);
        sound(Some(&change), cond)?;
        match self {
            Self::Dynamo(table) => table.update(key, &change, cond).await,
            Self::Memory(table) => table.update(key, change, cond).await,
        }
    }

    pub(crate) async fn delete(&self, key: &Key, cond: &Cond) -> Result<(), TableError> {
        sound(None, cond)?;
        match self {
            Self::Dynamo(table) => table.delete(key, cond).await,
            Self::Memory(table) => table.delete(key, cond).await,
        }
    }

    /// One request's worth of rows strictly between the bounds.
    pub(crate) async fn query(&self, query: &Query) -> Result<Found, TableError> {
        let empty = matches!((&query.after, &query.before), (Some(after), Some(before)) if after >= before);
        if empty || query.limit == 0 {
            return Ok(Found::default());
        }
        match self {
            Self::Dynamo(table) => table.query(query).await,
            Self::Memory(table) => table.query(query).await,
        }
    }

    /// The rows of one partition strictly between the bounds, as many as asked for if there are so many.
    pub(crate) async fn rows(&self, mut query: Query) -> Result<Vec<Item>, TableError> {
        let mut items = Vec::new();
        loop {
            let found = self.query(&query).await?;
            let last = found.items.last().and_then(|item| text(item, attr::SK.as_str())).map(str::to_owned);
            query.limit = query.limit.saturating_sub(u16::try_from(found.items.len()).unwrap_or(u16::MAX));
            items.extend(found.items);
            match last {
                Some(last) if found.more && query.limit > 0 => {
                    *(if query.forward { &mut query.after } else { &mut query.before }) = Some(last);
                }
                Some(_) | None => return Ok(items),
            }
        }
    }

    /// All or nothing, at most 100 writes, billed double.
    pub(crate) async fn transact(&self, ops: Vec<Op>) -> Result<(), TableError> {
        let mut spelled = Vec::with_capacity(ops.len());
        for op in ops {
            let op = match op {
                Op::Update(key, change, cond) => {
                    let change = change.spelled(&key);
                    sound(Some(&change), &cond)?;
                    Op::Update(key, change, cond)
                }
                Op::Put(_, ref cond) | Op::Delete(_, ref cond) | Op::Check(_, ref cond) => {
                    sound(None, cond)?;
                    op
                }
            };
            spelled.push(op);
        }
        match self {
            Self::Dynamo(table) => table.transact(spelled).await,
            Self::Memory(table) => table.transact(spelled).await,
        }
    }

    /// Whether the table answers: one read of a row that does not exist.
    pub async fn ping(&self) -> Result<(), Error> {
        let key = Key { pk: "PING".to_owned(), sk: "-".to_owned() };
        Ok(self.read(&key, false).await.map(|_| ())?)
    }
}

/// Refuses what no table could carry out, whatever the row.
fn sound(change: Option<&Change>, cond: &Cond) -> Result<(), TableError> {
    let fault = change.and_then(Change::fault).or_else(|| cond.fault());
    fault.map_or(Ok(()), |fault| Err(TableError::Broken(Cause::new(fault))))
}

/// The text of a string attribute.
pub(crate) fn text<'a>(item: &'a Item, name: &str) -> Option<&'a str> {
    if let Some(Value::S(text)) = item.get(name) { Some(text) } else { None }
}
