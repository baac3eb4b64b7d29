//! The table in memory: deterministic, as strict as the real one about conditions, sizes and order, counting units by the
//! billing rules, writing a stream, and failing on command.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::Cause;

use crate::bill::{self, Bill};
use crate::change::{Change, Cond};
use crate::record::Record;
use crate::schema::{Key, attr, key_of};
use crate::table::{Index, Op, Query, TableError, text};
use crate::{Item, Value};

pub use crate::memory::faults::{Fault, Faults};

pub mod faults;

/// Largest row that DynamoDB keeps.
const ITEM_LIMIT: usize = 400 * 1024;
/// Most bytes that one query answers with.
const PAGE_LIMIT: usize = 1024 * 1024;

/// See the module's words.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
    faults: Faults,
}

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<Key, Item>,
    due: BTreeMap<(String, String, Key), ()>,
    stream: Vec<Record>,
    bill: Bill,
}

impl Memory {
    /// An empty table that fails as `faults` says.
    pub fn new(faults: Faults) -> Self {
        Self { state: Arc::default(), faults }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Units and requests used so far.
    pub fn bill(&self) -> Bill {
        self.state().bill
    }

    /// Stream records from position `from` on, oldest first.
    pub fn stream(&self, from: usize) -> Vec<Record> {
        self.state().stream.get(from..).map(<[Record]>::to_vec).unwrap_or_default()
    }

    /// Drops the stream records before position `to`; positions stay as they are.
    pub fn forget_stream(&self) {
        self.state().stream.clear();
    }

    /// Every row, for tests that look at what was really written. The verbs have no such thing.
    pub fn rows(&self) -> Vec<Item> {
        self.state().rows.values().cloned().collect()
    }

    pub(crate) async fn read(&self, key: &Key, strong: bool) -> Result<Option<Item>, TableError> {
        let fault = self.faults.before("table.read").await?;
        let found = {
            let mut state = self.state();
            let found = state.rows.get(key).cloned();
            state.bill.read_units += bill::read_units(found.as_ref().map_or(0, bill::item_size), strong);
            state.bill.requests += 1;
            found
        };
        self.faults.after("table.read", fault).await?;
        Ok(found)
    }

    pub(crate) async fn put(&self, item: Item, cond: &Cond) -> Result<(), TableError> {
        let key = key_of(&item).ok_or_else(|| TableError::Broken(Cause::new("a row without a key")))?;
        self.write("table.put", vec![Op::Put(item, cond.clone())], 1.0).await?;
        let _ = key;
        Ok(())
    }

    pub(crate) async fn update(&self, key: &Key, change: &Change, cond: &Cond) -> Result<Item, TableError> {
        self.write("table.update", vec![Op::Update(key.clone(), change.clone(), cond.clone())], 1.0).await?;
        self.state().rows.get(key).cloned().ok_or_else(|| TableError::Broken(Cause::new("the updated row is gone")))
    }

    pub(crate) async fn delete(&self, key: &Key, cond: &Cond) -> Result<(), TableError> {
        self.write("table.delete", vec![Op::Delete(key.clone(), cond.clone())], 1.0).await
    }

    pub(crate) async fn transact(&self, ops: Vec<Op>) -> Result<(), TableError> {
        if ops.is_empty() || ops.len() > 100 {
            return Err(TableError::Broken(Cause::new("a transaction has 1 to 100 writes")));
        }
        self.write("table.transact", ops, 2.0).await
    }

    /// Checks all conditions, then carries out all writes, then records them in the stream.
    async fn write(&self, verb: &'static str, ops: Vec<Op>, price: f64) -> Result<(), TableError> {
        let fault = self.faults.before(verb).await?;
        {
            let mut state = self.state();
            state.bill.requests += 1;
            let mut planned = Vec::with_capacity(ops.len());
            for (at, op) in ops.iter().enumerate() {
                let (key, cond) = match op {
                    Op::Put(item, cond) => {
                        let key = key_of(item).ok_or_else(|| TableError::Broken(Cause::new("a row without a key")))?;
                        (key, cond)
                    }
                    Op::Update(key, _, cond) | Op::Delete(key, cond) | Op::Check(key, cond) => (key.clone(), cond),
                };
                if planned.iter().any(|(other, ..): &(Key, Option<Item>, Option<Item>, bool)| other == &key) {
                    return Err(TableError::Broken(Cause::new("a transaction names a row twice")));
                }
                let old = state.rows.get(&key).cloned();
                if !cond.holds(old.as_ref()) {
                    state.bill.write_units += price * bill::write_units(old.as_ref(), old.as_ref());
                    return Err(TableError::Refused { at, found: old.map(Box::new) });
                }
                let (new, writes) = match op {
                    Op::Put(item, _) => (Some(item.clone()), true),
                    Op::Update(_, change, _) => {
                        let mut item = old.clone().unwrap_or_else(|| key_item(&key));
                        change.apply(&mut item);
                        (Some(item), true)
                    }
                    Op::Delete(..) => (None, true),
                    Op::Check(..) => (old.clone(), false),
                };
                if new.as_ref().is_some_and(|item| bill::item_size(item) > ITEM_LIMIT) {
                    return Err(TableError::Broken(Cause::new("a row of more than 400 KB")));
                }
                planned.push((key, old, new, writes));
            }
            for (key, old, new, writes) in planned {
                state.bill.write_units += price * bill::write_units(old.as_ref(), new.as_ref());
                if writes {
                    state.apply(key, old, new);
                }
            }
        }
        self.faults.after(verb, fault).await
    }

    pub(crate) async fn query(&self, query: &Query) -> Result<Vec<Item>, TableError> {
        let fault = self.faults.before("table.query").await?;
        let found = {
            let mut state = self.state();
            let found = match query.index {
                Index::Primary => state.primary(query),
                Index::Due => state.due(query),
            };
            let size = found.iter().map(bill::item_size).sum();
            state.bill.read_units += bill::read_units(size, false);
            state.bill.requests += 1;
            found
        };
        self.faults.after("table.query", fault).await?;
        Ok(found)
    }
}

/// An item of nothing but its key.
pub(crate) fn key_item(key: &Key) -> Item {
    Item::from([
        (attr::PK.as_str().to_owned(), Value::S(key.pk.clone())),
        (attr::SK.as_str().to_owned(), Value::S(key.sk.clone())),
    ])
}

fn due_entry(item: &Item, key: &Key) -> Option<(String, String, Key)> {
    Some((text(item, attr::DUE_PK.as_str())?.to_owned(), text(item, attr::DUE_SK.as_str())?.to_owned(), key.clone()))
}

impl State {
    fn apply(&mut self, key: Key, old: Option<Item>, new: Option<Item>) {
        if let Some(entry) = old.as_ref().and_then(|item| due_entry(item, &key)) {
            self.due.remove(&entry);
        }
        if let Some(item) = &new {
            if let Some(entry) = due_entry(item, &key) {
                self.due.insert(entry, ());
            }
            self.rows.insert(key.clone(), item.clone());
        } else {
            self.rows.remove(&key);
        }
        if old != new {
            let sequence = format!("{:021}", self.stream.len() + 1);
            self.stream.push(Record::new(old, new, sequence));
        }
    }

    fn primary(&self, query: &Query) -> Vec<Item> {
        let bounds = |key: &Key| {
            key.pk == query.pk
                && query.after.as_ref().is_none_or(|after| &key.sk > after)
                && query.before.as_ref().is_none_or(|before| &key.sk < before)
        };
        let low = Key { pk: query.pk.clone(), sk: query.after.clone().unwrap_or_default() };
        let high = Key { pk: query.pk.clone(), sk: query.before.clone().unwrap_or_else(|| "\u{10ffff}".to_owned()) };
        if low > high {
            return Vec::new();
        }
        let range = self.rows.range(low..=high).filter(|(key, _)| bounds(key)).map(|(_, item)| item.clone());
        if query.forward { page(range, query.limit) } else { page(range.rev(), query.limit) }
    }

    fn due(&self, query: &Query) -> Vec<Item> {
        let entries = self.due.keys().filter(|(pk, sk, _)| {
            pk == &query.pk
                && query.after.as_ref().is_none_or(|after| sk > after)
                && query.before.as_ref().is_none_or(|before| sk < before)
        });
        let items = entries.map(|(pk, sk, key)| {
            let mut item = key_item(key);
            item.insert(attr::DUE_PK.as_str().to_owned(), Value::S(pk.clone()));
            item.insert(attr::DUE_SK.as_str().to_owned(), Value::S(sk.clone()));
            item
        });
        page(items, query.limit)
    }
}

fn page(items: impl Iterator<Item = Item>, limit: u16) -> Vec<Item> {
    let mut size = 0;
    items
        .take(usize::from(limit))
        .take_while(|item| {
            size += bill::item_size(item);
            size <= PAGE_LIMIT
        })
        .collect()
}
