//! The layouts that a source names. Names are literals: a template that computes one is refused when it is compiled, so what is
//! found here is all there is.

use crate::source::{Engine, Source};

/// The names of the layouts that a source extends, includes or imports, each once, in order of appearance.
pub fn layouts_named(source: &Source) -> Vec<String> {
    let mut names = Vec::new();
    for part in [&source.subject, &source.html, &source.text].into_iter().flatten() {
        collect(source.engine, part, &mut names);
    }
    names
}

fn collect(engine: Engine, part: &str, names: &mut Vec<String>) {
    let (open, words): (&str, &[&str]) = match engine {
        Engine::Jinja => ("{%", &["extends", "include", "import", "from"]),
        Engine::Go => ("{{", &["template"]),
    };
    for tag in part.split(open).skip(1) {
        let tag = tag.trim_start_matches(['-', '+']).trim_start();
        let Some(rest) = words.iter().find_map(|word| tag.strip_prefix(word)) else { continue };
        if !rest.starts_with(|next: char| next.is_whitespace() || matches!(next, '"' | '\'' | '[' | '(')) {
            continue;
        }
        let head = rest.split(['}', '%']).next().unwrap_or_default();
        for name in quoted(head) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
}

/// The quoted texts of an expression.
fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(start) = rest.find(['"', '\'']) {
        let Some((_, after)) = rest.split_at_checked(start + 1) else { break };
        let quote = if rest.get(start..=start) == Some("'") { '\'' } else { '"' };
        let Some(end) = after.find(quote) else { break };
        found.extend(after.get(..end).map(str::to_owned));
        rest = after.get(end + 1..).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_name_a_layout_is_found() {
        let html = r#"{% extends "base" %}{%- include 'head' ignore missing -%}{% from "parts" import button %}
            {% include ["a", "b"] %}{% if extends %}"not"{% endif %}{{ "include 'x'" }}"#;
        let source = Source { html: Some(html.to_owned()), ..Source::default() };
        assert_eq!(layouts_named(&source), ["base", "head", "parts", "a", "b"]);
        let source = Source {
            engine: Engine::Go,
            html: Some(r#"{{template "base" .}}{{- template "foot" . -}}"#.to_owned()),
            ..Source::default()
        };
        assert_eq!(layouts_named(&source), ["base", "foot"]);
    }
}
