//! The API over HTTP, in process, on the table in memory: messages, templates, numbers, pages.

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
