//! Templates written to break their host. Each must end in a fault or in a result within the limits,
//! without a panic, a stack overflow, or more than 64 MB.
//!
//! Memory is what was allocated and not yet freed at its highest, counted by the allocator: what the kernel counts
//! for a process depends on its pages, on what the allocator keeps, and on the tests that ran before.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test")]

#[path = "hostile/documents.rs"]
mod documents;
#[path = "hostile/go.rs"]
mod go;
#[path = "hostile/jinja.rs"]
mod jinja;

use std::collections::BTreeMap;

use documents::documents;
use go::go;
use jinja::jinja;
use peak_alloc::PeakAlloc;
use render::{Compiled, Engine, Kind, Layout, Limits, Source, Strictness};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const MEMORY: usize = 64 << 20;

fn context() -> Value {
    let l: Vec<String> = (0..3000).map(|i| format!("item {i}")).collect();
    json!({"s": "X".repeat(100_000), "l": l, "n": 5, "loop": {"index": "x", "length": "y"}, "d": {"a": {"b": {"c": 1}}}})
}

fn layouts() -> BTreeMap<String, Layout> {
    let layout = |body: String| Layout { html: Some(body.clone()), text: Some(body) };
    [
        ("self", "{% include 'self' %}".to_owned()),
        ("twice", "{% include 'twice' %}{% include 'twice' %}".to_owned()),
        ("cycle", "{% extends 'cycle' %}".to_owned()),
        ("imports", "{% import 'imports' as x %}{% set y = 1 %}".to_owned()),
        ("plain", "x".to_owned()),
        ("big", "x".repeat(100_000)),
        ("loops", "{{ loop([1]) }}".to_owned()),
        ("module", "{% set ns = namespace(a=1) %}".to_owned()),
    ]
    .into_iter()
    .map(|(name, body)| (name.to_owned(), layout(body)))
    .collect()
}

fn go_layouts() -> BTreeMap<String, Layout> {
    let body = Some("{{template \"self\" .}}{{template \"self\" .}}".to_owned());
    let layout = Layout { html: body.clone(), text: body };
    BTreeMap::from([("self".to_owned(), layout)])
}

/// Compiles and renders on a thread with the stack of a worker.
fn survive(name: &str, source: &Source, layouts: &BTreeMap<String, Layout>) {
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    let outcome = std::thread::scope(|scope| {
        let run = || {
            let limits = Limits::default();
            let compiled = match Compiled::new(source, layouts, &limits) {
                Ok(compiled) => compiled,
                Err(faults) => return faults,
            };
            let context = context();
            let mut faults = Vec::new();
            for mode in [Strictness::Send, Strictness::Preview] {
                match compiled.render(&context, mode) {
                    Err(fault) => faults.push(fault),
                    Ok(got) => {
                        for part in [&got.subject, &got.html, &got.text].into_iter().flatten() {
                            assert!(part.len() <= limits.output_bytes, "{name}");
                        }
                    }
                }
            }
            compiled.missing(&context);
            faults
        };
        let thread = std::thread::Builder::new().stack_size(2 << 20);
        thread.spawn_scoped(scope, run).unwrap().join()
    });
    let faults = outcome.unwrap_or_else(|_| panic!("{name} panicked"));
    for fault in faults {
        assert_ne!(fault.kind, Kind::Engine, "{name}: {fault}");
        assert!(fault.message.len() < 2_000, "{name}: a fault of {}", fault.message.len());
    }
    let used = ALLOCATED.peak_usage().saturating_sub(before);
    assert!(used <= MEMORY, "{name} took {} KB", used >> 10);
}

fn parts(engine: Engine, template: &str) -> [Source; 2] {
    let text = Source { engine, text: Some(template.to_owned()), ..Source::default() };
    let html = Source { engine, html: Some(template.to_owned()), ..Source::default() };
    [text, html]
}

/// Peak memory is the whole process's, so all tests take turns.
fn turn() -> std::sync::MutexGuard<'static, ()> {
    static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
    TURN.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[test]
fn the_corpus_is_large_enough() {
    let _turn = turn();
    assert!(jinja().len() + go().len() + documents().len() >= 200);
}

#[test]
fn jinja_survives() {
    let _turn = turn();
    let layouts = layouts();
    for (name, template) in jinja() {
        for source in parts(Engine::Jinja, &template) {
            survive(name, &source, &layouts);
        }
    }
}

#[test]
fn go_survives() {
    let _turn = turn();
    let layouts = go_layouts();
    for (name, template) in go() {
        for source in parts(Engine::Go, &template) {
            survive(name, &source, &layouts);
        }
    }
}

#[test]
fn documents_survive() {
    let _turn = turn();
    for (name, markup, html) in documents() {
        let source = Source { html: Some(html), markup, ..Source::default() };
        survive(name, &source, &BTreeMap::new());
    }
}

#[test]
fn contexts_survive() {
    let _turn = turn();
    let source =
        Source { text: Some("{{ a }}{{ a|tojson }}{{ l }}".to_owned()), html: Some("{{ a }}".to_owned()), ..Source::default() };
    let compiled = Compiled::new(&source, &BTreeMap::new(), &Limits::default()).unwrap();
    let mut deep = json!(1);
    for _ in 0..120 {
        deep = json!([deep]);
    }
    let wide: Vec<Value> = (0..100_000).map(|i| json!({"n": i})).collect();
    for (context, kind) in
        [(json!({"a": deep}), Kind::Size), (json!({"a": "x".repeat(2 << 20)}), Kind::Size), (json!({"l": wide}), Kind::Size)]
    {
        let fault = compiled.render(&context, Strictness::Send).unwrap_err();
        assert_eq!(fault.kind, kind);
    }
    for context in [json!(null), json!([1]), json!("x"), json!({"": 1, "__keep": 2, "loop": 3})] {
        compiled.render(&context, Strictness::Send).unwrap();
    }
}
