//! The engine as a whole: through its port as any client, through its stream as the pump, and through the deaths of processes.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use aws::Connection;
use dynoxide::actions::put_item::PutItemRequest;
use kernel::ids::TenantId;
use kernel::{Clock, Ids, Time};
use store::{Dynamo, Store, Table};

use super::*;

mod death;
mod doors;
mod streams;

/// A folder that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("switchboard-engine-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn open(&self) -> Engine {
        Engine::open(&self.0).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The table through its port, as every function has it.
fn store(engine: &Engine) -> Store {
    Store::new(Table::Dynamo(Dynamo::connect(&Connection::loopback(&engine.endpoint()), TABLE)))
}

/// Makes a tenant of that name: two rows in one transaction.
async fn found(store: &Store, ids: &Ids, slug: &str) -> kernel::Result<TenantId> {
    let tenant = TenantId::new(ids, &Clock::manual(Time::from_millis(1_772_000_000_000)));
    let (scope, writes) = store.platform().found(tenant, slug, slug)?;
    assert_eq!(scope.transact(writes.into()).await?, None);
    Ok(tenant)
}

/// Names of the tenants that the table lists.
async fn tenants(store: &Store) -> Vec<String> {
    let month = Time::from_millis(1_772_000_000_000).month();
    let mut slugs: Vec<_> = store.platform().tenants(month, None, 10_000).await.unwrap().into_iter().map(|t| t.slug).collect();
    slugs.sort_unstable();
    slugs
}

/// Writes a row past the port.
fn put(engine: &Engine, number: usize, expires: Option<i64>) {
    let mut item = serde_json::json!({
        "pk": {"S": format!("T#{}", number % 50)}, "sk": {"S": format!("{number:08}")}, "kind": {"S": "message"},
        "version": {"N": "1"}, "text": {"S": "x".repeat(500)}
    });
    if let Some(expires) = expires {
        item["expires"] = serde_json::json!({"N": expires.to_string()});
    }
    let request: PutItemRequest = serde_json::from_value(serde_json::json!({"TableName": TABLE, "Item": item})).unwrap();
    engine.database.put_item(request).unwrap();
}

/// Every record of the stream, in batches of that size.
fn drain(engine: &Engine, mut after: Option<String>, limit: usize) -> Vec<store::Record> {
    let mut all = Vec::new();
    loop {
        let batch = engine.records(after.as_deref(), limit).unwrap();
        assert!(batch.records.len() <= limit && !batch.restarted);
        let Some(last) = batch.records.last() else { return all };
        after = Some(last.sequence().to_owned());
        all.extend(batch.records);
    }
}

fn sequences(records: &[store::Record]) -> Vec<String> {
    records.iter().map(|record| record.sequence().to_owned()).collect()
}
