//! Rewrites the links of a finished html part for click tracking, and adds the pixel that tells of an
//! open.
//!
//! Invariant: every byte outside the addresses that are rewritten, and outside the attribute that
//! asks not to be tracked, stays as it is. Comments (also conditional ones), styles and scripts are
//! never touched.

use std::borrow::Cow;

use crate::tags::{Attribute, attributes, escape_into, tags, unescape};

/// Gives every http and https link of `<a>` and `<area>` to `rewrite`, and puts the address that it
/// answers in its place; `None` leaves the link alone. Addresses are given and taken unescaped.
///
/// A link marked `data-track="off"` is not given, and loses the mark.
pub fn rewrite_links<'h>(html: &'h str, mut rewrite: impl FnMut(&str) -> Option<String>) -> Cow<'h, str> {
    let mut out = String::new();
    let mut copied = 0;
    for tag in tags(html) {
        if tag.closing || !(tag.is("a") || tag.is("area")) {
            continue;
        }
        let mut href: Option<Attribute<'_>> = None;
        let mut mark: Option<Attribute<'_>> = None;
        for attribute in attributes(html, &tag) {
            // The first of two attributes with one name counts.
            if href.is_none() && attribute.name.eq_ignore_ascii_case("href") {
                href = Some(attribute);
            } else if mark.is_none() && attribute.name.eq_ignore_ascii_case("data-track") {
                mark = Some(attribute);
            }
        }
        let off = |mark: &Attribute<'_>| mark.value.is_some_and(|value| value.trim().eq_ignore_ascii_case("off"));
        if let Some(mark) = mark.filter(off) {
            let before = html.get(copied..mark.range.start).unwrap_or_default();
            out.push_str(before.trim_ascii_end());
            // What follows must not run into what stands before.
            let follows = html.get(mark.range.end..).unwrap_or_default();
            if !follows.starts_with(|c: char| c.is_ascii_whitespace() || matches!(c, '>' | '/')) {
                out.push(' ');
            }
            copied = mark.range.end;
            continue;
        }
        let Some((href, value)) = href.and_then(|href| Some((href.clone(), href.value?))) else {
            continue;
        };
        let url = unescape(value.trim_ascii());
        if !is_web(&url) {
            continue;
        }
        let Some(new) = rewrite(&url).filter(|new| *new != url) else {
            continue;
        };
        out.push_str(html.get(copied..href.value_range.start).unwrap_or_default());
        if href.quote.is_none() {
            out.push('"');
        }
        escape_into(&new, &mut out);
        if href.quote.is_none() {
            out.push('"');
        }
        copied = href.value_range.end;
    }
    if copied == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(html.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// Whether an address is followed on the web, unlike mailto, tel, or a place in the message.
fn is_web(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))
}

/// Adds an invisible image before the end of the body, or at the end when the body never ends.
pub fn insert_pixel(html: &str, url: &str) -> String {
    let end = |name: &str| tags(html).filter(|tag| tag.closing && tag.is(name)).last().map(|tag| tag.range.start);
    let at = end("body").or_else(|| end("html")).unwrap_or(html.len());
    let (before, after) = html.split_at(at);
    let mut out = String::with_capacity(html.len() + url.len() + 96);
    out.push_str(before);
    out.push_str("<img src=\"");
    escape_into(url, &mut out);
    out.push_str("\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">");
    out.push_str(after);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tracked(html: &str) -> String {
        rewrite_links(html, |url| Some(format!("https://t/?u={url}"))).into_owned()
    }

    #[test]
    fn web_links_are_rewritten() {
        for (html, expected) in [
            (r#"<a href="https://a.b/?x=1&amp;y=2">t</a>"#, r#"<a href="https://t/?u=https://a.b/?x=1&amp;y=2">t</a>"#),
            ("<A HREF='HTTP://a'>t</A>", "<A HREF='https://t/?u=HTTP://a'>t</A>"),
            ("<a class=x href=https://a/b?c=d>t", "<a class=x href=\"https://t/?u=https://a/b?c=d\">t"),
            ("<area shape=rect href=\" https://a \" />", "<area shape=rect href=\"https://t/?u=https://a\" />"),
            ("<a\n href\n=\n\"https://a\"\n>", "<a\n href\n=\n\"https://t/?u=https://a\"\n>"),
            ("<a href=https://a href=https://b>", "<a href=\"https://t/?u=https://a\" href=https://b>"),
            ("<a title='a > b' href='https://a'>", "<a title='a > b' href='https://t/?u=https://a'>"),
        ] {
            assert_eq!(tracked(html), expected);
        }
    }

    #[test]
    fn everything_else_is_left_alone() {
        for html in [
            "<a href='mailto:a@b'>",
            "<a href=tel:+1>",
            "<a href='#top'>",
            "<a href=''>",
            "<a href>",
            "<a>",
            "<a href='//a.b'>",
            "<a href='ftp://a'>",
            "<a href='javascript:x'>",
            "<a href='{{ url }}'>",
            "<link href='https://a'>",
            "<img src='https://a'>",
            "<abbr href='https://a'>",
            "<!-- <a href='https://a'> -->",
            "<!--[if mso]><a href='https://a'>x</a><![endif]-->",
            "<style><a href='https://a'></style>",
            "<script>'<a href=\"https://a\">'</script>",
            "<a href='https://a",
            "</a href='https://a'>",
            "text https://a text",
        ] {
            assert!(matches!(
                rewrite_links(html, |_| Some("https://t".into())),
                Cow::Borrowed(same) if same == html
            ));
        }
    }

    #[test]
    fn a_link_may_ask_not_to_be_tracked() {
        for (html, expected) in [
            ("<a data-track=\"off\" href='https://a'>", "<a href='https://a'>"),
            ("<a href='https://a' DATA-TRACK=OFF>", "<a href='https://a'>"),
            ("<a data-track='off'href='https://a'>", "<a href='https://a'>"),
            ("<a href='mailto:a' data-track='off'/>", "<a href='mailto:a'/>"),
            ("<a data-track='on' href='https://a'>", "<a data-track='on' href='https://t/?u=https://a'>"),
        ] {
            assert_eq!(tracked(html), expected);
        }
    }

    #[test]
    fn a_rewritten_address_cannot_leave_its_attribute() {
        let html = rewrite_links("<a href='https://a'>", |_| Some("x'\"><script>".into()));
        assert_eq!(html, "<a href='x&#39;&quot;&gt;&lt;script&gt;'>");
    }

    #[test]
    fn the_pixel_stands_at_the_end_of_the_body() {
        let pixel = "<img src=\"https://p/?a&amp;b\" width=\"1\" height=\"1\" alt=\"\" \
                     style=\"display:block;border:0\">";
        for (before, after) in [
            ("<html><body>a", "</body></html>"),
            ("<p>a", "</BODY >"),
            ("<html>a", "</html>"),
            ("a", ""),
            ("a<!-- </body> -->", ""),
            ("<script>'</body>'</script>b", "</body>"),
        ] {
            let html = format!("{before}{after}");
            assert_eq!(insert_pixel(&html, "https://p/?a&b"), format!("{before}{pixel}{after}"));
        }
    }
}
