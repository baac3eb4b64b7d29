//! Mail that SES received, as a receipt rule tells of it. An action for Amazon SNS publishes the message itself; one for Amazon S3 puts it
//! into a bucket and publishes where. Source: Amazon SES Developer Guide, "Contents of notifications for Amazon SES email receiving" and
//! "Deliver to S3 bucket action".
//!
//! Mail larger than 150 KB is sent back by SES itself where SNS is to bring it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::{Email, Time};
use serde_json::Value;

use crate::json::{list, text};
use crate::mime::Head;
use crate::sns::Kind;
use crate::{Deposit, Inbound, Verified, letter};

/// What a proven envelope tells of a mail.
pub(super) struct Receipt {
    record: Value,
    to: Email,
    at: Time,
}

impl Receipt {
    /// The receipt of a mail for one of the addresses. Who the recipients are is told by the envelope of the mail: its header may
    /// name anybody.
    pub(super) fn of(verified: &Verified, addresses: &[Email]) -> Option<Self> {
        let notice = verified.notice().filter(|notice| notice.kind == Kind::Notification)?;
        let record: Value = serde_json::from_str(&notice.message).ok()?;
        if text(&record, "/notificationType") != Some("Received") {
            return None;
        }
        let recipients = list(&record, "/receipt/recipients").filter_map(|one| Email::parse(one.as_str()?).ok());
        let to = recipients.into_iter().find(|to| addresses.iter().any(|own| own.key() == to.key()))?;
        Some(Self { record, to, at: notice.at })
    }

    /// The mail, when the envelope brings it.
    pub(super) fn brought(&self) -> Option<Inbound> {
        let content = text(&self.record, "/content")?;
        let encoded = text(&self.record, "/receipt/action/encoding").is_some_and(|word| word.eq_ignore_ascii_case("base64"));
        if encoded {
            let lines: String = content.split_ascii_whitespace().collect();
            return self.letter(&STANDARD.decode(lines).ok()?);
        }
        self.letter(content.as_bytes())
    }

    /// Where the mail was put, unless it is to be kept out anyway.
    pub(super) fn deposit(&self) -> Option<Deposit> {
        let action = self.record.pointer("/receipt/action").filter(|action| text(action, "/type") == Some("S3"))?;
        if self.unwanted().is_some() {
            return None;
        }
        Some(Deposit { bucket: text(action, "/bucketName")?.to_owned(), key: text(action, "/objectKey")?.to_owned() })
    }

    /// The mail of those bytes.
    pub(super) fn letter(&self, raw: &[u8]) -> Option<Inbound> {
        let came = letter::read(raw, Some(self.to.as_str()), self.at)?;
        Some(Inbound { unwanted: self.unwanted(), ..came })
    }

    /// The mail by its header alone.
    pub(super) fn headed(&self) -> Option<Inbound> {
        let field = |one: &Value| Some((text(one, "/name")?.to_owned(), text(one, "/value")?.to_owned()));
        let head = Head::of(list(&self.record, "/mail/headers").filter_map(field));
        let seed = text(&self.record, "/mail/messageId").unwrap_or_default();
        let came = letter::headed(&head, Some(self.to.as_str()), seed.as_bytes(), self.at)?;
        Some(Inbound { unwanted: self.unwanted(), shortened: true, ..came })
    }

    /// What SES found wrong with it.
    fn unwanted(&self) -> Option<&'static str> {
        let failed = |verdict: &str| text(&self.record, &format!("/receipt/{verdict}/status")) == Some("FAIL");
        [("virusVerdict", "virus"), ("spamVerdict", "spam")]
            .into_iter()
            .find(|(verdict, _)| failed(verdict))
            .map(|(_, word)| word)
    }
}
