//! How large a document would be that a parser builds from HTML, so that it need not be built to be
//! found too large.
//!
//! Invariant: the counts are never lower than what html5ever makes of the same text: an unclosed
//! `<b>` is reopened in every following block, so a few kilobytes can ask for millions of nodes.

use crate::tags::Tags;

/// Elements without content.
const VOID: [&str; 14] =
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"];
/// Elements that the next one of their kind ends.
const IMPLIED: [&str; 14] =
    ["p", "li", "td", "th", "tr", "dt", "dd", "option", "optgroup", "tbody", "thead", "tfoot", "colgroup", "caption"];
/// Elements that are reopened when a block ends before them.
const FORMATTING: [&str; 14] =
    ["a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"];

/// The most nodes of a document that is worth building.
const NODES: usize = 60_000;
/// The most elements inside each other.
const DEPTH: usize = 100;

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) nodes: usize,
    pub(crate) depth: usize,
    /// Quotes and lists inside each other: each indents the text in it.
    pub(crate) indent: usize,
    pub(crate) styled: bool,
}

impl Shape {
    pub(crate) fn of(tags: Tags<'_>) -> Shape {
        let mut shape = Shape::default();
        let (mut open, mut formatting, mut indented) = (0usize, 0usize, 0usize);
        for tag in tags {
            let is = |names: &[&str]| names.iter().any(|name| tag.is(name));
            let step = |count: &mut usize| {
                if tag.closing {
                    *count = count.saturating_sub(1);
                } else {
                    *count += 1;
                }
            };
            if is(&FORMATTING) {
                step(&mut formatting);
            }
            if is(&["blockquote", "ul", "ol", "dd"]) {
                step(&mut indented);
            }
            if !is(&VOID) && !is(&IMPLIED) {
                step(&mut open);
            }
            // An element, the text behind it, and what is reopened before it.
            shape.nodes = shape.nodes.saturating_add(2 + formatting);
            shape.depth = shape.depth.max(open);
            shape.indent = shape.indent.max(indented);
            shape.styled |= tag.is("style") && !tag.closing;
        }
        shape
    }

    pub(crate) fn buildable(&self) -> bool {
        self.nodes <= NODES && self.depth <= DEPTH
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tags::tags;

    #[test]
    fn ordinary_html_is_small() {
        let html = "<html><head><style>p{}</style></head><body>\
                    <table><tr><td><p>a<p><b>b</b><br></table></body></html>";
        let shape = Shape::of(tags(html));
        assert_eq!((shape.depth, shape.styled, shape.indent), (4, true, 0));
        assert!(shape.buildable());
        assert!(Shape::of(tags(&"<p>x".repeat(5000))).buildable());
    }

    #[test]
    fn bombs_are_seen() {
        assert!(!Shape::of(tags(&"<div>".repeat(200))).buildable());
        assert!(!Shape::of(tags(&"<p>".repeat(50_000))).buildable());
        let reopened: String = (0..1000).map(|i| format!("<b id={i}><p>")).collect();
        assert!(!Shape::of(tags(&reopened)).buildable());
    }
}
