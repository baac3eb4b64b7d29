//! The bill: capacity units by AWS's billing rules, counted, never estimated.
//!
//! Rules (DynamoDB developer guide, "read and write operations", on-demand): a write costs one unit per started kilobyte of the
//! larger of old and new row, also when its condition fails; the due index costs one unit per entry written and one per entry
//! deleted; a strong read costs one unit per started 4 KB, an eventual one half; a query is billed on the sum of what it read; a
//! transaction costs double.

use crate::schema::attr;
use crate::{Item, Value};

/// What has been used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bill {
    /// Write units.
    pub write_units: f64,
    /// Read units.
    pub read_units: f64,
    /// Requests to the table.
    pub requests: u64,
}

impl Bill {
    /// What was used since `earlier`.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self {
            write_units: self.write_units - earlier.write_units,
            read_units: self.read_units - earlier.read_units,
            requests: self.requests.saturating_sub(earlier.requests),
        }
    }
}

/// Bytes of a value by AWS's item size rules.
fn value_size(value: &Value) -> usize {
    match value {
        Value::S(text) => text.len(),
        Value::N(digits) => digits.trim_start_matches('-').len().div_ceil(2) + 1 + usize::from(digits.starts_with('-')),
        Value::B(bytes) => bytes.len(),
        Value::Bool(_) | Value::Null(_) => 1,
        Value::L(list) => 3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        Value::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>(),
        Value::Ss(set) | Value::Ns(set) => set.iter().map(String::len).sum(),
        Value::Bs(set) => set.iter().map(Vec::len).sum(),
    }
}

/// Bytes of a row.
pub fn item_size(item: &Item) -> usize {
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

fn started(size: usize, unit: usize) -> f64 {
    u32::try_from(size.div_ceil(unit).max(1)).map_or(f64::MAX, f64::from)
}

/// Units of a write that turns `old` into `new`; the same when its condition fails and nothing changes.
pub(crate) fn write_units(old: Option<&Item>, new: Option<&Item>) -> f64 {
    let size = old.map_or(0, item_size).max(new.map_or(0, item_size));
    let entry = |item: Option<&Item>| {
        item.and_then(|item| Some((item.get(attr::DUE_PK.as_str())?.clone(), item.get(attr::DUE_SK.as_str())?.clone())))
    };
    let index = match (entry(old), entry(new)) {
        (None, None) => 0.0,
        (Some(_), None) | (None, Some(_)) => 1.0,
        (Some(before), Some(after)) if before == after => 0.0,
        (Some(_), Some(_)) => 2.0,
    };
    started(size, 1024) + index
}

/// Units of reading that many bytes.
pub(crate) fn read_units(size: usize, strong: bool) -> f64 {
    started(size, 4096) * if strong { 1.0 } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{n, s};

    #[test]
    fn sizes_and_units_follow_the_published_rules() {
        let item: Item = [("pk".into(), s("a".repeat(10))), ("n".into(), n(12345))].into();
        assert_eq!(item_size(&item), 2 + 10 + 1 + 4);
        let large: Item = [("pk".into(), s("a".repeat(1023)))].into();
        assert!((write_units(None, Some(&large)) - 2.0).abs() < f64::EPSILON);
        assert!((write_units(Some(&large), Some(&item)) - 2.0).abs() < f64::EPSILON);
        assert!((read_units(4096, false) - 0.5).abs() < f64::EPSILON);
        assert!((read_units(4097, true) - 2.0).abs() < f64::EPSILON);
    }

    #[test]
    fn an_index_entry_costs_when_it_appears_moves_or_goes() {
        let due = |at: &str| -> Item { [("due_pk".into(), s("DUE#1")), ("due_sk".into(), s(at))].into() };
        let plain: Item = [("pk".into(), s("x"))].into();
        assert!((write_units(Some(&plain), Some(&due("1"))) - 2.0).abs() < f64::EPSILON);
        assert!((write_units(Some(&due("1")), Some(&due("2"))) - 3.0).abs() < f64::EPSILON);
        assert!((write_units(Some(&due("1")), Some(&due("1"))) - 1.0).abs() < f64::EPSILON);
    }
}
