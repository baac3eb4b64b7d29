//! What hosted pages say to people who sign up, confirm and choose, and the mail with the link to what they chose, in the languages
//! that we speak: a file for each.

mod dutch;
mod english;
mod french;
mod german;
mod italian;
mod portuguese;
mod spanish;

use domain::Channel;
use dutch::DUTCH;
use english::ENGLISH;
use french::FRENCH;
use german::GERMAN;
use italian::ITALIAN;
use portuguese::PORTUGUESE;
use spanish::SPANISH;

/// The sentences of one language, free of markup. `{who}` is the tenant, `{what}` the categories, `{how}` a channel.
#[derive(Debug)]
pub(crate) struct Words {
    /// Its tag.
    pub(super) tag: &'static str,
    /// Its own name.
    pub(super) name: &'static str,
    pub(super) sign_up: &'static str,
    pub(super) language: &'static str,
    pub(super) first_name: &'static str,
    pub(super) last_name: &'static str,
    pub(super) email: &'static str,
    pub(super) phone: &'static str,
    pub(super) topics: &'static str,
    pub(super) done: &'static str,
    pub(super) look_for_email: &'static str,
    pub(super) look_for_text: &'static str,
    pub(super) wrong: &'static str,
    pub(super) wrong_name: &'static str,
    pub(super) wrong_email: &'static str,
    pub(super) wrong_phone: &'static str,
    pub(super) no_topic: &'static str,
    pub(super) no_consent: &'static str,
    pub(super) too_many: &'static str,
    pub(super) confirm: &'static str,
    pub(super) by_email: &'static str,
    pub(super) by_text: &'static str,
    pub(super) yes: &'static str,
    pub(super) if_not: &'static str,
    pub(super) thanks: &'static str,
    pub(super) noted: &'static str,
    pub(super) late: &'static str,
    pub(super) ask_again: &'static str,
    pub(super) messages: &'static str,
    pub(super) messages_from: &'static str,
    pub(super) tell_address: &'static str,
    pub(super) send_link: &'static str,
    pub(super) link_sent: &'static str,
    pub(super) here: &'static str,
    pub(super) ignore: &'static str,
    pub(super) to: &'static str,
    pub(super) topic_by: &'static str,
    pub(super) way_call: &'static str,
    pub(super) way_push: &'static str,
    pub(super) way_email: &'static str,
    pub(super) way_text: &'static str,
    pub(super) ways: &'static str,
    pub(super) kinds: &'static str,
    pub(super) left: &'static str,
    pub(super) most: &'static str,
    pub(super) most_day: &'static str,
    pub(super) most_week: &'static str,
    pub(super) time: &'static str,
    pub(super) locale: &'static str,
    pub(super) zone: &'static str,
    pub(super) quiet_from: &'static str,
    pub(super) quiet_until: &'static str,
    pub(super) save: &'static str,
    pub(super) leave_all: &'static str,
    pub(super) in_any_case: &'static str,
    pub(super) saved: &'static str,
    pub(super) not_saved: &'static str,
    pub(super) wrong_locale: &'static str,
    pub(super) wrong_zone: &'static str,
    pub(super) wrong_quiet: &'static str,
    pub(super) wrong_most: &'static str,
}

impl Words {
    /// Those of a language; English where it is none of ours.
    pub(super) fn of(language: &str) -> &'static Self {
        Self::of_first([language])
    }

    /// Those of the first language that is one of ours; English where none is.
    pub(super) fn of_first<'a>(languages: impl IntoIterator<Item = &'a str>) -> &'static Self {
        let ours = |language: &str| ALL.into_iter().find(|words| words.tag == language);
        languages.into_iter().find_map(ours).unwrap_or(&ENGLISH)
    }

    /// What somebody is asked who is to confirm.
    pub(super) fn question(&self, channel: Channel, who: &str, what: &str) -> String {
        let question = if channel == Channel::Email { self.by_email } else { self.by_text };
        question.replace("{what}", what).replace("{who}", who)
    }

    /// Whose messages they are.
    pub(super) fn from(&self, who: &str) -> String {
        self.messages_from.replace("{who}", who)
    }

    /// A category on a channel.
    pub(super) fn by(&self, category: &str, channel: Channel) -> String {
        self.topic_by.replace("{how}", self.channel(channel)).replace("{what}", category)
    }

    /// What people call a channel.
    pub(super) const fn channel(&self, channel: Channel) -> &'static str {
        match channel {
            Channel::Email => self.way_email,
            Channel::Sms => self.way_text,
            Channel::Voice => self.way_call,
            Channel::Push => self.way_push,
            Channel::Whatsapp => "WhatsApp",
            Channel::Telegram => "Telegram",
            Channel::Messenger => "Messenger",
            Channel::Instagram => "Instagram",
            Channel::Discord => "Discord",
            Channel::Slack => "Slack",
            Channel::Teams => "Teams",
            Channel::Webhook => "Webhook",
        }
    }
}

const ALL: [&Words; 7] = [&ENGLISH, &GERMAN, &SPANISH, &FRENCH, &ITALIAN, &DUTCH, &PORTUGUESE];

#[cfg(test)]
mod tests {
    use domain::signup::LANGUAGES;

    use super::*;

    #[test]
    fn every_language_of_a_form_is_spoken_and_names_who_asks_for_what() {
        assert_eq!(ALL.map(|words| words.tag), LANGUAGES);
        for words in ALL {
            for channel in [Channel::Email, Channel::Sms] {
                let question = words.question(channel, "Corner Shop", "news");
                assert!(question.contains("Corner Shop") && question.contains("news") && !question.contains('{'), "{question}");
            }
        }
        assert_eq!((Words::of("fi").tag, Words::of_first(["fi", "nl", "de"]).tag), ("en", "nl"));
    }

    #[test]
    fn every_language_says_whose_messages_they_are_and_by_which_way() {
        for words in ALL {
            assert!(words.from("Corner Shop").contains("Corner Shop") && words.here.contains("{who}"), "{}", words.tag);
            for channel in Channel::ALL {
                let one = words.by("news", channel);
                assert!(one.contains("news") && one.contains(words.channel(channel)) && !one.contains('{'), "{one}");
            }
        }
    }
}
