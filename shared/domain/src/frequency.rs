//! How often people are written to, and write: from what timelines tell.

use kernel::Time;

use crate::Entry;
use crate::activity::Direction;
use crate::entry::{AUTOMATIC, Noun};

/// How many messages in a span are told apart: from how many to how many, the last without an end.
pub const BANDS: [(u32, Option<u32>); 4] = [(1, Some(1)), (2, Some(3)), (4, Some(7)), (8, None)];

/// Which way a message went that the entry tells of: out, if it did not come back, or in, if a person wrote it. None of anything else.
pub fn way(entry: &Entry) -> Option<Direction> {
    if entry.noun != Noun::Message || entry.withdrawn.is_some() {
        return None;
    }
    entry.direction.filter(|direction| match direction {
        Direction::Inbound => entry.word.as_deref() != Some(AUTOMATIC),
        Direction::Outbound => matches!(entry.status.as_deref(), Some("sent" | "complained")),
    })
}

/// Messages that went one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touches {
    /// How many.
    pub count: u32,
    /// The first.
    pub first: Option<Time>,
    /// The last.
    pub last: Option<Time>,
}

impl Touches {
    /// One more.
    pub fn add(&mut self, at: Time) {
        self.count = self.count.saturating_add(1);
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
    }

    /// Mean days from one to the next; none of fewer than two.
    pub fn mean_days_between(&self) -> Option<f64> {
        let (first, last) = self.first.zip(self.last).filter(|_| self.count > 1)?;
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few years are far below 2^53")]
        let days = last.since(first) as f64 / 86_400_000.0;
        Some(days / f64::from(self.count - 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_772_442_000_000);

    #[test]
    fn what_came_back_or_never_went_reached_nobody() {
        let entry = |noun, direction, status: Option<&str>| Entry {
            direction,
            status: status.map(str::to_owned),
            ..Entry::new(noun, "x".to_owned(), NOW)
        };
        let (message, out, inn) = (Noun::Message, Some(Direction::Outbound), Some(Direction::Inbound));
        assert_eq!(way(&entry(message, out, Some("sent"))), out);
        assert_eq!(way(&entry(message, out, Some("complained"))), out);
        assert_eq!(way(&entry(message, inn, None)), inn);
        for status in ["bounced", "failed", "rejected", "cancelled", "unknown"] {
            assert_eq!(way(&entry(message, out, Some(status))), None, "{status}");
        }
        let machine = Entry { word: Some(AUTOMATIC.to_owned()), ..entry(message, inn, None) };
        assert_eq!(way(&machine), None);
        assert_eq!(way(&entry(Noun::Activity, out, Some("sent"))), None);
        assert_eq!(way(&entry(message, inn, None).withdrawn(NOW)), None);
    }

    #[test]
    fn days_between_are_told_of_two_or_more() {
        let mut touches = Touches::default();
        assert_eq!(touches.mean_days_between(), None);
        for days in [6, 0, 3, 9] {
            touches.add(NOW.plus_millis(days * 86_400_000));
            assert_eq!(touches.mean_days_between().is_some(), touches.count > 1);
        }
        assert_eq!((touches.count, touches.first, touches.last), (4, Some(NOW), Some(NOW.plus_millis(9 * 86_400_000))));
        assert!((touches.mean_days_between().unwrap() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn bands_leave_nothing_out() {
        let ends = BANDS.map(|(_, end)| end.map_or(u32::MAX, |end| end + 1));
        let starts: Vec<u32> = BANDS.iter().map(|(start, _)| *start).collect();
        assert_eq!((starts[0], &starts[1..], ends[3]), (1, &ends[..3], u32::MAX));
    }
}
