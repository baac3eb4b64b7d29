//! Channels: the media that messages travel by.

use serde::{Deserialize, Serialize};

/// The medium a message travels by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Electronic mail.
    Email,
    /// Text messages of mobile networks.
    Sms,
    /// WhatsApp.
    Whatsapp,
    /// Telegram.
    Telegram,
    /// Facebook Messenger.
    Messenger,
    /// Instagram direct messages.
    Instagram,
    /// Discord.
    Discord,
    /// Slack.
    Slack,
    /// Microsoft Teams.
    Teams,
    /// Notifications on devices and in browsers.
    Push,
    /// Telephone calls with spoken text.
    Voice,
    /// A signed POST to an address of the recipient's.
    Webhook,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 12] = [
        Self::Email,
        Self::Sms,
        Self::Whatsapp,
        Self::Telegram,
        Self::Messenger,
        Self::Instagram,
        Self::Discord,
        Self::Slack,
        Self::Teams,
        Self::Push,
        Self::Voice,
        Self::Webhook,
    ];

    /// The word for it in the API and in keys.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::Whatsapp => "whatsapp",
            Self::Telegram => "telegram",
            Self::Messenger => "messenger",
            Self::Instagram => "instagram",
            Self::Discord => "discord",
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Push => "push",
            Self::Voice => "voice",
            Self::Webhook => "webhook",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == word)
    }

    /// Whether its addresses are telephone numbers.
    pub const fn by_phone(self) -> bool {
        matches!(self, Self::Sms | Self::Whatsapp | Self::Voice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_read_back_and_are_distinct() {
        for channel in Channel::ALL {
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
            assert_eq!(serde_json::to_value(channel).unwrap(), channel.as_str());
        }
        assert_eq!(Channel::parse("pigeon"), None);
    }
}
