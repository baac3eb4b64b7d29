//! The archive: activities of past months, put together some fifty at a time and compressed. It is worked off month by month, each
//! by a row that says when.

use kernel::clock::Month;
use kernel::ids::{ActivityId, ArchiveId};
use kernel::{Error, Result, Time, crypto};
use serde::{Deserialize, Serialize};
use store::list::timed::monthly;
use store::schema::{self, Entity, Locator, Row};
use store::{Stored, Value};

use crate::Activity;

/// Days that activities are kept at hand at least, after their month has ended.
pub const LEAST_DAYS: u16 = 30;
/// Days that they are kept at hand when the tenant says nothing else.
pub const USUAL_DAYS: u16 = 365;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// Most bytes that a pack holds before they are compressed: it fits its row even if they cannot be.
pub const BYTES: usize = 250 * 1024;
/// Most bytes that a pack comes to when it is opened.
const OPENED: usize = 4 * BYTES;
/// How hard bytes are compressed, of ten.
const LEVEL: u8 = 6;

/// The activities of a month, and when they are put away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// Its id, which is the first of its month.
    pub id: ArchiveId,
    /// How far it is.
    pub state: State,
    /// Number of the state. A job for another number is void.
    pub state_seq: u64,
    /// When it is looked at next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Time>,
}

/// How far the archive of a month is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Its time is still to come.
    Waiting,
    /// It is being worked off.
    Working,
    /// Nothing is left to be put away.
    Done,
}

impl State {
    /// As a value for conditions and changes.
    pub fn value(self) -> Value {
        let word = match self {
            Self::Waiting => "waiting",
            Self::Working => "working",
            Self::Done => "done",
        };
        Value::S(word.to_owned())
    }
}

impl Archive {
    /// The archive of the month that a moment lies in, to be looked at once it can be its time.
    pub fn of(at: Time) -> Self {
        let month = at.month();
        Self { id: Self::id_of(month), state: State::Waiting, state_seq: 1, until: Some(ends(month, LEAST_DAYS)) }
    }

    /// The id of a month's.
    pub fn id_of(month: Month) -> ArchiveId {
        let millis = u128::try_from(month.start().millis()).unwrap_or(0);
        ArchiveId::from_bytes((millis << 80).to_be_bytes())
    }

    /// Its month.
    pub fn month(&self) -> Month {
        self.id.made_at().month()
    }
}

/// When the activities of a month are put away that are kept at hand for so many days.
pub fn ends(month: Month, days: u16) -> Time {
    month.next().start().plus_seconds(i64::from(days) * DAY)
}

/// Whether the activity of that id can be in the archive by now.
pub fn may_hold(id: ActivityId, now: Time) -> bool {
    now >= ends(id.made_at().month(), LEAST_DAYS)
}

impl Entity for Archive {
    const ROW: Row = schema::ARCHIVE;

    fn locator(&self) -> Locator {
        self.id.into()
    }

    fn due(&self) -> Option<Time> {
        self.until.filter(|_| self.state == State::Waiting)
    }
}

/// Some activities of a month, compressed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pack {
    /// Month and shard.
    pub owner: String,
    /// Digits of the last id in it.
    pub last: String,
    /// What it holds.
    pub packed: String,
}

/// An activity in a pack.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The activity.
    pub activity: Activity,
    /// Its version.
    pub version: u64,
    /// Its description, when that is long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
}

impl Kept {
    /// Its row, as it was.
    pub fn stored(&self) -> Stored<Activity> {
        Stored { row: self.activity.clone(), version: self.version }
    }
}

/// The owner of the packs of a month.
pub fn owner(month: Month) -> String {
    monthly(month, 0)
}

impl Pack {
    /// A pack of those activities, which are all of one month.
    pub fn of(kept: &[Kept]) -> Result<Self> {
        let last = kept.iter().map(|kept| kept.activity.id).max();
        let last = last.ok_or_else(|| Error::internal("a pack of nothing"))?;
        let bytes = serde_json::to_vec(kept).map_err(|error| Error::internal(error.to_string()))?;
        let packed = crypto::encode(&miniz_oxide::deflate::compress_to_vec(&bytes, LEVEL));
        Ok(Self { owner: owner(last.made_at().month()), last: last.hex(), packed })
    }

    /// The same place with other activities in it: what is packed again stays where it is found.
    pub fn holding(&self, kept: &[Kept]) -> Result<Self> {
        Ok(Self { owner: self.owner.clone(), last: self.last.clone(), ..Self::of(kept)? })
    }

    /// What it holds.
    pub fn open(&self) -> Result<Vec<Kept>> {
        let unreadable = || Error::internal(format!("the pack {} of {} cannot be read", self.last, self.owner));
        let bytes = crypto::decode(&self.packed).ok_or_else(unreadable)?;
        let bytes = miniz_oxide::inflate::decompress_to_vec_with_limit(&bytes, OPENED).map_err(|_| unreadable())?;
        serde_json::from_slice(&bytes).map_err(|_| unreadable())
    }
}

impl Entity for Pack {
    const ROW: Row = schema::PACK;

    fn locator(&self) -> Locator {
        Locator::Below(self.owner.clone(), self.last.clone())
    }
}
