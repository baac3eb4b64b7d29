//! Content that a message brings along and that does not fit its row: kept apart, so that status changes stay one write unit.

use kernel::Time;
use kernel::ids::MessageId;
use render::Source;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::schema::{self, Entity, Locator, Row};

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Body {
    /// Whose content.
    pub message: MessageId,
    /// Inline content instead of a template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// Variables.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// Metadata.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// Further headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
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
