//! Mails that could not be taken in: the one that looks fail at, and those that were passed over.

use kernel::Time;
use serde::{Deserialize, Serialize};

use crate::message::cut;

/// Looks in a row that fail at a mail before it is passed over.
const LOOKS: u32 = 5;
/// Most mails that are told one by one, the last ones: more than are listed on a page that is read again when a look fails on it.
const LAST: usize = 5;
/// Most bytes of a mail's name.
const NAME: usize = 512;
/// Most bytes of a reason.
const REASON: usize = 150;

/// The mail that the last look failed at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snag {
    /// The mail, as its provider names it.
    pub mail: String,
    /// Looks in a row that failed at it.
    pub looks: u32,
    /// Why the last one did.
    pub reason: String,
}

impl Snag {
    /// A look has failed at that mail, and the one before it at what is known.
    pub fn met(known: Option<&Self>, mail: &str, reason: &str) -> Self {
        let mail = cut(mail, NAME);
        let before = known.filter(|known| known.mail == mail).map_or(0, |known| known.looks);
        Self { mail, looks: before.saturating_add(1), reason: cut(reason, REASON) }
    }

    /// Whether it is that mail, and to be passed over.
    pub fn gives_up(&self, mail: &str) -> bool {
        self.looks >= LOOKS && self.mail == cut(mail, NAME)
    }
}

/// Mails that were passed over for as long as the mailbox has been read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    /// How many.
    pub count: u32,
    /// The last ones, the newest first.
    pub last: Vec<Passed>,
}

/// A mail that was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// When.
    pub at: Time,
    /// The mail, as its provider names it.
    pub mail: String,
    /// Why.
    pub reason: String,
}

impl PassedOver {
    /// Whether that mail is one of the last.
    pub fn has(&self, mail: &str) -> bool {
        let mail = cut(mail, NAME);
        self.last.iter().any(|passed| passed.mail == mail)
    }

    /// One more was.
    pub fn add(&mut self, at: Time, mail: &str, reason: &str) {
        self.count = self.count.saturating_add(1);
        self.last.insert(0, Passed { at, mail: cut(mail, NAME), reason: cut(reason, REASON) });
        self.last.truncate(LAST);
    }
}
