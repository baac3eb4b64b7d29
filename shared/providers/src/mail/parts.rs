//! The parts of a mail: text and HTML as alternatives, pictures related to the HTML, files beside both (RFC 2046, RFC 2387).

use kernel::{Error, Result, crypto};
use mail_builder::headers::content_type::ContentType;
use mail_builder::mime::MimePart;

use crate::{Attachment, Body, Mail, Piece};

/// The body. Where an attachment's bytes belong stands its mark, see [`holes`].
pub(super) fn body<'m>(boundary: &str, message: &'m Mail) -> Result<MimePart<'m>> {
    let text = message.text.as_deref().map(|text| MimePart::new("text/plain", text));
    let html = message.html.as_deref().map(|html| MimePart::new("text/html", html));
    let said = match (text, html) {
        // The richest form last (RFC 2046 section 5.1.4).
        (Some(text), Some(html)) => several("alternative", boundary.to_owned(), vec![text, html]),
        (Some(part), None) | (None, Some(part)) => part,
        (None, None) => return Err(Error::invalid("", "body", "a message needs html or text")),
    };
    let mut files: Vec<(bool, MimePart<'m>)> = Vec::new();
    for (number, file) in ordered(message).enumerate() {
        files.push((file.content_id.is_some(), part(file, mark(boundary, number))));
    }
    let (inline, beside): (Vec<_>, Vec<_>) = files.into_iter().partition(|(inline, _)| *inline);
    let said = gathered("related", format!("{boundary}r"), said, inline);
    Ok(gathered("mixed", format!("{boundary}m"), said, beside))
}

fn gathered<'m>(kind: &str, boundary: String, first: MimePart<'m>, rest: Vec<(bool, MimePart<'m>)>) -> MimePart<'m> {
    if rest.is_empty() {
        return first;
    }
    several(kind, boundary, std::iter::once(first).chain(rest.into_iter().map(|(_, part)| part)).collect())
}

fn several<'m>(kind: &str, boundary: String, parts: Vec<MimePart<'m>>) -> MimePart<'m> {
    MimePart::new(ContentType::new(format!("multipart/{kind}")).attribute("boundary", boundary), parts)
}

fn part(file: &Attachment, mark: String) -> MimePart<'_> {
    let part =
        MimePart::new(ContentType::new(file.media_type.as_str()).attribute("name", file.name.as_str()), mark.into_bytes());
    let part = match &file.content_id {
        Some(id) => part.inline().cid(id.as_str()),
        None => part.attachment(file.name.as_str()),
    };
    part.transfer_encoding("base64")
}

/// Pictures within the text first: the order in which they are written.
fn ordered(message: &Mail) -> impl Iterator<Item = &Attachment> {
    let inline = message.attachments.iter().filter(|file| file.content_id.is_some());
    inline.chain(message.attachments.iter().filter(|file| file.content_id.is_none()))
}

fn mark(boundary: &str, number: usize) -> String {
    format!("{boundary}.{number}.")
}

/// What is to stand where the marks are, in the order of the text.
pub(super) fn holes(boundary: &str, message: &Mail) -> Vec<(String, Piece)> {
    let stored = |file: &Attachment| Body(vec![Piece::Stored { key: file.stored.clone(), bytes: file.bytes }]);
    let hole = |(number, file): (usize, &Attachment)| (mark(boundary, number), Piece::Base64 { of: stored(file), lines: true });
    ordered(message).enumerate().map(hole).collect()
}

/// A line between the parts that depends on the message's id alone and stands in no part and no header.
pub(super) fn boundary(id: &str, message: &Mail) -> String {
    let mut seed = crypto::sha256(id.as_bytes());
    loop {
        let hash: String = seed.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
        let boundary = format!("=_{hash}");
        let bodies = [message.text.as_deref(), message.html.as_deref(), Some(message.subject.as_str())];
        let headers = message.headers.iter().map(|(_, value)| value.as_str());
        let names = message.attachments.iter().map(|file| file.name.as_str());
        if !bodies.into_iter().flatten().chain(headers).chain(names).any(|text| text.contains(&boundary)) {
            return boundary;
        }
        seed = crypto::sha256(&seed);
    }
}
