//! Attachments: files that go along with messages, or came with one. The row tells of a file; its bytes are stored elsewhere,
//! under a key that follows from tenant and id alone, so that nothing a stranger says names a place.

use kernel::ids::{AttachmentId, TenantId};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use store::Value;
use store::schema::{self, Entity, Locator, Row};

use crate::message::cut;

pub mod enclosed;

pub use enclosed::{Enclosed, Enclosing};

/// Most bytes of a file.
pub const LARGEST: u64 = 25 * 1024 * 1024;
/// What a file is that does not say so.
pub const ANYTHING: &str = "application/octet-stream";
/// Most bytes of a file's name.
const NAME: usize = 200;
/// Most bytes of a media type.
const TYPE: usize = 100;
/// Most bytes of why a file could not be had.
const WHY: usize = 160;
/// Hours after which a file that nobody brought, or made use of, is given up.
const WAIT_HOURS: i64 = 24;

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// Its id, which also says when it was announced.
    pub id: AttachmentId,
    /// File name, without folders and control characters.
    pub name: String,
    /// Media type, such as `application/pdf`.
    pub media_type: String,
    /// Size, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How far it is.
    pub state: State,
    /// Raised when it is given up, by which the stream tells that change from others.
    #[serde(default)]
    pub state_seq: u64,
    /// Who brings it.
    pub origin: Origin,
    /// Why its bytes could not be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its bytes are not known to be there.
    Wanted,
    /// Its bytes are there.
    Ready,
    /// Its bytes cannot be had.
    Failed,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Wanted, Self::Ready, Self::Failed];

    /// As a value for conditions and changes.
    pub fn value(self) -> Value {
        let word = match self {
            Self::Wanted => "wanted",
            Self::Ready => "ready",
            Self::Failed => "failed",
        };
        Value::S(word.to_owned())
    }
}

/// Who brings a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The tenant's own program, by a link.
    Upload,
    /// Somebody who wrote to the tenant.
    Inbound,
}

impl Origin {
    /// Every origin.
    pub const ALL: [Self; 2] = [Self::Upload, Self::Inbound];
}

impl Attachment {
    /// A file that the tenant's own program will bring.
    pub fn wanted(id: AttachmentId, name: &str, media_type: &str, bytes: u64) -> Result<Self> {
        let mut faults = kernel::error::Faults::default();
        let name = faults.take("/name", self::name(name));
        let media_type = faults.take("/media_type", self::media_type(media_type));
        if !(1..=LARGEST).contains(&bytes) {
            faults.add("/bytes", "size", format!("1 to {LARGEST} bytes"));
        }
        faults.check()?;
        let (Some(name), Some(media_type)) = (name, media_type) else { return Err(Error::internal("a fault was lost")) };
        Ok(Self {
            id,
            name,
            media_type,
            bytes: Some(bytes),
            state: State::Wanted,
            state_seq: 0,
            origin: Origin::Upload,
            why: None,
        })
    }

    /// The same, of which nothing more is to be expected.
    #[must_use]
    pub fn failed(self, why: &str) -> Self {
        Self { state: State::Failed, why: Some(cut(why, WHY)), ..self }
    }

    /// Where its bytes are stored.
    pub fn key(&self, tenant: TenantId) -> String {
        key(tenant, self.id)
    }

    /// Whether nobody brought it, or made use of it, in time.
    pub fn is_forgotten(&self, now: Time) -> bool {
        self.is_given_up() || self.due().is_some_and(|end| end <= now)
    }

    /// Whether it was announced for nothing: its bytes, if they are there, and then its row are deleted.
    pub fn is_given_up(&self) -> bool {
        self.state == State::Failed && self.origin == Origin::Upload
    }
}

/// Where the bytes of a tenant's file are stored.
pub fn key(tenant: TenantId, id: AttachmentId) -> String {
    format!("{}/{}", tenant.hex(), id.hex())
}

impl Entity for Attachment {
    const ROW: Row = schema::ATTACHMENT;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn due(&self) -> Option<Time> {
        let waits = self.state == State::Wanted && self.origin == Origin::Upload;
        waits.then(|| self.id.made_at().plus_seconds(WAIT_HOURS * 3600))
    }
}

/// A file's name: 1 to 200 bytes, without folders, control characters and marks that turn its letters around.
pub fn name(text: &str) -> Result<String> {
    let name = text.trim();
    let odd = |one: char| one.is_control() || matches!(one, '/' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.is_empty() || name.len() > NAME || name.contains(odd) || matches!(name, "." | "..") {
        return Err(Error::invalid("", "name", "1 to 200 bytes without folders and control characters"));
    }
    Ok(name.to_owned())
}

/// A media type without parameters (RFC 6838 section 4.2), in lower case. Of several parts, or a message itself, a mail could not
/// carry it as a file (RFC 2045 section 6.4).
pub fn media_type(text: &str) -> Result<String> {
    let text = text.trim().to_ascii_lowercase();
    let plain = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphanumeric())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    match text.split_once('/') {
        Some(("multipart" | "message", _)) => {
            Err(Error::invalid("", "media_type", "such a file goes as application/octet-stream"))
        }
        Some((kind, form)) if plain(kind) && plain(form) && text.len() <= TYPE => Ok(text),
        Some(_) | None => Err(Error::invalid("", "media_type", "a media type such as image/png is needed, without parameters")),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Ids};

    use super::*;

    #[test]
    fn names_lead_nowhere_and_types_say_one_thing() {
        for good in ["a.pdf", " Rechnung März.pdf ", "..a", "\u{1f980}"] {
            assert_eq!(name(good).unwrap(), good.trim());
        }
        for bad in ["", " ", ".", "..", "a/b", "a\\b", "a\nb", "a\u{0}", "gpj.\u{202e}exe", &"x".repeat(201)] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
        assert_eq!(media_type("Image/PNG").unwrap(), "image/png");
        assert_eq!(media_type("application/vnd.oasis.opendocument.text").unwrap(), "application/vnd.oasis.opendocument.text");
        for bad in
            ["", "png", "image/", "/png", "text/plain; charset=utf-8", "a/b/c", "a b/c", "multipart/mixed", "message/rfc822"]
        {
            assert!(media_type(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn what_nobody_brings_is_forgotten_and_what_is_there_stays() {
        let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::parse("2026-03-02T09:30:00Z").unwrap()));
        let mut one = Attachment::wanted(AttachmentId::new(&ids, &clock), "a.pdf", "application/pdf", 3).unwrap();
        let day = clock.now().plus_seconds(86_400);
        assert_eq!(one.due(), Some(day));
        assert!(one.is_forgotten(day) && !one.is_forgotten(clock.now()));
        one.state = State::Ready;
        assert!(one.due().is_none() && !one.is_forgotten(day) && !one.is_given_up());
        one.state = State::Failed;
        assert!(one.due().is_none() && one.is_forgotten(clock.now()) && one.is_given_up());
        one.origin = Origin::Inbound;
        assert!(!one.is_forgotten(day) && !one.is_given_up(), "what came in and could not be had stays");
        one.origin = Origin::Upload;
        let Err(Error::Invalid(faults)) = Attachment::wanted(one.id, "", "x", 0) else { unreachable!() };
        assert_eq!(faults.iter().map(|fault| fault.pointer.as_str()).collect::<Vec<_>>(), ["/name", "/media_type", "/bytes"]);
        assert!(Attachment::wanted(one.id, "a", "a/b", LARGEST).is_ok());
        assert!(Attachment::wanted(one.id, "a", "a/b", LARGEST + 1).is_err());
    }
}
