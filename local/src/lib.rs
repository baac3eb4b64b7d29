//! The whole system in one process: [`runner`] on an embedded table for people, [`stage`] on a table in memory for tests. Both
//! drive the very handlers that are deployed. Never deployed itself.

pub mod demo;
pub mod engine;
pub mod files;
pub mod options;
pub mod pages;
pub mod played;
pub mod provider;
pub mod pump;
pub mod runner;
pub mod secrets;
pub mod stage;
mod work;
