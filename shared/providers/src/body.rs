//! What goes out, as data: bytes, and stored files that are read when it goes.

use std::fmt;

use serde_json::Value;

/// A body in pieces, so that stored files are never in memory as a whole.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body(pub Vec<Piece>);

/// One piece of a body.
#[derive(Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The bytes of a stored file.
    Stored {
        /// Where they are kept.
        key: String,
        /// How many they are.
        bytes: u64,
    },
    /// Base64 (RFC 4648) of other pieces, as if they were one.
    Base64 {
        /// What is encoded.
        of: Body,
        /// Whether a line ends (CR LF) after every 76 characters, as MIME wants it.
        lines: bool,
    },
}

impl Body {
    /// These bytes.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(vec![Piece::Bytes(bytes.into())])
    }

    /// JSON.
    pub fn json(value: &Value) -> Self {
        Self::bytes(value.to_string())
    }

    /// `application/x-www-form-urlencoded`.
    pub fn form<N: AsRef<str>, V: AsRef<str>>(fields: impl IntoIterator<Item = (N, V)>) -> Self {
        Self::bytes(url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
    }

    /// Text in which each mark, which stands there once, gives way to a piece. The marks come in the order of the text; one that
    /// is not found takes its piece with it.
    pub fn spliced(text: &[u8], holes: Vec<(String, Piece)>) -> Self {
        let mut pieces = Vec::with_capacity(holes.len() * 2 + 1);
        let mut rest = text;
        for (mark, piece) in holes {
            let found = rest.windows(mark.len().max(1)).position(|window| window == mark.as_bytes());
            if let Some((before, after)) = found.and_then(|at| Some((rest.get(..at)?, rest.get(at + mark.len()..)?))) {
                pieces.push(Piece::Bytes(before.to_vec()));
                pieces.push(piece);
                rest = after;
            }
        }
        pieces.push(Piece::Bytes(rest.to_vec()));
        Self(pieces)
    }

    /// How many bytes it has.
    pub fn len(&self) -> u64 {
        let piece = |piece: &Piece| match piece {
            Piece::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Piece::Stored { bytes, .. } => *bytes,
            Piece::Base64 { of, lines } => {
                let letters = of.len().div_ceil(3).saturating_mul(4);
                // A line end between lines, none after the last.
                letters.saturating_add(if *lines { letters.div_ceil(76).saturating_sub(1).saturating_mul(2) } else { 0 })
            }
        };
        self.0.iter().map(piece).fold(0, u64::saturating_add)
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes, when no stored file is part of it.
    pub fn whole(&self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        for piece in &self.0 {
            match piece {
                Piece::Bytes(bytes) => all.extend_from_slice(bytes),
                Piece::Stored { .. } => return None,
                Piece::Base64 { of, lines } => all.extend(encode(&of.whole()?, *lines)),
            }
        }
        Some(all)
    }
}

/// Base64 with or without line ends.
fn encode(bytes: &[u8], lines: bool) -> Vec<u8> {
    use base64::Engine as _;
    let letters = base64::engine::general_purpose::STANDARD.encode(bytes).into_bytes();
    if lines { letters.chunks(76).collect::<Vec<_>>().join(b"\r\n".as_slice()) } else { letters }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_knows_its_length_before_it_is_read() {
        for size in [0, 1, 2, 3, 56, 57, 58, 113, 114, 115, 1000] {
            for lines in [false, true] {
                let of = Body::bytes(vec![7; size]);
                let body = Body(vec![
                    Piece::Bytes(b"x".to_vec()),
                    Piece::Base64 { of: Body(vec![Piece::Base64 { of, lines }]), lines },
                ]);
                assert_eq!(body.len(), body.whole().unwrap().len() as u64, "{size} {lines}");
            }
        }
    }

    #[test]
    fn marks_give_way_to_pieces() {
        let stored = Piece::Stored { key: "k".to_owned(), bytes: 5 };
        let body = Body::spliced(
            b"{\"a\":\"@1\",\"b\":\"@2\"}",
            vec![("@1".to_owned(), stored.clone()), ("@2".to_owned(), stored.clone())],
        );
        let bytes = |text: &str| Piece::Bytes(text.as_bytes().to_vec());
        assert!(body.0 == [bytes("{\"a\":\""), stored.clone(), bytes("\",\"b\":\""), stored.clone(), bytes("\"}")]);
        assert_eq!(body.len(), 19 - 4 + 10);
        assert!(body.whole().is_none());
        assert_eq!(Body::spliced(b"abc", vec![("@".to_owned(), stored)]).whole().unwrap(), b"abc");
    }
}
