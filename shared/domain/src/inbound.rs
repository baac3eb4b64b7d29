//! What people write to a tenant, bounded in size, and the receipts by which a repetition is recognised.

use kernel::ids::{AccountId, AttachmentId, CompanyId, ContactId, ConversationId, InboundId};
use kernel::{Keys, Time};
use providers::{FileSource, Inbound as Came, InboundFile, Location, Wish};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::Channel;
use crate::message::cut;

/// Most bytes of a text.
pub const TEXT: usize = 16 * 1024;
/// Most bytes of HTML.
pub const HTML: usize = 64 * 1024;
/// Most files and most references.
pub const MOST: usize = 20;
/// Most bytes of a name, subject, id or reference.
const LINE: usize = 512;
/// Most bytes of a preview.
const PREVIEW: usize = 160;

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inbound {
    /// Its id, which also says when it came in.
    pub id: InboundId,
    /// What it belongs to.
    pub conversation: ConversationId,
    /// The account that it came through.
    pub account: AccountId,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The company that they belonged to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<CompanyId>,
    /// The medium.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// The provider's id of it.
    pub provider_id: String,
    /// When it was sent, by the provider's clock.
    pub at: Time,
    /// The sender's address.
    pub from: String,
    /// The sender's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The address that it came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// HTML as it came: nobody has cleaned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// What came with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
    /// A place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What a pressed button sent back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub button: Option<String>,
    /// The provider's id of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answers: Option<String>,
    /// Message-IDs that an email refers to, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// Whether a machine wrote it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub automatic: bool,
    /// What the sender wants of all future messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wish: Option<Wish>,
    /// Whether more came than is kept.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shortened: bool,
}

/// A file that came with a message: what was said of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// File name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Media type as the sender names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Size in bytes, when it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// The id that HTML refers to it by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_id: Option<String>,
    /// Where its bytes are, or will be; none of messages that came before files were stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<AttachmentId>,
}

/// Cuts texts and notes whether anything was lost.
struct Bounds(bool);

impl Bounds {
    fn cut(&mut self, text: &str, limit: usize) -> String {
        self.0 |= text.len() > limit;
        cut(text, limit)
    }

    fn line(&mut self, text: Option<&String>) -> Option<String> {
        text.map(|text| self.cut(text, LINE))
    }

    fn first<'a, T>(&mut self, all: &'a [T]) -> impl Iterator<Item = &'a T> + use<'a, T> {
        self.0 |= all.len() > MOST;
        all.iter().take(MOST)
    }

    fn file(&mut self, file: &InboundFile) -> File {
        let bytes = match &file.source {
            FileSource::Bytes(bytes) => u64::try_from(bytes.len()).ok(),
            FileSource::Url(_) | FileSource::Id(_) => None,
        };
        File {
            name: self.line(file.name.as_ref()),
            media_type: self.line(file.media_type.as_ref()),
            bytes: file.bytes.or(bytes),
            content_id: self.line(file.content_id.as_ref()),
            attachment: None,
        }
    }
}

impl Inbound {
    /// What is kept of a message that came from that address.
    pub fn of(id: InboundId, conversation: ConversationId, account: AccountId, from: &str, came: &Came) -> Self {
        let mut bounds = Bounds(came.shortened);
        let location = came.location.as_ref().map(|place| Location {
            name: bounds.line(place.name.as_ref()),
            address: bounds.line(place.address.as_ref()),
            ..place.clone()
        });
        let files: Vec<InboundFile> = bounds.first(&came.files).cloned().collect();
        let references: Vec<String> = bounds.first(&came.references).cloned().collect();
        let mut kept = Self {
            id,
            conversation,
            account,
            contact: None,
            company: None,
            channel: None,
            provider_id: bounds.cut(&came.id, LINE),
            at: came.at,
            from: from.to_owned(),
            name: bounds.line(came.name.as_ref()),
            to: bounds.line(came.to.as_ref()),
            subject: bounds.line(came.subject.as_ref()),
            text: came.text.as_ref().map(|text| bounds.cut(text, TEXT)),
            html: came.html.as_ref().map(|html| bounds.cut(html, HTML)),
            files: files.iter().map(|file| bounds.file(file)).collect(),
            location,
            button: bounds.line(came.button.as_ref()),
            answers: bounds.line(came.answers.as_ref()),
            references: references.iter().map(|one| bounds.cut(one, LINE)).collect(),
            automatic: came.automatic,
            wish: came.wish,
            shortened: false,
        };
        kept.shortened = bounds.0;
        kept
    }

    /// Where the message of that id in that conversation is.
    pub fn at(conversation: ConversationId, id: InboundId) -> Locator {
        Locator::Below(conversation.hex(), id.hex())
    }

    /// Its beginning on one line: the first words that it has.
    pub fn preview(&self) -> String {
        let place = self.location.as_ref().and_then(|place| place.name.as_ref());
        let file = self.files.first().and_then(|file| file.name.as_ref());
        let words = [self.text.as_ref(), self.subject.as_ref(), self.button.as_ref(), place, file];
        let line = |text: &String| text.split_whitespace().take(PREVIEW).collect::<Vec<_>>().join(" ");
        let first = words.into_iter().flatten().map(line).find(|line| !line.is_empty());
        cut(&first.unwrap_or_default(), PREVIEW)
    }
}

impl Entity for Inbound {
    const ROW: Row = schema::INBOUND;

    fn locator(&self) -> Locator {
        Self::at(self.conversation, self.id)
    }
}

/// That a message of a provider's was taken in. It is kept for ever: a callback that is played back writes nothing twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Keyed digest of account and the provider's id.
    pub digest: String,
    /// What it belongs to.
    pub conversation: ConversationId,
    /// What it became.
    pub inbound: InboundId,
}

impl Receipt {
    /// The digest that it is found by. A message without an id is known by its sender, moment and text.
    pub fn digest(keys: &Keys, account: AccountId, came: &Came) -> String {
        let known = if came.id.is_empty() {
            let text = came.text.as_deref().unwrap_or_default();
            format!("\0{}\0{}\0{text}", came.from, came.at.millis())
        } else {
            came.id.clone()
        };
        let mac = keys.digest.sign(format!("receipt\0{account}\0{known}").as_bytes());
        kernel::crypto::encode(mac.get(..18).unwrap_or(&mac))
    }

    /// Where the row of that digest is.
    pub fn at(digest: &str) -> Locator {
        Locator::Natural(digest.to_owned())
    }
}

impl Entity for Receipt {
    const ROW: Row = schema::RECEIPT;

    fn locator(&self) -> Locator {
        Self::at(&self.digest)
    }
}
