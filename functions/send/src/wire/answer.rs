//! What an SMTP server says (RFC 5321 section 4.2), with its enhanced status code (RFC 2034, RFC 3463) taken out of the words.

/// Most bytes of one answer that are read.
pub const LIMIT: usize = 64 * 1024;
/// Most bytes of a server's words that are kept.
const WORDS: usize = 300;

/// A whole answer, of one line or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Three digits, 200 to 599.
    pub status: u16,
    /// `5.1.1`, or empty.
    pub code: String,
    /// The words of all lines, one space between lines, free of control characters.
    pub text: String,
}

/// What the bytes at hand amount to.
#[derive(Debug, PartialEq, Eq)]
pub enum Heard {
    /// An answer, and how many bytes it took.
    Whole(Answer, usize),
    /// The beginning of one.
    Part,
    /// No SMTP.
    Garbage,
}

/// Reads one answer. Any three digits are taken whose first is 2 to 5: servers do say 571, and bytes that are no UTF-8.
pub fn read(bytes: &[u8]) -> Heard {
    let mut status = None;
    let mut lines = Vec::new();
    let mut used = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let Some(whole) = line.strip_suffix(b"\n") else { break };
        used += line.len();
        let Some((digits, more, words)) = parts(whole.strip_suffix(b"\r").unwrap_or(whole)) else { return Heard::Garbage };
        if status.is_some_and(|status| status != digits) {
            return Heard::Garbage;
        }
        status = Some(digits);
        lines.push(String::from_utf8_lossy(words).into_owned());
        if !more {
            return Heard::Whole(Answer::of(digits, &lines), used);
        }
    }
    if bytes.len() >= LIMIT { Heard::Garbage } else { Heard::Part }
}

/// Status, whether another line follows, and words.
fn parts(line: &[u8]) -> Option<(u16, bool, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let status: u16 =
        std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?.parse().ok()?;
    let (more, words) = match rest.split_first() {
        None => (false, rest),
        Some((b' ', words)) => (false, words),
        Some((b'-', words)) => (true, words),
        Some(_) => return None,
    };
    (200..600).contains(&status).then_some((status, more, words))
}

impl Answer {
    /// An answer of those lines.
    pub fn of(status: u16, lines: &[String]) -> Self {
        let first = lines.first().and_then(|line| line.split_whitespace().next()).filter(|word| is_code(word));
        // The older fashion: `no mailbox here by that name (#5.1.1)`.
        let noted = || lines.iter().flat_map(|line| line.split(['(', ')', ' '])).find_map(|word| word.strip_prefix('#'));
        let code = first.or_else(|| noted().filter(|word| is_code(word))).unwrap_or_default().to_owned();
        let bare = |line: &String| match line.trim_start().strip_prefix(&code) {
            Some(rest) if rest.is_empty() || rest.starts_with(' ') => rest.trim().to_owned(),
            Some(_) | None => line.trim().to_owned(),
        };
        let words: Vec<String> = lines.iter().map(bare).filter(|line| !line.is_empty()).collect();
        let text: String = words.join(" ").chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { status, code, text: domain::message::cut(&text, WORDS) }
    }

    /// Whether the server says no, for now or for good.
    pub fn is_refusal(&self) -> bool {
        self.status >= 400
    }
}

/// The lines of a positive answer to `EHLO` after its first: one extension each, in capitals.
pub fn keywords(bytes: &[u8]) -> Vec<String> {
    let line = |line: &[u8]| String::from_utf8_lossy(line.get(4..).unwrap_or_default()).trim().to_ascii_uppercase();
    bytes.split(|byte| *byte == b'\n').skip(1).map(line).filter(|line| !line.is_empty()).collect()
}

/// `class.subject.detail` of RFC 3463.
fn is_code(word: &str) -> bool {
    let number = |part: &str| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = word.split('.').collect();
    matches!(parts.as_slice(), ["2" | "4" | "5", subject, detail] if number(subject) && number(detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> (u16, String, String) {
        let Heard::Whole(answer, used) = read(text.as_bytes()) else { unreachable!("{text:?}") };
        assert_eq!(used, text.len());
        (answer.status, answer.code, answer.text)
    }

    #[test]
    fn the_code_is_taken_out_of_the_words() {
        for (said, status, code, text) in [
            ("550 5.1.1 user unknown\r\n", 550, "5.1.1", "user unknown"),
            ("550-5.1.1 There is no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n", 550, "5.1.1", "There is no such user"),
            ("550 no mailbox here by that name (#5.1.1)\r\n", 550, "5.1.1", "no mailbox here by that name (#5.1.1)"),
            ("571 5.7.1 not authorised\r\n", 571, "5.7.1", "not authorised"),
            ("250\r\n", 250, "", ""),
            ("250 \r\n", 250, "", ""),
            ("250 2.0.0\r\n", 250, "2.0.0", ""),
            ("354 go on\n", 354, "", "go on"),
            ("554 mail.example.com runs 4.92.3 at 10.0.0.1\r\n", 554, "", "mail.example.com runs 4.92.3 at 10.0.0.1"),
            ("554 a\tb\x07c\r\n", 554, "", "a b c"),
        ] {
            assert_eq!(whole(said), (status, code.to_owned(), text.to_owned()), "{said:?}");
        }
    }

    #[test]
    fn words_in_another_alphabet_are_still_an_answer() {
        let Heard::Whole(answer, _) = read(b"550 5.1.1 unbekannter Empf\xe4nger\r\n") else { unreachable!() };
        assert_eq!((answer.status, answer.text.as_str()), (550, "unbekannter Empf\u{fffd}nger"));
    }

    #[test]
    fn what_is_no_answer_is_told_from_what_is_half_of_one() {
        for part in ["", "2", "250", "250 ok", "250-a\r\n", "250-a\r\n250"] {
            assert_eq!(read(part.as_bytes()), Heard::Part, "{part:?}");
        }
        for garbage in ["\r\n", "hello\r\n", "25\r\n", "250ok\r\n", "199 a\r\n", "600 a\r\n", "250-a\r\n251 b\r\n", "+50 a\r\n"]
        {
            assert_eq!(read(garbage.as_bytes()), Heard::Garbage, "{garbage:?}");
        }
        assert_eq!(read(&[b'2'; LIMIT]), Heard::Garbage);
    }

    #[test]
    fn bytes_after_an_answer_are_left() {
        let Heard::Whole(answer, used) = read(b"220 go\r\n250 injected\r\n") else { unreachable!() };
        assert_eq!((answer.status, used), (220, 8));
    }

    #[test]
    fn extensions_are_read_in_any_spelling() {
        assert_eq!(keywords(b"250-hi there\r\n250-size 1000\r\n250-\r\n250 auth=Plain\r\n"), ["SIZE 1000", "AUTH=PLAIN"]);
    }
}
