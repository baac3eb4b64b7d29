//! Which layouts a template reaches, and whether its text may end in a capture.
//!
//! Invariant: when in doubt text counts as captured, because a wrong "no" would let it grow unpaid.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{Expr, Stmt};

use super::sizes::names;
use super::walk::{Visit, walk_expr, walk_stmt};

/// How deep blocks may run each other.
const BLOCK_DEPTH: usize = 24;

/// A layout that a template names.
pub(super) struct Reference {
    /// The line of the tag.
    pub(super) line: usize,
    /// The names it may mean; none when they are computed, which is refused.
    pub(super) names: Option<Vec<String>>,
    /// Whether a missing layout is a fault.
    pub(super) needed: bool,
}

/// What one template says about others and about itself.
#[derive(Default)]
pub(super) struct References {
    pub(super) layouts: Vec<Reference>,
    /// Another template's text ends in a capture here: an import, or an include inside a capture.
    pub(super) captures_layouts: bool,
    /// `super()`, `self.name()` or `loop(x)` is used as a value, which captures text written
    /// anywhere.
    pub(super) captures_anything: bool,
    /// Which block runs which other, inside it or by `self.name()`.
    pub(super) runs: Vec<(String, String)>,
    capturing: bool,
    block: Option<String>,
}

pub(super) fn references(tree: &Stmt<'_>) -> References {
    let mut found = References::default();
    found.stmt(tree);
    found
}

impl References {
    fn add(&mut self, line: u16, name: &Expr<'_>, needed: bool) {
        let names = names(name);
        // Of several names the first that exists is taken.
        let needed = needed && !matches!(name, Expr::List(_) | Expr::Tuple(_));
        self.layouts.push(Reference { line: usize::from(line), names, needed });
    }

    fn run(&mut self, name: &str) {
        if let Some(block) = &self.block {
            self.runs.push((block.clone(), name.to_owned()));
        }
    }

    fn run_called(&mut self, expr: &Expr<'_>) {
        if let Expr::Call(call) = expr
            && let Expr::GetAttr(a) = &call.expr
            && matches!(&a.expr, Expr::Var(v) if v.id == "self")
        {
            self.run(a.name);
        }
    }

    fn captured(&mut self, visit: impl FnOnce(&mut References)) {
        let outer = std::mem::replace(&mut self.capturing, true);
        visit(self);
        self.capturing = outer;
    }
}

impl<'a> Visit<'a> for References {
    fn stmt(&mut self, stmt: &Stmt<'a>) {
        match stmt {
            Stmt::Template(s) => {
                let child = s.children.iter().any(|s| matches!(s, Stmt::Extends(_)));
                for stmt in &s.children {
                    if child && !matches!(stmt, Stmt::Block(_)) {
                        // Written into nothing: as endless as a capture.
                        self.captured(|found| found.stmt(stmt));
                    } else {
                        self.stmt(stmt);
                    }
                }
            }
            Stmt::Extends(s) => self.add(s.span().start_line, &s.name, true),
            Stmt::Include(s) => {
                self.captures_layouts |= self.capturing;
                self.add(s.span().start_line, &s.name, !s.ignore_missing);
            }
            Stmt::Import(s) => {
                self.captures_layouts = true;
                self.add(s.span().start_line, &s.expr, true);
            }
            Stmt::FromImport(s) => {
                self.captures_layouts = true;
                self.add(s.span().start_line, &s.expr, true);
            }
            Stmt::EmitExpr(s) => match &s.expr {
                // Written in place, so only its arguments are values.
                Expr::Call(call) if value_of_text(&s.expr) => {
                    self.captures_anything |= self.capturing;
                    self.run_called(&s.expr);
                    self.args(&call.args);
                }
                e => self.expr(e),
            },
            // A child may put its own text here.
            Stmt::Block(s) => {
                self.captures_anything |= self.capturing;
                self.run(s.name);
                let outer = self.block.replace(s.name.to_owned());
                self.body(&s.body);
                self.block = outer;
            }
            Stmt::SetBlock(_) | Stmt::FilterBlock(_) | Stmt::Macro(_) | Stmt::CallBlock(_) => {
                self.captured(|found| walk_stmt(found, stmt));
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn expr(&mut self, expr: &Expr<'a>) {
        self.captures_anything |= value_of_text(expr);
        self.run_called(expr);
        walk_expr(self, expr);
    }
}

/// Whether blocks run each other deeper than the stack should hold, or without end.
pub(super) fn blocks_too_deep<'r>(all: impl Iterator<Item = &'r References>) -> bool {
    let runs: Vec<&(String, String)> = all.flat_map(|r| &r.runs).collect();
    // Longest ways by their last block, one step longer in each round.
    let mut reached: BTreeSet<&str> = runs.iter().map(|(_, to)| to.as_str()).collect();
    for _ in 0..BLOCK_DEPTH {
        reached = runs.iter().filter(|(from, _)| reached.contains(from.as_str())).map(|(_, to)| to.as_str()).collect();
    }
    !reached.is_empty()
}

/// `super()`, `self.name()` and `loop(x)`: calls whose value is text written elsewhere.
pub(super) fn value_of_text(e: &Expr<'_>) -> bool {
    let Expr::Call(call) = e else { return false };
    match &call.expr {
        Expr::Var(v) => matches!(v.id, "super" | "loop"),
        Expr::GetAttr(a) => matches!(&a.expr, Expr::Var(v) if v.id == "self"),
        _ => false,
    }
}
