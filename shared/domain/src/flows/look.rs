//! Looks into mailboxes: when one is ordered, who carries it out, and what it leaves behind. `collect` does what lies between.
//!
//! 1. Whatever is due is ordered: one conditional write raises the number of the state, and the stream carries it on. 2. One write takes
//!    the lease. 3. Mails are taken in, each by itself. 4. One write, on the condition that it is still ours, moves the mark and says when
//!    the next look is due.
//!
//! A look that dies before 4 leaves the mark where it was: what was taken in is recognised by its receipt. Who says in between that there
//! is something to see is heard by 4, so that nothing is overlooked.

use kernel::ids::{AccountId, ErrandId};
use kernel::{Error, Result, Time};
use providers::Reads;
use providers::collecting::Watch;
use store::change::n;
use store::schema::attr;
use store::{Change, Cond, Due, Outcome, Stored, TenantScope, Value, Write};

use super::Context;
use super::release::Released;
use crate::Mailbox;
use crate::mailbox::{Looked, PassedOver, Snag, State, ordered_again};

/// How long a lease holds: longer than a look may take.
pub const LEASE_SECONDS: i64 = 240;
/// How often a conditional write is tried when its answer is lost.
const WRITES: usize = 4;

/// What a look leaves behind.
#[derive(Clone, Debug)]
pub struct Left {
    /// How far the mailbox was read.
    pub mark: Option<String>,
    /// What is to be said of it.
    pub looked: Looked,
    /// Looks that failed in a row without getting on.
    pub failures: u32,
    /// The mail that looks fail at.
    pub snag: Option<Snag>,
    /// The mails that were passed over.
    pub passed_over: Option<PassedOver>,
    /// Until when the provider tells of new mail by itself.
    pub watch: Option<Watch>,
    /// When the next look is due.
    pub next_at: Time,
}

impl Left {
    /// What is left for another mailbox of the account, of which nothing was read.
    fn of_another(&self) -> Self {
        Self { mark: None, watch: None, snag: None, passed_over: None, ..self.clone() }
    }
}

/// The mailbox of an account as it is now.
pub async fn find(scope: &TenantScope, account: AccountId) -> Result<Option<Stored<Mailbox>>> {
    scope.read_now::<Mailbox>(Mailbox::at(account)).await
}

/// Orders a look that is due, unless one is under way.
pub async fn release(due: &Due, now: Time) -> Result<Released> {
    let free = Cond::Below(attr::LEASE, n(now.millis()));
    let moved = due.take::<Mailbox>(order(now), free).await?.is_some();
    Ok(if moved { Released::Moved } else { Released::Passed })
}

/// A look is wanted.
fn order(now: Time) -> Change {
    let change = Change::new().set(attr::STATE, State::Queued.value()).add(attr::STATE_SEQ, 1);
    due(change, ordered_again(now))
}

fn due(change: Change, at: Time) -> Change {
    change.set(attr::NEXT_AT, n(at.millis())).due(at)
}

/// Somebody says that there is something to see: the next look is due now. Whether nobody had said so before.
pub async fn push(scope: &TenantScope, account: AccountId, now: Time) -> Result<bool> {
    let change = due(Change::new().set(attr::PUSHED, Value::Bool(true)), now);
    let outcome = scope.change::<Mailbox>(Mailbox::at(account), change, Cond::Missing(attr::PUSHED)).await?;
    Ok(matches!(outcome, Outcome::Done(_)))
}

/// A check of the account waits for what a look says, which is ordered at once. Whether there is a mailbox to look at.
pub async fn ask(scope: &TenantScope, account: AccountId, errand: ErrandId, now: Time) -> Result<bool> {
    let waits = || Change::new().set(attr::ERRAND, Value::S(errand.to_string()));
    let free = Cond::Below(attr::LEASE, n(now.millis()));
    let at_once = order(now).set(attr::ERRAND, Value::S(errand.to_string()));
    match scope.change::<Mailbox>(Mailbox::at(account), at_once, free).await? {
        Outcome::Done(_) => return Ok(true),
        Outcome::Refused(None) => return Ok(false),
        Outcome::Refused(Some(_)) => {}
    }
    // One look is under way, and another follows it.
    let then = due(waits().set(attr::PUSHED, Value::Bool(true)), now);
    let outcome = scope.change::<Mailbox>(Mailbox::at(account), then, Cond::Present).await?;
    Ok(matches!(outcome, Outcome::Done(_)))
}

/// Takes the lease on the look that has that number. None: it is void, or somebody else's.
pub async fn begin(context: &Context, scope: &TenantScope, account: AccountId, seq: u64) -> Result<Option<Mailbox>> {
    let now = context.clock.now();
    let owner = kernel::crypto::encode(&context.ids.bytes::<9>());
    let change = Change::new()
        .set(attr::STATE, State::Reading.value())
        .set(attr::OWNER, Value::S(owner.clone()))
        .set(attr::LEASE, n(now.plus_seconds(LEASE_SECONDS).millis()))
        .remove(attr::PUSHED);
    let wanted = Cond::Is(attr::STATE, State::Queued.value());
    let current = Cond::Is(attr::STATE_SEQ, n(i64::try_from(seq).unwrap_or(i64::MAX)));
    match scope.change::<Mailbox>(Mailbox::at(account), change, Cond::All(vec![wanted, current])).await? {
        Outcome::Done(found) => Ok(Some(found.row)),
        // A write whose answer was lost is repeated on the way and then refused by its own first try.
        Outcome::Refused(Some(found)) if found.row.owner.as_ref() == Some(&owner) => Ok(Some(found.row)),
        Outcome::Refused(_) => Ok(None),
    }
}

/// Ends the look. Where somebody said meanwhile that there is something to see, the next is due at once.
pub async fn end(context: &Context, scope: &TenantScope, mailbox: &Mailbox, left: &Left) -> Result<()> {
    let mut tries = 1;
    loop {
        match leave(context, scope, mailbox, left).await {
            Err(_) if tries < WRITES => tries += 1,
            ended => return ended,
        }
    }
}

async fn leave(context: &Context, scope: &TenantScope, mailbox: &Mailbox, left: &Left) -> Result<()> {
    let own = Cond::Is(attr::OWNER, Value::S(mailbox.owner.clone().unwrap_or_default()));
    let quiet = Cond::All(vec![own.clone(), Cond::Missing(attr::PUSHED)]);
    let change = due(settled(mailbox, left, true)?, left.next_at);
    let outcome = scope.change::<Mailbox>(Mailbox::at(mailbox.account), change, quiet).await?;
    let Outcome::Refused(Some(found)) = outcome else { return Ok(()) };
    if found.row.owner != mailbox.owner {
        return Ok(());
    }
    // What the account was changed to meanwhile says nothing of a mark that was found before.
    let left = if found.row.of == mailbox.of { left.clone() } else { left.of_another() };
    let told = found.row.errand == mailbox.errand;
    let change = due(settled(mailbox, &left, told)?, context.clock.now()).remove(attr::PUSHED);
    let as_judged = Cond::All(vec![own, Cond::Version(found.version)]);
    match scope.change::<Mailbox>(Mailbox::at(mailbox.account), change, as_judged).await? {
        Outcome::Refused(Some(now)) if now.row.owner == mailbox.owner => {
            Err(Error::unavailable("a mailbox is being changed too fast"))
        }
        Outcome::Done(_) | Outcome::Refused(_) => Ok(()),
    }
}

/// `told` says that no other check waits than the one that has heard what this look said.
fn settled(mailbox: &Mailbox, left: &Left, told: bool) -> Result<Change> {
    let mut change = Change::new()
        .set(attr::STATE, State::Resting.value())
        .put(attr::MARK, left.mark.clone().map(Value::S))
        .set(attr::LOOKED, store::scope::value(&left.looked)?)
        .set(attr::FAILURES, n(left.failures.into()))
        .put(attr::SNAG, left.snag.as_ref().map(store::scope::value).transpose()?)
        .put(attr::PASSED_OVER, left.passed_over.as_ref().map(store::scope::value).transpose()?)
        .put(attr::WATCH, left.watch.as_ref().map(store::scope::value).transpose()?)
        .remove(attr::OWNER)
        .remove(attr::LEASE);
    // A check that was asked for since waits for the look that follows.
    if told && mailbox.errand.is_some() {
        change = change.remove(attr::ERRAND);
    }
    Ok(change)
}

/// The write of a transaction that makes an account's mailbox what its settings say: there is one, there is none, or it is looked at now
/// because the account was changed. None: nothing is to be written.
pub async fn fitting(scope: &TenantScope, account: AccountId, reads: Option<Reads>, now: Time) -> Result<Option<Write>> {
    match (find(scope, account).await?, reads) {
        (None, None) => Ok(None),
        (None, Some(reads)) => scope.creating(&Mailbox::new(account, reads, now)).map(Some),
        (Some(found), None) => scope.erasing(&found).map(Some),
        (Some(mut found), Some(reads)) => {
            found.row.rouse(reads, now);
            scope.replacing(&found).map(Some)
        }
    }
}
