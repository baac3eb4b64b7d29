//! What each channel can carry. A message that a channel cannot carry is refused before any provider is called.
//!
//! One table for all providers of a channel: what every one of them takes, so that failover never meets a message that the next
//! provider must refuse. Sources: the providers' own limits (see each provider's file); 3GPP TS 23.038 for SMS.

use serde::{Deserialize, Serialize};

use crate::{Channel, EventKind};

/// What a channel can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Most characters (Unicode scalar values) of the text.
    pub text: usize,
    /// Most characters of a title or subject; `None` when it has none.
    pub title: Option<usize>,
    /// Whether it shows HTML.
    pub html: bool,
    /// Files by kind; a kind that is not listed cannot be sent.
    pub media: &'static [MediaRule],
    /// Most files of one message.
    pub files: usize,
    /// Most characters of the text that goes with a file; `None` when the file stands alone.
    pub caption: Option<usize>,
    /// Buttons, when it has them.
    pub buttons: Option<ButtonRule>,
    /// Whether it carries a place on the map.
    pub location: bool,
    /// Whether it knows templates that the provider has approved.
    pub templates: bool,
    /// Hours after the recipient's last message in which free text may be sent; `None` for always.
    pub window_hours: Option<u16>,
    /// What is learnt about a message that was sent.
    pub receipts: &'static [EventKind],
    /// Whether recipients can answer.
    pub inbound: bool,
    /// Whether who says STOP, START or HELP is told that it was heard. Networks demand it of text messages (CTIA Messaging
    /// Principles, section 5.1).
    pub confirms: bool,
}

/// What files of one kind may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaRule {
    /// The kind.
    pub kind: MediaKind,
    /// Media types; empty for any.
    pub types: &'static [&'static str],
    /// Most bytes of one file.
    pub bytes: u64,
}

/// How many buttons, and how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ButtonRule {
    /// Most buttons.
    pub count: usize,
    /// Most characters of a title.
    pub title: usize,
    /// Most bytes of what an answer button sends back; 0 when there are links only.
    pub reply: usize,
}

/// What a file is to its recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A film.
    Video,
    /// Sound.
    Audio,
    /// Anything else.
    File,
}

impl MediaKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Image, Self::Video, Self::Audio, Self::File];

    /// The kind of a media type.
    pub fn of(media_type: &str) -> Self {
        match media_type.split('/').next() {
            Some("image") => Self::Image,
            Some("video") => Self::Video,
            Some("audio") => Self::Audio,
            Some(_) | None => Self::File,
        }
    }

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::File => "file",
        }
    }
}

const MB: u64 = 1024 * 1024;

const fn rule(kind: MediaKind, types: &'static [&'static str], bytes: u64) -> MediaRule {
    MediaRule { kind, types, bytes }
}

/// A channel of plain text alone.
const PLAIN: Capabilities = Capabilities {
    text: 4096,
    title: None,
    html: false,
    media: &[],
    files: 0,
    caption: None,
    buttons: None,
    location: false,
    templates: false,
    window_hours: None,
    receipts: &[],
    inbound: false,
    confirms: false,
};

const EMAIL: Capabilities = Capabilities {
    text: 1024 * 1024,
    title: Some(989),
    html: true,
    media: &[
        rule(MediaKind::Image, &[], 25 * MB),
        rule(MediaKind::Video, &[], 25 * MB),
        rule(MediaKind::Audio, &[], 25 * MB),
        rule(MediaKind::File, &[], 25 * MB),
    ],
    files: 20,
    caption: Some(1024 * 1024),
    receipts: &[
        EventKind::Delayed,
        EventKind::Delivered,
        EventKind::Bounced,
        EventKind::Complained,
        EventKind::Opened,
        EventKind::Clicked,
        EventKind::Unsubscribed,
    ],
    inbound: true,
    ..PLAIN
};

const SMS: Capabilities = Capabilities {
    text: 1600,
    receipts: &[EventKind::Sent, EventKind::Delivered, EventKind::Bounced],
    inbound: true,
    confirms: true,
    ..PLAIN
};

const WHATSAPP: Capabilities = Capabilities {
    text: 4096,
    media: &[
        rule(MediaKind::Image, &["image/jpeg", "image/png"], 5 * MB),
        rule(MediaKind::Video, &["video/mp4", "video/3gpp"], 16 * MB),
        rule(MediaKind::Audio, &["audio/aac", "audio/mp4", "audio/mpeg", "audio/amr", "audio/ogg"], 16 * MB),
        rule(MediaKind::File, &[], 100 * MB),
    ],
    files: 1,
    caption: Some(1024),
    buttons: Some(ButtonRule { count: 3, title: 20, reply: 256 }),
    location: true,
    templates: true,
    window_hours: Some(24),
    receipts: &[EventKind::Sent, EventKind::Delivered, EventKind::Bounced, EventKind::Opened],
    inbound: true,
    confirms: true,
    ..PLAIN
};

const TELEGRAM: Capabilities = Capabilities {
    text: 4096,
    media: &[
        rule(MediaKind::Image, &["image/jpeg", "image/png", "image/webp", "image/gif"], 5 * MB),
        rule(MediaKind::Video, &["video/mp4"], 20 * MB),
        rule(MediaKind::Audio, &["audio/mpeg", "audio/mp4", "audio/ogg"], 20 * MB),
        rule(MediaKind::File, &[], 20 * MB),
    ],
    files: 1,
    caption: Some(1024),
    buttons: Some(ButtonRule { count: 20, title: 64, reply: 64 }),
    location: true,
    inbound: true,
    ..PLAIN
};

const MESSENGER: Capabilities = Capabilities {
    text: 2000,
    media: &[
        rule(MediaKind::Image, &["image/jpeg", "image/png", "image/gif"], 8 * MB),
        rule(MediaKind::Video, &["video/mp4"], 25 * MB),
        rule(MediaKind::Audio, &["audio/mpeg", "audio/mp4"], 25 * MB),
        rule(MediaKind::File, &[], 25 * MB),
    ],
    files: 1,
    buttons: Some(ButtonRule { count: 13, title: 20, reply: 1000 }),
    window_hours: Some(24),
    receipts: &[EventKind::Delivered, EventKind::Opened],
    inbound: true,
    ..PLAIN
};

const INSTAGRAM: Capabilities = Capabilities {
    text: 1000,
    media: &[
        rule(MediaKind::Image, &["image/jpeg", "image/png"], 8 * MB),
        rule(MediaKind::Video, &["video/mp4"], 25 * MB),
        rule(MediaKind::Audio, &["audio/mp4", "audio/aac", "audio/wav"], 25 * MB),
    ],
    files: 1,
    buttons: Some(ButtonRule { count: 13, title: 20, reply: 1000 }),
    window_hours: Some(24),
    receipts: &[EventKind::Opened],
    inbound: true,
    ..PLAIN
};

const DISCORD: Capabilities = Capabilities {
    text: 2000,
    media: &[
        rule(MediaKind::Image, &[], 10 * MB),
        rule(MediaKind::Video, &[], 10 * MB),
        rule(MediaKind::Audio, &[], 10 * MB),
        rule(MediaKind::File, &[], 10 * MB),
    ],
    files: 10,
    caption: Some(2000),
    buttons: Some(ButtonRule { count: 25, title: 80, reply: 100 }),
    inbound: true,
    ..PLAIN
};

const SLACK: Capabilities = Capabilities {
    text: 3000,
    media: &[rule(MediaKind::Image, &["image/jpeg", "image/png", "image/gif"], 5 * MB)],
    files: 10,
    caption: Some(3000),
    buttons: Some(ButtonRule { count: 25, title: 75, reply: 2000 }),
    inbound: true,
    ..PLAIN
};

const TEAMS: Capabilities = Capabilities {
    text: 20_000,
    title: Some(200),
    media: &[rule(MediaKind::Image, &["image/jpeg", "image/png", "image/gif"], MB)],
    files: 5,
    caption: Some(20_000),
    buttons: Some(ButtonRule { count: 6, title: 60, reply: 0 }),
    ..PLAIN
};

const PUSH: Capabilities = Capabilities {
    text: 1000,
    title: Some(200),
    media: &[rule(MediaKind::Image, &["image/jpeg", "image/png"], MB)],
    files: 1,
    caption: Some(1000),
    ..PLAIN
};

const VOICE: Capabilities =
    Capabilities { text: 3000, receipts: &[EventKind::Sent, EventKind::Delivered, EventKind::Bounced], ..PLAIN };

const WEBHOOK: Capabilities = Capabilities { text: 64 * 1024, title: Some(1000), ..PLAIN };

impl Channel {
    /// What it can carry.
    pub const fn capabilities(self) -> &'static Capabilities {
        match self {
            Self::Email => &EMAIL,
            Self::Sms => &SMS,
            Self::Whatsapp => &WHATSAPP,
            Self::Telegram => &TELEGRAM,
            Self::Messenger => &MESSENGER,
            Self::Instagram => &INSTAGRAM,
            Self::Discord => &DISCORD,
            Self::Slack => &SLACK,
            Self::Teams => &TEAMS,
            Self::Push => &PUSH,
            Self::Voice => &VOICE,
            Self::Webhook => &WEBHOOK,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_has_a_kind() {
        assert_eq!(MediaKind::of("image/png"), MediaKind::Image);
        assert_eq!(MediaKind::of("application/pdf"), MediaKind::File);
    }

    #[test]
    fn the_table_contradicts_itself_nowhere() {
        for channel in Channel::ALL {
            let can = channel.capabilities();
            assert!(can.text > 0, "{channel:?}");
            assert_eq!(can.files > 0, !can.media.is_empty(), "{channel:?}");
            assert!(can.caption.is_none() || can.files > 0, "{channel:?}");
            assert!(can.window_hours.is_none() || can.inbound, "{channel:?}: nobody could open the window");
            assert!(!can.confirms || can.inbound, "{channel:?}: nobody could wish for anything");
        }
    }
}
