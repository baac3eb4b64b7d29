//! What SES tells of a message: event publishing records (`eventType`) and the older identity notifications
//! (`notificationType`), each a JSON text inside an SNS message. Both forms of one delivery give the same event id.
//!
//! A record is read field by field, so that a field which is absent or of another type costs that field only. What is no record
//! (SES greets a new topic with a plain sentence) and what is of an unknown kind gives no events.
//!
//! Source: Amazon SES Developer Guide, "Contents of event data that Amazon SES publishes to Amazon SNS" and "Amazon SNS
//! notification contents for Amazon SES".

use kernel::{Email, Time};
use serde_json::Value;

use crate::event;
use crate::mail::REF_HEADER;
use crate::ses::TAG;
use crate::sns::Kind;
use crate::{BounceClass, Event, EventDetail, EventKind, Verified};

/// Bytes kept of a provider's words.
const WORDS: usize = 300;
/// Bytes kept of a user agent.
const AGENT: usize = 200;
/// Bytes kept of a link; longer ones are dropped, since half a link is none.
const LINK: usize = 2048;

/// One recipient of a record, with what the record says of it.
type Told = (Option<String>, EventDetail);

/// The events of a proven envelope.
pub(crate) fn read(verified: &Verified) -> Vec<Event> {
    let Some(notice) = verified.notice().filter(|notice| notice.kind == Kind::Notification) else {
        return Vec::new();
    };
    let Ok(record) = serde_json::from_str::<Value>(&notice.message) else {
        return Vec::new();
    };
    let Some((kind, section, told)) = outline(&record) else {
        return Vec::new();
    };
    let at = text(&record, &format!("/{section}/timestamp"))
        .or_else(|| text(&record, "/mail/timestamp"))
        .and_then(|time| Time::parse(time).ok())
        .unwrap_or(notice.at);
    // It goes along with each recipient, so it must not be long.
    let provider_id = text(&record, "/mail/messageId").filter(|id| id.len() <= 256).map(str::to_owned);
    let feedback = text(&record, &format!("/{section}/feedbackId"));
    let tag = tag(&record);
    told.into_iter()
        .map(|(recipient, detail)| {
            let email = recipient.as_deref().and_then(|address| Email::parse(address).ok());
            let whom = email.as_ref().map(Email::key).or(recipient).unwrap_or_default();
            let email = email.map(|email| email.to_string());
            let when = at.to_string();
            let id = match feedback {
                Some(feedback) => event::id(&[kind_word(kind), feedback, &whom]),
                None => {
                    let link = detail.url.as_deref().unwrap_or_default();
                    event::id(&[kind_word(kind), provider_id.as_deref().unwrap_or_default(), &whom, &when, link])
                }
            };
            Event { kind, at, id, tag: tag.clone(), provider_id: provider_id.clone(), recipient: email, detail }
        })
        .collect()
}

/// What happened, in which part of the record it is told, and to whom.
fn outline(record: &Value) -> Option<(EventKind, &'static str, Vec<Told>)> {
    let kind = text(record, "/eventType").or_else(|| text(record, "/notificationType"))?;
    let same = |detail: EventDetail| each(strings(record, "/mail/destination"), &detail);
    // Of several recipients nobody can say who it was that opened or clicked.
    let one = |detail: EventDetail| match strings(record, "/mail/destination").as_slice() {
        [only] => vec![(Some(only.clone()), detail)],
        _ => vec![(None, detail)],
    };
    Some(match kind {
        "Send" => (EventKind::Sent, "send", same(EventDetail::default())),
        "Delivery" => {
            let detail = EventDetail { text: cut(record, "/delivery/smtpResponse", WORDS), ..EventDetail::default() };
            (EventKind::Delivered, "delivery", each(strings(record, "/delivery/recipients"), &detail))
        }
        "DeliveryDelay" => {
            let detail = EventDetail { code: cut(record, "/deliveryDelay/delayType", WORDS), ..EventDetail::default() };
            (EventKind::Delayed, "deliveryDelay", people(record, "/deliveryDelay/delayedRecipients", &detail))
        }
        "Bounce" => {
            let detail = EventDetail {
                class: Some(class(record)),
                code: cut(record, "/bounce/bounceSubType", WORDS),
                ..EventDetail::default()
            };
            (EventKind::Bounced, "bounce", people(record, "/bounce/bouncedRecipients", &detail))
        }
        "Complaint" => {
            let feedback = text(record, "/complaint/complaintFeedbackType");
            // Neither is the recipient calling it spam: one says the opposite, the other is about authentication (RFC 6591).
            if matches!(feedback, Some("not-spam" | "auth-failure")) {
                return None;
            }
            let code = ["/complaint/complaintSubType", "/complaint/complaintFeedbackType"]
                .iter()
                .find_map(|pointer| cut(record, pointer, WORDS));
            let detail = EventDetail { code, agent: cut(record, "/complaint/userAgent", AGENT), ..EventDetail::default() };
            (EventKind::Complained, "complaint", people(record, "/complaint/complainedRecipients", &detail))
        }
        "Reject" => {
            let detail = EventDetail { text: cut(record, "/reject/reason", WORDS), ..EventDetail::default() };
            (EventKind::Rejected, "reject", same(detail))
        }
        "Rendering Failure" => {
            let detail = EventDetail {
                code: cut(record, "/failure/templateName", WORDS),
                text: cut(record, "/failure/errorMessage", WORDS),
                ..EventDetail::default()
            };
            (EventKind::RenderingFailed, "failure", same(detail))
        }
        "Open" => {
            let detail = EventDetail { agent: cut(record, "/open/userAgent", AGENT), ..EventDetail::default() };
            (EventKind::Opened, "open", one(detail))
        }
        "Click" => {
            let detail = EventDetail {
                agent: cut(record, "/click/userAgent", AGENT),
                url: text(record, "/click/link").filter(|link| link.len() <= LINK).map(str::to_owned),
                ..EventDetail::default()
            };
            (EventKind::Clicked, "click", one(detail))
        }
        "Subscription" if left(record) => {
            let detail = EventDetail { code: cut(record, "/subscription/contactList", WORDS), ..EventDetail::default() };
            (EventKind::Unsubscribed, "subscription", one(detail))
        }
        _ => return None,
    })
}

/// `bounceType` decides, and for transient ones the subtype: newer subtypes appear without notice, so they are told by their
/// words. SES puts permanent ones on its own suppression list whatever their subtype.
fn class(record: &Value) -> BounceClass {
    let subtype = text(record, "/bounce/bounceSubType").unwrap_or_default();
    let refused = ["Rejected", "Spam", "Policy", "Blocked"].iter().any(|word| subtype.contains(word));
    match text(record, "/bounce/bounceType") {
        Some("Permanent") => BounceClass::Hard,
        Some("Transient") if refused => BounceClass::Block,
        _ => BounceClass::Soft,
    }
}

/// Whether a change of preferences leaves the list, or a topic of it that was not left before.
fn left(record: &Value) -> bool {
    let topics = |pointer: &str| -> Vec<String> {
        let list = record.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter()
            .filter(|topic| text(topic, "/subscriptionStatus").is_some_and(|status| status.eq_ignore_ascii_case("OptOut")))
            .filter_map(|topic| text(topic, "/topicName").map(str::to_owned))
            .collect()
    };
    let all = record.pointer("/subscription/newTopicPreferences/unsubscribeAll").and_then(Value::as_bool) == Some(true);
    let before = topics("/subscription/oldTopicPreferences/topicSubscriptionStatus");
    let now = topics("/subscription/newTopicPreferences/topicSubscriptionStatus");
    all || now.iter().any(|topic| !before.contains(topic))
}

/// The tag of the call or, in notifications, which know no tags, our own header.
fn tag(record: &Value) -> Option<String> {
    let tagged = text(record, &format!("/mail/tags/{TAG}/0"));
    let header = || {
        let headers = record.pointer("/mail/headers").and_then(Value::as_array)?;
        let ours =
            headers.iter().find(|header| text(header, "/name").is_some_and(|name| name.eq_ignore_ascii_case(REF_HEADER)))?;
        text(ours, "/value")
    };
    tagged.or_else(header).filter(|tag| tag.len() <= 256).map(str::to_owned)
}

/// Recipients that are listed as objects, each with its own words. What happened is kept even if nobody is listed.
fn people(record: &Value, pointer: &str, detail: &EventDetail) -> Vec<Told> {
    let list = record.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if list.is_empty() {
        return vec![(None, detail.clone())];
    }
    list.iter()
        .map(|person| {
            let words = ["/diagnosticCode", "/status"].iter().find_map(|pointer| cut(person, pointer, WORDS));
            (text(person, "/emailAddress").map(address), EventDetail { text: words, ..detail.clone() })
        })
        .collect()
}

fn each(recipients: Vec<String>, detail: &EventDetail) -> Vec<Told> {
    if recipients.is_empty() {
        return vec![(None, detail.clone())];
    }
    recipients.into_iter().map(|recipient| (Some(recipient), detail.clone())).collect()
}

/// SES takes a bounced address from the other side's report where there is one (RFC 3464), so `rfc822;` and angle brackets occur.
fn address(text: &str) -> String {
    let bare = text.rsplit_once(';').map_or(text, |(_, address)| address).trim();
    let inner = bare.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or(bare, |(address, _)| address);
    inner.trim().to_owned()
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty())
}

fn strings(value: &Value, pointer: &str) -> Vec<String> {
    let list = value.pointer(pointer).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(address).collect()
}

fn cut(value: &Value, pointer: &str, limit: usize) -> Option<String> {
    text(value, pointer).map(|text| event::cut(text, limit))
}

const fn kind_word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Sent => "sent",
        EventKind::Delayed => "delayed",
        EventKind::Delivered => "delivered",
        EventKind::Bounced => "bounced",
        EventKind::Complained => "complained",
        EventKind::Rejected => "rejected",
        EventKind::RenderingFailed => "rendering_failed",
        EventKind::Opened => "opened",
        EventKind::Clicked => "clicked",
        EventKind::Replied => "replied",
        EventKind::Unsubscribed => "unsubscribed",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bounces_are_classed() {
        for (kind, subtype, expected) in [
            ("Permanent", "General", BounceClass::Hard),
            ("Permanent", "NoEmail", BounceClass::Hard),
            ("Permanent", "Suppressed", BounceClass::Hard),
            ("Permanent", "OnAccountSuppressionList", BounceClass::Hard),
            ("Permanent", "UnsubscribedRecipient", BounceClass::Hard),
            ("Transient", "General", BounceClass::Soft),
            ("Transient", "MailboxFull", BounceClass::Soft),
            ("Transient", "MessageTooLarge", BounceClass::Soft),
            ("Transient", "CustomTimeoutExceeded", BounceClass::Soft),
            ("Transient", "ContentRejected", BounceClass::Block),
            ("Transient", "AttachmentRejected", BounceClass::Block),
            ("Undetermined", "Undetermined", BounceClass::Soft),
            ("Novel", "", BounceClass::Soft),
        ] {
            let record = json!({"bounce": {"bounceType": kind, "bounceSubType": subtype}});
            assert_eq!(class(&record), expected, "{kind} {subtype}");
        }
    }

    #[test]
    fn addresses_are_freed_of_what_reports_put_around_them() {
        for text in ["ada@example.com", "rfc822;ada@example.com", "rfc822; <ada@example.com>", "Ada <ada@example.com>"] {
            assert_eq!(address(text), "ada@example.com");
        }
    }

    #[test]
    fn ids_keep_their_parts_apart() {
        assert_ne!(event::id(&["a", "bc"]), event::id(&["ab", "c"]));
        assert_eq!(event::id(&["a"]).len(), 24);
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        let record = json!({"reject": {"reason": "ä".repeat(400)}});
        assert_eq!(cut(&record, "/reject/reason", 299).unwrap().len(), 298);
    }

    #[test]
    fn complaints_that_are_none_are_left_out() {
        for kind in ["not-spam", "auth-failure"] {
            let record = json!({"eventType": "Complaint", "complaint": {"complaintFeedbackType": kind,
                "complainedRecipients": [{"emailAddress": "ada@example.com"}]}});
            assert!(outline(&record).is_none());
        }
    }

    #[test]
    fn nobody_is_named_where_several_may_have_opened() {
        let record = json!({"eventType": "Open", "open": {}, "mail": {"destination": ["a@example.com", "b@example.com"]}});
        let (_, _, told) = outline(&record).unwrap();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, None);
    }
}
