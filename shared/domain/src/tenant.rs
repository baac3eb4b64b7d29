//! Tenants: our customers.

use kernel::ids::TenantId;
use kernel::{Locale, Time, Zone};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::contact::QuietHours;

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
    /// The tenant's data key, wrapped by the vault.
    pub data_key: String,
    /// When it was made.
    pub created_at: Time,
}

impl Entity for Tenant {
    const ROW: Row = schema::TENANT;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}
