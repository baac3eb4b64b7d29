//! What a row changes of a contact.

use std::collections::BTreeMap;
use std::fmt;

use kernel::ids::CompanyId;
use kernel::{Email, Error, Locale, Phone, Result, Time, Zone};
use serde_json::Value;

use super::cells::{Draft, each, user, yes};
use super::target::{self, name, named};
use super::{Form, SOURCE};
use crate::contact::{Consent, Handle, QuietHours, parse_consent_key};
use crate::field::Object;
use crate::{Category, Channel, Contact};

/// The fields of a contact's own that columns can fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// Given name.
    FirstName,
    /// Family name.
    LastName,
    /// Company name.
    Company,
    /// The company, when it is a known one, by id.
    CompanyId,
    /// The same, by one of its domains.
    CompanyDomain,
    /// The user who keeps it, by id.
    Owner,
    /// One email address, or several.
    Emails,
    /// One telephone number, or several.
    Phones,
    /// Addresses on other channels, as `channel:address`.
    Handles,
    /// Tags.
    Tags,
    /// Language.
    Locale,
    /// Time zone.
    Zone,
    /// Whether nothing may be sent. A no changes nothing: nobody is made contactable by a list that somebody brings.
    DoNotContact,
    /// What is not wanted, as `channel.email`, `category.news` and `campaign.spring`.
    Refused,
    /// Hours without disturbance, as `21:00-08:00`.
    QuietHours,
    /// How much is too much, as `2/day` and `5/week`.
    Cap,
    /// Yes or no to one category on one channel.
    Consent(Channel, Category),
    /// Answers, as `channel:category=yes`.
    Consents,
}

const WORDS: [(&str, Own); 19] = [
    ("first_name", Own::FirstName),
    ("last_name", Own::LastName),
    ("company", Own::Company),
    ("company_id", Own::CompanyId),
    ("company.domain", Own::CompanyDomain),
    ("owner", Own::Owner),
    ("emails", Own::Emails),
    ("email", Own::Emails),
    ("phones", Own::Phones),
    ("phone", Own::Phones),
    ("handles", Own::Handles),
    ("tags", Own::Tags),
    ("locale", Own::Locale),
    ("zone", Own::Zone),
    ("do_not_contact", Own::DoNotContact),
    ("refused", Own::Refused),
    ("quiet_hours", Own::QuietHours),
    ("cap", Own::Cap),
    ("consents", Own::Consents),
];

impl target::Own for Own {
    const SUCH_AS: &'static str = "email, tags, consent.email:news";

    fn read(word: &str) -> Option<Self> {
        let Some(key) = word.strip_prefix("consent.") else { return named(&WORDS, word) };
        parse_consent_key(key).ok().map(|(channel, category)| Self::Consent(channel, category))
    }
}

impl fmt::Display for Own {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Consent(channel, category) = self {
            return write!(f, "consent.{}:{category}", channel.as_str());
        }
        f.write_str(name(&WORDS, self))
    }
}

/// Whether a column of that word brings consents.
pub fn brings_consents(word: &str) -> bool {
    word == "consents" || word.starts_with("consent.")
}

/// A contact that a row is carried out on. [`Contact::check`] judges the result.
#[derive(Debug)]
pub struct Row<'a> {
    contact: &'a mut Contact,
    now: Time,
    emails: Vec<Email>,
    phones: Vec<Phone>,
    domain: Option<String>,
}

impl<'a> Row<'a> {
    /// Nothing is carried out yet.
    pub const fn new(contact: &'a mut Contact, now: Time) -> Self {
        Self { contact, now, emails: Vec::new(), phones: Vec::new(), domain: None }
    }

    /// Records an answer. Who has said no is not made to say yes by a list that somebody brings.
    pub fn answer(&mut self, channel: Channel, category: &Category, granted: bool) {
        if self.contact.consent(channel, category).is_none_or(|known| known.granted && !granted) {
            let consent = Consent { granted, at: self.now, source: SOURCE.to_owned() };
            self.contact.record_consent(channel, category, consent);
        }
    }

    /// Notes what is not wanted.
    fn refuse(&mut self, kind: Refusal, name: &str) -> Result<()> {
        let refused = &mut self.contact.preferences.refused;
        match kind {
            Refusal::Channel => {
                let channel = Channel::parse(name).ok_or_else(|| Error::invalid("", "refused", "no such channel"))?;
                refused.channels.insert(channel);
            }
            Refusal::Category => drop(refused.categories.insert(Category::parse(name)?)),
            Refusal::Campaign => drop(refused.campaigns.insert(name.to_owned())),
        }
        Ok(())
    }

    /// Addresses that the row does not name stay, behind those that it names. Answers with the domain of the company that is meant, if one
    /// is: whether it is here must be looked up.
    pub fn finish(self) -> Option<String> {
        let others = std::mem::take(&mut self.contact.emails);
        self.contact.emails = self.emails;
        for email in others {
            if !self.contact.emails.iter().any(|known| known.key() == email.key()) {
                self.contact.emails.push(email);
            }
        }
        let others = std::mem::take(&mut self.contact.phones);
        self.contact.phones = self.phones;
        for phone in others {
            if !self.contact.phones.contains(&phone) {
                self.contact.phones.push(phone);
            }
        }
        self.domain
    }
}

impl Draft for Row<'_> {
    type Own = Own;
    const OBJECT: Object = Object::Contact;

    fn take(&mut self, form: Form, own: &Own, text: &str) -> Result<()> {
        let said = || text.to_owned();
        match own {
            Own::FirstName => self.contact.first_name = Some(said()),
            Own::LastName => self.contact.last_name = Some(said()),
            Own::Company => self.contact.company = Some(said()),
            Own::CompanyId => {
                let company = CompanyId::parse(text);
                self.contact.company_id =
                    Some(company.ok_or_else(|| Error::invalid("", "company", "the id of a company is needed"))?);
            }
            Own::CompanyDomain => self.domain = Some(said()),
            Own::Owner => self.contact.owner = Some(user(text)?),
            Own::Emails => self.emails.extend(each(form, text, Email::parse)?),
            Own::Phones => self.phones.extend(each(form, text, Phone::parse)?),
            Own::Handles => {
                for handle in each(form, text, handle)? {
                    if !self.contact.handles.contains(&handle) {
                        self.contact.handles.push(handle);
                    }
                }
            }
            Own::Tags => super::cells::add_tags(&mut self.contact.tags, form, text)?,
            Own::Locale => self.contact.locale = Some(Locale::parse(text)?),
            Own::Zone => self.contact.zone = Some(Zone::parse(text)?),
            Own::DoNotContact => self.contact.do_not_contact |= yes(text)?,
            Own::Refused => {
                for (kind, name) in each(form, text, refused)? {
                    self.refuse(kind, &name)?;
                }
            }
            Own::QuietHours => self.contact.quiet_hours = Some(quiet(text)?),
            Own::Cap => {
                let cap = self.contact.preferences.cap.get_or_insert_default();
                for (span, most) in each(form, text, most)? {
                    match span {
                        Span::Day => cap.per_day = Some(most),
                        Span::Week => cap.per_week = Some(most),
                    }
                }
            }
            Own::Consent(channel, category) => self.answer(*channel, category, yes(text)?),
            Own::Consents => {
                for (channel, category, granted) in each(form, text, answer)? {
                    self.answer(channel, &category, granted);
                }
            }
        }
        Ok(())
    }

    fn fields(&mut self) -> &mut BTreeMap<String, Value> {
        &mut self.contact.fields
    }
}

/// What somebody can do without.
enum Refusal {
    Channel,
    Category,
    Campaign,
}

fn refused(text: &str) -> Result<(Refusal, String)> {
    let (kind, name) = text.split_once('.').unwrap_or_default();
    let kind = match kind {
        "channel" => Refusal::Channel,
        "category" => Refusal::Category,
        "campaign" => Refusal::Campaign,
        _ => return Err(Error::invalid("", "refused", "channel., category. or campaign. and a name is needed")),
    };
    Ok((kind, name.trim().to_owned()))
}

fn quiet(text: &str) -> Result<QuietHours> {
    let refuse = || Error::invalid("", "quiet_hours", "hours such as 21:00-08:00 are needed");
    let (start, end) = text.split_once('-').ok_or_else(refuse)?;
    let hours = serde_json::json!({ "start": start.trim(), "end": end.trim() });
    serde_json::from_value(hours).map_err(|_| refuse())
}

/// A span of time that a cap counts in.
enum Span {
    Day,
    Week,
}

fn most(text: &str) -> Result<(Span, u16)> {
    let refuse = || Error::invalid("", "cap", "a number of messages such as 2/day or 5/week is needed");
    let (most, span) = text.split_once('/').ok_or_else(refuse)?;
    let span = match span.trim() {
        "day" => Span::Day,
        "week" => Span::Week,
        _ => return Err(refuse()),
    };
    Ok((span, most.trim().parse().map_err(|_| refuse())?))
}

fn handle(text: &str) -> Result<Handle> {
    let (channel, address) = text.split_once(':').unwrap_or_default();
    let channel = Channel::parse(channel);
    let channel =
        channel.ok_or_else(|| Error::invalid("", "handle", "a channel and an address such as telegram:123 are needed"))?;
    Ok(Handle { channel, address: address.trim().to_owned() })
}

fn answer(text: &str) -> Result<(Channel, Category, bool)> {
    let (key, said) = text.split_once('=').unwrap_or((text, ""));
    let (channel, category) = parse_consent_key(key.trim())?;
    Ok((channel, category, yes(said.trim())?))
}
