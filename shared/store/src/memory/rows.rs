//! The rows themselves, their due index, their stream and their bill, without locks, faults or waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use kernel::{Cause, Time};

use crate::bill::{self, Bill};
use crate::change::{Cond, number};
use crate::record::Record;
use crate::schema::{self, Key, attr, key_of};
use crate::table::{Found, Op, Query, TableError, text};
use crate::{Item, Value};

/// Largest row that DynamoDB keeps.
const ITEM_LIMIT: usize = 400 * 1024;
/// Most bytes that the rows of one transaction have together.
const TRANSACTION_SIZE: usize = 4 * 1024 * 1024;
/// Most bytes that one query answers with.
const PAGE_LIMIT: usize = 1024 * 1024;

/// What a write costs at the table; its index costs the same either way.
#[derive(Clone, Copy, Debug)]
pub(super) enum Price {
    Single,
    Transaction,
}

impl Price {
    const fn factor(self) -> f64 {
        match self {
            Self::Single => 1.0,
            Self::Transaction => 2.0,
        }
    }
}

/// See the module's words.
#[derive(Debug, Default)]
pub(super) struct Rows {
    rows: BTreeMap<Key, Arc<Item>>,
    due: BTreeSet<(String, String, Key)>,
    stream: Vec<Record>,
    forgotten: usize,
    pub(super) bill: Bill,
}

/// A write that has been checked: the row before and after, and how large it will be.
struct Planned {
    key: Key,
    old: Option<Arc<Item>>,
    new: Option<Arc<Item>>,
    size: usize,
}

fn broken(cause: impl Into<String>) -> TableError {
    TableError::Broken(Cause::new(cause))
}

/// An item of nothing but its key.
fn key_item(key: &Key) -> Item {
    Item::from([
        (attr::PK.as_str().to_owned(), Value::S(key.pk.clone())),
        (attr::SK.as_str().to_owned(), Value::S(key.sk.clone())),
    ])
}

fn due_place(item: &Item, key: &Key) -> Option<(String, String, Key)> {
    Some((text(item, attr::DUE_PK.as_str())?.to_owned(), text(item, attr::DUE_SK.as_str())?.to_owned(), key.clone()))
}

/// What DynamoDB checks of a row before it keeps it. Answers with its size.
fn check(item: &Item) -> Result<usize, TableError> {
    for attr in [attr::PK, attr::SK, attr::DUE_PK, attr::DUE_SK] {
        match item.get(attr.as_str()) {
            Some(Value::S(text)) if !text.is_empty() => {}
            None if attr == attr::DUE_PK || attr == attr::DUE_SK => {}
            Some(_) | None => return Err(broken(format!("{} is no key", attr.as_str()))),
        }
    }
    let size = bill::item_size(item);
    if size > ITEM_LIMIT { Err(broken("a row of more than 400 KB")) } else { Ok(size) }
}

/// Key and condition of a write, and the size of the row that it brings along.
fn parts(op: &Op) -> Result<(Key, &Cond, usize), TableError> {
    match op {
        Op::Put(item, cond) => {
            let size = check(item)?;
            Ok((key_of(item).ok_or_else(|| broken("a row without a key"))?, cond, size))
        }
        Op::Update(key, _, cond) | Op::Delete(key, cond) | Op::Check(key, cond) => Ok((key.clone(), cond, 0)),
    }
}

fn size_of(row: Option<&Arc<Item>>) -> usize {
    row.map_or(0, |item| bill::item_size(item))
}

impl Rows {
    pub(super) fn read(&self, key: &Key) -> Option<Item> {
        self.rows.get(key).map(|item| Item::clone(item))
    }

    pub(super) fn all(&self) -> Vec<Item> {
        self.rows.values().map(|item| Item::clone(item)).collect()
    }

    pub(super) fn stream(&self, from: usize) -> Vec<Record> {
        self.stream.iter().skip(from.saturating_sub(self.forgotten)).cloned().collect()
    }

    pub(super) fn forget_stream(&mut self) {
        self.forgotten += self.stream.len();
        self.stream.clear();
    }

    /// Checks what needs no row, then all conditions, then carries out all writes. Answers with the rows as they are then.
    pub(super) fn write(&mut self, ops: Vec<Op>, price: Price) -> Result<Vec<Option<Arc<Item>>>, TableError> {
        self.bill.requests += 1;
        let mut keys: Vec<(Key, usize)> = Vec::with_capacity(ops.len());
        let mut refused = None;
        for (at, op) in ops.iter().enumerate() {
            let (key, cond, size) = parts(op)?;
            if keys.iter().any(|(other, _)| *other == key) {
                return Err(broken("a transaction names a row twice"));
            }
            if refused.is_none() && !cond.holds(self.rows.get(&key).map(Arc::as_ref)) {
                refused = Some(at);
            }
            keys.push((key, size));
        }
        if let Some(at) = refused {
            let units: f64 = keys.iter().map(|(key, _)| bill::table_units(size_of(self.rows.get(key)))).sum();
            self.bill.write_units += price.factor() * units;
            let found = keys.get(at).and_then(|(key, _)| self.read(key));
            return Err(TableError::Refused { at, found: found.map(Box::new) });
        }
        let mut planned = Vec::with_capacity(ops.len());
        for (op, (key, size)) in ops.into_iter().zip(keys) {
            let old = self.rows.get(&key).cloned();
            let (new, size) = match op {
                Op::Put(item, _) => (Some(Arc::new(item)), size),
                Op::Update(_, change, _) => {
                    let mut item = old.as_deref().cloned().unwrap_or_else(|| key_item(&key));
                    change.apply(&mut item).map_err(broken)?;
                    let size = check(&item)?;
                    (Some(Arc::new(item)), size)
                }
                Op::Delete(..) => (None, 0),
                Op::Check(..) => (old.clone(), size_of(old.as_ref())),
            };
            planned.push(Planned { key, old, new, size });
        }
        if planned.iter().map(|plan| plan.size).sum::<usize>() > TRANSACTION_SIZE {
            return Err(broken("a transaction of more than 4 MB"));
        }
        let written = planned.iter().map(|plan| plan.new.clone()).collect();
        for Planned { key, old, new, size } in planned {
            let larger = size.max(size_of(old.as_ref()));
            self.bill.write_units +=
                price.factor() * bill::table_units(larger) + bill::index_units(old.as_deref(), new.as_deref());
            self.apply(key, old, new);
        }
        Ok(written)
    }

    /// Puts the row, its index entry and its stream record where they belong. A write that changes nothing has no record.
    fn apply(&mut self, key: Key, old: Option<Arc<Item>>, new: Option<Arc<Item>>) {
        if old == new {
            return;
        }
        if let Some(entry) = old.as_ref().and_then(|item| due_place(item, &key)) {
            self.due.remove(&entry);
        }
        if let Some(item) = &new {
            self.due.extend(due_place(item, &key));
            self.rows.insert(key, item.clone());
        } else {
            self.rows.remove(&key);
        }
        let sequence = format!("{:021}", self.forgotten + self.stream.len() + 1);
        self.stream.push(Record::of_images(old, new, sequence));
    }

    pub(super) fn sweep(&mut self, now: Time) -> usize {
        let expired = |item: &Item| number(item.get(attr::EXPIRES.as_str())).is_some_and(|expires| expires < now.seconds());
        let gone: Vec<Key> = self.rows.iter().filter(|(_, item)| expired(item)).map(|(key, _)| key.clone()).collect();
        for key in &gone {
            let old = self.rows.get(key).cloned();
            self.apply(key.clone(), old, None);
        }
        gone.len()
    }

    pub(super) fn primary(&self, query: &Query) -> Found {
        let low = Key { pk: query.pk.clone(), sk: query.after.clone().unwrap_or_default() };
        let inside = |key: &Key| {
            key.pk == query.pk
                && query.after.as_ref().is_none_or(|after| key.sk > *after)
                && query.before.as_ref().is_none_or(|before| key.sk < *before)
        };
        // The next longer partition key sorts after every row of this one.
        let high = Key {
            pk: if query.before.is_some() { query.pk.clone() } else { format!("{}\0", query.pk) },
            sk: query.before.clone().unwrap_or_default(),
        };
        let range = self.rows.range(low..=high).filter(|(key, _)| inside(key)).map(|(_, item)| item);
        let read = |item: &Arc<Item>| Item::clone(item);
        if query.forward { page(range.map(read), query.limit) } else { page(range.rev().map(read), query.limit) }
    }

    /// Entries of the due index have the keys alone.
    pub(super) fn due(&self, query: &Query) -> Found {
        let inside = |(pk, sk, _): &&(String, String, Key)| {
            *pk == query.pk
                && query.after.as_ref().is_none_or(|after| sk > after)
                && query.before.as_ref().is_none_or(|before| sk < before)
        };
        let entry = |(pk, sk, key): &(String, String, Key)| schema::due_entry(key, pk.clone(), sk.clone());
        let first = (query.pk.clone(), String::new(), Key { pk: String::new(), sk: String::new() });
        let behind = query.behind.as_ref().and_then(|last| due_place(last, &key_of(last)?));
        let lowest = behind.map_or(Bound::Included(first), Bound::Excluded);
        let range = self.due.range((lowest, Bound::Unbounded)).take_while(|(pk, ..)| *pk == query.pk).filter(inside);
        if query.forward {
            page(range.map(entry), query.limit)
        } else {
            let mut entries: Vec<_> = range.collect();
            entries.reverse();
            page(entries.into_iter().map(entry), query.limit)
        }
    }
}

/// As many items as one request answers with: `limit`, or what fills a megabyte.
fn page(items: impl Iterator<Item = Item>, limit: u16) -> Found {
    let mut found = Found::default();
    let mut size = 0;
    for item in items {
        size += bill::item_size(&item);
        if found.items.len() == usize::from(limit) || size > PAGE_LIMIT {
            found.more = true;
            break;
        }
        found.items.push(item);
    }
    found
}
