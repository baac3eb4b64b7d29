//! Answering in a conversation.

use axum::extract::State;
use domain::Conversation;
use domain::flows::accept::{self, Order, To};
use domain::flows::{answer, window};
use kernel::ids::{ConversationId, MessageId};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Input, Repeatable};
use crate::messages::view::MessageView;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;
use crate::versions::Content;

/// What is said in a conversation.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAnswer {
    content: Content,
    /// Values for the content.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    variables: Map<String, Value>,
    /// Data of yours that comes back with the message: at most 20 entries.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    metadata: Map<String, Value>,
    /// Words to find it by.
    #[serde(default)]
    #[schema(required = false, max_items = 20)]
    tags: Vec<String>,
    /// The provider's id of the message that this one answers.
    #[schema(max_length = 500)]
    answers: Option<String>,
    /// Whether opens and clicks are tracked; true when not said.
    track: Option<bool>,
}

impl NewAnswer {
    /// To whoever wrote last, by the account that they wrote to.
    fn order(self, conversation: &Conversation) -> Order {
        let mut order = Order {
            to: To { address: Some(conversation.address.clone()), ..To::default() },
            channel: Some(conversation.channel),
            account: Some(conversation.account),
            content: Some(self.content.into()),
            variables: self.variables,
            metadata: self.metadata,
            tags: self.tags,
            track: self.track.unwrap_or(true),
            ..Order::default()
        };
        order.extras.answers = self.answers;
        order
    }
}

/// Answers whoever wrote last in a conversation, by the account that they wrote to. A first answer is counted with the time that it
/// took.
#[utoipa::path(post, path = "/v1/conversations/{id}/messages", tag = "conversations", operation_id = "answer_conversation",
    security(("key" = [])), params(("id" = String, Path, description = "The conversation's id."), Repeatable),
    request_body(content = NewAnswer, example = json!({"content": {"text": "We open at nine."}})),
    responses((status = 202, description = "The message, which will not be lost.", body = MessageView,
        headers(("etag" = String), ("location" = String))), refused::Changing))]
async fn answer_conversation(
    State(api): State<Api>,
    caller: Caller<may::Send>,
    Id(id): Id<ConversationId>,
    Input(new): Input<NewAnswer>,
) -> Result<Reply<MessageView>, Failure> {
    let scope = &caller.scope;
    let conversation = scope.find::<Conversation>(id).await?;
    let message = MessageId::new(&caller.context.ids, &caller.context.clock);
    let order = new.order(&conversation.row);
    let made = accept::prepare(&api.0.catalog, &api.0.files, scope, order, message).await?;
    caller.reach.order((&made.message).into())?;
    window::check(&caller.context, &api.0.catalog, scope, &made).await?;
    let message = answer::write(scope, conversation, made.sent_by(caller.credential.user)).await?.row;
    let location = format!("/v1/messages/{}", message.id);
    Ok(Reply::accepted(MessageView::whole(scope, message).await?, &location).version(1))
}

operations!(answer_conversation);
