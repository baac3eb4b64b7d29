//! What a tenant writes: the immutable body of a template version, the layouts it may use, and which
//! syntax it is in. Only data lives here; nothing in this file parses a template.
//!
//! Invariant: a [`Source`] is stored with its version and never changes, so its serialized form is
//! a contract. New fields need a default.

use serde::{Deserialize, Serialize};

/// Which template language a version is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// `{{ contact.first_name }}`, and the older bare `{{firstName}}`.
    #[default]
    Jinja,
    /// `{{.contact.first_name}}`.
    Go,
}

/// Words that open a Go action; in Jinja the same words stand in `{% %}`.
const GO_WORDS: [&str; 10] = ["if", "range", "with", "template", "define", "block", "end", "else", "printf", "index"];

impl Engine {
    /// Guesses the language of an imported template; a text without any tag is Jinja.
    pub fn detect(source: &str) -> Engine {
        if source.contains("{%") {
            return Engine::Jinja;
        }
        let go = source.split("{{").skip(1).any(|tag| {
            let inside = tag.strip_prefix("- ").unwrap_or(tag).trim_start();
            let word = inside.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
            let after = inside.get(word.len()..).unwrap_or_default();
            inside.starts_with(['.', '$'])
                || inside.starts_with("/*")
                || (GO_WORDS.contains(&word) && (after.starts_with(' ') || matches!(word, "end" | "else")))
        });
        if go { Engine::Go } else { Engine::Jinja }
    }
}

/// What the html part is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Markup {
    /// Sent as rendered, with its style sheets inlined.
    #[default]
    Html,
    /// Compiled to HTML by MJML.
    Mjml,
}

/// The body of one template version.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Source {
    /// The language of all three parts.
    pub engine: Engine,
    /// The subject line of an email, or the title of a push message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The html part; values are escaped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// The text part; derived from the html part when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What the html part is written in.
    pub markup: Markup,
}

impl Source {
    /// How long its parts are together, in bytes.
    pub fn bytes(&self) -> usize {
        [&self.subject, &self.html, &self.text].into_iter().flatten().map(String::len).sum()
    }
}

/// A named source that templates extend, include or import: the html part uses `html`, the subject
/// and the text part use `text`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// For html parts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// For text parts and subjects.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

impl Layout {
    /// How long its parts are together, in bytes.
    pub fn bytes(&self) -> usize {
        [&self.html, &self.text].into_iter().flatten().map(String::len).sum()
    }
}

/// How a variable without a value is treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strictness {
    /// Renders as nothing, and so does anything looked up in it: a message in flight must not fail
    /// because a contact has no company.
    Send,
    /// Is a fault with the variable's name.
    Preview,
}

/// The parts of a rendered message.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rendered {
    /// The subject; free of control characters.
    pub subject: Option<String>,
    /// The html part.
    pub html: Option<String>,
    /// The text part: the template's own, or derived from the html.
    pub text: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_dialects_are_told_apart() {
        for go in [
            "Hi {{.contact.first_name}}",
            "{{- .x -}}",
            "{{ if .a }}b{{ end }}",
            "{{range .items}}{{.}}{{end}}",
            "{{template \"base\" .}}",
            "{{$x := 1}}",
            "{{/* note */}}",
        ] {
            assert_eq!(Engine::detect(go), Engine::Go, "{go}");
        }
        for jinja in [
            "Hi {{ contact.first_name }}",
            "{{firstName}}",
            "{% if a %}{{ .5 }}{% endif %}",
            "{{ ending }}",
            "{{ indexed }}",
            "no tag at all",
            "",
            "{{",
        ] {
            assert_eq!(Engine::detect(jinja), Engine::Jinja, "{jinja}");
        }
    }

    #[test]
    fn a_stored_version_reads_back() {
        let source = Source { engine: Engine::Go, subject: Some("Hi".into()), markup: Markup::Mjml, ..Source::default() };
        let json = serde_json::to_string(&source).unwrap();
        assert_eq!(json, r#"{"engine":"go","subject":"Hi","markup":"mjml"}"#);
        assert_eq!(serde_json::from_str::<Source>(&json).unwrap(), source);
        assert_eq!(serde_json::from_str::<Source>("{}").unwrap(), Source::default());
    }
}
