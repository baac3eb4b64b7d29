//! A message ready to go: everything rendered, nothing of ours left to decide.

use std::fmt;

use kernel::{Email, Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::MediaKind;

/// A message on its way to a provider. `Debug` shows no text, name or token.
#[derive(Clone)]
pub struct Outgoing {
    /// The message's id as letters and digits: left part of a Message-ID header, key of idempotent calls.
    pub id: String,
    /// Opaque reference that the provider's events carry back; the same in every attempt of one message.
    pub tag: String,
    /// When it is sent.
    pub at: Time,
    /// Random bytes of this attempt, for providers whose calls are encrypted for the recipient.
    pub entropy: [u8; 48],
    /// What it says, and to whom.
    pub content: Content,
}

/// What a message says, and to whom.
#[derive(Clone)]
pub enum Content {
    /// An email.
    Mail(Box<Mail>),
    /// A message on any other channel.
    Direct(Box<Direct>),
}

impl Outgoing {
    /// The email in it.
    pub fn mail(&self) -> Result<&Mail> {
        match &self.content {
            Content::Mail(mail) => Ok(mail),
            Content::Direct(_) => Err(Error::internal("a provider of email was given another channel's message")),
        }
    }

    /// The message of another channel in it.
    pub fn direct(&self) -> Result<&Direct> {
        match &self.content {
            Content::Direct(direct) => Ok(direct),
            Content::Mail(_) => Err(Error::internal("a provider of another channel was given an email")),
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Outgoing");
        shown.field("id", &self.id);
        match &self.content {
            Content::Mail(mail) => shown
                .field("from", &mail.from)
                .field("to", &mail.to)
                .field("cc", &mail.cc)
                .field("bcc", &mail.bcc)
                .field("html_bytes", &mail.html.as_ref().map(String::len))
                .field("text_bytes", &mail.text.as_ref().map(String::len)),
            Content::Direct(direct) => {
                shown.field("text_bytes", &direct.text.as_ref().map(String::len)).field("media", &direct.media.len())
            }
        };
        shown.finish_non_exhaustive()
    }
}

/// An email.
#[derive(Clone)]
pub struct Mail {
    /// Sender.
    pub from: Mailbox,
    /// The one recipient that the message is for.
    pub to: Mailbox,
    /// Visible further recipients.
    pub cc: Vec<Email>,
    /// Hidden further recipients.
    pub bcc: Vec<Email>,
    /// Where answers go, when not to the sender.
    pub reply_to: Option<Email>,
    /// Subject line, free of control characters.
    pub subject: String,
    /// HTML body.
    pub html: Option<String>,
    /// Text body.
    pub text: Option<String>,
    /// Further headers, names and values checked.
    pub headers: Vec<(String, String)>,
    /// One-click unsubscribe address (RFC 8058), for mail of a category that one can leave.
    pub unsubscribe: Option<String>,
    /// Files that go along.
    pub attachments: Vec<Attachment>,
}

/// An address with the name shown beside it. `Debug` shows the domain only.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The address.
    pub email: Email,
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.email.fmt(f)
    }
}

/// A stored file that goes along with a message. Its bytes are read when the call is carried out, a part at a time.
#[derive(Clone, PartialEq, Eq)]
pub struct Attachment {
    /// File name, without folders and control characters.
    pub name: String,
    /// Media type, such as `application/pdf`.
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// Where its bytes are kept, for [`crate::Piece::Stored`].
    pub stored: String,
    /// The id that the HTML refers to it by (`cid:`), for pictures that are shown within the text.
    pub content_id: Option<String>,
}

/// A message on a channel other than email.
#[derive(Clone, Default)]
pub struct Direct {
    /// The recipient's address in the channel's own form: telephone number (E.164), chat id, device token, subscription (JSON),
    /// web address.
    pub to: String,
    /// The recipient's name.
    pub name: Option<String>,
    /// Heading, where the channel has one.
    pub title: Option<String>,
    /// Text.
    pub text: Option<String>,
    /// Files.
    pub media: Vec<Media>,
    /// A place.
    pub location: Option<Location>,
    /// Buttons below the text.
    pub buttons: Vec<Button>,
    /// A template that the provider has approved, instead of text.
    pub template: Option<ProviderTemplate>,
    /// The provider's id of the message that this one answers.
    pub answers: Option<String>,
    /// The language (BCP 47), for spoken text.
    pub locale: Option<String>,
    /// Data for programs: of push notifications and webhooks.
    pub data: Map<String, Value>,
}

/// A file of a message on a channel other than email. Most providers fetch it themselves by its link.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// What it is to the recipient.
    pub kind: MediaKind,
    /// Media type.
    pub media_type: String,
    /// Where anyone can fetch it for a while.
    pub url: String,
    /// Size.
    pub bytes: u64,
    /// Where its bytes are kept, for [`crate::Piece::Stored`].
    pub stored: String,
    /// File name.
    pub name: String,
}

/// A place on the map (WGS 84 degrees).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Location {
    /// North positive, -90 to 90.
    pub latitude: f64,
    /// East positive, -180 to 180.
    pub longitude: f64,
    /// What is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its postal address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// A button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Button {
    /// Sends an answer back.
    Reply {
        /// What is on it.
        title: String,
        /// What comes back when it is pressed.
        id: String,
    },
    /// Opens a page.
    Link {
        /// What is on it.
        title: String,
        /// The page.
        url: String,
    },
}

impl Button {
    /// What is on it.
    pub fn title(&self) -> &str {
        match self {
            Self::Reply { title, .. } | Self::Link { title, .. } => title,
        }
    }
}

/// A template that lives with the provider, such as an approved WhatsApp template.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderTemplate {
    /// Its name or id there.
    pub name: String,
    /// Its language there, such as `en_US`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Values for its heading's text, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub header: Vec<Parameter>,
    /// Values for its text, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub body: Vec<Parameter>,
    /// Values for its buttons: the changing end of a link, or what an answer sends back; in order of the buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<ButtonParameter>,
}

/// One value of a provider's template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// Its name, in templates whose values are named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The value.
    pub value: String,
}

/// The value of a template's button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ButtonParameter {
    /// Which button, from 0.
    pub index: u8,
    /// Whether it is a link; an answer otherwise.
    #[serde(default)]
    pub link: bool,
    /// The value.
    pub value: String,
}
