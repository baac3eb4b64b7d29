//! Go templates as the older systems wrote them.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use render::{Compiled, Engine, Fault, Kind, Layout, Limits, Source, Strictness};
use serde_json::{Value, json};

fn context() -> Value {
    json!({
        "contact": {"first_name": "Ada", "nick": null, "tags": ["a", "b"], "vip": true},
        "company": {"name": "Engines & Sons"},
        "items": [{"name": "Tea", "price": 3}, {"name": "<Cake>", "price": 4.5}],
        "markup": "<b>&\"'", "n": 5, "url": "https://a.b/?c=d&e=f",
    })
}

fn source(part: &str, template: &str) -> Source {
    let template = Some(template.to_owned());
    let mut source = Source { engine: Engine::Go, ..Source::default() };
    match part {
        "html" => {
            source.html = template;
            source.text = Some(String::new());
        }
        "subject" => source.subject = template,
        _ => source.text = template,
    }
    source
}

fn layouts(of: &[(&str, &str)]) -> BTreeMap<String, Layout> {
    of.iter()
        .map(|(name, body)| {
            let layout = Layout { html: Some((*body).to_owned()), text: Some((*body).to_owned()) };
            ((*name).to_owned(), layout)
        })
        .collect()
}

fn compile(source: &Source, of: &[(&str, &str)]) -> Result<Compiled, Vec<Fault>> {
    Compiled::new(source, &layouts(of), &Limits::default())
}

fn send(part: &str, template: &str, of: &[(&str, &str)]) -> Result<String, Fault> {
    let compiled = compile(&source(part, template), of).unwrap_or_else(|faults| panic!("{template}: {faults:?}"));
    let got = compiled.render(&context(), Strictness::Send)?;
    Ok(match part {
        "html" => got.html,
        "subject" => got.subject,
        _ => got.text,
    }
    .unwrap())
}

#[test]
fn text_renders_as_in_go() {
    for (template, expected) in [
        ("Hi {{.contact.first_name}}, {{ .company.name }}", "Hi Ada, Engines & Sons"),
        ("{{firstName}} {{companyName}} {{.firstName}}", "Ada Engines & Sons Ada"),
        ("[{{.contact.nick}}{{.none}}{{.none.deeper}}{{none}}]", "[]"),
        ("{{range $i, $x := .items}}{{$i}}:{{$x.name}}={{.price}};{{end}}", "0:Tea=3;1:<Cake>=4.5;"),
        ("{{range .none}}x{{else}}none{{end}}", "none"),
        ("{{if .contact.vip}}VIP{{else if .n}}n{{else}}no{{end}}", "VIP"),
        ("{{with .contact}}{{.first_name}} {{$.n}} {{firstName}}{{end}}", "Ada 5 Ada"),
        ("{{printf \"%05.1f|%-4s|%d\" 2.25 \"x\" .n}}", "002.2|x   |5"),
        ("{{.contact.first_name | printf \"%s!\" | upper}}", "ADA!"),
        ("{{len .items}} {{index .items 1 | len}} {{index .contact.tags 0}} {{slice .markup 0 3}}", "2 2 a <b>"),
        (
            "{{eq .n 5}} {{ne .n 5}} {{lt 1 .n}} {{and .n .url | len}} {{or .none \"x\"}} {{not .none}}",
            "true false true 20 x true",
        ),
        ("{{$x := 1}}{{$x = print $x \"-\" .n}}{{$x}}", "1-5"),
        ("{{.contact.nick | default \"there\"}} {{default \"x\" .n}} {{default \"y\" .none}}", "there 5 y"),
        ("{{title \"ada king\"}} {{lower \"A\"}} {{trim \" a \"}} {{upper .none}}|", "Ada King a a |"),
        ("{{define \"x\"}}<{{.}}>{{end}}{{template \"x\" .n}}{{template \"x\" \"s\"}}", "<5><s>"),
        ("{{block \"y\" .contact}}{{.first_name}}{{end}}", "Ada"),
        ("a {{- .n -}} b{{/* note */}}", "a5b"),
        ("{{range .items}}{{if eq .name \"Tea\"}}{{continue}}{{end}}{{.name}}{{break}}{{end}}", "<Cake>"),
        ("{{html .markup}} {{urlquery \"a b\"}} {{js \"'\"}}", "&lt;b&gt;&amp;&#34;&#39; a+b \\'"),
        ("{{print \"a\" 1 2 \"b\"}} {{println \"x\"}}", "a1 2b x\n"),
        ("{{(index .items 0).name}} {{(.contact).first_name}}", "Tea Ada"),
    ] {
        let got = send("text", template, &[]).unwrap_or_else(|e| panic!("{template}: {e}"));
        assert_eq!(got, expected, "{template}");
    }
}

#[test]
fn html_is_escaped_for_its_place() {
    for (template, expected) in [
        ("<p>{{.markup}}</p>", "<p>&lt;b&gt;&amp;&#34;&#39;</p>"),
        ("<p title=\"{{.markup}}\">", "<p title=\"&lt;b&gt;&amp;&#34;&#39;\">"),
        ("<a href=\"{{.url}}\">", "<a href=\"https://a.b/?c=d&amp;e=f\">"),
        ("<a href=\"/?q={{.url}}\">", "<a href=\"/?q=https%3a%2f%2fa.b%2f%3fc%3dd%26e%3df\">"),
        ("<p>{{.none}}{{.contact.nick}}</p>", "<p></p>"),
        ("<p>{{safeHTML .markup}}</p>", "<p><b>&\"'</p>"),
        ("<p>{{.markup | html}}</p>", "<p>&lt;b&gt;&amp;&#34;&#39;</p>"),
        ("{{range .items}}<td>{{.name}}</td>{{end}}", "<td>Tea</td><td>&lt;Cake&gt;</td>"),
        ("<a href=\"{{print \"javascript:\" .n}}\">", "<a href=\"#ZgotmplZ\">"),
    ] {
        let got = send("html", template, &[]).unwrap_or_else(|e| panic!("{template}: {e}"));
        assert_eq!(got, expected, "{template}");
    }
}

#[test]
fn layouts_are_associated_templates() {
    let of = [
        ("base", "<html>{{template \"head\" .}}<body>{{template \"content\" .}}</body></html>"),
        ("head", "<title>{{.company.name}}</title>"),
        ("content", "default"),
        ("unused", "{{broken"),
    ];
    let page = "{{define \"content\"}}<p>{{.contact.first_name}}</p>{{end}}{{template \"base\" .}}";
    assert_eq!(send("html", page, &of).unwrap(), "<html><title>Engines &amp; Sons</title><body><p>Ada</p></body></html>");
    let missing = compile(&source("html", "\n{{template \"none\" .}}"), &of).unwrap_err();
    assert_eq!((missing[0].kind, missing[0].line), (Kind::Unknown, 2));
    let broken = compile(&source("html", "{{template \"unused\" .}}"), &of).unwrap_err();
    assert_eq!((&*broken[0].part, broken[0].kind), ("unused", Kind::Syntax));
}

#[test]
fn faults_are_found_at_save() {
    for (part, template, kind) in [
        ("text", "{{if}}", Kind::Syntax),
        ("text", "{{.a", Kind::Syntax),
        ("text", "{{nosuch .n}}", Kind::Unknown),
        ("text", "{{.n | nosuch}}", Kind::Unknown),
        ("text", "{{call .n}}", Kind::Unknown),
        ("text", "{{template \"x\"}}", Kind::Unknown),
        ("html", "<a href=\"{{.n}}", Kind::Refused),
        ("html", "{{if .n}}<a href=\"{{end}}", Kind::Refused),
    ] {
        let faults = compile(&source(part, template), &[]).unwrap_err();
        assert_eq!((faults[0].kind, &*faults[0].part), (kind, part), "{template}: {faults:?}");
    }
}

#[test]
fn names_are_known() {
    let of = [("foot", "{{.tenant.name}}{{$.system.url}}")];
    let template = "{{.contact.first_name}}{{with .deal}}{{.value}}{{$.owner.name}}{{end}}\
                    {{range .items}}{{.price}}{{end}}{{if .vip}}{{.vip.since}}{{end}}\
                    {{default \"x\" .coupon}}{{.note | default \"y\"}}{{or .a .b}}{{orderId}}\
                    {{template \"foot\" .}}{{define \"other\"}}{{.not_read}}{{end}}{{template \"other\" .deal}}";
    let compiled = compile(&source("text", template), &of).unwrap();
    assert_eq!(
        compiled.undeclared(),
        [
            "a",
            "b",
            "contact.first_name",
            "coupon",
            "deal",
            "items",
            "note",
            "orderId",
            "owner.name",
            "system.url",
            "tenant.name",
            "vip",
            "vip.since",
        ]
    );
    let given = json!({"contact": {"first_name": "Ada"}, "deal": {"value": 1}, "order_id": 7});
    assert_eq!(compiled.missing(&given), ["items", "owner.name", "system.url", "tenant.name"]);
    let fault = compiled.render(&given, Strictness::Preview).unwrap_err();
    assert_eq!(fault.kind, Kind::Undefined);
    assert!(fault.message.contains("items"));
    compiled.render(&given, Strictness::Send).unwrap();
}

#[test]
fn mjml_is_compiled_for_each_message() {
    let mut page = source(
        "html",
        "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{.markup}}</mj-text></mj-column></mj-section></mj-body></mjml>",
    );
    page.markup = render::Markup::Mjml;
    let got = compile(&page, &[]).unwrap().render(&context(), Strictness::Send).unwrap();
    assert!(got.html.unwrap().contains(">Hi &lt;b&gt;&amp;&#34;&#39;<"));
}

#[test]
fn a_subject_cannot_start_another_header() {
    let compiled = compile(&source("subject", "Hi {{.v}}"), &[]).unwrap();
    let send = |v: &str| compiled.render(&json!({"v": v}), Strictness::Send);
    assert_eq!(send("a\r\nBcc: x").unwrap_err().kind, Kind::Header);
    assert_eq!(send("<Ada>").unwrap().subject.unwrap(), "Hi <Ada>");
}
