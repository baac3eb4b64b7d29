//! The mailbox of an account: how reading it goes. `collect` reads; its row says what came of it.

use domain::Account;
use domain::flows::look;
use domain::mailbox::{Mailbox, Passed, PassedOver, Sight};
use kernel::ids::AccountId;
use kernel::{Error, Time};
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Id;
use crate::operations::operations;
use crate::reply::words::SightWord;
use crate::reply::{Reply, refused};

/// How reading an account's mailbox goes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MailboxView {
    /// What the last look said; null before the first.
    #[schema(value_type = Option<SightWord>)]
    result: Option<Sight>,
    /// When it ended.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    looked_at: Option<Time>,
    /// Why it could not be read, or what was passed over.
    note: Option<String>,
    /// Mails that the last look took in.
    taken: u32,
    /// Looks that failed in a row without getting on.
    failures: u32,
    /// Mails that were not taken in; null while there is none.
    passed_over: Option<PassedOverView>,
    /// Minutes between two looks.
    minutes: u16,
    /// When the next look is due at the latest.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    next_at: Time,
    /// Until when the provider tells of new mail by itself; null when it does not.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    watched_until: Option<Time>,
}

/// Mails of a mailbox that were not taken in, and stay where they are: too large, withheld by the provider, or never brought.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PassedOverView {
    /// How many, for as long as the mailbox has been read.
    count: u32,
    /// The last five, the newest first.
    last: Vec<PassedMailView>,
}

/// A mail that was not taken in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PassedMailView {
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// As its provider names it: by its id, and by IMAP its UIDVALIDITY and UID.
    #[schema(example = "7:42")]
    mail: String,
    /// Why.
    #[schema(example = "it is too large (42 MB)")]
    reason: String,
}

impl From<PassedOver> for PassedOverView {
    fn from(passed: PassedOver) -> Self {
        let view = |Passed { at, mail, reason }| PassedMailView { at, mail, reason };
        Self { count: passed.count, last: passed.last.into_iter().map(view).collect() }
    }
}

impl From<Mailbox> for MailboxView {
    fn from(mailbox: Mailbox) -> Self {
        let looked = mailbox.looked;
        Self {
            result: looked.as_ref().map(|looked| looked.result),
            looked_at: looked.as_ref().map(|looked| looked.at),
            taken: looked.as_ref().map_or(0, |looked| looked.taken),
            note: looked.and_then(|looked| looked.note),
            failures: mailbox.failures,
            passed_over: mailbox.passed_over.map(Into::into),
            minutes: mailbox.minutes,
            next_at: mailbox.next_at,
            watched_until: mailbox.watch.map(|watch| watch.ends),
        }
    }
}

/// Says how reading an account's mailbox goes. An account whose mailbox is not read has none.
#[utoipa::path(get, path = "/v1/accounts/{id}/mailbox", tag = "accounts", operation_id = "find_account_mailbox",
    security(("key" = [])), params(("id" = String, Path, description = "The account's id.")),
    responses((status = 200, description = "How it goes.", body = MailboxView), refused::Finding))]
async fn find_account_mailbox(
    caller: Caller<may::ManageAccounts>,
    Id(id): Id<AccountId>,
) -> Result<Reply<MailboxView>, Failure> {
    let scope = &caller.scope;
    let found = look::find(scope, scope.find::<Account>(id).await?.row.id).await?;
    let mailbox = found.ok_or(Error::NotFound { kind: "mailbox" })?.row;
    Ok(Reply::ok(mailbox.into()))
}

operations!(find_account_mailbox);
