//! Servers on this machine that do what a test tells them, and remember what they were told: [`web`] speaks HTTP/1.1 and HTTP/2,
//! [`mail`] SMTP, [`imap`] IMAP, all with and without TLS.
//!
//! None of them waits for time to pass: one that falls silent says so, and whoever owns the client's patience ends it.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first thing that is wrong")]

pub mod imap;
mod line;
pub mod mail;
pub mod web;

pub use line::Identity;
