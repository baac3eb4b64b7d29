//! What a person says to being written to, kept for ever: a row for every change of it, written in the transaction that changes the
//! contact, and never changed or deleted afterwards. The contact has what holds now; these rows prove how it came about.

use kernel::Time;
use kernel::ids::{ContactId, ImportId, MessageId};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::message::cut;
use crate::{Category, Channel, Contact};

/// Most bytes of a user agent that are kept.
const AGENT: usize = 300;
/// Most bytes of the text that somebody was shown, or wrote.
const TEXT: usize = 1000;

/// What a person said at one moment, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// Whose.
    pub contact: ContactId,
    /// The version of the contact that it led to: no two have the same, since both are written on that condition.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// What was said.
    pub answers: Vec<Answer>,
    /// How it is known.
    pub evidence: Evidence,
}

/// What was said of what. Without channel, category and campaign it is about everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The channel that it is about; every one when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The category; every one that can be left when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// The campaign, when it is about one alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// What was said.
    pub said: Said,
}

/// What a person can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Yes.
    Granted,
    /// No.
    Withdrawn,
    /// Nothing yet: it was asked for by a message that waits for an answer.
    Pending,
    /// Nothing that counts any more: the record was taken back by the tenant.
    Forgotten,
}

impl Said {
    /// Everything that can be said.
    pub const ALL: [Self; 4] = [Self::Granted, Self::Withdrawn, Self::Pending, Self::Forgotten];

    const fn of(granted: bool) -> Self {
        if granted { Self::Granted } else { Self::Withdrawn }
    }
}

/// How it is known what somebody said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// By which way: `api`, `preference_page`, `one_click`, `double_opt_in`, `inbound`, `import`, `rule`, `signup_form`.
    pub source: String,
    /// The user or API key that brought it, when it came by the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The person's network address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The person's program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<String>,
    /// The message whose link was followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The import that it stood in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub import: Option<ImportId>,
    /// The text that the person was shown, or wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Evidence {
    /// By that way, and nothing more is known.
    pub fn by(source: &str) -> Self {
        Self { source: source.to_owned(), ..Self::default() }
    }

    /// With the text that the person was shown, or wrote.
    #[must_use]
    pub fn showing(self, text: &str) -> Self {
        Self { text: Some(cut(text, TEXT)), ..self }
    }

    /// With the person's network address and program.
    #[must_use]
    pub fn seen_from(self, ip: Option<&str>, agent: Option<&str>) -> Self {
        // The longest address is that of IPv6 with an address of IPv4 in it.
        Self { ip: ip.map(|ip| cut(ip, 45)), agent: agent.map(|agent| cut(agent, AGENT)), ..self }
    }
}

impl Answer {
    /// About one category on one channel.
    pub const fn about(channel: Channel, category: Category, said: Said) -> Self {
        Self { channel: Some(channel), category: Some(category), campaign: None, said }
    }

    /// About everything on a channel that can be left.
    pub const fn channel(channel: Channel, said: Said) -> Self {
        Self { channel: Some(channel), category: None, campaign: None, said }
    }
}

impl Declaration {
    /// What the change of a contact declares; none when it changes nothing of what the person allows. `seq` is the version that the
    /// change leads to.
    pub fn of_change(before: Option<&Contact>, after: &Contact, seq: u64, at: Time, evidence: &Evidence) -> Option<Self> {
        let answers = changes(before, after);
        (!answers.is_empty()).then(|| Self { contact: after.id, seq, at, answers, evidence: evidence.clone() })
    }
}

/// Every answer that differs.
fn changes(before: Option<&Contact>, after: &Contact) -> Vec<Answer> {
    let nobody = Contact::blank(after.id, after.created_at);
    let before = before.unwrap_or(&nobody);
    let mut answers = Vec::new();
    if before.do_not_contact != after.do_not_contact {
        let said = Said::of(!after.do_not_contact);
        answers.push(Answer { channel: None, category: None, campaign: None, said });
    }
    let mut about = |key: &str, said: Said| {
        if let Ok((channel, category)) = crate::contact::parse_consent_key(key) {
            answers.push(Answer::about(channel, category, said));
        }
    };
    for (key, consent) in &after.consents {
        if before.consents.get(key).map(|known| known.granted) != Some(consent.granted) {
            about(key, Said::of(consent.granted));
        }
    }
    for key in before.consents.keys().filter(|key| !after.consents.contains_key(*key)) {
        about(key, Said::Forgotten);
    }
    for (key, pending) in &after.preferences.pending {
        if before.preferences.pending.get(key) != Some(pending) {
            about(key, Said::Pending);
        }
    }
    answers.extend(after.preferences.refused.answers(&before.preferences.refused, Said::Withdrawn));
    answers.extend(before.preferences.refused.answers(&after.preferences.refused, Said::Granted));
    answers
}

impl Entity for Declaration {
    const ROW: Row = schema::CONSENT;

    fn locator(&self) -> Locator {
        Locator::Below(self.contact.hex(), format!("{:012}", self.seq))
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Ids};

    use super::*;
    use crate::contact::Consent;

    fn contact() -> Contact {
        let clock = Clock::manual(Time::from_millis(1_772_000_000_000));
        Contact::blank(ContactId::new(&Ids::seeded(1), &clock), clock.now())
    }

    fn said(before: Option<&Contact>, after: &Contact) -> Vec<(String, Said)> {
        let found = Declaration::of_change(before, after, 2, after.updated_at, &Evidence::by("api"));
        let word = |answer: Answer| {
            let channel = answer.channel.map(Channel::as_str).unwrap_or_default();
            let category = answer.category.map(|category| category.to_string()).unwrap_or_default();
            (format!("{channel}:{category}:{}", answer.campaign.unwrap_or_default()), answer.said)
        };
        found.into_iter().flat_map(|found| found.answers).map(word).collect()
    }

    #[test]
    fn a_declaration_tells_what_a_change_allows_and_nothing_else() {
        let before = contact();
        let mut after = contact();
        after.first_name = Some("Ada".to_owned());
        assert_eq!(said(Some(&before), &after), []);
        let news = Category::parse("news").unwrap();
        let yes = Consent { granted: true, at: after.updated_at, source: "api".to_owned() };
        after.record_consent(Channel::Email, &news, yes);
        after.preferences.refused.channels.insert(Channel::Sms);
        after.preferences.refused.campaigns.insert("spring".to_owned());
        assert_eq!(
            said(None, &after),
            [
                ("email:news:".to_owned(), Said::Granted),
                ("sms::".to_owned(), Said::Withdrawn),
                ("::spring".to_owned(), Said::Withdrawn)
            ]
        );
        let mut later = after.clone();
        later.consents.clear();
        later.preferences.refused.channels.clear();
        later.do_not_contact = true;
        assert_eq!(
            said(Some(&after), &later),
            [
                ("::".to_owned(), Said::Withdrawn),
                ("email:news:".to_owned(), Said::Forgotten),
                ("sms::".to_owned(), Said::Granted)
            ]
        );
    }
}
