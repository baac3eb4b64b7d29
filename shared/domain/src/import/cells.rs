//! From the cells of a row to what they change of a thing. An empty cell changes nothing.

use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::ids::UserId;
use kernel::{Error, Result};
use serde_json::{Map, Number, Value};

use super::target::{Own, Target};
use super::{Form, Import};
use crate::field::{Definitions, Holds, Object};

/// What makes a program of tables take a cell for a formula, narrow and full width. Whoever writes a file for such programs puts a `'`
/// before it (OWASP, "CSV Injection"), which is not part of the value.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// What parts cells for programs of many countries, though not in our files: what is behind it could be a cell of its own.
const PART: char = ';';

/// A value as a cell that no program takes for a formula.
pub fn guarded(text: &str) -> String {
    let risky = |part: &str| part.starts_with(FORMULA) || part.starts_with('\'');
    let parts = text.split(PART).map(|part| if risky(part) { format!("'{part}") } else { part.to_owned() });
    parts.collect::<Vec<_>>().join(&PART.to_string())
}

/// Several values as one cell: with a `;` between them, or as a list of JSON where that would not tell them apart.
pub fn list(values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.collect();
    let plain = |value: &String| !value.contains(';') && !value.starts_with('[') && value.trim() == value;
    if values.iter().all(plain) { values.join(";") } else { serde_json::json!(values).to_string() }
}

/// The value of a cell, guarded or not.
fn unguarded(cell: &str) -> String {
    let value = |part| match str::strip_prefix(part, '\'') {
        Some(rest) if rest.starts_with(FORMULA) || rest.starts_with('\'') => rest,
        Some(_) | None => part,
    };
    cell.split(PART).map(value).collect::<Vec<_>>().join(&PART.to_string())
}

/// A thing that a row is carried out on.
pub trait Draft {
    /// The fields of its own.
    type Own: Own;
    /// Which noun it is.
    const OBJECT: Object;

    /// Carries a cell out that fills a field of its own.
    fn take(&mut self, form: Form, own: &Self::Own, text: &str) -> Result<()>;

    /// Its custom fields.
    fn fields(&mut self) -> &mut BTreeMap<String, Value>;
}

/// A user, by id. Whether there is one is seen to by whoever writes it.
pub(super) fn user(text: &str) -> Result<UserId> {
    UserId::parse(text).ok_or_else(|| Error::invalid("", "user", "the id of a user is needed"))
}

/// Carries a row out. Faults point to `/column/` and the column's number.
pub fn fill<D: Draft>(import: &Import, definitions: &Definitions, cells: &[String], draft: &mut D) -> Result<()> {
    let mut faults = Faults::default();
    for (at, (cell, word)) in cells.iter().zip(&import.columns).enumerate() {
        let (Some(word), text) = (word, unguarded(cell)) else { continue };
        if !text.is_empty() {
            faults.take(&format!("/column/{at}"), take(import.form, definitions, word, &text, draft));
        }
    }
    faults.check()
}

fn take<D: Draft>(form: Form, definitions: &Definitions, word: &str, text: &str, draft: &mut D) -> Result<()> {
    match Target::<D::Own>::parse(word)? {
        Target::Own(own) => draft.take(form, &own, text)?,
        Target::Field(name) => {
            let value = field(form, definitions, D::OBJECT, &name, text)?;
            draft.fields().insert(name, value);
        }
        Target::Fields => {
            let fields: Map<String, Value> =
                serde_json::from_str(text).map_err(|_| Error::invalid("", "fields", "an object of JSON is needed"))?;
            draft.fields().extend(fields);
        }
    }
    Ok(())
}

/// The value of a custom field, as its definition holds it.
pub fn field(form: Form, definitions: &Definitions, object: Object, name: &str, text: &str) -> Result<Value> {
    let known = definitions.of(object).find(|field| !field.archived && field.key == name);
    match known.map(|field| field.holds) {
        Some(Holds::Number) => {
            let number: Option<Number> = serde_json::from_str(text).ok();
            number.map(Value::Number).ok_or_else(|| Error::invalid("", "field", "a number is needed"))
        }
        Some(Holds::Boolean) => yes(text).map(Value::Bool),
        Some(Holds::MultiSelect) => each(form, text, |one| Ok(Value::from(one))).map(Value::Array),
        Some(_) | None => Ok(Value::from(text)),
    }
}

/// Adds the tags of a cell that are not there yet.
pub(super) fn add_tags(tags: &mut Vec<String>, form: Form, text: &str) -> Result<()> {
    for tag in each(form, text, crate::name::title)? {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(())
}

/// Every value of a cell.
pub(super) fn each<T>(form: Form, text: &str, read: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    if text.starts_with('[') {
        let values: Vec<String> = serde_json::from_str(text)
            .map_err(|_| Error::invalid("", "list", "a list of JSON is needed, or no [ at the beginning"))?;
        return values.iter().map(|value| read(value)).collect();
    }
    let parts = text.split(char::from(form.separator)).map(str::trim).filter(|part| !part.is_empty());
    parts.map(read).collect()
}

/// Yes or no.
pub(super) fn yes(text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "1" => Ok(true),
        "no" | "n" | "false" | "0" => Ok(false),
        _ => Err(Error::invalid("", "yes_or_no", "yes or no is needed")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_a_formula_and_every_value_comes_back() {
        for value in [
            "=1+1",
            "+4915",
            "-2",
            "@sum",
            "\tx",
            "\rx",
            "'quoted",
            "'=1",
            "''",
            "plain",
            "",
            "a=b",
            "k;=1+1;+z",
            "k;'x",
            "；",
            "＝1",
            "\n=1",
            "a; =b",
        ] {
            let cell = guarded(value);
            assert!(cell.split(PART).all(|part| !part.starts_with(FORMULA)), "{cell:?}");
            assert_eq!(unguarded(&cell), value, "{cell:?}");
        }
        assert_eq!(unguarded("'tis"), "'tis", "what nobody guarded stays");
        assert_eq!(unguarded("+4915"), "+4915");
    }
}
