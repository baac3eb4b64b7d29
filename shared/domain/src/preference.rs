//! What a contact prefers, beside the consents that the law asks for: channels, categories and campaigns that are not wanted, how much
//! is too much, and what the contact has been asked and has not answered yet.

use std::collections::{BTreeMap, BTreeSet};

use kernel::error::Faults;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};

use crate::consent::{Answer, Said};
use crate::gate::Why;
use crate::quota::Limit;
use crate::{Category, Channel, Message};

/// Most categories, campaigns or open questions of one contact.
const MOST: usize = 100;
/// Most messages that a cap can allow.
pub const LARGEST_CAP: u16 = 100;
/// Days within which a question must be answered.
const ANSWER_DAYS: i64 = 7;
/// Hours after which a question may be asked again.
const AGAIN_HOURS: i64 = 24;
const DAY_SECONDS: u32 = 86_400;

/// See the module's words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preferences {
    /// What is not wanted.
    #[serde(default, skip_serializing_if = "Refused::is_empty")]
    pub refused: Refused,
    /// How much is too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
    /// Consents that were asked for by a message and are not confirmed, by `channel:category`. None of them is a consent.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pending: BTreeMap<String, Pending>,
}

/// What is not wanted, of what can be left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// By no means by these channels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<Channel>,
    /// Nothing of these categories, by any channel.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub categories: BTreeSet<Category>,
    /// Nothing of these campaigns.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub campaigns: BTreeSet<String>,
}

/// Most messages that can be left, over all channels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// In any 24 hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_day: Option<u16>,
    /// In any seven days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per_week: Option<u16>,
}

/// A consent that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// When it was asked for last.
    pub at: Time,
}

impl Refused {
    /// Whether everything is wanted.
    pub fn is_empty(&self) -> bool {
        self.channels.is_empty() && self.categories.is_empty() && self.campaigns.is_empty()
    }

    /// What is refused here and not there, as answers.
    pub(crate) fn answers(&self, there: &Self, said: Said) -> Vec<Answer> {
        let channels = self.channels.difference(&there.channels).map(|channel| Answer::channel(*channel, said));
        let categories = self.categories.difference(&there.categories).map(|category| Answer {
            channel: None,
            category: Some(category.clone()),
            campaign: None,
            said,
        });
        let campaigns = self.campaigns.difference(&there.campaigns).map(|campaign| Answer {
            channel: None,
            category: None,
            campaign: Some(campaign.clone()),
            said,
        });
        channels.chain(categories).chain(campaigns).collect()
    }
}

impl Cap {
    /// The same as limits of a quota.
    pub fn limits(&self) -> Vec<Limit> {
        let limit = |most: Option<u16>, days: u32| most.map(|most| Limit { most, seconds: days * DAY_SECONDS });
        [limit(self.per_day, 1), limit(self.per_week, 7)].into_iter().flatten().collect()
    }
}

impl Pending {
    /// Until when it can be answered.
    pub fn until(&self) -> Time {
        self.at.plus_seconds(ANSWER_DAYS * 86_400)
    }

    /// Whether it may be asked again.
    pub fn is_stale(&self, now: Time) -> bool {
        now >= self.at.plus_seconds(AGAIN_HOURS * 3600)
    }
}

impl Preferences {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what the types do not.
    pub fn check(&self) -> Result<()> {
        let mut faults = Faults::default();
        for (pointer, count) in [
            ("/categories", self.refused.categories.len()),
            ("/campaigns", self.refused.campaigns.len()),
            ("/pending", self.pending.len()),
        ] {
            if count > MOST {
                faults.add(pointer, "too_many", format!("at most {MOST}"));
            }
        }
        for category in self.refused.categories.iter().filter(|category| !category.can_be_left()) {
            faults.add(format!("/categories/{category}"), "category", "this category cannot be left");
        }
        for campaign in &self.refused.campaigns {
            let pointer = format!("/campaigns/{}", campaign.replace('~', "~0").replace('/', "~1"));
            faults.take(&pointer, crate::name::slug(campaign));
        }
        let cap = self.cap.unwrap_or_default();
        for (pointer, most) in [("/cap/per_day", cap.per_day), ("/cap/per_week", cap.per_week)] {
            if most.is_some_and(|most| !(1..=LARGEST_CAP).contains(&most)) {
                faults.add(pointer, "range", format!("between 1 and {LARGEST_CAP}"));
            }
        }
        faults.check()
    }

    /// Why a message that can be left is not wanted.
    pub fn against(&self, message: &Message) -> Option<Why> {
        let refused = &self.refused;
        let campaign = |campaign: &String| refused.campaigns.contains(campaign);
        if refused.channels.contains(&message.channel) {
            return Some(Why::ChannelRefused);
        }
        if refused.categories.contains(&message.category) {
            return Some(Why::CategoryRefused);
        }
        message.campaign.as_ref().is_some_and(campaign).then_some(Why::CampaignRefused)
    }
}

#[cfg(test)]
mod tests {
    use kernel::Error;

    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused_with_its_place() {
        let mut preferences = Preferences::default();
        preferences.refused.categories.insert(Category::default());
        preferences.refused.campaigns.insert("Spring/Sale".to_owned());
        preferences.cap = Some(Cap { per_day: Some(0), per_week: Some(101) });
        let Err(Error::Invalid(faults)) = preferences.check() else { unreachable!() };
        let places: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
        assert_eq!(places, ["/categories/transactional", "/campaigns/Spring~1Sale", "/cap/per_day", "/cap/per_week"]);
    }

    #[test]
    fn a_question_can_be_answered_for_a_week_and_asked_again_after_a_day() {
        let asked = Pending { at: Time::from_millis(1_772_000_000_000) };
        assert_eq!(asked.until().since(asked.at), 7 * 86_400 * 1000);
        assert!(!asked.is_stale(asked.at.plus_seconds(86_399)) && asked.is_stale(asked.at.plus_seconds(86_400)));
    }
}
