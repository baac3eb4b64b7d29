//! Filters by custom fields: `?field.plan=pro`.

use std::collections::BTreeMap;

use domain::field::{Field, Object};
use kernel::{Error, Result};
use serde_json::Value;
use utoipa::IntoParams;
use utoipa::openapi::Required;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::Caller;
use crate::state::Api;

/// Most filters of one question.
const MOST: usize = 5;

/// What custom fields must say, by key.
#[derive(Clone, Debug, Default)]
pub(crate) struct FieldFilters(BTreeMap<String, String>);

/// The same, as the definitions have it.
#[derive(Debug)]
pub(crate) struct Wanted(Vec<Want>);

/// What one field must say.
#[derive(Debug)]
enum Want {
    /// A value that fits the definition.
    Defined(Box<Field>, Value),
    /// A text, where nothing is defined that it fits.
    Loose(String, String),
}

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

    /// Reads the values as the definitions of that noun hold them.
    pub(crate) async fn of<N>(&self, api: &Api, caller: &Caller<N>, object: Object) -> Result<Wanted> {
        if self.0.is_empty() {
            return Ok(Wanted(Vec::new()));
        }
        let definitions = api.0.catalog.definitions(&caller.scope).await?;
        let want = |(key, text): (&String, &String)| {
            let known = definitions.of(object).find(|field| !field.archived && field.key == *key);
            let fitting = known.and_then(|field| Some(Want::Defined(Box::new(field.clone()), field.wanted(text).ok()?)));
            // Values that do not fit stood before the definition.
            fitting.unwrap_or_else(|| Want::Loose(key.clone(), text.clone()))
        };
        Ok(Wanted(self.0.iter().map(want).collect()))
    }
}

impl Wanted {
    /// Whether a thing with those fields is meant.
    pub(crate) fn keeps(&self, fields: &BTreeMap<String, Value>) -> bool {
        self.0.iter().all(|want| match want {
            Want::Defined(field, wanted) => fields.get(&field.key).is_some_and(|value| field.says(value, wanted)),
            Want::Loose(key, wanted) => fields.get(key).is_some_and(|value| says(value, wanted)),
        })
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
