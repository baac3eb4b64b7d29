//! Events that this process has taken in. Providers tell some of them twice, mostly within moments; a second write would be refused,
//! and cost as much as the first.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kernel::crypto;
use providers::Event;

/// Most events kept in mind; beyond it all are forgotten, which costs a few refused writes.
const MOST: usize = 4096;

/// An event with all that it says: told again with anything else in it, it is another.
pub(crate) type Mark = [u8; 32];

/// See the module's words.
#[derive(Debug, Default)]
pub(crate) struct Heard(Mutex<HashSet<Mark>>);

impl Heard {
    /// What an event is known by. None where that cannot be said: it is never known then.
    pub(crate) fn mark(event: &Event) -> Option<Mark> {
        serde_json::to_vec(event).ok().map(|text| crypto::sha256(&text))
    }

    /// Whether it was taken in.
    pub(crate) fn knows(&self, mark: &Mark) -> bool {
        self.marks().contains(mark)
    }

    /// Notes that it was taken in, with all that follows from it. To be called only when that is stored.
    pub(crate) fn note(&self, mark: Mark) {
        let mut marks = self.marks();
        if marks.len() >= MOST {
            marks.clear();
        }
        marks.insert(mark);
    }

    fn marks(&self) -> MutexGuard<'_, HashSet<Mark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
