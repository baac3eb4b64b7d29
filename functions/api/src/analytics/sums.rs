//! What counters add up to, and how that is shown.

use std::collections::BTreeMap;

use domain::message::Mark;
use domain::price::{Amount, Currency};
use domain::statistic::{Figure, Measure};
use serde::Serialize;
use utoipa::ToSchema;

/// Sums by what is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sums(BTreeMap<Figure, i64>);

impl Sums {
    pub(crate) fn add(&mut self, figure: Figure, amount: i64) {
        *self.0.entry(figure).or_default() += amount;
    }

    pub(crate) fn and(&mut self, other: &Self) {
        for (figure, amount) in &other.0 {
            self.add(*figure, *amount);
        }
    }

    /// What these have more than the others. Others may be ahead while a batch is being counted: that is nothing.
    pub(crate) fn beyond(&self, others: &Self) -> Self {
        let more = self.figures().map(|(figure, amount)| (figure, amount - others.amount(figure)));
        Self(more.filter(|(_, amount)| *amount > 0).collect())
    }

    /// What was counted, figure by figure.
    pub(crate) fn figures(&self) -> impl Iterator<Item = (Figure, i64)> {
        self.0.iter().map(|(figure, amount)| (*figure, *amount))
    }

    /// What figures add up to that are alike.
    pub(crate) fn total(&self, alike: impl Fn(Figure) -> bool) -> i64 {
        self.figures().filter(|(figure, _)| alike(*figure)).map(|(_, amount)| amount).sum()
    }

    pub(crate) fn amount(&self, figure: Figure) -> i64 {
        self.0.get(&figure).copied().unwrap_or_default()
    }

    pub(crate) fn count(&self, mark: Mark) -> i64 {
        self.amount(Figure::Mark(mark))
    }

    pub(crate) fn sum(&self, measure: Measure) -> i64 {
        self.amount(Figure::Measure(measure))
    }

    /// Whether no message reached anything, and nothing cost anything.
    pub(crate) fn is_empty(&self) -> bool {
        let shown = |figure: &Figure| matches!(figure, Figure::Mark(_) | Figure::Cost(_));
        self.0.iter().all(|(figure, amount)| *amount == 0 || !shown(figure))
    }

    pub(crate) fn costs(&self) -> Vec<CostSumView> {
        let costs = self.0.iter().filter_map(|(figure, amount)| match figure {
            Figure::Cost(currency) if *amount != 0 => {
                Some(CostSumView { amount: Amount::from_millionths(*amount), currency: *currency })
            }
            Figure::Cost(_)
            | Figure::Mark(_)
            | Figure::Measure(_)
            | Figure::Wait(_)
            | Figure::Activity(..)
            | Figure::Task(..)
            | Figure::Deal(_) => None,
        });
        costs.collect()
    }
}

/// A sum of costs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CostSum)]
pub(crate) struct CostSumView {
    #[serde(with = "domain::price::decimal")]
    #[schema(value_type = String, example = "12.5")]
    amount: Amount,
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
}

/// Messages by milestone. A message counts once in each that it reached, in the hour in which it did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Counts {
    accepted: i64,
    /// Taken by a provider, or sent back by it at once.
    sent: i64,
    /// Taken by the recipient's server.
    delivered: i64,
    bounced: i64,
    complained: i64,
    /// Opened by a person.
    opened: i64,
    /// Opened by a program, such as a mail proxy.
    machine_opened: i64,
    /// A link followed by a person.
    clicked: i64,
    /// A link followed by a program, such as a scanner.
    machine_clicked: i64,
    /// Answered by its recipient.
    replied: i64,
    unsubscribed: i64,
    failed: i64,
    rejected: i64,
    cancelled: i64,
    /// The provider's answer was lost.
    unknown: i64,
}

impl Counts {
    fn of(&mut self, mark: Mark) -> &mut i64 {
        match mark {
            Mark::Accepted => &mut self.accepted,
            Mark::Sent => &mut self.sent,
            Mark::Delivered => &mut self.delivered,
            Mark::Bounced => &mut self.bounced,
            Mark::Complained => &mut self.complained,
            Mark::Opened => &mut self.opened,
            Mark::MachineOpened => &mut self.machine_opened,
            Mark::Clicked => &mut self.clicked,
            Mark::MachineClicked => &mut self.machine_clicked,
            Mark::Replied => &mut self.replied,
            Mark::Unsubscribed => &mut self.unsubscribed,
            Mark::Failed => &mut self.failed,
            Mark::Rejected => &mut self.rejected,
            Mark::Cancelled => &mut self.cancelled,
            Mark::Unknown => &mut self.unknown,
        }
    }
}

impl From<&Sums> for Counts {
    fn from(sums: &Sums) -> Self {
        let mut counts = Self::default();
        for mark in Mark::ALL {
            *counts.of(mark) = sums.count(mark);
        }
        counts
    }
}

/// Shares between 0 and 1, of what was counted in the span; null when there is nothing to take a share of.
#[derive(Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Rates {
    /// Delivered of sent.
    delivery: Option<f64>,
    /// Bounced of sent.
    bounce: Option<f64>,
    /// Called spam of delivered.
    complaint: Option<f64>,
    /// Opened by people of delivered.
    open: Option<f64>,
    /// Followed by people of delivered.
    click: Option<f64>,
    /// Answered of delivered.
    reply: Option<f64>,
    /// Led to an unsubscription of delivered.
    unsubscribe: Option<f64>,
}

/// A share with four digits.
pub(crate) fn share(part: i64, whole: i64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts far below the 2^53 that a double holds exactly")]
    (whole > 0).then(|| (part as f64 / whole as f64 * 10_000.0).round() / 10_000.0)
}

impl From<&Sums> for Rates {
    fn from(sums: &Sums) -> Self {
        let (sent, delivered) = (sums.count(Mark::Sent), sums.count(Mark::Delivered));
        let of_delivered = |mark: Mark| share(sums.count(mark), delivered);
        Self {
            delivery: share(delivered, sent),
            bounce: share(sums.count(Mark::Bounced), sent),
            complaint: of_delivered(Mark::Complained),
            open: of_delivered(Mark::Opened),
            click: of_delivered(Mark::Clicked),
            reply: of_delivered(Mark::Replied),
            unsubscribe: of_delivered(Mark::Unsubscribed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_milestone_has_its_field() {
        let mut sums = Sums::default();
        for (number, mark) in (1..).zip(Mark::ALL) {
            sums.add(Figure::Mark(mark), number);
        }
        let shown = serde_json::to_value(Counts::from(&sums)).unwrap();
        for (number, mark) in (1..).zip(Mark::ALL) {
            assert_eq!(shown[mark.as_str()], number, "{}", mark.as_str());
        }
        assert_eq!(shown.as_object().unwrap().len(), Mark::ALL.len());
    }

    #[test]
    fn shares_of_nothing_are_null() {
        assert_eq!(share(1, 0), None);
        assert_eq!(share(1, 3), Some(0.3333));
    }
}
