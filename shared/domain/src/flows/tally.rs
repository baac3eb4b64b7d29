//! From changes of messages to counters: what `analytics` carries out.
//!
//! Changes are grouped by counter row; each row takes its group in one conditional update that also moves its watermark. A
//! refused condition brings the row's watermark along, the records at or below it are dropped, and the rest is tried again.

use std::collections::BTreeMap;

use kernel::Result;
use store::change::n;
use store::schema::Attr;
use store::{Change, Cond, Internal, Record, Store, Value};

use crate::message::mark::Cell;
use crate::{Message, Statistic};

/// What one record adds to one counter row.
#[derive(Clone, Debug)]
struct Step {
    sequence: String,
    sums: Vec<(Attr, i64)>,
}

/// Which counter row: its tenant's evidence, its cell, and the partition of messages that it counts.
type Groups = BTreeMap<(String, Cell), (Internal, Vec<Step>)>;

/// Sequence numbers are decimal numbers of up to forty digits: padded, their text order is their order.
fn padded(sequence: &str) -> String {
    format!("{sequence:0>40}")
}

/// Counts the records into their rows. Records of other kinds are skipped.
pub async fn tally(store: &Store, records: &[Record]) -> Result<()> {
    let mut groups: Groups = BTreeMap::new();
    for record in records {
        collect(record, &mut groups);
    }
    for ((partition, cell), (evidence, steps)) in groups {
        count(store, &evidence, &partition, &cell, steps).await?;
    }
    Ok(())
}

fn collect(record: &Record, groups: &mut Groups) {
    let (Some(evidence), Some(partition)) = (record.internal(), record.partition()) else { return };
    let Some(now) = record.new_row::<Message>() else { return };
    let before = record.old_row::<Message>().map(|before| before.row);
    let mut cells: BTreeMap<Cell, Vec<(Attr, i64)>> = BTreeMap::new();
    for ((mark, cell), amount) in now.row.marks_since(before.as_ref()) {
        cells.entry(cell).or_default().push((Attr::counter(mark.as_str()), amount));
    }
    for ((measure, cell), amount) in now.row.measures_since(before.as_ref()) {
        cells.entry(cell).or_default().push((Attr::counter(measure.as_str()), amount));
    }
    for ((currency, cell), amount) in now.row.costs_since(before.as_ref()) {
        cells.entry(cell).or_default().push((Statistic::cost(currency), amount));
    }
    for (cell, sums) in cells {
        let group = groups.entry((partition.to_owned(), cell)).or_insert_with(|| (evidence, Vec::new()));
        group.1.push(Step { sequence: padded(record.sequence()), sums });
    }
}

async fn count(store: &Store, evidence: &Internal, partition: &str, cell: &Cell, mut steps: Vec<Step>) -> Result<()> {
    let scope = store.resume(evidence);
    // `T#tenant#MSG#yyyymm#shard`: the shard names the row, the month names the watermark within it.
    let mut parts = partition.rsplit('#');
    let (shard, month) = (parts.next().unwrap_or("0"), parts.next().unwrap_or("0"));
    let watermark = Attr::watermark(month);
    steps.sort_by(|a, b| a.sequence.cmp(&b.sequence));
    steps.dedup_by(|a, b| a.sequence == b.sequence);
    loop {
        let (Some(first), Some(last)) = (steps.first(), steps.last()) else { return Ok(()) };
        let mut sums: BTreeMap<Attr, i64> = BTreeMap::new();
        for (counter, amount) in steps.iter().flat_map(|step| &step.sums) {
            *sums.entry(counter.clone()).or_default() += amount;
        }
        let mut change = Change::new()
            .set(watermark.clone(), Value::S(last.sequence.clone()))
            .set(store::schema::attr::HOUR, n(cell.hour.millis()));
        if let Some(account) = cell.account {
            change = change.set(store::schema::attr::ACCOUNT, Value::S(account.to_string()));
        }
        if let Some(template) = cell.template {
            change = change.set(store::schema::attr::TEMPLATE, Value::S(template.to_string()));
        }
        for (counter, sum) in sums.into_iter().filter(|(_, sum)| *sum != 0) {
            change = change.add(counter, sum);
        }
        let cond = Cond::Below(watermark.clone(), Value::S(first.sequence.clone()));
        let Err(found) = scope.tally::<Statistic>(Statistic::at(cell, shard), change, cond).await? else { return Ok(()) };
        let Some(Value::S(reached)) = found.get(watermark.as_str()) else { return Ok(()) };
        // The watermark only grows, so this loop ends.
        steps.retain(|step| &step.sequence > reached);
    }
}
