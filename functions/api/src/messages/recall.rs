//! Calling off all messages that were given the same key.

use domain::flows::{accept, recall};
use kernel::Result;
use kernel::ids::MessageId;
use serde::{Deserialize, Serialize};
use store::Position;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Input, Repeatable};
use crate::operations::operations;
use crate::reply::{Reply, refused};

/// Messages to call off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecallOrder {
    /// The key that they were given.
    #[schema(max_length = 200, example = "appointment-4711")]
    cancel_key: String,
    /// The `next` of an earlier answer.
    after: Option<String>,
}

/// What was called off.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecallView {
    /// The messages that were called off just now, newest first.
    #[schema(value_type = Vec<String>)]
    cancelled: Vec<MessageId>,
    /// Whether there may be more with this key.
    has_more: bool,
    /// Give this as `after` to go on.
    #[schema(required)]
    next: Option<String>,
}

/// Calls off all messages with a key that have not been sent, a hundred at a time. What has gone out, or is going out, stays.
#[utoipa::path(post, path = "/v1/messages/cancel", tag = "messages", operation_id = "cancel_messages", security(("key" = [])),
    params(Repeatable), request_body = RecallOrder,
    responses((status = 200, description = "What was called off.", body = RecallView), refused::Changing))]
async fn cancel_messages(caller: Caller<may::Send>, Input(body): Input<RecallOrder>) -> Result<Reply<RecallView>, Failure> {
    accept::key_text(&body.cancel_key).map_err(|error| error.under("/cancel_key"))?;
    let (context, scope) = (&caller.context, &caller.scope);
    let list = format!("messages called off by {}", body.cancel_key);
    let open = |after: &String| Position::open(&context.keys, scope, &list, after);
    let after =
        body.after.as_ref().map(open).transpose().map_err(|_| {
            kernel::Error::invalid("/after", "cursor", "the next of an earlier answer for the same key is needed")
        })?;
    let recalled = recall::recall(context, scope, &body.cancel_key, after.as_ref()).await?;
    let next = recalled.next.map(|position| position.seal(&context.keys, scope, &list));
    Ok(Reply::ok(RecallView { cancelled: recalled.cancelled, has_more: next.is_some(), next }))
}

operations!(cancel_messages);
