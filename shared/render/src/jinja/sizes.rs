//! What an expression alone tells about the size of its value.
//!
//! Invariant: the answer "small" is certain, whatever the variables hold; everything else is guarded.

use minijinja::machinery::ast::{BinOpKind, CallArg, Expr, UnaryOpKind};
use minijinja::value::ValueKind;

/// The longest literal that is compared, and the furthest place that is looked up, unpaid.
const SHORT: usize = 256;
/// Filters whose result is a number whatever they are given.
const NUMBERS: [&str; 6] = ["abs", "count", "float", "int", "length", "round"];
/// Filters whose result is text, which they have paid for.
const TEXTS: [&str; 15] = [
    "capitalize",
    "e",
    "escape",
    "format",
    "indent",
    "join",
    "lower",
    "replace",
    "safe",
    "string",
    "title",
    "tojson",
    "trim",
    "upper",
    "urlencode",
];
/// Fields of `loop` that are numbers.
const LOOP_NUMBERS: [&str; 7] = ["depth", "depth0", "index", "index0", "length", "revindex", "revindex0"];

/// A literal that compares in constant time.
pub(super) fn scalar(e: &Expr<'_>) -> bool {
    match e {
        Expr::Const(c) => c.value.as_str().is_none_or(|text| text.len() <= SHORT),
        _ => number(e),
    }
}

/// A subscript that is found in constant time: a short key, or a place near the start.
pub(super) fn near(e: &Expr<'_>) -> bool {
    match e {
        Expr::Const(c) if c.value.is_number() => c.value.as_usize().is_some_and(|at| at <= SHORT),
        Expr::Const(_) => scalar(e),
        _ => false,
    }
}

/// A short list of literals, in which looking for a value is quick whatever it is.
pub(super) fn few_literals(e: &Expr<'_>) -> bool {
    let items = match e {
        Expr::List(l) => &l.items,
        Expr::Tuple(t) => &t.items,
        _ => return false,
    };
    items.len() <= 32 && items.iter().all(scalar)
}

/// Whether the value can only be a number, or a fault.
pub(super) fn number(e: &Expr<'_>) -> bool {
    match e {
        Expr::Const(c) => c.value.is_number(),
        Expr::UnaryOp(op) => matches!(op.op, UnaryOpKind::Neg),
        Expr::BinOp(op) => match op.op {
            BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Rem | BinOpKind::Pow => true,
            BinOpKind::Add | BinOpKind::Mul => number(&op.left) && number(&op.right),
            BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte
            | BinOpKind::ScAnd
            | BinOpKind::ScOr
            | BinOpKind::Concat
            | BinOpKind::In => false,
        },
        Expr::Filter(f) => NUMBERS.contains(&f.name) && f.args.is_empty(),
        Expr::GetAttr(a) => matches!(&a.expr, Expr::Var(v) if v.id == "loop") && LOOP_NUMBERS.contains(&a.name),
        _ => false,
    }
}

/// Whether the value already exists: a literal, a variable, or something inside a variable.
pub(super) fn known(e: &Expr<'_>) -> bool {
    match e {
        Expr::Var(_) | Expr::Const(_) => true,
        Expr::GetAttr(a) => known(&a.expr),
        Expr::GetItem(g) => known(&g.expr) && matches!(g.subscript_expr, Expr::Const(_)),
        // Hands on what it is given.
        Expr::Filter(f) if f.name == "__base" => f.expr.as_ref().is_some_and(known),
        _ => false,
    }
}

/// Whether the value is no larger than something that was already paid for.
pub(super) fn settled(e: &Expr<'_>) -> bool {
    match e {
        Expr::Filter(f) if matches!(f.name, "default" | "d") => {
            let given = |arg: &CallArg<'_>| matches!(arg, CallArg::Pos(e) if settled(e));
            f.expr.as_ref().is_none_or(settled) && f.args.iter().all(given)
        }
        // A list may hold the same large list many times, so only text and numbers are certain.
        Expr::Filter(f) => TEXTS.contains(&f.name) || number(e),
        Expr::IfExpr(c) => settled(&c.true_expr) && c.false_expr.as_ref().is_none_or(settled),
        Expr::BinOp(op) => match op.op {
            BinOpKind::ScAnd | BinOpKind::ScOr => settled(&op.left) && settled(&op.right),
            BinOpKind::Add => number(e),
            BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte
            | BinOpKind::Sub
            | BinOpKind::Mul
            | BinOpKind::Div
            | BinOpKind::FloorDiv
            | BinOpKind::Rem
            | BinOpKind::Pow
            | BinOpKind::Concat
            | BinOpKind::In => true,
        },
        Expr::UnaryOp(_) | Expr::Compare(_) | Expr::Test(_) => true,
        _ => known(e),
    }
}

pub(super) fn is_range(e: &Expr<'_>) -> bool {
    matches!(e, Expr::Call(c) if matches!(&c.expr, Expr::Var(v) if v.id == "range"))
}

/// A constant name, or constant names to choose from, in `extends`, `include` and `import`.
pub(super) fn names(e: &Expr<'_>) -> Option<Vec<String>> {
    match e {
        Expr::Const(c) if c.value.kind() == ValueKind::String => c.value.as_str().map(|s| vec![s.to_owned()]),
        Expr::List(l) => all_names(&l.items),
        Expr::Tuple(t) => all_names(&t.items),
        Expr::IfExpr(i) => {
            let mut found = names(&i.true_expr)?;
            if let Some(other) = &i.false_expr {
                found.extend(names(other)?);
            }
            Some(found)
        }
        _ => None,
    }
}

fn all_names(items: &[Expr<'_>]) -> Option<Vec<String>> {
    let found: Option<Vec<Vec<String>>> = items.iter().map(names).collect();
    found.map(|names| names.concat())
}
