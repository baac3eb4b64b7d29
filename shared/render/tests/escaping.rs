//! No value of a recipient gets out of its place in the html part.
//!
//! Each template is rendered with a harmless word and with an attack; the second must be the first
//! with the escaped attack in place of the word.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use render::{Compiled, Engine, Layout, Limits, Markup, Source, Strictness};
use serde_json::{Value, json};

const WORD: &str = "Harmless";

const ATTACKS: [&str; 14] = [
    "<script>alert(1)</script>",
    "</p><img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "'><script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "{{.secret}}",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "<!-- --><svg/onload=alert(1)>",
    "</title></textarea></style><script>alert(1)</script>",
    "<mj-raw><script>alert(1)</script></mj-raw>",
    "]]><![CDATA[<b>",
    "\u{2028}<\u{200b}script>\u{1}\u{b}%é😀",
];

/// Each writes `v` somewhere; `w` is a map and `l` a list that hold it.
const JINJA: [&str; 44] = [
    "<p>{{ v }}</p>",
    "<a title=\"{{ v }}\">x</a>",
    "<a title='{{ v }}'>x</a>",
    "<title>{{ v }}</title>",
    "<textarea>{{ v }}</textarea>",
    "{{ w.a }}{{ w['a'] }}{{ l[0] }}{{ l.0 }}",
    "{% for x in l %}<li>{{ x }}</li>{% endfor %}",
    "{% for k, x in w|items %}<li>{{ x }}</li>{% endfor %}",
    "{% set x = v %}{{ x }}",
    "{% set x %}<b>{{ v }}</b>{% endset %}{{ x }}{{ x }}",
    "{% set x %}{{ v }}{% endset %}<a title=\"{{ x }}\">",
    "{% with x = v %}{{ x }}{% endwith %}",
    "{% macro m(x) %}<i>{{ x }}</i>{% endmacro %}{{ m(v) }}{{ m(x=v) }}",
    "{% macro m(x) %}<i title=\"{{ x }}\">{{ caller() }}</i>{% endmacro %}{% call m(v) %}{{ v }}{% endcall %}",
    "{{ v ~ '' }}{{ '<' ~ v }}{{ v ~ v }}",
    "{{ v + '' }}{{ '>' + v }}",
    "{{ v * 2 }}{{ 2 * v }}",
    "{{ l|join('<br>') }}",
    "{{ [v, 'x']|join(', ') }}",
    "{{ [v|e, 'x']|join }}",
    "{{ ['<b>'|safe, v]|join }}",
    "{{ v|default('x') }}{{ none_such|default(v) }}",
    "{{ v if v else 'x' }}{{ v or 'x' }}{{ v and v }}",
    "{{ l|first }}{{ l|last }}{{ l|sort|first }}{{ l|reverse|first }}{{ l|unique|first }}{{ l|list|first }}",
    "{{ l|map('trim')|first }}{{ [w]|map(attribute='a')|first }}{{ l|batch(1)|first|first }}",
    "{{ [w]|groupby('a')|map(attribute='grouper')|first }}{{ w|dictsort|map('last')|first }}",
    "{{ v|string }}{{ v|trim }}{{ v|indent }}{{ v|e }}{{ v|escape|safe }}{{ v|e|e }}",
    "{{ '%s'|format(v) }}{{ '<b>%s</b>'|safe|format(v) }}{{ ('%s'|safe)|format(v) }}",
    "{{ 'x'|replace('x', v) }}{{ ('<x>'|safe)|replace('x', v) }}{{ v|replace('@@', 'y') }}",
    "{% filter trim %}{{ v }}{% endfilter %}",
    "{% filter replace('@@', 'y') %}<b>{{ v }}</b>{% endfilter %}",
    "{% set ns = namespace(x='') %}{% for x in l %}{% set ns.x = ns.x ~ x %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace(x='') %}{% set ns.x %}<i>{{ v }}</i>{% endset %}{{ ns.x }}",
    "{% for x in l recursive %}{{ x }}{{ loop([]) }}{% endfor %}",
    "{% for x in l %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle(v) }}{% endfor %}",
    "{% autoescape true %}{{ v }}{% endautoescape %}",
    "{% autoescape false %}{% autoescape true %}{{ v }}{% endautoescape %}{% endautoescape %}{{ v }}",
    "{% include 'part' %}{% include 'part' %}",
    "{% from 'macros' import show %}{{ show(v) }}{% import 'macros' as m %}{{ m.show(v) }}",
    "{% extends 'base' %}{% block body %}{{ super() }}{{ v }}{{ self.side() }}{% endblock %}{% block side %}{{ v }}{% endblock %}",
    "{{ firstName }}<a title=\"{{ lastName }}\">",
    "{{ dict(a=v).a }}{{ {'a': v}.a }}{{ [v][0] }}{{ (v, 1)[0] }}{{ l[:1]|first }}{{ v[:] }}",
    "{{ w.get('a') }}{{ v.strip() }}{{ w.items()|map('last')|first }}",
    "<style>p{}</style><p title=\"{{ v }}\">{{ v }}</p>",
];

const GO: [&str; 16] = [
    "<p>{{.v}}</p>",
    "<a title=\"{{.v}}\">x</a>",
    "<a title='{{.v}}'>x</a>",
    "<title>{{.v}}</title>",
    "<textarea>{{.v}}</textarea>",
    "<p>{{.w.a}}{{index .l 0}}</p>",
    "{{range .l}}<li>{{.}}</li>{{end}}",
    "{{with .w}}<li>{{.a}}{{$.v}}</li>{{end}}",
    "{{$x := .v}}<i>{{$x}}</i>",
    "<i>{{print .v}}{{printf \"%s\" .v}}{{.v | trim}}</i>",
    "<i>{{default \"x\" .v}}{{default .v .none}}</i>",
    "{{define \"t\"}}<i title=\"{{.}}\">{{.}}</i>{{end}}{{template \"t\" .v}}",
    "{{template \"part\" .}}",
    "<p>{{firstName}}</p>",
    "<p>{{.v | html}}</p>",
    "<style>p{}</style><p title=\"{{.v}}\">{{.v}}</p>",
];

fn context(v: &str) -> Value {
    json!({
        "v": v, "w": {"a": v}, "l": [v],
        "contact": {"first_name": v, "last_name": v},
    })
}

fn layouts(engine: Engine) -> BTreeMap<String, Layout> {
    let sources: &[(&str, &str)] = match engine {
        Engine::Jinja => &[
            ("part", "<p title='{{ v }}'>{{ v }}</p>"),
            ("macros", "{% macro show(x) %}<b>{{ x }}</b>{% endmacro %}"),
            ("base", "<div>{% block body %}<i>{{ v }}</i>{% endblock %}{% block side %}{% endblock %}</div>"),
        ],
        Engine::Go => &[("part", "<p title='{{.v}}'>{{.v}}</p>")],
    };
    sources
        .iter()
        .map(|(name, body)| {
            let layout = Layout { html: Some((*body).to_owned()), text: None };
            ((*name).to_owned(), layout)
        })
        .collect()
}

fn render(engine: Engine, markup: Markup, template: &str, v: &str) -> String {
    let source = Source { engine, markup, html: Some(template.to_owned()), text: Some(String::new()), ..Source::default() };
    let compiled =
        Compiled::new(&source, &layouts(engine), &Limits::default()).unwrap_or_else(|faults| panic!("{template}: {faults:?}"));
    let got = compiled.render(&context(v), Strictness::Send);
    got.unwrap_or_else(|e| panic!("{template} {v:?}: {e}")).html.unwrap()
}

/// What is left of the markup: every angle bracket, and the quotes inside tags.
fn structure(html: &str) -> String {
    let mut inside = false;
    let mut quote = None;
    html.chars()
        .filter(|c| match (inside, quote, c) {
            (false, _, '<') => {
                inside = true;
                true
            }
            (true, None, '>') => {
                inside = false;
                true
            }
            (true, None, '"' | '\'') => {
                quote = Some(*c);
                true
            }
            (true, Some(open), c) if open == *c => {
                quote = None;
                true
            }
            (_, _, c) => matches!(c, '<' | '>'),
        })
        .collect()
}

#[test]
fn jinja_values_stay_in_their_place() {
    for template in JINJA {
        let harmless = render(Engine::Jinja, Markup::Html, template, WORD);
        assert!(harmless.contains(WORD), "{template}: {harmless}");
        for attack in ATTACKS {
            let attacked = render(Engine::Jinja, Markup::Html, template, attack);
            assert_eq!(structure(&attacked), structure(&harmless), "{template} {attack}: {attacked}");
            assert!(!attacked.contains("49"), "{attacked}");
        }
    }
}

#[test]
fn a_value_is_escaped_as_a_whole() {
    for attack in ATTACKS {
        let escaped: String = attack
            .chars()
            .map(|c| match c {
                '<' => "&lt;".to_owned(),
                '>' => "&gt;".to_owned(),
                '&' => "&amp;".to_owned(),
                '"' => "&quot;".to_owned(),
                '\'' => "&#x27;".to_owned(),
                '/' => "&#x2f;".to_owned(),
                c => c.to_string(),
            })
            .collect();
        let got = render(Engine::Jinja, Markup::Html, "[{{ v }}]", attack);
        assert_eq!(got, format!("[{escaped}]"));
    }
}

#[test]
fn go_values_stay_in_their_place() {
    for template in GO {
        let harmless = render(Engine::Go, Markup::Html, template, WORD);
        assert!(harmless.contains(WORD), "{template}: {harmless}");
        for attack in ATTACKS {
            let attacked = render(Engine::Go, Markup::Html, template, attack);
            assert_eq!(structure(&attacked), structure(&harmless), "{template} {attack}: {attacked}");
        }
    }
}

#[test]
fn go_values_cannot_run_as_script() {
    for (template, bad) in [
        ("<a href=\"{{.v}}\">x</a>", "javascript:"),
        ("<a href='{{.v}}'>x</a>", "javascript:"),
        ("<img src=\"{{.v}}\">", "javascript:"),
        ("<p style=\"color: {{.v}}\">x</p>", "javascript:"),
        ("<p onclick=\"f({{.v}})\">x</p>", "f(javascript:"),
    ] {
        let got = render(Engine::Go, Markup::Html, template, "javascript:alert(1)//");
        assert!(!got.contains(bad), "{template}: {got}");
    }
}

#[test]
fn mjml_values_stay_in_their_place() {
    let column = |inside: &str| {
        format!(
            "<mjml><mj-head><mj-title>{{{{ v }}}}</mj-title><mj-preview>{{{{ v }}}}</mj-preview></mj-head>\
                 <mj-body><mj-section><mj-column>{inside}</mj-column></mj-section></mj-body></mjml>"
        )
    };
    for template in [
        // Compiled once, and for each message.
        column("<mj-text>{{ v }}<b title=\"{{ v }}\">x</b></mj-text>"),
        column("<mj-button href=\"https://a/{{ v }}\">{{ v }}</mj-button><mj-image src=\"x\" alt=\"{{ v }}\"/>"),
        column("{% if v %}<mj-text>{{ v }}</mj-text>{% endif %}"),
        column("{% for x in l %}<mj-image src=\"y\" alt=\"{{ x }}\" title=\"{{ x }}\"/>{% endfor %}"),
        column("<mj-table><tr><td>{{ v }}</td></tr></mj-table><mj-raw>{{ v }}</mj-raw>"),
    ] {
        let harmless = render(Engine::Jinja, Markup::Mjml, &template, WORD);
        for attack in ATTACKS {
            // Not a character of XML: such a message is refused when MJML is compiled for it.
            let attack = attack.replace(['\u{1}', '\u{b}'], "");
            let attacked = render(Engine::Jinja, Markup::Mjml, &template, &attack);
            assert_eq!(structure(&attacked), structure(&harmless), "{template} {attack}: {attacked}");
        }
    }
}

#[test]
fn the_author_may_vouch_for_a_value() {
    let got = render(Engine::Jinja, Markup::Html, "{{ v|safe }}", "<b>x</b>");
    assert_eq!(got, "<b>x</b>");
    let got = render(Engine::Go, Markup::Html, "{{safeHTML .v}}", "<b>x</b>");
    assert_eq!(got, "<b>x</b>");
}
