//! Which variables a Go template reads, and which of them it cannot do without. The rules are those
//! of the Jinja side: a condition only asks, a default makes up for a missing value.
//!
//! Invariant: only what is certainly a variable of the message counts. Inside `range` and `with`, and
//! in a template that is called with something else, the dot is another value.

use std::collections::{BTreeMap, BTreeSet};

use gotmpl::parse::{BranchNode, CommandNode, Expr, ListNode, Node, PipeNode, SmolStr};

use super::functions::is_function;
use super::tree::called;

/// Reads the variables of the template `main`, following calls that pass the variables on.
pub(super) fn uses(main: &ListNode, templates: &BTreeMap<String, ListNode>, into: &mut BTreeMap<String, bool>) {
    let mut reader = Reader { found: into, calls: Vec::new(), sure: Vec::new(), asking: false, dot: true };
    let mut seen = BTreeSet::new();
    reader.list(main);
    while let Some(name) = reader.calls.pop() {
        if let Some((name, body)) = templates.get_key_value(&name)
            && seen.insert(name)
        {
            reader.list(body);
        }
    }
}

struct Reader<'u> {
    found: &'u mut BTreeMap<String, bool>,
    /// Templates that are called with the variables of the message.
    calls: Vec<String>,
    sure: Vec<String>,
    asking: bool,
    /// Whether the dot is the variables of the message.
    dot: bool,
}

impl Reader<'_> {
    fn read(&mut self, path: String) {
        let sure = self
            .sure
            .iter()
            .any(|sure| path.strip_prefix(sure.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        *self.found.entry(path).or_insert(false) |= !self.asking && !sure;
    }

    fn list(&mut self, list: &ListNode) {
        for node in &list.nodes {
            match node {
                Node::List(list) => self.list(list),
                Node::Action(action) => self.pipe(&action.pipe),
                Node::If(branch) => {
                    self.ask(&branch.pipe);
                    self.bodies(branch, true, self.dot);
                }
                Node::With(branch) => {
                    self.ask(&branch.pipe);
                    self.bodies(branch, true, false);
                }
                Node::Range(branch) => {
                    self.pipe(&branch.pipe);
                    self.bodies(branch, false, false);
                }
                Node::Template(call) => match &call.pipe {
                    Some(pipe) if self.passes_all(pipe) => self.calls.push(call.name.to_string()),
                    Some(pipe) => self.pipe(pipe),
                    None if self.dot => self.calls.push(call.name.to_string()),
                    None => {}
                },
                Node::Text(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_) => {}
            }
        }
    }

    fn bodies(&mut self, branch: &BranchNode, sure: bool, dot: bool) {
        let before = self.sure.len();
        if sure && let [only] = branch.pipe.commands.as_slice() {
            for arg in &only.args {
                self.sure.extend(self.path(arg));
            }
        }
        let outer = std::mem::replace(&mut self.dot, dot);
        self.list(&branch.body);
        self.dot = outer;
        self.sure.truncate(before);
        if let Some(other) = &branch.else_body {
            self.list(other);
        }
    }

    fn ask(&mut self, pipe: &PipeNode) {
        let outer = std::mem::replace(&mut self.asking, true);
        self.pipe(pipe);
        self.asking = outer;
    }

    fn pipe(&mut self, pipe: &PipeNode) {
        let fallback = pipe.commands.iter().enumerate().any(|(at, command)| falls_back(command, at > 0));
        let outer = self.asking;
        self.asking |= fallback;
        for command in &pipe.commands {
            for arg in &command.args {
                match arg {
                    Expr::Pipe(_, inner) => self.pipe(inner),
                    Expr::Chain(_, inner, _) => {
                        if let Expr::Pipe(_, inner) = inner.as_ref() {
                            self.pipe(inner);
                        }
                    }
                    other => {
                        if let Some(path) = self.path(other) {
                            self.read(path);
                        }
                    }
                }
            }
        }
        self.asking = outer;
    }

    fn path(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Field(_, fields) if self.dot => Some(fields.join(".")),
            Expr::Variable(_, name, fields) if name == "$" && !fields.is_empty() => Some(fields.join(".")),
            Expr::Identifier(_, name) if !is_function(name) => Some(name.to_string()),
            _ => None,
        }
    }

    fn passes_all(&self, pipe: &PipeNode) -> bool {
        let [command] = pipe.commands.as_slice() else {
            return false;
        };
        match command.args.as_slice() {
            [Expr::Dot(_)] => self.dot,
            [Expr::Variable(_, name, fields)] => name == "$" && fields.is_empty(),
            _ => false,
        }
    }
}

fn falls_back(command: &CommandNode, piped: bool) -> bool {
    called(command, piped).is_some_and(|name| matches!(name.as_str(), "default" | "or"))
}

/// The templates that a body calls, with their lines.
pub(super) fn calls(list: &ListNode, into: &mut Vec<(SmolStr, usize)>) {
    for node in &list.nodes {
        match node {
            Node::List(list) => calls(list, into),
            Node::If(branch) | Node::With(branch) | Node::Range(branch) => {
                calls(&branch.body, into);
                if let Some(other) = &branch.else_body {
                    calls(other, into);
                }
            }
            Node::Template(call) => into.push((call.name.clone(), call.pos.line)),
            Node::Text(_) | Node::Action(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_) => {}
        }
    }
}
