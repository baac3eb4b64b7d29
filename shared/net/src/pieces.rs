//! Bodies that come in pieces, some of which are stored files. A body is read while it goes out, a part at a time.

use aws::Files;
use aws::files::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use kernel::crypto::Sha256;
use providers::{Body, Piece, Reply};

/// Letters of a line of base64 in MIME (RFC 2045 section 6.8).
const LINE: usize = 76;

/// The refusal of a body that cannot be read, by a status and a code that every provider takes for one for good.
pub fn refusal(files: &Files, body: &Body) -> Option<Reply> {
    let lacking = matches!(files, Files::None) && has_files(body);
    lacking.then(|| refused("no place for stored files is connected"))
}

/// Whether stored files are part of the body.
pub fn has_files(body: &Body) -> bool {
    body.0.iter().any(|piece| match piece {
        Piece::Bytes(_) => false,
        Piece::Stored { .. } => true,
        Piece::Base64 { of, .. } => has_files(of),
    })
}

/// The digest of the body, for a signature: its files are read for that once more.
pub async fn digest(files: &Files, body: &Body) -> Result<String, String> {
    let (mut digest, mut parts) = (Sha256::default(), read(files, body));
    while let Some(part) = parts.next().await {
        digest.add(&part?);
    }
    Ok(digest.hex())
}

/// The whole body.
pub async fn whole(files: &Files, body: &Body) -> Result<Vec<u8>, Reply> {
    if let Some(refusal) = refusal(files, body) {
        return Err(refusal);
    }
    let (mut all, mut parts) = (Vec::new(), read(files, body));
    while let Some(part) = parts.next().await {
        all.extend_from_slice(&part.map_err(|why| Reply::Unread { text: why })?);
    }
    Ok(all)
}

/// The body, a part at a time. A stored file is asked for when its turn comes.
pub fn read(files: &Files, body: &Body) -> Parts {
    let (files, pieces) = (files.clone(), body.0.clone());
    stream::iter(pieces).flat_map(move |piece| read_piece(&files, piece)).boxed()
}

fn read_piece(files: &Files, piece: Piece) -> Parts {
    match piece {
        Piece::Bytes(bytes) => stream::iter([Ok(bytes.into())]).boxed(),
        Piece::Stored { key, bytes } => promised(files.read(&key), bytes),
        Piece::Base64 { of, lines } => encoded(read(files, &of), lines),
    }
}

/// A file of that size. One of another size ends in an error: its length was promised.
fn promised(parts: Parts, size: u64) -> Parts {
    let other = || "a stored file has another size".to_owned();
    stream::try_unfold((parts, size), move |(mut parts, left)| async move {
        match parts.next().await.transpose()? {
            Some(part) => {
                let left = left.checked_sub(u64::try_from(part.len()).unwrap_or(u64::MAX)).ok_or_else(other)?;
                Ok(Some((part, (parts, left))))
            }
            None if left == 0 => Ok(None),
            None => Err(other()),
        }
    })
    .boxed()
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
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, String> {
        if self.over {
            return Ok(None);
        }
        let mut bytes = std::mem::take(&mut self.rest);
        match self.from.next().await {
            Some(part) => {
                bytes.extend_from_slice(&part?);
                self.rest = bytes.split_off(bytes.len() - bytes.len() % 3);
            }
            None => self.over = true,
        }
        let letters = STANDARD.encode(bytes).into_bytes();
        let letters = if self.lines { self.broken(&letters) } else { letters };
        Ok(Some((letters.into(), self)))
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
    use aws::files::Shelf;
    use kernel::{Clock, Keys, Secret, Time};

    use super::*;

    /// Files of those sizes.
    async fn prepared(files: &[(&str, usize)]) -> Files {
        let keys = Keys::derive(&Secret::new("the deployment secret of a test, for it alone")).unwrap();
        let there = Files::Shelf(Shelf::memory(&keys, "", Clock::manual(Time::from_millis(1))));
        for (key, size) in files {
            there.write(key, "a/b", *size as u64, aws::files::whole(bytes(*size))).await.unwrap();
        }
        there
    }

    fn bytes(size: usize) -> Vec<u8> {
        (0..size).map(|at| (at % 251) as u8).collect()
    }

    fn stored(key: &str, bytes: u64) -> Piece {
        Piece::Stored { key: key.to_owned(), bytes }
    }

    #[tokio::test]
    async fn a_stored_file_goes_out_like_bytes_that_are_at_hand() {
        for size in [0, 1, 2, 3, 56, 57, 58, 65_535, 65_536, 65_537, 200_000] {
            let (files, bytes) = (prepared(&[("a", size)]).await, bytes(size));
            for lines in [false, true] {
                let around = |piece: Piece| {
                    let inner = Body(vec![Piece::Bytes(b"xy".to_vec()), piece]);
                    Body(vec![Piece::Bytes(b"<".to_vec()), Piece::Base64 { of: inner, lines }, Piece::Bytes(b">".to_vec())])
                };
                let body = around(stored("a", size as u64));
                let read = whole(&files, &body).await.unwrap();
                assert_eq!(Some(&read), around(Piece::Bytes(bytes.clone())).whole().as_ref(), "{size} {lines}");
                assert_eq!(read.len() as u64, body.len());
            }
        }
    }

    #[tokio::test]
    async fn what_cannot_be_read_goes_nowhere() {
        let body = Body(vec![Piece::Bytes(b"x".to_vec()), stored("a", 5)]);
        assert!(matches!(whole(&Files::None, &body).await, Err(Reply::Refused { status: 413, .. })));
        for there in [&[][..], &[("a", 4)], &[("a", 6)]] {
            let files = prepared(there).await;
            assert!(matches!(whole(&files, &body).await, Err(Reply::Unread { .. })), "{there:?}");
        }
        assert_eq!(whole(&Files::None, &Body::bytes("abc")).await.unwrap(), b"abc");
    }
}
