//! Keeping an account's limits: a message is carried only by a slot, and nobody gets a slot twice.
//!
//! A process takes some slots with one write and hands them out from memory: one at first, and twice as many each time it comes
//! back for more, so that a busy one writes seldom. A message that finds no slot for now may book one that is still to come, and
//! keeps it in its own row. Whatever fails, slots are lost at most: the limit holds. Accounts without limits cost nothing.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use kernel::ids::{AccountId, TenantId};
use kernel::{Clock, Result, Time};
use store::change::{n, number, s};
use store::schema::attr;
use store::{Change, Cond, TenantScope};
use tokio::sync::Mutex;

use crate::Account;
use crate::slot::{Booking, Pace, Slot, Window};

/// Slots that one write takes at most, unless the limit of a second is larger.
const MOST: i64 = 32;
/// Over how much of a day the messages are spread that have waited for it, in milliseconds.
const MORNING: i64 = 600_000;
/// Most accounts kept in mind; beyond it all are forgotten, and with them the slots that were left.
const KEEP: usize = 10_000;

/// Whether an account can carry one more message now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// It can: a slot of each of its limits has been spent.
    Free,
    /// It cannot. Nothing was spent.
    Full {
        /// Until then at least.
        until: Time,
        /// Which limit is used up.
        window: Window,
    },
}

/// What this process knows of one limit of an account.
#[derive(Debug)]
struct Line {
    limit: i64,
    /// Slots that are this process's own.
    own: Range<i64>,
    /// The next slot that nobody has been promised, as far as is known here.
    next: i64,
    /// How many were taken the last time.
    taken: i64,
    /// How many of those were void before they were spent.
    void: i64,
}

type Lines = HashMap<Window, Line>;

/// See the module's words.
#[derive(Clone, Debug)]
pub struct Paces {
    clock: Clock,
    accounts: Arc<std::sync::Mutex<HashMap<(TenantId, AccountId), Arc<Mutex<Lines>>>>>,
}

impl Paces {
    /// Nothing taken yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, accounts: Arc::default() }
    }

    /// Of several messages that need slots of an account at the same time, one takes them and the others wait for it.
    fn lines(&self, scope: &TenantScope, account: AccountId) -> Arc<Mutex<Lines>> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if accounts.len() >= KEEP {
            accounts.clear();
        }
        accounts.entry((scope.tenant(), account)).or_default().clone()
    }

    /// Spends a slot of each of the account's limits for a message, or of none. What it has booked for now counts.
    pub async fn ask(&self, scope: &TenantScope, account: &Account, booking: Option<&Booking>) -> Result<Room> {
        let mut limits = account.terms.limits.windows().peekable();
        if limits.peek().is_none() {
            return Ok(Room::Free);
        }
        let lines = self.lines(scope, account.id);
        let mut lines = lines.lock().await;
        let now = self.clock.now();
        let (mut spend, mut full) = (Vec::new(), None);
        for (window, limit) in limits {
            let wait = match booked(account, booking, window, limit, now) {
                Some(slot) if slot.of() == window.of(now) => None,
                Some(slot) => Some(slot.start()),
                None => {
                    spend.push(window);
                    let line = line(&mut lines, window, limit);
                    line.look(scope, account.id, window, now).await?.map(|number| window.start(number))
                }
            };
            // The longer window comes first: who has to wait for it needs nothing of the shorter one.
            full = full.or(wait.map(|until| Room::Full { until, window }));
            if full.is_some() {
                break;
            }
        }
        if let Some(full) = full {
            return Ok(full);
        }
        for window in spend {
            if let Some(line) = lines.get_mut(&window) {
                line.spend();
            }
        }
        Ok(Room::Free)
    }

    /// Promises a message the next slots that there are, however late. What it has booked before and can still use stays its own.
    pub async fn book(&self, scope: &TenantScope, account: &Account, before: Option<&Booking>) -> Result<Booking> {
        let lines = self.lines(scope, account.id);
        let mut lines = lines.lock().await;
        let now = self.clock.now();
        let mut booking = Booking { account: account.id, at: now, slots: Vec::new() };
        for (window, limit) in account.terms.limits.windows() {
            let slot = match booked(account, before, window, limit, now) {
                Some(slot) => slot,
                None => {
                    Slot { window, number: line(&mut lines, window, limit).next(scope, account.id, window, now).await?, limit }
                }
            };
            booking.slots.push(slot);
            if slot.start() > now {
                booking.at = slot.start().plus_millis(spread(slot));
                // A slot of a shorter window is of use then, and not now.
                break;
            }
        }
        Ok(booking)
    }
}

/// What the message has booked of that limit and has not missed.
fn booked(account: &Account, booking: Option<&Booking>, window: Window, limit: u32, now: Time) -> Option<Slot> {
    let slots = &booking.filter(|booking| booking.account == account.id)?.slots;
    let found = slots.iter().find(|slot| slot.window == window && slot.limit == limit).copied();
    found.filter(|slot| slot.of() >= window.of(now))
}

/// How long after its window's begin a slot is used: those who have waited for a day do not come all at once.
fn spread(slot: Slot) -> i64 {
    match slot.window {
        Window::Second => 0,
        Window::Day => slot.number.rem_euclid(i64::from(slot.limit)) * MORNING / i64::from(slot.limit),
    }
}

/// The line of a limit. One of another limit is worth nothing.
fn line(lines: &mut Lines, window: Window, limit: u32) -> &mut Line {
    let fresh = || Line { limit: i64::from(limit), own: 0..0, next: 0, taken: 0, void: 0 };
    let line = lines.entry(window).or_insert_with(fresh);
    if line.limit != i64::from(limit) {
        *line = fresh();
    }
    line
}

impl Line {
    /// The slots of the present window.
    fn present(&self, window: Window, now: Time) -> Range<i64> {
        let first = window.of(now).saturating_mul(self.limit);
        first..first.saturating_add(self.limit)
    }

    /// Lets go of slots whose window has passed.
    fn drop_void(&mut self, first: i64) {
        let start = self.own.start.max(first).min(self.own.end);
        self.void += start - self.own.start;
        self.own.start = start;
    }

    fn spend(&mut self) {
        self.own.start += 1;
    }

    /// How many to take: twice as many as the last time, or what could be used of them when some were not.
    fn grant(&self, window: Window) -> i64 {
        let most = if window == Window::Second { MOST.max(self.limit) } else { MOST };
        let wanted = if self.void > 0 { self.taken - self.void } else { self.taken * 2 };
        wanted.clamp(1, most)
    }

    /// Sees to it that there is a slot for now. Answers with the number of the window to wait for when there is none.
    async fn look(&mut self, scope: &TenantScope, account: AccountId, window: Window, now: Time) -> Result<Option<i64>> {
        let present = self.present(window, now);
        self.drop_void(present.start);
        if self.own.is_empty() && self.next < present.end {
            self.take(scope, account, window, present.start, Some(present.end)).await?;
        }
        let next = if self.own.is_empty() { self.next } else { self.own.start };
        Ok((next >= present.end).then(|| next.div_euclid(self.limit)))
    }

    /// The next slot, for now or later.
    async fn next(&mut self, scope: &TenantScope, account: AccountId, window: Window, now: Time) -> Result<i64> {
        let first = self.present(window, now).start;
        self.drop_void(first);
        while self.own.is_empty() {
            self.take(scope, account, window, first, None).await?;
        }
        let slot = self.own.start;
        self.spend();
        Ok(slot)
    }

    /// Takes slots that nobody has been promised, none before `first`; none at all when the next one is not below `end`.
    ///
    /// When the answer is lost, so are the slots.
    async fn take(
        &mut self,
        scope: &TenantScope,
        account: AccountId,
        window: Window,
        first: i64,
        end: Option<i64>,
    ) -> Result<()> {
        let limit = u32::try_from(self.limit).unwrap_or(u32::MAX);
        let subject = Pace::subject(account, window, limit);
        let grant = self.grant(window);
        loop {
            // A row that lies behind is set, one that lies ahead is added to.
            let behind = self.next < first;
            let (change, cond) = match (behind, end) {
                (true, _) => (Change::new().set(attr::NEXT, n(first + grant)), Cond::Below(attr::NEXT, n(first))),
                (false, Some(end)) => (Change::new().add(attr::NEXT, grant), Cond::Below(attr::NEXT, n(end))),
                (false, None) => (Change::new().add(attr::NEXT, grant), Cond::All(Vec::new())),
            };
            let change = change.set(attr::SUBJECT, s(subject.as_str()));
            let row = scope.tally::<Pace>(Pace::at(&subject), change, cond).await?;
            let next = |row: &store::Item| number(row.get(attr::NEXT.as_str())).unwrap_or_default();
            match row {
                Ok(row) => {
                    self.next = next(&row);
                    self.own = (self.next - grant).max(first).min(self.next)..self.next;
                }
                Err(row) => self.next = next(&row),
            }
            if !self.own.is_empty() {
                (self.taken, self.void) = (grant, 0);
                return Ok(());
            }
            if end.is_some_and(|end| self.next >= end) {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests;
