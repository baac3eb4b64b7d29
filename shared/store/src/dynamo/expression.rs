//! Conditions and changes in DynamoDB's expression language.

use std::collections::HashMap;

use super::Wire;
use crate::Value;
use crate::change::{Change, Cond, n};
use crate::schema::{Attr, attr};

/// Names and values of one request's expressions; only what is used is sent, as DynamoDB demands.
#[derive(Default)]
pub(super) struct Expression {
    names: HashMap<String, String>,
    values: Wire,
}

impl Expression {
    pub(super) fn name(&mut self, attr: &Attr) -> String {
        let placeholder = format!("#{}", attr.as_str());
        self.names.insert(placeholder.clone(), attr.as_str().to_owned());
        placeholder
    }

    pub(super) fn value(&mut self, value: &Value) -> String {
        let placeholder = format!(":v{}", self.values.len());
        self.values.insert(placeholder.clone(), value.clone().into());
        placeholder
    }

    pub(super) fn cond(&mut self, cond: &Cond) -> String {
        match cond {
            Cond::Absent => format!("attribute_not_exists({})", self.name(&attr::PK)),
            Cond::Present => format!("attribute_exists({})", self.name(&attr::PK)),
            Cond::Version(version) => {
                let name = self.name(&attr::VERSION);
                let value = self.value(&n(i64::try_from(*version).unwrap_or(i64::MAX)));
                format!("{name} = {value}")
            }
            Cond::Is(attr, value) => {
                let name = self.name(attr);
                let value = self.value(value);
                format!("{name} = {value}")
            }
            Cond::In(_, values) if values.is_empty() => self.constant("AND"),
            Cond::In(attr, values) => {
                let name = self.name(attr);
                let values: Vec<_> = values.iter().map(|value| self.value(value)).collect();
                format!("{name} IN ({})", values.join(", "))
            }
            Cond::Below(attr, value) => {
                let name = self.name(attr);
                let value = self.value(value);
                format!("(attribute_not_exists({name}) OR {name} < {value})")
            }
            Cond::Missing(attr) => format!("attribute_not_exists({})", self.name(attr)),
            Cond::All(conds) if conds.is_empty() => self.constant("OR"),
            Cond::Any(conds) if conds.is_empty() => self.constant("AND"),
            Cond::All(conds) => self.joined(conds, " AND "),
            Cond::Any(conds) => self.joined(conds, " OR "),
        }
    }

    /// DynamoDB refuses parentheses around nothing and around what already stands in parentheses.
    fn joined(&mut self, conds: &[Cond], word: &str) -> String {
        let mut parts: Vec<_> = conds.iter().map(|cond| self.cond(cond)).collect();
        match parts.pop() {
            None => String::new(),
            Some(only) if parts.is_empty() => only,
            Some(last) => {
                parts.push(last);
                format!("({})", parts.join(word))
            }
        }
    }

    /// A condition that holds for every row, or for none.
    fn constant(&mut self, word: &str) -> String {
        let name = self.name(&attr::PK);
        format!("(attribute_exists({name}) {word} attribute_not_exists({name}))")
    }

    pub(super) fn change(&mut self, change: &Change) -> String {
        let mut sets: Vec<String> = Vec::new();
        for (attr, value) in &change.sets {
            let name = self.name(attr);
            let value = self.value(value);
            sets.push(format!("{name} = {value}"));
        }
        for (attr, elements) in &change.appends {
            let name = self.name(attr);
            let empty = self.value(&Value::L(Vec::new()));
            let list = self.value(&Value::L(elements.clone()));
            sets.push(format!("{name} = list_append(if_not_exists({name}, {empty}), {list})"));
        }
        let adds: Vec<String> = change
            .adds
            .iter()
            .map(|(attr, amount)| {
                let name = self.name(attr);
                let value = self.value(&n(*amount));
                format!("{name} {value}")
            })
            .collect();
        let removes: Vec<String> = change.removes.iter().map(|attr| self.name(attr)).collect();
        [("SET ", sets), ("ADD ", adds), ("REMOVE ", removes)]
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(word, parts)| format!("{word}{}", parts.join(", ")))
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub(super) fn names(&self) -> Option<HashMap<String, String>> {
        Some(self.names.clone()).filter(|names| !names.is_empty())
    }

    pub(super) fn values(&self) -> Option<Wire> {
        Some(self.values.clone()).filter(|values| !values.is_empty())
    }
}
