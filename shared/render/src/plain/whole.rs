//! Words that stay whole. Whoever lays text out breaks a word that does not fit its line or column, and an address or a code in two
//! pieces is of no use. So each leaves a sign in its place, which no layout can break, and comes back when the text is laid out.

use crate::tags::{RAW, other_end, reference_at, tags};

/// Letters of a word that is short enough for a narrow column.
const SHORT: usize = 12;
/// Letters of a word that fits any line of its own.
const LONG: usize = 70;
/// The first sign, and the one behind the last: characters for private use, one column wide.
const FIRST: u32 = 0xf_0000;
const END: u32 = 0xf_fffe;
/// Keeps as much room behind a sign as its word takes up.
const ROOM: char = '\u{100000}';
/// What stands behind every character of text that is struck out.
const STRUCK: char = '\u{336}';

/// The words that were taken out of a document.
#[derive(Default)]
pub(super) struct Whole {
    words: Vec<String>,
}

impl Whole {
    /// The document with signs in place of its longer words.
    pub(super) fn take_out(&mut self, html: &str) -> String {
        let mut out = String::with_capacity(html.len());
        let (mut at, mut raw) = (0, false);
        for tag in tags(html) {
            let between = html.get(at..tag.range.start).unwrap_or_default();
            if raw {
                out.push_str(between)
            } else {
                self.take_between(between, &mut out)
            }
            out.push_str(html.get(tag.range.clone()).unwrap_or_default());
            raw = !tag.closing && RAW.iter().any(|raw| tag.is(raw));
            at = tag.range.end;
        }
        let rest = html.get(at..).unwrap_or_default();
        if raw {
            out.push_str(rest)
        } else {
            self.take_between(rest, &mut out)
        }
        out
    }

    /// What stands between two tags: text, and comments and the like in it.
    fn take_between(&mut self, between: &str, out: &mut String) {
        let mut at = 0;
        while let Some(start) = between.get(at..).and_then(|rest| rest.find('<')).map(|found| at + found) {
            self.take_words(between.get(at..start).unwrap_or_default(), out);
            at = other_end(between, start).unwrap_or(between.len());
            out.push_str(between.get(start..at).unwrap_or_default());
        }
        self.take_words(between.get(at..).unwrap_or_default(), out);
    }

    fn take_words(&mut self, text: &str, out: &mut String) {
        let (mut word, mut start, mut at) = (String::new(), 0, 0);
        while let Some((c, len)) = text.get(at..).and_then(first) {
            if of_word(c) {
                word.push(c);
            } else {
                self.take(&word, text.get(start..at).unwrap_or_default(), out);
                word.clear();
                // What is for private use says nothing in a text, and must not be taken for a sign.
                if u32::from(c) < FIRST {
                    out.push_str(text.get(at..at + len).unwrap_or_default());
                }
                start = at + len;
            }
            at += len;
        }
        self.take(&word, text.get(start..).unwrap_or_default(), out);
    }

    /// Takes a word, or leaves it as it was written.
    fn take(&mut self, word: &str, written: &str, out: &mut String) {
        let width = word.chars().count();
        let sign = u32::try_from(self.words.len()).ok().map(|count| FIRST + count).filter(|sign| *sign < END);
        match sign.and_then(char::from_u32) {
            Some(sign) if width > SHORT => {
                out.push(sign);
                out.extend(std::iter::repeat_n(ROOM, width.min(LONG) - 1));
                self.words.push(word.to_owned());
            }
            Some(_) | None => out.push_str(written),
        }
    }

    /// The text with its words back in their places.
    pub(super) fn put_back(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text.chars().peekable();
        while let Some(c) = rest.next() {
            let index = u32::from(c).checked_sub(FIRST).and_then(|index| usize::try_from(index).ok());
            match index.and_then(|index| self.words.get(index)) {
                Some(word) => {
                    out.push_str(word);
                    while rest.next_if(|c| matches!(*c, ROOM | STRUCK)).is_some() {}
                }
                // Room that a narrow column put on another line.
                None if c == ROOM => out.push(' '),
                None => out.push(c),
            }
        }
        out
    }
}

/// Whether an address or a code may hold it. Scripts without spaces can be broken anywhere.
fn of_word(c: char) -> bool {
    c.is_ascii_graphic() || (matches!(c, '\u{c0}'..='\u{24f}') && c.is_alphabetic())
}

/// The character that a text begins with, and the bytes it takes. A reference by a name that we do not know is none of a word.
fn first(text: &str) -> Option<(char, usize)> {
    let c = text.chars().next()?;
    if c != '&' {
        return Some((c, c.len_utf8()));
    }
    let named = || {
        let end = text.find(|c: char| c != '&' && !c.is_ascii_alphanumeric())?;
        (end > 1 && text.get(end..)?.starts_with(';')).then_some((' ', end + 1))
    };
    reference_at(text).or_else(named).or(Some((c, 1)))
}

#[cfg(test)]
mod tests {
    use super::super::{WIDTH, lay_out};
    use super::*;

    const ADDRESS: &str =
        "https://shop.example/?order=0123456789012345678901234567890123456789012345678901234567890123456789&b=2";

    #[track_caller]
    fn stands_whole_in(html: &str) {
        for written in [ADDRESS.to_owned(), ADDRESS.replace('&', "&amp;"), ADDRESS.replace('/', "&#x2f;")] {
            let text = lay_out(&html.replace('@', &written)).unwrap();
            assert!(text.contains(ADDRESS), "{html}: {text}");
            assert!(text.chars().all(|c| u32::from(c) < FIRST), "{html}: {text:?}");
        }
    }

    #[test]
    fn an_address_is_whole_wherever_it_stands() {
        let cells = "<td>some words to the left of it</td><td>@</td><td>and to the right</td>".repeat(2);
        for html in [
            "@",
            "<p>Look at @, please, before the week is over.",
            "<p>here:&nbsp;@&mdash;there<p>(@)",
            "<a href='x'>@</a>",
            "<h6>a @ b</h6>",
            "<ul><li>one<li>@</ul>",
            "<blockquote><blockquote>a @ b</blockquote></blockquote>",
            "<pre>a   @   b</pre>",
            "<s>a @ b</s>",
            "a<!-- > <b> -->b @<!-- c -->",
            "a < b > @",
            "\u{f0000}&#xf0000;@\u{100000}",
            &format!("<table><tr>{cells}</tr></table>"),
        ] {
            stands_whole_in(html);
        }
    }

    #[test]
    fn what_is_no_text_and_what_is_short_stays_as_it_is() {
        for html in [
            "<style>.a-class-of-a-long-name{}</style><p title='a-title-of-one-long-word'>Hi</p>",
            "<!--a-comment-of-one-long-word-->short",
            "&eacute;t&eacute;&nbsp;&copy;",
            "你好你好你好你好你好你好你好你好",
        ] {
            assert_eq!(Whole::default().take_out(html), html);
        }
    }

    #[test]
    fn lines_are_as_long_as_without_it() {
        let html = format!("<p>{}", "a-word-of-22-letters-x ".repeat(40));
        let text = lay_out(&html).unwrap();
        assert!(text.lines().all(|line| line.len() <= WIDTH) && text.lines().count() == 14, "{text}");
    }
}
