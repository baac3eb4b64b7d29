//! Having an account looked at: its provider is asked whether it is in order. `send` asks; the account says what came of it.

use domain::account::{Check, Checked};
use domain::errand::Deed;
use domain::flows::entrust::entrust;
use domain::{Account, Errand};
use kernel::Time;
use kernel::ids::{AccountId, ErrandId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Repeatable};
use crate::operations::operations;
use crate::reply::words::CheckedWord;
use crate::reply::{Reply, refused};

/// Seconds for which a check that is under way is not asked for again.
const PATIENCE: i64 = 300;

/// A look at whether an account is in order, or what came of a consent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountCheckView {
    /// `impossible`: its provider cannot be asked anything without sending something.
    #[schema(value_type = CheckedWord)]
    state: Checked,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    asked_at: Time,
    /// When it ended.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Time>,
    /// The provider's words, or ours, when it did not pass.
    note: Option<String>,
}

impl From<Check> for AccountCheckView {
    fn from(check: Check) -> Self {
        Self { state: check.state, asked_at: check.errand.made_at(), at: check.at, note: check.note }
    }
}

/// Has an account looked at: whether its provider answers and takes the credentials. Nothing is sent. What comes of it is in `check` of
/// the account a moment later; an account that passes is in use again.
#[utoipa::path(post, path = "/v1/accounts/{id}/check", tag = "accounts", operation_id = "check_account", security(("key" = [])),
    params(("id" = String, Path, description = "The account's id."), Repeatable),
    responses((status = 202, description = "The check that is under way.", body = AccountCheckView,
        headers(("etag" = String), ("location" = String))), refused::Changing))]
async fn check_account(caller: Caller<may::ManageAccounts>, Id(id): Id<AccountId>) -> Result<Reply<AccountCheckView>, Failure> {
    let (scope, context) = (&caller.scope, &caller.context);
    let now = context.clock.now();
    let account = scope.find::<Account>(id).await?;
    let recent = |check: &Check| check.state == Checked::Pending && now.since(check.errand.made_at()) < PATIENCE * 1000;
    let account = match account.row.check.as_ref().filter(|check| recent(check)) {
        Some(_) => account,
        None => {
            let errand = Errand::new(ErrandId::new(&context.ids, &context.clock), id, Deed::Check);
            entrust(scope, &errand, |_| Ok(())).await?
        }
    };
    let check = account.row.check.ok_or_else(|| kernel::Error::internal("a check that was asked for is not there"))?;
    Ok(Reply::accepted(check.into(), &format!("/v1/accounts/{id}")).version(account.version))
}

operations!(check_account);
