//! Reach: which channels, templates and campaigns a person or key may use, beside what the role allows. Whoever is limited sees all the
//! same, but orders no message outside, writes no template outside, and lets nobody in who reaches further.

use kernel::error::{Fault, Faults};
use kernel::ids::TemplateId;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};

use crate::{Channel, Message};

/// Most entries of one list: they stand in the credential, which every request reads.
const MOST: usize = 50;

/// Why a channel is refused.
const OTHER_CHANNELS: &str = "the credential is limited to other channels";

/// See the module's words. What is not said is not limited; an empty list leaves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Messages by these channels alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<Channel>>,
    /// Messages of these templates alone, and no content of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub templates: Option<Vec<TemplateId>>,
    /// Messages of these campaigns alone, and none that belongs to no campaign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaigns: Option<Vec<String>>,
}

/// What a message is judged by.
#[derive(Clone, Copy, Debug)]
pub struct Use<'a> {
    /// Its channel.
    pub channel: Channel,
    /// Its template, if it is made of one.
    pub template: Option<TemplateId>,
    /// Its campaign, if it belongs to one.
    pub campaign: Option<&'a str>,
}

impl<'a> From<&'a Message> for Use<'a> {
    fn from(message: &'a Message) -> Self {
        let template = message.template.as_ref().map(|made| made.id);
        Self { channel: message.channel, template, campaign: message.campaign.as_deref() }
    }
}

/// Whether a list leaves that out.
fn leaves_out<T: PartialEq>(list: Option<&Vec<T>>, wanted: Option<&T>) -> bool {
    list.is_some_and(|list| wanted.is_none_or(|wanted| !list.contains(wanted)))
}

/// Whether a list goes beyond another.
fn exceeds<T: PartialEq>(list: Option<&Vec<T>>, bounds: Option<&Vec<T>>) -> bool {
    bounds.is_some_and(|bounds| list.is_none_or(|list| list.iter().any(|one| !bounds.contains(one))))
}

/// Refuses when something was found, which may be that nothing can be pointed to.
fn refuse(found: Vec<(&str, &'static str)>) -> Result<()> {
    let fault = |(pointer, detail): (&str, &str)| Fault::new(pointer, "reach", detail);
    if found.is_empty() { Ok(()) } else { Err(Error::OutOfReach(found.into_iter().map(fault).collect())) }
}

impl Reach {
    /// Whether nothing is limited.
    pub fn is_unlimited(&self) -> bool {
        *self == Self::default()
    }

    /// Reads what a credential says.
    pub fn read(text: Option<&str>) -> Result<Self> {
        let read =
            |text| serde_json::from_str(text).map_err(|error| Error::internal(format!("a reach that cannot be read: {error}")));
        text.map_or_else(|| Ok(Self::default()), read)
    }

    /// As a credential says it; nothing when nothing is limited.
    pub fn text(&self) -> Option<String> {
        if self.is_unlimited() { None } else { serde_json::to_string(self).ok() }
    }

    /// Notes what cannot be a reach.
    pub fn check(&self, at: &str, faults: &mut Faults) {
        let counts = [
            ("channels", self.channels.as_ref().map_or(0, Vec::len)),
            ("templates", self.templates.as_ref().map_or(0, Vec::len)),
            ("campaigns", self.campaigns.as_ref().map_or(0, Vec::len)),
        ];
        for (list, _) in counts.into_iter().filter(|(_, count)| *count > MOST) {
            faults.add(format!("{at}/{list}"), "too_many", format!("at most {MOST}"));
        }
        for (number, campaign) in self.campaigns.iter().flatten().enumerate() {
            faults.take(&format!("{at}/campaigns/{number}"), crate::name::slug(campaign));
        }
    }

    /// Refuses a message outside, with the place of an order at fault.
    pub fn order(&self, wanted: Use<'_>) -> Result<()> {
        let mut found = Vec::new();
        if leaves_out(self.channels.as_ref(), Some(&wanted.channel)) {
            found.push(("/channel", OTHER_CHANNELS));
        }
        if leaves_out(self.templates.as_ref(), wanted.template.as_ref()) {
            let pointer = if wanted.template.is_some() { "/template" } else { "/content" };
            found.push((pointer, "the credential is limited to certain templates"));
        }
        if leaves_out(self.campaigns.as_ref(), wanted.campaign.map(str::to_owned).as_ref()) {
            found.push(("/campaign", "the credential is limited to certain campaigns"));
        }
        refuse(found)
    }

    /// Refuses a channel outside, of what has neither template nor campaign.
    pub fn channel(&self, channel: Channel) -> Result<()> {
        let outside = leaves_out(self.channels.as_ref(), Some(&channel));
        refuse(outside.then_some(("", OTHER_CHANNELS)).into_iter().collect())
    }

    /// Refuses to write a template outside; one that is new is.
    pub fn write(&self, template: Option<TemplateId>) -> Result<()> {
        if leaves_out(self.templates.as_ref(), template.as_ref()) { Err(Error::OutOfReach(Vec::new())) } else { Ok(()) }
    }

    /// Refuses to give somebody a reach that goes beyond one's own, with the place at fault.
    pub fn covers(&self, other: &Self) -> Result<()> {
        let lists = [
            ("/reach/channels", exceeds(other.channels.as_ref(), self.channels.as_ref())),
            ("/reach/templates", exceeds(other.templates.as_ref(), self.templates.as_ref())),
            ("/reach/campaigns", exceeds(other.campaigns.as_ref(), self.campaigns.as_ref())),
        ];
        let beyond = lists.into_iter().filter(|(_, beyond)| *beyond);
        refuse(beyond.map(|(pointer, _)| (pointer, "it goes beyond the credential's own reach")).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(campaigns: &[&str]) -> Reach {
        Reach { campaigns: Some(campaigns.iter().map(ToString::to_string).collect()), ..Reach::default() }
    }

    #[test]
    fn nobody_gives_more_than_they_have() {
        let (all, none, spring) = (Reach::default(), reach(&[]), reach(&["spring"]));
        assert!(all.covers(&all).is_ok() && all.covers(&spring).is_ok() && spring.covers(&none).is_ok());
        assert!(spring.covers(&spring).is_ok());
        for (own, other) in [(&spring, &all), (&none, &spring), (&spring, &reach(&["spring", "fall"]))] {
            let Err(Error::OutOfReach(faults)) = own.covers(other) else { unreachable!("{own:?} covers {other:?}") };
            assert_eq!(faults.into_iter().map(|fault| fault.pointer).collect::<Vec<_>>(), ["/reach/campaigns"]);
        }
    }

    #[test]
    fn a_credential_keeps_it_to_the_letter() {
        for reach in [Reach::default(), reach(&["spring"]), Reach { channels: Some(vec![Channel::Sms]), ..Reach::default() }] {
            assert_eq!(Reach::read(reach.text().as_deref()), Ok(reach));
        }
        assert_eq!(Reach::default().text(), None);
    }
}
