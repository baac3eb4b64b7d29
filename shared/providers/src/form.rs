//! Forms as providers post them: `application/x-www-form-urlencoded`, or `multipart/form-data` (RFC 7578) where files go along.
//!
//! Read here over the bytes that were proven, within bounds, by the same few functions that read mail in parts: the crates for
//! forms read a stream that is still arriving, and are asynchronous for it.

use serde_json::Value;

use crate::mime::{self, Head, Typed};

/// Most fields and files.
const FIELDS: usize = 500;

/// A form.
#[derive(Clone, Debug, Default)]
pub(crate) struct Form {
    fields: Vec<(String, Vec<u8>)>,
    /// Its files in order, each with the name of its field.
    pub(crate) files: Vec<(String, File)>,
}

/// The id that HTML refers to the file of a field by: providers post an object of ids and names of fields.
pub(crate) fn content_id(ids: &Value, field: &str) -> Option<String> {
    let mut known = ids.as_object().into_iter().flatten().take(FIELDS);
    known.find(|(_, value)| value.as_str() == Some(field)).and_then(|(id, _)| crate::letter::content_id(id))
}

/// A file of a form. `Debug` shows no content.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct File {
    /// File name.
    pub(crate) name: Option<String>,
    /// Media type.
    pub(crate) media_type: Option<String>,
    /// Content.
    pub(crate) bytes: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "File({} bytes)", self.bytes.len())
    }
}

impl Form {
    /// Reads a body by its media type; of any other kind it is an empty form.
    pub(crate) fn read(content_type: &str, body: &[u8]) -> Self {
        let media = Typed::read(content_type);
        match (media.name.as_str(), media.parameter("boundary")) {
            ("multipart/form-data", Some(boundary)) => Self::parts(body, boundary),
            ("application/x-www-form-urlencoded", _) => {
                let pairs = url::form_urlencoded::parse(body).take(FIELDS);
                let fields = pairs.map(|(name, value)| (name.into_owned(), value.into_owned().into_bytes()));
                Self { fields: fields.collect(), files: Vec::new() }
            }
            _ => Self::default(),
        }
    }

    fn parts(body: &[u8], boundary: &str) -> Self {
        let mut form = Self::default();
        for part in mime::split(body, boundary, FIELDS).0 {
            let (head, content) = Head::read(part);
            let disposition = Typed::read(head.first("content-disposition").unwrap_or_default());
            let Some(name) = disposition.parameter("name").filter(|_| disposition.name == "form-data") else { continue };
            let bytes = mime::transfer(head.first("content-transfer-encoding").unwrap_or_default(), content);
            // An empty name makes a file of it none the less.
            if disposition.parameter("filename").is_some() {
                let media_type = head.first("content-type").map(|value| Typed::read(value).name);
                form.files.push((name.to_owned(), File { name: head.file_name(), media_type, bytes }));
            } else {
                form.fields.push((name.to_owned(), bytes));
            }
        }
        form
    }

    /// The bytes of a field.
    pub(crate) fn bytes(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_slice())
    }

    /// A field that is UTF-8, or nearly so, and not empty.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.bytes(name).map(|bytes| mime::string(None, bytes)).filter(|text| !text.is_empty())
    }

    /// A field that is there exactly once: what a proof rests on must not be read in two ways.
    pub(crate) fn only(&self, name: &str) -> Option<&str> {
        let mut found = self.fields.iter().filter(|(known, _)| known == name);
        let value = found.next().filter(|_| found.next().is_none())?;
        std::str::from_utf8(&value.1).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_say_the_same() {
        let parts = b"--b\r\nContent-Disposition: form-data; name=\"subject\"\r\n\r\nRe: caf\xc3\xa9\r\n\r\n--b\r\n\
            Content-Disposition: form-data; name=\"empty\"\r\n\r\n\r\n--b--\r\n";
        let form = Form::read("Multipart/Form-Data; boundary=\"b\"", parts);
        assert_eq!(form.text("subject").as_deref(), Some("Re: café\r\n"));
        assert_eq!((form.bytes("empty"), form.text("empty")), (Some(b"".as_slice()), None));
        let form = Form::read("application/x-www-form-urlencoded; charset=utf-8", b"subject=Re%3A+caf%C3%A9%0D%0A&empty=&x");
        assert_eq!(form.text("subject").as_deref(), Some("Re: café\r\n"));
        assert_eq!((form.bytes("empty"), form.bytes("x")), (Some(b"".as_slice()), Some(b"".as_slice())));
        assert!(Form::read("application/json", b"subject=1").bytes("subject").is_none());
        assert!(Form::read("multipart/form-data", parts).bytes("subject").is_none());
    }

    #[test]
    fn files_keep_every_byte() {
        let content: Vec<u8> = (0..=255).collect();
        let mut body = b"--b\r\nContent-Disposition: form-data; name=\"attachment1\"; filename=\"a/b \xc3\xbc.bin\"\r\n\
            Content-Type: Image/PNG; name=x\r\n\r\n"
            .to_vec();
        body.extend_from_slice(&content);
        body.extend_from_slice(b"\r\n--b\r\nContent-Disposition: form-data; name=two; filename=\"\"\r\n\r\n\r\n--b--\r\n");
        let form = Form::read("multipart/form-data; boundary=b", &body);
        let first = File { name: Some("b ü.bin".to_owned()), media_type: Some("image/png".to_owned()), bytes: content };
        let second = File { name: None, media_type: None, bytes: Vec::new() };
        assert_eq!(form.files, [("attachment1".to_owned(), first), ("two".to_owned(), second)]);
    }

    #[test]
    fn what_is_there_twice_proves_nothing() {
        let form = Form::read("application/x-www-form-urlencoded", b"a=1&b=2&a=1");
        assert_eq!((form.only("a"), form.only("b"), form.only("c")), (None, Some("2"), None));
        let many = "a=1&".repeat(10_000);
        assert_eq!(Form::read("application/x-www-form-urlencoded", many.as_bytes()).fields.len(), FIELDS);
        let many = b"--b\nContent-Disposition: form-data; name=a\n\n1\n".repeat(10_000);
        assert_eq!(Form::read("multipart/form-data; boundary=b", &many).fields.len(), FIELDS);
    }
}
