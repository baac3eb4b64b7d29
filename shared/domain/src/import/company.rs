//! What a row changes of a company.

use std::collections::BTreeMap;
use std::fmt;

use kernel::{Phone, Result};
use serde_json::Value;

use super::Form;
use super::cells::{Draft, add_tags, each, user};
use super::target::{self, name, named};
use crate::Company;
use crate::company::domain;
use crate::field::Object;

/// The fields of a company's own that columns can fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// Its name.
    Name,
    /// One domain, or several.
    Domains,
    /// Telephone number.
    Phone,
    /// Its pages.
    Website,
    /// Postal address, line by line.
    Address,
    /// The user who keeps it, by id.
    Owner,
    /// Tags.
    Tags,
}

const WORDS: [(&str, Own); 8] = [
    ("name", Own::Name),
    ("domains", Own::Domains),
    ("domain", Own::Domains),
    ("phone", Own::Phone),
    ("website", Own::Website),
    ("address", Own::Address),
    ("owner", Own::Owner),
    ("tags", Own::Tags),
];

impl target::Own for Own {
    const SUCH_AS: &'static str = "name, domain, tags";

    fn read(word: &str) -> Option<Self> {
        named(&WORDS, word)
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(&WORDS, self))
    }
}

impl Draft for Company {
    type Own = Own;
    const OBJECT: Object = Object::Company;

    fn take(&mut self, form: Form, own: &Own, text: &str) -> Result<()> {
        match own {
            Own::Name => text.clone_into(&mut self.name),
            Own::Domains => {
                for domain in each(form, text, domain)? {
                    if !self.domains.contains(&domain) {
                        self.domains.push(domain);
                    }
                }
            }
            Own::Phone => self.phone = Some(Phone::parse(text)?),
            Own::Website => self.website = Some(text.to_owned()),
            Own::Address => self.address = each(form, text, |line| Ok(line.to_owned()))?,
            Own::Owner => self.owner = Some(user(text)?),
            Own::Tags => add_tags(&mut self.tags, form, text)?,
        }
        Ok(())
    }

    fn fields(&mut self) -> &mut BTreeMap<String, Value> {
        &mut self.fields
    }
}
