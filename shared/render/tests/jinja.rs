//! Jinja templates as their authors know them: the guarded form renders what the engine alone would,
//! and the product's own additions work.

#![expect(clippy::panic, reason = "a test")]

#[path = "jinja/engine.rs"]
mod engine;

use std::collections::BTreeMap;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use render::{Compiled, Fault, Kind, Layout, Limits, Rendered, Source, Strictness};
use serde_json::{Value, json};

fn context() -> Value {
    json!({
        "contact": {"first_name": "Ada", "last_name": "Lovelace", "tags": ["a", "b", "c"],
                    "company": {"name": "Engines & Sons"}, "balance": -12.5, "points": 7},
        "items": [
            {"name": "Tea", "price": 3, "qty": 2, "group": "x"},
            {"name": "Cake", "price": 4.5, "qty": 1, "group": "y"},
            {"name": "Mug", "price": 10, "qty": 3, "group": "x"},
        ],
        "tree": [{"n": "1", "kids": [{"n": "1.1", "kids": []}, {"n": "1.2", "kids": []}]}],
        "markup": "<b>&\"'",
        "empty": "",
        "zero": 0,
        "yes": true,
        "n": 5,
        "f": 2.5,
        "text": "The quick brown fox",
        "map": {"b": 1, "a": 2},
    })
}

fn compile(source: &Source, layouts: &[(&str, &str)]) -> Result<Compiled, Vec<Fault>> {
    let layouts: BTreeMap<String, Layout> = layouts
        .iter()
        .map(|(name, body)| {
            let layout = Layout { html: Some((*body).to_owned()), text: Some((*body).to_owned()) };
            ((*name).to_owned(), layout)
        })
        .collect();
    Compiled::new(source, &layouts, &Limits::default())
}

fn text(template: &str) -> Source {
    Source { text: Some(template.to_owned()), ..Source::default() }
}

fn html(template: &str) -> Source {
    Source { html: Some(template.to_owned()), text: Some(String::new()), ..Source::default() }
}

fn send(source: &Source, layouts: &[(&str, &str)], context: &Value) -> Result<Rendered, Fault> {
    compile(source, layouts).unwrap_or_else(|faults| panic!("{source:?}: {faults:?}")).render(context, Strictness::Send)
}

#[test]
fn layouts_are_extended_included_and_imported() {
    let base = "<html><head>{% block head %}<title>{% block title %}T{% endblock %}</title>{% endblock %}</head>\
                {% block body required %}{% endblock %}{% include 'foot' %}{{ year|default(2026) }}</html>";
    let ui = "{% macro button(label, url) %}<a href=\"{{ url }}\">{{ label }}</a>{% endmacro %}{% set brand = 'B&B' %}";
    let layouts = [
        ("base", base),
        ("ui", ui),
        ("foot", "<p>{{ contact.first_name }} {{ brand }}</p>"),
        ("mid", "{% extends 'base' %}{% block title %}mid {{ super() }}{% endblock %}"),
    ];
    let child = "{% extends 'mid' %}{% import 'ui' as ui %}{% from 'ui' import button as b, brand %}\
                 ignored {{ n }}\
                 {% block title %}child {{ super() }}{% endblock %}\
                 {% block body %}{{ ui.button('<Go>', 'u?a=1&b') }}{{ b('x', 'y') }}{{ brand }}{{ self.title() }}{% endblock %}";
    let got = send(&html(child), &layouts, &context()).unwrap().html.unwrap();
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.set_undefined_behavior(UndefinedBehavior::Chainable);
    for (name, source) in layouts {
        env.add_template(name, source).unwrap();
    }
    env.add_template("child", child).unwrap();
    let template = env.get_template("child").unwrap();
    let root = minijinja::Value::from(minijinja::value::Serde(context()));
    assert_eq!(got, template.render(root).unwrap());
    assert!(got.contains("child mid T") && got.contains("&lt;Go&gt;") && got.contains("2026"));

    // A layout may be chosen, be optional, and sees the loop around it.
    let chosen = "{% extends 'a' if n > 3 else 'b' %}{% block x %}{{ n }}{% endblock %}";
    let two = [("a", "A{% block x %}{% endblock %}"), ("b", "B{% block x %}{% endblock %}")];
    assert_eq!(send(&text(chosen), &two, &context()).unwrap().text.unwrap(), "A5");
    let rows = "{% for i in items %}{% include ['none', 'row'] %}{% include 'none' ignore missing %}{% endfor %}";
    let row = [("row", "{{ loop.index }}{{ i.name }};")];
    assert_eq!(send(&text(rows), &row, &context()).unwrap().text.unwrap(), "1Tea;2Cake;3Mug;");
    let computed = compile(&text("{% include contact.tags[0] %}"), &two).unwrap_err();
    assert_eq!(computed[0].kind, Kind::Refused);
}

#[test]
fn names_of_the_older_systems_are_found() {
    let template = "{{firstName}} {{ lastName|upper }} {{companyName}} {{nickName}}{{ firstName.x }}";
    let got = send(&text(template), &[], &context()).unwrap().text.unwrap();
    assert_eq!(got, "Ada LOVELACE Engines & Sons ");
    let given = json!({"firstName": "Given", "contact": {"first_name": "Other"}});
    assert_eq!(send(&text("{{firstName}}"), &[], &given).unwrap().text.unwrap(), "Given");
    let empty = json!({"firstName": null, "contact": {"first_name": "Other"}});
    assert_eq!(send(&text("{{firstName}}"), &[], &empty).unwrap().text.unwrap(), "Other");
}

#[test]
fn a_variable_may_have_the_name_of_a_function() {
    let context = json!({"range": "1-2", "dict": {"a": 1}, "namespace": [1]});
    let template = "{{ range }}{{ dict.a }}{{ namespace[0] }}{% for i in other %}{% endfor %}";
    assert_eq!(send(&text(template), &[], &context).unwrap().text.unwrap(), "1-211");
}

#[test]
fn only_what_is_read_is_handed_over_but_all_of_that() {
    let context = json!({"a": {"b": {"c": 1}, "d": 2, "e": null}, "f": {"g": 3}, "h": [{"i": 4}], "t": "before"});
    for (template, expected) in [
        ("{{ a.b }}{{ a.d }}", "{'c': 1}2"),
        ("{{ a.d }}{{ a }}", "2{'b': {'c': 1}, 'd': 2}"),
        ("{{ a.d }}{% for k in a %}{{ k }}{% endfor %}", "2bd"),
        ("{{ a['d'] }}{% set k = 'b' %}{{ a[k] }}", "2{'c': 1}"),
        ("{{ a.d }}{{ a|length }}{{ a.items()|list|length }}", "222"),
        ("{{ h[0].i }}{{ h.0.i }}{{ (h|first).i }}{{ h|map(attribute='i')|first }}", "4444"),
        ("{% set x = f %}{{ x.g }}{{ f.none }}", "3"),
        ("{{ t }}{% set t = 'after' %}{{ t }}", "beforeafter"),
        ("{% macro m(x) %}{{ x.g }}{{ f.g }}{% endmacro %}{{ m(f) }}", "33"),
    ] {
        assert_eq!(send(&text(template), &[], &context).unwrap().text.unwrap(), expected, "{template}");
    }
}

#[test]
fn null_is_no_value() {
    let context = json!({"contact": {"first_name": null, "x": [null, 1]}, "a": null});
    let template = "[{{ a }}{{ contact.first_name }}{{ contact.first_name|default('there') }}]";
    assert_eq!(send(&text(template), &[], &context).unwrap().text.unwrap(), "[there]");
}

#[test]
fn methods_that_authors_expect_work() {
    let template = "{% for k, v in map.items() %}{{ k }}{{ v }}{% endfor %}{{ text.upper()[:3] }}\
                    {{ ' a '.strip() }}{{ 'a-b'.split('-') }}{{ map.get('a') }}{{ map.get('z', 'd') }}\
                    {{ map.get('z') }}{{ ', '.join(contact.tags) }}{{ text.startswith('The') }}{{ map.keys()|list }}";
    let got = send(&text(template), &[], &context()).unwrap().text.unwrap();
    assert_eq!(got, "a2b1THEa['a', 'b']2da, b, cTrue['a', 'b']");
}

#[test]
fn preview_names_what_is_undefined() {
    let render = |template: &str| {
        let compiled = compile(&text(template), &[]).unwrap();
        compiled.render(&context(), Strictness::Preview)
    };
    let fault = render("a\nb {{ contact.nick }}").unwrap_err();
    assert_eq!((fault.kind, fault.line, &*fault.part), (Kind::Undefined, 2, "text"));
    assert!(fault.message.contains("contact.nick"), "{}", fault.message);
    for template in [
        "{{ contact.nick ~ 'x' }}",
        "{{ 'x' ~ contact.nick }}",
        "{{ contact.nick * 2 }}",
        "{{ contact.nick + 'x' }}",
        "{{ contact.nick == text }}",
        "{{ contact.nick[1:] }}",
        "{{ contact.nick.deep }}",
        "{{ contact.nick|upper }}",
        "{% for x in contact.nick %}{% endfor %}",
        "{% set x %}{{ contact.nick }}{% endset %}",
    ] {
        let fault = render(template).unwrap_err();
        assert_eq!(fault.kind, Kind::Undefined, "{template}: {fault}");
    }
    for template in [
        "{% if contact.nick %}a{% endif %}",
        "{{ contact.nick|default('x') }}",
        "{{ 'a' if contact.nick else 'b' }}",
        "{% if contact.nick is defined %}a{% endif %}",
        "{% set x = contact.nick %}",
        "{{ contact.nick or 'x' }}",
    ] {
        render(template).unwrap_or_else(|e| panic!("{template}: {e}"));
    }
}

#[test]
fn names_are_known_to_the_editor() {
    let source = Source {
        subject: Some("{{ contact.first_name }}: {{ order.id }}".into()),
        html: Some(
            "{% extends 'base' %}{% set title = deal.name %}{% block x %}\
             {% for line in order.lines %}{{ line.price }}{{ loop.index }}{% endfor %}\
             {% if contact.company %}{{ contact.company.name }}{% endif %}\
             {{ contact.nick|default('x') }}{{ firstName }}{{ coupon or 'none' }}{{ n|round }}\
             {{ contact.tags[0] }}{{ contact['email'] }}{{ range(3) }}{{ note.upper() }}\
             {% endblock %}"
                .into(),
        ),
        ..Source::default()
    };
    let layouts = [("base", "{{ title }}{{ tenant.name }}{% block x %}{{ unused }}{% endblock %}")];
    let compiled = compile(&source, &layouts).unwrap();
    assert_eq!(
        compiled.undeclared(),
        [
            "contact.company",
            "contact.company.name",
            "contact.email",
            "contact.first_name",
            "contact.nick",
            "contact.tags.0",
            "coupon",
            "deal.name",
            "firstName",
            "n",
            "note",
            "order.id",
            "order.lines",
            "tenant.name",
            "unused",
        ]
    );
    let given = json!({"contact": {"first_name": "Ada", "tags": []}, "order": {"id": 0}, "n": null});
    assert_eq!(
        compiled.missing(&given),
        ["contact.email", "contact.tags.0", "deal.name", "n", "note", "order.lines", "tenant.name", "unused",]
    );
}

#[test]
fn all_faults_of_a_template_are_reported() {
    let source = Source {
        subject: Some("{{ a".into()),
        html: Some("x\n{{ a|nosuch }}\n{{ b is nosuch }}{% include 'none' %}".into()),
        text: Some("{% if %}".into()),
        ..Source::default()
    };
    let faults = compile(&source, &[]).unwrap_err();
    let found: Vec<_> = faults.iter().map(|f| (&*f.part, f.line, f.kind)).collect();
    assert_eq!(found, [("html", 3, Kind::Unknown), ("subject", 1, Kind::Syntax), ("text", 1, Kind::Syntax),]);
    let filters = Source {
        html: Some("x\n{{ a|nosuch }}\n{{ b is nosuch }}{% autoescape x %}{% endautoescape %}".into()),
        ..Source::default()
    };
    let lines: Vec<_> = compile(&filters, &[]).unwrap_err().iter().map(|f| (f.line, f.kind)).collect();
    assert_eq!(lines, [(2, Kind::Unknown), (3, Kind::Unknown), (3, Kind::Refused)]);
    let broken = compile(&text("{% include 'l' %}"), &[("l", "\n{{ }}")]).unwrap_err();
    assert_eq!((&*broken[0].part, broken[0].line), ("l", 2));
}

#[test]
fn run_time_faults_name_the_authors_line() {
    let template = "1\n2 {%- if yes -%}\n\n4 {#\n#}\n\n{% set x %}7\n8{% endset %}{% endif %}\n9\n{{ 10 / zero }}";
    let fault = send(&text(template), &[], &context()).unwrap_err();
    assert_eq!((fault.kind, fault.line), (Kind::Value, 10));
    let layouts = [("l", "\n\n{{ 1 / zero }}")];
    let fault = send(&text("\n{% include 'l' %}"), &layouts, &context()).unwrap_err();
    assert_eq!((&*fault.part, fault.line, fault.kind), ("l", 3, Kind::Value));
    assert!(!fault.message.contains('0'), "{}", fault.message);
}

#[test]
fn a_subject_cannot_start_another_header() {
    let subject = |template: &str| Source { subject: Some(template.into()), ..Source::default() };
    for value in ["a\r\nBcc: x@y", "a\nb", "a\rb", "a\0b", "a\u{85}b", "a\tb", "\u{7f}"] {
        let fault = send(&subject("Hi {{ v }}"), &[], &json!({"v": value})).unwrap_err();
        assert_eq!((fault.kind, &*fault.part), (Kind::Header, "subject"), "{value:?}");
        assert!(!fault.message.contains("Bcc"));
    }
    assert!(send(&subject("a\nb"), &[], &json!({})).is_err());
    assert!(send(&subject(&"x".repeat(2000)), &[], &json!({})).is_err());
    let ok = send(&subject("Grüße, {{ v }} <&>\n"), &[], &json!({"v": "Ada & <Co>"})).unwrap();
    assert_eq!(ok.subject.unwrap(), "Grüße, Ada & <Co> <&>");
}

#[test]
fn one_compiled_template_serves_all_threads() {
    fn shared<T: Send + Sync>(value: T) -> T {
        value
    }
    let source = Source {
        subject: Some("{{ n }}".into()),
        html: Some("<p>{% for i in range(50) %}{{ n ~ i }}{% endfor %}</p>".into()),
        ..Source::default()
    };
    let compiled = shared(compile(&source, &[]).unwrap());
    std::thread::scope(|scope| {
        for n in 0..4 {
            let compiled = &compiled;
            scope.spawn(move || {
                for _ in 0..20 {
                    let got = compiled.render(&json!({"n": n}), Strictness::Send).unwrap();
                    assert_eq!(got.subject.unwrap(), n.to_string());
                    assert!(got.html.unwrap().contains(&format!("{n}49")));
                }
            });
        }
    });
}

#[test]
fn the_text_is_derived_from_the_html() {
    let source = Source { html: Some("<h1>Hi {{ contact.first_name }}</h1><p>a &amp; b</p>".into()), ..Source::default() };
    let got = send(&source, &[], &context()).unwrap();
    let text = got.text.unwrap();
    assert!(text.contains("Hi Ada") && text.contains("a & b"), "{text}");
}

#[test]
fn styles_are_inlined_and_mjml_is_compiled() {
    let styled = html("<style>p { color: {{ c }} }</style>{% for i in items %}<p>{{ i.name }}</p>{% endfor %}");
    let got = send(&styled, &[], &json!({"c": "red", "items": [{"name": "<a>"}]})).unwrap();
    assert!(got.html.unwrap().contains("<p style=\"color: red;\">&lt;a&gt;</p>"));
    for column in ["<mj-text>Hi {{ n }}</mj-text>", "{% if n %}<mj-text>Hi {{ n }}</mj-text>{% endif %}"] {
        let source = Source {
            markup: render::Markup::Mjml,
            ..html(&format!("<mjml><mj-body><mj-section><mj-column>{column}</mj-column></mj-section></mj-body></mjml>"))
        };
        let got = send(&source, &[], &json!({"n": "<b>&"})).unwrap().html.unwrap();
        assert!(got.contains(">Hi &lt;b&gt;&amp;<"), "{got}");
    }
    let layout = [("base", "<mjml><mj-body>{% block x %}{% endblock %}</mj-body></mjml>")];
    let child = Source {
        markup: render::Markup::Mjml,
        ..html(
            "{% extends 'base' %}{% block x %}<mj-section><mj-column><mj-text>{{ n }}</mj-text></mj-column></mj-section>{% endblock %}",
        )
    };
    let got = send(&child, &layout, &json!({"n": 1})).unwrap().html.unwrap();
    assert!(got.contains(">1</div>"), "{got}");
}
