//! Formulas: conditions as a person writes them, read into the same tree.
//!
//! `message.sandbox = false and (contact.locale in ["de", "at"] or not contact.tags contains "vip")`. `not` binds closer than `and`,
//! and `and` closer than `or`. Beside the signs `= == != < <= > >=` there are `in`, `contains`, `starts_with`, `exists`, `changed`,
//! `changed to` and `changed from`. A fault says at which character it is, counted from 1.

use kernel::error::Faults;
use kernel::{Error, Result};
use serde_json::Value;

use super::condition::{Condition, DEPTH, Op, Test};

/// Longest formula, in bytes.
pub const LONGEST: usize = 2_000;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// One of `( ) [ ] ,`.
    Mark(char),
    Sign(Op),
    Word(String),
    Literal(Value),
}

fn fault(at: usize, words: &str) -> Error {
    Error::invalid("", "formula", format!("at character {}: {words}", at + 1))
}

/// Reads a formula and checks what it asks.
pub fn parse(text: &str) -> Result<Condition> {
    if text.len() > LONGEST {
        return Err(Error::invalid("", "too_long", format!("at most {LONGEST} bytes")));
    }
    let mut reader = Reader { tokens: tokens(text)?, next: 0, end: text.chars().count(), depth: 0 };
    let condition = reader.either()?;
    if reader.peek().is_some() {
        return Err(fault(reader.place(), "and, or, or the end is needed"));
    }
    let mut faults = Faults::default();
    condition.check("", &mut faults);
    faults.check()?;
    Ok(condition)
}

/// The tokens, each with the character that it begins at.
fn tokens(text: &str) -> Result<Vec<(usize, Token)>> {
    let letters: Vec<char> = text.chars().collect();
    let mut all = Vec::new();
    let mut at = 0;
    while let Some(&first) = letters.get(at) {
        let rest = letters.get(at..).unwrap_or_default();
        let run = |fits: fn(char) -> bool| rest.iter().take_while(|letter| fits(**letter)).collect::<String>();
        let (token, length) = match first {
            _ if first.is_whitespace() => {
                at += 1;
                continue;
            }
            '(' | ')' | '[' | ']' | ',' => (Token::Mark(first), 1),
            '"' => string(rest).ok_or_else(|| fault(at, "the text does not end"))?,
            '=' | '!' | '<' | '>' => {
                let signs = run(|letter| matches!(letter, '=' | '!' | '<' | '>'));
                (Token::Sign(sign(&signs).ok_or_else(|| fault(at, "= != < <= > or >= is needed"))?), signs.len())
            }
            '-' | '0'..='9' => {
                let digits = run(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '+' | '.'));
                let number = serde_json::from_str::<serde_json::Number>(&digits).map_err(|_| fault(at, "that is no number"))?;
                (Token::Literal(Value::Number(number)), digits.len())
            }
            _ if first.is_ascii_alphabetic() => {
                let word = run(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.'));
                let length = word.len();
                let token = match word.as_str() {
                    "true" => Token::Literal(Value::Bool(true)),
                    "false" => Token::Literal(Value::Bool(false)),
                    _ => Token::Word(word),
                };
                (token, length)
            }
            _ => return Err(fault(at, "that character means nothing here")),
        };
        all.push((at, token));
        at += length;
    }
    Ok(all)
}

/// A text in quotation marks, as JSON writes it, and how many characters it takes.
fn string(rest: &[char]) -> Option<(Token, usize)> {
    let mut escaped = false;
    let end = rest.iter().enumerate().skip(1).find(|(_, letter)| {
        let ends = **letter == '"' && !escaped;
        escaped = **letter == '\\' && !escaped;
        ends
    });
    let end = end.map(|(at, _)| at + 1)?;
    let text: String = rest.iter().take(end).collect();
    serde_json::from_str(&text).ok().map(|text| (Token::Literal(Value::String(text)), end))
}

fn sign(signs: &str) -> Option<Op> {
    Some(match signs {
        "=" | "==" => Op::Eq,
        "!=" => Op::Ne,
        "<" => Op::Lt,
        "<=" => Op::Lte,
        ">" => Op::Gt,
        ">=" => Op::Gte,
        _ => return None,
    })
}

struct Reader {
    tokens: Vec<(usize, Token)>,
    next: usize,
    end: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(_, token)| token)
    }

    /// The character that comes next.
    fn place(&self) -> usize {
        self.tokens.get(self.next).map_or(self.end, |(at, _)| *at)
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word == wanted);
        self.next += usize::from(found);
        found
    }

    fn need(&mut self, mark: char) -> Result<()> {
        let place = self.place();
        if self.take(&Token::Mark(mark)) { Ok(()) } else { Err(fault(place, &format!("{mark} is needed"))) }
    }

    fn deeper<T>(&mut self, place: usize, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= DEPTH {
            return Err(fault(place, &format!("at most {DEPTH} levels")));
        }
        self.depth += 1;
        let found = read(self);
        self.depth -= 1;
        found
    }

    fn either(&mut self) -> Result<Condition> {
        self.chain("or", Self::both, Condition::Any)
    }

    fn both(&mut self) -> Result<Condition> {
        self.chain("and", Self::one, Condition::All)
    }

    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Condition>,
        join: fn(Vec<Condition>) -> Condition,
    ) -> Result<Condition> {
        let first = part(self)?;
        let mut all = vec![first];
        while self.word(word) {
            all.push(part(self)?);
        }
        if all.len() > 1 { Ok(join(all)) } else { all.pop().ok_or_else(|| fault(self.place(), "a condition is needed")) }
    }

    fn one(&mut self) -> Result<Condition> {
        let place = self.place();
        if self.word("not") {
            return self.deeper(place, Self::one).map(|one| Condition::Not(Box::new(one)));
        }
        if self.take(&Token::Mark('(')) {
            let inner = self.deeper(place, Self::either)?;
            self.need(')')?;
            return Ok(inner);
        }
        self.test()
    }

    fn test(&mut self) -> Result<Condition> {
        let place = self.place();
        let field = match self.peek() {
            Some(Token::Word(word)) if word.contains('.') => word.clone(),
            _ => return Err(fault(place, "a field such as contact.locale is needed")),
        };
        self.next += 1;
        let negated = self.word("not");
        let (op, value) = self.question()?;
        let test = Test { field, op, value };
        let mut faults = Faults::default();
        test.check("", &mut faults);
        if let Err(Error::Invalid(faults)) = faults.check() {
            let words = faults.first().map(|fault| fault.detail.clone()).unwrap_or_default();
            return Err(fault(place, &words));
        }
        let test = Condition::Test(test);
        Ok(if negated { Condition::Not(Box::new(test)) } else { test })
    }

    /// What is asked of a field, and what it is compared with.
    fn question(&mut self) -> Result<(Op, Value)> {
        let place = self.place();
        let op = match self.peek() {
            Some(Token::Sign(op)) => *op,
            Some(Token::Word(word)) => Op::parse(word)
                .ok_or_else(|| fault(place, "= != < <= > >= in contains starts_with exists or changed is needed"))?,
            Some(Token::Mark(_) | Token::Literal(_)) | None => {
                return Err(fault(place, "= != < <= > >= in contains starts_with exists or changed is needed"));
            }
        };
        self.next += 1;
        let op = match op {
            Op::Changed if self.word("to") => Op::ChangedTo,
            Op::Changed if self.word("from") => Op::ChangedFrom,
            other => other,
        };
        let value = match op {
            Op::Exists | Op::Changed => Value::Null,
            Op::In => self.list()?,
            _ => self.literal()?,
        };
        Ok((op, value))
    }

    fn literal(&mut self) -> Result<Value> {
        let place = self.place();
        let Some(Token::Literal(value)) = self.peek().cloned() else {
            return Err(fault(place, "a value is needed: a number, true, false, or text in quotation marks"));
        };
        self.next += 1;
        Ok(value)
    }

    fn list(&mut self) -> Result<Value> {
        self.need('[')?;
        let mut all = vec![self.literal()?];
        while self.take(&Token::Mark(',')) {
            all.push(self.literal()?);
        }
        self.need(']')?;
        Ok(Value::Array(all))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(text: &str) -> Value {
        parse(text).unwrap().into()
    }

    fn words(text: &str) -> String {
        let Err(Error::Invalid(faults)) = parse(text) else { unreachable!("{text} is read") };
        faults[0].detail.clone()
    }

    #[test]
    fn a_formula_is_the_tree_that_it_says() {
        assert_eq!(
            tree(r#"event.data.amount > 1000 and (contact.locale in ["de","at"] or not contact.tags contains "vip")"#),
            json!({ "all": [
                { "field": "event.data.amount", "op": "gt", "value": 1000 },
                { "any": [
                    { "field": "contact.locale", "op": "in", "value": ["de", "at"] },
                    { "not": { "field": "contact.tags", "op": "contains", "value": "vip" } },
                ] },
            ] })
        );
        assert_eq!(
            tree(r#"contact.locale changed to "de" or contact.phone exists and contact.email not starts_with "a\"b""#),
            json!({ "any": [
                { "field": "contact.locale", "op": "changed_to", "value": "de" },
                { "all": [
                    { "field": "contact.phone", "op": "exists" },
                    { "not": { "field": "contact.email", "op": "starts_with", "value": "a\"b" } },
                ] },
            ] })
        );
    }

    #[test]
    fn what_cannot_be_read_is_said_with_its_place() {
        for (text, expected) in [
            ("", "at character 1: a field such as contact.locale is needed"),
            ("contact.locale", "at character 15: = != < <= > >= in contains starts_with exists or changed is needed"),
            ("contact.locale = ", "at character 18: a value is needed: a number, true, false, or text in quotation marks"),
            ("contact.locale = \"de", "at character 18: the text does not end"),
            ("(contact.locale = \"de\"", "at character 23: ) is needed"),
            ("contact.locale = \"de\" contact.zone exists", "at character 23: and, or, or the end is needed"),
            ("contact.locale = 1.2.3", "at character 18: that is no number"),
            ("contact.locale ; 3", "at character 16: that character means nothing here"),
            ("contact.locale >< 3", "at character 16: = != < <= > or >= is needed"),
            ("contact.shoe = \"de\"", "at character 1: there is no field contact.shoe"),
            (
                "contact.zone exists and contact.locale > 3",
                "at character 25: of a text one can ask eq, ne, contains, starts_with, in, exists, changed, changed_to, changed_from",
            ),
            ("contact.locale = 3", "at character 1: text of at most 500 bytes is needed"),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn depth_length_and_number_are_bounded() {
        let nested = |levels: usize| format!("{}contact.zone exists{}", "(".repeat(levels), ")".repeat(levels));
        assert!(parse(&nested(DEPTH)).is_ok());
        assert_eq!(words(&nested(DEPTH + 1)), "at character 9: at most 8 levels");
        assert_eq!(words(&"not ".repeat(400)), "at character 33: at most 8 levels");
        assert_eq!(words(&"(".repeat(2_001)), "at most 2000 bytes");
        let many = vec!["contact.zone exists"; 51].join(" or ");
        assert_eq!(words(&many), "at most 50 tests");
    }
}
