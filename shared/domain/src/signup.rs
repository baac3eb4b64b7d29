//! Signing up: the form by which people ask to be written to, and what somebody asked by it. Nothing that is asked by a form is a
//! consent: whoever can type an address can ask in another's name, so the person confirms it by a link (`flows/opt_in.rs`).

use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::ids::SignupId;
use kernel::{Error, Locale, Phone, Result, Time};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::address;
use crate::consent::Evidence;
use crate::{Category, Channel};

/// The languages that forms speak.
pub const LANGUAGES: [&str; 7] = ["en", "de", "es", "fr", "it", "nl", "pt"];
/// Most topics of a form.
const TOPICS: usize = 8;
/// Most bytes of their categories, which stand in the link that confirms.
const CATEGORIES: usize = 160;
/// Most bytes of the text that somebody agrees to: as much as is kept of it as proof.
pub const CONSENT: usize = 1000;
/// Most letters of a name.
const NAME: usize = 60;
/// Days that an asking is kept at most; it goes as soon as it is carried out.
const KEPT_DAYS: i64 = 30;

/// A tenant's form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignupForm {
    /// Whether it is shown.
    pub active: bool,
    /// What people are asked to be written by: email or text message.
    pub channel: Channel,
    /// What they can ask for.
    pub topics: Vec<Topic>,
    /// What they agree to, by language. The form speaks these languages.
    pub consent: BTreeMap<String, String>,
    /// When it was last changed.
    pub updated_at: Time,
}

/// What people can ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The category of its messages.
    pub category: Category,
    /// Its names for people, by language.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
}

impl Topic {
    /// Its name in a language, or else another one of its names; the category where it has none.
    pub fn name(&self, language: &str) -> &str {
        self.names.get(language).or_else(|| self.names.values().next()).map_or(self.category.as_str(), String::as_str)
    }
}

impl SignupForm {
    /// One that nobody sees: what a tenant has that never made any.
    pub const fn none(now: Time) -> Self {
        Self { active: false, channel: Channel::Email, topics: Vec::new(), consent: BTreeMap::new(), updated_at: now }
    }

    /// Where a tenant's form is.
    pub fn at() -> Locator {
        Locator::Natural(String::new())
    }

    /// Checks what the types do not.
    pub fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        if !matches!(self.channel, Channel::Email | Channel::Sms) {
            faults.add("/channel", "channel", "email or sms is needed");
        }
        if self.topics.len() > TOPICS || (self.active && self.topics.is_empty()) {
            faults.add("/topics", "range", format!("1 to {TOPICS} topics"));
        }
        if self.topics.iter().map(|topic| topic.category.as_str().len() + 1).sum::<usize>() > CATEGORIES {
            faults.add("/topics", "too_long", format!("categories of at most {CATEGORIES} bytes together"));
        }
        for (at, topic) in self.topics.iter().enumerate() {
            let pointer = format!("/topics/{at}/category");
            if !topic.category.can_be_left() {
                faults.add(pointer, "category", "this category needs no consent");
            } else if self.topics.iter().take(at).any(|earlier| earlier.category == topic.category) {
                faults.add(pointer, "duplicate", "the category is there already");
            }
            for (language, name) in &topic.names {
                let pointer = format!("/topics/{at}/names{}", step(language));
                spoken(&pointer, language, &mut faults);
                faults.take(&pointer, crate::name::title(name));
            }
        }
        if self.active && self.consent.is_empty() {
            faults.add("/consent", "required", "a form needs a text that people agree to");
        }
        for (language, text) in &self.consent {
            let pointer = format!("/consent{}", step(language));
            spoken(&pointer, language, &mut faults);
            if text.trim().is_empty() {
                faults.add(pointer.as_str(), "required", "a text is needed");
            }
            faults.longer(&pointer, text, CONSENT);
        }
        faults.check()
    }

    /// The language that it speaks to somebody who would like those best, the first one most; the tenant's or any other of its own
    /// where it speaks none of them.
    pub fn language<'a>(&'a self, wanted: impl Iterator<Item = &'a str>, tenant: &'a Locale) -> &'a str {
        let spoken = |language: &str| self.consent.get_key_value(language).map(|(language, _)| language.as_str());
        let mut wanted = wanted.chain([tenant.language()]);
        wanted.find_map(spoken).or_else(|| self.consent.keys().next().map(String::as_str)).unwrap_or("en")
    }
}

fn step(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn spoken(pointer: &str, language: &str, faults: &mut Faults) {
    if !LANGUAGES.contains(&language) {
        faults.add(pointer, "language", format!("one of {} is needed", LANGUAGES.join(", ")));
    }
}

impl Entity for SignupForm {
    const ROW: Row = schema::SIGNUP_FORM;

    fn locator(&self) -> Locator {
        Self::at()
    }
}

/// What somebody asked by the form. It is carried out by `automation`, so that nobody can tell from the answer, or from how long it
/// takes, who is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signup {
    /// Its id.
    pub id: SignupId,
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<String>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// By which medium.
    pub channel: Channel,
    /// Where to, in the form that is sent to.
    pub address: String,
    /// In which language.
    pub locale: Locale,
    /// What for.
    pub categories: Vec<Category>,
    /// Where this deployment is called from outside, without a slash at the end.
    pub origin: String,
    /// What the person was shown, and where it was.
    pub evidence: Evidence,
}

/// A name as somebody gives it in a form. It may come to stand in a message to the address that was given, so it holds nothing that
/// a mail program makes a link of.
pub fn name(text: &str) -> Result<Option<String>> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let odd = |letter: char| letter.is_control() || "/@<>{}:".contains(letter);
    if text.chars().count() > NAME || text.contains(odd) || text.contains("www.") {
        return Err(Error::invalid("", "name", format!("a name of at most {NAME} letters is needed")));
    }
    Ok(Some(text.to_owned()))
}

/// An address as somebody gives it in a form of that channel, and its key form.
pub fn address(channel: Channel, text: &str) -> Result<(String, String)> {
    let address = if channel == Channel::Sms { Phone::parse(text)?.to_string() } else { address::parse(channel, text)? };
    let key = address::key(channel, &address)?;
    Ok((address, key))
}

impl Entity for Signup {
    const ROW: Row = schema::SIGNUP;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn expires(&self) -> Option<Time> {
        Some(self.id.made_at().plus_seconds(KEPT_DAYS * 86_400))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_holds_no_link() {
        assert_eq!(name(" Ada Lovelace-King ").unwrap().as_deref(), Some("Ada Lovelace-King"));
        assert_eq!(name("  ").unwrap(), None);
        for odd in ["https://win.example", "www.win.example", "win@example.com", "<b>", "{{ x }}", "a\nb", &"x".repeat(61)] {
            assert!(name(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_form_speaks_the_language_that_is_wanted_or_the_tenants_or_its_own() {
        let consent = ["de", "fr"].map(|tag| (tag.to_owned(), "Yes".to_owned())).into();
        let form = SignupForm { consent, ..SignupForm::none(Time::EPOCH) };
        let (french, english) = (Locale::parse("fr-CA").unwrap(), Locale::default());
        assert_eq!(form.language(["pt", "de"].into_iter(), &french), "de");
        assert_eq!(form.language(["pt"].into_iter(), &french), "fr");
        assert_eq!(form.language([].into_iter(), &english), "de");
    }
}
