//! A message as SMTP wants it written: every line ends in CRLF, and one that begins with a dot has another before it (RFC 5321
//! section 4.5.2). Bare line ends become whole ones, since servers disagree about where a message with such ends.

use providers::{Body, Piece};

/// Where in a line the message is, between two of its parts.
#[derive(Debug)]
pub struct Lines {
    /// At the beginning of a line.
    fresh: bool,
    /// Behind a CR, whose LF may come with the next part.
    returned: bool,
}

impl Default for Lines {
    fn default() -> Self {
        Self { fresh: true, returned: false }
    }
}

impl Lines {
    /// The next part as it is written.
    pub fn part(&mut self, raw: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(raw.len() + raw.len() / 32 + 2);
        for &byte in raw {
            let completes = byte == b'\n' && self.returned;
            self.returned = byte == b'\r';
            match byte {
                _ if completes => {}
                b'\r' | b'\n' => {
                    out.extend_from_slice(b"\r\n");
                    self.fresh = true;
                }
                _ => {
                    if self.fresh && byte == b'.' {
                        out.push(b'.');
                    }
                    out.push(byte);
                    self.fresh = false;
                }
            }
        }
        out
    }

    /// What ends the last line.
    pub const fn end(&self) -> &'static [u8] {
        if self.fresh { b"" } else { b"\r\n" }
    }
}

/// Whether no byte has its eighth bit set. Of a stored file that goes as it is nobody knows.
pub fn is_ascii(body: &Body) -> bool {
    body.0.iter().all(|piece| match piece {
        Piece::Bytes(bytes) => bytes.is_ascii(),
        Piece::Base64 { .. } => true,
        Piece::Stored { .. } => false,
    })
}

/// The same of the headers, as far as the first empty line. They stand in the first piece.
pub fn head_is_ascii(body: &Body) -> bool {
    let Some(Piece::Bytes(raw)) = body.0.first() else { return true };
    let end = raw.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(raw.len());
    raw.get(..end).unwrap_or(raw).is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_of_a_message_can_end_it_wherever_its_parts_do() {
        for (raw, written) in [
            ("", ""),
            ("a", "a\r\n"),
            ("a\r\n", "a\r\n"),
            (".\r\n", "..\r\n"),
            ("a\r\n.\r\nb", "a\r\n..\r\nb\r\n"),
            ("a\n.\nb\n", "a\r\n..\r\nb\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n"),
            ("a\r\r\n.\r\n", "a\r\n\r\n..\r\n"),
            ("..a.\r\n\r\n", "...a.\r\n\r\n"),
        ] {
            for cut in 0..=raw.len() {
                let mut lines = Lines::default();
                let mut out = lines.part(&raw.as_bytes()[..cut]);
                out.extend(lines.part(&raw.as_bytes()[cut..]));
                out.extend_from_slice(lines.end());
                assert_eq!(String::from_utf8(out).unwrap(), written, "{raw:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_body_of_pieces_tells_what_it_needs_before_it_is_read() {
        let bytes = |text: &str| Piece::Bytes(text.as_bytes().to_vec());
        let stored = || Piece::Stored { key: "k".to_owned(), bytes: 3 };
        let encoded = Piece::Base64 { of: Body(vec![stored()]), lines: true };
        let plain = Body(vec![bytes("Subject: x\r\n\r\n"), encoded.clone()]);
        assert!(is_ascii(&plain) && head_is_ascii(&plain));
        let text = Body(vec![bytes("Subject: x\r\n\r\n\u{fc}"), encoded]);
        assert!(!is_ascii(&text) && head_is_ascii(&text));
        assert!(!is_ascii(&Body(vec![stored()])));
        assert!(!head_is_ascii(&Body(vec![bytes("Subject: \u{fc}\r\n\r\n")])));
    }
}
