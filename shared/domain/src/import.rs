//! Imports: a file of rows that is taken in, a bounded part of it at a time. The row says how far it is; whoever works on it moves it on
//! with one conditional write, so that a part that was carried out twice is counted once.

use std::collections::BTreeSet;

use kernel::Time;
use kernel::ids::{AttachmentId, ImportId, UserId};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::field::Object;
use crate::unique::By;
use crate::{Category, Channel};

pub mod activity;
pub mod cells;
pub mod company;
pub mod contact;
pub mod reader;
pub mod target;

/// What brings contacts and consents about.
pub const SOURCE: &str = "import";
/// Most faults of one import that are kept; more are counted.
pub const FAULTS: u64 = 1_000;
/// Days that faults are kept.
const KEPT_DAYS: i64 = 90;
/// A line number that no file reaches, since none is larger than an attachment.
const BEYOND: u64 = 9_999_999_999;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Its id, which also says when it was ordered.
    pub id: ImportId,
    /// What rows are of.
    #[serde(default)]
    pub noun: Noun,
    /// The file.
    pub attachment: AttachmentId,
    /// How large it is.
    pub bytes: u64,
    /// How the file is written.
    pub form: Form,
    /// What each column fills, in the words of [`target`]; none is left out.
    pub columns: Vec<Option<String>>,
    /// The header, for pointing to columns.
    pub header: Vec<String>,
    /// What may happen.
    pub mode: Mode,
    /// What contacts or companies are recognised by. Activities are not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<By>,
    /// Judge everything and write nothing of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// Nothing else is to happen because of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// Consents that every row brings.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub consents: BTreeSet<(Channel, Category)>,
    /// Where the consents in it come from, in the tenant's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent_source: Option<String>,
    /// The user or API key that ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// The user that it was ordered by: whose the activities are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// How far it is.
    pub state: State,
    /// How often that changed, or a part was carried out: a job for another number is void.
    pub state_seq: u64,
    /// Why it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The byte that the next part begins at.
    pub position: u64,
    /// The line that stands there.
    pub line: u64,
    /// What came of its rows so far.
    pub counts: Counts,
    /// When it was last changed.
    pub updated_at: Time,
}

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// What stands between cells.
    pub delimiter: u8,
    /// What stands between several values of one cell.
    pub separator: u8,
    /// How letters are written.
    pub encoding: Encoding,
}

/// How letters are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8, with or without its mark at the beginning.
    #[default]
    Utf8,
    /// Latin-1, as the web understands it (Windows-1252).
    Latin1,
}

/// What rows of a file are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Noun {
    /// Contacts.
    #[default]
    Contact,
    /// Companies.
    Company,
    /// Activities.
    Activity,
}

impl Noun {
    /// Every one of them.
    pub const ALL: [Self; 3] = [Self::Contact, Self::Company, Self::Activity];

    /// The same among the nouns that have fields.
    pub const fn object(self) -> Object {
        match self {
            Self::Contact => Object::Contact,
            Self::Company => Object::Company,
            Self::Activity => Object::Activity,
        }
    }

    /// The word for several of them.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Contact => "contacts",
            Self::Company => "companies",
            Self::Activity => "activities",
        }
    }

    /// What they are recognised by when nobody says anything else; activities are not.
    pub const fn usual(self) -> Option<By> {
        match self {
            Self::Contact => Some(By::Email),
            Self::Company => Some(By::Domain),
            Self::Activity => None,
        }
    }
}

/// What may happen to what rows are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// New ones are made; who is here already is a fault.
    Create,
    /// Those who are here are changed; who is not is a fault.
    Update,
    /// Either.
    #[default]
    Upsert,
}

impl Mode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Create, Self::Update, Self::Upsert];
}

/// How far an import is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is worked on.
    Queued,
    /// Somebody has it wait.
    Paused,
    /// Every row was looked at.
    Done,
    /// The file cannot be read.
    Failed,
    /// Somebody called it off; what was done stays.
    Cancelled,
}

impl State {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Queued, Self::Paused, Self::Done, Self::Failed, Self::Cancelled];
}

/// What came of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Rows that were looked at.
    pub rows: u64,
    /// What was made.
    pub created: u64,
    /// What is as its row says, by a change or before.
    pub updated: u64,
    /// Rows that could not be taken.
    pub failed: u64,
    /// Everything that was wrong with those.
    pub faults: u64,
}

impl Entity for Import {
    const ROW: Row = schema::IMPORT;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowFault {
    /// The import.
    pub import: ImportId,
    /// The line that the row begins at, counted from 1.
    pub line: u64,
    /// Which of the row's faults this is.
    pub number: u16,
    /// The column, when it is one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Stable word for programs.
    pub code: String,
    /// Sentence for people.
    pub detail: String,
    /// When it may be forgotten.
    pub until: Time,
}

impl RowFault {
    /// When the faults of an import may be forgotten.
    pub fn end(import: ImportId) -> Time {
        import.made_at().plus_seconds(KEPT_DAYS * 86_400)
    }
}

impl Entity for RowFault {
    const ROW: Row = schema::IMPORT_FAULT;

    fn locator(&self) -> Locator {
        // Lists have the last key first, and the first line is wanted first.
        let (line, number) = (BEYOND.saturating_sub(self.line), 999_u16.saturating_sub(self.number));
        Locator::Below(self.import.hex(), format!("{line:010}{number:03}"))
    }

    fn expires(&self) -> Option<Time> {
        Some(self.until)
    }
}
