//! Filters by custom fields: `?field.plan=pro`.

use std::collections::BTreeMap;

use kernel::{Error, Result};
use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// Most filters of one question.
const MOST: usize = 5;

/// Values that custom fields must have, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldFilters(BTreeMap<String, String>);

impl FieldFilters {
    /// What stands before the key.
    pub(crate) const PREFIX: &str = "field.";

    /// Reads those parameters of a query.
    pub(crate) fn read(query: &str) -> Result<Self> {
        let mut wanted = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let Some(key) = name.strip_prefix(Self::PREFIX) else { continue };
            let key = domain::name::slug(key).map_err(|error| error.under(&format!("?{name}")))?;
            if wanted.insert(key, value.into_owned()).is_some() {
                return Err(Error::invalid(format!("?{name}"), "parameter", "one value for each field"));
            }
            if wanted.len() > MOST {
                return Err(Error::invalid(format!("?{name}"), "too_many", format!("at most {MOST} fields")));
            }
        }
        Ok(Self(wanted))
    }

    /// Whether a thing with those fields is meant.
    pub(crate) fn keeps(&self, fields: &BTreeMap<String, Value>) -> bool {
        self.0.iter().all(|(key, wanted)| fields.get(key).is_some_and(|value| says(value, wanted)))
    }
}

/// Whether a value is what the text says; a list is, when one of its options is.
fn says(value: &Value, wanted: &str) -> bool {
    match value {
        Value::String(text) => text == wanted,
        Value::Number(number) => {
            number.to_string() == wanted || wanted.parse::<f64>().is_ok_and(|wanted| number.as_f64() == Some(wanted))
        }
        Value::Bool(yes) => yes.to_string() == wanted,
        Value::Array(options) => options.iter().any(|option| says(option, wanted)),
        Value::Null | Value::Object(_) => false,
    }
}

impl IntoParams for FieldFilters {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let words =
            "`field.` and the key of a custom field: those with this value, of lists those with this option. At most five.";
        let parameter = ParameterBuilder::new()
            .name("field.key")
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .description(Some(words))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        vec![parameter.build()]
    }
}
