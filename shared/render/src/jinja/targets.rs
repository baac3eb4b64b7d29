//! Prints what is assigned to: names, fields of namespaces, lists of both, and the parameters of macros.
//!
//! Invariant: nothing else is ever assigned to, because the code generator stops at anything else.

use minijinja::machinery::ast::{Expr, Macro};

use super::rewrite::Rewriter;

impl Rewriter<'_> {
    pub(super) fn params(&mut self, s: &Macro<'_>) {
        self.out.push('(');
        let plain = s.args.len().saturating_sub(s.defaults.len());
        for (i, arg) in s.args.iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.target(arg, false);
            if let Some(default) = i.checked_sub(plain).and_then(|i| s.defaults.get(i)) {
                self.push("=");
                self.stored(default);
            }
        }
        self.out.push(')');
    }

    /// Prints what is assigned to: a name, a dotted name or a list of them.
    pub(super) fn target(&mut self, target: &Expr<'_>, nested: bool) {
        match target {
            Expr::Var(name) => self.push(name.id),
            Expr::GetAttr(attr) => {
                self.target(&attr.expr, true);
                self.out.push('.');
                self.push(attr.name);
            }
            Expr::List(list) => {
                if list.items.is_empty() {
                    self.refuse(list.span(), "a name is missing here");
                }
                if nested {
                    self.out.push('(');
                }
                for (i, item) in list.items.iter().enumerate() {
                    if i > 0 {
                        self.push(", ");
                    }
                    self.target(item, true);
                }
                if list.items.len() == 1 {
                    self.push(", ");
                }
                if nested {
                    self.out.push(')');
                }
            }
            other => self.refuse(other.span(), "this cannot be assigned to"),
        }
    }
}

/// Whether assigning writes a field of a namespace rather than a variable.
pub(super) fn dotted(target: &Expr<'_>) -> bool {
    match target {
        Expr::GetAttr(_) => true,
        Expr::List(list) => list.items.iter().any(dotted),
        _ => false,
    }
}
