//! Visits every statement and expression of a syntax tree in source order.
//!
//! Invariant: the matches here are complete, so that a new kind of node in the engine fails to
//! compile instead of slipping past a check.

use minijinja::machinery::ast::{CallArg, Expr, Stmt};

/// Receives the nodes of a tree. The defaults only descend.
pub(super) trait Visit<'a> {
    fn stmt(&mut self, stmt: &Stmt<'a>) {
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, expr: &Expr<'a>) {
        walk_expr(self, expr);
    }

    fn body(&mut self, body: &[Stmt<'a>]) {
        for stmt in body {
            self.stmt(stmt);
        }
    }

    fn args(&mut self, args: &[CallArg<'a>]) {
        for arg in args {
            let (CallArg::Pos(e) | CallArg::Kwarg(_, e) | CallArg::PosSplat(e) | CallArg::KwargSplat(e)) = arg;
            self.expr(e);
        }
    }
}

pub(super) fn walk_stmt<'a, V: Visit<'a> + ?Sized>(v: &mut V, stmt: &Stmt<'a>) {
    match stmt {
        Stmt::Template(s) => v.body(&s.children),
        Stmt::EmitExpr(s) => v.expr(&s.expr),
        Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
        Stmt::ForLoop(s) => {
            v.expr(&s.iter);
            if let Some(filter) = &s.filter_expr {
                v.expr(filter);
            }
            v.body(&s.body);
            v.body(&s.else_body);
        }
        Stmt::IfCond(s) => {
            v.expr(&s.expr);
            v.body(&s.true_body);
            v.body(&s.false_body);
        }
        Stmt::WithBlock(s) => {
            for (_, value) in &s.assignments {
                v.expr(value);
            }
            v.body(&s.body);
        }
        Stmt::Set(s) => v.expr(&s.expr),
        Stmt::SetBlock(s) => {
            v.body(&s.body);
            if let Some(filter) = &s.filter {
                v.expr(filter);
            }
        }
        Stmt::AutoEscape(s) => {
            v.expr(&s.enabled);
            v.body(&s.body);
        }
        Stmt::FilterBlock(s) => {
            v.body(&s.body);
            v.expr(&s.filter);
        }
        Stmt::Block(s) => v.body(&s.body),
        Stmt::Import(s) => v.expr(&s.expr),
        Stmt::FromImport(s) => v.expr(&s.expr),
        Stmt::Extends(s) => v.expr(&s.name),
        Stmt::Include(s) => v.expr(&s.name),
        Stmt::Macro(s) => {
            for default in &s.defaults {
                v.expr(default);
            }
            v.body(&s.body);
        }
        Stmt::CallBlock(s) => {
            v.expr(&s.call.expr);
            v.args(&s.call.args);
            for default in &s.macro_decl.defaults {
                v.expr(default);
            }
            v.body(&s.macro_decl.body);
        }
        Stmt::Do(s) => {
            v.expr(&s.call.expr);
            v.args(&s.call.args);
        }
    }
}

pub(super) fn walk_expr<'a, V: Visit<'a> + ?Sized>(v: &mut V, expr: &Expr<'a>) {
    match expr {
        Expr::Var(_) | Expr::Const(_) => {}
        Expr::Slice(e) => {
            v.expr(&e.expr);
            for bound in [&e.start, &e.stop, &e.step].into_iter().flatten() {
                v.expr(bound);
            }
        }
        Expr::UnaryOp(e) => v.expr(&e.expr),
        Expr::BinOp(e) => {
            v.expr(&e.left);
            v.expr(&e.right);
        }
        Expr::Compare(e) => {
            v.expr(&e.expr);
            for op in &e.ops {
                v.expr(&op.expr);
            }
        }
        Expr::IfExpr(e) => {
            v.expr(&e.test_expr);
            v.expr(&e.true_expr);
            if let Some(other) = &e.false_expr {
                v.expr(other);
            }
        }
        Expr::Filter(e) => {
            if let Some(value) = &e.expr {
                v.expr(value);
            }
            v.args(&e.args);
        }
        Expr::Test(e) => {
            v.expr(&e.expr);
            v.args(&e.args);
        }
        Expr::GetAttr(e) => v.expr(&e.expr),
        Expr::GetItem(e) => {
            v.expr(&e.expr);
            v.expr(&e.subscript_expr);
        }
        Expr::Call(e) => {
            v.expr(&e.expr);
            v.args(&e.args);
        }
        Expr::List(e) => e.items.iter().for_each(|item| v.expr(item)),
        Expr::Tuple(e) => e.items.iter().for_each(|item| v.expr(item)),
        Expr::Map(e) => {
            for (key, value) in e.keys.iter().zip(&e.values) {
                v.expr(key);
                v.expr(value);
            }
        }
    }
}
