//! Files that go along with a request as parts of a form (RFC 7578). Their bytes stay where they are kept until the call is carried
//! out.

use kernel::crypto;

use crate::{Body, Media, Piece};

/// A field of the form: its name, its content type when that is not plain text, and its value.
pub(crate) type Field<'a> = (&'a str, Option<&'a str>, String);

/// The value of `content-type`, and the body. `seed` is random, so that no file can hold the line between the parts.
pub(crate) fn form(seed: &[u8], fields: &[Field<'_>], files: &[(String, &Media)]) -> (String, Body) {
    let boundary = boundary(seed, fields);
    let mut text = String::new();
    for (name, kind, value) in fields {
        text.push_str(&format!("--{boundary}\r\ncontent-disposition: form-data; name=\"{}\"\r\n", quoted(name)));
        if let Some(kind) = kind {
            text.push_str(&format!("content-type: {kind}\r\n"));
        }
        text.push_str(&format!("\r\n{value}\r\n"));
    }
    let mut pieces = Vec::new();
    for (name, file) in files {
        let (name, file_name, kind) = (quoted(name), quoted(&file.name), media_type(&file.media_type));
        text.push_str(&format!(
            "--{boundary}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n"
        ));
        text.push_str(&format!("content-type: {kind}\r\n\r\n"));
        pieces.push(Piece::Bytes(std::mem::take(&mut text).into_bytes()));
        pieces.push(Piece::Stored { key: file.stored.clone(), bytes: file.bytes });
        text.push_str("\r\n");
    }
    text.push_str(&format!("--{boundary}--\r\n"));
    pieces.push(Piece::Bytes(text.into_bytes()));
    (format!("multipart/form-data; boundary={boundary}"), Body(pieces))
}

/// A line that stands in no field.
fn boundary(seed: &[u8], fields: &[Field<'_>]) -> String {
    let mut hash = crypto::sha256(seed);
    loop {
        let digits: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        if !fields.iter().any(|(_, _, value)| value.contains(&digits)) {
            return digits;
        }
        hash = crypto::sha256(&hash);
    }
}

/// A name within quotation marks, as browsers write it.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A media type that cannot end its line.
fn media_type(text: &str) -> &str {
    let sound = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if sound { text } else { "application/octet-stream" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MediaKind;

    fn file(name: &str, media_type: &str) -> Media {
        let (url, stored) = (String::new(), "key".to_owned());
        Media { kind: MediaKind::File, media_type: media_type.to_owned(), url, bytes: 3, stored, name: name.to_owned() }
    }

    #[test]
    fn a_form_holds_fields_and_then_files() {
        let file = file("a.pdf", "application/pdf");
        let fields = [("chat", None, "1".to_owned()), ("more", Some("application/json"), "{}".to_owned())];
        let (kind, body) = form(b"seed", &fields, &[("document".to_owned(), &file)]);
        let line = kind.strip_prefix("multipart/form-data; boundary=").unwrap();
        let [Piece::Bytes(before), Piece::Stored { key, bytes: 3 }, Piece::Bytes(after)] = body.0.as_slice() else {
            unreachable!("{body:?}")
        };
        assert_eq!(key, "key");
        assert_eq!(
            String::from_utf8_lossy(before),
            format!(
                "--{line}\r\ncontent-disposition: form-data; name=\"chat\"\r\n\r\n1\r\n\
                 --{line}\r\ncontent-disposition: form-data; name=\"more\"\r\ncontent-type: application/json\r\n\r\n{{}}\r\n\
                 --{line}\r\ncontent-disposition: form-data; name=\"document\"; filename=\"a.pdf\"\r\n\
                 content-type: application/pdf\r\n\r\n"
            )
        );
        assert_eq!(String::from_utf8_lossy(after), format!("\r\n--{line}--\r\n"));
    }

    #[test]
    fn no_name_or_value_breaks_out_of_its_part() {
        let file = file("a\"; name=\"b\r\nx: y", "text/plain\r\nx: y");
        let (kind, _) = form(b"seed", &[], &[]);
        let line = kind.split_once('=').unwrap().1.to_owned();
        let (other, body) = form(b"seed", &[("text", None, format!("\r\n--{line}--"))], &[("f".to_owned(), &file)]);
        assert_ne!(other, kind);
        let Some(Piece::Bytes(before)) = body.0.first() else { unreachable!("{body:?}") };
        let head = String::from_utf8_lossy(before);
        assert!(
            head.contains("filename=\"a%22; name=%22b%0D%0Ax: y\"\r\ncontent-type: application/octet-stream\r\n\r\n"),
            "{head}"
        );
    }
}
