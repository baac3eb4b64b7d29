//! Finds the tags in HTML in one pass over its bytes, without building a document.
//!
//! Tokens are cut as the HTML standard cuts them, so broken markup reads the way a mail client reads
//! it: quotes of both kinds and none, `>` inside quotes, comments, and raw text in style and script.
//!
//! Invariant: ranges lie on character boundaries and in order; what is not a tag is never touched.

use std::ops::Range;

/// Elements whose content is text, whatever it looks like.
pub(crate) const RAW: [&str; 8] = ["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"];

/// One start or end tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tag<'h> {
    /// As written; compare without case.
    pub(crate) name: &'h str,
    pub(crate) closing: bool,
    /// From `<` to behind `>`.
    pub(crate) range: Range<usize>,
    /// Where the attributes start.
    attributes: usize,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute<'h> {
    /// As written; compare without case.
    pub(crate) name: &'h str,
    /// As written, without quotes and not unescaped.
    pub(crate) value: Option<&'h str>,
    /// Where the value stands, without quotes.
    pub(crate) value_range: Range<usize>,
    /// The quote around the value, if any.
    pub(crate) quote: Option<u8>,
    /// From the first byte of the name to behind the value and its quote.
    pub(crate) range: Range<usize>,
}

impl Tag<'_> {
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The tags of a document in order.
pub(crate) struct Tags<'h> {
    html: &'h str,
    at: usize,
}

pub(crate) fn tags(html: &str) -> Tags<'_> {
    Tags { html, at: 0 }
}

/// The attributes of a tag of `html`.
pub(crate) fn attributes<'h>(html: &'h str, tag: &Tag<'h>) -> Attributes<'h> {
    Attributes { html, at: tag.attributes }
}

impl<'h> Iterator for Tags<'h> {
    type Item = Tag<'h>;

    fn next(&mut self) -> Option<Tag<'h>> {
        loop {
            let start = find(self.html, self.at, '<')?;
            let rest = self.html.get(start + 1..)?;
            let second = rest.bytes().next()?;
            match second {
                b'/' if rest.as_bytes().get(1)?.is_ascii_alphabetic() => return self.tag(start, start + 2, true),
                c if c.is_ascii_alphabetic() => return self.tag(start, start + 1, false),
                _ => self.at = other_end(self.html, start)?,
            }
        }
    }
}

impl<'h> Tags<'h> {
    fn tag(&mut self, start: usize, name_start: usize, closing: bool) -> Option<Tag<'h>> {
        let rest = self.html.get(name_start..)?;
        let len = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>')).unwrap_or(rest.len());
        let name = rest.get(..len)?;
        let first = name_start + len;
        let mut walk = Attributes { html: self.html, at: first };
        while walk.next().is_some() {}
        let Some(end) = walk.end() else {
            // A tag that never ends is not a tag.
            self.at = self.html.len();
            return None;
        };
        self.at = end;
        if !closing && RAW.iter().any(|raw| raw.eq_ignore_ascii_case(name)) {
            self.at = raw_end(self.html, end, name);
        }
        Some(Tag { name, closing, range: start..end, attributes: first })
    }
}

/// The attributes of one tag.
pub(crate) struct Attributes<'h> {
    html: &'h str,
    at: usize,
}

impl<'h> Attributes<'h> {
    /// Behind the `>` that ends the tag, once all attributes are read.
    fn end(&self) -> Option<usize> {
        self.html.get(self.at..)?.starts_with('>').then_some(self.at + 1)
    }

    fn skip(&mut self, skipped: impl Fn(char) -> bool) -> usize {
        let rest = self.html.get(self.at..).unwrap_or_default();
        self.at += rest.find(|c| !skipped(c)).unwrap_or(rest.len());
        self.at
    }
}

impl<'h> Iterator for Attributes<'h> {
    type Item = Attribute<'h>;

    fn next(&mut self) -> Option<Attribute<'h>> {
        let space = |c: char| c.is_ascii_whitespace();
        let start = self.skip(|c| space(c) || c == '/');
        let rest = self.html.get(start..)?;
        if rest.is_empty() || rest.starts_with('>') {
            return None;
        }
        // A name may start with `=`, but not hold one.
        let first = rest.chars().next()?.len_utf8();
        self.at += first;
        let name_end = self.skip(|c| !space(c) && !matches!(c, '/' | '>' | '='));
        let name = self.html.get(start..name_end)?;
        let mut attribute =
            Attribute { name, value: None, value_range: name_end..name_end, quote: None, range: start..name_end };
        let equals = self.skip(space);
        if !self.html.get(equals..)?.starts_with('=') {
            return Some(attribute);
        }
        self.at = equals + 1;
        let value_start = self.skip(space);
        let rest = self.html.get(value_start..)?;
        let (from, to, end) = match rest.bytes().next()? {
            quote @ (b'"' | b'\'') => {
                let from = value_start + 1;
                let to = find(self.html, from, char::from(quote))?;
                attribute.quote = Some(quote);
                (from, to, to + 1)
            }
            b'>' => (value_start, value_start, value_start),
            _ => {
                let to = self.skip(|c| !space(c) && c != '>');
                (value_start, to, to)
            }
        };
        self.at = end;
        attribute.value = self.html.get(from..to);
        attribute.value_range = from..to;
        attribute.range = start..end;
        Some(attribute)
    }
}

fn find(html: &str, from: usize, c: char) -> Option<usize> {
    html.get(from..)?.find(c).map(|at| from + at)
}

/// Behind the end of what begins with the `<` at `start` and is no tag: a comment, a declaration, or the sign alone.
pub(crate) fn other_end(html: &str, start: usize) -> Option<usize> {
    let rest = html.get(start + 1..)?;
    match rest.bytes().next()? {
        b'!' if rest.starts_with("!--") => comment_end(html, start),
        b'!' | b'?' | b'/' => find(html, start, '>').map(|end| end + 1),
        _ => Some(start + 1),
    }
}

/// Behind the end of the comment that starts at `start`.
fn comment_end(html: &str, start: usize) -> Option<usize> {
    let body = html.get(start + 4..)?;
    // `<!-->` and `<!--->` are comments that end at once.
    for short in [">", "->"] {
        if body.starts_with(short) {
            return Some(start + 4 + short.len());
        }
    }
    let end = body.find("--").and_then(|mut at| {
        loop {
            let rest = body.get(at + 2..)?;
            if rest.starts_with('>') {
                return Some(at + 3);
            }
            if rest.starts_with("!>") {
                return Some(at + 4);
            }
            at += 1 + body.get(at + 1..)?.find("--")?;
        }
    })?;
    Some(start + 4 + end)
}

/// Where the end tag of a raw text element starts; the end of the document when there is none.
fn raw_end(html: &str, from: usize, name: &str) -> usize {
    let mut at = from;
    while let Some(found) = html.get(at..).and_then(|rest| rest.find("</")) {
        at += found;
        let rest = html.get(at + 2..).unwrap_or_default();
        let same = rest.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name));
        let ends = rest
            .get(name.len()..)
            .and_then(|rest| rest.bytes().next())
            .is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'>'));
        if same && ends {
            return at;
        }
        at += 2;
    }
    html.len()
}

/// Turns character references into characters: those that occur in addresses, and all numeric ones.
pub(crate) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (before, reference) = rest.split_at(at);
        out.push_str(before);
        match reference_at(reference) {
            Some((c, len)) => {
                out.push(c);
                rest = reference.get(len..).unwrap_or_default();
            }
            None => {
                out.push('&');
                rest = reference.get(1..).unwrap_or_default();
            }
        }
    }
    out.push_str(rest);
    out
}

/// The character of the reference that a text begins with, and the bytes it takes; nothing where `unescape` knows none.
pub(crate) fn reference_at(text: &str) -> Option<(char, usize)> {
    let end = text.bytes().take(12).position(|b| b == b';')?;
    let name = text.get(1..end)?;
    let c = match name {
        "amp" | "AMP" => '&',
        "lt" | "LT" => '<',
        "gt" | "GT" => '>',
        "quot" | "QUOT" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        "sol" => '/',
        "colon" => ':',
        "equals" => '=',
        "quest" => '?',
        "num" => '#',
        "percnt" => '%',
        _ => {
            let digits = name.strip_prefix('#')?;
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => digits.parse().ok()?,
            };
            char::from_u32(code).filter(|c| *c != '\0')?
        }
    };
    Some((c, end + 1))
}

/// Writes a text as an attribute value that is safe in quotes of either kind.
pub(crate) fn escape_into(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(html: &str) -> Vec<String> {
        tags(html).map(|tag| format!("{}{}", if tag.closing { "/" } else { "" }, tag.name)).collect()
    }

    #[test]
    fn tags_are_found_where_a_client_finds_them() {
        assert_eq!(names("<p>a<br/>b</P >"), ["p", "br", "/P"]);
        assert_eq!(names("a < b <1> <> </> </1> <!doctype html><?php ?>x"), [""; 0]);
        assert_eq!(names("<!-- <a> --><b><!--><i><!---><u>"), ["b", "i", "u"]);
        assert_eq!(names("<!-- a -- b --!><i>"), ["i"]);
        assert_eq!(names("<!--[if mso]><a href=x><![endif]--><b>"), ["b"]);
        assert_eq!(names("<![if !mso]><a><![endif]>"), ["a"]);
        assert_eq!(names("<style>a > b {} <a></style><b>"), ["style", "/style", "b"]);
        assert_eq!(names("<SCRIPT>'</scr' <a></script ><b>"), ["SCRIPT", "/script", "b"]);
        assert_eq!(names("<script><a>"), ["script"]);
        assert_eq!(names("<a title='>' alt=\">\" x=y>t"), ["a"]);
        assert_eq!(names("<a title='never ends>"), [""; 0]);
        assert_eq!(names("<!-- never ends <a>"), [""; 0]);
        assert_eq!(names("<a"), [""; 0]);
        assert_eq!(names("ä<ä>é<é"), [""; 0]);
    }

    #[test]
    fn attributes_are_cut_as_the_standard_cuts_them() {
        let html = "<a href = \"x y\" B='c' d=e/f g /h =i=j k= >";
        let tag = tags(html).next().unwrap();
        let found: Vec<_> = attributes(html, &tag).map(|a| (a.name, a.value, a.quote)).collect();
        assert_eq!(
            found,
            [
                ("href", Some("x y"), Some(b'"')),
                ("B", Some("c"), Some(b'\'')),
                ("d", Some("e/f"), None),
                ("g", None, None),
                ("h", Some("i=j"), None),
                ("k", Some(""), None),
            ]
        );
    }

    #[test]
    fn references_are_read_and_written() {
        assert_eq!(unescape("a&amp;b&#38;c&#x26;d&lt;&quot;"), "a&b&c&d<\"");
        assert_eq!(unescape("a&b=c&copy=1&amp"), "a&b=c&copy=1&amp");
        assert_eq!(unescape("&#0;&#xd800;&#99999999;"), "&#0;&#xd800;&#99999999;");
        let mut out = String::new();
        escape_into("a&b'\"<>ä", &mut out);
        assert_eq!(out, "a&amp;b&#39;&quot;&lt;&gt;ä");
        assert_eq!(unescape(&out), "a&b'\"<>ä");
    }
}
