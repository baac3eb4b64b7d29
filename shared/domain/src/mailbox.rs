//! Mailboxes that are read: how far, what the last look said, and when the next is due. One row for each account whose provider keeps
//! mail until it is fetched. It is always in the due index: whatever dies, the next scan has it looked at again.

use kernel::Time;
use kernel::ids::{AccountId, ErrandId};
use providers::Reads;
use providers::collecting::Watch;
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

mod snag;

pub use snag::{Passed, PassedOver, Snag};

/// Seconds after which a look that was ordered and never ended is ordered again.
const PATIENCE: i64 = 600;
/// Longest wait after looks that failed, in seconds.
const LONGEST: i64 = 6 * 3600;
/// Shortest wait after a login that was refused, in seconds: servers shut out who tries too often.
const REFUSED: i64 = 900;

/// See the module's words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mailbox {
    /// The account.
    pub account: AccountId,
    /// Which mailbox it is, as the provider names it: the mark is of no other.
    pub of: String,
    /// Minutes between two looks.
    pub minutes: u16,
    /// Whether a look is wanted or under way.
    pub state: State,
    /// Number of the state. A job for another number is void.
    pub state_seq: u64,
    /// Who looks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Time>,
    /// How far it was read, in the provider's terms; none before the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// When the next look is due.
    pub next_at: Time,
    /// Whether somebody has said since the look began that there is something to see.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<bool>,
    /// Looks that failed in a row without getting on.
    #[serde(default)]
    pub failures: u32,
    /// The mail that looks fail at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snag: Option<Snag>,
    /// The mails that were passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passed_over: Option<PassedOver>,
    /// What the last look said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked: Option<Looked>,
    /// Until when the provider tells of new mail by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// The check of the account that waits for what the next look says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errand: Option<ErrandId>,
}

/// Whether a look is wanted or under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Neither.
    Resting,
    /// It is wanted.
    Queued,
    /// It is under way.
    Reading,
}

impl State {
    /// As a value for conditions and changes.
    pub fn value(self) -> store::Value {
        let word = match self {
            Self::Resting => "resting",
            Self::Queued => "queued",
            Self::Reading => "reading",
        };
        store::Value::S(word.to_owned())
    }
}

/// What a look said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Looked {
    /// When it ended.
    pub at: Time,
    /// Whether the mailbox could be read.
    pub result: Sight,
    /// What is to be said about it: why it could not be read, or what was passed over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Mails that were taken in for the first time.
    #[serde(default)]
    pub taken: u32,
}

/// Whether a mailbox could be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// It could.
    Read,
    /// The provider refuses the account: login, rights, mailbox.
    Refused,
    /// There was no answer, or none that could be used.
    Failed,
}

impl Mailbox {
    /// One that is to be looked at now, for the first time.
    pub fn new(account: AccountId, reads: Reads, now: Time) -> Self {
        Self {
            account,
            of: reads.mailbox,
            minutes: reads.minutes,
            state: State::Queued,
            state_seq: 1,
            owner: None,
            lease: None,
            mark: None,
            next_at: ordered_again(now),
            pushed: None,
            failures: 0,
            snag: None,
            passed_over: None,
            looked: None,
            watch: None,
            errand: None,
        }
    }

    /// Where the mailbox of an account is.
    pub fn at(account: AccountId) -> Locator {
        Locator::Natural(account.hex())
    }

    /// The account was changed: it is looked at now, and from the beginning of what is new where it is another mailbox. A look that is
    /// under way ends by itself, and another follows.
    pub fn rouse(&mut self, reads: Reads, now: Time) {
        if self.of != reads.mailbox {
            (self.mark, self.watch, self.passed_over) = (None, None, None);
        }
        (self.of, self.minutes, self.failures, self.snag) = (reads.mailbox, reads.minutes, 0, None);
        if self.lease.is_some_and(|lease| lease > now) {
            (self.pushed, self.next_at) = (Some(true), now);
        } else {
            (self.state, self.state_seq, self.next_at) = (State::Queued, self.state_seq + 1, ordered_again(now));
        }
    }

    /// When the look after one that ended so is due: at the mailbox's own pace, later the more often it failed, and never before what
    /// the provider asked for.
    pub fn next(&self, result: Sight, failures: u32, now: Time, after: Option<u32>) -> Time {
        let pace = i64::from(self.minutes) * 60;
        let least = if result == Sight::Refused { pace.max(REFUSED) } else { pace };
        let doubled = least.saturating_mul(1_i64 << failures.saturating_sub(1).min(16));
        let wait = doubled.min(LONGEST.max(pace)).max(after.map_or(0, i64::from));
        now.plus_seconds(wait)
    }
}

/// When a look that is ordered now is ordered again, should it never end.
pub fn ordered_again(now: Time) -> Time {
    now.plus_seconds(PATIENCE)
}

impl Entity for Mailbox {
    const ROW: Row = schema::MAILBOX;

    fn locator(&self) -> Locator {
        Self::at(self.account)
    }

    fn due(&self) -> Option<Time> {
        Some(self.next_at)
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Clock, Ids};

    use super::*;

    #[test]
    fn a_mailbox_that_fails_is_looked_at_ever_more_seldom_and_never_given_up() {
        let clock = Clock::manual(Time::parse("2026-03-02T09:00:00Z").unwrap());
        let now = clock.now();
        let reads = Reads { minutes: 1, mailbox: "m".to_owned() };
        let mailbox = Mailbox::new(AccountId::new(&Ids::seeded(1), &clock), reads, now);
        let wait = |result, failures, after| mailbox.next(result, failures, now, after).since(now) / 1000;
        assert_eq!(wait(Sight::Read, 0, None), 60);
        assert_eq!([1, 2, 3, 4, 40].map(|failures| wait(Sight::Failed, failures, None)), [60, 120, 240, 480, 21_600]);
        assert_eq!([1, 2, 3, u32::MAX].map(|failures| wait(Sight::Refused, failures, None)), [900, 1_800, 3_600, 21_600]);
        assert_eq!(wait(Sight::Failed, 1, Some(500)), 500, "what the provider asks for");
    }
}
