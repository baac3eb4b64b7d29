//! Prepares a parsed Go template: counts its steps, lets bare names mean variables, and writes a
//! missing value as nothing.
//!
//! Invariant: every body that may run more than once - a range, a template - starts with a step that
//! pays for the nodes in it, so that neither recursion nor nested ranges run unbounded.

use gotmpl::parse::{
    ActionNode, BranchNode, CommandNode, DefineNode, Expr, ListNode, Node, Number, Parser,
    PipeNode, Pos, SmolStr,
};

use super::functions::is_function;
use crate::fault::{Fault, Kind};

/// A parsed source: its own tree, and the templates that it defines.
pub(super) struct Parsed {
    pub(super) main: ListNode,
    pub(super) defines: Vec<DefineNode>,
}

/// Parses and prepares a source.
pub(super) fn parse(part: &str, source: &str) -> Result<Parsed, Fault> {
    let (mut main, mut defines) = Parser::with_name(None, source, "{{", "}}")
        .and_then(Parser::parse)
        .map_err(|e| super::fault(part, &e))?;
    let mut prepare = Prepare {
        part,
        fault: None,
    };
    prepare.body(&mut main, true);
    for define in &mut defines {
        prepare.body(&mut define.body, true);
    }
    match prepare.fault {
        Some(fault) => Err(fault),
        None => Ok(Parsed { main, defines }),
    }
}

struct Prepare<'p> {
    part: &'p str,
    fault: Option<Fault>,
}

impl Prepare<'_> {
    /// Prepares a body; answers how many nodes one run of it walks outside its ranges.
    fn body(&mut self, list: &mut ListNode, counted: bool) -> i64 {
        let mut steps = 1;
        for node in &mut list.nodes {
            steps += self.node(node);
        }
        if counted {
            list.nodes.insert(0, step(list.pos, steps));
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
        let mut steps = self.pipe(&mut branch.pipe);
        let body = self.body(&mut branch.body, repeats);
        if !repeats {
            steps += body;
        }
        if let Some(other) = &mut branch.else_body {
            steps += self.body(other, false);
        }
        steps
    }

    fn pipe(&mut self, pipe: &mut PipeNode) -> i64 {
        let mut steps = 0;
        for command in &mut pipe.commands {
            let alone = command.args.len() == 1;
            for (i, arg) in command.args.iter_mut().enumerate() {
                steps += self.expr(arg, i == 0 && !alone);
            }
        }
        steps
    }

    /// `called` says that the expression has arguments, so it can only be a function.
    fn expr(&mut self, expr: &mut Expr, called: bool) -> i64 {
        match expr {
            Expr::Identifier(pos, name) if !is_function(name) => {
                if called {
                    let message = format!("there is no function {name}");
                    self.fault
                        .get_or_insert(Fault::new(self.part, pos.line, Kind::Unknown, message));
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

fn command(pos: Pos, name: &str, arg: Option<i64>) -> CommandNode {
    let mut args = vec![Expr::Identifier(pos, SmolStr::new(name))];
    args.extend(arg.map(|n| Expr::Number(pos, Number::Int(n))));
    CommandNode { pos, args }
}

/// `{{if __step n}}{{end}}`: an `if` writes nothing, so the escaper leaves it alone.
fn step(pos: Pos, steps: i64) -> Node {
    let pipe = PipeNode {
        pos,
        decl: Vec::new(),
        commands: vec![command(pos, "__step", Some(steps))],
        is_assign: false,
    };
    let body = ListNode {
        pos,
        nodes: Vec::new(),
    };
    Node::If(BranchNode {
        pos,
        pipe,
        body,
        else_body: None,
    })
}

/// Puts `__show` behind the first command of what is written. Not at the end, where the escaper
/// looks for its own.
fn show(action: &mut ActionNode) {
    if action.pipe.decl.is_empty() && !action.pipe.commands.is_empty() {
        action
            .pipe
            .commands
            .insert(1, command(action.pos, "__show", None));
    }
}
