//! The guarded form beside the engine alone: what one renders the other renders, and where one fails the other does.

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use render::Strictness;

use crate::{compile, context, html, send, text};

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
