//! The readers of what strangers write, over any bytes: for fuzz targets and for the tests that replay their corpus. Built with the
//! feature `fuzz` alone, so never in a deployed function.
//!
//! Callbacks are read here whether they are proven or not: a reader must bear whatever a provider, or whoever knows its secret, may
//! come to sign.

use kernel::Time;

use crate::bounce::report;
use crate::mime::{self, DEPTH, PARTS};
use crate::proof::{Notice, Verified};
use crate::sns::{self, Kind};
use crate::{Callback, Event, Inbound, Receiving, Setup, letter};

/// Levels of parts within parts that are looked into.
pub const LEVELS: usize = DEPTH;
/// Parts of one message that are read.
pub const MOST: usize = PARTS;

/// What reading a message cost and found.
#[derive(Debug)]
pub struct Taken {
    /// Bytes that were looked at, over all levels.
    pub visited: usize,
    /// Parts.
    pub parts: usize,
    /// Bytes of the parts, still encoded.
    pub bytes: usize,
    /// The message, when it names a sender.
    pub letter: Option<Inbound>,
}

/// Reads a message of MIME.
pub fn message(raw: &[u8], arrived: Time) -> Taken {
    let walk = mime::walk(raw);
    Taken {
        visited: walk.visited,
        parts: walk.leaves.len(),
        bytes: walk.leaves.iter().map(|leaf| leaf.body.len()).sum(),
        letter: letter::read(raw, None, arrived),
    }
}

/// Reads a report about a message: DSN (RFC 3464) or ARF (RFC 5965).
pub fn report(raw: &[u8], arrived: Time) -> Vec<Event> {
    report::events(raw, arrived)
}

/// Whether the callback was believed, and what it would say if it were.
pub fn callback(provider: &dyn Receiving, callback: &Callback<'_>, setup: &Setup<'_>) -> (bool, Vec<Event>, Vec<Inbound>) {
    // What is done with any post before anything is proven.
    let _ = sns::certificate_url(callback.body);
    let _ = provider.handshake(callback, setup);
    let believed = provider.verify(callback, setup).is_ok();
    let verified = Verified::unproven(callback, notice(callback));
    let _ = provider.answer(&verified);
    let _ = provider.deposit(&verified, setup);
    let _ = provider.deposited(&verified, setup, None);
    (believed, provider.events(&verified, setup), provider.inbound(&verified, setup))
}

/// The envelope of SNS that would carry the body.
fn notice(callback: &Callback<'_>) -> Notice {
    Notice {
        kind: Kind::Notification,
        message: String::from_utf8_lossy(callback.body).into_owned(),
        message_id: String::new(),
        topic: String::new(),
        at: callback.now,
        confirmation: None,
    }
}
