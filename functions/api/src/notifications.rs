//! Notifications: what users are told within the product.

use domain::flows::read_notifications::{self, Count, NAMED};
use domain::notification::About;
use domain::{Notification, User};
use kernel::ids::{NotificationId, TaskId, UserId};
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Entity, Page};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Input, Params, Repeatable};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::words::NotificationWord;
use crate::reply::{Reply, refused};

pub(crate) mod preferences;

/// One thing that a user is told. It is kept for ninety days.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotificationView {
    #[schema(value_type = String, example = "ntf_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: NotificationId,
    #[schema(value_type = NotificationWord)]
    about: About,
    /// The task that it is about.
    #[schema(value_type = String)]
    task: TaskId,
    /// The task's title then.
    title: String,
    /// The user who did it, if a user did.
    #[schema(value_type = Option<String>)]
    by: Option<UserId>,
    read: bool,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    at: Time,
}

impl From<Notification> for NotificationView {
    fn from(row: Notification) -> Self {
        let Notification { id, user: _, about, task, title, by, read, at } = row;
        Self { id, about, task, title, by, read, at }
    }
}

/// Filters of the list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct NotificationFilters {
    /// Whose; the caller's own when not said. A key speaks for nobody and has to say.
    #[param(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// Those that were read, or were not.
    read: Option<bool>,
}

/// Whose notifications a question is about.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct ToldParams {
    /// Whose; the caller's own when not said. A key speaks for nobody and has to say.
    #[param(value_type = Option<String>)]
    user_id: Option<UserId>,
}

/// How much a user has not read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnreadView {
    /// At most 100.
    #[schema(maximum = 100)]
    unread: u16,
    /// Whether there are more than that.
    more: bool,
}

impl From<Count> for UnreadView {
    fn from(Count { unread, more }: Count) -> Self {
        Self { unread, more }
    }
}

/// What was read: some, or all up to a moment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadNotifications {
    /// Whose; the caller's own when not said. A key speaks for nobody and has to say.
    #[schema(value_type = Option<String>)]
    user_id: Option<UserId>,
    /// These. This or `until` is needed.
    #[schema(value_type = Option<Vec<String>>, max_items = 50)]
    ids: Option<Vec<NotificationId>>,
    /// All up to this moment.
    #[serde(default, with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

/// What is left when some were read.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReadView {
    /// What is left unread, at most 100.
    #[schema(maximum = 100)]
    unread: u16,
    /// Whether there are more than that.
    more: bool,
    /// There are more than one request takes: give this as `until` and ask again.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    more_until: Option<Time>,
}

/// Lists what a user is told, newest first.
#[utoipa::path(get, path = "/v1/notifications", tag = "notifications", operation_id = "list_notifications", security(("key" = [])),
    params(PageParams, NotificationFilters),
    responses((status = 200, description = "A page of notifications.", body = List<NotificationView>), refused::Listing))]
async fn list_notifications(
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<NotificationFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let user = caller.user(filters.user_id, "?user_id")?;
    let (keys, list) = (&caller.context.keys, format!("notifications {user} {:?}", filters.read));
    let asked = page.listing(keys, &caller.scope, &list)?;
    let Page { mut rows, next } =
        caller.scope.page_below::<Notification>(&user.hex(), asked.limit, asked.after.as_ref()).await?;
    let now = caller.context.clock.now();
    rows.retain(|row| row.row.expires().is_none_or(|end| end > now));
    rows.retain(|row| filters.read.is_none_or(|read| read == row.row.read));
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, Page { rows, next }, |row| NotificationView::from(row.row))))
}

/// Counts what a user has not read. What was told or read a moment ago may not be counted yet.
#[utoipa::path(get, path = "/v1/notifications/unread", tag = "notifications", operation_id = "count_unread_notifications",
    security(("key" = [])), params(ToldParams),
    responses((status = 200, description = "The count.", body = UnreadView), refused::Listing))]
async fn count_unread_notifications(
    caller: Caller<may::Read>,
    Params(params): Params<ToldParams>,
) -> Result<Reply<UnreadView>, Failure> {
    let user = caller.user(params.user_id, "?user_id")?;
    Ok(Reply::ok(read_notifications::unread(&caller.scope, user, caller.context.clock.now()).await?.into()))
}

/// Marks notifications as read: some, or all up to a moment. Everybody does so for themselves; for others it takes the right to change
/// users.
#[utoipa::path(post, path = "/v1/notifications/read", tag = "notifications", operation_id = "read_notifications",
    security(("key" = [])), params(Repeatable), request_body = ReadNotifications,
    responses((status = 200, description = "What is left.", body = ReadView), refused::Creating))]
async fn read_notifications(
    caller: Caller<may::Read>,
    Input(body): Input<ReadNotifications>,
) -> Result<Reply<ReadView>, Failure> {
    let user = caller.user_to_change(body.user_id, "/user_id")?;
    if caller.scope.read_now::<User>(user).await?.is_none() {
        return Err(Error::invalid("/user_id", "unknown", "no such user").into());
    }
    let now = caller.context.clock.now();
    let more_until = match (body.ids, body.until) {
        (Some(ids), None) if ids.len() <= NAMED => {
            read_notifications::mark(&caller.scope, user, &ids).await?;
            None
        }
        (Some(_), None) => return Err(Error::invalid("/ids", "too_many", format!("at most {NAMED}")).into()),
        (None, Some(until)) => read_notifications::mark_until(&caller.scope, user, until, now).await?,
        (Some(_), Some(_)) | (None, None) => {
            return Err(Error::invalid("/ids", "which", "either ids or until is needed").into());
        }
    };
    let Count { unread, more } = read_notifications::unread(&caller.scope, user, now).await?;
    Ok(Reply::ok(ReadView { unread, more, more_until }))
}

operations!(list_notifications, count_unread_notifications, read_notifications);
