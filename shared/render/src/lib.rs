//! From a tenant's template and the variables of a message to the parts of that message.
//!
//! A [`Source`] is what a tenant wrote, in Jinja or Go, HTML or MJML. [`Compiled::new`] parses it once
//! and says everything that is wrong with it; [`Compiled::render`] makes the subject, the html and the
//! text of one message. [`check_variables`] guards what goes in, [`lint`] looks at what comes out, and
//! [`rewrite_links`] and [`insert_pixel`] add tracking.
//!
//! Templates are hostile until proven otherwise. Invariants of this crate: it reads no clock, file,
//! network or environment; it never panics; a template takes at most 64 MB and a bounded number of
//! steps to compile and to render; what it writes is at most [`Limits::output_bytes`]; and a value in
//! an html part is escaped unless the author says otherwise.

mod compiled;
mod context;
mod fault;
mod go;
mod hints;
mod jinja;
mod limits;
mod links;
mod meter;
mod mjml;
mod names;
mod plain;
mod shape;
mod source;
mod styles;
mod tags;
mod variables;

pub use compiled::Compiled;
pub use fault::{Fault, Kind};
pub use hints::{Hint, lint};
pub use limits::Limits;
pub use links::{insert_pixel, rewrite_links};
pub use names::layouts_named;
pub use source::{Engine, Layout, Markup, Rendered, Source, Strictness};
pub use variables::{Misfit, Schema, Type, Variable, check_schema, check_variables};
