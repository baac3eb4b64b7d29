//! The API over HTTP, in process, on the table in memory: messages, templates, numbers, pages.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at the first thing that is wrong")]

#[path = "http/limits.rs"]
mod limits;
#[path = "http/messages.rs"]
mod messages;
#[path = "http/numbers.rs"]
mod numbers;
#[path = "http/pages.rs"]
mod pages;
#[path = "http/stage.rs"]
mod stage;
#[path = "http/templates.rs"]
mod templates;
