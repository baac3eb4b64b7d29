//! Taking a message's place in a recipient's quota: read, judge, write on the condition that nobody else has written.

use kernel::ids::MessageId;
use kernel::{Error, Result};
use store::{Entity, Stored, TenantScope};

use super::Context;
use crate::quota::{Limit, Quota};

/// How often a place is tried for against other messages to the same recipient.
const TRIES: usize = 8;

/// Whether the message has a place of that quota, now or from an earlier try of it.
pub async fn take(context: &Context, scope: &TenantScope, subject: &str, message: MessageId, limits: &[Limit]) -> Result<bool> {
    let unused = Quota::unused(&context.keys, subject);
    for _ in 0..TRIES {
        let found = scope.read_now::<Quota>(unused.locator()).await?;
        let mut quota = found.unwrap_or_else(|| Stored { row: unused.clone(), version: 0 });
        if quota.row.has(message) {
            return Ok(true);
        }
        if !quota.row.take(message, context.clock.now(), limits) {
            return Ok(false);
        }
        if quota.version == 0 {
            if scope.create(&quota.row).await? {
                return Ok(true);
            }
            continue;
        }
        match scope.replace(&quota).await {
            Ok(_) => return Ok(true),
            // Somebody took a place, or the row has expired since.
            Err(Error::Stale { .. } | Error::NotFound { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    Err(Error::unavailable("a recipient's quota is being changed too fast"))
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use kernel::ids::TenantId;
    use kernel::{Clock, Ids, Keys, Secret, Time};
    use store::memory::Faults;
    use store::{Memory, Store, Table};

    use super::*;

    #[tokio::test]
    async fn messages_side_by_side_get_as_many_places_as_there_are() {
        for seed in 0..50 {
            let (ids, clock) = (Ids::seeded(3), Clock::manual(Time::parse("2026-03-02T09:30:00Z").unwrap()));
            let faults = Faults::none();
            let store = Store::new(Table::Memory(Memory::new(faults.clone())));
            let (scope, _) = store.platform().found(TenantId::new(&ids, &clock), "acme", "Acme").unwrap();
            let keys = Keys::derive(&Secret::new("the deployment secret of a test, for it alone")).unwrap();
            let context = Context { clock, ids, keys };
            faults.interleave(seed);
            let limits = [Limit { most: 2, seconds: 60 }];
            let messages: Vec<_> = (0..5).map(|n| MessageId::from_bytes([n; 16])).collect();
            let takes = messages.iter().map(|message| take(&context, &scope, "throttle:ada:code", *message, &limits));
            let taken: Vec<bool> = join_all(takes).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(taken.iter().filter(|taken| **taken).count(), 2, "seed {seed}");
            let again = messages.iter().map(|message| take(&context, &scope, "throttle:ada:code", *message, &limits));
            let again: Vec<bool> = join_all(again).await.into_iter().map(Result::unwrap).collect();
            assert_eq!(again, taken, "seed {seed}: who has a place keeps it, and takes no second one");
        }
    }
}
