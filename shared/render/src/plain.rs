//! Derives the text part from the html part.
//!
//! Invariant: a message never fails for its derived text. What is too large or too deep to lay out
//! is reduced to its words. An address is never broken, wherever it stands.

mod flow;
mod whole;

use crate::shape::Shape;
use crate::tags::{tags, unescape};
use whole::Whole;

/// The width that text is laid out for.
const WIDTH: usize = 78;
/// Nodes that are still laid out; tables take their square.
const NODES: usize = 20_000;
/// Text bytes times indentation that is still laid out.
const INDENTED: usize = 2 << 20;

/// The text of a document, at most `cap` bytes of it.
pub(crate) fn text(html: &str, cap: usize) -> String {
    let mut text = flow::text(html, WIDTH).or_else(|| built(html)).unwrap_or_else(|| words(html));
    if text.len() > cap {
        let end = (0..=cap).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
    }
    let end = text.trim_end().len();
    text.truncate(end);
    text
}

/// The text by way of a document, when that is not too large to build.
fn built(html: &str) -> Option<String> {
    let shape = Shape::of(tags(html));
    let small = shape.buildable() && shape.nodes <= NODES && html.len().saturating_mul(1 + shape.indent) <= INDENTED;
    small.then(|| lay_out(html)).flatten()
}

fn lay_out(html: &str) -> Option<String> {
    let mut whole = Whole::default();
    let html = whole.take_out(html);
    let text = html2text::config::plain_no_decorate()
        .link_footnotes(true)
        .no_link_wrapping()
        .no_table_borders()
        .allow_width_overflow()
        .string_from_read(html.as_bytes(), WIDTH);
    text.ok().map(|text| whole.put_back(&text))
}

/// The text between the tags, one line for each block.
fn words(html: &str) -> String {
    let mut out = String::with_capacity(html.len() / 2);
    let mut copied = 0;
    let mut hidden = false;
    for tag in tags(html) {
        if !hidden {
            push(&mut out, html.get(copied..tag.range.start).unwrap_or_default());
        }
        copied = tag.range.end;
        hidden = !tag.closing && ["style", "script", "title"].iter().any(|raw| tag.is(raw));
        let inline = ["a", "b", "i", "em", "strong", "span", "font", "u", "small"].iter().any(|name| tag.is(name));
        if !inline && !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
    }
    if !hidden {
        push(&mut out, html.get(copied..).unwrap_or_default());
    }
    out
}

fn push(out: &mut String, raw: &str) {
    for word in unescape(raw).split_whitespace() {
        if !out.is_empty() && !out.ends_with(['\n', ' ']) {
            out.push(' ');
        }
        out.push_str(word);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_reads_like_the_html() {
        let html = "<html><head><title>T</title><style>p{}</style></head><body>\
                    <h1>Hi Ada</h1><p>See <a href=\"https://a.b/?c&amp;d\">your order</a>, \
                    <b>please</b>.</p><ul><li>one<li>two</ul></body></html>";
        let text = text(html, 1000);
        for part in ["Hi Ada", "your order", "https://a.b/?c&d", "please", "* one", "* two"] {
            assert!(text.contains(part), "{part} in {text}");
        }
        assert!(!text.contains("p{}") && !text.contains('<'));
    }

    #[test]
    fn lines_keep_to_their_width() {
        let text = text(&format!("<p>{}</p>", "word ".repeat(100)), 10_000);
        assert!(text.lines().all(|line| line.len() <= WIDTH));
        assert!(text.lines().count() > 5);
    }

    #[test]
    fn what_cannot_be_laid_out_keeps_its_words() {
        let html = format!("{}a &amp; <b>b</b><style>x</style><p>c", "<div>".repeat(1000));
        assert_eq!(text(&html, 1000), "a & b\nc");
        let quotes = format!("{}{}", "<blockquote>".repeat(60), "word ".repeat(20_000));
        assert!(text(&quotes, 1 << 20).len() < 200_000);
        assert_eq!(text("<p>äöü</p>", 3), "ä");
    }
}
