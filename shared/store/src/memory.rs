//! The table in memory: deterministic, as strict as the real one about conditions, sizes and order, counting units by the
//! billing rules, writing a stream, and failing on command.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{Cause, Time};

use crate::Item;
use crate::bill::{self, Bill};
use crate::change::{Change, Cond};
use crate::record::Record;
use crate::schema::Key;
use crate::table::{BATCH_LIMIT, Found, Index, Op, Query, TableError};

pub use crate::memory::faults::{Fault, Faults};

pub mod faults;
mod rows;

use rows::{Price, Rows};

/// Most writes of one transaction.
const TRANSACTION_LIMIT: usize = 100;

/// See the module's words.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    rows: Arc<Mutex<Rows>>,
    faults: Faults,
}

impl Memory {
    /// An empty table that fails as `faults` says.
    pub fn new(faults: Faults) -> Self {
        Self { rows: Arc::default(), faults }
    }

    fn locked(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Units and requests used so far.
    pub fn bill(&self) -> Bill {
        self.locked().bill
    }

    /// Stream records from position `from` on, oldest first. The first record ever has position 0.
    pub fn stream(&self, from: usize) -> Vec<Record> {
        self.locked().stream(from)
    }

    /// Drops the stream records so far. Positions go on counting: a reader keeps its own.
    pub fn forget_stream(&self) {
        self.locked().forget_stream();
    }

    /// Deletes what has expired by `now`, as time to live does some day: reads do not hide such rows before. Answers how many.
    pub fn sweep(&self, now: Time) -> usize {
        self.locked().sweep(now)
    }

    /// Every row, for tests that look at what was really written. The verbs have no such thing.
    pub fn rows(&self) -> Vec<Item> {
        self.locked().all()
    }

    pub(crate) async fn read(&self, key: &Key, strong: bool) -> Result<Option<Item>, TableError> {
        let fault = self.faults.before("table.read").await?;
        let found = {
            let mut rows = self.locked();
            let found = rows.read(key);
            rows.bill.read_units += bill::read_units(found.as_ref().map_or(0, bill::item_size), strong);
            rows.bill.requests += 1;
            found
        };
        self.faults.after("table.read", fault).await?;
        Ok(found)
    }

    /// As the real one, it refuses a batch that is empty, too long or names a row twice.
    pub(crate) async fn read_many(&self, keys: &[Key], strong: bool) -> Result<Vec<Item>, TableError> {
        let distinct: BTreeSet<&Key> = keys.iter().collect();
        if keys.is_empty() || keys.len() > BATCH_LIMIT || distinct.len() < keys.len() {
            return Err(TableError::Broken(Cause::new("a batch of reads has 1 to 100 keys, each of them once")));
        }
        let fault = self.faults.before("table.read_many").await?;
        let found = {
            let mut rows = self.locked();
            let found: Vec<Option<Item>> = keys.iter().map(|key| rows.read(key)).collect();
            // Each row is rounded up by itself, and one that is not there costs as much as a small one.
            let units = |item: &Option<Item>| bill::read_units(item.as_ref().map_or(0, bill::item_size), strong);
            rows.bill.read_units += found.iter().map(units).sum::<f64>();
            rows.bill.requests += 1;
            found
        };
        self.faults.after("table.read_many", fault).await?;
        Ok(found.into_iter().flatten().collect())
    }

    pub(crate) async fn put(&self, item: Item, cond: &Cond) -> Result<(), TableError> {
        self.write("table.put", vec![Op::Put(item, cond.clone())], Price::Single).await.map(|_| ())
    }

    pub(crate) async fn update(&self, key: &Key, change: Change, cond: &Cond) -> Result<Item, TableError> {
        let op = Op::Update(key.clone(), change, cond.clone());
        let written = self.write("table.update", vec![op], Price::Single).await?;
        let row = written.into_iter().next().flatten();
        row.map(Arc::unwrap_or_clone).ok_or_else(|| TableError::Broken(Cause::new("an update without a row")))
    }

    pub(crate) async fn delete(&self, key: &Key, cond: &Cond) -> Result<(), TableError> {
        self.write("table.delete", vec![Op::Delete(key.clone(), cond.clone())], Price::Single).await.map(|_| ())
    }

    pub(crate) async fn transact(&self, ops: Vec<Op>) -> Result<(), TableError> {
        if ops.is_empty() || ops.len() > TRANSACTION_LIMIT {
            return Err(TableError::Broken(Cause::new("a transaction has 1 to 100 writes")));
        }
        self.write("table.transact", ops, Price::Transaction).await.map(|_| ())
    }

    /// A refusal is an effect too: it can be lost on its way, or be the last thing that a dying process caused.
    async fn write(&self, verb: &'static str, ops: Vec<Op>, price: Price) -> Result<Vec<Option<Arc<Item>>>, TableError> {
        let fault = self.faults.before(verb).await?;
        let written = self.locked().write(ops, price);
        self.faults.after(verb, fault).await?;
        written
    }

    pub(crate) async fn query(&self, query: &Query) -> Result<Found, TableError> {
        let fault = self.faults.before("table.query").await?;
        let found = {
            let mut rows = self.locked();
            let found = match query.index {
                Index::Primary | Index::Current => rows.primary(query),
                Index::Due => rows.due(query),
            };
            let size = found.items.iter().map(bill::item_size).sum();
            rows.bill.read_units += bill::read_units(size, query.index == Index::Current);
            rows.bill.requests += 1;
            found
        };
        self.faults.after("table.query", fault).await?;
        Ok(found)
    }
}
