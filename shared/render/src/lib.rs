//! render
mod context;
mod fault;
mod go;
mod jinja;
mod limits;
mod links;
mod meter;
mod source;
mod tags;
pub use links::*;
