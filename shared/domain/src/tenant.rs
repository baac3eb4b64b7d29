//! Tenants: our customers.

use kernel::ids::TenantId;
use kernel::{Locale, Time, Zone};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::Visibility;
use crate::archive::USUAL_DAYS;
use crate::contact::QuietHours;

/// Requests that a tenant may make in an hour, when the platform says nothing else.
pub const REQUESTS_PER_HOUR: u32 = 1_000;
/// Requests that one of its credentials may make in a minute, when the platform says nothing else.
pub const REQUESTS_PER_MINUTE: u32 = 100;

/// How a tenant is set up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its word in public addresses, unique on the platform.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// Zone of contacts that have none.
    pub zone: Zone,
    /// Locale of contacts that have none.
    pub locale: Locale,
    /// Quiet hours of contacts that have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quiet_hours: Option<QuietHours>,
    /// Whether it may send.
    pub active: bool,
    /// Days that activities are kept at hand after their month has ended; 0 for ever.
    #[serde(default = "usual_days")]
    pub archive_after_days: u16,
    /// Whom mail on timelines is for.
    #[serde(default, skip_serializing_if = "Visibility::is_usual")]
    pub mail_visibility: Visibility,
    /// Requests that it may make in an hour; any number when there is none. The platform's to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_hour: Option<u32>,
    /// Requests that each of its credentials may make in a minute; any number when there is none. The platform's to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<u32>,
    /// The tenant's data key, wrapped by the vault.
    pub data_key: String,
    /// When it was made.
    pub created_at: Time,
}

const fn usual_days() -> u16 {
    USUAL_DAYS
}

impl Entity for Tenant {
    const ROW: Row = schema::TENANT;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}
