//! Statistics: counters of marks, and sums of measures and costs, by hour, account and template, exact under duplicates and replay.
//!
//! Every counter row belongs to one shard of message partitions, and carries as watermark the sequence number of the last
//! stream record counted into it. Records of one partition come in order, so a record at or below the watermark was counted
//! before and is skipped: counting twice is impossible, however often and in whatever batches the stream is delivered.

use std::collections::BTreeMap;

use kernel::ids::{AccountId, TemplateId};
use kernel::{Time, Zone};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

use crate::message::mark::Cell;
use crate::message::{Mark, Measure};
use crate::price::{Amount, Currency};

/// What the names of sums of costs begin with.
const COST: &str = "cost_";

/// One counter row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Statistic {
    /// First moment of the hour, in milliseconds.
    pub hour: Time,
    /// The account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The template.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<TemplateId>,
    /// Counters and watermarks, by attribute.
    #[serde(flatten)]
    pub numbers: BTreeMap<String, serde_json::Value>,
}

impl Statistic {
    /// Where the row of a cell is, for messages of one shard of partitions.
    pub fn at(cell: &Cell, shard: &str) -> Locator {
        let month = cell.hour.month().to_string();
        Locator::Below(month, format!("{}#{}#{}#{shard}", day_hour(cell.hour), part(cell.account), part(cell.template)))
    }

    /// The sort key that it was read under: where a walk over many rows goes on.
    pub fn place(&self) -> Option<&str> {
        self.numbers.get(schema::attr::SK.as_str())?.as_str()
    }

    /// The count of a mark.
    pub fn count(&self, mark: Mark) -> i64 {
        self.number(mark.as_str())
    }

    /// The sum of a measure.
    pub fn sum(&self, measure: Measure) -> i64 {
        self.number(measure.as_str())
    }

    fn number(&self, word: &str) -> i64 {
        let name = schema::Attr::counter(word);
        self.numbers.get(name.as_str()).and_then(serde_json::Value::as_i64).unwrap_or(0)
    }

    /// The sum of costs in a currency, in millionths: its counter's name ends in the currency's letters.
    pub fn cost(currency: Currency) -> schema::Attr {
        schema::Attr::counter(&format!("{COST}{}", currency.to_string().to_ascii_lowercase()))
    }

    /// What messages cost, by currency.
    pub fn costs(&self) -> impl Iterator<Item = (Currency, Amount)> {
        let start = schema::Attr::counter(COST);
        self.numbers.iter().filter_map(move |(name, sum)| {
            let currency = Currency::parse(&name.strip_prefix(start.as_str())?.to_ascii_uppercase()).ok()?;
            Some((currency, Amount::from_millionths(sum.as_i64()?)))
        })
    }
}

/// Day and hour in UTC as `ddhh`: what sort keys begin with.
pub fn day_hour(time: Time) -> String {
    let local = Zone::utc().local(time);
    format!("{:02}{:02}", local.day(), local.hour())
}

fn part<T: std::fmt::Display>(id: Option<T>) -> String {
    id.map_or_else(|| "-".to_owned(), |id| id.to_string())
}

impl Entity for Statistic {
    const ROW: Row = schema::STATISTIC;

    fn locator(&self) -> Locator {
        Self::at(&Cell { hour: self.hour, account: self.account, template: self.template }, "0")
    }
}
