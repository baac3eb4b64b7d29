//! What Postmark posts: one event, or one mail that came in, as JSON.

use kernel::Time;
use serde_json::Value;

use super::TAG;
use crate::bounce::{Cause, Code};
use crate::json::{id, list, text, time};
use crate::mime::{self, Head, Person};
use crate::{BounceClass, Event, EventDetail, EventKind, FileSource, Inbound, InboundFile, letter};

/// The event in a post.
pub(super) fn event(post: &Value, arrived: Time) -> Option<Event> {
    let mut detail = EventDetail::default();
    let record = text(post, "/RecordType")?;
    let (kind, class) = match record {
        "Delivery" => (EventKind::Delivered, None),
        "Bounce" => bounced(post)?,
        "SpamComplaint" => (EventKind::Complained, None),
        "Open" => (EventKind::Opened, None),
        "Click" => (EventKind::Clicked, None),
        "SubscriptionChange" => changed(post)?,
        _ => return None,
    };
    detail.class = class;
    detail.code = text(post, "/Type").or_else(|| text(post, "/SuppressionReason")).map(str::to_owned);
    let words = text(post, "/Details").or_else(|| text(post, "/Description"));
    detail.text = words.map(|words| crate::event::cut(words, 300));
    detail.agent = text(post, "/UserAgent").map(|agent| crate::event::cut(agent, 200));
    detail.url = text(post, "/OriginalLink").filter(|_| kind == EventKind::Clicked).map(str::to_owned);
    let tag = text(post, &format!("/Metadata/{TAG}")).map(str::to_owned);
    // What is about no message of theirs names this one.
    let provider_id = text(post, "/MessageID").filter(|id| !id.bytes().all(|byte| matches!(byte, b'0' | b'-')));
    if provider_id.is_none() && tag.is_none() {
        return None;
    }
    let times = ["/DeliveredAt", "/BouncedAt", "/ReceivedAt", "/ChangedAt"];
    let at = times.into_iter().find_map(|name| time(post, name)).unwrap_or(arrived);
    let recipient = text(post, "/Recipient").or_else(|| text(post, "/Email"));
    // A bounce has a number of its own; anything else is what happened, to whom and when.
    let number = id(post, "/ID").unwrap_or_default();
    let unique = [record, &number, provider_id.unwrap_or_default(), recipient.unwrap_or_default(), &at.to_string()];
    let event_id = crate::event::id(&[&unique[..], &[detail.url.as_deref().unwrap_or_default()]].concat());
    let (provider_id, recipient) = (provider_id.map(str::to_owned), recipient.map(str::to_owned));
    Some(Event { kind, at, id: event_id, tag, provider_id, recipient, detail })
}

/// What a bounce of one of Postmark's types is to us; none for answers that are no bounces.
fn bounced(post: &Value) -> Option<(EventKind, Option<BounceClass>)> {
    let class = match text(post, "/Type")? {
        "HardBounce" | "BadEmailAddress" => BounceClass::Hard,
        "SoftBounce" | "DnsError" | "Undeliverable" | "AddressChange" => BounceClass::Soft,
        "Blocked" | "SpamNotification" | "VirusNotification" | "DMARCPolicy" | "ManuallyDeactivated" => BounceClass::Block,
        // Postmark goes on trying.
        "Transient" => return Some((EventKind::Delayed, None)),
        "Unsubscribe" => return Some((EventKind::Unsubscribed, None)),
        "SpamComplaint" => return Some((EventKind::Complained, None)),
        "SMTPApiError" => return Some((EventKind::Rejected, None)),
        "TemplateRenderingFailed" => return Some((EventKind::RenderingFailed, None)),
        "AutoResponder" | "ChallengeVerification" | "OpenRelayTest" | "Subscribe" | "Unconfirmed" | "InboundError" => {
            return None;
        }
        _ => {
            let words = text(post, "/Details").unwrap_or_default();
            Cause::of(None, Code::find(words), words).class()
        }
    };
    Some((EventKind::Bounced, Some(class)))
}

/// What a change of Postmark's own list is to us. That a sender took somebody off is no event of a message.
fn changed(post: &Value) -> Option<(EventKind, Option<BounceClass>)> {
    if post.get("SuppressSending").and_then(Value::as_bool) != Some(true) {
        return None;
    }
    match text(post, "/SuppressionReason")? {
        "HardBounce" => Some((EventKind::Bounced, Some(BounceClass::Hard))),
        "SpamComplaint" => Some((EventKind::Complained, None)),
        "ManualSuppression" if text(post, "/Origin") == Some("Recipient") => Some((EventKind::Unsubscribed, None)),
        _ => None,
    }
}

/// The mail in a post of the inbound stream, which names no record type. A message that Postmark also gives whole is read in
/// fields none the less: they are the same.
pub(super) fn inbound(post: &Value, arrived: Time) -> Option<Inbound> {
    if post.get("RecordType").is_some() {
        return None;
    }
    let written = || mime::people(text(post, "/From")?).into_iter().next();
    let email = text(post, "/FromFull/Email").map(str::to_owned);
    let full = email.map(|email| Person { email, name: text(post, "/FromFull/Name").map(str::to_owned) });
    let Person { email: from, name } = full.or_else(written)?;
    let to = text(post, "/OriginalRecipient").or_else(|| text(post, "/ToFull/0/Email")).map(str::to_owned);
    let field = |one: &Value| Some((text(one, "/Name")?.to_owned(), text(one, "/Value").unwrap_or_default().to_owned()));
    let date = text(post, "/Date").map(|date| ("Date".to_owned(), date.to_owned()));
    let head = Head::of(list(post, "/Headers").filter_map(field).chain(date));
    let seed = ["/TextBody", "/HtmlBody"].map(|name| text(post, name).unwrap_or_default()).concat();
    let framed = letter::framed(&head, &from, to.as_deref().unwrap_or_default(), seed.as_bytes(), arrived);
    let own = text(post, "/MessageID").map(|id| crate::event::id(&["postmark", id]));
    let say = |name: &str| text(post, name).map(str::to_owned);
    Some(Inbound {
        id: own.unwrap_or(framed.id),
        from,
        name,
        to,
        subject: say("/Subject"),
        text: say("/TextBody"),
        html: say("/HtmlBody"),
        files: list(post, "/Attachments").filter_map(file).collect(),
        ..framed
    })
}

fn file(one: &Value) -> Option<InboundFile> {
    let content = text(one, "/Content").or_else(|| text(one, "/Data")).unwrap_or_default();
    let bytes = mime::transfer("base64", content.as_bytes());
    Some(InboundFile {
        name: mime::file_name(text(one, "/Name").unwrap_or_default()),
        media_type: text(one, "/ContentType").map(|value| mime::Typed::read(value).name),
        bytes: u64::try_from(bytes.len()).ok(),
        content_id: text(one, "/ContentID").and_then(letter::content_id),
        source: FileSource::Bytes(bytes),
    })
    .filter(|_| one.is_object())
}
