//! Conditions: a tree of tests on fields, as JSON. `{"all": [..]}`, `{"any": [..]}`, `{"not": ..}`, `{"field", "op", "value"}`.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::facts::{self, Kind};
use crate::event::Shift;

/// Most levels of a tree.
pub const DEPTH: usize = 8;
/// Most tests of a tree.
pub const TESTS: usize = 50;
/// Most values that `in` is given.
const VALUES: usize = 100;
/// Longest text that is compared with.
const TEXT: usize = 500;
/// Most bytes of a value that a finding shows.
const SHOWN: usize = 200;

/// What must hold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum Condition {
    /// All of them.
    All(Vec<Self>),
    /// At least one of them.
    Any(Vec<Self>),
    /// It does not hold.
    Not(Box<Self>),
    /// A test of a field.
    Test(Test),
}

/// One test.
#[derive(Clone, Debug, PartialEq)]
pub struct Test {
    /// The field.
    pub field: String,
    /// What is asked of it.
    pub op: Op,
    /// What it is compared with; null for what compares with nothing.
    pub value: Value,
}

macro_rules! ops {
    ($($op:ident = $word:literal, $doc:literal;)*) => {
        /// What is asked of a field.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Op { $(#[doc = $doc] $op),* }

        impl Op {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$op),*];

            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$op => $word),* }
            }

            /// Reads the word.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|op| op.as_str() == word)
            }
        }
    };
}

ops! {
    Eq = "eq", "It is that.";
    Ne = "ne", "It is not that, or missing.";
    Lt = "lt", "It is less.";
    Lte = "lte", "It is less, or that.";
    Gt = "gt", "It is more.";
    Gte = "gte", "It is more, or that.";
    Contains = "contains", "The text holds that one, or the list that word.";
    StartsWith = "starts_with", "The text starts so.";
    In = "in", "It is one of those.";
    Exists = "exists", "It is there; with false, that it is not.";
    Changed = "changed", "The event changed it.";
    ChangedTo = "changed_to", "The event made it that.";
    ChangedFrom = "changed_from", "The event found it to be that.";
}

/// What a test came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// The field.
    pub field: String,
    /// What was asked of it.
    pub op: Op,
    /// What it was compared with.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Value,
    /// What it was, cut to 200 bytes; null when it was missing.
    #[serde(default)]
    pub saw: Value,
    /// Whether the test held.
    pub held: bool,
}

impl Condition {
    /// Reads the outline of a tree: what is no tree at all is noted with its place.
    pub fn read(value: &Value, at: &str, faults: &mut Faults) -> Option<Self> {
        read(value, at, 1, faults)
    }

    /// Notes unknown fields, what cannot be asked of them, and values of the wrong kind.
    pub fn check(&self, at: &str, faults: &mut Faults) {
        if self.tests() > TESTS {
            faults.add(at, "too_many", format!("at most {TESTS} tests"));
        }
        if self.depth() > DEPTH {
            faults.add(at, "too_deep", format!("at most {DEPTH} levels"));
        }
        self.check_below(at, faults);
    }

    fn check_below(&self, at: &str, faults: &mut Faults) {
        let each = |word: &str, all: &[Self], faults: &mut Faults| {
            for (number, one) in all.iter().enumerate() {
                one.check_below(&format!("{at}/{word}/{number}"), faults);
            }
        };
        match self {
            Self::All(all) => each("all", all, faults),
            Self::Any(all) => each("any", all, faults),
            Self::Not(one) => one.check_below(&format!("{at}/not"), faults),
            Self::Test(test) => test.check(at, faults),
        }
    }

    fn tests(&self) -> usize {
        match self {
            Self::All(all) | Self::Any(all) => all.iter().map(Self::tests).sum(),
            Self::Not(one) => one.tests(),
            Self::Test(_) => 1,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::All(all) | Self::Any(all) => 1 + all.iter().map(Self::depth).max().unwrap_or(0),
            Self::Not(one) => 1 + one.depth(),
            Self::Test(_) => 1,
        }
    }

    /// Whether it holds; every test is tried and noted, also where the others have decided.
    pub fn judge(&self, facts: &Value, changes: &BTreeMap<String, Shift>, findings: &mut Vec<Finding>) -> bool {
        match self {
            Self::All(all) => all.iter().filter(|one| !one.judge(facts, changes, findings)).count() == 0,
            Self::Any(all) => all.iter().filter(|one| one.judge(facts, changes, findings)).count() > 0,
            Self::Not(one) => !one.judge(facts, changes, findings),
            Self::Test(test) => {
                let saw = facts::value(facts, &test.field);
                let held = test.holds(saw, changes);
                findings.push(Finding {
                    field: test.field.clone(),
                    op: test.op,
                    value: test.value.clone(),
                    saw: shown(saw),
                    held,
                });
                held
            }
        }
    }
}

fn shown(value: &Value) -> Value {
    let text = value.to_string();
    match value {
        Value::String(text) if text.len() > SHOWN => Value::String(crate::message::cut(text, SHOWN)),
        Value::Array(_) | Value::Object(_) if text.len() > SHOWN => Value::String(crate::message::cut(&text, SHOWN)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
            value.clone()
        }
    }
}

fn read(value: &Value, at: &str, depth: usize, faults: &mut Faults) -> Option<Condition> {
    if depth > DEPTH {
        faults.add(at, "too_deep", format!("at most {DEPTH} levels"));
        return None;
    }
    let Value::Object(map) = value else {
        faults.add(at, "type", "an object with all, any, not, or field and op is needed");
        return None;
    };
    let mut keys: Vec<&str> = map.keys().map(String::as_str).collect();
    keys.sort_unstable();
    match (keys.as_slice(), map.values().next()) {
        (["all"], Some(all)) => list(all, &format!("{at}/all"), depth, faults).map(Condition::All),
        (["any"], Some(all)) => list(all, &format!("{at}/any"), depth, faults).map(Condition::Any),
        (["not"], Some(one)) => read(one, &format!("{at}/not"), depth + 1, faults).map(|one| Condition::Not(Box::new(one))),
        (["field", "op"] | ["field", "op", "value"], _) => test(map, at, faults).map(Condition::Test),
        _ => {
            faults.add(at, "condition", "an object with all, any, not, or field and op is needed");
            None
        }
    }
}

fn list(value: &Value, at: &str, depth: usize, faults: &mut Faults) -> Option<Vec<Condition>> {
    let Some(all) = value.as_array().filter(|all| !all.is_empty() && all.len() <= TESTS) else {
        faults.add(at, "type", format!("a list of 1 to {TESTS} conditions is needed"));
        return None;
    };
    let read = |(number, one): (usize, &Value)| read(one, &format!("{at}/{number}"), depth + 1, faults);
    all.iter().enumerate().map(read).collect()
}

fn test(map: &Map<String, Value>, at: &str, faults: &mut Faults) -> Option<Test> {
    let field = map.get("field").and_then(Value::as_str);
    if field.is_none() {
        faults.add(format!("{at}/field"), "type", "the name of a field is needed");
    }
    let op = map.get("op").and_then(Value::as_str).and_then(Op::parse);
    if op.is_none() {
        let words: Vec<&str> = Op::ALL.iter().map(|op| op.as_str()).collect();
        faults.add(format!("{at}/op"), "op", format!("one of {}", words.join(", ")));
    }
    Some(Test { field: field?.to_owned(), op: op?, value: map.get("value").cloned().unwrap_or_default() })
}

impl Test {
    /// Notes what is wrong with it.
    pub(super) fn check(&self, at: &str, faults: &mut Faults) {
        let Some(kind) = facts::kind(&self.field) else {
            faults.add(format!("{at}/field"), "unknown", format!("there is no field {}", crate::message::cut(&self.field, 60)));
            return;
        };
        if !kind.ops().contains(&self.op) {
            let words: Vec<&str> = kind.ops().iter().map(|op| op.as_str()).collect();
            faults.add(format!("{at}/op"), "op", format!("of a {} one can ask {}", kind.as_str(), words.join(", ")));
            return;
        }
        if let Err(words) = self.fits(kind) {
            faults.add(format!("{at}/value"), "value", words);
        }
    }

    fn fits(&self, kind: Kind) -> Result<(), String> {
        match self.op {
            Op::Changed if self.value.is_null() => Ok(()),
            Op::Changed => Err("it compares with nothing".to_owned()),
            Op::Exists if self.value.is_null() || self.value.is_boolean() => Ok(()),
            Op::Exists => Err("true or false, or nothing".to_owned()),
            Op::In => match self.value.as_array() {
                Some(all) if !all.is_empty() && all.len() <= VALUES => all.iter().try_for_each(|one| plain(one, kind)),
                Some(_) | None => Err(format!("a list of 1 to {VALUES} values is needed")),
            },
            Op::Contains | Op::StartsWith => plain(&self.value, Kind::Text),
            Op::Lt | Op::Lte | Op::Gt | Op::Gte if kind == Kind::Any => plain(&self.value, Kind::Number)
                .or_else(|_| plain(&self.value, Kind::Time))
                .map_err(|_| "a number or a time is needed".to_owned()),
            Op::Eq | Op::Ne | Op::Lt | Op::Lte | Op::Gt | Op::Gte | Op::ChangedTo | Op::ChangedFrom => plain(&self.value, kind),
        }
    }

    /// Whether it holds of that value.
    fn holds(&self, saw: &Value, changes: &BTreeMap<String, Shift>) -> bool {
        let shift = changes.get(&self.field);
        let below = || {
            let start = format!("{}.", self.field);
            changes.keys().any(|name| name.starts_with(&start))
        };
        let ordered = |fits: fn(Ordering) -> bool| order(saw, &self.value).is_some_and(fits);
        match self.op {
            Op::Eq => same(saw, &self.value),
            Op::Ne => !same(saw, &self.value),
            Op::Lt => ordered(Ordering::is_lt),
            Op::Lte => ordered(Ordering::is_le),
            Op::Gt => ordered(Ordering::is_gt),
            Op::Gte => ordered(Ordering::is_ge),
            Op::Contains => match (saw, self.value.as_str()) {
                (Value::String(text), Some(part)) => text.contains(part),
                (Value::Array(all), Some(_)) => all.iter().any(|one| same(one, &self.value)),
                _ => false,
            },
            Op::StartsWith => saw.as_str().zip(self.value.as_str()).is_some_and(|(text, start)| text.starts_with(start)),
            Op::In => self.value.as_array().is_some_and(|all| all.iter().any(|one| same(saw, one))),
            Op::Exists => is_there(saw) == self.value.as_bool().unwrap_or(true),
            Op::Changed => shift.is_some() || below(),
            Op::ChangedTo => shift.is_some_and(|shift| same(&shift.new, &self.value)),
            Op::ChangedFrom => shift.is_some_and(|shift| same(&shift.old, &self.value)),
        }
    }
}

/// An empty list is none.
fn is_there(value: &Value) -> bool {
    !value.is_null() && value.as_array().is_none_or(|all| !all.is_empty())
}

fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(_), Value::Number(_)) => order(one, other) == Some(Ordering::Equal),
        (Value::String(a), Value::String(b)) if a != b => moment(a).is_some_and(|a| moment(b) == Some(a)),
        _ => one == other,
    }
}

/// Numbers by value, moments by time. Anything else has no order.
fn order(one: &Value, other: &Value) -> Option<Ordering> {
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => match (a.as_i64(), b.as_i64()) {
            (Some(a), Some(b)) => Some(a.cmp(&b)),
            _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
        },
        (Value::String(a), Value::String(b)) => Some(moment(a)?.cmp(&moment(b)?)),
        _ => None,
    }
}

fn moment(text: &str) -> Option<Time> {
    // Only what looks like a moment is read as one.
    text.as_bytes().first().filter(|first| first.is_ascii_digit() && text.len() >= 20).and_then(|_| Time::parse(text).ok())
}

fn plain(value: &Value, kind: Kind) -> Result<(), String> {
    let good = match kind {
        Kind::Text | Kind::List => value.as_str().is_some_and(|text| text.len() <= TEXT),
        Kind::Number => value.is_number(),
        Kind::Boolean => value.is_boolean(),
        Kind::Time => value.as_str().is_some_and(|text| moment(text).is_some()),
        Kind::Any => value.is_number() || value.is_boolean() || value.as_str().is_some_and(|text| text.len() <= TEXT),
    };
    let needed = match kind {
        Kind::Text | Kind::List => format!("text of at most {TEXT} bytes is needed"),
        Kind::Number => "a number is needed".to_owned(),
        Kind::Boolean => "true or false is needed".to_owned(),
        Kind::Time => "an RFC 3339 timestamp is needed".to_owned(),
        Kind::Any => format!("a number, true or false, or text of at most {TEXT} bytes is needed"),
    };
    if good { Ok(()) } else { Err(needed) }
}

impl From<Condition> for Value {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::All(all) => json!({ "all": all }),
            Condition::Any(all) => json!({ "any": all }),
            Condition::Not(one) => json!({ "not": one }),
            Condition::Test(Test { field, op, value: Self::Null }) => json!({ "field": field, "op": op }),
            Condition::Test(Test { field, op, value }) => json!({ "field": field, "op": op, "value": value }),
        }
    }
}

impl TryFrom<Value> for Condition {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let mut faults = Faults::default();
        Self::read(&value, "", &mut faults).ok_or_else(|| format!("{:?}", faults.check()))
    }
}
