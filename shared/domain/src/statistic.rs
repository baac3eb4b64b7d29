//! Statistics: how much of what happened in each hour, exact under duplicates and replay.
//!
//! A counter row is one day (UTC) of one value of a [`Dimension`], with a counter for each [`Figure`] and hour. So a month of one
//! template is one contiguous query of at most 31 rows, whatever the traffic was. A row carries, for each partition of rows that
//! it counts, the sequence number of the last stream record counted into it as watermark. Records of one partition come in order,
//! so a record at or below the watermark was counted before and is skipped: counting twice is impossible, however often and in
//! whatever batches the stream is delivered.

use std::collections::BTreeMap;

use kernel::Time;
use kernel::ids::AccountId;
use serde::{Deserialize, Serialize};
use store::Stored;
use store::schema::{self, Entity, Locator, Row};

use crate::message::mark::Spot;

pub mod figure;
pub mod place;
pub mod work;

pub use figure::{Figure, Measure, WAITS};
pub use place::{Dimension, Place, Way, Whose};
pub use work::{Decided, Done, Handled};

/// Milliseconds of an hour.
pub const HOUR: i64 = 3_600_000;
/// Milliseconds of a day.
pub const DAY: i64 = 24 * HOUR;

/// What is added to which figure, by spot.
pub type Amounts = BTreeMap<(Spot, Figure), i64>;

/// A counter: what is counted, in which hour, of which value of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter {
    /// What it is told apart by.
    pub dimension: Dimension,
    /// Which value of that.
    pub value: String,
    /// First moment of the hour.
    pub hour: Time,
    /// What is counted.
    pub figure: Figure,
}

/// What is added to which counter.
pub type Counters = BTreeMap<Counter, i64>;

/// A noun whose changes are counted.
pub trait Counted: Entity {
    /// What the change from one row to the other adds. Without a row before it is new, and without one after it is gone.
    fn added(before: Option<&Stored<Self>>, after: Option<&Stored<Self>>) -> Counters;
}

/// What the later amounts have more than the earlier ones, where that is something.
pub fn difference<K: Ord>(later: BTreeMap<K, i64>, earlier: BTreeMap<K, i64>) -> BTreeMap<K, i64> {
    let mut difference = later;
    for (key, sum) in earlier {
        *difference.entry(key).or_default() -= sum;
    }
    difference.retain(|_, sum| *sum != 0);
    difference
}

/// The counters of amounts, by the values that what belongs to an account is counted under.
pub(crate) fn spread(amounts: Amounts, of: impl Fn(Option<AccountId>) -> Vec<(Dimension, String)>) -> Counters {
    let (mut counters, mut known) = (Counters::new(), BTreeMap::new());
    for ((Spot { hour, account }, figure), amount) in amounts {
        for (dimension, value) in known.entry(account).or_insert_with(|| of(account)) {
            if dimension.takes(figure) {
                let counter = Counter { dimension: *dimension, value: value.clone(), hour, figure };
                *counters.entry(counter).or_default() += amount;
            }
        }
    }
    counters
}

/// One counter row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistic {
    /// Its partition, which names month and dimension.
    pub pk: String,
    /// Its sort key: value and day.
    pub sk: String,
    /// Counters and watermarks, by attribute.
    #[serde(flatten)]
    pub numbers: BTreeMap<String, serde_json::Value>,
}

impl Statistic {
    /// Dimension, value and day; none of a row that is none of ours.
    pub fn place(&self) -> Option<Place> {
        let (month, dimension) = self.pk.rsplit('#').next()?.split_once(':')?;
        let (value, day) = self.sk.rsplit_once('#')?;
        let (year, month) = month.split_at_checked(4)?;
        let day = Time::parse(&format!("{year}-{month}-{day}T00:00:00Z")).ok()?;
        Some(Place { dimension: Dimension::parse(dimension)?, value: value.to_owned(), day })
    }

    /// Its counters: first moment of the hour, figure and amount.
    pub fn amounts(&self, day: Time) -> impl Iterator<Item = (Time, Figure, i64)> {
        self.numbers.iter().filter_map(move |(name, amount)| {
            let (code, hour) = name.split_at_checked(name.len().checked_sub(2)?)?;
            let hour = hour.parse::<u8>().ok().filter(|hour| *hour < 24)?;
            Some((day.plus_millis(i64::from(hour) * HOUR), Figure::parse(code)?, amount.as_i64()?))
        })
    }
}

impl Entity for Statistic {
    const ROW: Row = schema::STATISTIC;

    fn locator(&self) -> Locator {
        Locator::Below(self.pk.rsplit('#').next().unwrap_or_default().to_owned(), self.sk.clone())
    }
}
