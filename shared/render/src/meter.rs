//! What the rendering on this thread may still spend, counted in bytes built or looked through.
//!
//! Neither engine bounds memory by itself: one instruction may build 100 MB. So everything that
//! builds a value out of others - an operator, a filter, a capture, a Go function - pays here first,
//! by the size of what it is about to read and make. The count belongs to the thread because filters
//! and functions are called back without a place for it, and a rendering never leaves its thread.
//!
//! Invariant: outside a [`Meter`] nothing can be paid for, so a guard that is reached in any other
//! way fails instead of running unbounded.

use std::cell::Cell;

use crate::limits::Limits;

#[derive(Clone, Copy)]
struct Left {
    work: usize,
    steps: u64,
    value: usize,
}

const NOTHING: Left = Left { work: 0, steps: 0, value: 0 };

thread_local! {
    static LEFT: Cell<Left> = const { Cell::new(NOTHING) };
}

/// The rendering asked for more than it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Spent {
    #[error("the template builds too much text or too long lists")]
    Work,
    #[error("the template runs too many steps")]
    Steps,
    #[error("one value that the template builds is too large")]
    Value,
    #[error("lists or maps are nested too deep")]
    Depth,
    #[error("the result is larger than a message may be")]
    Output,
}

/// Holds the allowance of one rendered part; dropping it takes the rest away.
pub(crate) struct Meter(());

impl Meter {
    pub(crate) fn start(limits: &Limits) -> Meter {
        LEFT.set(Left { work: limits.work_bytes, steps: limits.fuel, value: limits.value_bytes });
        Meter(())
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        LEFT.set(NOTHING);
    }
}

/// Pays for looking through or building `bytes`.
pub(crate) fn spend(bytes: usize) -> Result<(), Spent> {
    let left = LEFT.get();
    match left.work.checked_sub(bytes) {
        Some(work) => {
            LEFT.set(Left { work, ..left });
            Ok(())
        }
        None => {
            LEFT.set(Left { work: 0, ..left });
            Err(Spent::Work)
        }
    }
}

/// Pays for a value of `bytes` that is about to be built, which also may not be too large by itself.
pub(crate) fn build(bytes: usize) -> Result<(), Spent> {
    if bytes > LEFT.get().value {
        return Err(Spent::Value);
    }
    spend(bytes)
}

/// Pays for `steps` nodes of a Go template; Jinja counts its own instructions.
pub(crate) fn step(steps: u64) -> Result<(), Spent> {
    let left = LEFT.get();
    match left.steps.checked_sub(steps) {
        Some(steps) => {
            LEFT.set(Left { steps, ..left });
            Ok(())
        }
        None => Err(Spent::Steps),
    }
}

/// The largest value that may be built now: what one may be, or what is left.
pub(crate) fn room() -> usize {
    let left = LEFT.get();
    left.value.min(left.work)
}

/// A buffer that refuses to grow past its cap.
pub(crate) struct Capped {
    bytes: Vec<u8>,
    cap: usize,
}

impl Capped {
    pub(crate) fn new(cap: usize, expected: usize) -> Capped {
        Capped { bytes: Vec::with_capacity(expected.min(cap)), cap }
    }

    /// The text written so far; only whole strings are ever written, so it is valid.
    pub(crate) fn into_text(self) -> String {
        String::from_utf8(self.bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), Spent> {
        if self.bytes.len() + bytes.len() > self.cap {
            return Err(Spent::Output);
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }
}

impl std::fmt::Write for Capped {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text.as_bytes()).map_err(|_| std::fmt::Error)
    }
}

impl std::io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.push(bytes).map_err(std::io::Error::other)?;
        Ok(bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.push(bytes).map_err(std::io::Error::other)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn nothing_is_paid_for_outside_a_meter() {
        assert_eq!(spend(1), Err(Spent::Work));
        assert_eq!(step(1), Err(Spent::Steps));
        assert_eq!(build(1), Err(Spent::Value));
        {
            let _meter = Meter::start(&Limits::default());
            spend(1 << 20).unwrap();
            build(1000).unwrap();
            assert_eq!(build(1 << 20), Err(Spent::Value));
            assert_eq!(spend(8 << 20), Err(Spent::Work));
            assert_eq!(spend(1), Err(Spent::Work));
        }
        assert_eq!(spend(1), Err(Spent::Work));
    }

    #[test]
    fn the_buffer_takes_its_cap_and_no_byte_more() {
        let mut out = Capped::new(4, 100);
        out.write_all("äö".as_bytes()).unwrap();
        assert!(out.write_all(b"x").is_err());
        assert_eq!(out.into_text(), "äö");
    }
}
