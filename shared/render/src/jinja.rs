//! Jinja templates, by minijinja.
//!
//! A source passes four gates before it is compiled: `scan` (shallow enough to parse), the parser,
//! `references` and `names` (what it reaches and reads), and `rewrite` (printed again with guards,
//! which `verify` checks).
//!
//! Invariant: the engine only ever compiles what `rewrite` printed, and only ever runs it under a
//! meter.

mod checks;
mod expression;
mod filters;
mod guards;
mod names;
mod program;
mod references;
mod rewrite;
mod scan;
mod sizes;
mod targets;
mod values;
mod verify;
mod walk;

pub(crate) use program::Program;
