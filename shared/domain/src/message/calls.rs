//! What the provider calls of a message come to for the accounts they went through: how many, how many in vain, how long they took.
//! Like the marks a pure function of the row, counted beside them.

use std::collections::BTreeMap;

use super::mark::{Cell, difference, hour};
use super::{Message, Try, Verdict};

/// What is summed up of an account's calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Calls.
    Calls,
    /// Those in vain, for no reason that lies in the message.
    Vain,
    /// Milliseconds that all of them took.
    Millis,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 3] = [Self::Calls, Self::Vain, Self::Millis];

    /// The word in counters.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Vain => "vain",
            Self::Millis => "millis",
        }
    }
}

impl Verdict {
    /// Whether it says something of the account or its provider rather than of the message.
    const fn is_vain(self) -> bool {
        match self {
            Self::Sent | Self::Rejected | Self::Undeliverable => false,
            Self::Retry | Self::Limited | Self::Misconfigured | Self::Unknown => true,
        }
    }
}

impl Message {
    /// What its calls come to, by the hour in which each was made. A call without a duration was none: nobody was asked.
    pub fn measures(&self) -> BTreeMap<(Measure, Cell), i64> {
        let template = self.template.map(|made| made.id);
        let mut sums = BTreeMap::new();
        for Try { account, at, ms, verdict, .. } in &self.tries {
            let (Some(account), Some(ms)) = (account, ms) else { continue };
            let cell = Cell { hour: hour(*at), account: Some(*account), template };
            let mut add = |measure: Measure, amount: i64| *sums.entry((measure, cell)).or_default() += amount;
            add(Measure::Calls, 1);
            add(Measure::Vain, i64::from(verdict.is_vain()));
            add(Measure::Millis, i64::from(*ms));
        }
        sums
    }

    /// What the change from `before` to this row adds to every sum.
    pub fn measures_since(&self, before: Option<&Self>) -> BTreeMap<(Measure, Cell), i64> {
        difference(self.measures(), before.map(Self::measures))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Mark;

    #[test]
    fn no_measure_has_the_word_of_a_mark() {
        let mut words: Vec<_> = Mark::ALL.iter().map(|mark| mark.as_str()).collect();
        words.extend(Measure::ALL.iter().map(|measure| measure.as_str()));
        let count = words.len();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
