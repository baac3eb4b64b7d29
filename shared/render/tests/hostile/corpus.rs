//! The hostile corpus: a name and a template each.

use render::Markup;

/// `{big}` in a case is a text of 100 KB that the context holds as `s`.
pub fn jinja() -> Vec<(&'static str, String)> {
    let owned = |cases: &[(&'static str, &str)]| -> Vec<(&'static str, String)> {
        cases.iter().map(|(n, c)| (*n, (*c).to_owned())).collect()
    };
    let mut cases = owned(&[
        ("repeat text", "{{ 'x' * 50000000 }}"),
        ("repeat text, reversed", "{{ 99999999 * 'x' }}"),
        ("repeat a variable", "{{ s * 1000 }}"),
        ("repeat in a constant", "{{ ('x' * 99999999) ~ ('x' * 99999999) }}"),
        ("repeat in a condition", "{% if 'x' * 99999999 == 'y' %}a{% endif %}"),
        ("repeat in an argument", "{{ 'a'|replace('a', 'x' * 99999999) }}"),
        ("repeat a list", "{{ ([0] * 100000000)|length }}"),
        ("repeat a list literal of text", "{% set x = ['abc'] * 99999999 %}{{ x|join }}"),
        ("repeat by a huge number", "{{ 'x' * 340282366920938463463374607431768211455 }}"),
        ("repeat by a negative number", "{{ 'x' * -1 }}"),
        ("repeat a tuple", "{{ (1, 2) * 50000000 }}"),
        ("unpack a repeated list", "{% set a, b = [0] * 100000000 %}"),
        ("splat a repeated list", "{{ dict(*([0] * 100000000)) }}"),
        (
            "double text in a loop",
            "{% set ns = namespace(x='xx') %}{% for i in range(99) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}{{ ns.x }}",
        ),
        (
            "double text by adding",
            "{% set ns = namespace(x='xx') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        ),
        (
            "double a list by adding",
            "{% set ns = namespace(x=[1]) %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}{{ ns.x|length }}",
        ),
        (
            "double a list by reference",
            "{% set ns = namespace(x=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}{{ ns.x }}",
        ),
        (
            "double a map by reference",
            "{% set ns = namespace(x={}) %}{% for i in range(60) %}{% set ns.x = {'a': ns.x, 'b': ns.x} %}{% endfor %}{{ ns.x|tojson }}",
        ),
        (
            "compare doubled lists",
            "{% set ns = namespace(x=[1], y=[1]) %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x] %}{% set ns.y = [ns.y, ns.y] %}{% endfor %}{{ ns.x == ns.y }}",
        ),
        (
            "double with dict",
            "{% set ns = namespace(x=1) %}{% for i in range(60) %}{% set ns.x = dict(a=ns.x, b=ns.x) %}{% endfor %}{{ ns.x|string|length }}",
        ),
        (
            "double by capture",
            "{% set x = 'xx' %}{% set ns = namespace(x=x) %}{% for i in range(99) %}{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}{% endfor %}",
        ),
        (
            "double by filter block",
            "{% set ns = namespace(x='xx') %}{% for i in range(99) %}{% set ns.x %}{% filter upper %}{{ ns.x }}{{ ns.x }}{% endfilter %}{% endset %}{% endfor %}",
        ),
        (
            "double by macro",
            "{% macro m(x, n) %}{% if n %}{{ m(x ~ x, n - 1) }}{% else %}{{ x }}{% endif %}{% endmacro %}{{ m('xxxxxxxx', 60) }}",
        ),
        (
            "double by macro result",
            "{% macro d(x) %}{{ x }}{{ x }}{% endmacro %}{% set ns = namespace(x='xx') %}{% for i in range(60) %}{% set ns.x = d(ns.x) %}{% endfor %}",
        ),
        (
            "double by call block",
            "{% macro d() %}{{ caller() }}{{ caller() }}{% endmacro %}{% set ns = namespace(x='xx') %}{% for i in range(60) %}{% set ns.x %}{% call d() %}{{ ns.x }}{% endcall %}{% endset %}{% endfor %}",
        ),
        ("double by recursive loop", "{% for x in ['xx'] recursive %}{{ loop([x ~ x]) }}{% endfor %}"),
        ("double by captured loop", "{% for x in ['xx'] recursive %}{% set y = loop([x ~ x]) %}{{ y }}{{ y }}{% endfor %}"),
        (
            "double by join",
            "{% set ns = namespace(x='xx') %}{% for i in range(60) %}{% set ns.x = [ns.x, ns.x]|join(ns.x) %}{% endfor %}",
        ),
        (
            "double by replace",
            "{% set ns = namespace(x='xx') %}{% for i in range(60) %}{% set ns.x = ns.x|replace('x', ns.x) %}{% endfor %}",
        ),
        (
            "double by format",
            "{% set ns = namespace(x='%s%s') %}{% for i in range(60) %}{% set ns.x = ns.x|format(ns.x, ns.x) %}{% endfor %}",
        ),
        (
            "nested doubling in one expression",
            "{% set a = s[:90000] %}{% for i in range(50) %}{{ (a ~ a ~ a)|upper|replace('X', a)|length }}{% endfor %}",
        ),
        ("replace nothing with much", "{{ s|replace('', s) }}"),
        ("join much with much", "{{ s|list|join(s) }}"),
        ("indent wide", "{{ 'a\nb'|indent(1000000000) }}"),
        ("indent wide by name", "{{ 'a\nb'|indent(width=1000000000) }}"),
        ("format wide", "{{ '%1000000000d'|format(1) }}"),
        ("format precise", "{{ '%.1000000000f'|format(1.5) }}"),
        ("format starred", "{{ '%*d'|format(1000000000, 1) }}"),
        ("format often", "{{ ('%60000d' * 1000)|format(1) }}"),
        ("json indent", "{{ {'a': [1]}|tojson(indent=1000000000) }}"),
        ("json indent, positional", "{{ l|tojson(1000000000) }}"),
        ("batch fill", "{{ [1]|batch(1000000000, 'x') }}"),
        ("slice parts", "{{ [1]|slice(1000000000) }}"),
        ("split into letters", "{% for i in range(100) %}{{ s|split('')|length }}{% endfor %}"),
        (
            "list of letters",
            "{% set ns = namespace(x=[]) %}{% for i in range(100) %}{% set ns.x = ns.x + [s|list] %}{% endfor %}",
        ),
        ("trim squared", "{{ ('a' * 200000)|trim('b' * 200000 ~ 'a') }}"),
        ("sort much, often", "{% for i in range(10000) %}{{ l|sort|length }}{% endfor %}"),
        ("unique of lists", "{% for i in range(10000) %}{{ [l, l, l, l]|unique|length }}{% endfor %}"),
        ("sum of texts", "{{ l|sum(start='') }}"),
        ("sum of lists", "{{ [l, l]|sum(start=[]) }}"),
        ("select in much", "{{ range(10000)|list|select('in', range(10000)|list)|list|length }}"),
        ("map a filter with much", "{{ range(10000)|list|map('replace', '1', s)|list|length }}"),
        ("range too long", "{{ range(100000000)|list|length }}"),
        ("range at its ends", "{{ range(9223372036854775807, -9223372036854775807, -1)|length }}"),
        (
            "ranges in ranges",
            "{% for a in range(9999) %}{% for b in range(9999) %}{% for c in range(9999) %}{% endfor %}{% endfor %}{% endfor %}",
        ),
        (
            "ranges kept",
            "{% set ns = namespace(x=[]) %}{% for i in range(1000) %}{% set ns.x = ns.x + range(10000)|list %}{% endfor %}",
        ),
        ("output without end", "{% for i in range(9999) %}{{ s }}{% endfor %}"),
        ("raw output without end", "{% for i in range(9999) %}{big}{% endfor %}"),
        ("raw capture without end", "{% set x %}{% for i in range(9999) %}{big}{% endfor %}{% endset %}"),
        (
            "raw capture in a macro",
            "{% macro m() %}{big}{% endmacro %}{% set x %}{% for i in range(9999) %}{{ m() }}{% endfor %}{% endset %}",
        ),
        (
            "raw capture in a loop value",
            "{% for x in [1] recursive %}{big}{% set y %}{{ loop([1]) }}{{ loop([1]) }}{% endset %}{% endfor %}",
        ),
        (
            "raw capture in a block",
            "{% block b %}{big}{% endblock %}{% set x %}{% for i in range(9999) %}{{ self.b() }}{% endfor %}{% endset %}",
        ),
        (
            "raw capture by value",
            "{% block b %}{big}{% endblock %}{% for i in range(9999) %}{% set x = self.b() ~ self.b() %}{% endfor %}",
        ),
        ("block that calls itself", "{% block b %}{{ self.b() }}{{ self.b() }}{% endblock %}"),
        ("macro that calls itself", "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}"),
        (
            "macros that call each other",
            "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
        ),
        ("include of itself", "{% include 'self' %}"),
        ("include of itself, twice", "{% include 'twice' %}"),
        ("layouts that extend each other", "{% extends 'cycle' %}"),
        ("import of itself", "{% import 'imports' as x %}{{ x.y }}"),
        ("include in a capture", "{% set x %}{% for i in range(9999) %}{% include 'big' %}{% endfor %}{% endset %}"),
        ("discarded output", "{% extends 'plain' %}{% for i in range(9999) %}{{ s }}{{ l }}{% endfor %}"),
        (
            "nest lists deep",
            "{% set ns = namespace(x=[]) %}{% for i in range(9999) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
        ),
        (
            "nest slices deep",
            "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = ns.x[0:] %}{% endfor %}{{ ns.x }}",
        ),
        (
            "nest reversals deep",
            "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = ns.x|reverse %}{% endfor %}{{ ns.x|list }}",
        ),
        (
            "nest chains deep",
            "{% set ns = namespace(x={}) %}{% for i in range(9999) %}{% set ns.x = ns.x|chain({'a': i}) %}{% endfor %}{{ ns.x.a }}",
        ),
        (
            "nest zips deep",
            "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = ns.x|zip([1]) %}{% endfor %}{{ ns.x }}",
        ),
        (
            "nest batches deep",
            "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = ns.x|batch(1) %}{% endfor %}",
        ),
        (
            "nest sums deep",
            "{% set ns = namespace(x=[1]) %}{% for i in range(9999) %}{% set ns.x = [1] + ns.x %}{% endfor %}{{ ns.x|length }}",
        ),
        (
            "nest items deep",
            "{% set ns = namespace(x={'a': 1}) %}{% for i in range(9999) %}{% set ns.x = {'a': ns.x|items} %}{% endfor %}",
        ),
        (
            "nest namespaces deep",
            "{% set ns = namespace() %}{% for i in range(9999) %}{% set ns.x = namespace(x=ns.x) %}{% endfor %}{{ ns }}",
        ),
        ("namespace in itself", "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}"),
        ("namespace in itself, in a list", "{% set ns = namespace() %}{% set ns.x = [1, {'a': ns}] %}{{ ns }}"),
        ("namespace in itself, by an import", "{% import 'module' as m %}{% set m.ns.x = m %}{{ m }}"),
        ("namespace in itself, by capture", "{% set ns = namespace() %}{% set ns.x | default(ns) %}{% endset %}{{ ns }}"),
        ("namespace in itself, unpacked", "{% set ns = namespace() %}{% set ns.x, ns.y = ns, [ns] %}{{ ns }}"),
        ("namespace in another", "{% set a = namespace() %}{% set b = namespace() %}{% set a.x = b %}{% set b.x = a %}{{ a }}"),
        ("function in a namespace", "{% set ns = namespace() %}{% set ns.x = range %}{{ ns.x(3) }}"),
        ("break out of with", "{% for x in [1] %}{% with a = 1 %}{% break %}{% endwith %}{% endfor %}"),
        ("break out of set", "{% for x in [1] %}{% set a %}{% break %}{% endset %}{% endfor %}"),
        ("continue out of filter", "{% for x in [1, 2] %}{% filter upper %}{% continue %}{% endfilter %}{% endfor %}"),
        (
            "break out of autoescape",
            "{% for x in [1] %}{% autoescape false %}{% break %}{% endautoescape %}{% endfor %}{{ '<' }}",
        ),
        (
            "break out of call",
            "{% macro m() %}{{ caller() }}{% endmacro %}{% for x in [1] %}{% call m() %}{% break %}{% endcall %}{% endfor %}",
        ),
        ("loop handed on", "{% for x in [1] recursive %}{% set l = loop %}{% endfor %}{{ l([1]) }}"),
        (
            "loop called in a macro",
            "{% for x in [1] recursive %}{% macro m() %}{{ loop([1]) }}{% endmacro %}{{ m() }}{% endfor %}",
        ),
        ("loop called in an include", "{% for x in [1] recursive %}{% include 'loops' %}{% endfor %}"),
        ("loop called in a block", "{% for x in [1] recursive %}{% block b %}{{ loop([1]) }}{% endblock %}{% endfor %}"),
        ("loop called in its else", "{% for x in [] recursive %}{% else %}{{ loop([1]) }}{% endfor %}"),
        ("loop called in its condition", "{% for x in [1] if loop([1]) recursive %}{% endfor %}"),
        ("import into an expression", "{% import 'plain' as 1 + 1 %}"),
        ("import into a list", "{% import 'plain' as (a, b) %}"),
        ("import over loop", "{% import 'plain' as loop %}{{ loop }}"),
        ("empty text reversed", "{{ ''[::-1] }}{{ [][::-1] }}"),
        ("slice backwards past its end", "{{ 'abc'[0:2:-1] }}{{ 'abc'[::-9223372036854775807] }}"),
        ("slice with the smallest step", "{{ l[::-9223372036854775808] }}"),
        ("slice at extremes", "{{ s[-9223372036854775808:9223372036854775807:9223372036854775807]|length }}"),
        ("arithmetic at its ends", "{{ 170141183460469231731687303715884105727 + 1 }}"),
        ("power at its ends", "{{ 2 ** 100000 }}{{ 0 ** -1 }}"),
        ("remainder at its ends", "{{ -170141183460469231731687303715884105727 // -1 }}{{ 1 % 0 }}"),
        ("multiply at its ends", "{{ 170141183460469231731687303715884105727 * n }}"),
        ("round at its ends", "{{ 1.5|round(2147483647) }}{{ 5|round(-2147483648) }}"),
        ("int of much", "{{ s|int }}"),
        ("methods of much", "{% for i in range(9999) %}{{ s.upper().lower().split('x')|length }}{% endfor %}"),
        ("far into a text", "{% for i in range(9999) %}{{ s[99999] }}{{ s[-1] }}{{ s[i] }}{{ s|attr(99999) }}{% endfor %}"),
        ("far into a sum", "{% for i in range(9999) %}{{ (l + l)[5999] }}{{ range(9999)[9998] }}{{ (l + l)[-1] }}{% endfor %}"),
        (
            "changes of much",
            "{% for i in range(9999) %}{{ loop.changed(s) }}{{ loop.changed(l) }}{{ loop.cycle(s, s)|length }}{% endfor %}",
        ),
        (
            "compare with a long literal",
            "{% for i in range(9999) %}{% if s == '{big}' %}a{% endif %}{% if '{big}' in s %}{% endif %}{% endfor %}",
        ),
        (
            "conditions of much",
            "{% for i in range(9999) %}{% if l + l %}{% endif %}{% if s ~ s %}{% endif %}{{ 'a' if (l + l) }}{% endfor %}",
        ),
        (
            "tests of much",
            "{% for i in range(9999) %}{% if s is upper or s is lower or s is startingwith(s) or l is in([l]) %}{% endif %}{% endfor %}",
        ),
        ("debug", "{{ debug() }}"),
        (
            "another function named range",
            "{% set range = namespace %}{% set ns = namespace() %}{% for i in range(x=1) %}{% set ns.x = range(x=ns.x) %}{% endfor %}",
        ),
        ("a loop of the message", "{{ loop.index * 99999999 }}{{ loop.length ~ 'x' }}"),
        ("a macro named loop", "{% if 0 %}{% macro loop() %}{% endmacro %}{% endif %}{{ loop.index * 99999999 }}"),
        ("pprint", "{{ l|pprint }}"),
        ("a guard called by name", "{{ 5|__text }}{{ s|__keep }}"),
        ("a guard shadowed", "{% set __keep = 1 %}{% macro __cost() %}{% endmacro %}{{ [s ~ s] }}"),
        ("filters by name", "{{ [s]|map('__join', s, s)|list }}"),
        ("control characters", "\u{1}% set x = 1 %\u{2}"),
        ("a tag in a string", "{{ '%\u{2}' }}"),
        ("tests by name", "{{ l|select('nosuch')|list }}"),
        ("closures in loops", "{% for i in range(9999) %}{% macro m() %}{{ s }}{{ l }}{{ n }}{% endmacro %}{% endfor %}"),
        ("many frames", "{% for i in range(9999) %}{% with a = s, b = l %}{% set c = [a, b] %}{% endwith %}{% endfor %}"),
        ("arguments without end", "{% macro m() %}{% endmacro %}{{ m(*(s|list)) }}"),
        ("named arguments of much", "{{ dict(**{'a': s, 'b': l}) }}"),
        ("upper of what grows", "{% for i in range(500) %}{{ ('ŉ' * 50000)|upper|length }}{% endfor %}"),
        ("escape of what grows", "{% for i in range(99) %}{% set x = ('\"' * 100000)|e %}{% endfor %}"),
        ("a list of lists, handed on by list", "{{ [l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l]|list|list }}"),
        ("a list of lists, handed on by int", "{{ 'x'|int(default=[l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l]) }}"),
        ("a list of lists, handed on by default", "{{ nope|default([l, l, l, l, l, l, l, l, l, l, l, l, l, l, l, l]) }}"),
        ("a map handed on by sum", "{{ []|sum(start={'a': [l, l, l, l, l, l, l, l, l, l]}) }}"),
        ("a name that is an operator", "{{ s ~ not(s) }}{{ 1 + if }}{{ 1 in in }}"),
        (
            "guards in names",
            "{% set __join = s %}{{ __join ~ __join }}{% macro __keep(x) %}{{ x ~ x }}{% endmacro %}{{ __keep(__keep(s)) }}",
        ),
        ("a list shown", "{% set x = s ~ [s, s, s, s, s, s, s, s] %}"),
    ]);
    let n = |text: &str, times: usize| text.repeat(times);
    cases.extend([
        ("long sum", format!("{{{{ a{} }}}}", n("+a", 100_000))),
        ("long constant sum", format!("{{{{ a + {}1 }}}}", n("1+", 100_000))),
        ("long concatenation", format!("{{{{ s{} }}}}", n("~s", 400))),
        ("long filter chain", format!("{{{{ s{} }}}}", n("|upper", 50_000))),
        ("long attribute chain", format!("{{{{ s{} }}}}", n(".a", 100_000))),
        ("long subscript chain", format!("{{{{ s{} }}}}", n("[0]", 80_000))),
        ("long call chain", format!("{{{{ s{} }}}}", n("()", 100_000))),
        ("long negation", format!("{{{{ {}s }}}}", n("not ", 60_000))),
        ("long minus", format!("{{{{ {}s }}}}", n("-", 200_000))),
        ("long condition", format!("{{{{ s{} }}}}", n(" if s else s", 20_000))),
        ("long comparison", format!("{{{{ s{} }}}}", n(" < s", 60_000))),
        ("long elif", format!("{{% if a %}}{}{{% endif %}}", n("{% elif b %}", 20_000))),
        ("deep parentheses", format!("{{{{ {}", n("(", 100_000))),
        ("deep lists", format!("{{{{ {}{} }}}}", n("[", 14), n("]", 14))),
        ("deep ifs", format!("{}{}", n("{% if n %}", 20_000), n("{% endif %}", 20_000))),
        ("deep sets", n("{% set x | default(a=1) %}", 9_000)),
        ("deep loops", format!("{}{}", n("{% for i in range(9) %}", 23), n("{% endfor %}", 23))),
        ("wide list", format!("{{% set x = [{}] %}}{{{{ x|join|length }}}}", n("s,", 1900))),
        ("wide list of lists", format!("{{{{ [{}] }}}}", n("l,", 1900))),
        ("wide call", format!("{{{{ dict({}) }}}}", n("s,", 2500))),
        ("many tags", n("{{ n }}", 30_000)),
        ("many sets", n("{% set x = [x] %}", 9_900)),
        ("many doubling sets", format!("{{% set x = 'xx' %}}{}", n("{% set x = x ~ x %}", 9_000))),
        (
            "many namespaces in each other",
            format!("{{% set range = namespace %}}{}{{{{ y }}}}", n("{% set y = range(x=y) %}", 9_000)),
        ),
        ("many macros", n("{% macro m() %}{{ m }}{% endmacro %}", 6_000)),
        ("many blocks", (0..5000).map(|i| format!("{{% block b{i} %}}{{% endblock %}}")).collect()),
        ("many large captures", n("{% set x %}{{ s }}{% endset %}", 3_000)),
        ("long text", n("x", 300_000)),
        ("long string", format!("{{{{ '{}' }}}}", n("x", 200_000))),
        (
            "long string, captured often",
            format!(
                "{{% set ns = namespace(x=[]) %}}{{% for i in range(9999) %}}{{% set ns.x = ns.x + ['{}'] %}}{{% endfor %}}",
                n("x", 1000)
            ),
        ),
        ("unclosed comment", format!("{{# {}", n("{#", 100_000))),
        ("unclosed raw", format!("{{% raw %}} {}", n("{% endra", 30_000))),
        ("unclosed string", format!("{{{{ '{}", n("\\'", 100_000))),
        ("all escapes", format!("{{{{ '{}' }}}}", n("\\u0001", 40_000))),
    ]);
    let big = n("x", 100_000);
    for (_, template) in &mut cases {
        *template = template.replace("{big}", &big);
    }
    cases
}

pub fn go() -> Vec<(&'static str, String)> {
    let n = |text: &str, times: usize| text.repeat(times);
    let mut cases: Vec<(&str, String)> = [
        ("printf wide", "{{printf \"%1000000000d\" 1}}"),
        ("printf precise", "{{printf \"%.1000000000f\" 1.5}}"),
        ("printf starred", "{{printf \"%*d\" 1000000000 1}}"),
        (
            "printf from a variable",
            "{{$f := \"%60000d%60000d%60000d%60000d%60000d%60000d%60000d%60000d\"}}{{range .l}}{{$x := printf $f 1}}{{end}}",
        ),
        ("double by print", "{{$x := \"xx\"}}{{range .l}}{{$x = print $x $x}}{{end}}{{$x}}"),
        ("double by printf", "{{$x := \"xx\"}}{{range .l}}{{$x = printf \"%s%s\" $x $x}}{{end}}"),
        ("double by a pipe", "{{$x := \"xx\"}}{{range .l}}{{$x = $x | print $x}}{{end}}"),
        ("double by html", "{{$x := \"&\"}}{{range .l}}{{$x = html $x}}{{end}}"),
        ("double by urlquery", "{{$x := \"%\"}}{{range .l}}{{$x = $x | urlquery}}{{end}}"),
        ("double by js", "{{$x := \"'\"}}{{range .l}}{{$x = js (print $x $x)}}{{end}}"),
        ("upper of what grows", "{{$x := .s}}{{range .l}}{{$x = upper $x}}{{end}}"),
        ("print of all", "{{range .l}}{{$x := print $ $ $ $}}{{end}}"),
        ("template that calls itself", "{{define \"a\"}}{{template \"a\" .}}{{end}}{{template \"a\" .}}"),
        (
            "template that calls itself twice",
            "{{define \"a\"}}{{template \"a\" .}}{{template \"a\" .}}{{end}}{{template \"a\" .}}",
        ),
        ("layout that calls itself", "{{template \"self\" .}}"),
        ("range of a number", "{{range 1000000000000}}{{end}}"),
        ("ranges in ranges", "{{range .l}}{{range $.l}}{{range $.l}}{{end}}{{end}}{{end}}"),
        ("output without end", "{{range .l}}{{$.s}}{{end}}"),
        ("raw output without end", "{{range .l}}{big}{{end}}"),
        ("compare much, often", "{{range .l}}{{if eq $.s $.s}}{{end}}{{end}}"),
        ("compare much with many", "{{range .l}}{{if eq $.s $.s $.s $.s $.s}}{{end}}{{if lt $.s $.s}}{{end}}{{end}}"),
        ("slice much, often", "{{range .l}}{{$x := slice $.s 1}}{{end}}"),
        ("slice at its ends", "{{slice .s -1}}{{slice .s 9223372036854775807}}"),
        ("index at its ends", "{{index .l 9223372036854775807}}"),
        ("call of anything", "{{call .s}}"),
        ("a guard by name", "{{__step 0}}{{__cost 1}}"),
        ("unclosed", "{{if .n}}{{range .l}}"),
        ("break outside", "{{break}}{{continue}}"),
        ("script contexts", "<script>var x = {{.l}}; var y = `{{.s}}`;</script>"),
        ("style contexts", "<style>a{b:{{.s}}}</style>"),
    ]
    .iter()
    .map(|(name, case)| (*name, (*case).to_owned()))
    .collect();
    cases.extend([
        ("deep ifs", n("{{if .n}}", 20_000)),
        ("long else if", format!("{{{{if .n}}}}{}{{{{end}}}}", n("{{else if .n}}", 15_000))),
        ("deep parentheses", format!("{{{{ {}", n("(", 100_000))),
        ("long pipe", format!("{{{{ .s {} }}}}", n("| upper ", 25_000))),
        ("long print", format!("{{{{ $x := print {} }}}}", n("$ ", 100_000))),
        ("long fields", format!("{{{{ {} }}}}", n(".a", 100_000))),
        (
            "many templates",
            (0..5000).map(|i| format!("{{{{define \"t{i}\"}}}}{{{{template \"t{}\" .}}}}{{{{end}}}}", i + 1)).collect(),
        ),
        (
            "templates that double",
            (0..150)
                .map(|i| {
                    format!("{{{{define \"t{i}\"}}}}{{{{template \"t{0}\" .}}}}{{{{template \"t{0}\" .}}}}{{{{end}}}}", i + 1)
                })
                .chain(["{{define \"t150\"}}x{{end}}{{template \"t0\" .}}".to_owned()])
                .collect(),
        ),
        (
            "many contexts",
            format!(
                "{{{{define \"c\"}}}}{}{{{{end}}}}{}",
                n("{{.n}}", 1000),
                (0..500).map(|i| format!("<a data-{i}=\"{{{{template \"c\" .}}}}\">")).collect::<String>()
            ),
        ),
        ("many tags", n("{{.n}}", 40_000)),
        ("long text", n("x", 300_000)),
    ]);
    let big = n("x", 100_000);
    for (_, template) in &mut cases {
        *template = template.replace("{big}", &big);
    }
    cases
}

/// Hostile only after the template has run: the html is parsed, styled and turned into text.
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
