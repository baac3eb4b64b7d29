//! Whether an account's provider calls back, for those that are told to by the account's check.

use domain::account::Registration;
use kernel::Time;
use serde::Serialize;
use utoipa::ToSchema;

/// What a provider says of calling back.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RegistrationView {
    /// Whether it calls back at this account's address.
    registered: bool,
    /// When it said so.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// What it says against that, or what went wrong when it called back last.
    note: Option<String>,
}

impl From<Registration> for RegistrationView {
    fn from(found: Registration) -> Self {
        Self { registered: found.here, at: found.at, note: found.note }
    }
}
