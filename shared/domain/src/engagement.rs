//! How engaged a contact is: what they did of late, weighed and fading, as a score with its reasons.

use std::collections::BTreeMap;

use kernel::Time;
use providers::EventKind;
use serde::Serialize;

use crate::Entry;
use crate::activity::Direction;
use crate::entry::{Noun, STOP};

/// What a contact did, or what became of what was sent to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A person opened a message.
    Opened,
    /// A person followed a link.
    Clicked,
    /// They answered a message.
    Replied,
    /// They wrote to us.
    Wrote,
    /// A message came back.
    Bounced,
    /// They called a message spam.
    Complained,
    /// They left.
    Unsubscribed,
}

impl Act {
    /// Every act.
    pub const ALL: [Self; 7] =
        [Self::Opened, Self::Clicked, Self::Replied, Self::Wrote, Self::Bounced, Self::Complained, Self::Unsubscribed];

    /// What it is worth on the day it is done.
    pub const fn weight(self) -> f64 {
        match self {
            Self::Opened => 2.0,
            Self::Clicked => 5.0,
            Self::Replied => 10.0,
            Self::Wrote => 8.0,
            Self::Bounced => -5.0,
            Self::Complained => -30.0,
            Self::Unsubscribed => -15.0,
        }
    }
}

/// What an entry of a contact's timeline tells of the contact.
pub fn acts(entry: &Entry) -> Vec<(Act, Time)> {
    if entry.noun != Noun::Message || entry.withdrawn.is_some() {
        return Vec::new();
    }
    // A machine's answer says nothing of the person, and STOP is no conversation.
    let said = match (entry.direction, entry.word.as_deref()) {
        (Some(Direction::Inbound), None) => Some((Act::Wrote, entry.at)),
        (Some(Direction::Inbound), Some(STOP)) => Some((Act::Unsubscribed, entry.at)),
        (_, _) => None,
    };
    let came = entry.engagement.iter().filter_map(|one| Some((act(one.kind)?, one.at)));
    said.into_iter().chain(came).collect()
}

const fn act(kind: EventKind) -> Option<Act> {
    match kind {
        EventKind::Opened => Some(Act::Opened),
        EventKind::Clicked => Some(Act::Clicked),
        EventKind::Replied => Some(Act::Replied),
        EventKind::Bounced => Some(Act::Bounced),
        EventKind::Complained => Some(Act::Complained),
        EventKind::Unsubscribed => Some(Act::Unsubscribed),
        EventKind::Sent | EventKind::Delayed | EventKind::Delivered | EventKind::Rejected | EventKind::RenderingFailed => None,
    }
}

/// Days after which an act is worth half.
pub const HALF_LIFE_DAYS: f64 = 30.0;
/// Points that make a score of fifty; twice as many make seventy-five, and no number of them more than a hundred.
pub const HALF_WAY: f64 = 20.0;

const DAY: f64 = 86_400_000.0;

/// One reason for a score: acts of one kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reason {
    /// What was done.
    pub act: Act,
    /// How often.
    pub count: u32,
    /// When last.
    pub last_at: Time,
    /// What it is worth now, in points.
    pub points: f64,
}

/// A score and what it is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// From 0, nobody there, to 100.
    pub score: u8,
    /// The sum of the reasons' points.
    pub points: f64,
    /// The reasons, the weightiest first.
    pub reasons: Vec<Reason>,
}

impl Score {
    /// The score of what was done, as it is at a moment. What is said to happen later counts as if it happened then.
    pub fn of(acts: impl IntoIterator<Item = (Act, Time)>, now: Time) -> Self {
        let mut reasons: BTreeMap<Act, Reason> = BTreeMap::new();
        for (act, at) in acts {
            let reason = reasons.entry(act).or_insert(Reason { act, count: 0, last_at: at, points: 0.0 });
            reason.count = reason.count.saturating_add(1);
            reason.last_at = reason.last_at.max(at);
            reason.points += act.weight() * faded(now.since(at));
        }
        let mut reasons: Vec<Reason> = reasons.into_values().collect();
        reasons.sort_by(|a, b| b.points.abs().total_cmp(&a.points.abs()));
        let points: f64 = reasons.iter().map(|reason| reason.points).sum();
        Self { score: score(points), points, reasons }
    }
}

/// What is left of an act's worth after so many milliseconds.
fn faded(millis: i64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a few years are far below 2^53")]
    let days = millis.max(0) as f64 / DAY;
    (-days / HALF_LIFE_DAYS).exp2()
}

fn score(points: f64) -> u8 {
    let share = 1.0 - (-points.max(0.0) / HALF_WAY).exp2();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 100")]
    let score = (share * 100.0).round().clamp(0.0, 100.0) as u8;
    score
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_772_442_000_000);

    fn ago(days: i64) -> Time {
        NOW.plus_millis(-days * 86_400_000)
    }

    #[test]
    fn who_did_nothing_has_nothing() {
        assert_eq!(Score::of([], NOW), Score { score: 0, points: 0.0, reasons: Vec::new() });
    }

    #[test]
    fn acts_add_up_and_fade_by_half_in_thirty_days() {
        let acts = [(Act::Replied, ago(0)), (Act::Clicked, ago(0)), (Act::Clicked, ago(0))];
        assert_eq!(Score::of(acts, NOW).score, 50);
        let month_later = Score::of(acts, NOW.plus_millis(30 * 86_400_000));
        assert!((month_later.points - 10.0).abs() < 1e-9);
        assert_eq!(month_later.score, 29);
    }

    #[test]
    fn what_a_machine_wrote_says_nothing_of_a_person() {
        let inbound = |word: Option<&str>| Entry {
            direction: Some(Direction::Inbound),
            word: word.map(str::to_owned),
            ..Entry::new(Noun::Message, "x".to_owned(), NOW)
        };
        let done = |word| acts(&inbound(word)).into_iter().map(|(act, _)| act).collect::<Vec<_>>();
        assert_eq!(done(None), [Act::Wrote]);
        assert_eq!(done(Some(STOP)), [Act::Unsubscribed]);
        for word in ["automatic", "help", "start"] {
            assert_eq!(done(Some(word)), [], "{word}");
        }
    }

    #[test]
    fn reasons_say_what_it_is_made_of() {
        let acts = [(Act::Opened, ago(1)), (Act::Opened, ago(60)), (Act::Complained, ago(0)), (Act::Wrote, ago(3))];
        let told = Score::of(acts, NOW);
        assert_eq!(told.score, 0, "whoever calls us spammers is not engaged");
        let kinds: Vec<_> = told.reasons.iter().map(|reason| (reason.act, reason.count, reason.last_at)).collect();
        assert_eq!(kinds, [(Act::Complained, 1, ago(0)), (Act::Wrote, 1, ago(3)), (Act::Opened, 2, ago(1))]);
        let sum: f64 = told.reasons.iter().map(|reason| reason.points).sum();
        assert!((sum - told.points).abs() < 1e-9);
    }

    #[test]
    fn no_number_of_acts_passes_a_hundred_and_more_is_never_less() {
        let mut before = 0;
        for count in [1, 2, 5, 20, 10_000] {
            let score = Score::of(std::iter::repeat_n((Act::Opened, NOW), count), NOW).score;
            assert!(score >= before && score <= 100);
            before = score;
        }
        assert_eq!(before, 100);
        for act in Act::ALL {
            let (less, more) = (Score::of([(Act::Wrote, NOW)], NOW), Score::of([(Act::Wrote, NOW), (act, NOW)], NOW));
            assert_eq!(more.score > less.score, act.weight() > 0.0, "{act:?}");
        }
    }
}
