//! Jinja templates as their authors know them: the guarded form renders what the engine alone would,
//! and the product's own additions work.

#![expect(clippy::panic, reason = "a test")]

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

/// Templates that must come out as from the engine alone.
const SAME: &[&str] = &[
    "plain text\n",
    "two\n\n",
    "{{ contact.first_name }} {{ contact['last_name'] }} {{ contact.tags[0] }} {{ contact.tags.1 }}",
    "{{ markup }}{{ markup|safe }}{{ markup|e }}{{ '<i>' }}",
    "{{ 1 + 2 }} {{ 7 // 2 }} {{ 7 / 2 }} {{ 7 % 4 }} {{ 2 ** 5 }} {{ -n }} {{ n - 1 }} {{ 2 * 3 }}",
    "{{ n * 2 }} {{ 2 * n }} {{ n * f }} {{ n * zero }} {{ f * f }} {{ n * yes }} {{ -2 * n }}",
    "{{ n + f }} {{ n + 1.5 }} {{ 'a' + 'b' }} {{ text + '!' }} {{ [1] + [2, n] }}",
    "{{ '-' * 10 }}{{ 3 * 'ab' }}{{ [0] * 3 }}{{ [1, 'x'] * n }}{{ '' * 5 }}{{ 'x' * 0 }}",
    "{{ 'a' ~ 1 ~ 2.0 ~ true ~ none ~ [1, 'b'] ~ markup }}{{ n ~ n }}{{ missing ~ 'x' }}",
    "{{ n == 5 }} {{ n != 5 }} {{ n < 6 <= 6 }} {{ 1 < n < 3 }} {{ text == text }} {{ items == items }}",
    "{{ 'a' in contact.tags }} {{ 'z' not in contact.tags }} {{ 'quick' in text }} {{ n in [1, 5] }}",
    "{{ not yes }} {{ yes and n }} {{ zero or 'z' }} {{ (yes and zero) or empty or 'last' }}",
    "{{ 'a' if yes else 'b' }}{{ 'a' if zero }}{{ ('x' if zero else 'y') ~ 'z' }}",
    "{{ text[4:9] }}|{{ text[:3] }}|{{ text[-3:] }}|{{ text[::-1] }}|{{ text[1:10:3] }}|{{ text[:] }}",
    "{{ contact.tags[1:] }}{{ contact.tags[-2:] }}{{ contact.tags[::2] }}{{ (1,2,3)[1:] }}{{ missing[1:] }}",
    "{{ [1, 2, [3, 'x']] }} {{ {'a': 1, 'b': [2]} }} {{ (1, 2) }} {{ () }} {{ (1,) }} {{ [] }} {{ {} }}",
    "{{ {'k' ~ n: n}['k5'] }}{{ [n, n][0] }}{{ contact['first' ~ '_name'] }}",
    "{{ 1e3 }} {{ 1.0 }} {{ 0.1 }} {{ 1e300 }} {{ 1_000 }} {{ 0x1f }} {{ 340282366920938463463374607431768211455 }}",
    "{{ 'tab\\t nl\\n uni\\u00e9 q\\' dq\\\" bs\\\\ ' }}{{ \"it's\" }}",
    "{{ text|upper|lower|title }} {{ text|length }} {{ contact.tags|join(', ') }} {{ items|length }}",
    "{{ missing|default('d') }} {{ empty|default('d', true) }} {{ missing.a.b }} {{ missing }}",
    "{{ items|map(attribute='name')|join('/') }} {{ items|sum(attribute='qty') }} {{ [3,1,2]|sort }}",
    "{{ items|selectattr('qty', 'gt', 1)|map(attribute='name')|list }} {{ items|rejectattr('price', 'lt', 4)|list|length }}",
    "{{ contact.tags|first }}{{ contact.tags|last }}{{ contact.tags|reverse|list }}{{ text|reverse }}",
    "{{ [1,2,3,4,5]|batch(2)|list }} {{ [1,2,3]|slice(2)|list }} {{ [1,2,3,4,5]|batch(2, 0) }}",
    "{{ 3.14159|round(2) }} {{ -3|abs }} {{ '42'|int + 1 }} {{ '1.5'|float }} {{ 'x'|int(default=9) }}",
    "{{ map|dictsort }} {{ map|items|list }} {{ map|list }} {{ contact.tags|unique|list }} {{ [1,1,2]|min }}",
    "{{ '%s has %d (%.2f)'|format(text, n, f) }} {{ 'a b'|urlencode }} {{ {'q': 'x y'}|urlencode }}",
    "{{ {'a': [1, '<']}|tojson }} {{ [1,2]|tojson(indent=2) }} {{ 'a,b'|split(',') }} {{ 'a\\nb'|lines }}",
    "{{ ' x '|trim }}|{{ 'xxaxx'|trim('x') }}|{{ text|replace('quick', 'slow') }}|{{ 'a\\nb'|indent(2) }}",
    "{{ [[1,2],[3]]|map('length')|list }} {{ ['a','b']|map('upper')|join }} {{ [1,2]|zip([3,4])|list }}",
    "{{ [1]|chain([2], [3])|list }} {{ ({'a':1}|chain({'b':2})).b }} {{ text|string }} {{ n|bool }}",
    "{{ n is odd }} {{ n is divisibleby(5) }} {{ text is string }} {{ missing is defined }} {{ n is not none }}",
    "{{ 'a' is in(['a']) }} {{ n is eq 5 }} {{ text is startingwith 'The' }} {{ n is gt(4) }} {{ items is sequence }}",
    "{% if n > 3 %}big{% elif n > 1 %}mid{% else %}small{% endif %}{% if zero %}a{% elif yes %}b{% endif %}",
    "{% for i in items %}{{ loop.index }}/{{ loop.length }} {{ i.name }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for i in items if i.price > 3 %}{{ loop.index0 }}{{ i.name }}{% else %}none{% endfor %}",
    "{% for x in [] %}a{% else %}empty{% endfor %}{% for x in missing %}a{% else %}none{% endfor %}",
    "{% for k, v in map|items %}{{ k }}={{ v }};{% endfor %}{% for k in map %}{{ k }}{% endfor %}",
    "{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}{% for a, in [[1]] %}{{ a }}{% endfor %}",
    "{% for i in range(3) %}{{ i }}{% endfor %}{% for i in range(5, 1, -2) %}{{ i }}{% endfor %}{{ range(2, 4)|list }}",
    "{% for i in range(6) %}{% if i == 4 %}{% break %}{% endif %}{% if i is odd %}{% continue %}{% endif %}{{ i }}{% endfor %}",
    "{% for t in tree recursive %}[{{ t.n }}{{ loop(t.kids) }}]{% endfor %}",
    "{% for t in tree recursive %}{% set sub = loop(t.kids) %}<{{ t.n }}{{ sub }}>{% endfor %}",
    "{% for x in 'abc' %}{{ loop.cycle('o', 'e') }}{{ x }}{{ loop.previtem }}{{ loop.changed(x) }}{% endfor %}",
    "{% set a = 1 %}{% set b, c = 2, 3 %}{{ a }}{{ b }}{{ c }}{% set (d, e) = [4, 5] %}{{ d + e }}",
    "{% set ns = namespace(total=0) %}{% for i in items %}{% set ns.total = ns.total + i.price * i.qty %}{% endfor %}{{ ns.total }}",
    "{% set ns = namespace(s='', l=[]) %}{% for i in items %}{% set ns.s = ns.s ~ i.name %}{% set ns.l = ns.l + [i.qty] %}{% endfor %}{{ ns.s }}{{ ns.l }}",
    "{% set x %}<b>{{ markup }}</b>{% endset %}{{ x }}{{ x|length }}{% set y | upper %}a{{ n }}{% endset %}{{ y }}",
    "{% with a = 1, b = text %}{{ a }}{{ b }}{% endwith %}{{ a }}{% with (p, q) = [1, 2] %}{{ p }}{{ q }}{% endwith %}",
    "{% filter upper %}abc {{ markup }}{% endfilter %}{% filter replace('a', 'b')|upper %}aaa{% endfilter %}",
    "{% autoescape false %}{{ markup }}{% endautoescape %}{% autoescape true %}{{ markup }}{% endautoescape %}{{ markup }}",
    "{% macro row(a, b='-', c=a ~ '!') %}<tr>{{ a }}{{ b }}{{ c }}</tr>{% endmacro %}{{ row(1) }}{{ row(markup, b=2) }}{{ row('x', 'y', 'z') }}",
    "{% macro box(title) %}<div>{{ title }}: {{ caller('arg') }}</div>{% endmacro %}{% call(x) box('T') %}in {{ x }} {{ text }}{% endcall %}",
    "{% macro f(n) %}{{ n }}{% if n > 0 %},{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
    "{% set args = [1, 2] %}{% macro m(a, b, c=0) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(*args) }}{{ m(*args, **{'c': 9}) }}",
    "{% do range(3) %}{{ dict(a=1, b=2).b }}{{ dict({'x': 1}, y=2) }}",
    "  {%- if yes -%}   a   {%- endif -%}   b {{- n -}} c  {#- note -#}  d {%+ if yes +%} e {% endif %}",
    "{# comment {{ x }} #}{% raw %}{{ not }} {% this %}{% endraw %}a{#x#}{{ n }}{#y#}{",
    "a{ {#x#}% if {% raw %}%}{% endraw %} { { n } }",
    "<a href=\"{{ markup }}\" title='{{ markup }}'>\n\n  {{ text }}\n</a>\r\n",
    "{{ contact.company.name }}{% if contact.company %} at {{ contact.company.name }}{% endif %}",
    "{{ items[0].name }}{{ items[-1]['name'] }}{{ items.0.price }}{{ (items|first).qty }}{{ (items|last)['qty'] }}",
    "{% for g, list in items|groupby('group') %}{{ g }}:{{ list|map(attribute='name')|join('+') }};{% endfor %}",
    "{{ loop }}{{ x.y }}",
];

fn raw(template: &str, html: bool) -> Result<String, minijinja::Error> {
    let mut env = Environment::new();
    env.set_auto_escape_callback(move |_| if html { AutoEscape::Html } else { AutoEscape::None });
    env.set_undefined_behavior(UndefinedBehavior::Chainable);
    env.add_template("t", template)?;
    env.get_template("t")?.render(minijinja::Value::from(minijinja::value::Serde(context())))
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
fn the_guarded_form_renders_what_the_engine_alone_renders() {
    for template in SAME {
        // A bare `loop` outside of a loop is the one thing that is refused on purpose.
        if template.contains("{{ loop }}") {
            assert!(compile(&text(template), &[]).is_err());
            continue;
        }
        let expected = raw(template, false).unwrap_or_else(|e| panic!("{template}: {e}"));
        let got = send(&text(template), &[], &context());
        let got = got.unwrap_or_else(|e| panic!("{template}: {e}"));
        assert_eq!(got.text.unwrap(), expected, "{template}");
        let expected = raw(template, true).unwrap();
        let got = send(&html(template), &[], &context()).unwrap();
        assert_eq!(got.html.unwrap(), expected, "{template}");
    }
}

#[test]
fn templates_that_fail_in_the_engine_fail_here() {
    for template in [
        "{{ 'a' * 'b' }}",
        "{{ n * text * text }}",
        "{{ 'a' + 1 }}",
        "{{ text - 1 }}",
        "{{ 1 / 0 }}",
        "{{ text[::0] }}",
        "{{ n[1:] }}",
        "{{ n() }}",
        "{{ nosuch() }}",
        "{{ text.nosuch() }}",
        "{{ 9223372036854775807 ** 9 }}",
        "{% for x in n %}{% endfor %}",
        "{{ [1]|sum(start='x') }}",
        "{{ range(3, step=0) }}",
        "{{ super() }}",
        "{% include nosuch %}",
        "{{ 'x'|int }}",
        "{{ items * f }}",
        "{{ {} * 2 }}",
        "{{ missing * 2 }}",
    ] {
        assert!(raw(template, false).is_err(), "{template}");
        let compiled = compile(&text(template), &[]);
        let failed = compiled.map_or(true, |c| c.render(&context(), Strictness::Send).is_err());
        assert!(failed, "{template}");
    }
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
