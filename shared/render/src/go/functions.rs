//! The functions of Go templates, each behind a check of what it is about to read and build.
//!
//! Invariant: a function that is not listed here does not exist, and no function reads the
//! environment, the clock or anything else outside its arguments.

use std::sync::Arc;

use gotmpl::{FuncMap, Result, SafeKind, TemplateError, Value};

use crate::meter::{self, Spent};

/// The functions of the engine, which are wrapped.
const BUILTIN: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or",
    "print", "printf", "println", "slice", "urlquery",
];
/// Our own: what the older systems offered.
const OWN: [&str; 6] = ["default", "lower", "safeHTML", "title", "trim", "upper"];

pub(super) fn is_function(name: &str) -> bool {
    BUILTIN.contains(&name) || OWN.contains(&name)
}

pub(super) fn refuse(spent: Spent) -> TemplateError {
    TemplateError::Exec(spent.to_string())
}

/// All functions: the engine's behind a check, then our own, then the two that `tree` inserts.
pub(super) fn functions() -> Result<FuncMap> {
    let mut map = FuncMap::new();
    for name in BUILTIN {
        map.insert(name.to_owned(), Arc::new(move |args: &[Value]| builtin(name, args)));
    }
    map.insert("default".into(), Arc::new(default));
    map.insert("upper".into(), Arc::new(|args: &[Value]| text(args, str::to_uppercase)));
    map.insert("lower".into(), Arc::new(|args: &[Value]| text(args, str::to_lowercase)));
    map.insert("trim".into(), Arc::new(|args: &[Value]| text(args, |s| s.trim().to_owned())));
    map.insert("title".into(), Arc::new(|args: &[Value]| text(args, title)));
    map.insert("safeHTML".into(), Arc::new(safe));
    map.insert("__step".into(), Arc::new(step));
    map.insert("__show".into(), Arc::new(show));
    Ok(map)
}

/// Runs a function of the engine after paying for what it reads and may build.
fn builtin(name: &str, args: &[Value]) -> Result<Value> {
    let bytes = args.iter().fold(0, |sum: usize, arg| sum.saturating_add(weigh(arg)));
    match name {
        // Written with escapes, the longest of which are six bytes.
        "html" | "js" | "urlquery" => meter::build(bytes.saturating_mul(2)),
        "print" | "println" => meter::build(bytes),
        "printf" => meter::build(bytes.saturating_add(widths(args)?)),
        // Only looks at what it is given.
        "and" | "or" | "not" | "len" => Ok(()),
        "index" => meter::spend(args.iter().skip(1).map(weigh).sum()),
        _ => meter::spend(bytes),
    }
    .map_err(refuse)?;
    let result = native(name, args)?;
    if let Some(text) = result.as_str() {
        meter::build(text.len()).map_err(refuse)?;
    }
    Ok(result)
}

/// The engine offers its functions only through a template, so one is kept for each.
fn native(name: &str, args: &[Value]) -> Result<Value> {
    super::natives::call(name, args)
}

/// The sum of all widths and precisions that a format asks for.
fn widths(args: &[Value]) -> Result<usize> {
    let format = args.first().and_then(Value::as_str).unwrap_or_default();
    if format.contains('*') && format.contains('%') {
        let message = "printf takes its widths as digits, not as *";
        return Err(TemplateError::Exec(message.into()));
    }
    Ok(format
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse::<usize>().unwrap_or(usize::MAX))
        .fold(0, usize::saturating_add))
}
