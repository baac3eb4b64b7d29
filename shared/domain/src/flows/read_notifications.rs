//! Marking notifications as read. The count of what is unread moves in the same transaction, so that it stays exact.

use kernel::ids::{NotificationId, UserId};
use kernel::{Error, Result, Time};
use store::list::bound;
use store::schema::{Locator, attr};
use store::{Change, Cond, Stored, TenantScope, Value, Write};

use crate::Notification;
use crate::notification::Unread;

/// Most that one request names.
pub const NAMED: usize = 50;
/// Notifications looked at by one query when all up to a moment are marked.
const CHUNK: u16 = 90;
/// Most queries of one request.
const ROUNDS: usize = 5;
/// How often one tries anew when somebody else marks them too.
const TRIES: usize = 5;

/// How many notifications the user has not read: one row.
pub async fn unread(scope: &TenantScope, user: UserId) -> Result<i64> {
    let row = scope.read_now::<Unread>(Unread::at(user)).await?;
    Ok(row.map_or(0, |row| row.row.unread.max(0)))
}

/// Marks those as read. One that is not there is refused, and nothing is written then.
pub async fn mark(scope: &TenantScope, user: UserId, ids: &[NotificationId]) -> Result<()> {
    let at: Vec<Locator> = ids.iter().map(|id| Notification::at(user, *id)).collect();
    for _ in 0..TRIES {
        let found = scope.read_many_now::<Notification>(&at).await?;
        if let Some(missing) = found.iter().position(Option::is_none) {
            return Err(Error::invalid(format!("/ids/{missing}"), "unknown", "no such notification"));
        }
        if settle(scope, user, &found.into_iter().flatten().collect::<Vec<_>>()).await? {
            return Ok(());
        }
    }
    Err(Error::unavailable("notifications are marked by several at once"))
}

/// Marks those up to a moment as read, newest first. Answers with the moment to go on from when there are more than one request
/// takes.
pub async fn mark_until(scope: &TenantScope, user: UserId, until: Time) -> Result<Option<Time>> {
    let mut before = bound(until.plus_millis(1));
    for _ in 0..ROUNDS {
        let mut tries = 0;
        let page = loop {
            let page = scope.below::<Notification>(&user.hex(), None, Some(&before), false, CHUNK).await?;
            if settle(scope, user, &page).await? {
                break page;
            }
            tries += 1;
            if tries >= TRIES {
                return Err(Error::unavailable("notifications are marked by several at once"));
            }
        };
        match page.last() {
            Some(last) if page.len() == usize::from(CHUNK) => before = last.row.id.hex(),
            Some(_) | None => return Ok(None),
        }
    }
    let digits = before.get(..12).unwrap_or_default();
    Ok(i64::from_str_radix(digits, 16).ok().map(Time::from_millis))
}

/// One transaction: what is unread of these becomes read, and the count goes down by as many. Whether it happened.
async fn settle(scope: &TenantScope, user: UserId, found: &[Stored<Notification>]) -> Result<bool> {
    let mut writes: Vec<Write> = Vec::new();
    let mut named: Vec<NotificationId> = Vec::new();
    for id in found.iter().filter(|one| !one.row.read).map(|one| one.row.id) {
        if !named.contains(&id) {
            named.push(id);
            let read = Change::new().set(attr::READ, Value::Bool(true));
            let unread = Cond::Is(attr::READ, Value::Bool(false));
            writes.push(scope.changing::<Notification>(&Notification::at(user, id), read, unread)?);
        }
    }
    if writes.is_empty() {
        return Ok(true);
    }
    let count = Change::new()
        .set(attr::USER, store::scope::value(&user)?)
        .add(attr::UNREAD, i64::try_from(writes.len()).unwrap_or(i64::MAX).saturating_neg());
    writes.push(scope.tallying::<Unread>(&Unread::at(user), count)?);
    Ok(scope.transact(writes).await?.is_none())
}
