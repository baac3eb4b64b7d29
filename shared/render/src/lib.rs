//! render
mod context;
mod fault;
mod jinja;
mod limits;
mod meter;
mod source;
