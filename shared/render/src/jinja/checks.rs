//! What each filter is about to read and build, checked before it runs.
//!
//! Invariant: a check pays at least for what its filter takes; where that cannot be told from the
//! arguments alone, what the filter has made is paid for when it ends.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

use super::guards;
use crate::meter::{self, Spent};

/// What one element of a list counts for.
const ELEMENT: usize = 32;
/// The most groups that `batch` and `slice` make, and the widest indent.
const PARTS: usize = 10_000;

/// Pays for a result, and takes what is computed lazily.
pub(super) fn finish(result: Value) -> Result<Value, Error> {
    if let Some(text) = result.as_str() {
        meter::build(text.len()).map_err(guards::refuse)?;
        return Ok(result);
    }
    let settled = guards::settle(&result)?;
    if settled.as_object().is_some() {
        spend(settled.len().unwrap_or_default(), ELEMENT)?;
    }
    Ok(settled)
}

fn spend(count: usize, each: usize) -> Result<(), Error> {
    meter::spend(count.saturating_mul(each)).map_err(guards::refuse)
}

fn build(bytes: usize) -> Result<(), Error> {
    meter::build(bytes).map_err(guards::refuse)
}

fn text_of(args: &[Value], at: usize) -> &str {
    args.get(at).and_then(Value::as_str).unwrap_or_default()
}

/// A named argument, which the engine passes in a map at the end.
fn named(args: &[Value], name: &str) -> Option<Value> {
    let last = args.last()?;
    let found = (last.kind() == ValueKind::Map).then(|| last.get_attr(name).ok())??;
    (!found.is_undefined()).then_some(found)
}

pub(super) fn read_all(args: &[Value]) -> Result<(), Error> {
    args.iter().try_for_each(guards::read)
}

pub(super) fn read_text(args: &[Value]) -> Result<(), Error> {
    spend(text_of(args, 0).len(), 1)
}

pub(super) fn attr(args: &[Value]) -> Result<(), Error> {
    args.iter().skip(1).try_for_each(guards::read)?;
    args.first().map_or(Ok(()), |value| guards::base(value).map(|_| ()))
}

/// The number of items; text counts by its characters.
fn count(value: &Value) -> usize {
    match value.as_str() {
        Some(text) => text.len(),
        None => value.len().unwrap_or_else(meter::room),
    }
}

/// For filters that make a list of what they are given.
pub(super) fn items(args: &[Value]) -> Result<(), Error> {
    spend(args.first().map_or(0, count), ELEMENT)
}

pub(super) fn pairs(args: &[Value]) -> Result<(), Error> {
    args.iter().try_for_each(|arg| spend(count(arg), 3 * ELEMENT))
}

pub(super) fn sorted(args: &[Value]) -> Result<(), Error> {
    items(args)?;
    // Values are compared about 16 times each.
    for _ in 0..8 {
        read_all(args)?;
    }
    Ok(())
}

/// For filters that run a test or filter on each item with the other arguments.
pub(super) fn each(args: &[Value]) -> Result<(), Error> {
    items(args)?;
    read_all(args)?;
    let others: usize =
        args.iter().skip(1).map(|arg| arg.as_str().map_or(ELEMENT, str::len) + arg.len().unwrap_or(0) * ELEMENT).sum();
    spend(args.first().map_or(0, count), others)
}

pub(super) fn trim(args: &[Value]) -> Result<(), Error> {
    read_all(args)?;
    spend(text_of(args, 0).len(), text_of(args, 1).len())
}

pub(super) fn replace(args: &[Value]) -> Result<(), Error> {
    read_all(args)?;
    let (text, from, to) = (text_of(args, 0), text_of(args, 1), text_of(args, 2));
    let found = text.matches(from).count();
    build(text.len().saturating_add(found.saturating_mul(to.len())))
}

pub(super) fn split(args: &[Value]) -> Result<(), Error> {
    read_all(args)?;
    let text = text_of(args, 0);
    let pieces = match args.get(1).and_then(Value::as_str) {
        Some(separator) => text.matches(separator).count(),
        None => text.split_whitespace().count(),
    };
    spend(pieces, ELEMENT)
}

pub(super) fn lines(args: &[Value]) -> Result<(), Error> {
    read_all(args)?;
    spend(text_of(args, 0).lines().count(), ELEMENT)
}

pub(super) fn parts(args: &[Value]) -> Result<(), Error> {
    items(args)?;
    let parts = args.get(1).and_then(Value::as_usize).unwrap_or_default();
    if parts > PARTS {
        return Err(guards::refuse(Spent::Value));
    }
    spend(parts, ELEMENT)
}

pub(super) fn format(args: &[Value]) -> Result<(), Error> {
    read_all(args)?;
    let format = text_of(args, 0);
    if format.contains('*') && format.contains('%') {
        return Err(Error::new(ErrorKind::InvalidOperation, "a format takes its widths as digits, not as *"));
    }
    let widths = format
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse::<usize>().unwrap_or(usize::MAX))
        .fold(format.len(), usize::saturating_add);
    build(widths)
}

pub(super) fn join(args: &[Value]) -> Result<(), Error> {
    items(args)?;
    read_all(args)?;
    let joiner = match args.get(1).and_then(Value::as_str) {
        Some(joiner) => joiner.len(),
        None => named(args, "d").map_or(0, |d| d.as_str().map_or(0, str::len)),
    };
    build(args.first().map_or(0, count).saturating_mul(joiner))
}

pub(super) fn indent(args: &[Value]) -> Result<(), Error> {
    read_all(args)?;
    let width = args.get(1).and_then(Value::as_usize).or_else(|| named(args, "width")?.as_usize()).unwrap_or(4);
    let lines = text_of(args, 0).lines().count() + 1;
    build(lines.saturating_mul(width))
}

pub(super) fn tojson(args: &[Value]) -> Result<(), Error> {
    read_all(args)?;
    let indent = args.get(1).and_then(Value::as_usize).or_else(|| named(args, "indent")?.as_usize()).unwrap_or(2);
    if indent > 16 {
        return Err(guards::refuse(Spent::Value));
    }
    Ok(())
}

pub(super) fn sum(args: &[Value]) -> Result<(), Error> {
    items(args)?;
    read_all(args)?;
    let start = args.get(2).cloned().or_else(|| named(args, "start"));
    if start.is_some_and(|start| matches!(start.kind(), ValueKind::String | ValueKind::Seq)) {
        return Err(Error::new(ErrorKind::InvalidOperation, "sum adds numbers"));
    }
    Ok(())
}
