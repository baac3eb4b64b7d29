//! Writes the MIME message of an [`Outgoing`]: the same bytes for the same input, so that a repeated attempt is recognisable.
//!
//! Everything that a stranger may have a say in (names, subject, further headers) passes here on its way into the head of a
//! mail; nothing with a line end in it gets through. Sources: RFC 5322 (format), RFC 2045 to 2047 (MIME), RFC 8058 (one-click
//! unsubscribe).

mod fields;
mod header;
mod parts;

use kernel::{Email, Error, Result};
use mail_builder::MessageBuilder;
use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;
use mail_builder::headers::url::URL;

use crate::{Body, Mail, Mailbox, Outgoing};
use header::{LINE, VALUE, is_unsafe};

pub(crate) use fields::{check_reserved, check_size, further, headers};
pub use header::check_header;

/// The header that carries [`Outgoing::tag`], for providers' notifications that have no tags of their own.
pub const REF_HEADER: &str = "X-Switchboard-Ref";

/// The longest display name that is written, in bytes.
const DISPLAY: usize = 200;

/// Everybody whom the message goes to, each once. Hidden recipients are in this list only, never in the message.
pub fn recipients(message: &Mail) -> Vec<Email> {
    let mut keys = Vec::new();
    let mut all = Vec::new();
    for email in std::iter::once(&message.to.email).chain(&message.cc).chain(&message.bcc) {
        let key = email.key();
        if !keys.contains(&key) {
            keys.push(key);
            all.push(email.clone());
        }
    }
    all
}

/// Writes the message. Attachments are pieces of the body that are yet to be read.
pub fn build(outgoing: &Outgoing) -> Result<Body> {
    write(outgoing, false)
}

/// Writes the message with the hidden recipients in its head, for providers that learn them from there and take them out.
pub(crate) fn build_with_hidden(outgoing: &Outgoing) -> Result<Body> {
    write(outgoing, true)
}

fn write(outgoing: &Outgoing, hidden: bool) -> Result<Body> {
    check(outgoing)?;
    let message = outgoing.mail()?;
    let mut mail = MessageBuilder::new()
        .from(mailbox(&message.from))
        .to(mailbox(&message.to))
        .header("Subject", unstructured(&message.subject))
        .header("Date", Date::new(outgoing.at.seconds()))
        .header("Message-ID", MessageId::new(message_id(outgoing, message)))
        .header(REF_HEADER, Raw::new(outgoing.tag.as_str()));
    if !message.cc.is_empty() {
        mail = mail.cc(message.cc.iter().map(Email::as_str).collect::<Vec<_>>());
    }
    if hidden && !message.bcc.is_empty() {
        mail = mail.bcc(message.bcc.iter().map(Email::as_str).collect::<Vec<_>>());
    }
    if let Some(email) = &message.reply_to {
        mail = mail.reply_to(email.as_str());
    }
    if let Some(address) = &message.unsubscribe {
        mail = mail
            .header("List-Unsubscribe", URL::new(address.as_str()))
            .header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"));
    }
    for (name, value) in &message.headers {
        let value = value.trim();
        mail = mail.header(name.as_str(), unstructured(value));
    }
    let mut bytes = Vec::new();
    let boundary = parts::boundary(&outgoing.id, message);
    let holes = parts::holes(&boundary, message);
    mail.body(parts::body(&boundary, message)?).serialize(&mut bytes);
    Ok(if holes.is_empty() { Body::bytes(bytes) } else { Body::spliced(&bytes, holes) })
}

/// Checks everything that a stranger may have a say in.
pub(crate) fn check(outgoing: &Outgoing) -> Result<()> {
    let message = outgoing.mail()?;
    if message.subject.contains(is_unsafe) {
        return Err(Error::invalid("/subject", "header", "a subject is one line without control characters"));
    }
    if message.subject.len() > LINE - "Subject: ".len() {
        return Err(Error::invalid("/subject", "too_long", "a subject has at most 989 bytes"));
    }
    for (index, (name, value)) in message.headers.iter().enumerate() {
        check_header(name, value).map_err(|error| error.under(&format!("/headers/{index}")))?;
    }
    if message.unsubscribe.as_deref().is_some_and(|address| !is_unsubscribe(address)) {
        return Err(Error::invalid("/unsubscribe", "url", "a https address in plain ASCII is needed"));
    }
    let token = |text: &str| {
        (1..=256).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
    };
    let Outgoing { id, tag, .. } = outgoing;
    if !token(id) || !token(tag) || id.starts_with('.') || id.ends_with('.') {
        return Err(Error::internal("the id or tag of a message cannot stand in a header"));
    }
    Ok(())
}

/// `https` as RFC 8058 section 3.1 demands; plain `http` for this machine alone, where the local runner serves the page.
fn is_unsubscribe(address: &str) -> bool {
    let local = ["http://127.0.0.1", "http://localhost", "http://[::1]"]
        .iter()
        .any(|host| address.strip_prefix(host).is_some_and(|rest| rest.starts_with(['/', ':'])));
    let plain = address.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b',' | b'"' | b'\\'));
    (address.starts_with("https://") || local) && plain && address.len() <= VALUE - 2
}

fn mailbox(mailbox: &Mailbox) -> Address<'_> {
    Address::new_address(shown_name(mailbox), mailbox.email.as_str())
}

/// A name is for show: what could break the header is replaced rather than the whole message refused.
pub(crate) fn shown_name(mailbox: &Mailbox) -> Option<String> {
    let name = mailbox.name.as_deref().map(|name| {
        let name: String = name.chars().map(|character| if is_unsafe(character) { ' ' } else { character }).collect();
        let name = name.replace("=?", "= ?");
        let name = name.trim();
        name.get(..name.floor_char_boundary(DISPLAY)).unwrap_or_default().trim_end().to_owned()
    });
    name.filter(|name| !name.is_empty())
}

/// `"Name" <address>`, for providers that take an address and its name in one text (RFC 5322 section 3.4).
pub(crate) fn display(mailbox: &Mailbox) -> String {
    match shown_name(mailbox) {
        Some(name) => format!("\"{}\" <{}>", name.replace('\\', "\\\\").replace('"', "\\\""), mailbox.email),
        None => mailbox.email.to_string(),
    }
}

/// The Message-ID that [`build`] writes, without brackets.
fn message_id(outgoing: &Outgoing, message: &Mail) -> String {
    format!("{}@{}", outgoing.id, message.from.email.domain())
}

/// Free text, encoded where it must be (RFC 2047). Text that looks like encoded words is encoded too, so that it is shown as it
/// was given rather than decoded into something that was never checked.
fn unstructured(text: &str) -> HeaderType<'_> {
    if !text.is_ascii() {
        return Text::new(text).into();
    }
    if !text.contains("=?") {
        return Raw::new(text).into();
    }
    Raw::new(fields::plain(text)).into()
}

#[cfg(test)]
mod tests {
    use kernel::Time;
    use mail_parser::{HeaderForm, HeaderValue, MessageParser, MimeHeaders};

    use super::*;
    use crate::{Attachment, Content, Piece};

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn sample() -> Mail {
        Mail {
            from: Mailbox { email: email("news@shop.example"), name: Some("Läden & Söhne, \"Shop\"".to_owned()) },
            to: Mailbox { email: email("ada@example.com"), name: Some("Ada Løvelace 計算".to_owned()) },
            cc: vec![email("cc1@example.com"), email("cc2@example.com")],
            bcc: vec![email("hidden@example.net"), email("ADA@example.com")],
            reply_to: Some(email("answers@shop.example")),
            subject: "Grüße – 你好 🎉 and a rather long tail so that the line has to be folded somewhere".to_owned(),
            html: Some("<p>Grüße, <b>Ada</b></p>\n".to_owned()),
            text: Some("Grüße, Ada\n.\nFrom here on\n".to_owned()),
            headers: vec![
                ("X-Campaign".to_owned(), "spring sale".to_owned()),
                ("X-Note".to_owned(), "déjà vu".to_owned()),
                ("X-Odd".to_owned(), "=?utf-8?Q?literal?=".to_owned()),
            ],
            unsubscribe: Some("https://mail.shop.example/u/abc?x=1".to_owned()),
            attachments: Vec::new(),
        }
    }

    fn outgoing(mail: &Mail) -> Outgoing {
        Outgoing {
            id: "0190c0de.7000".to_owned(),
            tag: "T-a_9".to_owned(),
            at: Time::parse("2026-03-01T09:30:00Z").unwrap(),
            entropy: [0; 48],
            content: Content::Mail(Box::new(mail.clone())),
        }
    }

    fn build(mail: &Mail) -> Result<Vec<u8>> {
        Ok(super::build(&outgoing(mail))?.whole().unwrap())
    }

    fn text(message: &mail_parser::Message<'_>, name: &str) -> String {
        match message.header_as(name.to_owned(), HeaderForm::Text).as_slice() {
            [HeaderValue::Text(text)] => text.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let message = sample();
        let bytes = build(&message).unwrap();
        let read = MessageParser::new().parse(&bytes).unwrap();
        let from = read.from().unwrap().first().unwrap();
        assert_eq!((from.name(), from.address()), (message.from.name.as_deref(), Some("news@shop.example")));
        let to = read.to().unwrap().first().unwrap();
        assert_eq!((to.name(), to.address()), (message.to.name.as_deref(), Some("ada@example.com")));
        let cc: Vec<_> = read.cc().unwrap().iter().filter_map(|one| one.address()).collect();
        assert_eq!(cc, ["cc1@example.com", "cc2@example.com"]);
        assert_eq!(read.reply_to().unwrap().first().unwrap().address(), Some("answers@shop.example"));
        assert_eq!(read.subject(), Some(message.subject.as_str()));
        assert_eq!(read.date().unwrap().to_timestamp(), outgoing(&message).at.seconds());
        assert_eq!(read.message_id(), Some("0190c0de.7000@shop.example"));
        assert_eq!(text(&read, REF_HEADER), "T-a_9");
        assert_eq!(text(&read, "X-Campaign"), "spring sale");
        assert_eq!(text(&read, "X-Note"), "déjà vu");
        assert_eq!(text(&read, "X-Odd"), "=?utf-8?Q?literal?=");
        assert_eq!(text(&read, "List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!(read.content_type().unwrap().subtype(), Some("alternative"));
        assert_eq!(read.body_text(0).unwrap().replace("\r\n", "\n"), message.text.unwrap());
        assert_eq!(read.body_html(0).unwrap().replace("\r\n", "\n"), message.html.unwrap());
        let raw = String::from_utf8(bytes).unwrap();
        assert!(raw.contains("List-Unsubscribe: <https://mail.shop.example/u/abc?x=1>\r\n"));
        assert!(raw.is_ascii());
        assert!(raw.split("\r\n").all(|line| line.len() <= LINE && !line.contains(['\r', '\n'])));
        assert_eq!(raw.matches("MIME-Version:").count(), 1);
    }

    #[test]
    fn text_that_looks_encoded_is_shown_as_it_is() {
        let odd = format!("=?utf-8?Q?a=0D=0ABcc:_x@y.example?= {}", "long ".repeat(30).trim_end());
        let mut message = sample();
        message.subject = odd.clone();
        message.to.name = Some("=?utf-8?Q?Boss?=".to_owned());
        let bytes = build(&message).unwrap();
        let read = MessageParser::new().parse(&bytes).unwrap();
        assert_eq!(read.subject(), Some(odd.as_str()));
        assert_eq!(read.to().unwrap().first().unwrap().name(), Some("= ?utf-8?Q?Boss?="));
        message.subject = format!("{odd} ä");
        let bytes = build(&message).unwrap();
        assert_eq!(MessageParser::new().parse(&bytes).unwrap().subject(), Some(message.subject.as_str()));
    }

    #[test]
    fn hidden_recipients_are_in_the_envelope_only_and_each_is_there_once() {
        let message = sample();
        let raw = String::from_utf8(build(&message).unwrap()).unwrap();
        assert!(!raw.contains("hidden@") && !raw.to_lowercase().contains("bcc:"));
        let told = String::from_utf8(build_with_hidden(&outgoing(&message)).unwrap().whole().unwrap()).unwrap();
        let hidden: Vec<_> = told.split("\r\n").filter(|line| !raw.contains(line)).collect();
        assert_eq!(hidden, ["Bcc: <hidden@example.net>, <ADA@example.com>"]);
        let all: Vec<String> = recipients(&message).iter().map(ToString::to_string).collect();
        assert_eq!(all, ["ada@example.com", "cc1@example.com", "cc2@example.com", "hidden@example.net"]);
    }

    #[test]
    fn the_same_message_is_written_in_the_same_bytes() {
        let mut message = sample();
        let first = build(&message).unwrap();
        assert_eq!(first, build(&message).unwrap());
        message.subject.push('!');
        assert_ne!(first, build(&message).unwrap());
    }

    #[test]
    fn a_body_cannot_hold_the_line_between_the_parts() {
        let mut message = sample();
        let guessed = parts::boundary(&outgoing(&message).id, &message);
        message.text = Some(format!("one\n--{guessed}--\nContent-Type: text/html\n\ntwo"));
        let bytes = build(&message).unwrap();
        let read = MessageParser::new().parse(&bytes).unwrap();
        assert_eq!(read.parts.len(), 3);
        assert!(read.body_text(0).unwrap().ends_with("two"));
    }

    #[test]
    fn a_message_may_have_one_body_but_not_none() {
        let mut message = sample();
        message.html = None;
        let bytes = build(&message).unwrap();
        assert_eq!(MessageParser::new().parse(&bytes).unwrap().parts.len(), 1);
        message.text = None;
        assert!(build(&message).is_err());
    }

    #[test]
    fn nothing_with_a_line_end_gets_into_the_head() {
        for evil in ["a\r\nBcc: x@y.example", "a\nBcc: x", "a\rBcc: x", "a\0b", "a\u{2028}b", "\tb", "a\u{85}b"] {
            assert!(check_header("X-Fine", evil).is_err(), "{evil:?}");
            assert!(build(&Mail { subject: evil.to_owned(), ..sample() }).is_err(), "{evil:?}");
            let header = Mail { headers: vec![("X-Fine".to_owned(), evil.to_owned())], ..sample() };
            let Err(Error::Invalid(faults)) = build(&header) else { unreachable!("{evil:?}") };
            assert_eq!(faults[0].pointer, "/headers/0");
            let name = Mailbox { email: email("a@example.com"), name: Some(evil.to_owned()) };
            let bytes = build(&Mail { from: name.clone(), to: name, ..sample() }).unwrap();
            let read = MessageParser::new().parse(&bytes).unwrap();
            assert!(read.bcc().is_none(), "{evil:?}");
            assert_eq!(read.to().unwrap().iter().count(), 1);
        }
        for evil in
            ["http://shop.example/u", "https://a/\r\nX: y", "https://a/>,<b", "javascript:x", "http://127.0.0.1.example/"]
        {
            assert!(build(&Mail { unsubscribe: Some(evil.to_owned()), ..sample() }).is_err(), "{evil:?}");
        }
        assert!(build(&Mail { unsubscribe: Some("http://127.0.0.1:3000/u/a".to_owned()), ..sample() }).is_ok());
        for evil in ["", "a b", "a>b", "a\r\nb", ".a", "ä"] {
            assert!(super::build(&Outgoing { id: evil.to_owned(), ..outgoing(&sample()) }).is_err(), "{evil:?}");
        }
        assert!(super::build(&Outgoing { tag: "a\nb".to_owned(), ..outgoing(&sample()) }).is_err());
    }

    #[test]
    fn long_names_and_subjects_stay_within_the_line() {
        let mut message = sample();
        message.to.name = Some("名".repeat(1000));
        message.subject = "x".repeat(989);
        message.headers = vec![("X-Long".to_owned(), "y".repeat(990))];
        let bytes = build(&message).unwrap();
        assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= LINE + 1));
        assert_eq!(MessageParser::new().parse(&bytes).unwrap().subject(), Some(message.subject.as_str()));
        assert!(build(&Mail { subject: "x".repeat(990), ..sample() }).is_err());
    }

    #[test]
    fn files_go_along_without_being_read() {
        let attachment = |name: &str, content_id: Option<&str>| Attachment {
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 100,
            stored: format!("files/{name}"),
            content_id: content_id.map(str::to_owned),
        };
        let mut message = sample();
        message.html = Some("<img src=\"cid:logo\">".to_owned());
        message.attachments = vec![attachment("Überblick \"1\".png", None), attachment("logo.png", Some("logo"))];
        let body = super::build(&outgoing(&message)).unwrap();
        assert!(body.whole().is_none());
        // The pictures within the text come before the files beside it.
        let stored: Vec<_> = body
            .0
            .iter()
            .filter_map(|piece| match piece {
                Piece::Base64 { of, lines: true } => match of.0.as_slice() {
                    [Piece::Stored { key, bytes: 100 }] => Some(key.as_str()),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        assert_eq!(stored, ["files/logo.png", "files/Überblick \"1\".png"]);
        let read = |piece: &Piece| match piece {
            Piece::Base64 { lines, .. } => Piece::Base64 { of: Body::bytes(vec![9; 100]), lines: *lines },
            other => other.clone(),
        };
        let bytes = Body(body.0.iter().map(read).collect()).whole().unwrap();
        assert_eq!(bytes.len() as u64, body.len());
        let read = MessageParser::new().parse(&bytes).unwrap();
        let files: Vec<_> = read.attachments().collect();
        assert_eq!(files.iter().map(|file| file.contents()).collect::<Vec<_>>(), [[9; 100], [9; 100]]);
        assert!(files.iter().any(|file| file.content_id() == Some("logo")));
        assert!(files.iter().any(|file| file.attachment_name() == Some("Überblick \"1\".png")));
        assert_eq!(read.body_html(0).unwrap(), "<img src=\"cid:logo\">");
    }
}
