//! Bodies that come in pieces, some of which are stored files. A body is read while it goes out, a part at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use providers::{Body, Piece, Reply};

/// Most bytes of a stored file that are read at once.
const PART: u64 = 64 * 1024;
/// Letters of a line of base64 in MIME (RFC 2045 section 6.8).
const LINE: usize = 76;

/// The port that stored files are read through.
#[derive(Clone, Debug, Default)]
pub enum Files {
    /// No place for files is connected: what has one in it is refused before anything is sent.
    #[default]
    None,
    /// Files prepared beforehand, by their keys.
    Prepared(Arc<BTreeMap<String, Vec<u8>>>),
}

/// A body on its way. An error says why it cannot be read on.
pub type Parts = BoxStream<'static, Result<Vec<u8>, String>>;

impl Files {
    /// At most [`PART`] bytes of a file from there on; fewer only at its end.
    async fn part(&self, key: &str, from: u64) -> Result<Vec<u8>, String> {
        match self {
            Self::None => Err("no place for stored files is connected".to_owned()),
            Self::Prepared(files) => {
                let file = files.get(key).ok_or_else(|| "a stored file is gone".to_owned())?;
                let start = usize::try_from(from).unwrap_or(usize::MAX).min(file.len());
                let rest = file.get(start..).unwrap_or_default();
                Ok(rest.get(..usize::try_from(PART).unwrap_or(usize::MAX).min(rest.len())).unwrap_or_default().to_vec())
            }
        }
    }

    /// The refusal of a body that cannot be read, by a status and a code that every provider takes for one for good.
    pub fn refusal(&self, body: &Body) -> Option<Reply> {
        match self {
            Self::None if body.whole().is_none() => Some(refused("no place for stored files is connected")),
            Self::None | Self::Prepared(_) => None,
        }
    }

    /// The whole body.
    pub async fn whole(&self, body: &Body) -> Result<Vec<u8>, Reply> {
        if let Some(refusal) = self.refusal(body) {
            return Err(refusal);
        }
        let (mut all, mut parts) = (Vec::new(), self.read(body));
        while let Some(part) = parts.next().await {
            all.extend(part.map_err(|why| Reply::Unreached { text: why })?);
        }
        Ok(all)
    }

    /// The body, a part at a time.
    pub fn read(&self, body: &Body) -> Parts {
        let files = self.clone();
        let pieces = body.0.clone();
        stream::iter(pieces).flat_map(move |piece| files.piece(piece)).boxed()
    }

    fn piece(&self, piece: Piece) -> Parts {
        match piece {
            Piece::Bytes(bytes) => stream::iter([Ok(bytes)]).boxed(),
            Piece::Stored { key, bytes } => self.stored(key, bytes),
            Piece::Base64 { of, lines } => encoded(self.read(&of), lines),
        }
    }

    /// A file of that size. One of another size ends in an error: its length was promised.
    fn stored(&self, key: String, size: u64) -> Parts {
        let files = self.clone();
        let step = move |read: u64| {
            let (files, key) = (files.clone(), key.clone());
            async move {
                let part = files.part(&key, read).await?;
                let now = read.saturating_add(u64::try_from(part.len()).unwrap_or(u64::MAX));
                match (part.is_empty(), now.cmp(&size)) {
                    (true, std::cmp::Ordering::Equal) => Ok(None),
                    (true, _) | (false, std::cmp::Ordering::Greater) => Err("a stored file has another size".to_owned()),
                    (false, _) => Ok(Some((part, now))),
                }
            }
        };
        stream::try_unfold(0, step).boxed()
    }
}

fn refused(text: &str) -> Reply {
    Reply::Refused { status: 413, code: "5.6.0".to_owned(), text: text.to_owned(), after: None }
}

/// Base64 under way.
struct Encoder {
    from: Parts,
    lines: bool,
    /// Fewer than three bytes that wait for more.
    rest: Vec<u8>,
    /// Letters of the line so far.
    column: usize,
    over: bool,
}

impl Encoder {
    async fn next(mut self) -> Result<Option<(Vec<u8>, Self)>, String> {
        if self.over {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.rest);
        match self.from.next().await {
            Some(part) => {
                bytes.extend(part?);
                self.rest = bytes.split_off(bytes.len() - bytes.len() % 3);
            }
            None => self.over = true,
        }
        let letters = STANDARD.encode(bytes).into_bytes();
        Ok(Some((if self.lines { self.broken(&letters) } else { letters }, self)))
    }

    /// With a line end between lines, and none after the last.
    fn broken(&mut self, mut letters: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(letters.len() + letters.len() / LINE * 2 + 2);
        while !letters.is_empty() {
            if self.column == LINE {
                out.extend_from_slice(b"\r\n");
                self.column = 0;
            }
            let (line, rest) = letters.split_at((LINE - self.column).min(letters.len()));
            out.extend_from_slice(line);
            self.column += line.len();
            letters = rest;
        }
        out
    }
}

fn encoded(from: Parts, lines: bool) -> Parts {
    let encoder = Encoder { from, lines, rest: Vec::new(), column: 0, over: false };
    stream::try_unfold(encoder, Encoder::next).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(files: &[(&str, usize)]) -> Files {
        let file = |(key, size): &(&str, usize)| ((*key).to_owned(), (0..*size).map(|at| (at % 251) as u8).collect());
        Files::Prepared(Arc::new(files.iter().map(file).collect()))
    }

    fn stored(key: &str, bytes: u64) -> Piece {
        Piece::Stored { key: key.to_owned(), bytes }
    }

    #[tokio::test]
    async fn a_stored_file_goes_out_like_bytes_that_are_at_hand() {
        for size in [0, 1, 2, 3, 56, 57, 58, 65_535, 65_536, 65_537, 200_000] {
            let files = prepared(&[("a", size)]);
            let Files::Prepared(known) = &files else { unreachable!() };
            let bytes = known["a"].clone();
            for lines in [false, true] {
                let around = |piece: Piece| {
                    let inner = Body(vec![Piece::Bytes(b"xy".to_vec()), piece]);
                    Body(vec![Piece::Bytes(b"<".to_vec()), Piece::Base64 { of: inner, lines }, Piece::Bytes(b">".to_vec())])
                };
                let body = around(stored("a", size as u64));
                let read = files.whole(&body).await.unwrap();
                assert_eq!(Some(&read), around(Piece::Bytes(bytes.clone())).whole().as_ref(), "{size} {lines}");
                assert_eq!(read.len() as u64, body.len());
            }
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_goes_nowhere() {
        let body = Body(vec![Piece::Bytes(b"x".to_vec()), stored("a", 5)]);
        assert!(matches!(Files::None.whole(&body).await, Err(Reply::Refused { status: 413, .. })));
        for files in [prepared(&[]), prepared(&[("a", 4)]), prepared(&[("a", 6)])] {
            assert!(matches!(files.whole(&body).await, Err(Reply::Unreached { .. })), "{files:?}");
        }
        assert_eq!(Files::None.whole(&Body::bytes("abc")).await.unwrap(), b"abc");
    }
}
