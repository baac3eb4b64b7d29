//! Compiles MJML to HTML: once for a version when that is certainly the same, else for every message.
//!
//! Compiling the template itself would be wrong where MJML looks at what a tag stands for: the number
//! of columns sets their widths, a width is calculated with. So it is done only for templates whose
//! tags stand where MJML copies text as it is, and only if every tag comes out where it went in.
//!
//! Invariant: includes are never followed, and a tag that the compiler does not know is refused.

use std::ops::Range;

use minijinja::machinery::{Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;
use mrml::prelude::render::RenderOptions;

use crate::fault::{Fault, Kind};
use crate::shape::Shape;
use crate::tags::{Tag, attributes, tags};

const KNOWN: [&str; 31] = [
    "mj-accordion",
    "mj-accordion-element",
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-all",
    "mj-attributes",
    "mj-body",
    "mj-breakpoint",
    "mj-button",
    "mj-carousel",
    "mj-carousel-image",
    "mj-class",
    "mj-column",
    "mj-divider",
    "mj-font",
    "mj-group",
    "mj-head",
    "mj-hero",
    "mj-image",
    "mj-navbar",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-section",
    "mj-social",
    "mj-social-element",
    "mj-spacer",
    "mj-style",
    "mj-table",
    "mj-text",
    "mj-title",
];
const WRAPPER: &str = "mj-wrapper";
/// Elements whose content is copied as it is.
const COPIED: [&str; 3] = ["mj-text", "mj-table", "mj-button"];
/// Attributes that are copied as they are and decide about nothing else.
const PLAIN: [&str; 6] = ["href", "src", "alt", "title", "target", "rel"];
/// The most MJML elements of one message.
const ELEMENTS: usize = 2_000;
/// The most images of all carousels: each writes a rule for each.
const SLIDES: usize = 20;
/// The most bytes of defaults times elements.
const DEFAULTS: usize = 4 << 20;

/// Compiles a finished MJML document.
pub(crate) fn html(mjml: &str) -> Result<String, Fault> {
    let fault = |kind, message: String| Fault::new("html", 0, kind, message);
    check("html", mjml)?;
    bounded(mjml)?;
    let parsed = mrml::parse(mjml).map_err(|e| fault(Kind::Syntax, format!("MJML: {e}")))?;
    let options = RenderOptions::default();
    let html = parsed.element.render(&options);
    html.map_err(|e| fault(Kind::Value, format!("MJML: {e}")))
}

/// Refuses tags that the compiler would silently copy or follow. Runs on the source of a template.
pub(crate) fn check(part: &str, source: &str) -> Result<(), Fault> {
    for tag in tags(source) {
        let name = tag.name.to_ascii_lowercase();
        let line = || {
            let before = source.get(..tag.range.start).unwrap_or_default();
            1 + before.matches('\n').count()
        };
        if name.starts_with("mj-") && !KNOWN.contains(&name.as_str()) && name != WRAPPER {
            let message = if name == "mj-include" {
                "mj-include is not followed: use {% include %} with a layout".to_owned()
            } else {
                format!("there is no MJML tag {name}")
            };
            return Err(Fault::new(part, line(), Kind::Unknown, message));
        }
    }
    Ok(())
}

/// Whether compiling stays small. The same element may be written in many ways, so all are counted.
fn bounded(mjml: &str) -> Result<(), Fault> {
    let refuse = || {
        let message = "the MJML has too many or too deep elements";
        Err(Fault::new("html", 0, Kind::Size, message))
    };
    if !Shape::of(tags(mjml)).buildable() {
        return refuse();
    }
    let (mut elements, mut slides, mut defaults) = (0usize, 0, 0usize);
    let mut in_defaults = false;
    for tag in tags(mjml) {
        if tag.is("mj-attributes") {
            in_defaults = !tag.closing;
        }
        if tag.closing {
            continue;
        }
        if in_defaults {
            defaults += tag.range.len();
        }
        elements += usize::from(tag.name.len() > 3 && tag.name.get(..3) == Some("mj-"));
        slides += usize::from(tag.is("mj-carousel-image"));
    }
    let repeated = defaults.saturating_mul(elements);
    if elements > ELEMENTS || slides > SLIDES || repeated > DEFAULTS {
        return refuse();
    }
    Ok(())
}

/// The HTML of a Jinja source in MJML with its tags still in it, if compiling it before rendering is
/// certainly the same as after. The fault is one that every message would run into.
pub(crate) fn once(source: &str) -> Result<Option<String>, Fault> {
    check("html", source)?;
    let Some((marked, cuts)) = mark(source) else {
        return Ok(None);
    };
    if cuts.iter().any(|cut| cut.statement.is_some()) && !copied(&marked, &cuts) {
        return Ok(None);
    }
    let html = html(&marked.text)?;
    if !copied(&marked, &cuts) {
        return Ok(None);
    }
    Ok(restore(&html, source, &cuts))
}

/// The source with a word in the place of each tag.
struct Marked {
    text: String,
    /// Where each word stands in the text.
    words: Vec<Range<usize>>,
}

/// A tag of the template.
struct Cut {
    word: String,
    range: Range<usize>,
    /// How a statement changes the depth of blocks; nothing for a value.
    statement: Option<i32>,
}

fn mark(source: &str) -> Option<(Marked, Vec<Cut>)> {
    let mut stem = "tagx".to_owned();
    while source.contains(&stem) {
        stem.push('x');
    }
    let mut cuts: Vec<Cut> = Vec::new();
    let mut tokens = Tokenizer::new(source, "html", false, SyntaxConfig::default());
    let mut start: Option<(usize, Option<i32>)> = None;
    while let Some((token, span)) = tokens.next_token().ok()? {
        let (from, to) = (span.start_offset as usize, span.end_offset as usize);
        match token {
            Token::VariableStart => start = Some((from, None)),
            Token::BlockStart => start = Some((from, Some(i32::MIN))),
            Token::Ident(word) => {
                if let Some((_, Some(depth @ i32::MIN))) = &mut start {
                    *depth = match word {
                        "if" | "for" => 1,
                        "endif" | "endfor" => -1,
                        "else" | "elif" => 0,
                        _ => return None,
                    };
                }
            }
            Token::VariableEnd | Token::BlockEnd => {
                let (from, statement) = start.take()?;
                // A call may count or change something, and a value may come out twice.
                if statement.is_none() && source.get(from..to)?.contains('(') {
                    return None;
                }
                let word = format!("{stem}{}z", cuts.len());
                cuts.push(Cut { word, range: from..to, statement });
            }
            _ => {}
        }
    }
    let mut marked = Marked { text: String::with_capacity(source.len()), words: Vec::with_capacity(cuts.len()) };
    let mut copied = 0;
    for cut in &cuts {
        marked.text.push_str(source.get(copied..cut.range.start)?);
        let at = marked.text.len();
        marked.text.push_str(&cut.word);
        marked.words.push(at..marked.text.len());
        copied = cut.range.end;
    }
    marked.text.push_str(source.get(copied..)?);
    // Comments and raw blocks are not tokens, and whitespace control reaches outside its tag.
    let plain = !["{#", "{%", "{{"].iter().any(|s| marked.text.contains(s))
        && cuts.iter().all(|cut| {
            let tag = source.get(cut.range.clone()).unwrap_or_default();
            !["{%-", "{{-", "-%}", "-}}"].iter().any(|mark| tag.contains(mark))
        });
    plain.then_some((marked, cuts))
}

/// Whether every tag stands where MJML copies text as it is, with its blocks closed in place.
fn copied(marked: &Marked, cuts: &[Cut]) -> bool {
    let mut left = marked.words.iter().zip(cuts).peekable();
    // The copied element that is open, and its depth of blocks.
    let mut open: Option<(&str, i32)> = None;
    for tag in tags(&marked.text) {
        // Between the tags.
        while let Some((word, cut)) = left.peek() {
            if word.start >= tag.range.start {
                break;
            }
            match (&mut open, cut.statement) {
                (Some((_, depth)), Some(change)) => *depth += change,
                (Some(_), None) => {}
                (None, _) => return false,
            }
            left.next();
        }
        // Inside the tag.
        while let Some((word, cut)) = left.next_if(|(word, _)| word.start < tag.range.end) {
            if cut.statement.is_some() || !in_plain_value(&marked.text, &tag, word) {
                return false;
            }
        }
        let copies = COPIED.iter().any(|name| tag.is(name));
        let empty = marked.text.get(tag.range.clone()).is_some_and(|tag| tag.ends_with("/>"));
        if copies && !tag.closing && !empty && open.is_none() {
            open = Some((tag.name, 0));
        } else if let Some((name, depth)) = open
            && tag.closing
            && tag.is(name)
        {
            if depth != 0 {
                return false;
            }
            open = None;
        }
    }
    left.next().is_none() && open.is_none()
}

/// Whether a word stands in the quoted value of an attribute that is copied as it is.
fn in_plain_value(text: &str, tag: &Tag<'_>, word: &Range<usize>) -> bool {
    attributes(text, tag).any(|attribute| {
        attribute.value_range.start <= word.start
            && word.end <= attribute.value_range.end
            && attribute.quote == Some(b'"')
            && PLAIN.contains(&attribute.name)
    })
}

/// Puts the tags back, if each is there, in its order, and in quotes where it was.
fn restore(html: &str, source: &str, cuts: &[Cut]) -> Option<String> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (i, cut) in cuts.iter().enumerate() {
        let mut places = html.match_indices(&cut.word).peekable();
        places.peek()?;
        found.extend(places.map(|(at, _)| (at, i)));
    }
    found.sort_unstable();
    // Statements come out once and in order, values between the same two statements as before.
    let before = |i: usize| cuts.iter().take(i).filter(|c| c.statement.is_some()).count();
    let mut passed = 0;
    for (_, i) in &found {
        let statement = cuts.get(*i)?.statement.is_some();
        if before(*i) != passed {
            return None;
        }
        passed += usize::from(statement);
    }
    let mut out = String::with_capacity(html.len() + source.len());
    let mut copied = 0;
    for (at, i) in found {
        let cut = cuts.get(i)?;
        out.push_str(html.get(copied..at)?);
        out.push_str(source.get(cut.range.clone())?);
        copied = at + cut.word.len();
    }
    out.push_str(html.get(copied..)?);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(column: &str) -> String {
        format!("<mjml><mj-body><mj-section><mj-column>{column}</mj-column></mj-section></mj-body></mjml>")
    }

    #[test]
    fn tags_in_copied_places_are_compiled_once() {
        let source = page(
            "<mj-text>Hi {{ name }}{% if vip %} <b>VIP</b>{% else %}!{% endif %}</mj-text>\
             <mj-image src=\"{{ logo }}\" alt=\"{{ name }}\"/>\
             <mj-button href=\"https://a/{{ id }}?b=c&amp;d=e\">Go to {{ shop }}</mj-button>\
             <mj-table>{% for l in lines %}<tr><td>{{ l.name }}</td></tr>{% endfor %}</mj-table>",
        );
        let once = once(&source).unwrap().unwrap();
        for tag in [
            "Hi {{ name }}{% if vip %} <b>VIP</b>{% else %}!{% endif %}<",
            "src=\"{{ logo }}\"",
            "alt=\"{{ name }}\"",
            "href=\"https://a/{{ id }}?b=c&amp;d=e\"",
            "{% for l in lines %}<tr><td>{{ l.name }}</td></tr>{% endfor %}",
        ] {
            assert!(once.contains(tag), "{tag} in {once}");
        }
        assert!(once.contains("<!doctype html>") && !once.contains("tagx"));
        assert!(super::once(&page("<mj-text>a</mj-text>")).unwrap().is_some());
    }

    #[test]
    fn what_the_layout_may_depend_on_is_compiled_for_each_message() {
        for column in [
            "{% if a %}<mj-text>a</mj-text>{% endif %}",
            "<mj-text>{% if a %}</mj-text><mj-text>{% endif %}</mj-text>",
            "<mj-image width=\"{{ w }}px\" src=\"x\"/>",
            "<mj-text color=\"{{ c }}\">a</mj-text>",
            "<mj-text>{% include 'x' %}</mj-text>",
            "<mj-text>{{ next() }}</mj-text>",
            "<mj-text>{# note #}a{{ b }}</mj-text>",
            "<mj-text>{{- b }}</mj-text>",
            "<mj-image src=\"{% if a %}b{% endif %}\"/>",
        ] {
            assert_eq!(once(&page(column)).unwrap(), None, "{column}");
        }
    }

    #[test]
    fn faults_are_found_at_save() {
        let kind = |source: &str| once(source).unwrap_err().kind;
        assert_eq!(kind(&page("<mj-foo>a</mj-foo>")), Kind::Unknown);
        assert_eq!(kind(&page("<mj-include path=\"/etc/passwd\"/>")), Kind::Unknown);
        assert_eq!(kind("<mjml><mj-body>"), Kind::Syntax);
        assert_eq!(kind(&page("<mj-text>{{ a }}<b></mj-text>")), Kind::Syntax);
        let many = page(&"<mj-text>a</mj-text>".repeat(3000));
        assert_eq!(kind(&many), Kind::Size);
        let carousel = format!("<mj-carousel>{}</mj-carousel>", "<mj-carousel-image src=\"a\"/>".repeat(100));
        assert_eq!(kind(&page(&carousel)), Kind::Size);
        let fault = once(&page("\n\n<mj-foo/>")).unwrap_err();
        assert_eq!(fault.line, 3);
    }

    #[test]
    fn values_stay_escaped_through_the_compiler() {
        let html = html(&page(
            "<mj-text>&lt;script&gt; &amp;amp; &quot;</mj-text>\
             <mj-button href=\"https://a?b=c&amp;d&quot;&gt;&lt;x\">t</mj-button>\
             <mj-image src=\"a\" alt=\"&quot;&gt;&lt;script&gt;\"/>",
        ))
        .unwrap();
        assert!(!html.contains("<script>"), "{html}");
        assert!(html.contains("&lt;script&gt; &amp;amp; &quot;"), "{html}");
        assert!(html.contains("href=\"https://a?b=c&amp;d&quot;&gt;&lt;x\""), "{html}");
        assert!(html.contains("alt=\"&quot;&gt;&lt;script&gt;\""), "{html}");
    }
}
