//! That a value belongs to one thing: a row for each value of a custom field that is unique, and for each domain of a company.

use kernel::Keys;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::field::Object;

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
    /// That the value belongs to a thing. `field` is the key of a custom field, or the name of a field of the noun's own
    /// behind a point, which no key can begin with.
    pub fn new(keys: &Keys, object: Object, field: &str, value: &str, of: String) -> Self {
        let space = format!("{}:{field}", object.as_str());
        let mac = keys.digest.sign(format!("unique\0{space}\0{value}").as_bytes());
        let digest = kernel::crypto::encode(mac.get(..18).unwrap_or(&mac));
        Self { space, digest, of }
    }

    /// That the value of a custom field belongs to a thing. Numbers are compared by what they say: 1 is 1.0.
    pub fn of_field(keys: &Keys, object: Object, key: &str, value: &Value, of: String) -> Self {
        let number = || value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string());
        let text = value.as_str().map_or_else(number, str::to_owned);
        Self::new(keys, object, key, &text, of)
    }
}

impl Entity for Unique {
    const ROW: Row = schema::UNIQUE;

    fn locator(&self) -> Locator {
        Locator::Natural(format!("{}:{}", self.space, self.digest))
    }
}
