//! Reads mail and forms in MIME, whoever wrote them: within bounds, and in time that grows with their length alone.
//!
//! What is beyond a bound is left out and never an error, since what came in must not be lost for one odd part of it. Every byte is
//! looked at once for each level of parts that it is in, and there are at most [`DEPTH`] levels; [`Walk::visited`] counts them, so
//! that tests can tell. Sources: RFC 5322 (format), RFC 2045 to 2047 and RFC 2231 (MIME), RFC 7578 (forms).

mod address;
mod head;
mod multipart;
mod text;

pub(crate) use address::{Person, people};
pub(crate) use head::{Head, Typed, file_name};
pub(crate) use multipart::split;
pub(crate) use text::{string, transfer, words};

/// Levels of parts within parts.
pub(crate) const DEPTH: usize = 8;
/// Parts of one message, over all levels.
pub(crate) const PARTS: usize = 200;

/// The lines of a text, each with its end; a line feed ends one. Counts the bytes that it handed out.
pub(crate) struct Lines<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    /// From the beginning.
    pub(crate) const fn of(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Where the next line begins, which is how many bytes were looked at.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// What was not handed out yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let length = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        self.at += length;
        rest.get(..length).filter(|line| !line.is_empty())
    }
}

/// A line without its end, CR LF or LF.
pub(crate) fn bare(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A part that has no parts of its own. An attached message is one: it is not looked into.
#[derive(Clone, Debug)]
pub(crate) struct Leaf<'a> {
    /// Its header.
    pub(crate) head: Head,
    /// Its media type, `text/plain` when it names none.
    pub(crate) media: Typed,
    /// Its content, still encoded.
    pub(crate) body: &'a [u8],
}

impl Leaf<'_> {
    /// Its content, decoded.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        transfer(self.head.first("content-transfer-encoding").unwrap_or_default(), self.body)
    }

    /// Its content as text.
    pub(crate) fn text(&self) -> String {
        string(self.media.parameter("charset"), &self.bytes())
    }
}

/// A message taken apart.
#[derive(Clone, Debug)]
pub(crate) struct Walk<'a> {
    /// The message's header.
    pub(crate) head: Head,
    /// Its media type.
    pub(crate) media: Typed,
    /// Its parts in order.
    pub(crate) leaves: Vec<Leaf<'a>>,
    /// How many bytes were looked at, over all levels.
    pub(crate) visited: usize,
}

/// Takes a message apart.
pub(crate) fn walk(raw: &[u8]) -> Walk<'_> {
    let (head, body) = Head::read(raw);
    let media = head.media();
    let mut walk = Walk { head: head.clone(), media: media.clone(), leaves: Vec::new(), visited: raw.len() - body.len() };
    let mut parts = 1;
    // What is still to be looked at, the next one last.
    let mut open = vec![(Leaf { head, media, body }, DEPTH)];
    while let Some((leaf, depth)) = open.pop() {
        let boundary = leaf.media.parameter("boundary").filter(|_| leaf.media.name.starts_with("multipart/"));
        let Some(boundary) = boundary.filter(|_| depth > 0) else {
            walk.leaves.push(leaf);
            continue;
        };
        let (found, visited) = split(leaf.body, boundary, PARTS.saturating_sub(parts));
        walk.visited += visited;
        parts += found.len();
        for part in found.into_iter().rev() {
            let (head, body) = Head::read(part);
            walk.visited += part.len() - body.len();
            let media = head.media();
            open.push((Leaf { head, media, body }, depth - 1));
        }
    }
    walk
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(walk: &Walk<'_>) -> Vec<String> {
        walk.leaves.iter().map(|leaf| leaf.media.name.clone()).collect()
    }

    #[test]
    fn parts_come_in_their_order_from_every_level() {
        let raw = b"Subject: x\r\nContent-Type: multipart/mixed; boundary=\"a b\"\r\n\r\nfor old readers\r\n--a b\r\n\
            Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nplain\r\n--c\r\nContent-Type: text/HTML\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nPGI+\r\n--c--\r\nnobody's\r\n--a b\r\nContent-Type: message/rfc822\r\n\r\n\
            Content-Type: multipart/mixed; boundary=a b\r\n\r\nin it\r\n--a b--\r\nafter";
        let walk = walk(raw);
        assert_eq!(names(&walk), ["text/plain", "text/html", "message/rfc822"]);
        assert_eq!(walk.leaves[0].text(), "plain");
        assert_eq!(walk.leaves[1].text(), "<b>");
        assert!(walk.leaves[2].body.ends_with(b"in it"));
        assert!(walk.visited <= raw.len() * 3);
    }

    /// Everything hostile costs no more than a look at each byte for each level.
    #[test]
    fn the_cost_is_the_length_times_the_levels() {
        let nested: Vec<u8> = (0..5_000)
            .flat_map(|level| format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n").into_bytes())
            .collect();
        let same = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n".repeat(5_000);
        let short = [b"Content-Type: multipart/mixed; boundary=b\n\n".to_vec(), b"--b\n".repeat(100_000)].concat();
        let near = [b"Content-Type: multipart/mixed; boundary=bbbbbbbbbbbb\n\n".to_vec(), b"--bbbbbbbbbbb\n".repeat(50_000)];
        let near = near.concat();
        let heads = b"X-A: ".repeat(100_000);
        let fields = b"X: y\n".repeat(100_000);
        let folded = [b"X: y\n".to_vec(), b" z\n".repeat(100_000)].concat();
        let deep = |levels: usize| -> Vec<u8> {
            let open = (0..levels).map(|n| format!("Content-Type: multipart/mixed; boundary=n{n}\n\n--n{n}\n"));
            let mut raw = open.collect::<String>().into_bytes();
            raw.extend(b"\ntext\n".repeat(20_000));
            raw
        };
        for (what, raw) in [
            ("nested", nested),
            ("one boundary for all levels", same),
            ("boundaries without end", short),
            ("almost boundaries", near),
            ("a head without end", heads),
            ("fields without end", fields),
            ("a folded field without end", folded),
            ("as deep as is looked", deep(DEPTH)),
            ("deeper", deep(DEPTH * 3)),
            ("nothing", Vec::new()),
            ("bytes", vec![0xff; 100_000]),
            ("line feeds", vec![b'\n'; 100_000]),
        ] {
            let walk = walk(&raw);
            assert!(walk.visited <= raw.len() * (DEPTH + 2), "{what}: {} of {}", walk.visited, raw.len());
            assert!(walk.leaves.len() <= PARTS, "{what}: {}", walk.leaves.len());
            for leaf in &walk.leaves {
                assert!(leaf.bytes().len() <= leaf.body.len() + 2, "{what}");
            }
        }
    }

    #[test]
    fn the_deepest_part_that_is_looked_at_is_handed_out_whole() {
        let mut raw = String::new();
        for level in 0..DEPTH * 2 {
            raw.push_str(&format!("Content-Type: multipart/mixed; boundary=n{level}x\n\n--n{level}x\n"));
        }
        let walk = walk(raw.as_bytes());
        assert_eq!(names(&walk), ["multipart/mixed"]);
    }
}
