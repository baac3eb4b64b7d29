//! Reading counters: one contiguous query for each month, whatever the traffic was.

use domain::Statistic;
use domain::statistic::{Dimension, Figure, Place, place};
use kernel::{Error, Result, Time};
use store::TenantScope;

use super::span::Span;

/// Counter rows of one read.
const CHUNK: u16 = 1000;
/// Most counter rows that one question looks at. They are taken a thousand at a time, and none is kept.
const MOST: usize = 20_000;

/// Which values of a dimension are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// All of them.
    Any,
    /// Those that begin like this.
    Starting(String),
    /// This one.
    One(String),
}

/// Greater than every day.
const END: &str = "~";

/// The first text that comes after all those that begin like this one.
fn behind(start: &str) -> Option<String> {
    let last = start.chars().next_back()?;
    let next = (last..=char::MAX).nth(1)?;
    start.strip_suffix(last).map(|rest| format!("{rest}{next}"))
}

impl Values {
    /// The sort keys, exclusive, between which their rows from one day to another of a month stand.
    fn bounds(&self, first: Option<Time>, last: Option<Time>) -> (Option<String>, Option<String>) {
        match self {
            Self::Any => (None, None),
            Self::Starting(start) => (Some(start.clone()), behind(start)),
            Self::One(value) => {
                let before = |day: Time| format!("{value}#{}{END}", place::day(day.plus_millis(-super::span::DAY)));
                let low = first.filter(|day| place::day(*day) != "01").map_or_else(|| format!("{value}#"), before);
                let high = last.map_or_else(|| END.to_owned(), |day| format!("{}{END}", place::day(day)));
                (Some(low), Some(format!("{value}#{high}")))
            }
        }
    }
}

/// Shows every counter of the span: its value, its hour, what it counts, and how much.
pub(crate) async fn read(
    scope: &TenantScope,
    dimension: Dimension,
    values: &Values,
    span: Span,
    mut each: impl FnMut(&str, Time, Figure, i64),
) -> Result<()> {
    let end = span.until.plus_millis(-1);
    let (mut start, mut seen) = (span.since, 0_usize);
    while start <= end {
        let month = start.month();
        let first = (month == span.since.month()).then_some(span.since);
        let last = (month == end.month()).then_some(end);
        let (mut after, before) = values.bounds(first, last);
        loop {
            let owner = Place::owner(dimension, start);
            let rows = scope.below::<Statistic>(&owner, after.as_deref(), before.as_deref(), true, CHUNK).await?;
            seen += rows.len();
            if seen > MOST {
                return Err(Error::invalid("?since", "too_many", "too much to tell apart: ask for one, or for a shorter span"));
            }
            for row in &rows {
                let Some(place) = row.row.place() else { continue };
                let counted = row.row.amounts(place.day).filter(|(hour, _, amount)| span.has(*hour) && *amount != 0);
                for (hour, figure, amount) in counted {
                    each(&place.value, hour, figure, amount);
                }
            }
            after = rows.last().map(|row| row.row.sk.clone());
            if rows.len() < usize::from(CHUNK) {
                break;
            }
        }
        start = month.next().start();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_begin_alike_end_where_others_begin() {
        let (low, high) = Values::Starting("tag:".to_owned()).bounds(None, None);
        let (low, high) = (low.unwrap(), high.unwrap());
        for value in ["tag:#01", "tag:a#31", "tag:~x#01", "tag:日本#01", "tag:\u{10ffff}#01"] {
            assert!(low.as_str() < value && value < high.as_str(), "{value}");
        }
        for value in ["all#01", "tag", "tah:#01", "team:a#01", "user:a#01"] {
            assert!(value < low.as_str() || value >= high.as_str(), "{value}");
        }
        assert_eq!(behind("\u{10ffff}"), None);
    }

    #[test]
    fn the_days_of_one_value_are_contiguous() {
        let at = |text: &str| Some(Time::parse(text).unwrap());
        let value = Values::One("x".to_owned());
        let (low, high) = value.bounds(at("2026-03-05T10:00:00Z"), at("2026-03-07T00:00:00Z"));
        let (low, high) = (low.unwrap(), high.unwrap());
        let inside = |day: &str| low.as_str() < day && day < high.as_str();
        assert!(inside("x#05") && inside("x#07") && !inside("x#04") && !inside("x#08"));
        let (low, high) = value.bounds(at("2026-03-01T00:00:00Z"), None);
        assert!(low.unwrap().as_str() < "x#01" && high.unwrap().as_str() > "x#31");
    }
}
