//! Looks at the printed form of a template once more before it is compiled: whatever may grow has to
//! stand behind a guard.
//!
//! This repeats what `rewrite` promises, on what the parser made of its output. Printing and parsing
//! are each other's inverse only as long as nobody forgets a case, and here a forgotten case would let
//! one tenant take the memory of all.
//!
//! Invariant: a template that does not pass is never compiled. It is our fault, not its author's.

#![expect(clippy::wildcard_enum_match_arm, reason = "only some nodes are guarded; walk.rs is the complete match")]

use minijinja::machinery::ast::{BinOp, BinOpKind, CallArg, Expr, Stmt};

use super::references::value_of_text;
use super::sizes::{few_literals, is_range, known, near, number, scalar};
use super::targets::dotted;
use super::walk::{Visit, walk_expr, walk_stmt};

/// Whether everything in the tree of a printed template is guarded.
pub(super) fn guarded(tree: &Stmt<'_>) -> bool {
    let mut check = Check { holds: true };
    check.stmt(tree);
    check.holds
}

struct Check {
    holds: bool,
}

impl Check {
    fn stored(&mut self, e: &Expr<'_>) {
        self.holds &= known(e) || number(e) || filtered(e, &["__keep"]);
    }

    fn read(&mut self, e: &Expr<'_>) {
        self.holds &= scalar(e) || filtered(e, &["__cost"]);
    }

    fn operator(&mut self, op: &BinOp<'_>) {
        let (l, r) = (&op.left, &op.right);
        let free = match op.op {
            BinOpKind::Concat => {
                self.holds = false;
                false
            }
            BinOpKind::Mul => {
                self.holds &= number(l) && number(r);
                true
            }
            BinOpKind::Add => number(l) || number(r),
            BinOpKind::In => few_literals(r),
            BinOpKind::Eq | BinOpKind::Ne | BinOpKind::Lt | BinOpKind::Lte | BinOpKind::Gt | BinOpKind::Gte => {
                scalar(l) || scalar(r)
            }
            BinOpKind::Sub
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::Pow
            | BinOpKind::ScAnd
            | BinOpKind::ScOr => true,
        };
        if !free {
            self.read(l);
            self.read(r);
        }
    }
}

impl<'a> Visit<'a> for Check {
    fn stmt(&mut self, stmt: &Stmt<'a>) {
        match stmt {
            Stmt::ForLoop(s) if is_range(&s.iter) => {}
            Stmt::ForLoop(s) => self.stored(&s.iter),
            Stmt::WithBlock(s) => s.assignments.iter().for_each(|(_, e)| self.stored(e)),
            // A list of names takes what it unpacks, a field only what was looked at.
            Stmt::Set(s) if dotted(&s.target) => self.holds &= filtered(&s.expr, &["__field"]),
            Stmt::Set(s) => self.stored(&s.expr),
            Stmt::SetBlock(s) => {
                let filter = s.filter.as_ref();
                self.holds &= filter.is_some_and(|f| filtered(f, &["__keep", "__field"]));
            }
            Stmt::Macro(s) => s.defaults.iter().for_each(|e| self.stored(e)),
            Stmt::CallBlock(s) => s.macro_decl.defaults.iter().for_each(|e| self.stored(e)),
            Stmt::Do(_) => self.holds = false,
            _ => {}
        }
        walk_stmt(self, stmt);
    }

    fn expr(&mut self, e: &Expr<'a>) {
        match e {
            Expr::Slice(_) => self.holds = false,
            Expr::BinOp(op) => self.operator(op),
            Expr::Compare(c) => {
                self.read(&c.expr);
                c.ops.iter().for_each(|op| self.read(&op.expr));
            }
            Expr::GetItem(g) => {
                self.read(&g.subscript_expr);
                self.holds &= near(&g.subscript_expr) || filtered(&g.expr, &["__base"]);
            }
            Expr::Call(c) => {
                let text = value_of_text(e);
                let of_loop = matches!(&c.expr, Expr::GetAttr(a) if matches!(&a.expr, Expr::Var(v) if v.id == "loop"));
                for arg in &c.args {
                    match arg {
                        CallArg::Pos(e) if of_loop => self.read(e),
                        CallArg::Pos(e) | CallArg::Kwarg(_, e) => self.stored(e),
                        CallArg::PosSplat(e) | CallArg::KwargSplat(e) => self.read(e),
                    }
                }
                // `loop` and `super` are names only where they are called.
                if text {
                    self.args(&c.args);
                    return;
                }
            }
            Expr::Var(v) => self.holds &= !matches!(v.id, "super" | "not" | "if" | "else"),
            _ => {}
        }
        walk_expr(self, e);
    }
}

fn filtered(e: &Expr<'_>, guards: &[&str]) -> bool {
    matches!(e, Expr::Filter(f) if guards.contains(&f.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use minijinja::machinery::parse;
    use minijinja::syntax::SyntaxConfig;

    fn holds(template: &str) -> bool {
        guarded(&parse(template, "t", SyntaxConfig::default()).unwrap())
    }

    #[test]
    fn what_may_grow_is_seen() {
        for bare in [
            "{{ a ~ b }}",
            "{{ a * b }}",
            "{{ 'x' * 9 }}",
            "{{ a + b }}",
            "{{ a|__cost + b }}",
            "{{ a == b }}",
            "{{ a < b|__cost < 3 }}",
            "{{ a in b }}",
            "{{ a[1:] }}",
            "{{ a[b] }}",
            "{{ a[b|__cost] }}",
            "{{ a[-1] }}",
            "{{ a[99999] }}",
            "{{ loop.changed(a) }}",
            "{{ f([a]) }}",
            "{{ f(x=[a]) }}",
            "{{ f(*a) }}",
            "{% set x = [a] %}",
            "{% set x.y = [a] %}",
            "{% set x.y = a %}",
            "{% set x.y = [a]|__keep %}",
            "{% set x = range(3) %}",
            "{% set x, y.z = [a]|__keep %}",
            "{% set x %}{% endset %}",
            "{% set x | upper %}{% endset %}",
            "{% with x = [a] %}{% endwith %}",
            "{% for x in [a] %}{% endfor %}",
            "{% macro m(x=[a]) %}{% endmacro %}",
            "{% do f() %}",
            "{{ 1 + not(a) }}",
        ] {
            assert!(!holds(bare), "{bare}");
        }
    }

    #[test]
    fn what_cannot_grow_passes() {
        for fine in [
            "{{ a }}{{ a.b[0]['c'] }}{{ a|upper }}",
            "{{ 1 + a }}{{ a - b }}{{ 2 * 3 }}{{ a == 'x' }}{{ a in ['x', 1] }}",
            "{{ a['b'] }}{{ (a|__base)[-1] }}{{ (a|__base)[b|__cost] }}{{ loop.changed(a|__cost) }}",
            "{{ a|__cost + b|__cost }}{{ a|__cost == b|__cost }}{{ a|__join(b) }}",
            "{% set x = a.b %}{% set y = [a]|__keep %}{% set z.y = [a]|__field %}",
            "{% set x | upper | __keep %}{% endset %}{% for i in range(3) %}{% endfor %}",
            "{{ f(a, 1, [b]|__keep) }}{{ super() }}",
        ] {
            assert!(holds(fine), "{fine}");
        }
    }
}
