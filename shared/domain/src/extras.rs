//! What a message says beside its text on channels other than email, and what each channel can carry of it.

use kernel::Error;
use kernel::error::Faults;
use providers::{Button, Location, ProviderTemplate};
use render::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Channel;

/// Most bytes of data for programs: what push services take at most is 4 KB in all.
const DATA: usize = 3_000;

/// See the module's words.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extras {
    /// Buttons below the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// A place on the map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// A template that the provider has approved, instead of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_template: Option<ProviderTemplate>,
    /// Data for programs: of push notifications and webhooks.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub data: Map<String, Value>,
    /// The provider's id of the message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
}

impl Extras {
    /// Whether there is nothing beside the text.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether they say something without any text.
    pub const fn speak(&self) -> bool {
        self.location.is_some() || self.provider_template.is_some()
    }

    /// Adds what the channel cannot carry to the faults.
    pub fn check(&self, channel: Channel, faults: &mut Faults) {
        let (can, word) = (channel.capabilities(), channel.as_str());
        match can.buttons {
            None if !self.buttons.is_empty() => faults.add("/buttons", "channel", format!("{word} has no buttons")),
            Some(rule) if self.buttons.len() > rule.count => {
                faults.add("/buttons", "too_many", format!("{word} has at most {} buttons", rule.count));
            }
            Some(rule) => {
                for (at, button) in self.buttons.iter().enumerate() {
                    let title = button.title();
                    if title.trim().is_empty() || title.chars().count() > rule.title {
                        let most = rule.title;
                        faults.add(format!("/buttons/{at}"), "title", format!("a title of 1 to {most} characters is needed"));
                    }
                    match button {
                        Button::Reply { .. } if rule.reply == 0 => {
                            faults.add(format!("/buttons/{at}"), "channel", format!("{word} has buttons with links only"));
                        }
                        Button::Reply { id, .. } if id.is_empty() || id.len() > rule.reply => {
                            let most = rule.reply;
                            faults.add(format!("/buttons/{at}/reply/id"), "id", format!("1 to {most} bytes are needed"));
                        }
                        Button::Link { url, .. } if !(url.starts_with("https://") || url.starts_with("http://")) => {
                            faults.add(format!("/buttons/{at}/link/url"), "url", "a web address is needed");
                        }
                        Button::Reply { .. } | Button::Link { .. } => {}
                    }
                }
            }
            None => {}
        }
        if let Some(location) = &self.location {
            if !can.location {
                faults.add("/location", "channel", format!("{word} carries no places"));
            }
            if !(-90.0..=90.0).contains(&location.latitude) {
                faults.add("/location/latitude", "range", "-90 to 90 degrees");
            }
            if !(-180.0..=180.0).contains(&location.longitude) {
                faults.add("/location/longitude", "range", "-180 to 180 degrees");
            }
        }
        if self.provider_template.is_some() && !can.templates {
            faults.add("/provider_template", "channel", format!("{word} knows no templates of a provider"));
        }
        if !self.data.is_empty() && !matches!(channel, Channel::Push | Channel::Webhook) {
            faults.add("/data", "channel", format!("{word} carries no data for programs"));
        }
        if serde_json::to_string(&self.data).map_or(usize::MAX, |text| text.len()) > DATA && channel == Channel::Push {
            faults.add("/data", "too_long", format!("at most {DATA} bytes"));
        }
        if self.answers.is_some() && channel == Channel::Email {
            faults.add("/answers", "channel", "an email is answered by its headers");
        }
    }
}

/// Adds what is missing of a message's content, or is more than the channel has.
pub fn check_source(channel: Channel, source: &Source, pointer: &str, faults: &mut Faults) {
    let (can, word) = (channel.capabilities(), channel.as_str());
    if channel == Channel::Email && source.subject.is_none() {
        faults.add(format!("{pointer}/subject"), "required", "an email needs a subject");
    }
    if can.title.is_none() && source.subject.is_some() {
        faults.add(format!("{pointer}/subject"), "channel", format!("{word} has no titles"));
    }
    if !can.html && source.html.is_some() {
        faults.add(format!("{pointer}/html"), "channel", format!("{word} shows text alone"));
    }
}

/// Refuses a rendered title and text that are longer than the channel takes, alone or beside files. Where they come from says the
/// pointer.
pub fn fits(channel: Channel, files: bool, pointer: &str, title: Option<&str>, text: &str) -> Result<(), Error> {
    let can = channel.capabilities();
    let mut faults = Faults::default();
    let (most, beside) = if files { (can.caption.unwrap_or(0), " beside a file") } else { (can.text, "") };
    if text.chars().count() > most {
        let detail = format!("{} takes at most {most} characters{beside}", channel.as_str());
        faults.add(format!("{pointer}/text"), "too_long", detail);
    }
    if let (Some(title), Some(most)) = (title, can.title)
        && title.chars().count() > most
    {
        faults.add(format!("{pointer}/subject"), "too_long", format!("{} takes at most {most} characters", channel.as_str()));
    }
    faults.check()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(channel: Channel, extras: &Extras) -> Vec<String> {
        let mut faults = Faults::default();
        extras.check(channel, &mut faults);
        match faults.check() {
            Ok(()) => Vec::new(),
            Err(Error::Invalid(faults)) => {
                faults.into_iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    fn reply(title: &str, id: &str) -> Button {
        Button::Reply { title: title.to_owned(), id: id.to_owned() }
    }

    #[test]
    fn nothing_is_carried_everywhere() {
        for channel in Channel::ALL {
            assert!(faults(channel, &Extras::default()).is_empty());
        }
    }

    #[test]
    fn each_channel_refuses_what_it_cannot_carry_and_says_which() {
        let all = Extras {
            buttons: vec![reply("Yes", "y")],
            location: Some(Location { latitude: 91.0, longitude: 13.4, name: None, address: None }),
            provider_template: Some(ProviderTemplate::default()),
            data: Map::from_iter([("a".to_owned(), Value::from(1))]),
            answers: Some("m1".to_owned()),
        };
        let sms = [
            "/buttons channel",
            "/location channel",
            "/location/latitude range",
            "/provider_template channel",
            "/data channel",
        ];
        assert_eq!(faults(Channel::Sms, &all), sms);
        assert_eq!(faults(Channel::Whatsapp, &all), ["/location/latitude range", "/data channel"]);
        assert!(faults(Channel::Email, &all).contains(&"/answers channel".to_owned()));
    }

    #[test]
    fn buttons_are_counted_and_measured() {
        let many = Extras { buttons: vec![reply("Yes", "y"); 40], ..Extras::default() };
        assert_eq!(faults(Channel::Whatsapp, &many), ["/buttons too_many"]);
        let long = Extras { buttons: vec![reply(&"x".repeat(21), "y"), reply("", "y"), reply("No", "")], ..Extras::default() };
        assert_eq!(faults(Channel::Whatsapp, &long), ["/buttons/0 title", "/buttons/1 title", "/buttons/2/reply/id id"]);
        let odd = Button::Link { title: "Go".to_owned(), url: "javascript:alert(1)".to_owned() };
        assert_eq!(faults(Channel::Telegram, &Extras { buttons: vec![odd], ..Extras::default() }), ["/buttons/0/link/url url"]);
    }

    #[test]
    fn lengths_are_counted_in_characters() {
        let most = Channel::Discord.capabilities().text;
        assert!(fits(Channel::Discord, false, "/content", None, &"ü".repeat(most)).is_ok());
        assert!(fits(Channel::Discord, false, "/content", None, &"u".repeat(most + 1)).is_err());
        assert!(fits(Channel::Push, false, "/content", Some(&"u".repeat(201)), "hi").is_err());
    }

    #[test]
    fn beside_a_file_there_is_less_room_or_none() {
        assert!(fits(Channel::Whatsapp, true, "/content", None, &"u".repeat(1024)).is_ok());
        assert!(fits(Channel::Whatsapp, true, "/content", None, &"u".repeat(1025)).is_err());
        assert!(fits(Channel::Messenger, true, "/content", None, "").is_ok());
        assert!(fits(Channel::Messenger, true, "/content", None, "u").is_err());
    }
}
