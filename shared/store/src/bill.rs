//! The bill: capacity units by AWS's billing rules, counted, never estimated.
//!
//! Rules (DynamoDB developer guide, "read and write operations", on-demand): a write costs one unit per started kilobyte of the
//! larger of old and new row, also when its condition fails; the due index costs one unit per entry written and one per entry
//! deleted; a strong read costs one unit per started 4 KB, an eventual one half, also in a batch, where each row is rounded up by
//! itself; a query is billed on the sum of what it read; a transaction costs double at the table, not at its index. A transaction that is refused is counted as if each of its writes
//! had been refused alone, doubled.

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

/// Bytes of a number: one, and one for each two significant digits on either side of the point, and one for a minus.
fn number_size(digits: &str) -> usize {
    let unsigned = digits.trim_start_matches('-');
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    // Zeros next to the point are insignificant when nothing stands on its other side.
    let whole = if fraction.is_empty() { whole.trim_end_matches('0') } else { whole };
    let fraction = if whole.is_empty() { fraction.trim_start_matches('0') } else { fraction };
    let minus = digits.starts_with('-') && !(whole.is_empty() && fraction.is_empty());
    whole.len().div_ceil(2) + fraction.len().div_ceil(2) + 1 + usize::from(minus)
}

/// Bytes of a value by AWS's item size rules.
fn value_size(value: &Value) -> usize {
    match value {
        Value::S(text) => text.len(),
        Value::N(digits) => number_size(digits),
        Value::B(bytes) => bytes.len(),
        Value::Bool(_) | Value::Null(_) => 1,
        Value::L(list) => 3 + list.iter().map(|value| 1 + value_size(value)).sum::<usize>(),
        Value::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + value_size(value)).sum::<usize>(),
        Value::Ss(set) => set.iter().map(String::len).sum(),
        Value::Ns(set) => set.iter().map(|digits| number_size(digits)).sum(),
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

/// Units that the table takes for a write of that many bytes: those of the row before or after it, whichever is larger. The same
/// when its condition fails and nothing changes.
pub(crate) fn table_units(size: usize) -> f64 {
    started(size, 1024)
}

/// Units that the due index takes for it. An entry has the keys alone and stays under a kilobyte.
pub(crate) fn index_units(old: Option<&Item>, new: Option<&Item>) -> f64 {
    fn entry(item: Option<&Item>) -> Option<(&Value, &Value)> {
        item.and_then(|item| Some((item.get(attr::DUE_PK.as_str())?, item.get(attr::DUE_SK.as_str())?)))
    }
    match (entry(old), entry(new)) {
        (None, None) => 0.0,
        (Some(_), None) | (None, Some(_)) => 1.0,
        (Some(before), Some(after)) if before == after => 0.0,
        (Some(_), Some(_)) => 2.0,
    }
}

/// Units of reading that many bytes.
pub(crate) fn read_units(size: usize, strong: bool) -> f64 {
    started(size, 4096) * if strong { 1.0 } else { 0.5 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::change::{n, s};

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < f64::EPSILON
    }

    #[test]
    fn sizes_and_units_follow_the_published_rules() {
        let item: Item = [("pk".into(), s("a".repeat(10))), ("n".into(), n(12345))].into();
        assert_eq!(item_size(&item), 2 + 10 + 1 + 4);
        let large: Item = [("pk".into(), s("a".repeat(1023)))].into();
        assert!(close(table_units(item_size(&large)), 2.0));
        assert!(close(table_units(item_size(&item)), 1.0));
        assert!(close(read_units(4096, false), 0.5));
        assert!(close(read_units(4097, true), 2.0));
    }

    #[test]
    fn a_number_is_sized_by_its_significant_digits() {
        let sizes = [
            ("0", 1),
            ("7", 2),
            ("42", 2),
            ("-42", 3),
            ("12345", 4),
            ("1000", 2),
            ("1772000000123", 8),
            ("1.5", 3),
            ("0.05", 2),
            ("-0", 1),
        ];
        for (digits, size) in sizes {
            assert_eq!(number_size(digits), size, "{digits}");
        }
    }

    #[test]
    fn an_index_entry_costs_when_it_appears_moves_or_goes() {
        let due = |at: &str| -> Item { [("due_pk".into(), s("DUE#1")), ("due_sk".into(), s(at))].into() };
        let plain: Item = [("pk".into(), s("x"))].into();
        assert!(close(index_units(Some(&plain), Some(&due("1"))), 1.0));
        assert!(close(index_units(Some(&due("1")), Some(&due("2"))), 2.0));
        assert!(close(index_units(Some(&due("1")), Some(&due("1"))), 0.0));
        assert!(close(index_units(Some(&due("1")), None), 1.0));
    }
}
