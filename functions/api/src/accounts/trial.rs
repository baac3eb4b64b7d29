//! Trying an account out: an ordinary message through it and no other.

use axum::extract::State;
use domain::flows::accept::{self, Order};
use domain::{Account, Category, Channel};
use kernel::ids::{AccountId, MessageId};
use render::Source;
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Input, Repeatable};
use crate::messages;
use crate::messages::request::NewRecipient;
use crate::messages::view::MessageView;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// Where to send.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountTrial {
    /// Whom the message is for.
    to: NewRecipient,
}

impl AccountTrial {
    fn order(self, account: &Account) -> Order {
        let titled = account.channel == Channel::Email;
        Order {
            to: self.to.into(),
            channel: Some(account.channel),
            content: Some(Source {
                subject: titled.then(|| "Test of {{ account }}".to_owned()),
                text: Some("This is a test message, sent through the account {{ account }}.".to_owned()),
                ..Source::default()
            }),
            variables: Map::from_iter([("account".to_owned(), Value::from(account.name.as_str()))]),
            category: Some(Category::default()),
            account: Some(account.id),
            tags: vec!["test".to_owned()],
            ..Order::default()
        }
    }
}

/// Sends a short message through this account and no other. It passes the same checks as any message, and its trace tells what
/// became of it.
#[utoipa::path(post, path = "/v1/accounts/{id}/test", tag = "accounts", operation_id = "test_account", security(("key" = [])),
    params(("id" = String, Path, description = "The account's id."), Repeatable),
    request_body(content = AccountTrial, example = json!({"to": {"email": "ada@example.com"}})),
    responses((status = 202, description = "The message.", body = MessageView, headers(("etag" = String), ("location" = String))),
        refused::Changing))]
async fn test_account(
    State(api): State<Api>,
    caller: Caller<may::ManageAccounts>,
    Id(id): Id<AccountId>,
    Input(body): Input<AccountTrial>,
) -> Result<Reply<MessageView>, Failure> {
    let account = caller.scope.find::<Account>(id).await?.row;
    let message = MessageId::new(&caller.context.ids, &caller.context.clock);
    let made = accept::prepare(&api.0.catalog, &api.0.files, &caller.scope, body.order(&account), message).await?;
    caller.reach.order((&made.message).into())?;
    accept::write(&caller.scope, &made).await?;
    Ok(messages::accepted(made))
}

operations!(test_account);
