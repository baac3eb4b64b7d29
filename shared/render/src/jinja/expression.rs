//! Prints expressions with guards on what may build or look through something large.
//!
//! Invariant: every operator that can read or make text, lists or maps gets operands that were paid
//! for; operators on numbers and comparisons with a literal, which cannot, are left as they are, so
//! that ordinary templates run at the engine's own speed.

use super::filters;
use super::rewrite::{Rewriter, Scope};
use super::sizes::{few_literals, known, near, number, scalar};
use crate::fault::Kind;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{BinOp, BinOpKind, Call, CallArg, CompareOpKind, Expr, Slice, UnaryOpKind};

/// Words that are operators.
const OPERATORS: [&str; 7] = ["and", "else", "if", "in", "is", "not", "or"];

/// What a call does with its arguments.
#[derive(Clone, Copy)]
enum Argument {
    /// They become variables.
    Stored,
    /// They are looked through.
    Read,
    /// The filter or test looks after them.
    Checked,
}

impl Rewriter<'_> {
    /// Prints an expression in the form in which it can stand anywhere.
    pub(super) fn expr(&mut self, e: &Expr<'_>) {
        match e {
            Expr::Var(v) => {
                if matches!(v.id, "loop" | "self" | "super") {
                    let message = format!("{} can only be called or looked into", v.id);
                    self.refuse(v.span(), message);
                }
                // The parser takes these for names where no operator can stand.
                if OPERATORS.contains(&v.id) {
                    self.refuse(v.span(), format!("{} is not a name", v.id));
                }
                self.push(v.id);
            }
            Expr::Const(c) => self.literal(&c.value),
            Expr::Slice(s) => self.slice(s),
            Expr::UnaryOp(op) => {
                self.push(match op.op {
                    UnaryOpKind::Not => "(not ",
                    UnaryOpKind::Neg => "(- ",
                });
                self.expr(&op.expr);
                self.push(")");
            }
            Expr::BinOp(op) => self.operator(op),
            Expr::Compare(c) => {
                self.push("(");
                self.costed(&c.expr);
                for op in &c.ops {
                    self.push(match op.op {
                        CompareOpKind::Eq => " == ",
                        CompareOpKind::Ne => " != ",
                        CompareOpKind::Lt => " < ",
                        CompareOpKind::Lte => " <= ",
                        CompareOpKind::Gt => " > ",
                        CompareOpKind::Gte => " >= ",
                        CompareOpKind::In => " in ",
                        CompareOpKind::NotIn => " not in ",
                    });
                    self.costed(&op.expr);
                }
                self.push(")");
            }
            Expr::IfExpr(c) => {
                self.push("(");
                self.expr(&c.true_expr);
                self.push(" if ");
                self.expr(&c.test_expr);
                if let Some(other) = &c.false_expr {
                    self.push(" else ");
                    self.expr(other);
                }
                self.push(")");
            }
            Expr::Filter(_) => {
                self.push("(");
                self.chain(e);
                self.push(")");
            }
            Expr::Test(t) => {
                let name = plain(t.name);
                if !filters::is_test(&name) {
                    self.fault(t.span(), Kind::Unknown, format!("there is no test {name}"));
                }
                self.push("(");
                self.expr(&t.expr);
                self.push(" is ");
                self.push(&name);
                if !t.args.is_empty() {
                    self.args(&t.args, Argument::Checked);
                }
                self.push(")");
            }
            Expr::GetAttr(a) => {
                match &a.expr {
                    // `loop.index` works in an include too, where the loop is not in sight.
                    Expr::Var(v) if matches!(v.id, "loop" | "self") => self.push(v.id),
                    base => self.expr(base),
                }
                self.push(".");
                self.push(a.name);
            }
            Expr::GetItem(g) => {
                if near(&g.subscript_expr) {
                    self.expr(&g.expr);
                } else {
                    self.push("((");
                    self.expr(&g.expr);
                    self.push(")|__base)");
                }
                self.push("[");
                self.costed(&g.subscript_expr);
                self.push("]");
            }
            Expr::Call(c) => self.call(c),
            Expr::List(l) => {
                self.push("[");
                for item in &l.items {
                    self.expr(item);
                    self.push(", ");
                }
                self.push("]");
            }
            Expr::Tuple(t) => {
                self.push("(");
                for item in &t.items {
                    self.expr(item);
                    self.push(", ");
                }
                self.push(")");
            }
            Expr::Map(m) => {
                self.push("{");
                for (key, value) in m.keys.iter().zip(&m.values) {
                    self.costed(key);
                    self.push(": ");
                    self.expr(value);
                    self.push(", ");
                }
                self.push("}");
            }
        }
    }

    /// Prints an expression whose value will outlive it.
    pub(super) fn stored(&mut self, e: &Expr<'_>) {
        if known(e) || number(e) {
            self.expr(e);
        } else {
            self.push("(");
            self.expr(e);
            self.push(")|__keep");
        }
    }

    /// Prints an operand that is about to be read as a whole.
    pub(super) fn costed(&mut self, e: &Expr<'_>) {
        if scalar(e) {
            self.expr(e);
        } else {
            self.push("((");
            self.expr(e);
            self.push(")|__cost)");
        }
    }

    fn operator(&mut self, op: &BinOp<'_>) {
        let (l, r) = (&op.left, &op.right);
        let numbers = number(l) && number(r);
        let (sign, guarded) = match op.op {
            BinOpKind::Eq => (" == ", !(scalar(l) || scalar(r))),
            BinOpKind::Ne => (" != ", !(scalar(l) || scalar(r))),
            BinOpKind::Lt => (" < ", !(scalar(l) || scalar(r))),
            BinOpKind::Lte => (" <= ", !(scalar(l) || scalar(r))),
            BinOpKind::Gt => (" > ", !(scalar(l) || scalar(r))),
            BinOpKind::Gte => (" >= ", !(scalar(l) || scalar(r))),
            BinOpKind::In => (" in ", !few_literals(r)),
            // Adding a number to anything else fails without reading it.
            BinOpKind::Add => (" + ", !(number(l) || number(r))),
            BinOpKind::Sub => (" - ", false),
            BinOpKind::Div => (" / ", false),
            BinOpKind::FloorDiv => (" // ", false),
            BinOpKind::Rem => (" % ", false),
            BinOpKind::Pow => (" ** ", false),
            BinOpKind::ScAnd => (" and ", false),
            BinOpKind::ScOr => (" or ", false),
            BinOpKind::Mul if numbers => (" * ", false),
            BinOpKind::Mul => return self.pair(l, "__times", &[r]),
            BinOpKind::Concat => {
                // One filter for the whole chain copies each piece once.
                let mut pieces = Vec::new();
                let first = concatenated(op, &mut pieces);
                return self.pair(first, "__join", &pieces);
            }
        };
        self.push("(");
        for (side, between) in [(l, sign), (r, ")")] {
            if guarded {
                self.costed(side);
            } else {
                self.expr(side);
            }
            self.push(between);
        }
    }

    fn pair(&mut self, first: &Expr<'_>, guard: &str, others: &[&Expr<'_>]) {
        self.push("((");
        self.expr(first);
        self.push(")|");
        self.push(guard);
        self.push("(");
        for other in others {
            self.expr(other);
            self.push(", ");
        }
        self.push("))");
    }

    fn slice(&mut self, s: &Slice<'_>) {
        self.push("((");
        self.expr(&s.expr);
        self.push(")|__slice(");
        for bound in [&s.start, &s.stop, &s.step] {
            match bound {
                Some(e) => self.expr(e),
                None => self.push("none"),
            }
            self.push(", ");
        }
        self.push("))");
    }

    /// Prints a filter, or filters on each other; without a value when it filters a block.
    pub(super) fn chain(&mut self, e: &Expr<'_>) {
        let Expr::Filter(f) = e else {
            self.push("(");
            self.expr(e);
            self.push(")");
            return;
        };
        if let Some(value) = &f.expr {
            self.chain(value);
            self.push("|");
        }
        let name = plain(f.name);
        if !filters::is_filter(&name) {
            self.fault(f.span(), Kind::Unknown, format!("there is no filter {name}"));
        }
        self.push(&name);
        if !f.args.is_empty() {
            self.args(&f.args, Argument::Checked);
        }
    }

    pub(super) fn call(&mut self, c: &Call<'_>) {
        match &c.expr {
            Expr::Var(v) if v.id == "super" => self.push("super"),
            Expr::Var(v) if v.id == "loop" => {
                self.recursion(v.span(), c.args.len());
                self.push("loop");
            }
            // `loop.changed` compares what it is given.
            Expr::GetAttr(a) if matches!(&a.expr, Expr::Var(v) if v.id == "loop") => {
                self.expr(&c.expr);
                return self.args(&c.args, Argument::Read);
            }
            callee => self.expr(callee),
        }
        self.args(&c.args, Argument::Stored);
    }

    /// The engine jumps back into the loop by position, so the call has to stand inside its body.
    fn recursion(&mut self, span: Span, args: usize) {
        let nearest = self.scopes.iter().rev().find(|s| !matches!(s, Scope::Wall));
        if !matches!(nearest, Some(Scope::Loop { recursive: true })) || args != 1 {
            let message = "loop(items) must stand directly inside a for … recursive";
            self.refuse(span, message);
        }
    }

    fn args(&mut self, args: &[CallArg<'_>], taken: Argument) {
        self.push("(");
        for arg in args {
            match arg {
                CallArg::Pos(e) => match taken {
                    Argument::Stored => self.stored(e),
                    Argument::Read => self.costed(e),
                    Argument::Checked => self.expr(e),
                },
                CallArg::Kwarg(name, e) => {
                    self.push(name);
                    self.push("=");
                    self.stored(e);
                }
                CallArg::PosSplat(e) => {
                    self.push("*");
                    self.costed(e);
                }
                CallArg::KwargSplat(e) => {
                    self.push("**");
                    self.costed(e);
                }
            }
            self.push(", ");
        }
        self.push(")");
    }

    fn literal(&mut self, value: &minijinja::Value) {
        if let Some(text) = value.as_str() {
            self.push("\"");
            for c in text.chars() {
                match c {
                    '"' | '\\' => {
                        self.out.push('\\');
                        self.out.push(c);
                    }
                    c if c < ' ' => self.push(&format!("\\u{:04x}", u32::from(c))),
                    c => self.out.push(c),
                }
            }
            self.push("\"");
        } else if let (false, Ok(float)) = (value.is_integer(), f64::try_from(value.clone()))
            && value.is_number()
        {
            // A literal too large for a float reads as infinity, which has no literal of its own.
            let text = if float.is_finite() { format!("{float:?}") } else { "1e999".to_owned() };
            self.push(&text);
        } else {
            self.push(&value.to_string());
        }
    }
}

/// The engine allows spaces inside dotted filter names.
fn plain(name: &str) -> String {
    name.split_ascii_whitespace().collect()
}

/// Collects `a ~ b ~ c`; answers `a`.
fn concatenated<'e, 'a>(op: &'e BinOp<'a>, pieces: &mut Vec<&'e Expr<'a>>) -> &'e Expr<'a> {
    let first = match &op.left {
        Expr::BinOp(left) if matches!(left.op, BinOpKind::Concat) => concatenated(left, pieces),
        first => first,
    };
    pieces.push(&op.right);
    first
}
