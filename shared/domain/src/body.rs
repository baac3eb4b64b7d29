//! Content that a message brings along and that does not fit its row: kept apart, so that status changes stay one write unit.

use kernel::Time;
use kernel::ids::MessageId;
use render::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::schema::{self, Entity, Locator, Row};

use crate::Extras;
use crate::attachment::Enclosed;

/// Most bytes of what one row holds for a caller. A row of the table takes 400 KB with its names and all.
pub const LIMIT: usize = 380 * 1024;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Whose content.
    pub message: MessageId,
    /// Inline content instead of a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Variables.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "crate::as_json")]
    pub variables: Map<String, Value>,
    /// Metadata.
    #[serde(default, skip_serializing_if = "Map::is_empty", with = "crate::as_json")]
    pub metadata: Map<String, Value>,
    /// Further headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// What it says beside its text.
    #[serde(default, skip_serializing_if = "Extras::is_empty", with = "crate::as_json")]
    pub extras: Extras,
    /// Files that go along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Enclosed>,
    /// When it was made.
    pub at: Time,
}

impl Body {
    /// Where the content of that message is.
    pub fn at(message: MessageId) -> Locator {
        Locator::Natural(message.hex())
    }
}

impl Entity for Body {
    const ROW: Row = schema::BODY;

    fn locator(&self) -> Locator {
        Self::at(self.message)
    }
}
