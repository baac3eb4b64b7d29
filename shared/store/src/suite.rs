//! One suite over both tables: what it says of a table holds in memory and in DynamoDB's protocol alike.
//!
//! The second is the AWS SDK talking over loopback to an embedded engine, so that every expression, key condition and error that
//! this room spells is read by something else than itself.

mod agreement;
mod bill;
mod cursors;
mod description;
mod doors;
mod faults;
mod homes;
mod language;
mod lists;
mod timed;
mod verbs;
