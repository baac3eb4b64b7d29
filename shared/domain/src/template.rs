//! Templates and layouts: a name, and immutable numbered versions of which one is live.

use std::collections::BTreeMap;

use kernel::ids::TemplateId;
use kernel::{Error, Locale, Result, Time};
use render::{Source, Variable};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::{Category, Channel};

pub mod shipped;

/// What a template is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Use {
    /// Messages are made of it.
    #[default]
    Message,
    /// Other templates extend or include it.
    Layout,
}

/// A named piece of content.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// Its slug, unique within the tenant.
    pub name: String,
    /// What it is for, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Message or layout.
    pub r#use: Use,
    /// The medium.
    pub channel: Channel,
    /// Category of its messages when they do not say.
    pub category: Category,
    /// The locale to fall back to.
    pub locale: Locale,
    /// Whether messages may be made of it.
    pub active: bool,
    /// The version that is live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// Number of the newest version, 0 before the first.
    pub latest: u32,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
}

impl Template {
    /// What stands in for a template that was deleted while messages of it were under way.
    pub fn deleted(id: TemplateId) -> Self {
        Self {
            id,
            name: String::new(),
            description: None,
            r#use: Use::Message,
            channel: Channel::Email,
            category: Category::default(),
            locale: Locale::default(),
            active: false,
            live: None,
            latest: 0,
            created_at: id.made_at(),
            updated_at: id.made_at(),
        }
    }
}

impl Entity for Template {
    const ROW: Row = schema::TEMPLATE;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

/// One edition of a template. Never changed once written, so a message that names it can be rendered again for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Version {
    /// Whose edition.
    pub template: TemplateId,
    /// Its number, from 1.
    pub number: u32,
    /// The content by locale.
    pub contents: BTreeMap<Locale, Source>,
    /// Locales whose text is older than the default locale's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stale: Vec<Locale>,
    /// The variables it takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::as_json")]
    pub variables: Vec<Variable>,
    /// Layouts it names, pinned to the versions that were live when it was written.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub layouts: BTreeMap<String, Pinned>,
    /// What changed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// When it was made.
    pub created_at: Time,
}

/// A layout's version that a template's version uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pinned {
    /// The layout.
    pub template: TemplateId,
    /// Its version.
    pub number: u32,
}

impl Version {
    /// Where that version is. Six digits keep the order of numbers in text.
    pub fn at(template: TemplateId, number: u32) -> Locator {
        Locator::Below(template.hex(), Self::sort(number))
    }

    /// The sort key of that number.
    pub fn sort(number: u32) -> String {
        format!("{number:06}")
    }

    /// The content for a locale: its own, its language's, or the default's.
    pub fn content(&self, wanted: Option<&Locale>, default: &Locale) -> Result<(&Locale, &Source)> {
        let exact = wanted.and_then(|locale| self.contents.get_key_value(locale));
        let language = wanted
            .and_then(|locale| Locale::parse(locale.language()).ok())
            .and_then(|locale| self.contents.get_key_value(&locale));
        exact
            .or(language)
            .or_else(|| self.contents.get_key_value(default))
            .or_else(|| self.contents.iter().next())
            .ok_or_else(|| Error::internal("a version without content"))
    }

    /// Which locales of a new version lag behind: the default's content changed since `before`, theirs did not.
    pub fn stale_since(before: Option<&Self>, contents: &BTreeMap<Locale, Source>, default: &Locale) -> Vec<Locale> {
        let Some(before) = before else { return Vec::new() };
        let changed = before.contents.get(default) != contents.get(default);
        contents
            .iter()
            .filter(|(locale, source)| *locale != default && before.contents.get(locale) == Some(source))
            .filter(|(locale, _)| changed || before.stale.contains(locale))
            .map(|(locale, _)| locale.clone())
            .collect()
    }
}

impl Entity for Version {
    const ROW: Row = schema::VERSION;

    fn locator(&self) -> Locator {
        Self::at(self.template, self.number)
    }
}
