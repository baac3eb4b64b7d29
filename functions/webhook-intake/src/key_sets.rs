//! Key sets that providers publish and sign callbacks with (RFC 7517), read from the address that the provider's file names, and kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws::Fetch;
use kernel::{Clock, Error, Result, Time};
use serde_json::Value;

/// How long a set is taken for the whole truth.
const KEEP_MILLIS: i64 = 3600 * 1000;
/// How long nobody asks again: whoever posts names the key, and may name any.
const PAUSE_MILLIS: i64 = 60 * 1000;

#[derive(Debug)]
pub(crate) struct KeySets {
    fetch: Fetch,
    clock: Clock,
    kept: Mutex<BTreeMap<&'static str, Kept>>,
}

/// What is known of one set.
#[derive(Clone, Debug)]
struct Kept {
    asked_at: Time,
    read_at: Option<Time>,
    set: Option<Arc<Value>>,
}

impl KeySets {
    pub(crate) const fn new(fetch: Fetch, clock: Clock) -> Self {
        Self { fetch, clock, kept: Mutex::new(BTreeMap::new()) }
    }

    /// The set at a provider's address. It is read again when it is old or has no such key, but not more than once a minute.
    pub(crate) async fn at(&self, address: &'static str, key: &str) -> Result<Arc<Value>> {
        let now = self.clock.now();
        let known = self.known(address, key, now);
        if let Some(known) = known {
            return known.ok_or_else(|| Error::unavailable(format!("the keys at {address} could not be read a moment ago")));
        }
        match self.read(address).await {
            Ok(set) => {
                let set = Arc::new(set);
                self.keep(address, Kept { asked_at: now, read_at: Some(now), set: Some(Arc::clone(&set)) });
                Ok(set)
            }
            // Keys that were good an hour ago are better than none.
            Err(error) => self.last(address).ok_or(error),
        }
    }

    /// What to answer without asking: the set, or nothing when asking has failed just now. None: it is time to ask, and noted that
    /// this is done.
    fn known(&self, address: &'static str, key: &str, now: Time) -> Option<Option<Arc<Value>>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.entry(address).or_insert(Kept { asked_at: Time::default(), read_at: None, set: None });
        let fresh = known.read_at.is_some_and(|at| now.since(at) < KEEP_MILLIS);
        let has = known.set.as_ref().is_some_and(|set| has(set, key));
        if (fresh && has) || now.since(known.asked_at) < PAUSE_MILLIS {
            return Some(known.set.clone());
        }
        known.asked_at = now;
        None
    }

    async fn read(&self, address: &str) -> Result<Value> {
        let body = self.fetch.read(address).await?;
        let set: Option<Value> = serde_json::from_slice(&body).ok();
        set.filter(|set| set.get("keys").is_some_and(Value::is_array))
            .ok_or_else(|| Error::unavailable(format!("what is at {address} is no key set")))
    }

    fn keep(&self, address: &'static str, known: Kept) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(address, known);
    }

    fn last(&self, address: &str) -> Option<Arc<Value>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(address).and_then(|known| known.set.clone())
    }
}

fn has(set: &Value, key: &str) -> bool {
    let keys = set.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    keys.iter().any(|one| one.get("kid").and_then(Value::as_str) == Some(key))
}
