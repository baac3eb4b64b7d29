//! Values that every room speaks in: ids, addresses, secrets, time, errors, cryptography.
//!
//! Nothing here knows AWS, HTTP or the table. Wall time and randomness are read in [`clock`] and [`ids`] alone, so that a
//! process given a manual clock and seeded ids runs the same way every time.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod clock;
pub mod crypto;
pub mod email;
pub mod error;
pub mod ids;
pub mod locale;
pub mod pass;
pub mod phone;
pub mod problem;
pub mod reference;
pub mod secret;
pub mod ticket;
pub mod zone;

pub use clock::{Clock, Time};
pub use crypto::Keys;
pub use email::Email;
pub use error::{Cause, Error, Fault, Result};
pub use ids::Ids;
pub use locale::Locale;
pub use pass::{Aim, Pass};
pub use phone::Phone;
pub use problem::Problem;
pub use reference::{Purpose, Reference};
pub use secret::Secret;
pub use ticket::Ticket;
pub use zone::Zone;
