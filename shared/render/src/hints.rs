//! What a preview should say about a message that renders, but may not arrive or read well.
//!
//! Invariant: a hint never stops a message. Each has a stable code, and is given once per message.

use serde::{Deserialize, Serialize};

use crate::source::Rendered;
use crate::tags::{Tag, attributes, tags, unescape};

/// Gmail hides what stands behind this many bytes of html.
const CLIPPED: usize = 102 * 1024;
/// Clients cut longer subjects.
const SUBJECT: usize = 70;
/// Fewer words than this beside an image read as an image only.
const WORDS: usize = 20;
const SHORTENERS: [&str; 12] = [
    "bit.ly",
    "buff.ly",
    "cutt.ly",
    "goo.gl",
    "is.gd",
    "lnkd.in",
    "ow.ly",
    "rb.gy",
    "rebrand.ly",
    "t.co",
    "t.ly",
    "tinyurl.com",
];

/// Something that the author may want to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint {
    /// Stable, such as `html_clipped`.
    pub code: String,
    /// For the author.
    pub message: String,
}

/// Looks at a rendered message. `marketing` says that its recipients must be able to unsubscribe.
pub fn lint(rendered: &Rendered, marketing: bool) -> Vec<Hint> {
    let mut hints = Hints(Vec::new());
    subject(rendered.subject.as_deref().unwrap_or_default(), &mut hints);
    let text = rendered.text.as_deref().unwrap_or_default();
    let html = rendered.html.as_deref().unwrap_or_default();
    if rendered.html.is_some() {
        if html.len() > CLIPPED {
            let size = html.len() / 1024;
            hints.add("html_clipped", format!("the html is {size} KB: Gmail hides what is behind 102 KB"));
        }
        if text.trim().is_empty() {
            hints.add("text_missing", "there is no text for clients without html");
        }
        document(html, text, &mut hints);
    }
    let parts = [html, text, rendered.subject.as_deref().unwrap_or_default()];
    if parts.iter().any(|part| ["{{", "}}", "{%", "%}"].iter().any(|mark| part.contains(mark))) {
        hints.add("tag_left", "a template tag is still in the message: it will be sent as it is");
    }
    if marketing && !unsubscribes(html, text) {
        hints.add("unsubscribe_missing", "marketing needs a link to unsubscribe");
    }
    hints.0
}

struct Hints(Vec<Hint>);

impl Hints {
    fn add(&mut self, code: &str, message: impl Into<String>) {
        if !self.0.iter().any(|hint| hint.code == code) {
            self.0.push(Hint { code: code.to_owned(), message: message.into() });
        }
    }
}

fn subject(subject: &str, hints: &mut Hints) {
    if subject.trim().is_empty() {
        hints.add("subject_missing", "there is no subject");
        return;
    }
    if subject.chars().count() > SUBJECT {
        hints.add("subject_long", format!("clients cut a subject after about {SUBJECT} characters"));
    }
    let letters = subject.chars().filter(|c| c.is_alphabetic()).count();
    let capitals = subject.chars().filter(|c| c.is_uppercase()).count();
    if letters >= 8 && capitals * 10 >= letters * 8 {
        hints.add("subject_capitals", "a subject in capitals looks like spam");
    }
    if subject.matches('!').count() > 1 {
        hints.add("subject_exclaims", "several exclamation marks look like spam");
    }
}

fn document(html: &str, text: &str, hints: &mut Hints) {
    let mut images = 0;
    let mut anchor: Option<(String, usize)> = None;
    for tag in tags(html) {
        if !tag.closing && tag.is("img") {
            images += usize::from(visible(html, &tag));
            if value(html, &tag, "alt").is_none() {
                hints.add("alt_missing", "an image has no alt text for readers who do not see it");
            }
        }
        if !tag.closing && ["script", "form", "iframe", "object"].iter().any(|name| tag.is(name)) {
            let name = tag.name.to_ascii_lowercase();
            hints.add("element_removed", format!("mail clients remove <{name}>"));
        }
        if tag.is("a") {
            if let Some((url, from)) = anchor.take() {
                link_text(&url, html.get(from..tag.range.start).unwrap_or_default(), hints);
            }
            if !tag.closing {
                let url = value(html, &tag, "href").unwrap_or_default();
                link(&url, hints);
                anchor = Some((url, tag.range.end));
            }
        }
    }
    let words = text.split_whitespace().filter(|word| !word.contains("://")).count();
    if images > 0 && words < WORDS {
        hints.add("image_only", "a message of images and little text looks like spam");
    }
}

/// Whether an image is more than a spacer or a tracking pixel.
fn visible(html: &str, tag: &Tag<'_>) -> bool {
    !["width", "height"].iter().any(|side| value(html, tag, side).is_some_and(|value| matches!(value.trim(), "0" | "1")))
}

fn value(html: &str, tag: &Tag<'_>, name: &str) -> Option<String> {
    attributes(html, tag)
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
        .map(|attribute| unescape(attribute.value.unwrap_or_default().trim()))
}

fn link(url: &str, hints: &mut Hints) {
    if url.is_empty() || url == "#" {
        hints.add("link_empty", "a link leads nowhere");
    }
    if url.get(..7).is_some_and(|s| s.eq_ignore_ascii_case("http://")) {
        hints.add("link_insecure", format!("{url} is not https"));
    }
    if url.get(..11).is_some_and(|s| s.eq_ignore_ascii_case("javascript:")) {
        hints.add("link_script", "mail clients remove links that run scripts");
    }
    if let Some(host) = host(url)
        && SHORTENERS.contains(&host.as_str())
    {
        hints.add("link_shortener", format!("{host} hides where a link leads: filters block it"));
    }
}

/// Filters take a link for phishing when its text names another place than it leads to.
fn link_text(url: &str, text: &str, hints: &mut Hints) {
    let Some(leads) = host(url) else { return };
    let shown = unescape(text);
    let shown = shown.trim();
    if shown.contains(char::is_whitespace) || shown.contains('<') {
        return;
    }
    let named = host(shown).or_else(|| {
        let host = shown.split(['/', '?']).next().unwrap_or_default();
        let (_, top) = host.rsplit_once('.')?;
        let domain = top.len() >= 2 && top.bytes().all(|b| b.is_ascii_alphabetic()) && !host.contains('@');
        domain.then(|| host.to_ascii_lowercase())
    });
    let Some(named) = named else { return };
    let bare = |host: &str| host.strip_prefix("www.").unwrap_or(host).to_owned();
    let (named, leads) = (bare(&named), bare(&leads));
    let within =
        |outer: &str, inner: &str| outer.strip_suffix(inner).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    if !within(&named, &leads) && !within(&leads, &named) {
        hints.add("link_mismatch", format!("a link shows {named} but leads to {leads}"));
    }
}

/// The host of a web address, in lower case.
fn host(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    (web && !host.is_empty()).then(|| host.to_ascii_lowercase())
}

fn unsubscribes(html: &str, text: &str) -> bool {
    const WORDS: [&str; 8] =
        ["unsubscribe", "opt-out", "optout", "opt out", "preferences", "abmelden", "abbestellen", "désabonn"];
    [html, text].iter().any(|part| {
        let part = part.to_lowercase();
        WORDS.iter().any(|word| part.contains(word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(subject: &str, html: &str, text: &str, marketing: bool) -> Vec<String> {
        let rendered = Rendered { subject: Some(subject.into()), html: Some(html.into()), text: Some(text.into()) };
        lint(&rendered, marketing).into_iter().map(|hint| hint.code).collect()
    }

    #[test]
    fn a_good_message_has_no_hints() {
        let text = "word ".repeat(30);
        let html = format!(
            "<p>{text}<a href='https://www.shop.example/a'>shop.example</a> \
             <a href='https://a.b'>Your order</a><img src=x alt='' width=1 height=1>\
             <a href='https://a.b/unsubscribe'>x</a></p>"
        );
        assert_eq!(codes("Your order 42", &html, &text, true), [""; 0]);
    }

    #[test]
    fn each_hint_is_given_once() {
        let text = "word ".repeat(30);
        for (subject, html, expected) in [
            ("", "<p>", "subject_missing"),
            ("BUY IT NOW 100", "<p>", "subject_capitals"),
            ("Really!!", "<p>", "subject_exclaims"),
            (&*"long ".repeat(20), "<p>", "subject_long"),
            ("s", &*"x".repeat(110_000), "html_clipped"),
            ("s", "<img src=a><img src=b>", "alt_missing"),
            ("s", "<a href='http://a.b'>a</a>", "link_insecure"),
            ("s", "<a href=https://bit.ly/x>a</a>", "link_shortener"),
            ("s", "<a href=https://evil.example>bank.example</a>", "link_mismatch"),
            ("s", "<a href=https://evil.example>https://bank.example/x</a>", "link_mismatch"),
            ("s", "<a href=https://evilbank.example>bank.example</a>", "link_mismatch"),
            ("s", "<a href='#'>a</a>", "link_empty"),
            ("s", "<a href='javascript:x'>a</a>", "link_script"),
            ("s", "<form>", "element_removed"),
            ("s", "Hi {{ name }}", "tag_left"),
        ] {
            assert_eq!(codes(subject, html, &text, false), [expected], "{html}");
        }
        assert_eq!(codes("s", "<img alt=a src=b>", "few words", false), ["image_only"]);
        assert_eq!(codes("s", "<p>", " ", false), ["text_missing"]);
        assert_eq!(codes("s", "<p>", &text, true), ["unsubscribe_missing"]);
    }

    #[test]
    fn harmless_links_are_not_suspected() {
        let text = "word ".repeat(30);
        for html in [
            "<a href=https://mail.shop.example>shop.example</a>",
            "<a href=https://shop.example>www.shop.example/a?b</a>",
            "<a href=https://a.b>v1.2</a>",
            "<a href=mailto:a@b.c>other.example</a>",
            "<a href=https://a.b>ada@other.example</a>",
            "<a href=https://a.b><img alt=x src=y></a>",
        ] {
            assert_eq!(codes("s", html, &text, false), [""; 0], "{html}");
        }
    }
}
