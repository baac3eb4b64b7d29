//! Which variables a template reads, and which of them it cannot do without.
//!
//! A variable is needed when its value is written or looped over. It is not when a default stands
//! next to it, or when it is only asked about: the condition of an `if` and everything that the
//! condition makes sure of.
//!
//! Invariant: names that some tag of the template set gives a value never count, wherever they are
//! read, so a message is not refused for a variable that the template sets itself.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::machinery::ast::{BinOpKind, Expr, Stmt, UnaryOpKind};

use super::rewrite::RESERVED;
use super::walk::{Visit, walk_expr, walk_stmt};

/// Dotted names, and whether each is needed.
pub(super) type Uses = BTreeMap<String, bool>;

/// The names that any tag of `trees` gives a value.
pub(super) fn assigned<'t, 'a: 't>(trees: impl Iterator<Item = &'t Stmt<'a>>) -> BTreeSet<String> {
    let mut found = Assigned::default();
    trees.for_each(|tree| found.stmt(tree));
    found.0
}

/// The variables that `tree` reads.
pub(super) fn uses(tree: &Stmt<'_>, assigned: &BTreeSet<String>, into: &mut Uses) {
    let mut reader = Reader { assigned, found: into, sure: Vec::new(), asking: false };
    reader.stmt(tree);
}

#[derive(Default)]
struct Assigned(BTreeSet<String>);

impl Assigned {
    fn target(&mut self, target: &Expr<'_>) {
        match target {
            Expr::Var(v) => {
                self.0.insert(v.id.to_owned());
            }
            Expr::List(l) => l.items.iter().for_each(|item| self.target(item)),
            _ => {}
        }
    }
}

impl<'a> Visit<'a> for Assigned {
    fn stmt(&mut self, stmt: &Stmt<'a>) {
        match stmt {
            Stmt::ForLoop(s) => self.target(&s.target),
            Stmt::WithBlock(s) => s.assignments.iter().for_each(|(t, _)| self.target(t)),
            Stmt::Set(s) => self.target(&s.target),
            Stmt::SetBlock(s) => self.target(&s.target),
            Stmt::Import(s) => self.target(&s.name),
            Stmt::FromImport(s) => {
                for (name, alias) in &s.names {
                    self.target(alias.as_ref().unwrap_or(name));
                }
            }
            Stmt::Macro(s) => {
                self.0.insert(s.name.to_owned());
                s.args.iter().for_each(|arg| self.target(arg));
            }
            Stmt::CallBlock(s) => s.macro_decl.args.iter().for_each(|arg| self.target(arg)),
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, _: &Expr<'a>) {}
}

struct Reader<'u> {
    assigned: &'u BTreeSet<String>,
    found: &'u mut Uses,
    /// Names that the conditions around this place have asked about.
    sure: Vec<String>,
    /// Whether this place only asks.
    asking: bool,
}

impl Reader<'_> {
    fn read(&mut self, path: String) {
        let root = path.split('.').next().unwrap_or_default();
        if RESERVED.contains(&root) || self.assigned.contains(root) {
            return;
        }
        // `{% if contact.company %}` is sure of `contact.company.name` as well.
        let sure = self
            .sure
            .iter()
            .any(|sure| path.strip_prefix(sure.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        *self.found.entry(path).or_insert(false) |= !self.asking && !sure;
    }

    fn ask(&mut self, visit: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.asking, true);
        visit(self);
        self.asking = outer;
    }

    fn given(&mut self, condition: &Expr<'_>, visit: impl FnOnce(&mut Self)) {
        let before = self.sure.len();
        asked(condition, &mut self.sure);
        visit(self);
        self.sure.truncate(before);
    }
}

impl<'a> Visit<'a> for Reader<'_> {
    fn stmt(&mut self, stmt: &Stmt<'a>) {
        match stmt {
            Stmt::IfCond(s) => {
                self.ask(|r| r.expr(&s.expr));
                self.given(&s.expr, |r| r.body(&s.true_body));
                self.body(&s.false_body);
            }
            // Which layout to take is the template's own business.
            Stmt::Extends(_) | Stmt::Include(_) | Stmt::Import(_) | Stmt::FromImport(_) => {
                self.ask(|r| walk_stmt(r, stmt));
            }
            _ => walk_stmt(self, stmt),
        }
    }

    fn expr(&mut self, e: &Expr<'a>) {
        if let Some(path) = path(e) {
            self.read(path);
            return;
        }
        match e {
            Expr::Filter(f) if matches!(f.name, "default" | "d") => {
                self.ask(|r| f.expr.iter().for_each(|e| r.expr(e)));
                self.args(&f.args);
            }
            Expr::Test(t) if matches!(t.name, "defined" | "undefined" | "none") => {
                self.ask(|r| r.expr(&t.expr));
            }
            Expr::UnaryOp(op) if matches!(op.op, UnaryOpKind::Not) => {
                self.ask(|r| r.expr(&op.expr));
            }
            Expr::BinOp(op) if matches!(op.op, BinOpKind::ScOr) => {
                self.ask(|r| r.expr(&op.left));
                self.expr(&op.right);
            }
            Expr::BinOp(op) if matches!(op.op, BinOpKind::ScAnd) => {
                self.ask(|r| r.expr(&op.left));
                self.given(&op.left, |r| r.expr(&op.right));
            }
            Expr::IfExpr(c) => {
                self.ask(|r| r.expr(&c.test_expr));
                self.given(&c.test_expr, |r| r.expr(&c.true_expr));
                c.false_expr.iter().for_each(|e| self.expr(e));
            }
            Expr::Call(c) => {
                match &c.expr {
                    // A function, or a macro of another file: not a variable.
                    Expr::Var(_) => {}
                    // `name.upper()` reads the name.
                    Expr::GetAttr(a) => self.expr(&a.expr),
                    callee => self.expr(callee),
                }
                self.args(&c.args);
            }
            _ => walk_expr(self, e),
        }
    }
}

/// The dotted name that an expression spells, up to the first computed step.
fn path(e: &Expr<'_>) -> Option<String> {
    match e {
        Expr::Var(v) => Some(v.id.to_owned()),
        Expr::GetAttr(a) => Some(format!("{}.{}", path(&a.expr)?, a.name)),
        Expr::GetItem(g) => match &g.subscript_expr {
            Expr::Const(c) if c.value.as_str().is_some() || c.value.is_integer() => {
                Some(format!("{}.{}", path(&g.expr)?, c.value))
            }
            _ => None,
        },
        _ => None,
    }
}

/// The names that hold a value wherever `condition` does.
fn asked(condition: &Expr<'_>, into: &mut Vec<String>) {
    if let Some(path) = path(condition) {
        into.push(path);
        return;
    }
    match condition {
        Expr::BinOp(op) if matches!(op.op, BinOpKind::ScAnd) => {
            asked(&op.left, into);
            asked(&op.right, into);
        }
        Expr::BinOp(op) if !matches!(op.op, BinOpKind::ScOr | BinOpKind::Ne) => {
            into.extend([path(&op.left), path(&op.right)].into_iter().flatten());
        }
        Expr::Test(t) if t.name == "defined" => asked(&t.expr, into),
        Expr::Filter(f) => f.expr.iter().for_each(|e| asked(e, into)),
        _ => {}
    }
}
