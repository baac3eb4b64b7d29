//! Hands the variables of a message to the engine: those that the template reads, without nulls.
//!
//! A context holds everything that is known of a contact, and converting it costs more than rendering
//! a small page; so only what the template can reach is converted.
//!
//! Invariant: what is left out cannot be read: every name in a template is either looked up as
//! written here, or taken whole.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use serde_json::{Map, Value as Json};

use super::names::Uses;
use super::rewrite::RESERVED;
use crate::context::{aliases, find};
use crate::meter::Spent;

/// How deep values may nest.
const DEPTH: usize = 32;
/// What one value counts for.
const ELEMENT: usize = 32;

/// What a template reads of its context.
#[derive(Default)]
pub(super) struct Wanted {
    roots: BTreeMap<String, Fields>,
    /// Bare camel case names, with the fields they may stand for.
    aliases: Vec<(String, Vec<String>)>,
}

/// What is read of one variable.
enum Fields {
    All,
    Only(BTreeSet<String>),
}

impl Wanted {
    /// `assigned` are names that a tag gives a value: before it does, they are read here.
    pub(super) fn new(uses: &Uses, assigned: &BTreeSet<String>) -> Wanted {
        let mut roots: BTreeMap<String, Fields> = BTreeMap::new();
        for path in uses.keys() {
            let mut steps = path.split('.');
            let root = steps.next().unwrap_or_default().to_owned();
            let fields = roots.entry(root).or_insert_with(|| Fields::Only(BTreeSet::new()));
            match (steps.next(), fields) {
                (Some(field), Fields::Only(known)) => {
                    known.insert(field.to_owned());
                }
                (None, fields) => *fields = Fields::All,
                (Some(_), Fields::All) => {}
            }
        }
        roots.extend(assigned.iter().map(|name| (name.clone(), Fields::All)));
        // `loop.index` counts as a number without a look at it, so no message may bring a `loop`.
        roots.retain(|name, _| !RESERVED.contains(&name.as_str()));
        let aliases = roots.keys().map(|name| (name.clone(), aliases(name)));
        let aliases = aliases.filter(|(_, paths)| !paths.is_empty()).collect();
        Wanted { roots, aliases }
    }

    /// The context for the engine. The room is what it may take.
    pub(super) fn of(&self, context: &Json, mut room: usize) -> Result<Value, Spent> {
        let Json::Object(map) = context else {
            return Ok(Value::from_pairs(std::iter::empty::<(Value, Value)>()));
        };
        let mut pairs: Vec<(&str, Value)> = Vec::with_capacity(self.roots.len());
        for (name, fields) in &self.roots {
            let value = match (map.get(name), fields) {
                (None | Some(Json::Null), _) => continue,
                (Some(Json::Object(object)), Fields::Only(fields)) => some(object, fields, &mut room)?,
                (Some(value), _) => whole(value, &mut room)?,
            };
            pairs.push((name, value));
        }
        for (name, paths) in &self.aliases {
            if find(context, name).is_none()
                && let Some(value) = paths.iter().find_map(|path| find(context, path))
            {
                pairs.push((name, whole(value, &mut room)?));
            }
        }
        Ok(Value::from_pairs(pairs))
    }
}

fn some(object: &Map<String, Json>, fields: &BTreeSet<String>, room: &mut usize) -> Result<Value, Spent> {
    let found = || fields.iter().filter_map(|field| Some((field, object.get(field)?))).filter(|(_, v)| !v.is_null());
    for (field, value) in found() {
        measure(value, 0, room)?;
        *room = room.checked_sub(field.len()).ok_or(Spent::Value)?;
    }
    Ok(Value::from_pairs(found().map(|(field, value)| (field.as_str(), convert(value)))))
}

fn whole(value: &Json, room: &mut usize) -> Result<Value, Spent> {
    measure(value, 0, room)?;
    Ok(convert(value))
}

/// Takes the size of a value from the room.
fn measure(value: &Json, depth: usize, room: &mut usize) -> Result<(), Spent> {
    if depth > DEPTH {
        return Err(Spent::Depth);
    }
    let bytes = ELEMENT + value.as_str().map_or(0, str::len);
    *room = room.checked_sub(bytes).ok_or(Spent::Value)?;
    match value {
        Json::Array(items) => items.iter().try_for_each(|item| measure(item, depth + 1, room)),
        Json::Object(map) => map.iter().try_for_each(|(key, item)| {
            *room = room.checked_sub(key.len()).ok_or(Spent::Value)?;
            measure(item, depth + 1, room)
        }),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
    }
}

/// Runs on measured values only, so it cannot go too deep.
fn convert(value: &Json) -> Value {
    match value {
        Json::Null => Value::from(()),
        Json::Bool(b) => Value::from(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(n), _) => Value::from(n),
            (None, Some(n)) => Value::from(n),
            (None, None) => Value::from(n.as_f64().unwrap_or_default()),
        },
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(items) => items.iter().map(convert).collect(),
        Json::Object(map) => {
            Value::from_pairs(map.iter().filter(|(_, v)| !v.is_null()).map(|(key, v)| (key.as_str(), convert(v))))
        }
    }
}
