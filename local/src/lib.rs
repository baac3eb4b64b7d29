//! The whole system in one process: [`runner`] on an embedded table for people, [`stage`] on a table in memory for tests. Both
//! drive the very handlers that are deployed. Never deployed itself.

pub mod provider;
pub mod stage;
