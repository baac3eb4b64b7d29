//! Lays out simple html in one pass over its tags: paragraphs, divisions, headings, links, line breaks and emphasis, each closed
//! where it was opened.
//!
//! Most mail that is written by hand is like that, and building a document and a tree of boxes for it costs several times what
//! rendering it did. Everything else is left to html2text.
//!
//! Invariant: what is laid out here is laid out byte for byte as html2text does it; a test compares the two.

mod page;

use crate::tags::{Tag, attributes, tags};
use page::Page;

/// The most elements inside each other. Shallow enough for every bound of the caller.
const DEPTH: usize = 16;
/// The most tags, for the same reason.
const TAGS: usize = 1_000;

/// The text of a document, or nothing when it is not simple.
pub(super) fn text(html: &str, width: usize) -> Option<String> {
    let mut flow = Flow {
        page: Page::new(width, ""),
        outer: None,
        open: Vec::new(),
        links: Vec::new(),
        awaited: None,
        place: Place::Start,
        scratch: String::new(),
    };
    let mut at = html.len() - after_doctype(html).len();
    for (count, tag) in tags(html).enumerate() {
        flow.text(html.get(at..tag.range.start)?)?;
        at = tag.range.end;
        flow.tag(html, &tag)?;
        if count > TAGS {
            return None;
        }
    }
    flow.text(html.get(at..)?)?;
    flow.end()
}

fn after_doctype(html: &str) -> &str {
    const DOCTYPE: &str = "<!doctype html>";
    match html.split_at_checked(DOCTYPE.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(DOCTYPE) => rest,
        _ => html,
    }
}

/// Where in a document the next tag stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Start,
    Html,
    Head,
    /// In a title or style sheet of the head.
    Raw,
    AfterHead,
    Body,
    AfterBody,
    End,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Division,
    Paragraph,
    Heading,
    Link,
    /// Has no effect on text.
    Inline,
}

struct Open<'h> {
    name: &'h str,
    kind: Kind,
    /// Whether it has content: an empty division or paragraph is as good as not there.
    made: bool,
}

struct Flow<'h> {
    page: Page,
    /// The page around the heading that is being laid out.
    outer: Option<Page>,
    open: Vec<Open<'h>>,
    links: Vec<String>,
    /// The address of a link of which no text has come yet.
    awaited: Option<String>,
    place: Place,
    scratch: String,
}

impl<'h> Flow<'h> {
    fn text(&mut self, raw: &str) -> Option<()> {
        if raw.is_empty() || self.place == Place::Raw {
            return Some(());
        }
        let blank = raw.bytes().all(|byte| byte.is_ascii_whitespace());
        if self.place != Place::Body {
            if blank {
                return Some(());
            }
            self.enter_body()?;
        }
        if self.awaited.is_some() && blank {
            return None;
        }
        self.make();
        if let Some(address) = self.awaited.take() {
            self.links.push(address);
            self.page.text("[")?;
        }
        self.scratch.clear();
        decode(raw, &mut self.scratch)?;
        self.page.text(&self.scratch)
    }

    /// Text and most elements open the body by themselves, once.
    fn enter_body(&mut self) -> Option<()> {
        match self.place {
            Place::Start | Place::Html | Place::AfterHead | Place::Body => self.place = Place::Body,
            Place::Head | Place::Raw | Place::AfterBody | Place::End => return None,
        }
        Some(())
    }

    fn tag(&mut self, html: &'h str, tag: &Tag<'h>) -> Option<()> {
        // The target of a link within the document counts as content.
        if !tag.closing && attributes(html, tag).any(|attribute| attribute.name.eq_ignore_ascii_case("id")) {
            return None;
        }
        if matches!(self.place, Place::Head | Place::Raw) {
            return self.in_head(tag);
        }
        let is = |name: &str| tag.is(name);
        if is("html") || is("head") || is("body") {
            self.place = match (tag.closing, self.place) {
                (false, Place::Start) if is("html") => Place::Html,
                (false, Place::Start | Place::Html) if is("head") => Place::Head,
                (false, Place::Start | Place::Html | Place::AfterHead) if is("body") => Place::Body,
                (true, Place::Body) if is("body") && self.open.is_empty() => Place::AfterBody,
                (true, Place::AfterBody) if is("html") => Place::End,
                _ => return None,
            };
            return Some(());
        }
        if tag.closing {
            return self.close(tag);
        }
        self.enter_body()?;
        if is("br") {
            if self.awaited.is_some() {
                return None;
            }
            self.make();
            self.page.break_line();
            return Some(());
        }
        self.begin(html, tag)
    }

    fn in_head(&mut self, tag: &Tag<'_>) -> Option<()> {
        let raw = tag.is("title") || tag.is("style");
        self.place = match (self.place, tag.closing) {
            (Place::Head, false) if raw => Place::Raw,
            (Place::Raw, true) if raw => Place::Head,
            (Place::Head, false) if tag.is("meta") || tag.is("link") => Place::Head,
            (Place::Head, true) if tag.is("head") => Place::AfterHead,
            _ => return None,
        };
        Some(())
    }

    fn begin(&mut self, html: &'h str, tag: &Tag<'h>) -> Option<()> {
        let kind = match tag.name.as_bytes() {
            [b'a' | b'A'] => Kind::Link,
            [b'p' | b'P'] => Kind::Paragraph,
            [b'h' | b'H', b'1'..=b'6'] => Kind::Heading,
            _ if tag.is("div") => Kind::Division,
            _ if ["b", "em", "i", "strong", "font", "small", "span", "u"].iter().any(|name| tag.is(name)) => Kind::Inline,
            _ => return None,
        };
        let inside = |kinds: &[Kind]| self.open.iter().any(|open| kinds.contains(&open.kind));
        match kind {
            Kind::Division | Kind::Paragraph | Kind::Heading if inside(&[Kind::Paragraph, Kind::Heading, Kind::Link]) => {
                return None;
            }
            Kind::Link if inside(&[Kind::Heading, Kind::Link]) => return None,
            _ => {}
        }
        if self.open.len() >= DEPTH {
            return None;
        }
        match kind {
            Kind::Link => {
                if attributes(html, tag).any(|attribute| attribute.name.eq_ignore_ascii_case("name")) {
                    return None;
                }
                let href = attributes(html, tag).find(|attribute| attribute.name.eq_ignore_ascii_case("href"))?.value?;
                let mut address = String::with_capacity(href.len());
                decode(href, &mut address)?;
                if !address.bytes().all(|byte| byte.is_ascii_graphic()) {
                    return None;
                }
                self.awaited = Some(address);
            }
            Kind::Heading => {
                self.make();
                let level = usize::from(tag.name.as_bytes().get(1)?.checked_sub(b'0')?);
                let prefix = "###### ".get(6_usize.checked_sub(level)?..)?;
                let inner = Page::new(self.page.width.checked_sub(prefix.len())?, prefix);
                self.outer = Some(std::mem::replace(&mut self.page, inner));
            }
            // Emphasis is there even when nothing is in it.
            Kind::Inline if self.awaited.is_none() && ["b", "em", "i", "strong"].iter().any(|name| tag.is(name)) => self.make(),
            Kind::Inline | Kind::Division | Kind::Paragraph => {}
        }
        self.open.push(Open { name: tag.name, kind, made: kind == Kind::Heading });
        Some(())
    }

    fn close(&mut self, tag: &Tag<'_>) -> Option<()> {
        let open = self.open.pop().filter(|open| tag.is(open.name))?;
        if self.awaited.is_some() || self.place != Place::Body {
            return None;
        }
        match open.kind {
            Kind::Link => {
                self.page.text("]")?;
                self.page.text(&format!("[{}]", self.links.len()))?;
            }
            Kind::Heading => {
                let mut heading = std::mem::replace(&mut self.page, self.outer.take()?);
                heading.flush();
                self.page.start_block();
                self.page.out.push_str(&heading.out);
                self.page.written |= !heading.out.is_empty();
                self.page.ended = true;
            }
            Kind::Paragraph if open.made => self.page.ended = true,
            Kind::Division if open.made => self.page.flush(),
            Kind::Paragraph | Kind::Division | Kind::Inline => {}
        }
        Some(())
    }

    /// Something has come: what is open around it has content.
    fn make(&mut self) {
        for open in self.open.iter_mut().filter(|open| !open.made) {
            open.made = true;
            match open.kind {
                Kind::Division => self.page.flush(),
                Kind::Paragraph => self.page.start_block(),
                Kind::Heading | Kind::Link | Kind::Inline => {}
            }
        }
    }

    /// The text with the addresses of its links below.
    fn end(mut self) -> Option<String> {
        let ended = matches!(self.place, Place::Body | Place::AfterBody | Place::End);
        if !ended || !self.open.is_empty() {
            return None;
        }
        let page = &mut self.page;
        if self.links.is_empty() {
            page.flush();
        } else {
            page.start_block();
        }
        for (index, address) in self.links.iter().enumerate() {
            page.out.push_str(&format!("[{}]: {address}\n", index + 1));
        }
        Some(self.page.out)
    }
}

/// Adds a text with its character references read; nothing when it has characters that may not be one column wide, or
/// references that are not plain.
fn decode(raw: &str, out: &mut String) -> Option<()> {
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let mut len = c.len_utf8();
        let read = match c {
            '&' => {
                let (c, taken) = reference(rest)?;
                len = taken;
                c
            }
            '<' => return None,
            ' ' | '\n' | '\t' | '!'..='~' => c,
            // Letters of Latin scripts.
            '\u{c0}'..='\u{24f}' if c.is_alphabetic() => c,
            _ => return None,
        };
        out.push(read);
        rest = rest.get(len..)?;
    }
    Some(())
}

/// The character that a text starting with `&` begins with, and the bytes it takes.
fn reference(text: &str) -> Option<(char, usize)> {
    let after = text.get(1..)?;
    if after.starts_with([' ', '\n']) {
        return Some(('&', 1));
    }
    let end = after.bytes().take(8).position(|byte| byte == b';')?;
    let c = match after.get(..end)? {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        name => {
            let digits = name.strip_prefix('#')?;
            let plain = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
            let code = match digits.strip_prefix(['x', 'X']) {
                Some(hex) => plain(hex).then(|| u8::from_str_radix(hex, 16).ok())?,
                None => plain(digits).then(|| digits.parse::<u8>().ok())?,
            }?;
            char::from(code)
        }
    };
    c.is_ascii_graphic().then_some((c, end + 2))
}

#[cfg(test)]
mod tests;
