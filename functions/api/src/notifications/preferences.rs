//! How users want to be told.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::State;
use domain::User;
use domain::contact::QuietHours;
use domain::notification::{About, Preferences};
use domain::task::Way;
use kernel::error::Faults;
use kernel::ids::UserId;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use store::{Stored, TenantScope};
use utoipa::ToSchema;

use super::ToldParams;
use crate::caller::{Caller, may};
use crate::contacts::fields::QuietHoursShape;
use crate::failure::Failure;
use crate::input::{IfMatch, Input, Params, step};
use crate::operations::operations;
use crate::reply::words::ReminderWayWord;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// How a user wants to be told.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationPreferences)]
pub(crate) struct PreferencesView {
    #[schema(value_type = String)]
    user_id: UserId,
    /// By which ways each kind is told: `notification` is the notification centre. Null: as the task asks for.
    #[schema(value_type = BTreeMap<String, Option<Vec<ReminderWayWord>>>)]
    ways: BTreeMap<About, Option<BTreeSet<Way>>>,
    /// When emails and text messages wait, on the user's clock or else the tenant's.
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<QuietHours>,
}

impl From<User> for PreferencesView {
    fn from(User { id, preferences: Preferences { mut ways, quiet_hours }, .. }: User) -> Self {
        let usual = |about: About| about.usual().map(|ways| ways.iter().copied().collect());
        let ways = About::ALL.into_iter().map(|about| (about, ways.remove(&about).or_else(|| usual(about)))).collect();
        Self { user_id: id, ways, quiet_hours }
    }
}

/// How a user wants to be told, as a whole.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNotificationPreferences)]
pub(crate) struct Wanted {
    /// By which ways kinds are told, in place of the usual ones. By none, a kind is not told at all; but that nobody sees to an urgent
    /// task (`escalated`) stands in the notification centre always. Kinds that are absent or null are told as usual.
    #[schema(value_type = Option<BTreeMap<String, Option<Vec<ReminderWayWord>>>>,
        example = json!({"assigned": ["notification", "email"], "reminder": ["sms"], "completed": []}))]
    ways: Option<BTreeMap<String, Option<BTreeSet<Way>>>>,
    /// When emails and text messages wait, on the user's clock or else the tenant's.
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<QuietHours>,
}

impl Wanted {
    fn read(self) -> Result<Preferences> {
        let mut preferences = Preferences { ways: BTreeMap::new(), quiet_hours: self.quiet_hours };
        let mut faults = Faults::default();
        for (word, ways) in self.ways.into_iter().flatten() {
            match (About::ALL.into_iter().find(|about| about.as_str() == word), ways) {
                (Some(about), Some(ways)) => drop(preferences.ways.insert(about, ways)),
                (Some(_), None) => {}
                (None, _) => faults.add(format!("/ways{}", step(&word)), "unknown", "there is no such kind"),
            }
        }
        faults.check().map(|()| preferences)
    }
}

async fn find(scope: &TenantScope, user: UserId) -> Result<Stored<User>> {
    let found = scope.read_now::<User>(user).await?;
    found.ok_or_else(|| Error::invalid("?user_id", "unknown", "no such user"))
}

/// Tells how a user wants to be told.
#[utoipa::path(get, path = "/v1/notifications/preferences", tag = "notifications", operation_id = "find_notification_preferences",
    security(("key" = [])), params(ToldParams),
    responses((status = 200, description = "The preferences.", body = PreferencesView, headers(("etag" = String))),
        refused::Listing))]
async fn find_notification_preferences(
    caller: Caller<may::Read>,
    Params(params): Params<ToldParams>,
) -> Result<Reply<PreferencesView>, Failure> {
    let user = find(&caller.scope, caller.user(params.user_id, "?user_id")?).await?;
    Ok(Reply::ok(user.row.into()).version(user.version))
}

/// Says how a user wants to be told, as a whole: what is absent is as usual. Everybody says so for themselves; for others it takes the
/// right to change users.
#[utoipa::path(put, path = "/v1/notifications/preferences", tag = "notifications", operation_id = "put_notification_preferences",
    security(("key" = [])), params(ToldParams, IfMatch), request_body = Wanted,
    responses((status = 200, description = "The preferences.", body = PreferencesView, headers(("etag" = String))),
        refused::Changing))]
async fn put_notification_preferences(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Params(params): Params<ToldParams>,
    if_match: IfMatch,
    Input(body): Input<Wanted>,
) -> Result<Reply<PreferencesView>, Failure> {
    let mut user = find(&caller.scope, caller.user_to_change(params.user_id, "?user_id")?).await?;
    if_match.check(user.version)?;
    let wanted = body.read()?;
    if user.row.preferences != wanted {
        user.row.preferences = wanted;
        user.version = caller.scope.replace(&user).await?;
        api.0.catalog.look_again_at_people(&caller.scope);
    }
    Ok(Reply::ok(user.row.into()).version(user.version))
}

operations!(find_notification_preferences, put_notification_preferences);
