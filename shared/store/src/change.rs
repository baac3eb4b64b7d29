//! The small language of conditions and changes: enough for every write of the house, small enough that memory needs no parser.
//!
//! What DynamoDB would refuse whatever the row is named here (`fault`), so that no table is kinder.

use std::cmp::Ordering;

use crate::schema::{Attr, attr};
use crate::{Item, Value};

/// Most values that an `IN` takes.
const IN_LIMIT: usize = 100;

/// When a write may happen.
#[derive(Clone, Debug, PartialEq)]
pub enum Cond {
    /// The row does not exist.
    Absent,
    /// The row exists.
    Present,
    /// The row exists at exactly this version.
    Version(u64),
    /// The attribute has this value.
    Is(Attr, Value),
    /// The attribute has one of these values.
    In(Attr, Vec<Value>),
    /// The attribute is missing, or a number or text below this one.
    Below(Attr, Value),
    /// The attribute is missing.
    Missing(Attr),
    /// All of them; of none, always.
    All(Vec<Self>),
    /// At least one of them; of none, never.
    Any(Vec<Self>),
}

impl Cond {
    /// Whether it holds for the row, which may not exist.
    pub fn holds(&self, item: Option<&Item>) -> bool {
        let value = |attr: &Attr| item.and_then(|item| item.get(attr.as_str()));
        match self {
            Self::Absent => item.is_none(),
            Self::Present => item.is_some(),
            Self::Version(version) => {
                i64::try_from(*version).is_ok_and(|version| number(value(&attr::VERSION)) == Some(version))
            }
            Self::Is(attr, wanted) => value(attr).is_some_and(|value| same(value, wanted)),
            Self::In(attr, wanted) => value(attr).is_some_and(|value| wanted.iter().any(|wanted| same(value, wanted))),
            Self::Below(attr, bound) => value(attr).is_none_or(|value| order(value, bound) == Some(Ordering::Less)),
            Self::Missing(attr) => value(attr).is_none(),
            Self::All(conds) => conds.iter().all(|cond| cond.holds(item)),
            Self::Any(conds) => conds.iter().any(|cond| cond.holds(item)),
        }
    }

    /// Why DynamoDB would refuse the condition itself, if it would.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Below(_, Value::S(_) | Value::N(_) | Value::B(_)) => None,
            Self::Below(..) => Some("a bound without an order"),
            Self::In(_, values) if values.len() > IN_LIMIT => Some("a condition with more than 100 values"),
            Self::All(conds) | Self::Any(conds) => conds.iter().find_map(Self::fault),
            Self::Absent | Self::Present | Self::Version(_) | Self::Is(..) | Self::In(..) | Self::Missing(_) => None,
        }
    }
}

/// The order of two values, when they have one: numbers by value, text and bytes by their bytes.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::N(a), Value::N(b)) => match (a.parse::<i128>(), b.parse::<i128>()) {
            (Ok(a), Ok(b)) => Some(a.cmp(&b)),
            _ => a.parse::<f64>().ok()?.partial_cmp(&b.parse::<f64>().ok()?),
        },
        (Value::S(a), Value::S(b)) => Some(a.cmp(b)),
        (Value::B(a), Value::B(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

/// Whether two values are equal: numbers by value.
fn same(a: &Value, b: &Value) -> bool {
    a == b || order(a, b) == Some(Ordering::Equal)
}

/// A whole number out of a value.
pub fn number(value: Option<&Value>) -> Option<i64> {
    if let Some(Value::N(text)) = value { text.parse().ok() } else { None }
}

/// A number as a value.
pub fn n(number: i64) -> Value {
    Value::N(number.to_string())
}

/// Text as a value.
pub fn s(text: impl Into<String>) -> Value {
    Value::S(text.into())
}

/// What an update does to a row, beside raising its version. An attribute is set or removed (the last word counts), added to
/// (sums) or appended to (in order): one of these. A change that mixes them on one attribute is refused by the table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub(crate) sets: Vec<(Attr, Value)>,
    pub(crate) removes: Vec<Attr>,
    pub(crate) adds: Vec<(Attr, i64)>,
    pub(crate) appends: Vec<(Attr, Vec<Value>)>,
    pub(crate) due: Due,
}

/// What happens to a row's place in the due index.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Due {
    #[default]
    Keep,
    At(kernel::Time),
    Never,
}

impl Change {
    /// No change yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the attribute.
    #[must_use]
    pub fn set(mut self, attr: Attr, value: Value) -> Self {
        self.forget(&attr);
        self.sets.push((attr, value));
        self
    }

    /// Sets the attribute, or removes it when there is no value.
    #[must_use]
    pub fn put(self, attr: Attr, value: Option<Value>) -> Self {
        match value {
            Some(value) => self.set(attr, value),
            None => self.remove(attr),
        }
    }

    /// Removes the attribute.
    #[must_use]
    pub fn remove(mut self, attr: Attr) -> Self {
        self.forget(&attr);
        self.removes.push(attr);
        self
    }

    fn forget(&mut self, attr: &Attr) {
        self.sets.retain(|(other, _)| other != attr);
        self.removes.retain(|other| other != attr);
    }

    /// Adds to the number, which counts from zero.
    #[must_use]
    pub fn add(mut self, attr: Attr, amount: i64) -> Self {
        match self.adds.iter_mut().find(|(other, _)| *other == attr) {
            Some((_, sum)) => *sum = sum.saturating_add(amount),
            None => self.adds.push((attr, amount)),
        }
        self
    }

    /// Appends one element to the list, which starts empty.
    #[must_use]
    pub fn append(mut self, attr: Attr, element: Value) -> Self {
        match self.appends.iter_mut().find(|(other, _)| *other == attr) {
            Some((_, elements)) => elements.push(element),
            None => self.appends.push((attr, vec![element])),
        }
        self
    }

    /// Puts the row into the due index at `at`.
    #[must_use]
    pub const fn due(mut self, at: kernel::Time) -> Self {
        self.due = Due::At(at);
        self
    }

    /// Takes the row out of the due index.
    #[must_use]
    pub const fn not_due(mut self) -> Self {
        self.due = Due::Never;
        self
    }

    /// The same change, taking the row out of the due index unless it says when the row is due next.
    pub(crate) const fn leaving_due(self) -> Self {
        match self.due {
            Due::Keep => self.not_due(),
            Due::At(_) | Due::Never => self,
        }
    }

    /// The same change with the due index spelled out as attributes and the version raised: what a table carries out.
    pub(crate) fn spelled(mut self, key: &crate::schema::Key) -> Self {
        match self.due {
            Due::Keep => {}
            Due::At(at) => self.sets.extend(crate::schema::due_attributes(key, at)),
            Due::Never => self.removes.extend([attr::DUE_PK, attr::DUE_SK]),
        }
        self.due = Due::Keep;
        self.adds.push((attr::VERSION, 1));
        self
    }

    /// Why DynamoDB would refuse the spelled change whatever the row, if it would.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let sets = self.sets.iter().map(|(attr, _)| attr);
        let adds = self.adds.iter().map(|(attr, _)| attr);
        let appends = self.appends.iter().map(|(attr, _)| attr);
        // Few enough to look through: hashing them takes longer.
        let mut named: Vec<&Attr> = Vec::with_capacity(16);
        for attr in sets.chain(&self.removes).chain(adds).chain(appends) {
            if [attr::PK, attr::SK].contains(attr) {
                return Some("a change of a row's key");
            }
            if named.contains(&attr) {
                return Some("two changes of one attribute");
            }
            named.push(attr);
        }
        None
    }

    /// Carries the spelled change out on an item. The item is of no use after an error.
    pub(crate) fn apply(&self, item: &mut Item) -> Result<(), &'static str> {
        for (attr, value) in &self.sets {
            item.insert(attr.as_str().to_owned(), value.clone());
        }
        for (attr, amount) in &self.adds {
            let sum = match item.get(attr.as_str()) {
                None => *amount,
                found @ Some(_) => {
                    let found = number(found).ok_or("an addition to what is no whole number")?;
                    found.checked_add(*amount).ok_or("a sum beyond all bounds")?
                }
            };
            item.insert(attr.as_str().to_owned(), n(sum));
        }
        for (attr, elements) in &self.appends {
            match item.get_mut(attr.as_str()) {
                Some(Value::L(list)) => list.extend_from_slice(elements),
                Some(_) => return Err("an append to what is no list"),
                None => {
                    item.insert(attr.as_str().to_owned(), Value::L(elements.clone()));
                }
            }
        }
        for attr in &self.removes {
            item.remove(attr.as_str());
        }
        Ok(())
    }
}
