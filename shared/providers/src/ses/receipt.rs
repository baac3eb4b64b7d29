//! Mail that SES received: what a receipt rule with an action for Amazon SNS publishes, with the message itself in it. Source: Amazon
//! SES Developer Guide, "Contents of notifications for Amazon SES email receiving".
//!
//! Mail larger than 150 KB is sent back by SES itself. A rule that puts mail into a bucket tells where, and not what: that gives
//! nothing here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::Email;
use serde_json::Value;

use crate::json::{list, text};
use crate::sns::Kind;
use crate::{Inbound, Verified, letter};

/// The mail in a proven envelope, when it is for one of the addresses. Who the recipients are is told by the envelope of the mail:
/// its header may name anybody.
pub(super) fn read(verified: &Verified, addresses: &[Email]) -> Option<Inbound> {
    let notice = verified.notice().filter(|notice| notice.kind == Kind::Notification)?;
    let record: Value = serde_json::from_str(&notice.message).ok()?;
    if text(&record, "/notificationType") != Some("Received") {
        return None;
    }
    let recipients = list(&record, "/receipt/recipients").filter_map(|one| Email::parse(one.as_str()?).ok());
    let to = recipients.into_iter().find(|to| addresses.iter().any(|own| own.key() == to.key()))?;
    let content = text(&record, "/content")?;
    let encoded = text(&record, "/receipt/action/encoding").is_some_and(|word| word.eq_ignore_ascii_case("base64"));
    let raw = if encoded {
        let lines: String = content.split_ascii_whitespace().collect();
        STANDARD.decode(lines).ok()?
    } else {
        content.as_bytes().to_vec()
    };
    let came = letter::read(&raw, Some(to.as_str()), notice.at)?;
    Some(Inbound { unwanted: unwanted(&record), ..came })
}

/// What SES found wrong with it.
fn unwanted(record: &Value) -> Option<&'static str> {
    let failed = |verdict: &str| text(record, &format!("/receipt/{verdict}/status")) == Some("FAIL");
    [("virusVerdict", "virus"), ("spamVerdict", "spam")].into_iter().find(|(verdict, _)| failed(verdict)).map(|(_, word)| word)
}
