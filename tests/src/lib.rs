//! The words that stories are told in: a stage with tenants, people and messages on it, and a contract that every reply is held
//! to. Nothing here decides what is right; it only makes a story short.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may stop at the first thing that is wrong"
)]

pub mod bank;
pub mod chat;
pub mod cloud;
pub mod contract;
pub mod files;
pub mod form;
pub mod google;
pub mod letter;
pub mod letterbox;
pub mod log;
pub mod person;
pub mod sns;
pub mod story;
pub mod tenant;
pub mod texts;
pub mod token;

pub use contract::Contract;
pub use form::Form;
pub use letter::Letter;
pub use story::{Ask, Reply, Story};
pub use tenant::{Company, Contact, Message};
