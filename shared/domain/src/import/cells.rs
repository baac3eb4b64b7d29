//! From the cells of a row to what they change of a contact. An empty cell changes nothing.

use kernel::error::Faults;
use kernel::{Email, Error, Locale, Phone, Result, Time, Zone};
use serde_json::{Map, Number, Value};

use super::{Form, Import, Target};
use crate::contact::{Consent, Handle, QuietHours, parse_consent_key};
use crate::field::{Definitions, Holds, Object};
use crate::{Category, Channel, Contact};

/// What makes a program of tables take a cell for a formula. Whoever writes a file for such programs puts a `'` before it
/// (OWASP, "CSV Injection"), which is not part of the value.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A value as a cell that no program takes for a formula.
pub fn guarded(text: &str) -> String {
    if text.starts_with(FORMULA) || text.starts_with('\'') { format!("'{text}") } else { text.to_owned() }
}

/// Several values as one cell: with a `;` between them, or as a list of JSON where that would not tell them apart.
pub fn list(values: impl Iterator<Item = String>) -> String {
    let values: Vec<String> = values.collect();
    let plain = |value: &String| !value.contains(';') && !value.starts_with('[') && value.trim() == value;
    if values.iter().all(plain) { values.join(";") } else { serde_json::json!(values).to_string() }
}

/// The value of a cell, guarded or not.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA) || rest.starts_with('\'') => rest,
        Some(_) | None => cell,
    }
}

/// Carries a row out on a contact. Faults point to `/column/` and the column's number; [`Contact::check`] judges the result.
pub fn apply(import: &Import, definitions: &Definitions, cells: &[String], contact: &mut Contact, now: Time) -> Result<()> {
    let mut faults = Faults::default();
    let mut draft = Draft { import, definitions, contact, now, emails: Vec::new(), phones: Vec::new() };
    for (at, (cell, target)) in cells.iter().zip(&import.columns).enumerate() {
        let (Some(target), text) = (target, unguarded(cell)) else { continue };
        if !text.is_empty() {
            faults.take(&format!("/column/{at}"), draft.take(target, text));
        }
    }
    for (channel, category) in &import.consents {
        draft.answer(*channel, category, true);
    }
    draft.finish();
    faults.check()
}

struct Draft<'a> {
    import: &'a Import,
    definitions: &'a Definitions,
    contact: &'a mut Contact,
    now: Time,
    emails: Vec<Email>,
    phones: Vec<Phone>,
}

impl Draft<'_> {
    fn take(&mut self, target: &Target, text: &str) -> Result<()> {
        let own = || text.to_owned();
        match target {
            Target::FirstName => self.contact.first_name = Some(own()),
            Target::LastName => self.contact.last_name = Some(own()),
            Target::Company => self.contact.company = Some(own()),
            Target::Emails => self.emails.extend(each(self.import.form, text, Email::parse)?),
            Target::Phones => self.phones.extend(each(self.import.form, text, Phone::parse)?),
            Target::Handles => {
                for handle in each(self.import.form, text, handle)? {
                    if !self.contact.handles.contains(&handle) {
                        self.contact.handles.push(handle);
                    }
                }
            }
            Target::Tags => {
                for tag in each(self.import.form, text, crate::name::title)? {
                    if !self.contact.tags.contains(&tag) {
                        self.contact.tags.push(tag);
                    }
                }
            }
            Target::Locale => self.contact.locale = Some(Locale::parse(text)?),
            Target::Zone => self.contact.zone = Some(Zone::parse(text)?),
            Target::DoNotContact => self.contact.do_not_contact = yes(text)?,
            Target::QuietHours => self.contact.quiet_hours = Some(quiet(text)?),
            Target::Consent(channel, category) => self.answer(*channel, category, yes(text)?),
            Target::Consents => {
                for (channel, category, granted) in each(self.import.form, text, answer)? {
                    self.answer(channel, &category, granted);
                }
            }
            Target::Field(name) => drop(self.contact.fields.insert(name.clone(), self.field(name, text)?)),
            Target::Fields => self.contact.fields.extend(fields(text)?),
        }
        Ok(())
    }

    /// The value of a custom field, as its definition holds it.
    fn field(&self, name: &str, text: &str) -> Result<Value> {
        let known = self.definitions.of(Object::Contact).find(|field| !field.archived && field.key == name);
        match known.map(|field| field.holds) {
            Some(Holds::Number) => {
                let number: Option<Number> = serde_json::from_str(text).ok();
                number.map(Value::Number).ok_or_else(|| Error::invalid("", "field", "a number is needed"))
            }
            Some(Holds::Boolean) => yes(text).map(Value::Bool),
            Some(Holds::MultiSelect) => each(self.import.form, text, |one| Ok(Value::from(one))).map(Value::Array),
            Some(_) | None => Ok(Value::from(text)),
        }
    }

    /// Records an answer. Who has said no is not made to say yes by a list that somebody brings.
    fn answer(&mut self, channel: Channel, category: &Category, granted: bool) {
        if self.contact.consent(channel, category).is_none_or(|known| known.granted && !granted) {
            let consent = Consent { granted, at: self.now, source: super::SOURCE.to_owned() };
            self.contact.record_consent(channel, category, consent);
        }
    }

    /// Addresses that the row does not name stay, behind those that it names.
    fn finish(self) {
        let others = std::mem::take(&mut self.contact.emails);
        self.contact.emails = self.emails;
        for email in others {
            if !self.contact.emails.iter().any(|known| known.key() == email.key()) {
                self.contact.emails.push(email);
            }
        }
        let others = std::mem::take(&mut self.contact.phones);
        self.contact.phones = self.phones;
        for phone in others {
            if !self.contact.phones.contains(&phone) {
                self.contact.phones.push(phone);
            }
        }
    }
}

/// Every value of a cell.
fn each<T>(form: Form, text: &str, read: impl Fn(&str) -> Result<T>) -> Result<Vec<T>> {
    if text.starts_with('[') {
        let values: Vec<String> = serde_json::from_str(text)
            .map_err(|_| Error::invalid("", "list", "a list of JSON is needed, or no [ at the beginning"))?;
        return values.iter().map(|value| read(value)).collect();
    }
    let parts = text.split(char::from(form.separator)).map(str::trim).filter(|part| !part.is_empty());
    parts.map(read).collect()
}

fn yes(text: &str) -> Result<bool> {
    match text.to_ascii_lowercase().as_str() {
        "yes" | "y" | "true" | "1" => Ok(true),
        "no" | "n" | "false" | "0" => Ok(false),
        _ => Err(Error::invalid("", "yes_or_no", "yes or no is needed")),
    }
}

fn quiet(text: &str) -> Result<QuietHours> {
    let refuse = || Error::invalid("", "quiet_hours", "hours such as 21:00-08:00 are needed");
    let (start, end) = text.split_once('-').ok_or_else(refuse)?;
    let hours = serde_json::json!({ "start": start.trim(), "end": end.trim() });
    serde_json::from_value(hours).map_err(|_| refuse())
}

fn handle(text: &str) -> Result<Handle> {
    let (channel, address) = text.split_once(':').unwrap_or_default();
    let channel = Channel::parse(channel);
    let channel =
        channel.ok_or_else(|| Error::invalid("", "handle", "a channel and an address such as telegram:123 are needed"))?;
    Ok(Handle { channel, address: address.trim().to_owned() })
}

fn answer(text: &str) -> Result<(Channel, Category, bool)> {
    let (key, said) = text.split_once('=').unwrap_or((text, ""));
    let (channel, category) = parse_consent_key(key.trim())?;
    Ok((channel, category, yes(said.trim())?))
}

fn fields(text: &str) -> Result<Map<String, Value>> {
    serde_json::from_str(text).map_err(|_| Error::invalid("", "fields", "an object of JSON is needed"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_value_is_a_formula_and_every_value_comes_back() {
        for value in ["=1+1", "+4915", "-2", "@sum", "\tx", "\rx", "'quoted", "'=1", "''", "plain", "", "a=b"] {
            let cell = guarded(value);
            assert!(!cell.starts_with(FORMULA), "{cell:?}");
            assert_eq!(unguarded(&cell), value, "{cell:?}");
        }
        assert_eq!(unguarded("'tis"), "'tis", "what nobody guarded stays");
        assert_eq!(unguarded("+4915"), "+4915");
    }
}
