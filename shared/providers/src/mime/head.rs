//! The header of a message or part: its fields, unfolded.

use super::{Lines, bare, text};

/// Most bytes of a header that are kept.
const HEAD: usize = 256 * 1024;
/// Most fields of a header that are kept.
const FIELDS: usize = 1000;
/// Most bytes of a field that are kept.
const FIELD: usize = 16 * 1024;
/// Most parameters of a field.
const PARAMETERS: usize = 50;

/// A header. Names are in lower case; values are unfolded, and encoded words in them still encoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head(Vec<(String, String)>);

impl Head {
    /// Reads a header, and gives what follows the empty line after it.
    pub(crate) fn read(raw: &[u8]) -> (Self, &[u8]) {
        let mut lines = Lines::of(raw);
        let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
        let mut kept = 0;
        // Whether the last line began a field that is kept.
        let mut open = false;
        for line in lines.by_ref() {
            let line = bare(line);
            if line.is_empty() {
                break;
            }
            let room = HEAD.saturating_sub(kept);
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if let Some((_, value)) = fields.last_mut().filter(|_| open) {
                    let part = line.get(..line.len().min(room).min(FIELD.saturating_sub(value.len()))).unwrap_or_default();
                    kept += part.len();
                    value.extend_from_slice(part);
                }
                continue;
            }
            let found = line.iter().position(|byte| *byte == b':').and_then(|at| line.split_at_checked(at));
            let name = found.map(|(name, _)| name.trim_ascii()).filter(|name| name.iter().all(u8::is_ascii_graphic));
            open = name.is_some_and(|name| !name.is_empty() && name.len() <= 100) && fields.len() < FIELDS && room > 0;
            if let (true, Some(name), Some((_, value))) = (open, name, found) {
                let value = value.get(1..value.len().min(FIELD).min(room)).unwrap_or_default();
                kept += name.len() + value.len();
                fields.push((String::from_utf8_lossy(name).to_ascii_lowercase(), value.to_vec()));
            }
        }
        let fields = fields.into_iter().map(|(name, value)| (name, text::string(None, &value).trim().to_owned()));
        (Self(fields.collect()), lines.rest())
    }

    /// A header whose fields a provider has read already.
    pub(crate) fn of(fields: impl IntoIterator<Item = (String, String)>) -> Self {
        let cut = |text: String| crate::event::cut(&text, FIELD);
        Self(fields.into_iter().take(FIELDS).map(|(name, value)| (name.to_ascii_lowercase(), cut(value))).collect())
    }

    /// Whether it has no field.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The first field of that name.
    pub(crate) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Its value with encoded words decoded.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.first(name).map(text::words)
    }

    /// The media type, `text/plain` when none is named.
    pub(crate) fn media(&self) -> Typed {
        let media = self.first("content-type").map(Typed::read).unwrap_or_default();
        if media.name.contains('/') { media } else { Typed { name: "text/plain".to_owned(), ..media } }
    }

    /// The file name that a part is given.
    pub(crate) fn file_name(&self) -> Option<String> {
        let named =
            |field: &str, name: &str| self.first(field).and_then(|value| Typed::read(value).parameter(name).map(text::words));
        let name = named("content-disposition", "filename").or_else(|| named("content-type", "name"))?;
        file_name(&name)
    }
}

/// A name for a file, of one that a sender gave: without folders and control characters.
pub(crate) fn file_name(given: &str) -> Option<String> {
    let name: String = given.chars().filter(|one| !one.is_control()).collect();
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default().trim();
    Some(crate::event::cut(name, 255)).filter(|name| !name.is_empty())
}

/// A value with parameters, such as `text/plain; charset=utf-8`. Names are in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// What stands before the parameters, in lower case.
    pub(crate) name: String,
    parameters: Vec<(String, String)>,
}

impl Typed {
    /// Reads a value (RFC 2045 section 5.1). Parameters in pieces or with a charset (RFC 2231) are put together.
    pub(crate) fn read(value: &str) -> Self {
        let mut pieces = pieces(value).into_iter();
        let name = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let mut plain = Vec::new();
        let mut parts: Vec<(String, usize, bool, String)> = Vec::new();
        for piece in pieces.take(PARAMETERS) {
            let Some((name, value)) = piece.split_once('=') else { continue };
            let (name, value) = (name.trim().to_ascii_lowercase(), unquote(value.trim()));
            let (bare, encoded) = name.strip_suffix('*').map_or((name.as_str(), false), |bare| (bare, true));
            let numbered = bare.rsplit_once('*').and_then(|(bare, number)| Some((bare, number.parse::<usize>().ok()?)));
            match numbered {
                Some((bare, number)) => parts.push((bare.to_owned(), number, encoded, value)),
                None if encoded => parts.push((bare.to_owned(), 0, true, value)),
                None => plain.push((name, value)),
            }
        }
        parts.sort_by(|one, other| (&one.0, one.1).cmp(&(&other.0, other.1)));
        let mut parameters = Vec::new();
        for group in parts.chunk_by(|one, other| one.0 == other.0) {
            parameters.extend(group.first().map(|(name, ..)| (name.clone(), joined(group))));
        }
        // The richer form of a parameter wins.
        parameters.extend(plain);
        Self { name, parameters }
    }

    /// A parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The value at its semicolons, but not at those within quotes.
fn pieces(value: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    value
        .split(|one: char| {
            let ends = one == ';' && !quoted;
            (quoted, escaped) = match one {
                _ if escaped => (quoted, false),
                '\\' => (quoted, quoted),
                '"' => (!quoted, false),
                _ => (quoted, false),
            };
            ends
        })
        .collect()
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"') else { return value.to_owned() };
    let mut text = String::new();
    let mut escaped = false;
    for one in inner.chars() {
        match one {
            '\\' if !escaped => escaped = true,
            '"' if !escaped => break,
            _ => {
                // Windows names files by backslashes, and forms escape them by nothing.
                if escaped && one != '"' && one != '\\' {
                    text.push('\\');
                }
                text.push(one);
                escaped = false;
            }
        }
    }
    text
}

/// One parameter of its pieces: `charset'language'percent-encoded`.
fn joined(pieces: &[(String, usize, bool, String)]) -> String {
    let mut charset = None;
    let mut bytes = Vec::new();
    for (place, (_, _, encoded, value)) in pieces.iter().enumerate() {
        if !encoded {
            bytes.extend_from_slice(value.as_bytes());
            continue;
        }
        let mut value = value.as_str();
        if let Some((named, rest)) = value.split_once('\'').filter(|_| place == 0) {
            charset = Some(named);
            value = rest.split_once('\'').map_or(rest, |(_, rest)| rest);
        }
        bytes.extend(text::hex(value.as_bytes(), b'%'));
    }
    text::string(charset, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_unfolded_and_found_by_any_spelling() {
        let raw = b"Subject: one\r\n two\r\n\tthree\r\nSUBJECT: other\r\nno field\r\n folded into nothing\r\nX-\xff: a\r\n\
            From : Ada <ada@example.com>\r\nX-Latin: caf\xe9\r\nX-Utf: caf\xc3\xa9\r\n\r\nbody\r\n\r\nmore";
        let (head, body) = Head::read(raw);
        assert_eq!(head.first("subject"), Some("one two\tthree"));
        assert_eq!(head.first("from"), Some("Ada <ada@example.com>"));
        assert_eq!((head.first("x-latin"), head.first("x-utf")), (Some("café"), Some("café")));
        assert_eq!(head.first("no field"), None);
        assert_eq!(body, b"body\r\n\r\nmore");
        assert_eq!(Head::read(b"A: b").1, b"");
        assert_eq!(Head::read(b"\n\nx").1, b"\nx");
    }

    #[test]
    fn a_header_is_kept_within_bounds() {
        let raw = [b"A: b\n".repeat(5000), b"\nbody".to_vec()].concat();
        let (head, body) = Head::read(&raw);
        assert_eq!((head.0.len(), body), (FIELDS, b"body".as_slice()));
        let raw = [b"A: b\n".to_vec(), b" cccccccccc\n".repeat(50_000), b"\nbody".to_vec()].concat();
        let (head, body) = Head::read(&raw);
        assert_eq!(body, b"body");
        assert!(head.first("a").unwrap().len() <= FIELD);
        let raw = [format!("A: {}\n", "x".repeat(15_000)).into_bytes().repeat(40), b"\nbody".to_vec()].concat();
        let (head, body) = Head::read(&raw);
        assert_eq!(body, b"body");
        assert!(head.0.iter().map(|(_, value)| value.len()).sum::<usize>() <= HEAD);
    }

    #[test]
    fn parameters_are_read_in_every_form() {
        let typed = |text: &str| Typed::read(text);
        assert_eq!(typed("Text/HTML; Charset=\"UTF-8\"; x").parameter("charset"), Some("UTF-8"));
        assert_eq!(typed("a/b; name=\"one; \\\"two\\\"\"; boundary=c;").parameter("name"), Some("one; \"two\""));
        assert_eq!(typed("a/b; name=\"one; \\\"two\\\"\"; boundary=c;").parameter("boundary"), Some("c"));
        assert_eq!(typed("a/b; filename*=utf-8''%e2%82%ac%20rates; filename=rates").parameter("filename"), Some("€ rates"));
        assert_eq!(typed("a; name*1=\"world\"; name*0*=iso-8859-1'en'h%E9llo%20").parameter("name"), Some("héllo world"));
        assert_eq!(typed("form-data; filename=\"C:\\new\\file.txt\"").parameter("filename"), Some("C:\\new\\file.txt"));
        assert_eq!(typed("").name, "");
        for odd in ["\"", ";;;=", "a;*=", "a; *0*=x", "a; n*99999999999999999999=1", "a; n=\"\\"] {
            drop(typed(odd));
        }
        assert_eq!(Head::of([("Content-Type".to_owned(), "odd".to_owned())]).media().name, "text/plain");
    }

    #[test]
    fn file_names_have_no_folders() {
        let name = |value: &str| Head::of([("Content-Disposition".to_owned(), value.to_owned())]).file_name();
        assert_eq!(name("attachment; filename=\"../../etc/passwd\"").as_deref(), Some("passwd"));
        assert_eq!(name("attachment; filename=\"C:\\a\\b.txt\"").as_deref(), Some("b.txt"));
        assert_eq!(name("attachment; filename=\"=?utf-8?q?gr=C3=BCn.pdf?=\"").as_deref(), Some("grün.pdf"));
        assert_eq!(name("attachment; filename=\"\""), None);
        assert_eq!(name("attachment"), None);
    }
}
