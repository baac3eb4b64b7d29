use proptest::prelude::*;

use super::super::{WIDTH, lay_out};
use super::page::WORD;
use super::*;

fn simple(html: &str) -> Option<String> {
    text(html, WIDTH)
}

#[track_caller]
fn same(html: &str) {
    assert_eq!(simple(html), lay_out(html), "{html}");
}

#[test]
fn simple_documents_are_laid_out_as_ever() {
    let long = "word ".repeat(100);
    for html in [
        "plain",
        " a\n b ",
        "<p>a</p>b<p></p>c<div></div>d",
        "<!doctype html><html lang=en><head><title>a < b</title><style>p{}</style><meta charset=utf-8></head>\n<body>x</body></html>\n",
        "<h1>Hi</h1><p>See <a href=\"https://a.b/?c&amp;d\"> your <b>order</b></a>, please.</p>",
        "<h2>a<br><br>b</h2><div>x<div>y</div>z</div>",
        "<p>a<br>b</p><br><br>c",
        "<br>a<p><br></p>b",
        "<b><p>a</p></b><i></i><div><b></b></div>x<div><span></span></div>y",
        "<DIV><P>Ada L&#x27;&#39;&quot;&amp;lt; \u{c9}l\u{e8}ve &lt;b&gt;</P></DIV>",
        &format!("<h3>{long}</h3><p>{long}</p>"),
        &format!("<a href={}>x</a>", "y".repeat(200)),
        "<p style='white-space:pre'>a  b</p>",
    ] {
        assert!(simple(html).is_some(), "{html}");
        same(html);
    }
}

#[test]
fn what_is_not_simple_is_left_alone() {
    for html in [
        "<p>a<p>b",
        "<table><tr><td>a</table>",
        "<b>a<p>b</b></p>",
        "a<!-- b -->c",
        "a &copy b",
        "a\u{a0}b",
        "\u{4e2d}",
        "<a href=x><img src=y></a>",
        "<a href=x> </a>",
        "<a href=x></a>",
        "<a>x</a>",
        "<p id=x>a</p>",
        "</p>",
        "<p>a",
        "<ul><li>a</ul>",
        "a < b",
        "<p>a</p></body>x",
        "<pre>a</pre>",
        "<script>a</script>",
        "",
    ] {
        assert_eq!(simple(html), None, "{html}");
    }
    assert_eq!(simple(&"x".repeat(WORD + 1)), None);
    assert_eq!(simple(&format!("{}x{}", "<i>".repeat(DEPTH + 1), "</i>".repeat(DEPTH + 1))), None);
}

/// A document that is mostly simple and mostly well formed.
fn document() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        4 => "[a-z ]{0,12}",
        2 => Just(" ".to_owned()),
        1 => Just("\n ".to_owned()),
        1 => "[a-z]{60,80}",
        1 => "([a-z]{1,9} ){12,20}",
        1 => Just("&amp;".to_owned()),
        1 => Just("L\u{f8}ve &#x27;n".to_owned()),
        1 => Just("<br>".to_owned()),
        1 => Just("<br/> ".to_owned()),
    ];
    let node = text.boxed().prop_recursive(5, 40, 6, |inner| {
        let name = prop::sample::select(vec![
            "p", "p", "div", "div", "h1", "h3", "h6", "b", "em", "i", "strong", "span", "u", "small", "font", "A",
        ]);
        (name, prop::collection::vec(inner, 0..6), 0..40_u8).prop_map(|(name, inner, odd)| {
            let inner = inner.concat();
            match (name, odd) {
                ("A", 0) => format!("<a href=https://example.com/{}>{inner}</a>", "x".repeat(120)),
                ("A", _) => format!("<a class=b href='https://a.example/?b&amp;c'>{inner}</a>"),
                (name, 0) => format!("<{name}>{inner}"),
                (name, 1) => format!("{inner}</{name}>"),
                (name, 2) => format!("<{name}/>{inner}</{name} x>"),
                (name, _) => format!("<{name} style=\"color:red\">{inner}</{name}>"),
            }
        })
    });
    let frame = prop::sample::select(vec![
        ("", ""),
        ("<!doctype html><html><body>", "</body></html>"),
        ("<!DOCTYPE html>\n<html>\n<head><title>t</title></head>\n<body class=a>\n", "\n</body>\n</html>\n"),
        ("<body>", ""),
        ("<head><style>a{}</style></head>", ""),
    ]);
    (frame, prop::collection::vec(node, 0..6)).prop_map(|(frame, nodes)| format!("{}{}{}", frame.0, nodes.concat(), frame.1))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn no_document_is_laid_out_otherwise(html in document()) {
        if let Some(text) = simple(&html) {
            prop_assert_eq!(Some(text), lay_out(&html));
        }
    }
}
