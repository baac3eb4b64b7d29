//! Calling off what has not been sent by the key that was given with it: a bounded page of the key's messages at a time, each with
//! one conditional write. Doing it twice is doing it once.

use kernel::Result;
use kernel::ids::MessageId;
use store::schema::attr;
use store::{Cond, Outcome, Position, TenantScope};

use super::Context;
use super::release::enter;
use crate::Message;
use crate::message::State;
use crate::recall::Recall;

/// Most messages that are looked at in one go.
pub const PAGE: usize = 100;

/// What came of one go.
#[derive(Clone, Debug)]
pub struct Recalled {
    /// The messages that were called off just now, newest first.
    pub cancelled: Vec<MessageId>,
    /// Where to go on, when there may be more.
    pub next: Option<Position>,
}

/// Calls off a page of the messages with that key, newest first.
pub async fn recall(context: &Context, scope: &TenantScope, key: &str, after: Option<&Position>) -> Result<Recalled> {
    let digest = Recall::digest(key);
    let page = scope.page_below_now::<Recall>(&digest, PAGE, after).await?;
    let mut cancelled = Vec::new();
    for link in page.rows {
        let waiting = Cond::In(attr::STATE, State::CANCELLABLE.map(State::value).into());
        let change = enter(State::Cancelled, context.clock.now());
        // A link whose message was never written, was deleted or is past calling off has nothing to say.
        if let Outcome::Done(message) = scope.change::<Message>(link.row.message, change, waiting).await? {
            cancelled.push(message.row.id);
        }
    }
    Ok(Recalled { cancelled, next: page.next })
}
