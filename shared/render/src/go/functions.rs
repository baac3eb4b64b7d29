//! The functions of Go templates: which there are, which arguments are paid for, and our own.
//!
//! The engine's functions cannot be wrapped, so `tree` puts `__cost` around their arguments instead.
//!
//! Invariant: a function that is not listed here does not exist, and none reads the environment, the
//! clock or anything else outside its arguments.

use std::sync::Arc;

use gotmpl::{FuncMap, Result, SafeKind, TemplateError, Value};

use crate::meter::{self, Spent};

/// The functions of the engine that read their arguments as a whole.
const READING: [&str; 14] =
    ["eq", "ge", "gt", "html", "index", "js", "le", "lt", "ne", "print", "printf", "println", "slice", "urlquery"];
/// The functions of the engine that look at their arguments only.
const LOOKING: [&str; 4] = ["and", "len", "not", "or"];
/// Our own, which pay for themselves: what the older systems offered.
const OWN: [&str; 6] = ["default", "lower", "safeHTML", "title", "trim", "upper"];
/// How deep a value may nest.
const DEPTH: usize = 40;

pub(super) fn is_function(name: &str) -> bool {
    READING.contains(&name) || LOOKING.contains(&name) || OWN.contains(&name)
}

pub(super) fn reads(name: &str) -> bool {
    READING.contains(&name)
}

pub(super) fn refuse(spent: Spent) -> TemplateError {
    TemplateError::Exec(spent.to_string())
}

/// Our functions, and those that `tree` inserts.
pub(super) fn functions() -> FuncMap {
    let mut map = FuncMap::new();
    let mut add = |name: &str, f: fn(&[Value]) -> Result<Value>| {
        map.insert(name.to_owned(), Arc::new(f));
    };
    add("default", default);
    add("upper", |args| text(args, str::to_uppercase));
    add("lower", |args| text(args, str::to_lowercase));
    add("trim", |args| text(args, |s| s.trim().to_owned()));
    add("title", |args| text(args, title));
    add("safeHTML", safe);
    add("__step", step);
    add("__show", show);
    add("__cost", cost);
    add("__format", format);
    add("__keep", keep);
    map
}

fn invalid(message: &str) -> TemplateError {
    TemplateError::Exec(message.to_owned())
}

fn last(args: &[Value]) -> Value {
    args.last().cloned().unwrap_or(Value::Nil)
}

/// The bytes of a value with everything in it, up to `cap`.
fn weigh(value: &Value, depth: usize, cap: usize) -> Result<usize> {
    if depth > DEPTH {
        return Err(refuse(Spent::Depth));
    }
    let mut total = 0;
    match value {
        Value::String(s) | Value::Safe { s, .. } => total += s.len(),
        Value::List(items) => {
            for item in items.iter() {
                total += 32 + weigh(item, depth + 1, cap)?;
                if total > cap {
                    break;
                }
            }
        }
        Value::Map(map) => {
            for (key, item) in map.iter() {
                total += 32 + key.len() + weigh(item, depth + 1, cap)?;
                if total > cap {
                    break;
                }
            }
        }
        Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Float(_) | Value::Function(_) => total += 16,
    }
    if total > cap {
        return Err(refuse(Spent::Value));
    }
    Ok(total)
}

/// `__step n`: pays for the nodes of a body.
fn step(args: &[Value]) -> Result<Value> {
    let steps = args.first().and_then(Value::as_int).unwrap_or(i64::MAX);
    meter::step(u64::try_from(steps).unwrap_or(u64::MAX)).map_err(refuse)?;
    Ok(Value::Bool(false))
}

/// `__show`: a missing value is written as nothing, not as `<no value>`.
fn show(args: &[Value]) -> Result<Value> {
    match last(args) {
        Value::Nil => Ok(Value::String(Arc::from(""))),
        value => Ok(value),
    }
}

/// `__cost`: pays for an argument that is about to be read.
fn cost(args: &[Value]) -> Result<Value> {
    let value = last(args);
    let weight = weigh(&value, 0, meter::room())?;
    // What is built of it may be as long again.
    meter::build(weight).map_err(refuse)?;
    Ok(value)
}

/// `__format`: pays for the widths and precisions that a format asks for.
fn format(args: &[Value]) -> Result<Value> {
    let value = cost(args)?;
    let format = value.as_str().unwrap_or_default();
    if format.contains('*') && format.contains('%') {
        return Err(invalid("printf takes its widths as digits, not as *"));
    }
    let widths = format
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse::<usize>().unwrap_or(usize::MAX))
        .fold(0, usize::saturating_add);
    meter::build(widths).map_err(refuse)?;
    Ok(value)
}

/// `__keep`: lets a value be assigned to a variable.
fn keep(args: &[Value]) -> Result<Value> {
    let value = last(args);
    if value.as_str().is_some_and(|text| text.len() > meter::room()) {
        return Err(refuse(Spent::Value));
    }
    Ok(value)
}

/// `default "there" .contact.first_name`, also behind a pipe.
fn default(args: &[Value]) -> Result<Value> {
    let [other, value] = args else {
        return Err(invalid("default takes a value to fall back to and a value"));
    };
    let empty = match value {
        Value::Nil => true,
        Value::String(s) => s.is_empty(),
        Value::Bool(_)
        | Value::Int(_)
        | Value::Uint(_)
        | Value::Float(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Function(_)
        | Value::Safe { .. } => false,
    };
    Ok(if empty { other.clone() } else { value.clone() })
}

fn text(args: &[Value], change: impl Fn(&str) -> String) -> Result<Value> {
    match args {
        [Value::Nil] => Ok(Value::String(Arc::from(""))),
        [value] => {
            let weight = weigh(value, 0, meter::room())?;
            meter::build(weight.saturating_mul(2)).map_err(refuse)?;
            let changed = match value.as_str() {
                Some(text) => change(text),
                None => change(&value.to_string()),
            };
            Ok(Value::String(Arc::from(changed)))
        }
        _ => Err(invalid("this function takes one value")),
    }
}

fn title(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut first = true;
    for c in text.chars() {
        if first {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        first = c.is_whitespace() || c == '-';
    }
    out
}

/// `safeHTML`: the author vouches for a text.
fn safe(args: &[Value]) -> Result<Value> {
    match last(args) {
        Value::String(s) => Ok(Value::Safe { kind: SafeKind::Html, s }),
        value => Ok(value),
    }
}
