//! What can be done with the rows of one tenant. Every verb is bound to the tenant that the door's evidence named.

use std::collections::{BTreeMap, BTreeSet};

use kernel::ids::TenantId;
use kernel::{Cause, Error, Result};
use serde::Serialize;

use crate::change::{Change, Cond, n, number};
use crate::schema::{self, Entity, Key, Locator, Row, attr};
use crate::table::{BATCH_LIMIT, Op, Table, TableError};
use crate::{Item, Value};

/// The rows of one tenant. Made by the doors alone.
#[derive(Clone, Debug)]
pub struct TenantScope {
    pub(crate) table: Table,
    pub(crate) tenant: TenantId,
}

/// A row as it was read: the noun and its version.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored<E> {
    /// The noun.
    pub row: E,
    /// Grows by one with every write.
    pub version: u64,
}

/// How a conditional change ended.
#[derive(Clone, Debug)]
pub enum Outcome<E> {
    /// It happened; this is the row now.
    Done(Stored<E>),
    /// Its condition did not hold; this is the row as it is, when there is one. Nothing was written, and nothing read either: the
    /// refusal brings the row along.
    Refused(Option<Stored<E>>),
}

/// One write of a transaction.
#[derive(Clone, Debug)]
pub struct Write(Op);

impl<E: Entity> Stored<E> {
    /// Reads an item.
    pub(crate) fn read(item: Item) -> Result<Self> {
        let version = number(item.get(attr::VERSION.as_str())).and_then(|version| u64::try_from(version).ok()).unwrap_or(0);
        let row = serde_dynamo::from_item(item)
            .map_err(|error| Error::Internal(Cause::new(format!("a {} cannot be read: {error}", E::ROW.kind))))?;
        Ok(Self { row, version })
    }
}

fn attributes<T: Serialize>(row: &T) -> Result<Item> {
    serde_dynamo::to_item(row).map_err(|error| Error::Internal(Cause::new(format!("a row cannot be written: {error}"))))
}

/// Turns anything that serialises into a value, for a change's `set` or `append`.
pub fn value<T: Serialize>(thing: &T) -> Result<Value> {
    serde_dynamo::to_attribute_value(thing)
        .map_err(|error| Error::Internal(Cause::new(format!("a value cannot be written: {error}"))))
}

/// The whole item of a row at that version.
pub(crate) fn item_of<E: Entity>(key: &Key, row: &E, version: u64) -> Result<Item> {
    let mut item = attributes(row)?;
    item.retain(|_, value| !matches!(value, Value::Null(_)));
    if let Some(taken) = schema::OURS.iter().find(|ours| item.contains_key(ours.as_str())) {
        return Err(Error::internal(format!("a {} has a field of its own named {}", E::ROW.kind, taken.as_str())));
    }
    item.insert(attr::PK.as_str().to_owned(), Value::S(key.pk.clone()));
    item.insert(attr::SK.as_str().to_owned(), Value::S(key.sk.clone()));
    item.insert(attr::KIND.as_str().to_owned(), Value::S(E::ROW.kind.to_owned()));
    item.insert(attr::VERSION.as_str().to_owned(), n(i64::try_from(version).unwrap_or(i64::MAX)));
    if let Some(expires) = row.expires() {
        item.insert(attr::EXPIRES.as_str().to_owned(), n(expires.seconds()));
    }
    if let Some(due) = row.due() {
        for (attr, value) in schema::due_attributes(key, due) {
            item.insert(attr.as_str().to_owned(), value);
        }
    }
    Ok(item)
}

impl TenantScope {
    /// The tenant.
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    fn key(&self, row: &Row, locator: &Locator) -> Result<Key> {
        schema::key(self.tenant, row, locator)
    }

    /// The row, as some replica has it (half price). What was written a moment ago may be missing.
    pub async fn read<E: Entity>(&self, locator: impl Into<Locator>) -> Result<Option<Stored<E>>> {
        self.read_row(locator.into(), false).await
    }

    /// The row as it is now.
    pub async fn read_now<E: Entity>(&self, locator: impl Into<Locator>) -> Result<Option<Stored<E>>> {
        self.read_row(locator.into(), true).await
    }

    async fn read_row<E: Entity>(&self, locator: Locator, strong: bool) -> Result<Option<Stored<E>>> {
        let key = self.key(&E::ROW, &locator)?;
        self.table.read(&key, strong).await?.map(Stored::read).transpose()
    }

    /// The rows, in the order of what finds them; `None` for those that do not exist. What is named twice is read once, and up to a
    /// hundred rows are one request. Like [`read`](Self::read) it is cheap and may be a moment behind: for pages, not for decisions.
    pub async fn read_many<E: Entity + Clone>(&self, locators: &[Locator]) -> Result<Vec<Option<Stored<E>>>> {
        self.read_rows(locators, false).await
    }

    /// The rows as they are now: [`read_many`](Self::read_many) for decisions, at twice the price.
    pub async fn read_many_now<E: Entity + Clone>(&self, locators: &[Locator]) -> Result<Vec<Option<Stored<E>>>> {
        self.read_rows(locators, true).await
    }

    async fn read_rows<E: Entity + Clone>(&self, locators: &[Locator], strong: bool) -> Result<Vec<Option<Stored<E>>>> {
        let keys = locators.iter().map(|locator| self.key(&E::ROW, locator)).collect::<Result<Vec<_>>>()?;
        let distinct: Vec<Key> = keys.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let mut found = BTreeMap::new();
        for batch in distinct.chunks(BATCH_LIMIT) {
            for (key, item) in batch.iter().zip(self.table.read_many(batch, strong).await?) {
                if let Some(item) = item {
                    found.insert(key, Stored::<E>::read(item)?);
                }
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    /// The row as it is now, or the answer that there is none.
    pub async fn find<E: Entity>(&self, locator: impl Into<Locator>) -> Result<Stored<E>> {
        self.read_now(locator).await?.ok_or(Error::NotFound { kind: E::ROW.kind })
    }

    /// Writes a row that must not exist yet. `Ok(false)` when it does; nothing was written then.
    pub async fn create<E: Entity>(&self, row: &E) -> Result<bool> {
        let key = self.key(&E::ROW, &row.locator())?;
        match self.table.put(item_of(&key, row, 1)?, &Cond::Absent).await {
            Ok(()) => Ok(true),
            Err(TableError::Refused { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a row over the version that it was read at. A row changed in the meantime is [`Error::Stale`].
    pub async fn replace<E: Entity>(&self, row: &Stored<E>) -> Result<u64> {
        let key = self.key(&E::ROW, &row.row.locator())?;
        let next = row.version.saturating_add(1);
        match self.table.put(item_of(&key, &row.row, next)?, &Cond::Version(row.version)).await {
            Ok(()) => Ok(next),
            Err(TableError::Refused { found, .. }) => Err(match found {
                Some(found) => Error::Stale { version: Stored::<E>::read(*found)?.version },
                None => Error::NotFound { kind: E::ROW.kind },
            }),
            Err(error) => Err(error.into()),
        }
    }

    /// Changes a row without reading it first. A row that does not exist refuses, whatever the condition: what was deleted or
    /// has expired does not come back as a torso.
    pub async fn change<E: Entity>(&self, locator: impl Into<Locator>, change: Change, cond: Cond) -> Result<Outcome<E>> {
        let key = self.key(&E::ROW, &locator.into())?;
        let cond = Cond::All(vec![Cond::Present, cond]);
        match self.table.update(&key, change, &cond).await {
            Ok(item) => Ok(Outcome::Done(Stored::read(item)?)),
            Err(TableError::Refused { found, .. }) => Ok(Outcome::Refused(found.map(|item| Stored::read(*item)).transpose()?)),
            Err(error) => Err(error.into()),
        }
    }

    /// Adds to counters of a row, making it when it does not exist. `Ok(item)` is the raw row as it is then, `Err(item)` the one
    /// that refused the condition.
    pub async fn tally<E: Entity>(&self, locator: Locator, change: Change, cond: Cond) -> Result<Result<Item, Item>> {
        let key = self.key(&E::ROW, &locator)?;
        let change = change.set(attr::KIND, Value::S(E::ROW.kind.to_owned()));
        match self.table.update(&key, change, &cond).await {
            Ok(item) => Ok(Ok(item)),
            Err(TableError::Refused { found, .. }) => Ok(Err(found.map(|item| *item).unwrap_or_default())),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a derived row, whose version is that of the row it was made of, over what was made of an earlier one. `Ok(false)`
    /// when what stands there is as new: so any order and any repetition ends in the same row.
    pub async fn supersede<E: Entity>(&self, row: &Stored<E>) -> Result<bool> {
        let key = self.key(&E::ROW, &row.row.locator())?;
        let older = Cond::Below(attr::VERSION, n(i64::try_from(row.version).unwrap_or(i64::MAX)));
        match self.table.put(item_of(&key, &row.row, row.version)?, &older).await {
            Ok(()) => Ok(true),
            Err(TableError::Refused { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a row at the version it was read at.
    pub async fn erase<E: Entity>(&self, row: &Stored<E>) -> Result<()> {
        let key = self.key(&E::ROW, &row.row.locator())?;
        match self.table.delete(&key, &Cond::Version(row.version)).await {
            Ok(()) => Ok(()),
            Err(TableError::Refused { found: Some(found), .. }) => {
                Err(Error::Stale { version: Stored::<E>::read(*found)?.version })
            }
            Err(TableError::Refused { found: None, .. }) => Err(Error::NotFound { kind: E::ROW.kind }),
            Err(error) => Err(error.into()),
        }
    }

    /// A write of a transaction: a row that must not exist yet.
    pub fn creating<E: Entity>(&self, row: &E) -> Result<Write> {
        let key = self.key(&E::ROW, &row.locator())?;
        Ok(Write(Op::Put(item_of(&key, row, 1)?, Cond::Absent)))
    }

    /// A write of a transaction: a row that was there before and must not exist any more, at the version that it goes on from.
    pub fn restoring<E: Entity>(&self, row: &Stored<E>) -> Result<Write> {
        let key = self.key(&E::ROW, &row.row.locator())?;
        Ok(Write(Op::Put(item_of(&key, &row.row, row.version)?, Cond::Absent)))
    }

    /// A write of a transaction: a row over the version that it was read at; version 0 stands for a row that does not exist.
    pub fn replacing<E: Entity>(&self, row: &Stored<E>) -> Result<Write> {
        let key = self.key(&E::ROW, &row.row.locator())?;
        let cond = if row.version == 0 { Cond::Absent } else { Cond::Version(row.version) };
        Ok(Write(Op::Put(item_of(&key, &row.row, row.version.saturating_add(1))?, cond)))
    }

    /// A write of a transaction: deletes a row at the version it was read at.
    pub fn erasing<E: Entity>(&self, row: &Stored<E>) -> Result<Write> {
        let key = self.key(&E::ROW, &row.row.locator())?;
        Ok(Write(Op::Delete(key, Cond::Version(row.version))))
    }

    /// A write of a transaction without a condition of its own: a row that hangs on another one of the same transaction, whose
    /// condition guards both.
    pub fn hanging<E: Entity>(&self, row: &E) -> Result<Write> {
        let key = self.key(&E::ROW, &row.locator())?;
        Ok(Write(Op::Put(item_of(&key, row, 1)?, Cond::All(Vec::new()))))
    }

    /// A write of a transaction that takes away what was written by [`Self::hanging`].
    pub fn unhanging<E: Entity>(&self, row: &E) -> Result<Write> {
        let key = self.key(&E::ROW, &row.locator())?;
        Ok(Write(Op::Delete(key, Cond::All(Vec::new()))))
    }

    /// A write of a transaction that only checks that a row is still at the version it was read at.
    pub fn checking<E: Entity>(&self, row: &Stored<E>) -> Result<Write> {
        let key = self.key(&E::ROW, &row.row.locator())?;
        Ok(Write(Op::Check(key, Cond::Version(row.version))))
    }

    /// A write of a transaction: changes a row, making it when it does not exist. For counters.
    pub fn tallying<E: Entity>(&self, locator: &Locator, change: Change) -> Result<Write> {
        let key = self.key(&E::ROW, locator)?;
        let change = change.set(attr::KIND, Value::S(E::ROW.kind.to_owned()));
        Ok(Write(Op::Update(key, change, Cond::All(Vec::new()))))
    }

    /// A write of a transaction: changes a row that exists, on a condition.
    pub fn changing<E: Entity>(&self, locator: &Locator, change: Change, cond: Cond) -> Result<Write> {
        let key = self.key(&E::ROW, locator)?;
        Ok(Write(Op::Update(key, change, Cond::All(vec![Cond::Present, cond]))))
    }

    /// Carries out all writes or none. `Ok(Some(i))`: the condition of the i-th did not hold, nothing was written.
    pub async fn transact(&self, writes: Vec<Write>) -> Result<Option<usize>> {
        match self.table.transact(writes.into_iter().map(|write| write.0).collect()).await {
            Ok(()) => Ok(None),
            Err(TableError::Refused { at, .. }) => Ok(Some(at)),
            Err(error) => Err(error.into()),
        }
    }

    pub(crate) const fn write(op: Op) -> Write {
        Write(op)
    }
}
