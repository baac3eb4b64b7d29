//! Go templates, by gotmpl: `text/template` for the subject and the text, `html/template` with its
//! contextual escaping for the html.
//!
//! Invariant: the engine only runs trees that `tree` prepared, under a meter, into a capped buffer.

mod functions;
mod names;
mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gotmpl::parse::ListNode;
use gotmpl::{TemplateError, Value, html};

use crate::context::{aliases, find};
use crate::fault::{Fault, Kind};
use crate::limits::Limits;
use crate::meter::{Capped, Meter, Spent};
use crate::source::{Layout, Source};

/// The template that the engine starts with; a layout cannot have this name.
const MAIN: &str = "@main";
/// Nodes that the escaper may copy for the contexts that a template is called from.
const COPIES: usize = 100_000;
/// Templates that one part may reach, its own among them.
const TEMPLATES: usize = 200;
/// Loop passes of one part, as the engine counts them.
const PASSES: u64 = 100_000;

/// The parts of a template in Go.
pub(crate) struct Program {
    subject: Option<gotmpl::Template>,
    text: Option<gotmpl::Template>,
    html: Option<html::Template>,
    uses: BTreeMap<String, bool>,
    aliases: Vec<(String, Vec<String>)>,
    limits: Limits,
}

impl Program {
    pub(crate) fn new(source: &Source, layouts: &BTreeMap<String, Layout>, limits: &Limits) -> Result<Program, Vec<Fault>> {
        let mut program =
            Program { subject: None, text: None, html: None, uses: BTreeMap::new(), aliases: Vec::new(), limits: *limits };
        let mut faults = Vec::new();
        let text = |name: &str| layouts.get(name)?.text.as_deref();
        let html = |name: &str| layouts.get(name)?.html.as_deref();
        for (part, slot) in [("subject", &mut program.subject), ("text", &mut program.text)] {
            let source = if part == "subject" { &source.subject } else { &source.text };
            let Some(source) = source else { continue };
            match Trees::gather(part, source, text, limits, &mut program.uses) {
                Ok(trees) => match trees.plain() {
                    Ok(template) => *slot = Some(template),
                    Err(e) => faults.push(fault(part, &e)),
                },
                Err(fault) => faults.push(fault),
            }
        }
        if let Some(source) = &source.html {
            let compiled = Trees::gather("html", source, html, limits, &mut program.uses)
                .and_then(|trees| trees.html().map_err(|e| fault("html", &e)))
                .and_then(escaped);
            match compiled {
                Ok(template) => program.html = Some(template),
                Err(fault) => faults.push(fault),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        program.aliases =
            program.uses.keys().map(|name| (name.clone(), aliases(name))).filter(|(_, paths)| !paths.is_empty()).collect();
        Ok(program)
    }

    /// The variables, and whether each is needed.
    pub(crate) fn uses(&self) -> &BTreeMap<String, bool> {
        &self.uses
    }

    /// Converts the variables once for all parts.
    pub(crate) fn context(&self, context: &serde_json::Value) -> Result<Value, Spent> {
        let mut room = self.limits.context_bytes;
        let serde_json::Value::Object(map) = context else {
            return Ok(Value::Map(Arc::new(BTreeMap::new())));
        };
        let mut converted = BTreeMap::new();
        for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
            converted.insert(Arc::from(key.as_str()), convert(value, 0, &mut room)?);
        }
        for (name, paths) in &self.aliases {
            if find(context, name).is_none()
                && let Some(value) = paths.iter().find_map(|path| find(context, path))
            {
                converted.insert(Arc::from(name.as_str()), convert(value, 0, &mut room)?);
            }
        }
        Ok(Value::Map(Arc::new(converted)))
    }

    /// Renders one part: `subject`, `html` or `text`.
    pub(crate) fn render(&self, part: &str, context: &Value) -> Result<String, Fault> {
        let mut out = Capped::new(self.limits.output_bytes, 4096);
        let meter = Meter::start(&self.limits);
        let done = match (part, &self.subject, &self.text, &self.html) {
            ("subject", Some(template), _, _) | ("text", _, Some(template), _) => template.execute_fmt(&mut out, context),
            ("html", _, _, Some(template)) => template.execute_fmt(&mut out, context),
            _ => {
                let message = "this part was not compiled";
                return Err(Fault::new(part, 0, Kind::Engine, message));
            }
        };
        drop(meter);
        match done {
            Ok(()) => Ok(out.into_text()),
            Err(e) => Err(fault(part, &e)),
        }
    }
}

/// Runs the escaper now, so that its faults are found at save. The first step fails for want of a
/// meter, before anything is written.
fn escaped(template: html::Template) -> Result<html::Template, Fault> {
    let nothing = Value::Map(Arc::new(BTreeMap::new()));
    let mut out = Capped::new(0, 0);
    match template.execute_fmt(&mut out, &nothing) {
        Err(TemplateError::Exec(message)) if message == Spent::Steps.to_string() => Ok(template),
        Err(e) => Err(fault("html", &e)),
        Ok(()) => Ok(template),
    }
}

/// The tree of a part and those of every template that it may call.
struct Trees {
    trees: BTreeMap<String, ListNode>,
}

impl Trees {
    fn gather<'s>(
        part: &str,
        source: &'s str,
        layout: impl Fn(&str) -> Option<&'s str>,
        limits: &Limits,
        used: &mut BTreeMap<String, bool>,
    ) -> Result<Trees, Fault> {
        let mut found: BTreeMap<String, ListNode> = BTreeMap::new();
        let mut queue = vec![(part.to_owned(), MAIN.to_owned(), source)];
        let mut queued: BTreeSet<String> = BTreeSet::new();
        let mut bytes = 0;
        let mut wanted = Vec::new();
        while let Some((from, name, source)) = queue.pop() {
            bytes += source.len();
            if source.len() > limits.source_bytes || bytes > limits.source_bytes + limits.layout_bytes {
                return Err(Fault::new(&from, 0, Kind::Size, "the source is too large"));
            }
            let mut parsed = tree::parse(&from, source)?;
            let mut bodies = vec![(name, std::mem::replace(&mut parsed.main, empty()))];
            let defines = parsed.defines.into_iter();
            bodies.extend(defines.map(|define| (define.name.to_string(), define.body)));
            for (name, body) in bodies {
                names::calls(&body, &mut wanted);
                // The part comes first, and what it defines wins over a layout.
                found.entry(name).or_insert(body);
            }
            while let Some((name, line)) = wanted.pop() {
                if found.contains_key(name.as_str()) || queued.contains(name.as_str()) {
                    continue;
                }
                match layout(&name) {
                    Some(source) => {
                        queued.insert(name.to_string());
                        queue.push((name.to_string(), name.to_string(), source));
                    }
                    None => {
                        let message = format!("there is no layout {name} for this part");
                        return Err(Fault::new(&from, line, Kind::Unknown, message));
                    }
                }
            }
        }
        Trees { trees: found }.finish(part, used)
    }

    /// Checks, reads and prepares the trees.
    fn finish(mut self, part: &str, used: &mut BTreeMap<String, bool>) -> Result<Trees, Fault> {
        let mut written = BTreeMap::new();
        if self.trees.len() > TEMPLATES || self.written(MAIN, &mut written) > COPIES {
            let message = "there are too many templates, or they call each other too often";
            return Err(Fault::new(part, 0, Kind::Refused, message));
        }
        if let Some(main) = self.trees.get(MAIN) {
            names::uses(main, &self.trees, used);
        }
        for (name, body) in &mut self.trees {
            tree::prepare(if name == MAIN { part } else { name }, body)?;
        }
        Ok(self)
    }

    /// The nodes of a template with all that it calls written in place of the calls.
    fn written<'t>(&'t self, name: &'t str, known: &mut BTreeMap<&'t str, usize>) -> usize {
        if let Some(nodes) = known.get(name) {
            return *nodes;
        }
        // A template inside itself counts once: the depth of calls is bounded when it runs.
        known.insert(name, 0);
        let Some(body) = self.trees.get(name) else {
            return 0;
        };
        let mut calls = Vec::new();
        names::calls(body, &mut calls);
        let nodes = calls
            .iter()
            .filter_map(|(name, _)| self.trees.get_key_value(name.as_str()))
            .map(|(name, _)| self.written(name, known))
            .fold(size(body), usize::saturating_add);
        known.insert(name, nodes);
        nodes
    }

    fn plain(self) -> Result<gotmpl::Template, TemplateError> {
        let mut template = gotmpl::Template::new("@root").max_range_iters(PASSES).funcs(functions::functions());
        for (name, body) in self.trees {
            template = template.add_parse_tree(&name, body);
        }
        template.parse(&format!("{{{{template \"{MAIN}\" .}}}}"))
    }

    fn html(self) -> Result<html::Template, TemplateError> {
        let mut template = html::Template::new("@root").max_range_iters(PASSES).funcs(functions::functions());
        for (name, body) in self.trees {
            template = template.add_parse_tree(&name, body)?;
        }
        template.parse(&format!("{{{{template \"{MAIN}\" .}}}}"))
    }
}

fn empty() -> ListNode {
    ListNode { pos: gotmpl::parse::Pos::new(0, 1), nodes: Vec::new() }
}

/// The nodes of a body.
fn size(list: &ListNode) -> usize {
    use gotmpl::parse::Node;
    list.nodes
        .iter()
        .map(|node| match node {
            Node::List(list) => size(list),
            Node::If(b) | Node::With(b) | Node::Range(b) => 1 + size(&b.body) + b.else_body.as_ref().map_or(0, size),
            Node::Text(_) | Node::Action(_) | Node::Template(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_) => 1,
        })
        .sum()
}

fn convert(value: &serde_json::Value, depth: usize, room: &mut usize) -> Result<Value, Spent> {
    use serde_json::Value as Json;
    if depth > 32 {
        return Err(Spent::Depth);
    }
    let bytes = 32 + value.as_str().map_or(0, str::len);
    *room = room.checked_sub(bytes).ok_or(Spent::Value)?;
    Ok(match value {
        Json::Null => Value::Nil,
        Json::Bool(b) => Value::Bool(*b),
        Json::Number(n) => match (n.as_i64(), n.as_u64()) {
            (Some(n), _) => Value::Int(n),
            (None, Some(n)) => Value::Uint(n),
            (None, None) => Value::Float(n.as_f64().unwrap_or_default()),
        },
        Json::String(s) => Value::String(Arc::from(s.as_str())),
        Json::Array(items) => items
            .iter()
            .map(|item| convert(item, depth + 1, room))
            .collect::<Result<Vec<_>, _>>()
            .map(|items| Value::List(items.into()))?,
        Json::Object(map) => {
            let mut converted = BTreeMap::new();
            for (key, value) in map.iter().filter(|(_, value)| !value.is_null()) {
                *room = room.checked_sub(key.len()).ok_or(Spent::Value)?;
                let value = convert(value, depth + 1, room)?;
                converted.insert(Arc::from(key.as_str()), value);
            }
            Value::Map(Arc::new(converted))
        }
    })
}

/// Says in our words what the engine reports.
fn fault(part: &str, error: &TemplateError) -> Fault {
    let (line, kind, message) = match error {
        TemplateError::Parse { line, message, .. } | TemplateError::Lex { line, message, .. } => {
            (*line, Kind::Syntax, message.clone())
        }
        TemplateError::Escape { line, description, .. } => (*line, Kind::Refused, description.clone()),
        TemplateError::Write | TemplateError::Io(_) => (0, Kind::Size, Spent::Output.to_string()),
        TemplateError::RecursionLimit => (0, Kind::Budget, "the template nests too deep".into()),
        TemplateError::RangeIterLimit => (0, Kind::Budget, Spent::Steps.to_string()),
        TemplateError::UndefinedTemplate(_) | TemplateError::UndefinedFunction(_) => (0, Kind::Unknown, error.to_string()),
        TemplateError::Exec(message) => {
            let spent = [Spent::Work, Spent::Steps, Spent::Value, Spent::Depth];
            let budget = spent.iter().any(|spent| *message == spent.to_string());
            let kind = if budget { Kind::Budget } else { Kind::Value };
            (0, kind, without_value(message))
        }
        TemplateError::FuncPanic { .. } => (0, Kind::Engine, error.to_string()),
        other => (0, Kind::Value, other.to_string()),
    };
    Fault::new(part, line, kind, message)
}

/// The engine quotes a value where it does not fit, and that is the recipient's.
fn without_value(message: &str) -> String {
    let plain = if message.starts_with("len:") {
        "len takes text, a list or a map"
    } else if message.starts_with("printf:") {
        "printf takes a text first"
    } else if message.starts_with("can't use") {
        "this cannot be ranged over with two variables"
    } else {
        message
    };
    plain.to_owned()
}
