//! What whoever talks to providers needs for that: connections to addresses that were judged, web requests, access tokens, and a veil
//! over what providers say. `send` hands messages over by it, `collect` reads mailboxes.

mod dial;
pub mod download;
pub mod http;
mod login;
pub mod names;
pub mod patience;
pub mod pieces;
pub mod socket;
pub mod tokens;
pub mod veil;

/// Faults in one line.
pub fn words(faults: &[kernel::Fault]) -> String {
    faults.iter().map(|fault| format!("{} {}", fault.pointer, fault.detail)).collect::<Vec<_>>().join("; ")
}
