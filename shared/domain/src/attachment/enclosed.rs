//! Files that go along with a message: what an order says of them, what the message keeps of them, and what a channel can carry.

use kernel::error::Faults;
use kernel::ids::AttachmentId;
use providers::MediaKind;
use serde::{Deserialize, Serialize};

use crate::Channel;

/// Most letters of the id that HTML refers to a picture by.
const CONTENT_ID: usize = 100;

/// What an order says of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enclosing {
    /// Which.
    pub id: AttachmentId,
    /// Of a picture that is shown within an email: the id that the HTML refers to it by (`cid:`).
    #[serde(default)]
    pub inline: Option<String>,
}

/// A file that goes along with a message, as it was when the message was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosed {
    /// Which.
    pub id: AttachmentId,
    /// File name.
    pub name: String,
    /// Media type.
    pub media_type: String,
    /// Size.
    pub bytes: u64,
    /// See [`Enclosing::inline`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline: Option<String>,
}

impl Enclosed {
    /// What it is to its recipient.
    pub fn kind(&self) -> MediaKind {
        MediaKind::of(&self.media_type)
    }
}

/// Adds what can be said before the files are known.
pub fn check_order(channel: Channel, files: &[Enclosing], faults: &mut Faults) {
    let (most, word) = (channel.capabilities().files, channel.as_str());
    if files.len() > most {
        match most {
            0 => faults.add("/attachments", "channel", format!("{word} carries no files")),
            _ => faults.add("/attachments", "too_many", format!("{word} carries at most {most} files")),
        }
    }
    for (at, file) in files.iter().enumerate() {
        let before = files.get(..at).unwrap_or_default();
        if before.iter().any(|other| other.id == file.id) {
            faults.add(format!("/attachments/{at}/id"), "twice", "the same file goes along once");
        }
        let Some(id) = &file.inline else { continue };
        let pointer = format!("/attachments/{at}/inline");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.@+".contains(&byte);
        if channel != Channel::Email {
            faults.add(pointer, "channel", format!("{word} has no pictures within its text; email has"));
        } else if id.is_empty() || id.len() > CONTENT_ID || !id.bytes().all(plain) {
            faults.add(pointer, "content_id", format!("1 to {CONTENT_ID} letters, digits and -_.@+ are needed"));
        } else if before.iter().any(|other| other.inline.as_ref() == Some(id)) {
            faults.add(pointer, "twice", "another picture has this id");
        }
    }
}

/// Adds what the channel cannot carry.
pub fn check(channel: Channel, files: &[Enclosed], faults: &mut Faults) {
    let (can, word) = (channel.capabilities(), channel.as_str());
    for (at, file) in files.iter().enumerate() {
        let (kind, pointer) = (file.kind(), format!("/attachments/{at}"));
        if file.inline.is_some() && kind != MediaKind::Image {
            faults.add(format!("{pointer}/inline"), "media_type", "a picture alone is shown within a text");
        }
        let Some(rule) = can.media.iter().find(|rule| rule.kind == kind) else {
            let kinds = can.media.iter().map(|rule| rule.kind.as_str()).collect::<Vec<_>>().join(", ");
            let detail = format!("{word} carries no files of the kind {}; those are {kinds}", kind.as_str());
            faults.add(pointer, "media_type", detail);
            continue;
        };
        if !rule.types.is_empty() && !rule.types.contains(&file.media_type.as_str()) {
            let detail = format!("{word} carries files of the kind {} as {}", kind.as_str(), rule.types.join(", "));
            faults.add(pointer.clone(), "media_type", detail);
        }
        if file.bytes > rule.bytes {
            let detail = format!("{word} takes at most {} bytes of the kind {}", rule.bytes, kind.as_str());
            faults.add(pointer, "too_large", detail);
        }
    }
    // An email is one whole: what holds for one file holds for all of them.
    let all = files.iter().map(|file| file.bytes).fold(0, u64::saturating_add);
    let most = can.media.iter().map(|rule| rule.bytes).max().unwrap_or(0);
    if channel == Channel::Email && files.len() > 1 && all > most {
        faults.add("/attachments", "too_large", format!("{word} takes at most {most} bytes of files together"));
    }
}

#[cfg(test)]
mod tests {
    use kernel::Error;

    use super::*;

    const MB: u64 = 1024 * 1024;

    fn file(media_type: &str, bytes: u64) -> Enclosed {
        let id = AttachmentId::from_bytes([1; 16]);
        Enclosed { id, name: "a".to_owned(), media_type: media_type.to_owned(), bytes, inline: None }
    }

    fn said(fill: impl Fn(&mut Faults)) -> Vec<String> {
        let mut faults = Faults::default();
        fill(&mut faults);
        match faults.check() {
            Ok(()) => Vec::new(),
            Err(Error::Invalid(faults)) => {
                faults.into_iter().map(|fault| format!("{} {}", fault.pointer, fault.code)).collect()
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_channel_refuses_what_it_cannot_carry_and_says_which() {
        let of = |channel, files: &[Enclosed]| said(|faults| check(channel, files, faults));
        assert!(of(Channel::Whatsapp, &[file("image/png", 5 * MB)]).is_empty());
        assert_eq!(of(Channel::Whatsapp, &[file("image/png", 5 * MB + 1)]), ["/attachments/0 too_large"]);
        assert_eq!(
            of(Channel::Whatsapp, &[file("image/gif", 9 * MB)]),
            ["/attachments/0 media_type", "/attachments/0 too_large"]
        );
        assert_eq!(of(Channel::Slack, &[file("image/png", 1), file("application/pdf", 1)]), ["/attachments/1 media_type"]);
        assert_eq!(of(Channel::Sms, &[file("image/png", 1)]), ["/attachments/0 media_type"]);
        let halves = [file("application/pdf", 13 * MB), file("image/png", 13 * MB)];
        assert_eq!(of(Channel::Email, &halves), ["/attachments too_large"]);
        assert!(of(Channel::Email, &halves[..1]).is_empty());
        let shown = Enclosed { inline: Some("logo".to_owned()), ..file("application/pdf", 1) };
        assert_eq!(of(Channel::Email, &[shown]), ["/attachments/0/inline media_type"]);
    }

    #[test]
    fn an_order_is_judged_before_any_file_is_looked_for() {
        let asked = |number: u8, inline: Option<&str>| Enclosing {
            id: AttachmentId::from_bytes([number; 16]),
            inline: inline.map(str::to_owned),
        };
        let of = |channel, files: &[Enclosing]| said(|faults| check_order(channel, files, faults));
        assert_eq!(of(Channel::Sms, &[asked(1, None)]), ["/attachments channel"]);
        assert_eq!(of(Channel::Whatsapp, &[asked(1, None), asked(2, None)]), ["/attachments too_many"]);
        assert_eq!(of(Channel::Email, &[asked(1, None), asked(1, None)]), ["/attachments/1/id twice"]);
        assert_eq!(of(Channel::Email, &[asked(1, Some("a")), asked(2, Some("a"))]), ["/attachments/1/inline twice"]);
        assert_eq!(of(Channel::Telegram, &[asked(1, Some("a"))]), ["/attachments/0/inline channel"]);
        for bad in ["", "a b", "<a>", "a\r\nb", &"x".repeat(101)] {
            assert_eq!(of(Channel::Email, &[asked(1, Some(bad))]), ["/attachments/0/inline content_id"], "{bad:?}");
        }
        assert!(of(Channel::Email, &[asked(1, Some("logo@shop.example")), asked(2, None)]).is_empty());
    }
}
