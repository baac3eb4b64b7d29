//! What a column of a file fills: a field of the noun's own by its word, `field.` and a custom one, or `fields` for all custom
//! ones. An import keeps the words.

use std::fmt;

use kernel::{Error, Result};

use super::{Noun, activity, company, contact};

/// The fields of a noun's own that columns can fill.
pub trait Own: fmt::Display + Sized {
    /// What columns of files of it can be, by examples.
    const SUCH_AS: &'static str;

    /// Reads the word for one.
    fn read(word: &str) -> Option<Self>;
}

/// What a column fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target<O> {
    /// A field of the noun's own.
    Own(O),
    /// One custom field.
    Field(String),
    /// Custom fields, as one object of JSON.
    Fields,
}

impl<O: Own> Target<O> {
    /// Reads the word for it.
    pub fn parse(word: &str) -> Result<Self> {
        if word == "fields" {
            return Ok(Self::Fields);
        }
        if let Some(own) = O::read(word) {
            return Ok(Self::Own(own));
        }
        let field = word.strip_prefix("field.").and_then(|name| crate::name::slug(name).ok());
        field.map(Self::Field).ok_or_else(|| {
            let words = format!("something that a column can fill is needed, such as {} or field.plan", O::SUCH_AS);
            Error::invalid("", "target", words)
        })
    }
}

impl<O: Own> fmt::Display for Target<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Own(own) => own.fmt(f),
            Self::Field(name) => write!(f, "field.{name}"),
            Self::Fields => f.write_str("fields"),
        }
    }
}

/// The word as it is kept, of whatever is meant in a file of that noun.
pub fn word(noun: Noun, word: &str) -> Result<String> {
    match noun {
        Noun::Contact => Target::<contact::Own>::parse(word).map(|target| target.to_string()),
        Noun::Company => Target::<company::Own>::parse(word).map(|target| target.to_string()),
        Noun::Activity => Target::<activity::Own>::parse(word).map(|target| target.to_string()),
    }
}

/// Whether several columns can fill it, each adding to what the others say.
pub fn adds(word: &str) -> bool {
    let lists = ["emails", "phones", "handles", "tags", "refused", "cap", "consents", "domains", "fields"];
    lists.contains(&word) || word.starts_with("contact.")
}

/// Whether a column of that word fills what a JSON pointer points to.
pub fn fills(word: &str, pointer: &str) -> bool {
    let mut steps = pointer.split('/').skip(1);
    let (first, second) = (steps.next().unwrap_or_default(), steps.next().unwrap_or_default());
    match (word.strip_prefix("field."), word.strip_prefix("consent.")) {
        (Some(name), _) => first == "fields" && name == second,
        (_, Some(key)) => first == "consents" && key == second,
        (None, None) => first == word,
    }
}

/// Reads one of those words.
pub(super) fn named<T: Clone + PartialEq>(words: &[(&str, T)], word: &str) -> Option<T> {
    words.iter().find(|(known, _)| *known == word).map(|(_, own)| own.clone())
}

/// The first of the words for it.
pub(super) fn name<'a, T: PartialEq>(words: &[(&'a str, T)], own: &T) -> &'a str {
    words.iter().find(|(_, known)| known == own).map_or("", |(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_understood_and_said_again() {
        for (noun, given, kept) in [
            (Noun::Contact, "email", "emails"),
            (Noun::Contact, "emails", "emails"),
            (Noun::Contact, "phone", "phones"),
            (Noun::Contact, "consent.email:news", "consent.email:news"),
            (Noun::Contact, "field.plan", "field.plan"),
            (Noun::Company, "domain", "domains"),
            (Noun::Company, "phone", "phone"),
            (Noun::Company, "fields", "fields"),
            (Noun::Activity, "contact.email", "contact.email"),
            (Noun::Activity, "contact.field.number", "contact.field.number"),
            (Noun::Activity, "company.domain", "company.domain"),
        ] {
            assert_eq!(word(noun, given).unwrap(), kept);
            assert_eq!(word(noun, kept).unwrap(), kept);
        }
        for (noun, wrong) in [
            (Noun::Contact, ""),
            (Noun::Contact, "name"),
            (Noun::Contact, "Email"),
            (Noun::Contact, "field."),
            (Noun::Contact, "field.A b"),
            (Noun::Contact, "consent.email"),
            (Noun::Contact, "consent.email:transactional"),
            (Noun::Company, "email"),
            (Noun::Company, "consent.email:news"),
            (Noun::Activity, "contact"),
            (Noun::Activity, "contact.domain"),
            (Noun::Activity, "company.email"),
        ] {
            assert!(word(noun, wrong).is_err(), "{noun:?} {wrong}");
        }
    }

    #[test]
    fn a_pointer_leads_to_the_column_that_fills_it() {
        for (word, pointer, there) in [
            ("emails", "/emails/1", true),
            ("field.seats", "/fields/seats", true),
            ("field.plan", "/fields/seats", false),
            ("fields", "/fields/seats", true),
            ("consent.email:news", "/consents/email:news", true),
            ("contact.email", "/contact.email", true),
            ("emails", "", false),
        ] {
            assert_eq!(fills(word, pointer), there, "{word} {pointer}");
        }
    }
}
