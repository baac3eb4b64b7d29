//! Templates that are hostile only after they have run: the html is parsed, styled and turned into text.

use render::Markup;

pub fn documents() -> Vec<(&'static str, Markup, String)> {
    let n = |text: &str, times: usize| text.repeat(times);
    let mjml = |body: &str| format!("<mjml><mj-body>{body}</mj-body></mjml>");
    vec![
        ("deep divs", Markup::Html, n("<div>", 50_000)),
        ("deep tables", Markup::Html, n("<table><tr><td>", 90)),
        ("deep styled tables", Markup::Html, format!("<style>td{{a:b}}</style>{}", n("<table><tr><td>", 90))),
        ("deep quotes", Markup::Html, format!("{}{}", n("<blockquote>", 90), n("word ", 30_000))),
        ("reopened formatting", Markup::Html, (0..5000).map(|i| format!("<b id=x{i}><p>")).collect()),
        (
            "reopened fonts, styled",
            Markup::Html,
            (0..5000).map(|i| format!("<font size={i}><p>")).chain(["<style>p{a:b}</style>".to_owned()]).collect(),
        ),
        ("many elements", Markup::Html, n("<p>x", 60_000)),
        ("many styled elements", Markup::Html, format!("<style>*{{{}}}</style>{}", n("a:b;", 5_000), n("<b>x</b>", 9_000))),
        ("one long declaration", Markup::Html, format!("<style>*{{a:{}}}</style>{}", n("x", 60_000), n("<b>x</b>", 9_000))),
        (
            "many selectors",
            Markup::Html,
            format!("<style>{}</style>{}", n("a b c d e f{a:b}", 4_000), n("<i><b>x</b></i>", 5_000)),
        ),
        (
            "hidden selectors",
            Markup::Html,
            format!("<style>.\\61{{{}}}</style>{}", n("a:b;", 5_000), n("<b class=a>x</b>", 9_000)),
        ),
        ("long attribute", Markup::Html, format!("<a href=\"{}\">x</a>", n("x", 200_000))),
        ("many attributes", Markup::Html, format!("<a {}>x</a>", n("a=b ", 50_000))),
        ("wide table", Markup::Html, format!("<table><tr>{}</tr></table>", n("<td>x", 15_000))),
        ("wide spans", Markup::Html, n("<table><tr><td colspan=1000000000 rowspan=1000000000>x</table>", 100)),
        ("one long word", Markup::Html, n("x", 250_000)),
        ("many links", Markup::Html, n("<a href=x>y</a>", 15_000)),
        ("many entities", Markup::Html, n("&amp;&#x41;&nosuch;", 14_000)),
        ("deep mjml", Markup::Mjml, mjml(&n("<mj-wrapper>", 9_000))),
        (
            "deep mjml text",
            Markup::Mjml,
            mjml(&format!(
                "<mj-section><mj-column><mj-text>{}{}</mj-text></mj-column></mj-section>",
                n("<b>", 9_000),
                n("</b>", 9_000)
            )),
        ),
        ("many columns", Markup::Mjml, mjml(&format!("<mj-section>{}</mj-section>", n("<mj-column></mj-column>", 9_000)))),
        (
            "many images",
            Markup::Mjml,
            mjml(&format!(
                "<mj-section><mj-column><mj-carousel>{}</mj-carousel></mj-column></mj-section>",
                n("<mj-carousel-image src=\"x\"/>", 2_000)
            )),
        ),
        (
            "large defaults",
            Markup::Mjml,
            format!(
                "<mjml><mj-head><mj-attributes><mj-all padding=\"{}\"/></mj-attributes></mj-head><mj-body><mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>",
                n("1px ", 10_000),
                n("<mj-text>x</mj-text>", 1_900)
            ),
        ),
        ("include a file", Markup::Mjml, mjml("<mj-include path=\"/etc/passwd\"/>")),
        ("include by a value", Markup::Mjml, mjml("{{ '<mj-include path=\"/etc/passwd\"/>'|safe }}")),
        (
            "mjml in a loop",
            Markup::Mjml,
            mjml(
                "{% for i in range(9999) %}<mj-section><mj-column><mj-text>{{ i }}</mj-text></mj-column></mj-section>{% endfor %}",
            ),
        ),
        ("not mjml", Markup::Mjml, "<html>{{ n }}".to_owned()),
        ("empty mjml", Markup::Mjml, String::new()),
    ]
}
