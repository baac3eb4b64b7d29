//! Turns a parsed template into an equal one in which everything that may grow is paid for.
//!
//! The engine has no hook for its operators, its captures or its assignments, so the template is
//! printed again from its syntax tree with guards (`__keep`, `__cost` …, see `guards`) around them;
//! the printed form is what gets compiled. Delimiters become control characters, which no author's
//! text can hold, so no text is ever mistaken for a tag. Tags are padded with line breaks until they
//! stand on the author's line, so that faults name it.
//!
//! Invariants: a value that outlives its expression has passed `__keep`; text written into a capture
//! has been paid for; and the constructs with which the engine corrupts its own state (breaking out
//! of a scope inside a loop, calling a loop from elsewhere, importing into an expression) are refused.

use minijinja::Error;
use minijinja::machinery::Span;
use minijinja::machinery::ast::{Expr, IfCond, Stmt};
use minijinja::syntax::SyntaxConfig;

use super::references::value_of_text;
use super::sizes::{is_range, settled};
use super::targets::dotted;
use crate::fault::{Fault, Kind};

const BLOCK: (&str, &str) = ("\u{1}%", "%\u{2}");
const VALUE: (&str, &str) = ("\u{1}{", "}\u{2}");
const COMMENT: (&str, &str) = ("\u{1}#", "#\u{2}");

/// Raw text up to this size may be captured without being paid for one by one: fuel bounds it.
const FREE_TEXT: usize = 64;

/// Names that mean something to the engine wherever they stand.
pub(super) const RESERVED: [&str; 4] = ["caller", "loop", "self", "super"];

/// The syntax of the printed form.
pub(super) fn syntax() -> Result<SyntaxConfig, Error> {
    SyntaxConfig::builder()
        .block_delimiters(BLOCK.0, BLOCK.1)
        .variable_delimiters(VALUE.0, VALUE.1)
        .comment_delimiters(COMMENT.0, COMMENT.1)
        .keep_trailing_newline(true)
        .build()
}

/// What encloses the statement being printed, innermost last.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    /// The body of a loop.
    Loop { recursive: bool },
    /// A body that the engine must leave through its end: with, set, filter, autoescape.
    Wall,
    /// A body that is compiled on its own: block, macro, call.
    Apart,
}

pub(super) struct Rewriter<'p> {
    pub(super) part: &'p str,
    pub(super) out: String,
    pub(super) faults: Vec<Fault>,
    /// The author's line that the printed text has reached.
    pub(super) line: usize,
    /// Whether text emitted here may end in a capture instead of the output.
    pub(super) charged: bool,
    /// What `charged` is inside a `{% block %}`.
    charged_blocks: bool,
    pub(super) scopes: Vec<Scope>,
}

/// Prints `tree` with guards. `charged` says whether the text of the whole template may be captured
/// by another one, `charged_blocks` whether the text of its blocks may.
pub(super) fn rewrite(part: &str, tree: &Stmt<'_>, charged: bool, charged_blocks: bool) -> Result<String, Vec<Fault>> {
    let mut rewriter = Rewriter {
        part,
        out: String::new(),
        faults: Vec::new(),
        line: 1,
        charged,
        charged_blocks: charged || charged_blocks,
        scopes: Vec::new(),
    };
    rewriter.stmt(tree);
    if rewriter.faults.is_empty() { Ok(rewriter.out) } else { Err(rewriter.faults) }
}

impl Rewriter<'_> {
    pub(super) fn refuse(&mut self, span: Span, message: impl Into<String>) {
        self.fault(span, Kind::Refused, message);
    }

    pub(super) fn fault(&mut self, span: Span, kind: Kind, message: impl Into<String>) {
        let line = usize::from(span.start_line);
        self.faults.push(Fault::new(self.part, line, kind, message.into()));
    }

    pub(super) fn push(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// Opens a tag on the author's line.
    fn open(&mut self, start: &str, line: u16) {
        self.push(start);
        while self.line < usize::from(line) {
            self.out.push('\n');
            self.line += 1;
        }
        self.out.push(' ');
    }

    fn tag(&mut self, span: Span, words: &str) {
        self.open(BLOCK.0, span.start_line);
        self.push(words);
    }

    fn end(&mut self) {
        self.out.push(' ');
        self.push(BLOCK.1);
    }

    fn close(&mut self, word: &str) {
        self.push(BLOCK.0);
        self.out.push(' ');
        self.push(word);
        self.end();
    }

    /// Prints a body whose text may be captured if `charged` or if it already was.
    fn inside(&mut self, scope: Option<Scope>, charged: bool, body: &[Stmt<'_>]) {
        let outer = self.charged;
        self.charged |= charged;
        self.scopes.extend(scope);
        self.body(body);
        if scope.is_some() {
            self.scopes.pop();
        }
        self.charged = outer;
    }

    fn body(&mut self, body: &[Stmt<'_>]) {
        if self.charged {
            let text: usize = body
                .iter()
                .map(|s| match s {
                    Stmt::EmitRaw(raw) => raw.raw.len(),
                    _ => 0,
                })
                .sum();
            if text > FREE_TEXT {
                self.close(&format!("if {text}|__text"));
                self.close("endif");
            }
        }
        for stmt in body {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &Stmt<'_>) {
        match stmt {
            Stmt::Template(s) => {
                // What a child writes around its blocks is thrown away, without end.
                let child = s.children.iter().any(|s| matches!(s, Stmt::Extends(_)));
                self.inside(None, child, &s.children);
            }
            Stmt::EmitRaw(s) => {
                self.line += s.raw.bytes().filter(|b| *b == b'\n').count();
                self.push(s.raw);
            }
            Stmt::EmitExpr(s) => {
                self.open(VALUE.0, s.span().start_line);
                // `{{ super() }}` and its like write their text themselves. Lists are written as
                // one text, so those that the expression builds are paid for anywhere.
                if !value_of_text(&s.expr) && (self.charged || !settled(&s.expr)) {
                    self.costed(&s.expr);
                } else {
                    self.expr(&s.expr);
                }
                self.out.push(' ');
                self.push(VALUE.1);
            }
            Stmt::ForLoop(s) => {
                self.tag(s.span(), "for ");
                self.target(&s.target, false);
                self.push(" in ");
                // Whatever `range` means here, only its items outlive the call.
                if is_range(&s.iter) {
                    self.expr(&s.iter);
                } else {
                    self.stored(&s.iter);
                }
                if let Some(filter) = &s.filter_expr {
                    self.push(" if ");
                    self.expr(filter);
                }
                let recursive = s.recursive;
                if recursive {
                    self.push(" recursive");
                }
                self.end();
                self.inside(Some(Scope::Loop { recursive }), false, &s.body);
                if !s.else_body.is_empty() {
                    self.close("else");
                    self.inside(None, false, &s.else_body);
                }
                self.close("endfor");
            }
            Stmt::IfCond(s) => {
                self.tag(s.span(), "if ");
                self.branches(s);
                self.close("endif");
            }
            Stmt::WithBlock(s) => {
                self.tag(s.span(), "with ");
                for (i, (target, value)) in s.assignments.iter().enumerate() {
                    if i > 0 {
                        self.push(", ");
                    }
                    self.target(target, true);
                    self.push(" = ");
                    self.stored(value);
                }
                self.end();
                self.inside(Some(Scope::Wall), false, &s.body);
                self.close("endwith");
            }
            Stmt::Set(s) => {
                self.tag(s.span(), "set ");
                self.target(&s.target, false);
                self.push(" = ");
                if dotted(&s.target) {
                    self.out.push('(');
                    self.expr(&s.expr);
                    self.push(")|__field");
                } else {
                    self.stored(&s.expr);
                }
                self.end();
            }
            Stmt::SetBlock(s) => {
                self.tag(s.span(), "set ");
                self.target(&s.target, false);
                self.push(" | ");
                if let Some(filter) = &s.filter {
                    self.chain(filter);
                    self.push(" | ");
                }
                self.push(if dotted(&s.target) { "__field" } else { "__keep" });
                self.end();
                self.inside(Some(Scope::Wall), true, &s.body);
                self.close("endset");
            }
            Stmt::AutoEscape(s) => self.autoescape(s.span(), &s.enabled, &s.body),
            Stmt::FilterBlock(s) => {
                self.tag(s.span(), "filter ");
                self.chain(&s.filter);
                self.end();
                self.inside(Some(Scope::Wall), true, &s.body);
                self.close("endfilter");
            }
            Stmt::Block(s) => {
                self.tag(s.span(), "block ");
                self.push(s.name);
                if s.required {
                    self.push(" required");
                }
                self.end();
                // Around its blocks a child writes into nothing, inside them it does not.
                let outer = std::mem::replace(&mut self.charged, self.charged_blocks);
                if s.required {
                    s.body.iter().for_each(|s| self.stmt(s));
                } else {
                    self.inside(Some(Scope::Apart), false, &s.body);
                }
                self.charged = outer;
                self.close("endblock");
            }
            Stmt::Import(s) => {
                self.tag(s.span(), "import ");
                self.expr(&s.expr);
                self.push(" as ");
                match &s.name {
                    Expr::Var(name) if !RESERVED.contains(&name.id) => self.push(name.id),
                    _ => self.refuse(s.span(), "import takes a plain name after 'as'"),
                }
                self.end();
            }
            Stmt::FromImport(s) => {
                self.tag(s.span(), "from ");
                self.expr(&s.expr);
                self.push(" import ");
                for (i, (name, alias)) in s.names.iter().enumerate() {
                    if i > 0 {
                        self.push(", ");
                    }
                    self.target(name, false);
                    if let Some(alias) = alias {
                        self.push(" as ");
                        self.target(alias, false);
                    }
                }
                self.end();
            }
            Stmt::Extends(s) => {
                self.tag(s.span(), "extends ");
                self.expr(&s.name);
                self.end();
            }
            Stmt::Include(s) => {
                self.tag(s.span(), "include ");
                self.expr(&s.name);
                if s.ignore_missing {
                    self.push(" ignore missing");
                }
                self.end();
            }
            Stmt::Macro(s) => {
                if RESERVED.contains(&s.name) {
                    self.refuse(s.span(), format!("a macro cannot be named {}", s.name));
                }
                self.tag(s.span(), "macro ");
                self.push(s.name);
                self.params(s);
                self.end();
                self.inside(Some(Scope::Apart), true, &s.body);
                self.close("endmacro");
            }
            Stmt::CallBlock(s) => {
                self.tag(s.span(), "call");
                self.params(&s.macro_decl);
                self.out.push(' ');
                self.call(&s.call);
                self.end();
                self.inside(Some(Scope::Apart), true, &s.macro_decl.body);
                self.close("endcall");
            }
            Stmt::Continue(s) => self.leave(s.span(), "continue"),
            Stmt::Break(s) => self.leave(s.span(), "break"),
            Stmt::Do(s) => {
                // The engine's `do` leaves its result on the stack; a test takes it off.
                self.tag(s.span(), "if (");
                self.call(&s.call);
                self.push(") is defined");
                self.end();
                self.close("endif");
            }
        }
    }

    fn branches(&mut self, s: &IfCond<'_>) {
        self.expr(&s.expr);
        self.end();
        self.inside(None, false, &s.true_body);
        match s.false_body.as_slice() {
            [] => {}
            [Stmt::IfCond(next)] => {
                self.tag(next.span(), "elif ");
                self.branches(next);
            }
            other => {
                self.close("else");
                self.inside(None, false, other);
            }
        }
    }

    fn autoescape(&mut self, span: Span, mode: &Expr<'_>, body: &[Stmt<'_>]) {
        self.tag(span, "autoescape ");
        match mode {
            Expr::Const(c) if c.value.as_str().is_none_or(|s| matches!(s, "html" | "none")) => {
                self.expr(mode);
            }
            _ => self.refuse(span, "autoescape takes true, false, 'html' or 'none'"),
        }
        self.end();
        self.inside(Some(Scope::Wall), false, body);
        self.close("endautoescape");
    }

    /// Breaking out of a scope that opened inside the loop would leave it open in the engine.
    fn leave(&mut self, span: Span, word: &str) {
        if !matches!(self.scopes.last(), Some(Scope::Loop { .. })) {
            let message = format!("{word} must not stand inside with, set, filter, autoescape or call");
            self.refuse(span, message);
        }
        self.tag(span, word);
        self.end();
    }
}
