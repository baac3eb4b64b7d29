//! A compiled set of parts with the layouts that they reach.
//!
//! Invariant: compiling and rendering are pure; a program is shared between threads and never
//! changes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use minijinja::machinery::{ast::Stmt, parse};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};

use super::names::{Uses, assigned, uses};
use super::references::{References, blocks_too_deep, references};
use super::values::Wanted;
use super::{filters, rewrite, scan, verify};
use crate::fault::{Fault, Kind};
use crate::limits::Limits;
use crate::meter::{Capped, Meter, Spent};
use crate::source::{Layout, Source, Strictness};

/// Marks the template of a part; a layout's name cannot start with it.
const MARK: char = '@';
/// The cost of an include in the engine's own depth; a macro costs 4, a loop 1.
const INCLUDE_DEPTH: usize = 10;

/// Layouts that one part may reach: a block may call its parent in each.
const LAYOUTS: usize = 32;

static BASE: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut env = filters::install();
    env.set_debug(false);
    env
});

/// The parts of a template in Jinja.
pub(crate) struct Program {
    html: Option<Set>,
    plain: Option<Set>,
    uses: Uses,
    wanted: Wanted,
    /// Whether a style sheet may come out.
    styled: bool,
    limits: Limits,
}

/// Templates that see each other: one environment for sending, one for previewing.
struct Set {
    send: Environment<'static>,
    preview: Environment<'static>,
}

impl Program {
    pub(crate) fn new(source: &Source, layouts: &BTreeMap<String, Layout>, limits: &Limits) -> Result<Program, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut given = BTreeSet::new();
        let mut program =
            Program { html: None, plain: None, uses: Uses::new(), wanted: Wanted::default(), styled: false, limits: *limits };
        if let Some(name) = layouts.keys().find(|name| name.starts_with(MARK)) {
            let message = format!("a layout's name cannot start with {MARK}");
            return Err(vec![Fault::new(name, 0, Kind::Refused, message)]);
        }
        let html: Vec<_> = [("@html", &source.html)].into_iter().collect();
        let plain = vec![("@subject", &source.subject), ("@text", &source.text)];
        for (roots, auto, set) in [(html, AutoEscape::Html, &mut program.html), (plain, AutoEscape::None, &mut program.plain)] {
            let roots: Vec<(&str, &str)> =
                roots.into_iter().filter_map(|(name, source)| Some((name, source.as_deref()?))).collect();
            if roots.is_empty() {
                continue;
            }
            let escape = !matches!(auto, AutoEscape::None);
            let find = |name: &str| {
                let (name, layout) = layouts.get_key_value(name)?;
                let source = if escape { &layout.html } else { &layout.text };
                Some((name.as_str(), source.as_deref()?))
            };
            match Reach::gather(&roots, find, limits).and_then(|reach| {
                program.styled |= escape && reach.styled();
                reach.compile(auto, limits, &mut program.uses, &mut given)
            }) {
                Ok(compiled) => *set = Some(compiled),
                Err(found) => faults.extend(found),
            }
        }
        program.wanted = Wanted::new(&program.uses, &given);
        if faults.is_empty() { Ok(program) } else { Err(faults) }
    }

    /// The variables, and whether each is needed.
    pub(crate) fn uses(&self) -> &BTreeMap<String, bool> {
        &self.uses
    }

    /// Whether the html may hold a style sheet.
    pub(crate) fn styled(&self) -> bool {
        self.styled
    }

    /// Converts the variables once for all parts.
    pub(crate) fn context(&self, context: &serde_json::Value) -> Result<Value, Spent> {
        self.wanted.of(context, self.limits.context_bytes)
    }

    /// Renders one part: `subject`, `html` or `text`.
    pub(crate) fn render(&self, part: &str, context: &Value, mode: Strictness) -> Result<String, Fault> {
        let (set, name) = match part {
            "html" => (&self.html, "@html"),
            "subject" => (&self.plain, "@subject"),
            _ => (&self.plain, "@text"),
        };
        let absent = || Fault::new(part, 0, Kind::Engine, "this part was not compiled");
        let set = set.as_ref().ok_or_else(absent)?;
        let env = match mode {
            Strictness::Send => &set.send,
            Strictness::Preview => &set.preview,
        };
        let template = env.get_template(name).map_err(|_| absent())?;
        let mut out = Capped::new(self.limits.output_bytes, template.source().len());
        let _meter = Meter::start(&self.limits);
        template.render_captured_to(context.clone(), &mut out).map_err(|e| fault(part, &e))?;
        Ok(out.into_text())
    }
}

/// The parts and every layout that they may reach, parsed.
struct Reach<'s> {
    templates: Vec<(&'s str, Stmt<'s>, References, &'s str)>,
    roots: usize,
}

impl<'s> Reach<'s> {
    /// The part to blame for what no line is.
    fn first(&self) -> &'s str {
        self.templates.first().map_or("source", |(name, ..)| part(name))
    }

    /// Whether a style sheet may come out: an author writes one, or vouches for a text that may.
    fn styled(&self) -> bool {
        self.templates.iter().any(|(.., source)| {
            let source = source.to_ascii_lowercase();
            ["<style", "safe", "autoescape"].iter().any(|word| source.contains(word))
        })
    }

    fn gather(
        roots: &[(&'s str, &'s str)],
        find: impl Fn(&str) -> Option<(&'s str, &'s str)>,
        limits: &Limits,
    ) -> Result<Reach<'s>, Vec<Fault>> {
        let mut reach = Reach { templates: Vec::new(), roots: roots.len() };
        let mut faults = Vec::new();
        let mut queue: Vec<(&str, &str)> = roots.to_vec();
        let mut seen: BTreeSet<&str> = BTreeSet::new();
        let mut layout_bytes = 0usize;
        let mut at = 0;
        while let Some((name, source)) = queue.get(at).copied() {
            at += 1;
            if at > roots.len() {
                layout_bytes += source.len();
            }
            if at > roots.len() + LAYOUTS {
                let message = "the template reaches too many layouts";
                faults.push(Fault::new(reach.first(), 0, Kind::Size, message));
                break;
            }
            if source.len() > limits.source_bytes || layout_bytes > limits.layout_bytes {
                faults.push(Fault::new(part(name), 0, Kind::Size, "the source is too large"));
                continue;
            }
            let parsed = scan::scan(part(name), source)
                .and_then(|()| parse(source, name, SyntaxConfig::default()).map_err(|e| fault(part(name), &e)));
            let tree = match parsed {
                Ok(tree) => tree,
                Err(fault) => {
                    faults.push(fault);
                    continue;
                }
            };
            let references = references(&tree);
            for reference in &references.layouts {
                let Some(names) = &reference.names else {
                    let message = "a layout is named by a literal text";
                    faults.push(Fault::new(part(name), reference.line, Kind::Refused, message));
                    continue;
                };
                for wanted in names {
                    if let Some((name, source)) = find(wanted) {
                        if seen.insert(name) {
                            queue.push((name, source));
                        }
                    } else if reference.needed {
                        let message = format!("there is no layout {wanted} for this part");
                        faults.push(Fault::new(part(name), reference.line, Kind::Unknown, message));
                    }
                }
            }
            reach.templates.push((name, tree, references, source));
        }
        if faults.is_empty() { Ok(reach) } else { Err(faults) }
    }

    fn compile(
        self,
        auto: AutoEscape,
        limits: &Limits,
        used: &mut Uses,
        given: &mut BTreeSet<String>,
    ) -> Result<Set, Vec<Fault>> {
        let assigned = assigned(self.templates.iter().map(|(_, tree, _, _)| tree));
        given.extend(assigned.iter().cloned());
        let any = |f: fn(&References) -> bool| self.templates.iter().any(|(_, _, r, _)| f(r));
        let everywhere = any(|r| r.captures_anything);
        let in_layouts = everywhere || any(|r| r.captures_layouts);

        if blocks_too_deep(self.templates.iter().map(|(_, _, r, _)| r)) {
            let message = "blocks run each other too deep";
            return Err(vec![Fault::new(self.first(), 0, Kind::Refused, message)]);
        }

        let mut send = BASE.clone();
        send.set_auto_escape_callback(move |_| auto.clone());
        send.set_undefined_behavior(UndefinedBehavior::Chainable);
        send.set_fuel(Some(limits.fuel));
        send.set_recursion_limit(limits.include_depth * INCLUDE_DEPTH);
        let mut faults = Vec::new();
        let syntax = rewrite::syntax().map_err(|e| vec![fault(self.first(), &e)])?;
        send.set_syntax(syntax.clone());
        for (i, (name, tree, ..)) in self.templates.iter().enumerate() {
            uses(tree, &assigned, used);
            let charged = if i < self.roots { everywhere } else { in_layouts };
            match rewrite::rewrite(part(name), tree, charged, everywhere) {
                Ok(printed) => {
                    let checked = parse(&printed, name, syntax.clone());
                    if !checked.is_ok_and(|tree| verify::guarded(&tree)) {
                        let message = "the template could not be guarded";
                        faults.push(Fault::new(part(name), 0, Kind::Engine, message));
                    } else if let Err(e) = send.add_template_owned((*name).to_owned(), printed) {
                        faults.push(fault(part(name), &e));
                    }
                }
                Err(found) => faults.extend(found),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut preview = send.clone();
        // Asking in a condition is allowed, using is not.
        preview.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        preview.set_debug(true);
        Ok(Set { send, preview })
    }
}

fn part(name: &str) -> &str {
    name.strip_prefix(MARK).unwrap_or(name)
}

/// Says in our words what the engine reports; the deepest cause is the one that the author can mend.
pub(super) fn fault(part_name: &str, error: &Error) -> Fault {
    let mut deepest = error;
    let mut cause: &(dyn std::error::Error + 'static) = error;
    let mut spent = None;
    loop {
        if let Some(e) = cause.downcast_ref::<Error>() {
            deepest = e;
        }
        spent = spent.or_else(|| spent_in(cause));
        match cause.source() {
            Some(next) => cause = next,
            None => break,
        }
    }
    let kind = match (spent, deepest.kind()) {
        (Some(Spent::Output), _) => Kind::Size,
        (Some(_), _) | (None, ErrorKind::OutOfFuel) => Kind::Budget,
        (None, ErrorKind::SyntaxError | ErrorKind::BadEscape) => Kind::Syntax,
        (None, ErrorKind::UndefinedError) => Kind::Undefined,
        (
            None,
            ErrorKind::TemplateNotFound
            | ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
            | ErrorKind::UnknownBlock,
        ) => Kind::Unknown,
        // An operator names the operand that has no value.
        (None, _) if deepest.detail().is_some_and(|d| d.contains(" is undefined")) => Kind::Undefined,
        (None, _) => Kind::Value,
    };
    let message = match spent {
        Some(spent) => spent.to_string(),
        None => match deepest.detail() {
            Some(detail) if detail.contains("recursion") => "the template nests too deep".into(),
            // The engine quotes the numbers, which are the recipient's.
            Some(detail) if detail.starts_with("unable to calculate") => "this cannot be calculated with its values".into(),
            Some(detail) => detail.to_owned(),
            None if deepest.kind() == ErrorKind::OutOfFuel => Spent::Steps.to_string(),
            None => deepest.kind().to_string(),
        },
    };
    let kind = if message == "the template nests too deep" { Kind::Budget } else { kind };
    let name = deepest.name().map_or(part_name, part);
    Fault::new(name, deepest.line().unwrap_or_default(), kind, message)
}

fn spent_in(cause: &(dyn std::error::Error + 'static)) -> Option<Spent> {
    if let Some(spent) = cause.downcast_ref::<Spent>() {
        return Some(*spent);
    }
    let io = cause.downcast_ref::<std::io::Error>()?;
    io.get_ref()?.downcast_ref::<Spent>().copied()
}
