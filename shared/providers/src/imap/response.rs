//! What an IMAP server says, one response at a time (RFC 9051 section 7): as much of it as reading a mailbox takes. The server is named by
//! a tenant, so nothing that it says is believed before it is measured.

use crate::event::cut;

/// Most bytes of a response beside its literals.
const LINE: usize = 64 * 1024;
/// Most literals of a response.
const LITERALS: usize = 16;
/// Most levels of lists within lists.
const DEPTH: usize = 16;
/// Most bytes of a server's words that are kept.
const WORDS: usize = 300;

/// What the bytes at hand amount to.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// A response, and how many bytes it took.
    Whole(Said, usize),
    /// The beginning of one.
    Part,
    /// One whose literals are larger than they may be.
    TooLarge,
    /// No IMAP.
    Garbage,
}

/// A response.
#[derive(Debug, PartialEq, Eq)]
pub enum Said {
    /// The server waits for more of the command.
    Continue,
    /// How the command of that tag ended.
    Done {
        /// The tag.
        tag: String,
        /// How.
        condition: Condition,
    },
    /// How things stand, whatever was asked.
    Stands(Condition),
    /// What was asked of a mail.
    Fetched(Fetched),
    /// Something else.
    Other,
}

/// How a command ended, or how things stand.
#[derive(Debug, PartialEq, Eq)]
pub struct Condition {
    /// `OK`, `NO`, `BAD`, `BYE` or `PREAUTH`.
    pub word: String,
    /// Name and value of the code in brackets, the name in capitals.
    pub code: Option<(String, String)>,
    /// The words for people.
    pub text: String,
}

/// What was asked of a mail.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Its UID.
    pub uid: Option<u32>,
    /// Its size.
    pub size: Option<u64>,
    /// Its bytes from the first on.
    pub body: Option<Vec<u8>>,
}

/// Reads one response whose literals have at most that many bytes together.
pub fn read(bytes: &[u8], largest: usize) -> Heard {
    let used = match end(bytes, largest) {
        Ok(used) => used,
        Err(why) => return why.into(),
    };
    let mut words = Reader(bytes.get(..used).unwrap_or_default());
    match said(&mut words) {
        Some(said) => Heard::Whole(said, used),
        None => Heard::Garbage,
    }
}

/// Why the bytes at hand do not end as a response does.
enum Unended {
    Part,
    TooLarge,
    Garbage,
}

impl From<Unended> for Heard {
    fn from(why: Unended) -> Self {
        match why {
            Unended::Part => Self::Part,
            Unended::TooLarge => Self::TooLarge,
            Unended::Garbage => Self::Garbage,
        }
    }
}

/// Where the response ends: at the first line end that no literal follows.
fn end(bytes: &[u8], largest: usize) -> Result<usize, Unended> {
    let (mut at, mut lines, mut held) = (0_usize, 0_usize, 0_usize);
    for _ in 0..=LITERALS {
        let rest = bytes.get(at..).unwrap_or_default();
        let line = rest.iter().take(LINE + 1).position(|byte| *byte == b'\n');
        let Some(length) = line else { return Err(if rest.len() > LINE { Unended::Garbage } else { Unended::Part }) };
        lines += length;
        if lines > LINE {
            return Err(Unended::Garbage);
        }
        at += length + 1;
        let Some(literal) = rest.get(..length).and_then(announced) else { return Ok(at) };
        held = held.saturating_add(literal);
        if held > largest {
            return Err(Unended::TooLarge);
        }
        at += literal;
        if bytes.len() < at {
            return Err(Unended::Part);
        }
    }
    Err(Unended::Garbage)
}

/// The bytes of the literal that a line without its LF announces, when it does.
fn announced(line: &[u8]) -> Option<usize> {
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let open = line.iter().rposition(|byte| *byte == b'{')?;
    number(line.get(open + 1..)?)
}

fn number<N: std::str::FromStr>(digits: &[u8]) -> Option<N> {
    let text = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()))?;
    text.parse().ok()
}

fn said(words: &mut Reader<'_>) -> Option<Said> {
    let tag = words.atom()?;
    match tag {
        b"+" => Some(Said::Continue),
        b"*" => untagged(words),
        tag => {
            let tag = std::str::from_utf8(tag).ok().filter(|tag| tag.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
            let word = upper(words.atom()?);
            let known = matches!(word.as_str(), "OK" | "NO" | "BAD");
            known.then(|| Said::Done { tag: tag.to_owned(), condition: words.condition(word) })
        }
    }
}

fn untagged(words: &mut Reader<'_>) -> Option<Said> {
    let first = upper(words.atom()?);
    match first.as_str() {
        "OK" | "NO" | "BAD" | "BYE" | "PREAUTH" => Some(Said::Stands(words.condition(first))),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            if upper(words.atom()?) == "FETCH" {
                words.fetched().map(Said::Fetched)
            } else {
                Some(Said::Other)
            }
        }
        _ => Some(Said::Other),
    }
}

fn upper(word: &[u8]) -> String {
    String::from_utf8_lossy(word).to_ascii_uppercase()
}

/// A value of a response.
enum Value<'a> {
    /// Letters and digits.
    Atom(&'a [u8]),
    /// A text, or a literal.
    Text(Vec<u8>),
    /// A list, which nobody here asked for.
    List,
}

/// What is left of a response.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn space(&mut self) {
        let spaces = self.0.iter().take_while(|byte| **byte == b' ').count();
        self.take(spaces);
    }

    fn mark(&mut self, mark: u8) -> Option<()> {
        self.space();
        (self.0.first() == Some(&mark)).then(|| self.take(1)).flatten().map(drop)
    }

    /// A word. What stands in brackets belongs to it.
    fn atom(&mut self) -> Option<&'a [u8]> {
        self.space();
        let mut within = false;
        let length = self.0.iter().take_while(|byte| {
            within = (within || **byte == b'[') && **byte != b']';
            within || !matches!(**byte, b' ' | b'(' | b')' | b'"' | b'{' | b'\r' | b'\n')
        });
        let length = length.count();
        self.take(length).filter(|word| !word.is_empty())
    }

    /// The rest of the line as text.
    fn line(&mut self) -> String {
        let text: String =
            String::from_utf8_lossy(self.0).chars().map(|one| if one.is_control() { ' ' } else { one }).collect();
        self.0 = &[];
        text.trim().to_owned()
    }

    /// A code, where there is one, and words.
    fn condition(&mut self, word: String) -> Condition {
        let line = self.line();
        let code = line.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let (code, text) = code.map_or((None, line.as_str()), |(code, text)| (Some(code), text.trim()));
        let named = |code: &str| {
            let (name, value) = code.split_once(' ').unwrap_or((code, ""));
            (name.to_ascii_uppercase(), cut(value, WORDS))
        };
        Condition { word, code: code.map(named), text: cut(text, WORDS) }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        self.space();
        match self.0.first()? {
            b'"' => self.quoted().map(Value::Text),
            b'{' => self.literal().map(|bytes| Value::Text(bytes.to_vec())),
            b'(' => self.skip().map(|()| Value::List),
            _ => self.atom().map(Value::Atom),
        }
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        self.mark(b'"')?;
        let mut text = Vec::new();
        loop {
            match *self.take(1)?.first()? {
                b'"' => return Some(text),
                b'\\' => text.push(*self.take(1)?.first()?),
                byte => text.push(byte),
            }
        }
    }

    fn literal(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        let length = announced(self.0.get(..end)?)?;
        self.take(end + 1)?;
        self.take(length)
    }

    /// Passes a list over, with the lists in it.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            self.space();
            match self.0.first()? {
                b'(' => {
                    depth += 1;
                    self.take(1)?;
                }
                b')' => {
                    depth -= 1;
                    self.take(1)?;
                    if depth == 0 {
                        return Some(());
                    }
                }
                b'"' => drop(self.quoted()?),
                b'{' => drop(self.literal()?),
                _ => drop(self.atom()?),
            }
            if depth > DEPTH {
                return None;
            }
        }
    }

    fn fetched(&mut self) -> Option<Fetched> {
        self.mark(b'(')?;
        let mut found = Fetched::default();
        while self.mark(b')').is_none() {
            let name = upper(self.atom()?);
            match (name.as_str(), self.value()?) {
                ("UID", Value::Atom(digits)) => found.uid = Some(number(digits)?),
                ("RFC822.SIZE", Value::Atom(digits)) => found.size = Some(number(digits)?),
                ("BODY[]" | "BODY[]<0>", Value::Text(body)) => found.body = Some(body),
                (_, Value::Atom(_) | Value::Text(_) | Value::List) => {}
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Said {
        let Heard::Whole(said, used) = read(text.as_bytes(), 1000) else { unreachable!("{text:?}") };
        assert_eq!(used, text.len(), "{text:?}");
        said
    }

    fn condition(word: &str, code: Option<(&str, &str)>, text: &str) -> Condition {
        let code = code.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Condition { word: word.to_owned(), code, text: text.to_owned() }
    }

    #[test]
    fn conditions_are_read_with_their_codes() {
        for (said, expected) in [
            (
                "* OK [UIDVALIDITY 3857529045] UIDs valid\r\n",
                condition("OK", Some(("UIDVALIDITY", "3857529045")), "UIDs valid"),
            ),
            ("* ok ready\n", condition("OK", None, "ready")),
            ("* BYE [unavailable] later\r\n", condition("BYE", Some(("UNAVAILABLE", "")), "later")),
            ("* PREAUTH\r\n", condition("PREAUTH", None, "")),
        ] {
            assert_eq!(whole(said), Said::Stands(expected), "{said:?}");
        }
        let refused = condition("NO", Some(("AUTHENTICATIONFAILED", "")), "wrong");
        let done = Said::Done { tag: "a1".to_owned(), condition: refused };
        assert_eq!(whole("a1 NO [AUTHENTICATIONFAILED] wrong\r\n"), done);
        assert_eq!(whole("+ go on\r\n"), Said::Continue);
        for other in [
            "* CAPABILITY IMAP4rev1 STARTTLS\r\n",
            "* 172 EXISTS\r\n",
            "* FLAGS (\\Answered \\Seen)\r\n",
            "* LIST () \"/\" {3}\r\na\r\n\r\n",
        ] {
            assert_eq!(whole(other), Said::Other, "{other:?}");
        }
    }

    #[test]
    fn a_mail_is_read_whole_whatever_stands_in_it() {
        let text = "* 12 FETCH (FLAGS (\\Seen $(x)) UID 34 BODY[] {8}\r\na)\r\n}\"\r\n RFC822.SIZE 8)\r\n";
        let text = text.replace(" $(x)", " ($x)");
        let expected = Fetched { uid: Some(34), size: Some(8), body: Some(b"a)\r\n}\"\r\n".to_vec()) };
        assert_eq!(whole(&text), Said::Fetched(expected));
        let quoted = whole("* 1 FETCH (BODY[] \"a\\\"b\" ENVELOPE ((NIL NIL) \"(\" {1}\r\n() UID 7)\r\n");
        assert_eq!(quoted, Said::Fetched(Fetched { uid: Some(7), size: None, body: Some(b"a\"b".to_vec()) }));
        let part = whole("* 1 FETCH (UID 7 BODY[]<0> {1}\r\na)\r\n");
        assert_eq!(part, Said::Fetched(Fetched { uid: Some(7), size: None, body: Some(b"a".to_vec()) }));
        assert_eq!(whole("* 1 FETCH ()\r\n"), Said::Fetched(Fetched::default()));
        // Cut anywhere it is the beginning of a response and nothing else.
        for cut in 0..text.len() {
            assert_eq!(read(&text.as_bytes()[..cut], 1000), Heard::Part, "cut at {cut}");
        }
    }

    #[test]
    fn what_is_too_large_or_no_imap_is_not_waited_for() {
        assert_eq!(read(b"* 1 FETCH (BODY[] {1001}\r\n", 1000), Heard::TooLarge);
        assert_eq!(read(b"* 1 FETCH (BODY[] {600}\r\n", 1000), Heard::Part);
        assert_eq!(read(b"* 1 FETCH (BODY[] {99999999999999999999}\r\n", 1000), Heard::Garbage);
        let two = [b"* 1 FETCH (A {600}\r\n".as_slice(), &[b'x'; 600], b" B {600}\r\n"].concat();
        assert_eq!(read(&two, 1000), Heard::TooLarge);
        assert_eq!(read(&[b'x'; LINE + 1], 1000), Heard::Garbage);
        assert_eq!(read(&[b'x'; LINE], 1000), Heard::Part);
        let deep = format!("* 1 FETCH (A {})\r\n", "(".repeat(1000));
        for garbage in
            ["\r\n", "HTTP/1.1 400 Bad Request\r\n", "* 1 FETCH (UID x)\r\n", "* 1 FETCH (UID\r\n", "a1 MAYBE\r\n", &deep]
        {
            assert_eq!(read(garbage.as_bytes(), 1000), Heard::Garbage, "{garbage:?}");
        }
    }
}
