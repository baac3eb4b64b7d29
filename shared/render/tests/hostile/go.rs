//! Templates of Go that want to break their host: a name and a template each.

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
