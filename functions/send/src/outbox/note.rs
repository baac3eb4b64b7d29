//! Messages on channels other than email, as their recipients would see them.

use kernel::Time;
use kernel::ids::AccountId;
use providers::{Channel, Direct, Location};
use serde::{Deserialize, Serialize};

/// One message as a provider took it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The id given to it.
    pub id: String,
    /// Our reference, as the provider's events would carry it back.
    pub tag: String,
    /// The medium.
    pub channel: Channel,
    /// Which provider.
    pub provider: String,
    /// Through which account.
    pub account: AccountId,
    /// The recipient's address, in the channel's form.
    pub to: String,
    /// Heading.
    pub title: Option<String>,
    /// Text.
    pub text: Option<String>,
    /// What is on the buttons.
    pub buttons: Vec<String>,
    /// Names of files.
    pub files: Vec<String>,
    /// A place.
    pub location: Option<Location>,
    /// The name of a template that the provider has approved, instead of text.
    pub template: Option<String>,
    /// When.
    pub at: Time,
}

/// What the outbox is told of a message beside what it says.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    /// Our reference.
    pub tag: &'a str,
    /// The medium.
    pub channel: Channel,
    /// Which provider.
    pub provider: &'a str,
    /// Through which account.
    pub account: AccountId,
}

impl Note {
    /// The message under that id.
    pub(super) fn of(id: String, way: Way<'_>, direct: &Direct, at: Time) -> Self {
        Self {
            id,
            tag: way.tag.to_owned(),
            channel: way.channel,
            provider: way.provider.to_owned(),
            account: way.account,
            to: direct.to.clone(),
            title: direct.title.clone(),
            text: direct.text.clone(),
            buttons: direct.buttons.iter().map(|button| button.title().to_owned()).collect(),
            files: direct.media.iter().map(|file| file.name.clone()).collect(),
            location: direct.location.clone(),
            template: direct.template.as_ref().map(|template| template.name.clone()),
            at,
        }
    }

    /// Its first words, for a list.
    pub fn head(&self) -> &str {
        let place = self.location.as_ref().map(|place| place.name.as_deref().unwrap_or("A place"));
        let all = [self.title.as_deref(), self.text.as_deref(), place, self.template.as_deref()];
        all.into_iter().flatten().flat_map(str::lines).find(|line| !line.trim().is_empty()).unwrap_or_default()
    }
}
