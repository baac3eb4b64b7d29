//! Reports that arrive as mail: what became of a message (RFC 3464), and complaints about one (RFC 5965).
//!
//! Anybody can write such a report. It tells of a message only by the reference or the Message-ID in the part of the message that it
//! returns; what names neither is nobody's. The text for people is not read: it may be in any language.

use kernel::Time;

use super::{Cause, Code};
use crate::mail::REF_HEADER;
use crate::mime::{self, Head, Leaf, Walk};
use crate::{Event, EventDetail, EventKind, letter};

/// Most recipients that one report tells of.
const RECIPIENTS: usize = 100;

/// What a mail tells of messages that were sent; nothing when it is no report.
pub(crate) fn events(raw: &[u8], arrived: Time) -> Vec<Event> {
    let walk = mime::walk(raw);
    if walk.media.name != "multipart/report" {
        return Vec::new();
    }
    let subject = Subject::of(&walk);
    if subject.tag.is_none() && subject.message_id.is_none() {
        return Vec::new();
    }
    let at = letter::sent_at(&walk.head, arrived);
    let part = |names: &[&str]| walk.leaves.iter().find(|leaf| names.contains(&leaf.media.name.as_str())).map(Leaf::bytes);
    if let Some(status) = part(&["message/delivery-status", "message/global-delivery-status"]) {
        return blocks(&status).iter().filter_map(|block| delivery(block, &subject, at)).collect();
    }
    let feedback = part(&["message/feedback-report"]);
    feedback.and_then(|feedback| complaint(&Head::read(&feedback).0, &subject, at)).into_iter().collect()
}

/// The message that a report is about.
struct Subject {
    tag: Option<String>,
    message_id: Option<String>,
}

impl Subject {
    fn of(walk: &Walk<'_>) -> Self {
        const RETURNED: [&str; 5] =
            ["message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global", "message/global-headers"];
        let leaf = walk.leaves.iter().find(|leaf| RETURNED.contains(&leaf.media.name.as_str()));
        let head = leaf.map(|leaf| Head::read(&leaf.bytes()).0).unwrap_or_default();
        let tag = head.first(&REF_HEADER.to_ascii_lowercase()).map(|tag| tag.split_whitespace().collect::<String>());
        let own = |field: &str| letter::ids(field).into_iter().next().or_else(|| bare(field));
        let message_id = head.first("message-id").and_then(own);
        // Some return nothing of the message, but answer it.
        let message_id = message_id.or_else(|| letter::ids(walk.head.first("in-reply-to")?).into_iter().next());
        Self { tag, message_id }
    }

    /// An event about it. What makes it unique is what it says, not the report that says so.
    fn event(&self, kind: EventKind, word: &str, recipient: Option<String>, at: Time, detail: EventDetail) -> Event {
        let parts = [self.tag.as_deref(), self.message_id.as_deref(), recipient.as_deref(), Some(word), detail.code.as_deref()];
        let id = crate::event::id(&parts.map(Option::unwrap_or_default));
        Event { kind, at, id, tag: self.tag.clone(), provider_id: self.message_id.clone(), recipient, detail }
    }
}

/// A Message-ID that was written without brackets.
fn bare(field: &str) -> Option<String> {
    let word = field.trim();
    (word.contains('@') && !word.contains(char::is_whitespace) && word.len() <= 998).then(|| word.to_owned())
}

/// The blocks of a status, which are divided by empty lines.
fn blocks(status: &[u8]) -> Vec<Head> {
    let mut found = Vec::new();
    let mut rest = status;
    while !rest.is_empty() && found.len() <= RECIPIENTS {
        let (head, after) = Head::read(rest);
        rest = after;
        if !head.is_empty() {
            found.push(head);
        }
    }
    found
}

/// What a block says of its recipient.
fn delivery(block: &Head, subject: &Subject, at: Time) -> Option<Event> {
    let recipient = block.first("original-recipient").or_else(|| block.first("final-recipient"));
    let status = block.first("status").and_then(|status| status.split([' ', '\t', '(']).next()).unwrap_or_default();
    let code = Code::parse(status);
    let action = block.first("action").and_then(|action| action.split_whitespace().next()).map(str::to_ascii_lowercase);
    if recipient.is_none() && action.is_none() {
        return None;
    }
    let action = action.unwrap_or_else(|| (if code.is_some_and(|code| code.class == 5) { "failed" } else { "" }).to_owned());
    // `relayed` is where the trace ends: nobody will ever know more.
    let kind = match action.as_str() {
        "failed" => EventKind::Bounced,
        "delayed" => EventKind::Delayed,
        "delivered" | "expanded" => EventKind::Delivered,
        _ => return None,
    };
    let diagnostic = block.text("diagnostic-code").unwrap_or_default();
    let words = diagnostic.split_once(';').map_or(diagnostic.as_str(), |(_, words)| words).trim();
    let reply = words.get(..3).and_then(|digits| digits.parse::<u16>().ok()).filter(|reply| (400..600).contains(reply));
    let class = (kind == EventKind::Bounced).then(|| Cause::of(reply, code, words).class());
    let detail = EventDetail {
        class,
        code: Some(crate::event::cut(status, 20)).filter(|status| !status.is_empty()),
        text: Some(crate::event::cut(words, 300)).filter(|words| !words.is_empty()),
        ..EventDetail::default()
    };
    Some(subject.event(kind, &action, recipient.and_then(address), at, detail))
}

/// The address in `rfc822; ada@example.com`; none in that of another kind of mail.
fn address(field: &str) -> Option<String> {
    let address = field.split_once(';').map_or(field, |(_, address)| address).trim();
    mime::people(address).into_iter().next().map(|person| person.email).filter(|email| email.contains('@'))
}

/// A complaint. Reports of failed authentication, and that something is no spam, are none.
fn complaint(feedback: &Head, subject: &Subject, at: Time) -> Option<Event> {
    let word = feedback.first("feedback-type")?.split_whitespace().next()?.to_ascii_lowercase();
    let kind = match word.as_str() {
        "abuse" | "fraud" | "virus" => EventKind::Complained,
        "opt-out" => EventKind::Unsubscribed,
        _ => return None,
    };
    let recipient = feedback.first("original-rcpt-to").or_else(|| feedback.first("removal-recipient")).and_then(address);
    let agent = feedback.first("user-agent").map(|agent| crate::event::cut(agent, 200));
    let detail = EventDetail { code: Some(word.clone()), text: agent, ..EventDetail::default() };
    Some(subject.event(kind, &word, recipient, at, detail))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BounceClass;

    const RETURNED: &str = "Content-Type: message/rfc822\r\n\r\nX-Switchboard-Ref: tag-1\r\nMessage-ID: <0190@shop.example>\r\n\
        To: ada@example.com\r\n\r\nhi\r\n";

    fn now() -> Time {
        Time::parse("2026-03-01T10:00:00Z").unwrap()
    }

    fn report(kind: &str, status: &str, returned: &str) -> Vec<u8> {
        format!(
            "From: Mail Delivery <MAILER-DAEMON@mx.example.com>\r\nDate: Sun, 1 Mar 2026 09:30:00 +0000\r\n\
             Content-Type: multipart/report; report-type={kind};\r\n\tboundary=\"b/1.2\"\r\n\r\n--b/1.2\r\n\r\n\
             Leider nicht: 5.1.1 <other@example.com>\r\n--b/1.2\r\nContent-Type: message/{kind}\r\n\r\n{status}\r\n--b/1.2\r\n\
             {returned}\r\n--b/1.2--\r\n"
        )
        .into_bytes()
    }

    fn told(status: &str) -> Vec<(EventKind, Option<BounceClass>, Option<String>)> {
        let found = events(&report("delivery-status", status, RETURNED), now());
        found.into_iter().map(|event| (event.kind, event.detail.class, event.recipient)).collect()
    }

    #[test]
    fn a_report_tells_of_each_recipient_by_our_reference() {
        let status = "Reporting-MTA: dns; mx.example.com\r\nArrival-Date: Sun, 1 Mar 2026 09:29:00 +0000\r\n\r\n\
            Original-Recipient: rfc822;ada@example.com\r\nFinal-Recipient: RFC822; <ada@forwarded.example>\r\nAction: Failed\r\n\
            Status: 5.1.1 (bad destination mailbox address)\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n no such user\r\n\r\n\r\n\
            Status: 4.0.0\r\nAction: delayed (still trying)\r\nFinal-Recipient: rfc822;eve@example.com\r\n\r\n\
            Final-Recipient: rfc822;bob@example.com\r\nAction: delivered\r\nStatus: 2.0.0\r\n";
        let found = events(&report("delivery-status", status, RETURNED), now());
        let kinds: Vec<_> = found.iter().map(|event| (event.kind, event.recipient.as_deref().unwrap())).collect();
        assert_eq!(
            kinds,
            [
                (EventKind::Bounced, "ada@example.com"),
                (EventKind::Delayed, "eve@example.com"),
                (EventKind::Delivered, "bob@example.com")
            ]
        );
        let bounce = &found[0];
        assert_eq!((bounce.tag.as_deref(), bounce.provider_id.as_deref()), (Some("tag-1"), Some("0190@shop.example")));
        assert_eq!(bounce.at, Time::parse("2026-03-01T09:30:00Z").unwrap());
        assert_eq!((bounce.detail.class, bounce.detail.code.as_deref()), (Some(BounceClass::Hard), Some("5.1.1")));
        assert_eq!(bounce.detail.text.as_deref(), Some("550 5.1.1 no such user"));
        let ids: std::collections::BTreeSet<_> = found.iter().map(|event| &event.id).collect();
        assert_eq!(ids.len(), 3);
        let later = events(&report("delivery-status", status, RETURNED), now().plus_seconds(60));
        assert_eq!(later, found, "a repetition is recognised");
    }

    #[test]
    fn the_quirks_of_the_world_are_read() {
        use BounceClass::{Block, Hard, Soft};
        let bounced = |class| vec![(EventKind::Bounced, Some(class), Some("ada@example.com".to_owned()))];
        let to = "Final-Recipient: rfc822; ada@example.com\r\n";
        for (block, expected) in [
            ("Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp;550 5.1.1 unknown", bounced(Hard)),
            ("Action: failed\r\nStatus: 5.0.0\r\nDiagnostic-Code: smtp; host mx says: 550 user unknown", bounced(Hard)),
            // Given up after days.
            ("Action: failed\r\nStatus: 4.0.0\r\nDiagnostic-Code: smtp; 426 connection timed out", bounced(Soft)),
            ("Action: failed\r\nStatus: 5.7.1\r\nDiagnostic-Code: smtp; 554 spam", bounced(Block)),
            ("Action: failed\r\nStatus: 5.2.2", bounced(Soft)),
            ("Action: failed", bounced(Soft)),
            ("Action: failed\r\nStatus: novel", bounced(Soft)),
            ("Status: 5.1.1", bounced(Hard)),
            ("Status: 4.4.1", Vec::new()),
            ("Action: relayed\r\nStatus: 2.0.0", Vec::new()),
            ("Action: novel\r\nStatus: 5.1.1", Vec::new()),
        ] {
            assert_eq!(told(&format!("Reporting-MTA: dns; x\r\n\r\n{to}{block}\r\n")), expected, "{block}");
        }
        let other = told("Final-Recipient: unknown; nair_s\r\nAction: failed\r\nStatus: 5.0.0 (unknown permanent failure)");
        assert_eq!(other, [(EventKind::Bounced, Some(Soft), None)]);
        assert!(told("Reporting-MTA: dns; x\r\n").is_empty());
        assert!(told("").is_empty());
        let many = format!("{to}Action: failed\r\nStatus: 5.1.1\r\n\r\n").repeat(5_000);
        assert_eq!(told(&many).len(), RECIPIENTS + 1);
    }

    #[test]
    fn a_report_about_nothing_of_ours_says_nothing() {
        let status = "Final-Recipient: rfc822; ada@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n";
        let found = |returned: &str| events(&report("delivery-status", status, returned), now());
        assert!(found("Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n").is_empty());
        assert!(found("Content-Type: text/plain\r\n\r\nX-Switchboard-Ref: tag-1\r\n").is_empty());
        let headers =
            "Content-Type: text/rfc822-headers\r\nContent-Transfer-Encoding: base64\r\n\r\nTWVzc2FnZS1JRDogPGFAYj4K\r\n";
        assert_eq!(found(headers)[0].provider_id.as_deref(), Some("a@b"));
        // The same parts in a mail that is no report, as when a person forwards one.
        let forwarded = String::from_utf8(report("delivery-status", status, RETURNED))
            .unwrap()
            .replace("multipart/report", "multipart/mixed");
        assert!(events(forwarded.as_bytes(), now()).is_empty());
        for odd in
            [b"".as_slice(), b"Content-Type: multipart/report", b"Content-Type: multipart/report; boundary=\"\"\n\n----\n"]
        {
            assert!(events(odd, now()).is_empty());
        }
    }

    #[test]
    fn complaints_are_told_from_other_feedback() {
        let feedback = |kind: &str| {
            let status = format!(
                "Feedback-Type: {kind}\r\nUser-Agent: Example/1.0\r\nVersion: 1\r\nOriginal-Rcpt-To: <ada@example.com>\r\n"
            );
            let found = events(&report("feedback-report", &status, RETURNED), now());
            found.first().map(|event| (event.kind, event.recipient.clone(), event.tag.clone()))
        };
        let complained = Some((EventKind::Complained, Some("ada@example.com".to_owned()), Some("tag-1".to_owned())));
        for (kind, expected) in [
            ("abuse", complained.clone()),
            ("Fraud", complained.clone()),
            ("virus", complained),
            ("not-spam", None),
            ("auth-failure", None),
            ("other", None),
            ("", None),
        ] {
            assert_eq!(feedback(kind), expected, "{kind}");
        }
        // Without brackets, as some write it, and with the recipient struck out.
        let returned = "Content-Type: message/rfc822\r\n\r\nMessage-ID: 8787.mail@shop.example\r\n\r\nx";
        let found = events(&report("feedback-report", "Feedback-Type: abuse\r\n", returned), now());
        assert_eq!((found[0].provider_id.as_deref(), found[0].recipient.as_deref()), (Some("8787.mail@shop.example"), None));
    }
}
