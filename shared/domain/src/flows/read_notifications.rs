//! What a user has not read, and marking it as read. Each unread notification has a row that says so: what is unread is found by
//! looking at those, however many were read, and a row that expires is counted no more.

use kernel::ids::{NotificationId, UserId};
use kernel::{Error, Result, Time};
use store::list::bound;
use store::schema::{Locator, attr};
use store::{Change, Cond, Stored, TenantScope, Value, Write};

use crate::Notification;
use crate::notification::Unread;

/// Most that one request names: each is two writes of one transaction.
pub const NAMED: usize = 50;
/// Most that are counted.
pub const COUNTED: u16 = 100;
/// Notifications of one transaction when all up to a moment are marked.
const CHUNK: u16 = 50;
/// Most transactions of one request.
const ROUNDS: usize = 5;
/// How often one tries anew when somebody else marks them too.
const TRIES: usize = 5;

/// How much a user has not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// How many, at most [`COUNTED`].
    pub unread: u16,
    /// Whether there are more.
    pub more: bool,
}

/// Counts what the user has not read: one query of small rows.
pub async fn unread(scope: &TenantScope, user: UserId, now: Time) -> Result<Count> {
    let limit = COUNTED.saturating_add(1);
    let found = scope.below::<Unread>(&user.hex(), Some(&Unread::oldest(now)), None, false, limit).await?;
    let found = u16::try_from(found.len()).unwrap_or(u16::MAX);
    Ok(Count { unread: found.min(COUNTED), more: found > COUNTED })
}

/// Marks those as read. One that is not there is refused, and nothing is written then.
pub async fn mark(scope: &TenantScope, user: UserId, ids: &[NotificationId]) -> Result<()> {
    for _ in 0..TRIES {
        let found = read(scope, user, ids).await?;
        if let Some(missing) = found.iter().position(Option::is_none) {
            return Err(Error::invalid(format!("/ids/{missing}"), "unknown", "no such notification"));
        }
        if settle(scope, user, found).await? {
            return Ok(());
        }
    }
    Err(contended())
}

/// Marks those up to a moment as read, newest first. Answers with the moment to go on from when there are more than one request
/// takes.
pub async fn mark_until(scope: &TenantScope, user: UserId, until: Time, now: Time) -> Result<Option<Time>> {
    let mut before = bound(until.plus_millis(1));
    for _ in 0..ROUNDS {
        let page = scope.below::<Unread>(&user.hex(), Some(&Unread::oldest(now)), Some(&before), false, CHUNK).await?;
        let ids: Vec<NotificationId> = page.iter().map(|unread| unread.row.notification).collect();
        mark_those_left(scope, user, &ids).await?;
        match ids.last() {
            Some(last) if ids.len() == usize::from(CHUNK) => before = last.hex(),
            Some(_) | None => return Ok(None),
        }
    }
    let digits = before.get(..12).unwrap_or_default();
    Ok(i64::from_str_radix(digits, 16).ok().map(Time::from_millis))
}

/// Marks those that are still there: a query may tell of what was read a moment ago.
async fn mark_those_left(scope: &TenantScope, user: UserId, ids: &[NotificationId]) -> Result<()> {
    for _ in 0..TRIES {
        if settle(scope, user, read(scope, user, ids).await?).await? {
            return Ok(());
        }
    }
    Err(contended())
}

fn contended() -> Error {
    Error::unavailable("notifications are marked by several at once")
}

async fn read(scope: &TenantScope, user: UserId, ids: &[NotificationId]) -> Result<Vec<Option<Stored<Notification>>>> {
    let at: Vec<Locator> = ids.iter().map(|id| Notification::at(user, *id)).collect();
    scope.read_many_now::<Notification>(&at).await
}

/// One transaction: what is unread of these becomes read, and the rows that say so go. Whether it happened.
async fn settle(scope: &TenantScope, user: UserId, found: Vec<Option<Stored<Notification>>>) -> Result<bool> {
    let mut writes: Vec<Write> = Vec::new();
    let mut named: Vec<NotificationId> = Vec::new();
    for id in found.into_iter().flatten().filter(|one| !one.row.read).map(|one| one.row.id) {
        if !named.contains(&id) {
            named.push(id);
            let read = Change::new().set(attr::READ, Value::Bool(true));
            let unread = Cond::Is(attr::READ, Value::Bool(false));
            writes.push(scope.changing::<Notification>(&Notification::at(user, id), read, unread)?);
            writes.push(scope.unhanging(&Unread { user, notification: id })?);
        }
    }
    if writes.is_empty() {
        return Ok(true);
    }
    Ok(scope.transact(writes).await?.is_none())
}
