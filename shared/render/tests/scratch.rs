#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout)]
use minijinja::{Environment, UndefinedBehavior};
fn run(name: &str, src: &str) {
    let src = src.to_string();
    let name = name.to_string();
    let r = std::thread::Builder::new().stack_size(2 << 20).spawn(move || {
        let mut e = Environment::new();
        e.set_fuel(Some(200_000));
        e.set_undefined_behavior(UndefinedBehavior::Chainable);
        let t = std::time::Instant::now();
        let r = e.render_str(&src, ());
        let s = match r { Ok(s) => format!("ok {} {:?}", s.len(), &s[..s.len().min(60)]), Err(e) => format!("err {e}") };
        println!("{name}: {s} in {:?}", t.elapsed());
    }).unwrap().join();
    if r.is_err() { println!("PANIC {src_len}", src_len = 0); }
}
#[test]
fn probe() {
    run("emptyslice", "{{ ''[::-1] }}");
    run("negslice", "{{ 'abc'[0:2:-1] }}");
    run("withbreak", "{% for x in [1,2] %}{% with a=1 %}{% break %}{% endwith %}{% endfor %}");
    run("filterbreak", "{% for x in [1,2] %}{% filter upper %}a{% continue %}{% endfilter %}{% endfor %}b");
    run("rangebig", "{{ range(9223372036854775807, -9223372036854775808, -1)|length }}");
    run("import", "{% import 'x' as 1 %}");
}
#[test]
fn nsdeep() {
    run("nsdeep", "{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}done");
}
#[test]
fn nscycle() {
    run("nscycle", "{% set ns = namespace() %}{% set ns.x = ns %}{{ ns }}");
}
#[test]
fn elif() {
    run("elif", &format!("{{% if a %}}{}{{% endif %}}", "{% elif b %}".repeat(20000)));
}
#[test]
fn chain() {
    run("chain", &format!("{{{{ a{} }}}}", "+a".repeat(100000)));
}
