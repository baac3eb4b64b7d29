//! Refuses a source that the parser itself could not survive.
//!
//! The engine's parser, code generator and destructors recurse over long operator chains, `elif`
//! chains and nested brackets; a quarter megabyte of `+a+a+a` or `{% elif b %}` overflows the stack
//! and aborts the process. Tokens are read flat, so here the depth is bounded before it is built.
//!
//! Invariant: whatever passes can be parsed, walked, compiled and dropped within a small stack.

use std::panic::catch_unwind;

use minijinja::machinery::{Token, Tokenizer};
use minijinja::syntax::SyntaxConfig;

use crate::fault::{Fault, Kind};

/// Tokens of one tag.
const TAG_TOKENS: usize = 4_000;
/// Operators, dots, calls and the like in one tag: each may nest the syntax tree by one.
const TAG_LINKS: usize = 160;
/// Brackets open at once.
const BRACKETS: usize = 16;
/// Blocks open at once.
const BLOCKS: usize = 24;
/// `elif` branches of one `if`.
const BRANCHES: usize = 60;
/// Tags of one source.
const TAGS: usize = 10_000;

/// Counts along the tokens of one source.
#[derive(Default)]
struct Scan {
    tags: usize,
    tokens: usize,
    links: usize,
    brackets: usize,
    /// Open blocks, each with its number of `elif`.
    blocks: Vec<usize>,
}

pub(super) fn scan(part: &str, source: &str) -> Result<(), Fault> {
    if let Some(at) = source.find(['\0', '\u{1}', '\u{2}']) {
        let line = 1 + source.bytes().take(at).filter(|b| *b == b'\n').count();
        return Err(Fault::new(part, line, Kind::Refused, "the source holds a control character"));
    }
    // Built for debugging, the tokenizer panics where it wants to point behind column 65,535.
    catch_unwind(|| tokens(part, source)).unwrap_or_else(|_| {
        let message = "something is not closed in a line of more than 65,535 characters";
        Err(Fault::new(part, 0, Kind::Syntax, message))
    })
}

fn tokens(part: &str, source: &str) -> Result<(), Fault> {
    let mut tokenizer = Tokenizer::new(source, part, false, SyntaxConfig::default());
    let mut scan = Scan::default();
    // The statement's keyword decides late whether `set` opens a block, so a tag is judged at its end.
    let mut tag: Option<Tag> = None;
    loop {
        let (token, span) = match tokenizer.next_token() {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(()),
            Err(e) => return Err(super::program::fault(part, &e)),
        };
        let refused = scan.take(&token, &mut tag);
        if let Err(message) = refused {
            return Err(Fault::new(part, usize::from(span.start_line), Kind::Refused, message));
        }
    }
}

/// A statement tag that is being read.
struct Tag {
    keyword: Option<Keyword>,
    assigns: bool,
}

enum Keyword {
    Open,
    Set,
    Branch,
    Close,
    Other,
}

fn keyword(word: &str) -> Keyword {
    match word {
        "for" | "if" | "with" | "macro" | "call" | "filter" | "block" | "autoescape" => Keyword::Open,
        "set" => Keyword::Set,
        "elif" => Keyword::Branch,
        "endfor" | "endif" | "endwith" | "endmacro" | "endcall" | "endfilter" | "endblock" | "endautoescape" | "endset" => {
            Keyword::Close
        }
        _ => Keyword::Other,
    }
}

impl Scan {
    fn take(&mut self, token: &Token<'_>, tag: &mut Option<Tag>) -> Result<(), &'static str> {
        self.tokens += 1;
        if self.tokens > TAG_TOKENS {
            return Err("this tag is too long: move its parts into {% set %}");
        }
        if links(token) {
            self.links += 1;
            if self.links > TAG_LINKS {
                return Err("this expression is too complex: split it with {% set %}");
            }
        }
        match token {
            Token::TemplateData(_) => self.tokens = 0,
            Token::VariableStart | Token::BlockStart => {
                self.tags += 1;
                if self.tags > TAGS {
                    return Err("the source has too many tags");
                }
                (self.tokens, self.links, self.brackets) = (0, 0, 0);
                *tag = matches!(token, Token::BlockStart).then_some(Tag { keyword: None, assigns: false });
            }
            Token::VariableEnd => self.tokens = 0,
            Token::BlockEnd => {
                self.tokens = 0;
                if let Some(tag) = tag.take() {
                    self.close(&tag)?;
                }
            }
            Token::Ident(word) => {
                if let Some(tag) = tag
                    && tag.keyword.is_none()
                {
                    tag.keyword = Some(keyword(word));
                }
            }
            Token::Assign => {
                if let Some(tag) = tag
                    && self.brackets == 0
                {
                    tag.assigns = true;
                }
            }
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                self.brackets += 1;
                if self.brackets > BRACKETS {
                    return Err("brackets are nested too deep");
                }
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                self.brackets = self.brackets.saturating_sub(1);
            }
            Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_)
            | Token::Plus
            | Token::Minus
            | Token::Mul
            | Token::Div
            | Token::FloorDiv
            | Token::Pow
            | Token::Mod
            | Token::Dot
            | Token::Comma
            | Token::Colon
            | Token::Tilde
            | Token::Pipe
            | Token::Eq
            | Token::Ne
            | Token::Gt
            | Token::Gte
            | Token::Lt
            | Token::Lte => {}
        }
        Ok(())
    }

    fn close(&mut self, tag: &Tag) -> Result<(), &'static str> {
        match tag.keyword {
            Some(Keyword::Open) => self.blocks.push(0),
            // `{% set x | f(a=1) %}…{% endset %}` opens a block, `{% set x = 1 %}` does not.
            Some(Keyword::Set) if !tag.assigns => self.blocks.push(0),
            Some(Keyword::Close) => {
                self.blocks.pop();
            }
            Some(Keyword::Branch) => {
                if let Some(branches) = self.blocks.last_mut() {
                    *branches += 1;
                    if *branches > BRANCHES {
                        return Err("this if has too many elif branches");
                    }
                }
            }
            Some(Keyword::Set | Keyword::Other) | None => {}
        }
        if self.blocks.len() > BLOCKS {
            return Err("blocks are nested too deep");
        }
        Ok(())
    }
}

/// Whether a token may make the syntax tree one level deeper.
fn links(token: &Token<'_>) -> bool {
    match token {
        Token::Ident(word) => matches!(*word, "not" | "if" | "else" | "is" | "and" | "or" | "in"),
        Token::Plus
        | Token::Minus
        | Token::Mul
        | Token::Div
        | Token::FloorDiv
        | Token::Pow
        | Token::Mod
        | Token::Dot
        | Token::Tilde
        | Token::Pipe
        | Token::Eq
        | Token::Ne
        | Token::Gt
        | Token::Gte
        | Token::Lt
        | Token::Lte
        | Token::BracketOpen
        | Token::ParenOpen
        | Token::BraceOpen => true,
        Token::TemplateData(_)
        | Token::VariableStart
        | Token::VariableEnd
        | Token::BlockStart
        | Token::BlockEnd
        | Token::Str(_)
        | Token::String(_)
        | Token::Int(_)
        | Token::Int128(_)
        | Token::Float(_)
        | Token::Comma
        | Token::Colon
        | Token::Assign
        | Token::BracketClose
        | Token::ParenClose
        | Token::BraceClose => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(source: &str) -> String {
        scan("text", source).unwrap_err().message
    }

    #[test]
    fn ordinary_sources_pass() {
        for source in [
            "",
            "plain",
            "{{ a.b.c|upper ~ 'x' }}",
            "{% set x = f(a=1) %}{% set y %}z{% endset %}",
            "{% raw %}{{ not a tag {% endraw %}",
            "{# {{ #}",
        ] {
            scan("text", source).unwrap();
        }
        let list = format!("{{% set x = [{}] %}}", "'a',".repeat(1500));
        scan("text", &list).unwrap();
        let flat = "{% if a %}{{ b }}{% elif c %}{% endif %}".repeat(1000);
        scan("text", &flat).unwrap();
    }

    #[test]
    fn what_would_overflow_the_stack_is_refused() {
        let chain = format!("{{{{ a{} }}}}", "+a".repeat(100_000));
        assert!(refused(&chain).contains("complex"));
        let elif = format!("{{% if a %}}{}", "{% elif b %}".repeat(20_000));
        assert!(refused(&elif).contains("elif"));
        assert!(refused(&"{% if a %}".repeat(100)).contains("nested"));
        assert!(refused(&format!("{{{{ {}", "(".repeat(100))).contains("nested"));
        assert!(refused(&format!("{{{{ {}", "not ".repeat(1000))).contains("complex"));
        assert!(refused(&format!("{{{{ [{}", "1,".repeat(10_000))).contains("too long"));
        assert!(refused(&"{{a}}".repeat(20_000)).contains("tags"));
        assert!(refused("a\u{1}{ x }").contains("control"));
    }

    #[test]
    fn a_broken_token_is_a_syntax_fault_with_its_line() {
        let fault = scan("text", "a\nb {{ 'open").unwrap_err();
        assert_eq!((fault.kind, fault.line), (Kind::Syntax, 2));
    }
}
