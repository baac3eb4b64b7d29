//! Companies: the organisations that contacts and deals belong to.

use std::collections::{BTreeMap, BTreeSet};

use kernel::error::Faults;
use kernel::ids::{CompanyId, ContactId, UserId};
use kernel::{Error, Phone, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::field::Object;
use crate::find::{self, Findable};
use crate::unique::By;

/// Most domains, lines of an address and tags.
const MOST: usize = 20;

/// An organisation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Company {
    /// Its id.
    pub id: CompanyId,
    /// Its name.
    pub name: String,
    /// Its domains, each of one company alone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "kernel::phone::stored_one")]
    pub phone: Option<Phone>,
    /// Its pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
    /// Postal address, line by line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub address: Vec<String>,
    /// The user who keeps it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// Words to find and group by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Custom fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", with = "crate::as_json")]
    pub fields: BTreeMap<String, Value>,
    /// The version that was written for nobody to act on: no event tells of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub silent: Option<u64>,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

/// A domain in the form that is compared.
pub fn domain(text: &str) -> Result<String> {
    let refuse = || Error::invalid("", "domain", "a domain such as example.com is needed");
    match url::Host::parse(text.trim().trim_end_matches('.')).map_err(|_| refuse())? {
        url::Host::Domain(domain) if domain.contains('.') && domain.len() <= 253 => Ok(domain),
        url::Host::Domain(_) | url::Host::Ipv4(_) | url::Host::Ipv6(_) => Err(refuse()),
    }
}

impl Company {
    /// A company of that name, of which nothing else is known.
    pub const fn new(id: CompanyId, name: String, now: Time) -> Self {
        Self {
            id,
            name,
            domains: Vec::new(),
            phone: None,
            website: None,
            address: Vec::new(),
            owner: None,
            tags: Vec::new(),
            fields: BTreeMap::new(),
            silent: None,
            created_at: now,
            updated_at: now,
        }
    }

    /// Checks what the types do not, and puts domains and pages into the form that they are kept in. Fields are judged by
    /// their definitions.
    pub fn check(&mut self, faults: &mut Faults) {
        faults.take("/name", crate::name::title(&self.name));
        for (at, given) in self.domains.iter_mut().enumerate() {
            if let Some(domain) = faults.take(&format!("/domains/{at}"), domain(given)) {
                *given = domain;
            }
        }
        for (at, domain) in self.domains.iter().enumerate() {
            if self.domains.iter().take(at).any(|earlier| earlier == domain) {
                faults.add(format!("/domains/{at}"), "duplicate", "the domain is there already");
            }
        }
        if let Some(website) = &mut self.website
            && let Some(kept) = faults.take("/website", crate::field::url(website))
        {
            *website = kept;
        }
        for (pointer, texts) in [("/address", &self.address), ("/tags", &self.tags)] {
            for (at, text) in texts.iter().enumerate() {
                faults.take(&format!("{pointer}/{at}"), crate::name::title(text));
            }
        }
        for (pointer, count) in [("/domains", self.domains.len()), ("/address", self.address.len()), ("/tags", self.tags.len())]
        {
            if count > MOST {
                faults.add(pointer, "too_many", format!("at most {MOST}"));
            }
        }
    }

    /// What it has of that which companies are recognised by.
    pub fn known_by(&self, by: &By) -> Option<Value> {
        match by {
            By::Email | By::Phone => None,
            By::Domain => self.domains.first().map(|domain| domain.as_str().into()),
            By::Field(key) => self.fields.get(key).cloned(),
        }
    }

    /// The company as templates see it.
    pub fn variables(&self) -> Value {
        let mut values: serde_json::Map<String, Value> = self.fields.clone().into_iter().collect();
        values.insert("id".to_owned(), self.id.to_string().into());
        values.insert("name".to_owned(), self.name.as_str().into());
        for (name, value) in [("website", self.website.clone()), ("phone", self.phone.as_ref().map(Phone::to_string))] {
            if let Some(value) = value {
                values.insert(name.to_owned(), value.into());
            }
        }
        Value::Object(values)
    }
}

impl Entity for Company {
    const ROW: Row = schema::COMPANY;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

impl Findable for Company {
    const OBJECT: Object = Object::Company;

    fn hex(&self) -> String {
        self.id.hex()
    }

    fn label(&self) -> String {
        self.id.to_string()
    }

    fn terms(&self) -> BTreeSet<String> {
        let domains = self.domains.iter().flat_map(|domain| find::words(domain));
        let phone = self.phone.iter().map(|phone| find::digits(phone.as_str()));
        find::bounded(find::words(&self.name).into_iter().chain(phone).chain(domains))
    }

    fn fields(&self) -> &BTreeMap<String, Value> {
        &self.fields
    }
}

/// That a contact belongs to a company: what the list of its contacts is read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// The company.
    pub company: CompanyId,
    /// The contact.
    pub contact: ContactId,
}

impl Entity for Member {
    const ROW: Row = schema::MEMBER;

    fn locator(&self) -> Locator {
        Locator::Below(self.company.hex(), self.contact.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn domains_are_names_in_one_form() {
        assert_eq!(domain(" Bücher.Example. ").unwrap(), "xn--bcher-kva.example");
        for wrong in ["", "localhost", "192.0.2.1", "[::1]", "a b.example", "https://example.com", "a@example.com"] {
            assert!(domain(wrong).is_err(), "{wrong}");
        }
    }
}
