//! Divides a body at its boundary (RFC 2046 section 5.1.1).

use super::{Lines, bare};

/// The longest boundary; RFC 2046 allows 70.
const LONGEST: usize = 200;

/// The parts between the boundary's lines, at most so many, and how many bytes were looked at. Without a closing line the last part
/// goes to the end. What stands before the first line and after the closing one belongs to nobody.
pub(crate) fn split<'a>(body: &'a [u8], boundary: &str, most: usize) -> (Vec<&'a [u8]>, usize) {
    let mut parts = Vec::new();
    if boundary.is_empty() || boundary.len() > LONGEST {
        return (parts, 0);
    }
    let mut lines = Lines::of(body);
    let mut begin: Option<usize> = None;
    loop {
        let at = lines.at();
        let line = lines.next();
        let closing = line.and_then(|line| delimiter(line, boundary.as_bytes()));
        if closing.is_none() && line.is_some() {
            continue;
        }
        if let Some(begin) = begin {
            if parts.len() == most {
                break;
            }
            let part = body.get(begin..at).unwrap_or_default();
            // The line end before the boundary belongs to it; at the end of the body there is none.
            parts.push(if line.is_some() { bare(part) } else { part });
        }
        match closing {
            Some(false) => begin = Some(lines.at()),
            Some(true) | None => break,
        }
    }
    (parts, lines.at())
}

/// Whether the line is one of the boundary's, and then whether it is the closing one.
fn delimiter(line: &[u8], boundary: &[u8]) -> Option<bool> {
    let rest = line.strip_prefix(b"--")?.strip_prefix(boundary)?;
    let (closing, rest) = rest.strip_prefix(b"--").map_or((false, rest), |rest| (true, rest));
    rest.iter().all(u8::is_ascii_whitespace).then_some(closing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_what_stands_between() {
        let all: [&[u8]; 3] = [b"one\r\n", b"", b"--x2\r\ntwo"];
        let body = b"before\r\n--x\r\none\r\n\r\n--x \t\r\n\r\n--x\n--x2\r\ntwo\r\n--x--\r\n--x\r\nafter";
        assert_eq!(split(body, "x", 9).0, all);
        assert_eq!(split(body, "x", 2).0, all[..2]);
        assert_eq!(split(b"--x\nno end\n", "x", 9).0, [b"no end\n"]);
        assert_eq!(split(b"--x\n--x--", "x", 9).0, [b""]);
        assert!(split(b"nothing --x\n", "x", 9).0.is_empty());
        assert!(split(b"--\n--\n", "", 9).0.is_empty());
        assert!(split(body, &"x".repeat(201), 9).0.is_empty());
    }

    #[test]
    fn nothing_is_looked_at_beyond_the_last_part_that_is_wanted() {
        let body = b"--x\n".repeat(1000);
        let (parts, visited) = split(&body, "x", 3);
        assert_eq!((parts.len(), visited), (3, 20));
    }
}
