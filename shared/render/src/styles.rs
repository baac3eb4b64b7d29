//! Moves style sheets into the elements, for the mail clients that read nothing else.
//!
//! Invariant: what inlining would write is bounded before it runs, because a rule on `*` repeats all
//! its declarations on every element.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::fault::{Fault, Kind};
use crate::shape::Shape;
use crate::tags::{attributes, tags};

/// The most bytes of style sheets.
const SHEETS: usize = 64 << 10;
/// The most bytes of declarations that may be repeated on elements.
const REPEATED: usize = 4 << 20;
/// The most pairs of a selector and an element.
const COMPARED: usize = 2_000_000;

/// Inlines the style sheets of a document, if it has any.
pub(crate) fn inline(html: &str) -> Result<Cow<'_, str>, Fault> {
    if !has_sheet(html) {
        return Ok(Cow::Borrowed(html));
    }
    let shape = Shape::of(tags(html));
    if !shape.styled {
        return Ok(Cow::Borrowed(html));
    }
    let refuse = |message: &str| Err(Fault::new("html", 0, Kind::Size, message));
    if !shape.buildable() {
        return refuse("the html has too many or too deep elements to inline its styles");
    }
    let cost = cost(html);
    if cost.sheets > SHEETS || cost.repeated > REPEATED || cost.compared > COMPARED {
        return refuse("the style sheets are too large to inline");
    }
    css_inline::CSSInliner::options()
        .keep_style_tags(true)
        .keep_at_rules(true)
        .load_remote_stylesheets(false)
        .preallocate_node_capacity(shape.nodes)
        .build()
        .inline(html)
        .map(|inlined| Cow::Owned(quoted(inlined)))
        .map_err(|e| Fault::new("html", 0, Kind::Value, format!("a style sheet is broken: {e}")))
}

/// Escapes again what the inliner leaves bare between quotes: it may, but not every client that
/// looks for tags looks for quotes first.
fn quoted(html: String) -> String {
    let mut out = String::new();
    let mut copied = 0;
    for tag in tags(&html) {
        for attribute in attributes(&html, &tag) {
            let value = attribute.value.unwrap_or_default();
            if value.contains(['<', '>']) {
                out.push_str(html.get(copied..attribute.value_range.start).unwrap_or_default());
                out.push_str(&value.replace('<', "&lt;").replace('>', "&gt;"));
                copied = attribute.value_range.end;
            }
        }
    }
    if copied == 0 {
        return html;
    }
    out.push_str(html.get(copied..).unwrap_or_default());
    out
}

/// A quick look without case; most parts have no style sheet.
fn has_sheet(html: &str) -> bool {
    html.match_indices('<').any(|(at, _)| html.get(at + 1..at + 6).is_some_and(|name| name.eq_ignore_ascii_case("style")))
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Cost {
    sheets: usize,
    repeated: usize,
    compared: usize,
}

fn cost(html: &str) -> Cost {
    let mut sheets: Vec<&str> = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut elements = 0;
    let mut open: Option<usize> = None;
    for tag in tags(html) {
        if let Some(from) = open.take() {
            sheets.extend(html.get(from..tag.range.start));
        }
        if tag.closing {
            continue;
        }
        if tag.is("style") {
            open = Some(tag.range.end);
        }
        elements += 1;
        *seen.entry(tag.name.to_ascii_lowercase()).or_default() += 1;
        for attribute in attributes(html, &tag) {
            let value = attribute.value.unwrap_or_default();
            if attribute.name.eq_ignore_ascii_case("class") {
                for class in value.split_ascii_whitespace() {
                    let class = class.to_ascii_lowercase();
                    *seen.entry(format!(".{class}")).or_default() += 1;
                }
            } else if attribute.name.eq_ignore_ascii_case("id") {
                let id = value.to_ascii_lowercase();
                *seen.entry(format!("#{id}")).or_default() += 1;
            }
        }
    }
    if let Some(from) = open {
        sheets.extend(html.get(from..));
    }
    let mut cost = Cost { sheets: sheets.iter().map(|sheet| sheet.len()).sum(), ..Cost::default() };
    for sheet in sheets {
        for (selectors, declarations) in rules(sheet) {
            for selector in selectors.split(',') {
                let matched = last_name(selector).map_or(elements, |name| seen.get(&name).copied().unwrap_or_default());
                let repeated = matched.saturating_mul(declarations);
                cost.repeated = cost.repeated.saturating_add(repeated);
                cost.compared = cost.compared.saturating_add(elements);
            }
        }
    }
    cost
}

/// The rules of a sheet: their selectors, and how many bytes of declarations they have. At-rules are not
/// inlined, and skipped with everything in them.
fn rules(sheet: &str) -> Vec<(&str, usize)> {
    let mut found = Vec::new();
    let mut rest = sheet;
    while let Some(at) = rest.find('{') {
        let (head, body) = rest.split_at(at);
        // A statement like `@import x;` may stand before the selectors.
        let selectors = head.rsplit([';', '}']).next().unwrap_or_default();
        let nests = selectors.trim_start().starts_with('@');
        let end = if nests { closing(body) } else { body.find('}').map_or(body.len(), |at| at + 1) };
        let (block, after) = body.split_at(end);
        if !nests {
            found.push((selectors, block.len()));
        }
        rest = after;
    }
    found
}

/// Behind the brace that closes the first one.
fn closing(body: &str) -> usize {
    let mut depth = 0usize;
    for (at, c) in body.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 1 => return at + 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    body.len()
}

/// What the last part of a selector asks for: `#id`, `.class` or `tag`; nothing when it may match
/// any element.
fn last_name(selector: &str) -> Option<String> {
    let last = selector.split(|c: char| c.is_whitespace() || matches!(c, '>' | '+' | '~')).rfind(|part| !part.is_empty())?;
    let plain = last.split(['[', ':', '(']).next().unwrap_or_default();
    // An escape or a comment inside a name may spell any name.
    let simple = plain.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '#'));
    if !simple || plain.is_empty() {
        return None;
    }
    let word = |start: char| {
        let after = plain.split(start).nth(1)?;
        let name = after.split(['.', '#']).next()?;
        Some(format!("{start}{name}"))
    };
    let name = word('#').or_else(|| word('.'));
    Some(name.unwrap_or_else(|| plain.to_owned()).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_without_a_sheet_is_not_touched() {
        for html in ["<p style='x'>a</p>", "a < b", "<!-- <style> -->", "&lt;style>"] {
            assert!(matches!(inline(html).unwrap(), Cow::Borrowed(same) if same == html));
        }
    }

    #[test]
    fn rules_are_written_into_their_elements() {
        let html = "<html><head><STYLE>p{color:red} @media x{p{color:blue}}</STYLE></head>\
                    <body><!--[if mso]><i><![endif]--><p>a</p></body></html>";
        let out = inline(html).unwrap();
        assert!(out.contains("<p style=\"color: red;\">a</p>"), "{out}");
        assert!(out.contains("@media x") && out.contains("<!--[if mso]><i><![endif]-->"));
    }

    #[test]
    fn values_stay_escaped() {
        let html = "<style>p{color:red}</style><p title='&lt;b&gt; &quot;x&quot; > &amp;lt;'>&lt;i></p>";
        let out = inline(html).unwrap();
        let title = "title=\"&lt;b&gt; &quot;x&quot; &gt; &amp;lt;\"";
        assert!(out.contains(title) && out.contains(">&lt;i&gt;</p>"), "{out}");
    }

    #[test]
    fn the_cost_is_known_before() {
        let html = "<style>p, #x .y{a:b;c:d} /* c */ *{e:f}@media z{p{g:h}}</style>\
                    <p class='y z'>1<p>2";
        let cost = cost(html);
        // Blocks of 9 and 5 bytes: p matches 2, .y 1 and * 3 elements (style, p, p).
        assert_eq!((cost.repeated, cost.compared), (2 * 9 + 9 + 3 * 5, 9));
    }

    #[test]
    fn bombs_are_refused() {
        let many = "<b>x</b>".repeat(3000);
        for sheet in
            [format!("*{{{}}}", "a:b;".repeat(1000)), "a b c{d:e}".repeat(10_000), format!("{}{{a:b}}", "b,".repeat(2000))]
        {
            let fault = inline(&format!("<style>{sheet}</style>{many}")).unwrap_err();
            assert_eq!(fault.kind, Kind::Size);
        }
        let deep = format!("<style>p{{}}</style>{}", "<div>".repeat(500));
        assert_eq!(inline(&deep).unwrap_err().kind, Kind::Size);
    }

    #[test]
    fn selectors_name_what_they_end_with() {
        for (selector, name) in [
            ("p", Some("p")),
            (" div > P.x ", Some(".x")),
            ("a#b.c:hover", Some("#b")),
            ("table td", Some("td")),
            ("*", None),
            (":root", None),
            ("[x=y]", None),
            (".\\61", None),
            (".a/**/", None),
            ("/* c */ h1", Some("h1")),
            ("", None),
        ] {
            assert_eq!(last_name(selector).as_deref(), name, "{selector}");
        }
    }
}
