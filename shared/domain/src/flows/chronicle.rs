//! From changes of rows to entries of timelines: what `analytics` carries out beside its counters.
//!
//! Each entry is written over what tells of an earlier version alone. So it does not matter how often, in which batches and in which
//! order changes come, and of several changes in a batch the last one is written.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use kernel::ids::TenantId;
use kernel::{Result, Time};
use store::schema::attr;
use store::{Internal, Record, Store, Stored};

use crate::entry::{Entry, Told};
use crate::{Activity, Contact, Deal, Inbound, Message, Task};

/// Writes that are under way side by side.
pub(super) const SIDE_BY_SIDE: usize = 32;

/// What is to be written: by tenant, timeline and place.
type Latest = BTreeMap<(TenantId, String, String), (Internal, Stored<Entry>)>;

/// Writes down what the changes tell. Records of other kinds are skipped.
pub async fn chronicle(store: &Store, records: &[Record], now: Time) -> Result<()> {
    let mut latest = Latest::new();
    for record in records {
        let Some(evidence) = record.internal() else { continue };
        let tenant = store.resume(&evidence).tenant();
        for entry in told(record, now) {
            let place = (tenant, entry.row.owner.clone(), entry.row.place());
            if latest.get(&place).is_none_or(|(_, known)| known.version < entry.version) {
                latest.insert(place, (evidence, entry));
            }
        }
    }
    let entries: Vec<_> = latest.into_values().collect();
    for some in entries.chunks(SIDE_BY_SIDE) {
        try_join_all(some.iter().map(|(evidence, entry)| write(store, evidence, entry))).await?;
    }
    Ok(())
}

async fn write(store: &Store, evidence: &Internal, entry: &Stored<Entry>) -> Result<bool> {
    store.resume(evidence).supersede(entry).await
}

/// The entries that a change makes, changes or withdraws.
pub fn told(record: &Record, now: Time) -> Vec<Stored<Entry>> {
    if record.concerns::<Message>() {
        // Most changes of a message move it on in a way that nobody is told of.
        let moved = [attr::STATE_SEQ, attr::EVENTS].iter().any(|attr| record.new_value(attr) != record.old_value(attr));
        return if moved { difference::<Message>(record, now) } else { Vec::new() };
    }
    if record.concerns::<Activity>() {
        // A row that goes because its activity is in the archive takes nothing along.
        let put_away = record.old_value(&attr::ARCHIVED).is_some() && record.new_value(&attr::KIND).is_none();
        return if put_away { Vec::new() } else { difference::<Activity>(record, now) };
    }
    if record.concerns::<Inbound>() {
        return difference::<Inbound>(record, now);
    }
    if record.concerns::<Contact>() {
        return difference::<Contact>(record, now);
    }
    if record.concerns::<Deal>() {
        return difference::<Deal>(record, now);
    }
    if record.concerns::<Task>() {
        return difference::<Task>(record, now);
    }
    Vec::new()
}

/// What the two rows tell differently, at the version of the later one.
fn difference<E: Told>(record: &Record, now: Time) -> Vec<Stored<Entry>> {
    let (old, new) = (record.old_row::<E>(), record.new_row::<E>());
    let gone = record.new_value(&attr::KIND).is_none();
    let version = match (&old, &new) {
        (_, Some(new)) => new.version,
        (Some(old), None) if gone => old.version.saturating_add(1),
        // What this build cannot read is left as it is.
        (_, None) => return Vec::new(),
    };
    let before = old.map(|old| old.row.entries()).unwrap_or_default();
    let after = new.map(|new| new.row.entries()).unwrap_or_default();
    let stays = |entry: &Entry| after.iter().any(|other| other.owner == entry.owner && other.place() == entry.place());
    let went = |entry: &Entry| entry.noun.goes_along() && after.iter().any(|other| other.place() == entry.place());
    let withdrawn = before.iter().filter(|entry| !stays(entry) && (gone || !entry.noun.lasts() || went(entry)));
    let withdrawn = withdrawn.map(|entry| entry.clone().withdrawn(now));
    let told = after.iter().filter(|entry| !before.iter().any(|known| known.says(entry))).cloned();
    told.chain(withdrawn).map(|row| Stored { row, version }).collect()
}
