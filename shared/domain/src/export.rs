//! Exports: all contacts, companies or activities as files of CSV, each with its header, made a bounded part at a time. They are kept for seven days.

use kernel::Time;
use kernel::ids::{ExportId, TenantId};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::import::Noun;

/// Days after which files and row go.
pub const KEPT_DAYS: i64 = 7;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Export {
    /// Its id, which also says when it was ordered.
    pub id: ExportId,
    /// What rows are of.
    #[serde(default)]
    pub noun: Noun,
    /// The user or API key that ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// How far it is.
    pub state: State,
    /// How many parts of it were made: a job for another number is void.
    pub state_seq: u64,
    /// Where the next part begins, sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<String>,
    /// The files that are there.
    pub parts: Vec<Part>,
    /// When it was last changed.
    pub updated_at: Time,
}

/// One file of an export.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// What tells it from what another try of the same part may have left behind.
    pub name: String,
    /// Rows in it, without the header.
    pub rows: u64,
    /// Size.
    pub bytes: u64,
}

/// How far an export is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is being made.
    Queued,
    /// All files are there.
    Done,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 2] = [Self::Queued, Self::Done];
}

impl Export {
    /// Where a part is stored: below a prefix of which the bucket keeps nothing for long.
    pub fn key(tenant: TenantId, id: ExportId, part: &str) -> String {
        format!("exports/{}/{}-{part}", tenant.hex(), id.hex())
    }

    /// When files and row go.
    pub fn ends(&self) -> Time {
        self.id.made_at().plus_seconds(KEPT_DAYS * 86_400)
    }
}

impl Entity for Export {
    const ROW: Row = schema::EXPORT;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn expires(&self) -> Option<Time> {
        Some(self.ends())
    }
}
