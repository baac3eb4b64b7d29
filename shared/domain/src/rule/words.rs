//! Texts of what rules make for people: templates in plain text, which see what messages of rules see.

use std::collections::BTreeMap;

use kernel::error::Faults;
use kernel::{Error, Result};
use render::{Compiled, Engine, Limits, Source, Strictness};
use serde_json::Value;

use crate::message::cut;
use crate::name;

/// Longest line, in bytes.
const LINE: usize = 200;

/// A line, and what there is to say beside it.
#[derive(Clone, Copy, Debug)]
pub struct Words<'a> {
    /// The line.
    pub line: &'a str,
    /// The rest.
    pub rest: Option<&'a str>,
}

impl Words<'_> {
    fn compile(&self) -> Result<Compiled, Vec<render::Fault>> {
        let engine = Engine::detect(&[self.line, self.rest.unwrap_or_default()].join("\n"));
        let (subject, text) = (Some(self.line.to_owned()), self.rest.map(str::to_owned));
        Compiled::new(&Source { engine, subject, text, ..Source::default() }, &BTreeMap::new(), &Limits::default())
    }

    /// Notes what is wrong with line and rest, which stand at those places.
    pub fn check(&self, line: &str, rest: &str, faults: &mut Faults) {
        // What a template comes to is known when it is rendered.
        if !self.line.contains('{') {
            faults.take(line, name::title(self.line));
        }
        for fault in self.compile().err().into_iter().flatten() {
            let pointer = if fault.part == "subject" { line } else { rest };
            faults.add(pointer, "template", fault.message);
        }
    }

    /// Line and rest with these values, the rest cut to so many bytes. What has no value is left out.
    pub fn render(&self, values: &Value, longest: usize) -> Result<(String, Option<String>)> {
        let refused = |fault: render::Fault| Error::invalid("", "template", format!("it cannot be rendered: {fault}"));
        let broken =
            |faults: Vec<render::Fault>| faults.into_iter().next().map_or_else(|| Error::internal("no fault"), refused);
        let rendered = self.compile().map_err(broken)?.render(values, Strictness::Send).map_err(refused)?;
        let line = cut(rendered.subject.unwrap_or_default().trim(), LINE).trim_end().to_owned();
        if line.is_empty() {
            return Err(Error::invalid("", "empty", "with what is known of the event its title is empty"));
        }
        let rest = rendered.text.map(|text| cut(text.trim(), longest)).filter(|text| !text.is_empty());
        Ok((line, rest))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rendered(line: &str, rest: Option<&str>) -> Result<(String, Option<String>)> {
        Words { line, rest }.render(&json!({ "who": "Ada", "long": "é".repeat(300) }), 10)
    }

    #[test]
    fn a_line_and_the_rest_are_cut_to_what_there_is_room_for() {
        assert_eq!(rendered(" Call {{ who }} ", None), Ok(("Call Ada".to_owned(), None)));
        assert_eq!(rendered("{{.who}}", Some("{{ if .no }}x{{ end }}")), Ok(("Ada".to_owned(), None)), "in Go as well");
        let (line, rest) = rendered("a{{ long }}", Some("{{ long }}")).unwrap();
        assert_eq!((line.len(), rest.map(|rest| rest.len())), (199, Some(10)), "whole letters of two bytes");
        let empty = rendered("{{ nobody }}", None).unwrap_err();
        assert!(format!("{empty:?}").contains("its title is empty"), "{empty:?}");
    }

    #[test]
    fn a_template_that_cannot_be_read_is_told_where_it_stands() {
        let check = |line: &str, rest: Option<&str>| {
            let mut faults = Faults::default();
            Words { line, rest }.check("/line", "/rest", &mut faults);
            match faults.check() {
                Err(Error::Invalid(faults)) => faults.into_iter().map(|fault| fault.pointer).collect(),
                _ => Vec::new(),
            }
        };
        assert!(check("Call {{ contact.name }}", Some("{% if a %}b{% endif %}")).is_empty());
        assert_eq!(check("", None), ["/line"]);
        assert_eq!(check("{{ a", None), ["/line"]);
        assert_eq!(check("Call", Some("{% if a %}")), ["/rest"]);
        assert_eq!(check("Call", Some("{% include 'frame' %}")), ["/rest"]);
    }
}
