//! That a value belongs to one thing: a row for each value of a custom field that is unique, and for each domain of a company. By
//! such a value, or by an address, a thing is recognised.

use std::fmt;

use kernel::{Email, Error, Keys, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::field::{Field, Holds, Object};

/// See the module's words. The row is found by a keyed digest, since values can be of any length and personal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unique {
    /// Among which values it is unique: `contact:number`.
    pub space: String,
    /// Keyed digest of the value.
    pub digest: String,
    /// The id's text of the thing that has it.
    pub of: String,
}

impl Unique {
    /// `field` is the key of a custom field, or the name of a field of the noun's own behind a point, which no key can begin with.
    fn new(keys: &Keys, object: Object, field: &str, value: &str, of: String) -> Self {
        let space = format!("{}:{field}", object.as_str());
        let mac = keys.digest.sign(format!("unique\0{space}\0{value}").as_bytes());
        let digest = kernel::crypto::encode(mac.get(..18).unwrap_or(&mac));
        Self { space, digest, of }
    }

    /// That a domain belongs to a company.
    pub fn of_domain(keys: &Keys, domain: &str, of: String) -> Self {
        Self::new(keys, Object::Company, ".domain", domain, of)
    }

    /// That the value of a custom field belongs to a thing. Numbers are compared by what they say: 1 is 1.0, and no two whole
    /// numbers are the same. Email addresses are compared like those of contacts, whatever their case.
    pub fn of_field(keys: &Keys, field: &Field, value: &Value, of: String) -> Self {
        let whole = value.is_i64() || value.is_u64();
        let fraction = || value.as_f64().filter(|_| !whole).map(|number| number.to_string());
        let number = || fraction().unwrap_or_else(|| value.to_string());
        let address = |text: &str| Email::parse(text).ok().filter(|_| field.holds == Holds::Email).map(|email| email.key());
        let written = |text: &str| address(text).unwrap_or_else(|| text.to_owned());
        let text = value.as_str().map_or_else(number, written);
        Self::new(keys, field.object, &field.key, &text, of)
    }
}

impl Entity for Unique {
    const ROW: Row = schema::UNIQUE;

    fn locator(&self) -> Locator {
        Locator::Natural(format!("{}:{}", self.space, self.digest))
    }
}

/// What a contact or company is recognised by: something that no two have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// A contact's first email address.
    Email,
    /// A contact's first telephone number.
    Phone,
    /// A company's first domain.
    Domain,
    /// A custom field whose values are unique.
    Field(String),
}

impl By {
    /// Reads the word for it: `email`, `phone`, `domain`, or `field.` and a key.
    fn read(text: &str) -> Option<Self> {
        match text {
            "email" => Some(Self::Email),
            "phone" => Some(Self::Phone),
            "domain" => Some(Self::Domain),
            other => other.strip_prefix("field.").and_then(|key| crate::name::slug(key).ok()).map(Self::Field),
        }
    }

    /// Reads what things of that noun can be recognised by.
    pub fn parse(object: Object, text: &str) -> Result<Self> {
        let words = if object == Object::Company { "domain" } else { "email, phone" };
        let fits = |by: &Self| match by {
            Self::Email | Self::Phone => object == Object::Contact,
            Self::Domain => object == Object::Company,
            Self::Field(_) => true,
        };
        let refuse = || format!("{words}, or field. and the key of a field whose values are unique");
        Self::read(text).filter(fits).ok_or_else(|| Error::invalid("", "by", refuse()))
    }

    /// Where that stands in a thing, as a JSON pointer.
    pub fn place(&self) -> String {
        match self {
            Self::Email => "/emails".to_owned(),
            Self::Phone => "/phones".to_owned(),
            Self::Domain => "/domains".to_owned(),
            Self::Field(key) => format!("/fields/{key}"),
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Email => f.write_str("email"),
            Self::Phone => f.write_str("phone"),
            Self::Domain => f.write_str("domain"),
            Self::Field(key) => write!(f, "field.{key}"),
        }
    }
}

impl Serialize for By {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for By {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| serde::de::Error::custom("something that a thing is recognised by"))
    }
}

#[cfg(test)]
mod tests {
    use kernel::Secret;
    use serde_json::json;

    use super::*;

    fn field(holds: Holds) -> Field {
        let (id, at) = (kernel::ids::FieldId::from_bytes([0; 16]), kernel::Time::EPOCH);
        Field {
            id,
            object: Object::Contact,
            key: "number".to_owned(),
            label: "Number".to_owned(),
            holds,
            options: Vec::new(),
            required: false,
            unique: true,
            archived: false,
            created_at: at,
            updated_at: at,
        }
    }

    #[test]
    fn numbers_are_the_same_when_they_say_the_same() {
        let keys = Keys::derive(&Secret::new("the deployment secret of a test, for it alone")).unwrap();
        let row = |value: Value| Unique::of_field(&keys, &field(Holds::Number), &value, "con_1".to_owned());
        assert_eq!(row(json!(7)), row(json!(7.0)));
        assert_ne!(row(json!(9_007_199_254_740_992_u64)), row(json!(9_007_199_254_740_993_u64)));
        assert_ne!(row(json!(7)), row(json!(7.5)));
    }

    #[test]
    fn addresses_are_the_same_in_any_case_and_texts_are_not() {
        let keys = Keys::derive(&Secret::new("the deployment secret of a test, for it alone")).unwrap();
        let row = |holds, text: &str| Unique::of_field(&keys, &field(holds), &json!(text), "con_1".to_owned());
        assert_eq!(row(Holds::Email, "Ada@Example.com"), row(Holds::Email, "ada@example.COM"));
        assert_ne!(row(Holds::Text, "Ada"), row(Holds::Text, "ada"));
    }

    #[test]
    fn each_noun_is_recognised_by_what_no_two_of_it_have() {
        for (object, word, fits) in [
            (Object::Contact, "email", true),
            (Object::Contact, "phone", true),
            (Object::Contact, "domain", false),
            (Object::Contact, "field.number", true),
            (Object::Company, "domain", true),
            (Object::Company, "email", false),
            (Object::Company, "field.", false),
            (Object::Company, "name", false),
        ] {
            let read = By::parse(object, word);
            assert_eq!(read.as_ref().ok().map(ToString::to_string), fits.then(|| word.to_owned()), "{object:?} {word}");
        }
    }
}
