//! The guards that the printed form of a template calls: they pay for what is about to be read, built
//! or kept, and refuse what the engine cannot survive.
//!
//! Invariants: a value that passed [`keep`] is at most [`DEPTH`] levels deep, not larger than one
//! value may be, and never computed lazily, so printing, comparing and dropping it is bounded. A
//! namespace never holds a namespace, so no value can contain itself.

use std::fmt::Write;

use minijinja::value::{ObjectRepr, Rest, Tuple, ValueKind};
use minijinja::{Error, ErrorKind, State, UndefinedBehavior, Value};

use crate::meter::{self, Spent};

/// How deep lists and maps may nest.
const DEPTH: usize = 40;
/// What one element of a list or map counts for.
const ELEMENT: usize = 32;

pub(super) fn refuse(spent: Spent) -> Error {
    Error::new(ErrorKind::InvalidOperation, spent.to_string()).with_source(spent)
}

fn invalid(message: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// The bytes of a value with everything in it, as long as that stays under `cap`.
fn weigh(value: &Value, cap: usize) -> Result<usize, Error> {
    let mut total = 0;
    weigh_into(value, 0, cap, &mut total)?;
    Ok(total)
}

fn weigh_into(value: &Value, depth: usize, cap: usize, total: &mut usize) -> Result<(), Error> {
    if let Some(text) = value.as_str() {
        *total += text.len();
    } else if let Some(object) = value.as_object() {
        if depth > DEPTH {
            return Err(refuse(Spent::Depth));
        }
        match object.repr() {
            ObjectRepr::Map => {
                for (key, value) in object.try_iter_pairs().into_iter().flatten() {
                    *total += ELEMENT;
                    weigh_into(&key, depth + 1, cap, total)?;
                    weigh_into(&value, depth + 1, cap, total)?;
                }
            }
            ObjectRepr::Seq | ObjectRepr::Iterable => {
                for item in object.try_iter().into_iter().flatten() {
                    *total += ELEMENT;
                    weigh_into(&item, depth + 1, cap, total)?;
                }
            }
            _ => {}
        }
    }
    if *total > cap {
        return Err(refuse(Spent::Work));
    }
    Ok(())
}

/// Pays for reading a value as a whole.
pub(super) fn read(value: &Value) -> Result<(), Error> {
    if let Some(text) = value.as_str() {
        meter::spend(text.len()).map_err(refuse)
    } else if value.as_object().is_some() {
        // Not more than one value may be: several of them stand in one expression.
        let weight = weigh(value, 4 * meter::room())?;
        meter::spend(weight).map_err(refuse)
    } else {
        Ok(())
    }
}

/// `__cost`: pays for an operand.
pub(super) fn cost(value: &Value) -> Result<Value, Error> {
    read(value)?;
    Ok(value.clone())
}

/// `__base`: pays for looking far into a value: text and what is computed on demand are counted through.
pub(super) fn base(value: &Value) -> Result<Value, Error> {
    let steps = match (value.as_str(), value.kind()) {
        (Some(text), _) => text.len(),
        (None, ValueKind::Iterable) => value.len().unwrap_or_default().saturating_mul(ELEMENT),
        (None, _) => 0,
    };
    meter::spend(steps).map_err(refuse)?;
    Ok(value.clone())
}

/// `__keep`: lets a value outlive its expression.
pub(super) fn keep(value: &Value) -> Result<Value, Error> {
    if let Some(text) = value.as_str() {
        if text.len() > meter::room() {
            return Err(refuse(Spent::Value));
        }
        return Ok(value.clone());
    }
    if value.as_object().is_none() {
        return Ok(value.clone());
    }
    let weight = weigh(value, meter::room())?;
    meter::spend(weight).map_err(refuse)?;
    settle(value)
}

/// `__field`: lets a value be stored in a namespace.
pub(super) fn field(value: &Value) -> Result<Value, Error> {
    let kept = keep(value)?;
    if holds_namespace(&kept, 0) {
        return Err(invalid("a namespace can hold text, numbers, lists and maps only"));
    }
    Ok(kept)
}

fn holds_namespace(value: &Value, depth: usize) -> bool {
    let Some(object) = value.as_object() else {
        return false;
    };
    // `keep` has refused what is deeper.
    if depth > DEPTH {
        return true;
    }
    match object.repr() {
        ObjectRepr::Map => {
            object.type_name().contains("Namespace")
                || object.type_name().contains("Module")
                || object.try_iter_pairs().into_iter().flatten().any(|(_, value)| holds_namespace(&value, depth + 1))
        }
        ObjectRepr::Seq | ObjectRepr::Iterable => {
            object.try_iter().into_iter().flatten().any(|item| holds_namespace(&item, depth + 1))
        }
        _ => true,
    }
}

/// Turns what the engine computes on demand into what it is: lazy values on lazy values nest without
/// a visible depth.
pub(super) fn settle(value: &Value) -> Result<Value, Error> {
    match value.kind() {
        ValueKind::Iterable => Ok(Value::from(items(value)?)),
        ValueKind::Seq if lazy(value) => Ok(Value::from(items(value)?)),
        ValueKind::Map if lazy(value) => {
            Ok(Value::from_pairs(value.as_object().and_then(|map| map.try_iter_pairs()).into_iter().flatten()))
        }
        _ => Ok(value.clone()),
    }
}

fn lazy(value: &Value) -> bool {
    value.as_object().is_some_and(|object| object.type_name().contains("Merge"))
}

/// The items of a value, paid for while they are taken.
pub(super) fn items(value: &Value) -> Result<Vec<Value>, Error> {
    let mut found = Vec::new();
    for item in value.try_iter()? {
        meter::spend(ELEMENT).map_err(refuse)?;
        found.push(item);
    }
    Ok(found)
}

/// The error of the engine for a missing value, which says where it came from.
fn undefined(value: &Value) -> Error {
    value.get_attr("").err().unwrap_or_else(|| Error::from(ErrorKind::UndefinedError))
}

/// `__text`: pays for the text of a body that may be captured.
pub(super) fn text(bytes: usize) -> Result<bool, Error> {
    meter::spend(bytes).map_err(refuse)?;
    Ok(false)
}

/// Whether a missing value is a fault here.
fn strict(state: &State) -> bool {
    matches!(state.undefined_behavior(), UndefinedBehavior::Strict | UndefinedBehavior::SemiStrict)
}

/// `a ~ b ~ c`.
pub(super) fn join(state: &State, first: &Value, others: Rest<Value>) -> Result<Value, Error> {
    let strict = strict(state);
    let mut bytes = 0;
    for value in std::iter::once(first).chain(others.iter()) {
        if strict && value.is_undefined() {
            return Err(undefined(value));
        }
        bytes += match value.as_str() {
            Some(text) => text.len(),
            None if value.as_object().is_some() => weigh(value, meter::room())?,
            None => 24,
        };
    }
    meter::build(bytes).map_err(refuse)?;
    let mut out = String::with_capacity(bytes);
    for value in std::iter::once(first).chain(others.iter()) {
        match value.as_str() {
            Some(text) => out.push_str(text),
            None => write!(out, "{value}").map_err(Error::from)?,
        }
    }
    // Text inside a list is written with escapes.
    if out.len() > bytes {
        meter::build(out.len()).map_err(refuse)?;
    }
    Ok(Value::from(out))
}

/// `a * b`: numbers multiply, text and lists repeat.
pub(super) fn times(left: &Value, right: &Value) -> Result<Value, Error> {
    let (repeated, count) = if repeats(left) {
        (left, right)
    } else if repeats(right) {
        (right, left)
    } else {
        return multiply(left, right);
    };
    let count = count.as_usize().ok_or_else(|| invalid("text and lists can only be repeated a whole number of times"))?;
    if let Some(text) = repeated.as_str() {
        meter::build(text.len().saturating_mul(count)).map_err(refuse)?;
        return Ok(Value::from(text.repeat(count)));
    }
    let items = items(repeated)?;
    let bytes = items.len().saturating_mul(count).saturating_mul(ELEMENT);
    meter::build(bytes).map_err(refuse)?;
    let len = items.len() * count;
    let items = items.into_iter().cycle().take(len).collect();
    Ok(list_like(repeated, items))
}

/// A tuple when it was made from one, else a list.
fn list_like(origin: &Value, items: Vec<Value>) -> Value {
    if origin.is_tuple() { Value::from(Tuple::from(items)) } else { Value::from(items) }
}

fn repeats(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::String | ValueKind::Seq | ValueKind::Iterable)
}

fn multiply(left: &Value, right: &Value) -> Result<Value, Error> {
    for side in [left, right] {
        if !matches!(side.kind(), ValueKind::Number | ValueKind::Bool) {
            let message = format!("cannot multiply {} and {}", left.kind(), right.kind());
            return Err(if side.is_undefined() { undefined(side) } else { Error::new(ErrorKind::InvalidOperation, message) });
        }
    }
    let whole = |v: &Value| v.is_integer() || v.kind() == ValueKind::Bool;
    if whole(left) && whole(right) {
        let (a, b) = (i128::try_from(left.clone())?, i128::try_from(right.clone())?);
        let product = a.checked_mul(b).ok_or_else(|| invalid("the product is too large"))?;
        return Ok(i64::try_from(product).map_or_else(|_| Value::from(product), Value::from));
    }
    let float = |v: &Value| match v.kind() {
        ValueKind::Bool => Ok(f64::from(u8::from(v.is_true()))),
        _ => f64::try_from(v.clone()),
    };
    Ok(Value::from(float(left)? * float(right)?))
}

/// `x[start:stop:step]` with Python's rules.
pub(super) fn slice(
    state: &State,
    value: &Value,
    start: Option<i64>,
    stop: Option<i64>,
    step: Option<i64>,
) -> Result<Value, Error> {
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(invalid("cannot slice with a step of 0"));
    }
    if let Some(text) = value.as_str() {
        meter::spend(4 * text.len()).map_err(refuse)?;
        let chars: Vec<char> = text.chars().collect();
        return Ok(Value::from(picked(&chars, start, stop, step).collect::<String>()));
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let items = items(value)?;
            let picked = picked(&items, start, stop, step).collect();
            Ok(list_like(value, picked))
        }
        ValueKind::Undefined if strict(state) => Err(undefined(value)),
        ValueKind::Undefined | ValueKind::None => Ok(Value::from(Vec::<Value>::new())),
        kind => Err(Error::new(ErrorKind::InvalidOperation, format!("{kind} cannot be sliced"))),
    }
}

/// The items that a slice selects.
fn picked<T: Clone>(items: &[T], start: Option<i64>, stop: Option<i64>, step: i64) -> impl Iterator<Item = T> {
    let len = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let (low, high) = if step > 0 { (0, len) } else { (-1, len - 1) };
    let bound = |at: i64| {
        let at = if at < 0 { at.saturating_add(len) } else { at };
        at.clamp(low, high)
    };
    let (from, to) = if step > 0 {
        (start.map_or(0, bound), stop.map_or(len, bound))
    } else {
        (start.map_or(len - 1, bound), stop.map_or(-1, bound))
    };
    std::iter::successors(Some(from), move |at| at.checked_add(step))
        .take_while(move |at| if step > 0 { *at < to } else { *at > to })
        .filter_map(|at| items.get(usize::try_from(at).ok()?).cloned())
}

/// `range`, with Python's arguments.
pub(super) fn range(lower: i64, upper: Option<i64>, step: Option<i64>) -> Result<Value, Error> {
    let (from, to) = upper.map_or((0, lower), |upper| (lower, upper));
    let step = step.unwrap_or(1);
    if step == 0 {
        return Err(invalid("cannot count with a step of 0"));
    }
    let span = i128::from(to) - i128::from(from);
    let count = if (span > 0) == (step > 0) { (span.unsigned_abs()).div_ceil(u128::from(step.unsigned_abs())) } else { 0 };
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count > 10_000 {
        return Err(refuse(Spent::Work));
    }
    let count = i64::try_from(count).unwrap_or_default();
    // Counted while it is looped over; whoever stores it takes the items.
    Ok(Value::make_iterable(move || (0..count).map(move |i| from.wrapping_add(i.wrapping_mul(step)))))
}
