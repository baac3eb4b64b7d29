//! A template version ready to render: parsed once, rendered for every message.
//!
//! Invariant: rendering is a function of the template, the variables and the mode. It reads no clock,
//! keeps nothing between messages, and whatever it is given it ends within its limits.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::Value;

use crate::context::resolve;
use crate::fault::{Fault, Kind};
use crate::limits::Limits;
use crate::meter::Spent;
use crate::source::{Engine, Layout, Markup, Rendered, Source, Strictness};
use crate::{go, jinja, mjml, plain, styles};

/// The longest subject, in bytes: a line of a message (RFC 5322 section 2.1.1).
const SUBJECT: usize = 998;

/// A template version that has been parsed, with the layouts that it uses.
///
/// Cheap to render many times and shared between threads; the sender keeps it by its version.
pub struct Compiled {
    program: Program,
    parts: Parts,
    markup: Pass,
    limits: Limits,
}

impl std::fmt::Debug for Compiled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Compiled").finish_non_exhaustive()
    }
}

enum Program {
    Jinja(Box<jinja::Program>),
    Go(Box<go::Program>),
}

/// Which parts the author wrote.
struct Parts {
    subject: bool,
    html: bool,
    text: bool,
}

/// What happens to the html after the template has run.
enum Pass {
    /// Its style sheets are inlined.
    Styles,
    /// Nothing: MJML was compiled with the template.
    Nothing,
    /// MJML is compiled for each message, and its style sheets inlined if it asks for that.
    Mjml,
}

/// The variables as the engine of a template takes them.
enum Context {
    Jinja(minijinja::Value),
    Go(gotmpl::Value),
}

impl Compiled {
    /// Parses a version and the layouts that it reaches; the faults are all that one pass can find.
    pub fn new(source: &Source, layouts: &BTreeMap<String, Layout>, limits: &Limits) -> Result<Compiled, Vec<Fault>> {
        let compile = AssertUnwindSafe(|| Compiled::parse(source, layouts, limits));
        catch_unwind(compile).unwrap_or_else(|_| Err(vec![panicked("source")]))
    }

    fn parse(source: &Source, layouts: &BTreeMap<String, Layout>, limits: &Limits) -> Result<Compiled, Vec<Fault>> {
        let parts = Parts { subject: source.subject.is_some(), html: source.html.is_some(), text: source.text.is_some() };
        let mut program = Program::new(source, layouts, limits)?;
        let mut markup = Pass::Styles;
        if let (Markup::Mjml, Some(html)) = (source.markup, &source.html) {
            markup = Pass::Mjml;
            match source.engine {
                Engine::Jinja if !html.contains("inline=") => {
                    let once = mjml::once(html).map_err(|fault| vec![fault])?;
                    // Were the HTML not accepted as a template, each message would be compiled.
                    let html = once.filter(|html| html.len() <= limits.source_bytes);
                    let source = Source { html, ..source.clone() };
                    if source.html.is_some()
                        && let Ok(compiled) = Program::new(&source, layouts, limits)
                    {
                        program = compiled;
                        markup = Pass::Nothing;
                    }
                }
                Engine::Jinja | Engine::Go => {
                    mjml::check("html", html).map_err(|fault| vec![fault])?;
                }
            }
        }
        Ok(Compiled { program, parts, markup, limits: *limits })
    }

    /// Renders all parts with the variables of one message.
    pub fn render(&self, context: &Value, mode: Strictness) -> Result<Rendered, Fault> {
        let render = AssertUnwindSafe(|| self.render_parts(context, mode));
        catch_unwind(render).unwrap_or_else(|_| Err(panicked("source")))
    }

    fn render_parts(&self, context: &Value, mode: Strictness) -> Result<Rendered, Fault> {
        if let (Program::Go(_), Strictness::Preview) = (&self.program, mode)
            && let Some(name) = self.missing(context).first()
        {
            let message = format!("{name} is undefined");
            return Err(Fault::new("variables", 0, Kind::Undefined, message));
        }
        let converted =
            self.program.context(context).map_err(|spent| Fault::new("variables", 0, Kind::Size, spent.to_string()))?;
        let part = |name: &str, wanted: bool| wanted.then(|| self.program.render(name, &converted, mode)).transpose();
        let subject = part("subject", self.parts.subject)?;
        if let Some(subject) = &subject {
            check_subject(subject)?;
        }
        let html = match part("html", self.parts.html)? {
            Some(html) => Some(self.finish(html)?),
            None => None,
        };
        let text = match part("text", self.parts.text)? {
            Some(text) => Some(text),
            None => html.as_deref().map(|html| plain::text(html, self.limits.output_bytes)),
        };
        Ok(Rendered { subject, html, text })
    }

    /// Renders every part as for sending and keeps nothing: whether this context can be sent at all. It leaves out what follows
    /// the template's own work, and so costs a fraction of [`Compiled::render`].
    pub fn trial(&self, context: &Value) -> Result<(), Fault> {
        let trial = AssertUnwindSafe(|| {
            let converted =
                self.program.context(context).map_err(|spent| Fault::new("variables", 0, Kind::Size, spent.to_string()))?;
            for (name, wanted) in [("subject", self.parts.subject), ("html", self.parts.html), ("text", self.parts.text)] {
                if wanted {
                    let part = self.program.render(name, &converted, Strictness::Send)?;
                    if name == "subject" {
                        check_subject(&part)?;
                    }
                }
            }
            Ok(())
        });
        catch_unwind(trial).unwrap_or_else(|_| Err(panicked("source")))
    }

    fn finish(&self, html: String) -> Result<String, Fault> {
        let finished = match self.markup {
            Pass::Nothing => html,
            Pass::Styles if self.program.styled() => inline(html)?,
            Pass::Styles => html,
            Pass::Mjml => {
                let inlines = html.contains("inline=");
                let compiled = mjml::html(&html)?;
                if inlines { inline(compiled)? } else { compiled }
            }
        };
        if finished.len() > self.limits.output_bytes {
            let message = Spent::Output.to_string();
            return Err(Fault::new("html", 0, Kind::Size, message));
        }
        Ok(finished)
    }

    /// The variables that the template reads, as dotted names; those that it sets itself are not
    /// among them.
    pub fn undeclared(&self) -> Vec<String> {
        self.program.uses().keys().cloned().collect()
    }

    /// The variables that the template cannot do without and `context` does not have: they are
    /// written or looped over, have no default, and no condition around them asks for them.
    pub fn missing(&self, context: &Value) -> Vec<String> {
        self.program
            .uses()
            .iter()
            .filter(|(name, needed)| **needed && resolve(context, name).is_none())
            .map(|(name, _)| name.clone())
            .collect()
    }
}

impl Program {
    fn new(source: &Source, layouts: &BTreeMap<String, Layout>, limits: &Limits) -> Result<Program, Vec<Fault>> {
        Ok(match source.engine {
            Engine::Jinja => Program::Jinja(Box::new(jinja::Program::new(source, layouts, limits)?)),
            Engine::Go => Program::Go(Box::new(go::Program::new(source, layouts, limits)?)),
        })
    }

    fn uses(&self) -> &BTreeMap<String, bool> {
        match self {
            Program::Jinja(program) => program.uses(),
            Program::Go(program) => program.uses(),
        }
    }

    /// Whether the html may hold a style sheet.
    fn styled(&self) -> bool {
        match self {
            Program::Jinja(program) => program.styled(),
            Program::Go(_) => true,
        }
    }

    fn context(&self, context: &Value) -> Result<Context, Spent> {
        match self {
            Program::Jinja(program) => program.context(context).map(Context::Jinja),
            Program::Go(program) => program.context(context).map(Context::Go),
        }
    }

    fn render(&self, part: &str, context: &Context, mode: Strictness) -> Result<String, Fault> {
        match (self, context) {
            (Program::Jinja(program), Context::Jinja(context)) => program.render(part, context, mode),
            (Program::Go(program), Context::Go(context)) => program.render(part, context),
            (Program::Jinja(_), Context::Go(_)) | (Program::Go(_), Context::Jinja(_)) => Err(panicked(part)),
        }
    }
}

/// Avoids a copy when there is nothing to inline.
fn inline(html: String) -> Result<String, Fault> {
    let inlined = match styles::inline(&html)? {
        std::borrow::Cow::Owned(inlined) => Some(inlined),
        std::borrow::Cow::Borrowed(_) => None,
    };
    Ok(inlined.unwrap_or(html))
}

/// A line break in a subject would start another header, so it is never sent, and never silently
/// dropped either: the value it came from is wrong.
fn check_subject(subject: &str) -> Result<(), Fault> {
    let refuse = |message| Err(Fault::new("subject", 0, Kind::Header, message));
    if subject.chars().any(char::is_control) {
        return refuse("the subject has a line break or another control character");
    }
    if subject.len() > SUBJECT {
        return refuse("the subject is longer than a header may be");
    }
    Ok(())
}

fn panicked(part: &str) -> Fault {
    Fault::new(part, 0, Kind::Engine, "the template engine failed")
}
