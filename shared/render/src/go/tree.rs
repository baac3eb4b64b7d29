//! Prepares a parsed Go template: what may grow is paid for, bare names mean variables, and a missing
//! value is written as nothing.
//!
//! Invariants: every body that may run more than once - a range, a template - starts with a step that
//! pays for the nodes in it, so neither recursion nor nested ranges run unbounded; and what a
//! function of the engine reads, or a variable keeps, has been paid for.

use gotmpl::parse::{
    ActionNode, BranchNode, CommandNode, DefineNode, Expr, ListNode, Node, Number, Parser, PipeNode, Pos, SmolStr,
};

use super::functions::{is_function, reads};
use crate::fault::{Fault, Kind};

/// A parsed source: its own tree, and the templates that it defines.
pub(super) struct Parsed {
    pub(super) main: ListNode,
    pub(super) defines: Vec<DefineNode>,
}

/// `else if` branches of one source. Each nests the tree, which the parser does not count.
const BRANCHES: usize = 100;

/// Parses a source as the author wrote it.
pub(super) fn parse(part: &str, source: &str) -> Result<Parsed, Fault> {
    let branches = source.split("{{").filter(|tag| {
        let inside = tag.trim_start_matches('-').trim_start();
        let rest = inside.strip_prefix("else").map(str::trim_start);
        rest.is_some_and(|rest| rest.starts_with("if") || rest.starts_with("with"))
    });
    if branches.count() > BRANCHES {
        let message = "the source has too many else if branches";
        return Err(Fault::new(part, 0, Kind::Refused, message));
    }
    Parser::with_name(None, source, "{{", "}}")
        .and_then(Parser::parse)
        .map(|(main, defines)| Parsed { main, defines })
        .map_err(|e| super::fault(part, &e))
}

/// Expressions of one body, and of one call.
const NODES: usize = 20_000;
const ARGUMENTS: usize = 100;

/// Prepares a body for running; the fault is a function that does not exist, or too much of all.
pub(super) fn prepare(part: &str, body: &mut ListNode) -> Result<(), Fault> {
    let mut prepare = Prepare { part, nodes: 0, fault: None };
    prepare.body(body, true);
    prepare.fault.map_or(Ok(()), Err)
}

struct Prepare<'p> {
    part: &'p str,
    nodes: usize,
    fault: Option<Fault>,
}

impl Prepare<'_> {
    /// Prepares a body; answers how many nodes one run of it walks outside its ranges.
    fn body(&mut self, list: &mut ListNode, repeats: bool) -> i64 {
        let mut steps = 1;
        for node in &mut list.nodes {
            steps += self.node(node);
        }
        if repeats {
            list.nodes.insert(0, step(list.pos, steps));
            return 0;
        }
        steps
    }

    fn node(&mut self, node: &mut Node) -> i64 {
        1 + match node {
            Node::List(list) => self.body(list, false),
            Node::Text(_) | Node::Define(_) | Node::Break(_) | Node::Continue(_) => 0,
            Node::Action(action) => {
                let steps = self.pipe(&mut action.pipe);
                show(action);
                steps
            }
            Node::If(branch) | Node::With(branch) => self.branch(branch, false),
            Node::Range(branch) => self.branch(branch, true),
            Node::Template(call) => call.pipe.as_mut().map_or(0, |pipe| self.pipe(pipe)),
        }
    }

    fn branch(&mut self, branch: &mut BranchNode, repeats: bool) -> i64 {
        let mut steps = self.pipe(&mut branch.pipe) + self.body(&mut branch.body, repeats);
        if let Some(other) = &mut branch.else_body {
            steps += self.body(other, false);
        }
        steps
    }

    fn pipe(&mut self, pipe: &mut PipeNode) -> i64 {
        let mut steps = 0;
        let mut commands = Vec::with_capacity(pipe.commands.len());
        for (at, mut command) in std::mem::take(&mut pipe.commands).into_iter().enumerate() {
            self.nodes += command.args.len();
            if self.nodes > NODES || command.args.len() > ARGUMENTS {
                let message = "the source has too many tags, or one is too long";
                let fault = Fault::new(self.part, command.pos.line, Kind::Refused, message);
                self.fault.get_or_insert(fault);
                return steps;
            }
            let function = called(&command, at > 0);
            for (i, arg) in command.args.iter_mut().enumerate() {
                steps += self.expr(arg, i == 0 && function.is_some());
            }
            if function.as_deref().is_some_and(reads) {
                pay(&mut command, function.as_deref() == Some("printf"));
                if at > 0 {
                    commands.push(self::command(command.pos, "__cost", None));
                }
            }
            commands.push(command);
        }
        pipe.commands = commands;
        if !pipe.decl.is_empty() {
            pipe.commands.push(command(pipe.pos, "__keep", None));
        }
        steps
    }

    fn expr(&mut self, expr: &mut Expr, called: bool) -> i64 {
        match expr {
            Expr::Identifier(pos, name) if !is_function(name) => {
                if called {
                    let message = format!("there is no function {name}");
                    self.fault.get_or_insert(Fault::new(self.part, pos.line, Kind::Unknown, message));
                } else {
                    // The older bare form: `{{firstName}}` is `{{$.firstName}}`.
                    *expr = Expr::Variable(*pos, SmolStr::new("$"), vec![name.clone()]);
                }
                1
            }
            Expr::Pipe(_, pipe) => self.pipe(pipe),
            Expr::Chain(_, inner, _) => self.expr(inner, called),
            Expr::Identifier(..)
            | Expr::Dot(_)
            | Expr::Field(..)
            | Expr::Variable(..)
            | Expr::String(..)
            | Expr::Number(..)
            | Expr::Bool(..)
            | Expr::Nil(_) => 1,
        }
    }
}

/// The function that a command calls with arguments, or behind a pipe.
pub(super) fn called(command: &CommandNode, piped: bool) -> Option<String> {
    if command.args.len() < 2 && !piped {
        return None;
    }
    match command.args.first()? {
        Expr::Identifier(_, name) => Some(name.to_string()),
        Expr::Chain(_, inner, _) => match inner.as_ref() {
            Expr::Identifier(_, name) => Some(name.to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// Puts `__cost` around the arguments of a call. A literal costs nothing, unless it is a format.
fn pay(call: &mut CommandNode, format: bool) {
    for (i, arg) in call.args.iter_mut().enumerate().skip(1) {
        let guard = match arg {
            _ if i == 1 && format => "__format",
            Expr::String(..) | Expr::Number(..) | Expr::Bool(..) | Expr::Nil(_) => continue,
            _ => "__cost",
        };
        let pos = arg.pos();
        let value = std::mem::replace(arg, Expr::Nil(pos));
        let mut guarded = command(pos, guard, None);
        guarded.args.push(value);
        let pipe = PipeNode { pos, decl: Vec::new(), commands: vec![guarded], is_assign: false };
        *arg = Expr::Pipe(pos, pipe);
    }
}

fn command(pos: Pos, name: &str, arg: Option<i64>) -> CommandNode {
    let mut args = vec![Expr::Identifier(pos, SmolStr::new(name))];
    args.extend(arg.map(|n| Expr::Number(pos, Number::Int(n))));
    CommandNode { pos, args }
}

/// `{{if __step n}}{{end}}`: an `if` writes nothing, so the escaper leaves it alone.
fn step(pos: Pos, steps: i64) -> Node {
    let pipe = PipeNode { pos, decl: Vec::new(), commands: vec![command(pos, "__step", Some(steps))], is_assign: false };
    let body = ListNode { pos, nodes: Vec::new() };
    Node::If(BranchNode { pos, pipe, body, else_body: None })
}

/// Puts `__show` behind the first command of what is written; not at the end, where the escaper
/// looks for its own.
fn show(action: &mut ActionNode) {
    if action.pipe.decl.is_empty() && !action.pipe.commands.is_empty() {
        action.pipe.commands.insert(1, command(action.pos, "__show", None));
    }
}
