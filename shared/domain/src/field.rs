//! Custom fields: what a tenant's own fields of contacts, companies, deals, activities and tasks are called and what they hold.
//!
//! A field without a definition is allowed and holds plain text, a number or true/false. A definition judges values when they
//! are written: what stood before it stays as it is until it is changed.

mod sought;

use std::collections::BTreeMap;

use jiff::civil::Date;
use kernel::error::Faults;
use kernel::ids::FieldId;
use kernel::{Email, Error, Phone, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::schema::{self, Entity, Locator, Row};

/// Most definitions of a tenant.
pub const DEFINITIONS: usize = 100;
/// Most fields that one thing has.
const FIELDS: usize = 50;
/// Most definitions of one noun whose values are unique: each is a write when a thing is made.
pub const UNIQUE: usize = 5;
/// Most options.
const OPTIONS: usize = 100;
/// Most bytes of a value.
const SHORT: usize = 1000;
/// Most bytes of a long text.
const LONG: usize = 4000;

/// The nouns that can have fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Object {
    /// Contacts.
    Contact,
    /// Companies.
    Company,
    /// Deals.
    Deal,
    /// Activities.
    Activity,
    /// Tasks.
    Task,
}

impl Object {
    /// Every noun.
    pub const ALL: [Self; 5] = [Self::Contact, Self::Company, Self::Deal, Self::Activity, Self::Task];

    /// The word in the API and in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Company => "company",
            Self::Deal => "deal",
            Self::Activity => "activity",
            Self::Task => "task",
        }
    }
}

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// One line.
    Text,
    /// Several lines.
    LongText,
    /// A number.
    Number,
    /// True or false.
    Boolean,
    /// A day: `2026-03-02`.
    Date,
    /// A moment, RFC 3339.
    Datetime,
    /// One of the options.
    Select,
    /// Any of the options.
    MultiSelect,
    /// An address of the web.
    Url,
    /// An email address.
    Email,
    /// A telephone number.
    Phone,
}

impl Holds {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Text,
        Self::LongText,
        Self::Number,
        Self::Boolean,
        Self::Date,
        Self::Datetime,
        Self::Select,
        Self::MultiSelect,
        Self::Url,
        Self::Email,
        Self::Phone,
    ];

    /// Whether values are chosen from options.
    pub const fn has_options(self) -> bool {
        matches!(self, Self::Select | Self::MultiSelect)
    }

    /// Whether values can be unique.
    const fn can_be_unique(self) -> bool {
        matches!(self, Self::Text | Self::Number | Self::Url | Self::Email)
    }
}

/// A definition. What it is of, its key, what it holds and whether values are unique are fixed for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// Its id.
    pub id: FieldId,
    /// What it is a field of.
    pub object: Object,
    /// The word that values stand under.
    pub key: String,
    /// Its name for people.
    pub label: String,
    /// What it holds.
    pub holds: Holds,
    /// What values are chosen from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub options: Vec<String>,
    /// Whether a new thing must have it; nobody can take it away then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub required: bool,
    /// Whether no two things have the same value.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unique: bool,
    /// Whether it is out of use: values stay, and are judged no more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub archived: bool,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Field {
    /// Checks what the types do not.
    pub fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        faults.take("/key", crate::name::slug(&self.key));
        faults.take("/label", crate::name::title(&self.label));
        if self.holds.has_options() == self.options.is_empty() {
            faults.add("/options", "options", "select and multi_select have options, others have none");
        }
        if self.options.len() > OPTIONS {
            faults.add("/options", "too_many", format!("at most {OPTIONS}"));
        }
        for (at, option) in self.options.iter().enumerate() {
            let pointer = format!("/options/{at}");
            faults.take(&pointer, crate::name::title(option));
            if self.options.iter().take(at).any(|earlier| earlier == option) {
                faults.add(pointer, "duplicate", "the option is there already");
            }
        }
        let held = matches!(self.object, Object::Contact | Object::Company) && self.holds.can_be_unique();
        if self.unique && !held {
            faults.add("/unique", "unique", "text, number, url and email of contacts and companies can be unique");
        }
        faults.check()
    }

    /// A value in the form that it is kept in.
    pub fn read(&self, value: &Value) -> Result<Value> {
        let refuse = |words: &str| Error::invalid("", "field", format!("{words} is needed"));
        let text = |most: usize| {
            let fits = |text: &&str| !text.is_empty() && text.len() <= most;
            value.as_str().map(str::trim).filter(fits).ok_or_else(|| refuse(&format!("text of 1 to {most} bytes")))
        };
        match self.holds {
            Holds::Text => {
                let text = text(SHORT)?;
                if text.contains(char::is_control) { Err(refuse("text of one line")) } else { Ok(text.into()) }
            }
            Holds::LongText => {
                let text = text(LONG)?;
                let odd = |letter: char| letter.is_control() && !['\n', '\r', '\t'].contains(&letter);
                if text.contains(odd) { Err(refuse("text without control characters")) } else { Ok(text.into()) }
            }
            Holds::Number => value.as_number().map(|number| number.clone().into()).ok_or_else(|| refuse("a number")),
            Holds::Boolean => value.as_bool().map(Value::Bool).ok_or_else(|| refuse("true or false")),
            Holds::Date => date(text(SHORT)?).map(Value::String),
            Holds::Datetime => {
                let time = Time::parse(text(SHORT)?).map_err(|_| refuse("a moment such as 2026-03-02T09:00:00Z"))?;
                Ok(time.to_string().into())
            }
            Holds::Select => self.option(value).map(|option| option.as_str().into()),
            Holds::MultiSelect => self.options_of(value),
            Holds::Url => url(text(SHORT)?).map(Value::String),
            Holds::Email => Ok(Email::parse(text(SHORT)?)?.to_string().into()),
            Holds::Phone => Ok(Phone::parse(text(SHORT)?)?.to_string().into()),
        }
    }

    fn option(&self, value: &Value) -> Result<&String> {
        let found = value.as_str().and_then(|text| self.options.iter().find(|option| option.as_str() == text));
        found.ok_or_else(|| Error::invalid("", "option", format!("one of {} is needed", self.options.join(", "))))
    }

    /// The chosen options in the order of the definition.
    fn options_of(&self, value: &Value) -> Result<Value> {
        let refuse = || Error::invalid("", "field", "a list of options is needed");
        let chosen = value.as_array().ok_or_else(refuse)?;
        let mut faults = Faults::default();
        for (at, one) in chosen.iter().enumerate() {
            faults.take(&format!("/{at}"), self.option(one));
        }
        faults.check()?;
        let kept = self.options.iter().filter(|option| chosen.iter().any(|one| one == option.as_str()));
        Ok(Value::Array(kept.map(|option| option.as_str().into()).collect()))
    }
}

/// A day, strictly: `2026-03-02`.
pub fn date(text: &str) -> Result<String> {
    let day: Option<Date> = text.parse().ok().filter(|day: &Date| day.to_string() == text);
    let day = day.filter(|day| (1..=9999).contains(&day.year()));
    day.map(|day| day.to_string()).ok_or_else(|| Error::invalid("", "date", "a day such as 2026-03-02 is needed"))
}

/// An address of the web, `http` or `https`.
pub fn url(text: &str) -> Result<String> {
    let refuse = || Error::invalid("", "url", "an address such as https://example.com is needed");
    let url = url::Url::parse(text).map_err(|_| refuse())?;
    let sound = ["http", "https"].contains(&url.scheme()) && url.username().is_empty() && url.password().is_none();
    if sound && url.as_str().len() <= SHORT { Ok(url.into()) } else { Err(refuse()) }
}

impl Entity for Field {
    const ROW: Row = schema::FIELD;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

/// A tenant's definitions.
#[derive(Clone, Debug, Default)]
pub struct Definitions(pub Vec<Field>);

impl Definitions {
    /// None: for whoever leaves the fields of a thing as they are.
    pub const NONE: Self = Self(Vec::new());

    /// Those of a noun, also those out of use.
    pub fn of(&self, object: Object) -> impl Iterator<Item = &Field> {
        self.0.iter().filter(move |field| field.object == object)
    }

    /// Judges the fields that a thing is to have, and puts their values into the form that they are kept in. `before` is what it
    /// had, `None` for a new thing.
    pub fn judge(
        &self,
        object: Object,
        before: Option<&BTreeMap<String, Value>>,
        fields: &mut BTreeMap<String, Value>,
        faults: &mut Faults,
    ) {
        if fields.len() > FIELDS {
            faults.add("/fields", "too_many", format!("at most {FIELDS}"));
        }
        let stood = |key: &str| before.and_then(|before| before.get(key));
        for (key, value) in fields.iter_mut().filter(|(key, value)| stood(key) != Some(value)) {
            let pointer = format!("/fields/{}", key.replace('~', "~0").replace('/', "~1"));
            match self.of(object).find(|field| field.key == *key && !field.archived) {
                Some(field) => {
                    if let Some(kept) = faults.take(&pointer, field.read(value)) {
                        *value = kept;
                    }
                }
                None => plain(key, value, &pointer, faults),
            }
        }
        for field in self.of(object).filter(|field| field.required && !field.archived) {
            let missing = before.is_none_or(|before| before.contains_key(&field.key)) && !fields.contains_key(&field.key);
            if missing {
                faults.add(format!("/fields/{}", field.key), "required", format!("{} is needed", field.label));
            }
        }
    }

    /// The values among those fields that nobody else may have: key and value.
    pub fn unique<'a>(
        &'a self,
        object: Object,
        fields: &'a BTreeMap<String, Value>,
    ) -> impl Iterator<Item = (&'a Field, &'a Value)> {
        self.of(object).filter(|field| field.unique).filter_map(|field| Some((field, fields.get(&field.key)?)))
    }
}

/// A field that nobody has defined.
fn plain(key: &str, value: &Value, pointer: &str, faults: &mut Faults) {
    faults.take(pointer, crate::name::slug(key));
    let plain = matches!(value, Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null);
    if !plain || value.to_string().len() > SHORT {
        faults.add(pointer, "field", format!("text, a number or true/false of at most {SHORT} bytes"));
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Ids};
    use serde_json::json;

    use super::*;

    fn field(holds: Holds) -> Field {
        let clock = Clock::manual(Time::from_millis(1_772_000_000_000));
        let options = if holds.has_options() { vec!["small".to_owned(), "large".to_owned()] } else { Vec::new() };
        Field {
            id: FieldId::new(&Ids::seeded(1), &clock),
            object: Object::Contact,
            key: "f".to_owned(),
            label: "F".to_owned(),
            holds,
            options,
            required: false,
            unique: false,
            archived: false,
            created_at: clock.now(),
            updated_at: clock.now(),
        }
    }

    #[test]
    fn each_kind_takes_its_own_values_in_one_form() {
        for (holds, given, kept) in [
            (Holds::Text, json!(" Ada "), json!("Ada")),
            (Holds::LongText, json!("a\nb"), json!("a\nb")),
            (Holds::Number, json!(1.5), json!(1.5)),
            (Holds::Boolean, json!(false), json!(false)),
            (Holds::Date, json!("2026-02-28"), json!("2026-02-28")),
            (Holds::Datetime, json!("2026-03-02T10:00:00+01:00"), json!("2026-03-02T09:00:00.000Z")),
            (Holds::Select, json!("large"), json!("large")),
            (Holds::MultiSelect, json!(["large", "small", "large"]), json!(["small", "large"])),
            (Holds::Url, json!("HTTPS://Example.com"), json!("https://example.com/")),
            (Holds::Email, json!("Ada@Example.com"), json!("Ada@example.com")),
            (Holds::Phone, json!("+1 415 555 2671"), json!("+14155552671")),
        ] {
            assert_eq!(field(holds).read(&given).unwrap(), kept, "{holds:?}");
        }
    }

    #[test]
    fn each_kind_refuses_the_values_of_others() {
        for (holds, wrong) in [
            (Holds::Text, json!(1)),
            (Holds::Text, json!("a\nb")),
            (Holds::Text, json!(" ")),
            (Holds::LongText, json!("x".repeat(4_001))),
            (Holds::Number, json!("1")),
            (Holds::Boolean, json!("true")),
            (Holds::Date, json!("2026-02-30")),
            (Holds::Date, json!("20260228")),
            (Holds::Date, json!("2026-02-28T00:00:00Z")),
            (Holds::Datetime, json!("2026-03-02")),
            (Holds::Select, json!("Large")),
            (Holds::MultiSelect, json!("large")),
            (Holds::MultiSelect, json!(["tiny"])),
            (Holds::Url, json!("javascript:alert(1)")),
            (Holds::Url, json!("https://ada:secret@example.com")),
            (Holds::Email, json!("nobody")),
            (Holds::Phone, json!("415")),
        ] {
            assert!(field(holds).read(&wrong).is_err(), "{holds:?} {wrong}");
        }
    }
}
