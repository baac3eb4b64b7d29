//! Groups that numbers are told in: parts of time on a wall clock, and words or ids.

use std::collections::HashMap;

use kernel::{Time, Zone};

use super::span::Part;

/// What a group is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    /// An hour, day, week or month: where it begins and where the next one does.
    Time(Time, Time),
    /// An hour of the week.
    Slot(u8),
    /// A word or id; none for what has none.
    Word(Option<String>),
}

impl Key {
    /// As it is shown.
    pub(crate) fn shown(&self) -> Option<String> {
        const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        match self {
            Self::Time(start, _) => Some(start.to_string()),
            Self::Slot(slot) => {
                let day = DAYS.get(usize::from(slot / 24)).unwrap_or(&"sun");
                Some(format!("{day}-{:02}", slot % 24))
            }
            Self::Word(word) => word.clone(),
        }
    }
}

/// How time is told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grain {
    Part(Part),
    HourOfWeek,
}

/// The groups of time that hours belong to. Each hour is looked up once.
pub(crate) struct Calendar<'a> {
    zone: &'a Zone,
    known: HashMap<Time, Key>,
}

impl<'a> Calendar<'a> {
    pub(crate) fn of(zone: &'a Zone) -> Self {
        Self { zone, known: HashMap::new() }
    }

    pub(crate) fn key(&mut self, grain: Grain, hour: Time) -> Key {
        let zone = self.zone;
        let found = self.known.entry(hour).or_insert_with(|| match grain {
            Grain::Part(part) => {
                let (start, next) = part.around(zone, hour);
                Key::Time(start, next)
            }
            Grain::HourOfWeek => Key::Slot(zone.hour_of_week(hour)),
        });
        found.clone()
    }
}
