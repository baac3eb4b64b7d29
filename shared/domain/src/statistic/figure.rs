//! What is counted: milestones, sums and costs. Each has a code of few letters, which its counters are named by: a row of a busy day
//! has hundreds of them.

use std::borrow::Cow;

use super::work::{self, Decided, Done, Handled};
use crate::activity::Form;
use crate::message::Mark;
use crate::price::Currency;
use crate::task::Kind;

/// What is summed up beside the milestones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// Calls of a provider.
    Calls,
    /// Those in vain, for no reason that lies in the message.
    Vain,
    /// Milliseconds that all of them took.
    Millis,
    /// Times that messages were opened by people, as far as they are kept: a message may be opened often.
    Opens,
    /// Times that people followed links, as far as they are kept.
    Clicks,
    /// Of the messages sent in the hour, those that a person has opened since.
    SentOpened,
    /// Of the messages sent in the hour, those whose links a person has followed since.
    SentClicked,
    /// Of the messages sent in the hour, those that were answered since.
    SentReplied,
    /// Messages that came in.
    Received,
    /// Conversations that were begun.
    Begun,
    /// Seconds that people waited for first answers.
    Waited,
}

impl Measure {
    /// Every measure.
    pub const ALL: [Self; 11] = [
        Self::Calls,
        Self::Vain,
        Self::Millis,
        Self::Opens,
        Self::Clicks,
        Self::SentOpened,
        Self::SentClicked,
        Self::SentReplied,
        Self::Received,
        Self::Begun,
        Self::Waited,
    ];

    const fn code(self) -> &'static str {
        match self {
            Self::Calls => "p",
            Self::Vain => "pv",
            Self::Millis => "pm",
            Self::Opens => "oo",
            Self::Clicks => "kk",
            Self::SentOpened => "so",
            Self::SentClicked => "sk",
            Self::SentReplied => "sy",
            Self::Received => "i",
            Self::Begun => "g",
            Self::Waited => "ws",
        }
    }
}

const fn code(mark: Mark) -> &'static str {
    match mark {
        Mark::Accepted => "a",
        Mark::Sent => "s",
        Mark::Delivered => "d",
        Mark::Bounced => "b",
        Mark::Complained => "x",
        Mark::Opened => "o",
        Mark::MachineOpened => "om",
        Mark::Clicked => "k",
        Mark::MachineClicked => "km",
        Mark::Replied => "y",
        Mark::Unsubscribed => "u",
        Mark::Failed => "f",
        Mark::Rejected => "r",
        Mark::Cancelled => "q",
        Mark::Unknown => "n",
    }
}

/// What the codes of waits begin with; the number of the range follows.
const WAIT: &str = "w";
/// What the codes of costs begin with; the currency's letters follow.
const COST: &str = "c_";

/// Where the ranges end that waits for an answer are told by, in seconds. What is longer is in a range behind them.
pub const WAITS: [i64; 8] = [60, 300, 900, 3_600, 14_400, 28_800, 86_400, 259_200];

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Figure {
    /// Messages that reached a milestone.
    Mark(Mark),
    /// A sum.
    Measure(Measure),
    /// What messages cost, in millionths.
    Cost(Currency),
    /// First answers, by the range of [`WAITS`] that the wait for them lies in.
    Wait(u8),
    /// What became of activities of a type.
    Activity(Form, Done),
    /// What became of tasks of a kind.
    Task(Kind, Handled),
    /// What became of deals.
    Deal(Decided),
}

impl Figure {
    /// The range of a wait of so many seconds.
    pub fn wait(seconds: i64) -> Self {
        let range = WAITS.iter().take_while(|end| **end < seconds).count();
        Self::Wait(u8::try_from(range).unwrap_or(u8::MAX))
    }

    /// The letters in the names of its counters.
    pub fn code(self) -> Cow<'static, str> {
        match self {
            Self::Mark(mark) => Cow::Borrowed(code(mark)),
            Self::Measure(measure) => Cow::Borrowed(measure.code()),
            Self::Wait(range) => Cow::Owned(format!("{WAIT}{range}")),
            Self::Cost(currency) => Cow::Owned(format!("{COST}{}", currency.to_string().to_ascii_lowercase())),
            Self::Activity(..) | Self::Task(..) | Self::Deal(_) => Cow::Owned(work::code(self)),
        }
    }

    /// Reads the letters.
    pub fn parse(letters: &str) -> Option<Self> {
        if letters.starts_with(|first: char| first.is_ascii_uppercase()) {
            return work::parse(letters);
        }
        if let Some(currency) = letters.strip_prefix(COST) {
            return Currency::parse(&currency.to_ascii_uppercase()).ok().map(Self::Cost);
        }
        let range = || letters.strip_prefix(WAIT)?.parse::<u8>().ok();
        if let Some(range) = range().filter(|range| usize::from(*range) <= WAITS.len()) {
            return Some(Self::Wait(range));
        }
        let mark = Mark::ALL.into_iter().find(|mark| code(*mark) == letters).map(Self::Mark);
        mark.or_else(|| Measure::ALL.into_iter().find(|measure| measure.code() == letters).map(Self::Measure))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_read_by_its_code() {
        let marks = Mark::ALL.into_iter().map(Figure::Mark);
        let measures = Measure::ALL.into_iter().map(Figure::Measure);
        let waits = [0, 60, 61, 3_600, 1_000_000].map(Figure::wait);
        assert_eq!(waits, [0, 0, 1, 3, 8].map(Figure::Wait));
        for figure in marks.chain(measures).chain(waits).chain([Figure::Cost(Currency::parse("EUR").unwrap())]) {
            assert_eq!(Figure::parse(&figure.code()), Some(figure), "{}", figure.code());
        }
    }
}
