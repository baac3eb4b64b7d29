//! From changes of rows to counters: part of what `analytics` carries out.
//!
//! Changes are grouped by counter row; each row takes its group in one conditional update that also moves its watermarks. A
//! refused condition brings the row's watermarks along, the records at or below them are dropped, and the rest is tried again.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{TryStreamExt, stream};
use kernel::ids::TenantId;
use kernel::{Error, Result};
use store::schema::{Attr, attr};
use store::{Change, Cond, Internal, Item, Record, Store, Value};

use super::chronicle::SIDE_BY_SIDE;
use crate::statistic::{Counted, Counter, Counters, DAY, HOUR, Place};
use crate::{Activity, Conversation, Deal, Message, Statistic, Task};

/// Most counters that one update adds to: an expression of DynamoDB's takes 4 KB and 300 operators.
const COUNTERS: usize = 120;

/// What one record adds to one counter row.
#[derive(Clone, Debug)]
struct Step {
    sequence: String,
    sums: Vec<(Attr, i64)>,
}

/// The steps of one counter row, by the partition that they come from, each in the order of their sequence numbers.
type Lanes = BTreeMap<String, Vec<Step>>;

/// Which counter row, and the evidence of its tenant.
type Groups = BTreeMap<(TenantId, Place), (Internal, Lanes)>;

/// Sequence numbers are decimal numbers of up to forty digits: with their length in front, their text order is their order.
fn ordered(sequence: &str) -> String {
    let digits = sequence.trim_start_matches('0');
    format!("{:02}{digits}", digits.len())
}

/// Counts the records into their rows. Records of other kinds are skipped.
pub async fn tally(store: &Store, records: &[Record]) -> Result<()> {
    let mut groups = Groups::new();
    for record in records {
        collect::<Message>(store, record, &mut groups);
        collect::<Conversation>(store, record, &mut groups);
        collect::<Activity>(store, record, &mut groups);
        collect::<Task>(store, record, &mut groups);
        collect::<Deal>(store, record, &mut groups);
    }
    // Rows are independent of each other.
    let rows = stream::iter(groups.into_iter().map(Ok));
    rows.try_for_each_concurrent(SIDE_BY_SIDE, async |((_, place), (evidence, lanes))| {
        count(store, &evidence, &place, lanes).await
    })
    .await
}

fn collect<E: Counted>(store: &Store, record: &Record, groups: &mut Groups) {
    if !record.concerns::<E>() {
        return;
    }
    let (Some(evidence), Some(partition)) = (record.internal(), record.partition()) else { return };
    let (before, after) = (record.old_row::<E>(), record.new_row::<E>());
    // What this build cannot read is left as it is.
    if before.is_some() != record.old_value(&attr::KIND).is_some() || after.is_some() != record.new_value(&attr::KIND).is_some()
    {
        return;
    }
    let tenant = store.resume(&evidence).tenant();
    for (place, sums) in placed(E::added(before.as_ref(), after.as_ref())) {
        let (_, lanes) = groups.entry((tenant, place)).or_insert_with(|| (evidence, Lanes::new()));
        lanes.entry(partition.to_owned()).or_default().push(Step { sequence: ordered(record.sequence()), sums });
    }
}

/// The counters of each row that the amounts belong to.
fn placed(counters: Counters) -> BTreeMap<Place, Vec<(Attr, i64)>> {
    let mut placed: BTreeMap<Place, Vec<(Attr, i64)>> = BTreeMap::new();
    for (Counter { dimension, value, hour, figure }, amount) in counters {
        let day = hour.plus_millis(-hour.millis().rem_euclid(DAY));
        let counter = Attr::counter(&figure.code(), u8::try_from(hour.since(day) / HOUR).unwrap_or_default());
        placed.entry(Place { dimension, value, day }).or_default().push((counter, amount));
    }
    placed
}

/// As many steps as one update takes, the first ones of each lane.
#[derive(Default)]
struct Portion {
    sums: BTreeMap<Attr, i64>,
    taken: BTreeMap<String, usize>,
}

impl Portion {
    fn of(lanes: &Lanes) -> Self {
        let mut portion = Self::default();
        for (partition, steps) in lanes {
            let fitting = steps.iter().take_while(|step| portion.add(step)).count();
            if fitting > 0 {
                portion.taken.insert(partition.clone(), fitting);
            }
        }
        portion
    }

    /// Whether the step still fits.
    fn add(&mut self, step: &Step) -> bool {
        let new: BTreeSet<&Attr> =
            step.sums.iter().map(|(counter, _)| counter).filter(|counter| !self.sums.contains_key(counter)).collect();
        if !self.sums.is_empty() && self.sums.len() + new.len() > COUNTERS {
            return false;
        }
        for (counter, amount) in &step.sums {
            *self.sums.entry(counter.clone()).or_default() += amount;
        }
        true
    }

    /// The update: counters go up and watermarks move on, if none of the steps was counted before.
    fn update(&self, lanes: &Lanes) -> (Change, Cond) {
        let (mut change, mut conds) = (Change::new(), Vec::new());
        for (partition, taken) in &self.taken {
            let steps = lanes.get(partition).and_then(|steps| steps.get(..*taken)).unwrap_or_default();
            if let (Some(first), Some(last)) = (steps.first(), steps.last()) {
                let watermark = Attr::watermark(partition);
                change = change.set(watermark.clone(), Value::S(last.sequence.clone()));
                conds.push(Cond::Below(watermark, Value::S(first.sequence.clone())));
            }
        }
        for (counter, sum) in self.sums.iter().filter(|(_, sum)| **sum != 0) {
            change = change.add(counter.clone(), *sum);
        }
        (change, Cond::All(conds))
    }
}

async fn count(store: &Store, evidence: &Internal, place: &Place, mut lanes: Lanes) -> Result<()> {
    let scope = store.resume(evidence);
    for steps in lanes.values_mut() {
        steps.sort_by(|a, b| a.sequence.cmp(&b.sequence));
        steps.dedup_by(|a, b| a.sequence == b.sequence);
    }
    while !lanes.is_empty() {
        let portion = Portion::of(&lanes);
        let (change, cond) = portion.update(&lanes);
        match scope.tally::<Statistic>(place.locator(), change, cond).await? {
            Ok(_) => {
                for (partition, taken) in &portion.taken {
                    lanes.entry(partition.clone()).or_default().drain(..*taken);
                }
            }
            Err(found) => skip(&mut lanes, &found)?,
        }
        lanes.retain(|_, steps| !steps.is_empty());
    }
    Ok(())
}

/// Drops what the row's watermarks say was counted before.
fn skip(lanes: &mut Lanes, found: &Item) -> Result<()> {
    let steps = |lanes: &Lanes| lanes.values().map(Vec::len).sum::<usize>();
    let before = steps(lanes);
    for (partition, steps) in lanes.iter_mut() {
        if let Some(Value::S(reached)) = found.get(Attr::watermark(partition).as_str()) {
            steps.retain(|step| &step.sequence > reached);
        }
    }
    // Every refusal drops something, so counting ends.
    if steps(lanes) < before { Ok(()) } else { Err(Error::internal("a counter row refuses what it has not counted")) }
}
