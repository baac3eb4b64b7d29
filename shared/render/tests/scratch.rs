#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::expect_used)]
use std::time::Instant;
#[test]
fn mjml() {
    for src in [
        r#"<mjml><mj-body><mj-section><mj-column><mj-text>Hi &lt;b&gt; &amp; a < b <b>x</b> @@1@@ {{ a }}</mj-text><mj-button href="https://x/?a=1&amp;b=2&quot;" background-color="{{ c }}">go</mj-button><mj-image src="{{ u }}" alt="&quot;x"/></mj-column></mj-section></mj-body></mjml>"#,
        r#"<mjml><mj-body>{% for x in y %}<mj-section><mj-column><mj-text>t</mj-text></mj-column></mj-section>{% endfor %}</mj-body></mjml>"#,
        r#"<mjml><mj-body><mj-raw>{% for x in y %}</mj-raw><mj-section><mj-column><mj-text>t</mj-text></mj-column></mj-section><mj-raw>{% endfor %}</mj-raw></mj-body></mjml>"#,
        r#"<mjml><mj-body><mj-foo>t</mj-foo></mj-body></mjml>"#,
        r#"<mjml><mj-body><mj-section><mj-foo>t</mj-foo></mj-section></mj-body></mjml>"#,
        r#"<mjml><mj-head><mj-style inline="inline">.a{color:red}</mj-style><mj-title>T &amp; x</mj-title><mj-preview>P</mj-preview></mj-head><mj-body><mj-section><mj-column><mj-text css-class="a">x<br>y</mj-text><mj-include path="./a"/></mj-column></mj-section></mj-body></mjml>"#,
        r#"<mjml><mj-body><mj-section><mj-column><mj-text>x<br>y <p>unclosed &nbsp; </mj-text></mj-column></mj-section></mj-body></mjml>"#,
    ] {
        match mrml::parse(src) {
            Ok(m) => { let r = m.element.render(&mrml::prelude::render::RenderOptions::default()); 
               match r { Ok(h) => println!("OK {}\n----", h.split("<body").nth(1).unwrap_or("")), Err(e)=>println!("RERR {e:?}") } }
            Err(e) => println!("PERR {e} {e:?}\n----"),
        }
    }
}
#[test]
fn mjmldeep() {
    let d = 100;
    let src = format!("<mjml><mj-body><mj-section><mj-column><mj-text>{}{}</mj-text></mj-column></mj-section></mj-body></mjml>", "<b>".repeat(d), "</b>".repeat(d));
    let t = Instant::now();
    let m = mrml::parse(&src).unwrap(); let h = m.element.render(&Default::default()).unwrap(); println!("mjml deep {} {:?}", h.len(), t.elapsed());
}
#[test]
fn text() {
    let cfg = || html2text::config::plain().link_footnotes(true).no_table_borders().allow_width_overflow();
    for src in ["<h1>Hi</h1><p>Hello <a href='https://a.b/c?d=1&amp;e=2'>click</a> and <b>bold</b> <img src=x alt='logo'></p><ul><li>a<li>b</ul><table><tr><td>x<td>y</tr></table><style>p{}</style><title>t</title>",
      "<html><head><title>T</title><style>a{}</style></head><body><p>x</p><script>y</script></body></html>"] {
        println!("{}\n----", cfg().string_from_read(src.as_bytes(), 78).unwrap());
    }
    for (n, src) in [("b", "<b>".repeat(1000)), ("p", "<p>x".repeat(40000)), ("div100", "<div>".repeat(100)+"x"), ("table", "<table><tr><td>".repeat(30)+"x"), ("bq", "<blockquote>".repeat(60)+&"word ".repeat(20000)), ("ul", "<ul><li>".repeat(60)+&"word ".repeat(2000)), ("td", format!("<table><tr>{}</table>", "<td>x".repeat(20000))), ("colspan", "<table><tr><td colspan=1000000000>x</table>".into()), ("long", "x".repeat(1000000))] {
        let t = Instant::now();
        let r = cfg().string_from_read(src.as_bytes(), 78);
        println!("{n}: {:?} {:?}", r.map(|s| s.len()), t.elapsed());
    }
}
#[test]
fn css() {
    let inl = css_inline::CSSInliner::options().keep_style_tags(true).keep_at_rules(true).load_remote_stylesheets(false).build();
    for src in ["<html><head><style>p{color:red} @media x{p{a:b}} .a:hover{c:d}</style></head><body><!--[if mso]><table><![endif]--><p class=a>x &nbsp; &amp; é</p><br></body></html>", "<style>p{color:red}</style><p>frag</p>", "<p>x</p>"] {
        println!("{}\n---", inl.inline(src).unwrap());
    }
    let t = Instant::now();
    let r = inl.inline(&format!("<style>{}</style>{}", "a b c d e{x:y}".repeat(500), "<i><b>x</b></i>".repeat(500))); println!("{:?} {:?}", r.map(|s| s.len()), t.elapsed());
    let t = Instant::now();
    let r = inl.inline(&format!("<style>*{{ {} }}</style>{}", "a:b;".repeat(100), "<b>x</b>".repeat(2000))); println!("{:?} {:?}", r.map(|s| s.len()), t.elapsed());
}
