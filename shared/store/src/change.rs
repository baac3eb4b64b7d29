//! The small language of conditions and changes: enough for every write of the house, small enough that memory needs no parser.

use crate::schema::{Attr, attr};
use crate::{Item, Value};

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
    /// All of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
}

impl Cond {
    /// Whether it holds for the row, which may not exist.
    pub fn holds(&self, item: Option<&Item>) -> bool {
        let value = |attr: &Attr| item.and_then(|item| item.get(attr.as_str()));
        match self {
            Self::Absent => item.is_none(),
            Self::Present => item.is_some(),
            Self::Version(version) => number(value(&attr::VERSION)) == i64::try_from(*version).ok(),
            Self::Is(attr, wanted) => value(attr) == Some(wanted),
            Self::In(attr, wanted) => value(attr).is_some_and(|value| wanted.contains(value)),
            Self::Below(attr, bound) => match (value(attr), bound) {
                (None, _) => true,
                (Some(found @ Value::N(_)), Value::N(_)) => number(Some(found)) < number(Some(bound)),
                (Some(Value::S(found)), Value::S(bound)) => found < bound,
                (Some(_), _) => false,
            },
            Self::Missing(attr) => value(attr).is_none(),
            Self::All(conds) => conds.iter().all(|cond| cond.holds(item)),
            Self::Any(conds) => conds.iter().any(|cond| cond.holds(item)),
        }
    }
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

/// What an update does to a row, beside raising its version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    pub(crate) sets: Vec<(Attr, Value)>,
    pub(crate) removes: Vec<Attr>,
    pub(crate) adds: Vec<(Attr, i64)>,
    pub(crate) appends: Vec<(Attr, Value)>,
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
        self.removes.push(attr);
        self
    }

    /// Adds to the number, which counts from zero.
    #[must_use]
    pub fn add(mut self, attr: Attr, amount: i64) -> Self {
        self.adds.push((attr, amount));
        self
    }

    /// Appends one element to the list, which starts empty.
    #[must_use]
    pub fn append(mut self, attr: Attr, element: Value) -> Self {
        self.appends.push((attr, element));
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

    /// Carries the spelled change out on an item.
    pub(crate) fn apply(&self, item: &mut Item) {
        for (attr, value) in &self.sets {
            item.insert(attr.as_str().to_owned(), value.clone());
        }
        for (attr, amount) in &self.adds {
            let sum = number(item.get(attr.as_str())).unwrap_or(0).saturating_add(*amount);
            item.insert(attr.as_str().to_owned(), n(sum));
        }
        for (attr, element) in &self.appends {
            match item.get_mut(attr.as_str()) {
                Some(Value::L(list)) => list.push(element.clone()),
                Some(_) | None => {
                    item.insert(attr.as_str().to_owned(), Value::L(vec![element.clone()]));
                }
            }
        }
        for attr in &self.removes {
            item.remove(attr.as_str());
        }
    }
}
