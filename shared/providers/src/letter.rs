//! Mail that came in: what its header says beyond sender and subject, and a whole message as its bytes.
//!
//! Sources: RFC 5322 section 3.6.4 (identification), RFC 3834 and the customs that it names (automatic answers).

use kernel::{Time, crypto};

use crate::mime::{self, Head, Leaf, Person};
use crate::{FileSource, Inbound, InboundFile};

/// Most bytes of a callback that brings mail: what an HTTP API passes on at most.
pub(crate) const LONGEST: usize = 10 * 1024 * 1024;
/// How long mail may have been under way for its own date to be believed, in milliseconds.
const UNDER_WAY: i64 = 7 * 86_400_000;
/// How far the date that a mail carries may be off to be told at all, in milliseconds: anybody can write any date.
const OFF: i64 = 366 * 86_400_000;
/// Most references that are kept, the nearest ones.
const REFERENCES: usize = 50;

/// What the header tells: identification, time, references, and whether a machine wrote it. `from` and `to` are those of the
/// envelope where the provider names them, since they are part of what makes a message unique; so is `seed` where the mail has no id.
pub(crate) fn framed(head: &Head, from: &str, to: &str, seed: &[u8], arrived: Time) -> Inbound {
    let own = ids(head.first("message-id").unwrap_or_default()).into_iter().next();
    let own = own.unwrap_or_else(|| crypto::encode(&crypto::sha256(seed)));
    Inbound {
        id: crate::event::id(&["mail", &own, from, to]),
        at: sent_at(head, arrived),
        dated: date(head).filter(|date| arrived.since(*date).abs() <= OFF),
        references: references(head),
        automatic: automatic(head),
        ..Inbound::default()
    }
}

/// When it was sent by the sender's clock, where that can be.
pub(crate) fn sent_at(head: &Head, arrived: Time) -> Time {
    date(head).filter(|date| (0..=UNDER_WAY).contains(&arrived.since(*date))).unwrap_or(arrived)
}

/// The date in the header.
fn date(head: &Head) -> Option<Time> {
    let parser = jiff::fmt::rfc2822::DateTimeParser::new().relaxed_weekday(true);
    head.first("date").and_then(|date| parser.parse_timestamp(date.trim()).ok()).map(Time::from)
}

/// The messages that this one answers, the nearest first.
fn references(head: &Head) -> Vec<String> {
    let mut found = ids(head.first("in-reply-to").unwrap_or_default());
    found.extend(ids(head.first("references").unwrap_or_default()).into_iter().rev());
    let mut each: Vec<String> = Vec::new();
    for id in found {
        if each.len() < REFERENCES && !each.contains(&id) {
            each.push(id);
        }
    }
    each
}

/// The ids in a field, without their brackets.
pub(crate) fn ids(field: &str) -> Vec<String> {
    let parts = field.split('<').skip(1).filter_map(|part| part.split_once('>'));
    let found =
        parts.map(|(id, _)| id.trim()).filter(|id| !id.is_empty() && id.len() <= 998 && !id.contains(char::is_whitespace));
    found.map(str::to_owned).collect()
}

/// Whether a machine wrote it: such mail is never answered by a machine.
pub(crate) fn automatic(head: &Head) -> bool {
    let word = |name: &str| head.first(name).map(|value| mime::Typed::read(value).name);
    let is = |name: &str, known: &[&str]| word(name).is_some_and(|word| known.contains(&word.as_str()));
    word("auto-submitted").is_some_and(|word| word != "no")
        || is("precedence", &["bulk", "junk", "list", "auto_reply"])
        || is("return-path", &["<>"])
        || word("x-auto-response-suppress").is_some_and(|word| word != "none")
        || ["x-autoreply", "x-autorespond", "list-id", "x-loop", "feedback-id"].iter().any(|name| head.first(name).is_some())
        || is("content-type", &["multipart/report"])
        || mime::people(head.first("from").unwrap_or_default()).first().is_some_and(|from| is_machine(&from.email))
}

/// Whether the address is one that nobody reads, by custom.
fn is_machine(address: &str) -> bool {
    let local = address.split('@').next().unwrap_or_default().to_ascii_lowercase();
    matches!(local.as_str(), "mailer-daemon" | "postmaster" | "no-reply" | "noreply" | "donotreply" | "do-not-reply")
}

/// Reads a message. `to` is the address that it was delivered to, where that is known. None when it names no sender.
pub(crate) fn read(raw: &[u8], to: Option<&str>, arrived: Time) -> Option<Inbound> {
    let walk = mime::walk(raw);
    let mut inbound = headed(&walk.head, to, raw, arrived)?;
    let said = |media: &str| {
        let texts: Vec<String> =
            walk.leaves.iter().filter(|leaf| leaf.media.name == media && !is_file(leaf)).map(Leaf::text).collect();
        Some(texts.join("\n")).filter(|text| !text.trim().is_empty())
    };
    inbound.text = said("text/plain");
    inbound.html = said("text/html");
    inbound.files = walk.leaves.iter().filter(|leaf| is_file(leaf)).map(file).collect();
    Some(inbound)
}

/// What the header alone tells of a message, as [`read`] would.
pub(crate) fn headed(head: &Head, to: Option<&str>, seed: &[u8], arrived: Time) -> Option<Inbound> {
    let Person { email: from, name } = mime::people(head.first("from").unwrap_or_default()).into_iter().next()?;
    let first = || mime::people(head.first("to").unwrap_or_default()).into_iter().next().map(|one| one.email);
    let to = to.map(str::to_owned).or_else(first);
    let framed = framed(head, &from, to.as_deref().unwrap_or_default(), seed, arrived);
    Some(Inbound { from, name, to, subject: head.text("subject"), ..framed })
}

/// Whether a part is a file rather than what the message says.
fn is_file(leaf: &Leaf<'_>) -> bool {
    let said = matches!(leaf.media.name.as_str(), "text/plain" | "text/html");
    let attached = leaf.head.first("content-disposition").is_some_and(|value| mime::Typed::read(value).name == "attachment");
    !said || attached || leaf.head.file_name().is_some()
}

fn file(leaf: &Leaf<'_>) -> InboundFile {
    let bytes = leaf.bytes();
    InboundFile {
        name: leaf.head.file_name(),
        media_type: Some(leaf.media.name.clone()),
        bytes: u64::try_from(bytes.len()).ok(),
        content_id: leaf.head.first("content-id").and_then(content_id),
        source: FileSource::Bytes(bytes),
    }
}

/// The id that HTML refers to a file by, without brackets.
pub(crate) fn content_id(value: &str) -> Option<String> {
    let id = value.trim().trim_start_matches('<').trim_end_matches('>').trim();
    let id = id.strip_prefix("cid:").unwrap_or(id);
    Some(id.to_owned()).filter(|id| !id.is_empty() && id.len() <= 998)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(fields: &[(&str, &str)]) -> Head {
        Head::of(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    fn now() -> Time {
        Time::parse("2026-03-01T10:00:00Z").unwrap()
    }

    #[test]
    fn a_letter_is_read_as_it_was_written() {
        let raw = b"From: =?utf-8?q?L=C3=B8velace?= <ada@example.com>\r\nTo: Shop <help@shop.example>\r\n\
            Subject: Re: =?utf-8?B?8J+OiQ==?=\r\nMessage-ID: <a1@example.com>\r\nDate: Sun, 1 Mar 2026 10:31:00 +0100 (CET)\r\n\
            In-Reply-To: <m2@shop.example>\r\nReferences: <m1@shop.example>\r\n <m2@shop.example>\r\nMIME-Version: 1.0\r\n\
            Content-Type: multipart/mixed; boundary=o\r\n\r\n--o\r\nContent-Type: multipart/alternative; boundary=i\r\n\r\n\
            --i\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
            caf=E9\r\n--i\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>caf\xc3\xa9 <img src=\"cid:logo\"></p>\r\n--i--\r\n\
            --o\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\nContent-Transfer-Encoding: base64\r\n\r\nAQID\r\n\
            --o\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename*=utf-8''gr%C3%BCn.txt\r\n\r\nnote\r\n\
            --o\r\nContent-Type: text/plain\r\n\r\nPS\r\n--o--\r\n";
        let inbound = read(raw, None, now()).unwrap();
        assert_eq!((inbound.from.as_str(), inbound.name.as_deref()), ("ada@example.com", Some("Løvelace")));
        assert_eq!(inbound.to.as_deref(), Some("help@shop.example"));
        assert_eq!(inbound.subject.as_deref(), Some("Re: 🎉"));
        assert_eq!(inbound.text.as_deref(), Some("café\nPS"));
        assert_eq!(inbound.html.as_deref(), Some("<p>café <img src=\"cid:logo\"></p>"));
        assert_eq!(inbound.at, Time::parse("2026-03-01T09:31:00Z").unwrap());
        assert_eq!(inbound.references, ["m2@shop.example", "m1@shop.example"]);
        assert!(!inbound.automatic);
        let files: Vec<_> =
            inbound.files.iter().map(|file| (file.name.as_deref(), file.content_id.as_deref(), file.bytes)).collect();
        assert_eq!(files, [(None, Some("logo"), Some(3)), (Some("grün.txt"), None, Some(4))]);
        assert!(inbound.files[0].source == FileSource::Bytes(vec![1, 2, 3]));
        assert_eq!(read(raw, None, now().plus_seconds(60)).unwrap().id, inbound.id);
        assert_ne!(read(raw, Some("sales@shop.example"), now()).unwrap().id, inbound.id);
    }

    #[test]
    fn odd_letters_are_read_as_far_as_they_go() {
        let plain = read(b"From: ada@example.com\n\nhello", Some("help@shop.example"), now()).unwrap();
        assert_eq!((plain.text.as_deref(), plain.at, plain.to.as_deref()), (Some("hello"), now(), Some("help@shop.example")));
        let other = read(b"From: ada@example.com\n\nhello!", Some("help@shop.example"), now()).unwrap();
        assert_ne!(plain.id, other.id, "without a Message-ID the content tells them apart");
        assert!(read(b"", None, now()).is_none());
        assert!(read(b"Subject: x\n\nx", None, now()).is_none());
        let broken = b"From: a@example.com\nContent-Type: multipart/mixed\n\nno boundary";
        let broken = read(broken, None, now()).unwrap();
        assert_eq!((broken.text, broken.files.len()), (None, 1));
    }

    #[test]
    fn only_a_date_that_can_be_is_believed() {
        for (date, believed) in [
            ("Sun, 01 Mar 2026 09:59:00 GMT", true),
            ("1 Mar 26 09:59 +0000", true),
            ("Mon, 01 Mar 2026 09:59:00 +0000", true),
            ("Sun, 01 Mar 2026 10:01:00 GMT", false),
            ("Sun, 01 Feb 2026 09:59:00 GMT", false),
            ("Sun, 01 Jan 2006 09:59:00 GMT", false),
            ("soon", false),
            ("", false),
        ] {
            let at = sent_at(&head(&[("Date", date)]), now());
            assert_eq!(at != now(), believed, "{date}");
            let dated = |arrived| framed(&head(&[("Date", date)]), "", "", b"", arrived).dated;
            assert_eq!(
                dated(now()),
                dated(now().plus_seconds(7 * 86_400)),
                "{date}: it does not depend on when the mail comes"
            );
            assert_eq!(dated(now()).is_some(), date.contains("Mar") || date.contains("Feb"), "{date}");
        }
    }

    #[test]
    fn machines_are_told_from_people() {
        for (name, value) in [
            ("Auto-Submitted", "auto-replied; owner-email=\"x@example.com\""),
            ("Auto-Submitted", "auto-generated"),
            ("Precedence", "Bulk"),
            ("Precedence", "list"),
            ("Return-Path", "<>"),
            ("X-Auto-Response-Suppress", "All"),
            ("X-Autoreply", "yes"),
            ("List-Id", "<news.example.com>"),
            ("From", "Mail Delivery <MAILER-DAEMON@example.com>"),
            ("From", "no-reply@example.com"),
            ("Content-Type", "multipart/report; report-type=delivery-status; boundary=x"),
        ] {
            assert!(automatic(&head(&[(name, value)])), "{name}: {value}");
        }
        for (name, value) in [
            ("Auto-Submitted", "No"),
            ("Precedence", "first-class"),
            ("Return-Path", "<ada@example.com>"),
            ("X-Auto-Response-Suppress", "None"),
            ("From", "ada@example.com"),
            ("Subject", "Out of office"),
        ] {
            assert!(!automatic(&head(&[(name, value)])), "{name}: {value}");
        }
    }

    #[test]
    fn references_are_few_and_each_there_once() {
        let long: String = (0..200).map(|number| format!("<m{number}@example.com> <m{number}@example.com>")).collect();
        let found = references(&head(&[("In-Reply-To", "text <a@b> (<c@d>)"), ("References", &long)]));
        assert_eq!((found.len(), found[0].as_str(), found[2].as_str()), (REFERENCES, "a@b", "m199@example.com"));
        assert!(ids("<>, < a b >, no <open").is_empty());
    }

    /// What is handed out is never much more than what came in, whatever it claims to be.
    #[test]
    fn hostile_encodings_do_not_grow() {
        let letter = |charset: &str, encoding: &str, content: &[u8]| {
            let head = format!(
                "From: a@example.com\nSubject: =?{charset}?b?{0}?=\nContent-Type: text/plain; charset=\"{charset}\"\n\
                 Content-Transfer-Encoding: {encoding}\n\n",
                "A".repeat(400)
            );
            [head.as_bytes(), content].concat()
        };
        let contents = [b"=".repeat(50_000), b"=\n".repeat(20_000), vec![0xff; 50_000], b"\x1b$B".repeat(9_000)];
        for charset in ["utf-16le", "utf-16be", "utf-7", "gb18030", "iso-2022-jp", "iso-2022-kr", "x-user-defined", "\u{0}", ""]
        {
            for encoding in ["base64", "quoted-printable", "8bit", "uuencode", ""] {
                for content in &contents {
                    let raw = letter(charset, encoding, content);
                    let one = read(&raw, None, now()).unwrap();
                    let shown = one.text.map_or(0, |text| text.len()) + one.subject.map_or(0, |subject| subject.len());
                    assert!(shown <= raw.len() * 3, "{charset} {encoding}: {shown} of {}", raw.len());
                }
            }
        }
    }

    const PIECES: &[&[u8]] = &[
        b"From: a@example.com\n",
        b"From: \"",
        b"Content-Type: multipart/mixed; boundary=b\n",
        b"Content-Type: multipart/report; boundary=\"b\"\r\n",
        b"Content-Type: message/delivery-status\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Type: text/html; charset*0*=utf-16''%; charset*1=le\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: quoted-printable\n",
        b"Message-ID: <a@b>\n",
        b"Final-Recipient: rfc822; \xc3\xa9@example.com\nAction: failed\nStatus: 5.1.1\n",
        b"Diagnostic-Code: smtp; \xc3\xa9\xc3\xa9\n",
        b"Subject: =?utf-8?q?=C3?= =?utf-8?b?qQ?=\n",
        b"Date: Sun, 99 Mar 2026 99:99:99 +9999\n",
        b"--b\n",
        b"--b--\r\n",
        b"\n",
        b"\r\n",
        b" folded\n",
        b":",
        b"=",
        b"\xff\xfe\x00",
        b"AAAA",
    ];

    proptest::proptest! {
        /// Whatever comes in is read without a fault, at a cost of its length for each level.
        #[test]
        fn nothing_breaks_the_reader(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)) {
            let raw = pieces.concat();
            let walk = mime::walk(&raw);
            assert!(walk.visited <= raw.len() * (mime::DEPTH + 2) && walk.leaves.len() <= mime::PARTS);
            let whole: usize = walk.leaves.iter().map(|leaf| leaf.body.len()).sum();
            assert!(whole <= raw.len());
            drop(read(&raw, None, now()));
            drop(crate::bounce::report::events(&raw, now()));
        }
    }
}
