//! Users: people who work for a tenant. Owners are kept by owners alone.

use axum::extract::State;
use domain::flows::let_in;
use domain::{Reach, Right, Role, User};
use kernel::ids::UserId;
use kernel::{Email, Locale, Phone, Result, Time, Zone};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable, double_option, present, put};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged, Unfiltered};
use crate::reach::{ReachShape, limited};
use crate::reply::words::RoleWord;
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

/// A person who works for the tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    #[schema(value_type = String, example = "usr_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: UserId,
    name: String,
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(value_type = RoleWord)]
    role: Role,
    /// What the person is limited to; null when it is nothing.
    #[schema(value_type = Option<ReachShape>)]
    reach: Option<Reach>,
    /// The `sub` claim of tokens that speak for the person.
    subject: Option<String>,
    /// Number that reminders by text message go to, in E.164.
    #[schema(value_type = Option<String>)]
    phone: Option<Phone>,
    /// IANA time zone; the tenant's own when there is none.
    #[schema(value_type = Option<String>)]
    zone: Option<Zone>,
    /// Language tag; the tenant's own when there is none.
    #[schema(value_type = Option<String>)]
    locale: Option<Locale>,
    /// Whether work is given to the person by itself.
    available: bool,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        let User { id, name, email, role, reach, subject, phone, zone, locale, available, preferences: _, created_at } = user;
        let reach = limited(reach);
        Self { id, name, email, role, reach, subject, phone, zone, locale, available, created_at }
    }
}

/// What a user is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUser {
    #[schema(max_length = 200)]
    name: String,
    #[schema(value_type = String, format = Email)]
    email: Email,
    #[schema(value_type = RoleWord)]
    role: Role,
    /// What the person is limited to: at most the caller's own; nothing when not said.
    #[schema(value_type = Option<ReachShape>)]
    reach: Option<Reach>,
    /// The `sub` claim of tokens that speak for the person. Nobody else has it.
    #[schema(max_length = 255)]
    subject: Option<String>,
    /// Number that reminders by text message go to, in international form.
    #[schema(value_type = Option<String>, example = "+14155552671")]
    phone: Option<Phone>,
    /// IANA time zone.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
    /// Language tag.
    #[schema(value_type = Option<String>, example = "de")]
    locale: Option<Locale>,
    /// Whether work is given to the person by itself; true when not said.
    available: Option<bool>,
}

/// What changes of a user. What is absent stays as it is; null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UserChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, format = Email, required = false)]
    email: Option<Email>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = RoleWord, required = false)]
    role: Option<Role>,
    /// What the person is limited to, at most the caller's own; null takes the limits away.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<ReachShape>)]
    reach: Option<Option<Reach>>,
    /// The `sub` claim of tokens that speak for the person.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 255)]
    subject: Option<Option<String>>,
    /// Number that reminders by text message go to, in international form.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "+14155552671")]
    phone: Option<Option<Phone>>,
    /// IANA time zone.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Option<Zone>>,
    /// Language tag.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "de")]
    locale: Option<Option<Locale>>,
    /// Whether work is given to the person by itself.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    available: Option<bool>,
}

impl UserChange {
    fn apply(self, user: &mut User) {
        put(&mut user.name, self.name);
        put(&mut user.email, self.email);
        put(&mut user.role, self.role);
        put(&mut user.reach, self.reach.map(Option::unwrap_or_default));
        put(&mut user.subject, self.subject);
        put(&mut user.phone, self.phone);
        put(&mut user.zone, self.zone);
        put(&mut user.locale, self.locale);
        put(&mut user.available, self.available);
    }
}

/// Owners, as they are or as they would be, are touched by owners alone.
fn may_touch(caller: Role, roles: &[Role]) -> Result<()> {
    if roles.contains(&Role::Owner) { caller.check(Right::ManageTenant) } else { Ok(()) }
}

/// Nor is anybody touched who reaches further than the caller, or would.
fn may_reach(caller: &Reach, reaches: [&Reach; 2]) -> Result<()> {
    reaches.into_iter().try_for_each(|reach| caller.covers(reach))
}

/// Lists users, newest first.
#[utoipa::path(get, path = "/v1/users", tag = "users", operation_id = "list_users", security(("key" = [])),
    params(PageParams),
    responses((status = 200, description = "A page of users.", body = List<UserView>), refused::Listing))]
async fn list_users(
    caller: Caller<may::ManageUsers>,
    Paged(page, Unfiltered {}): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    page.rows::<_, _, UserView>(&caller, "users", |_: &User| true).await
}

/// Finds a user.
#[utoipa::path(get, path = "/v1/users/{id}", tag = "users", operation_id = "find_user", security(("key" = [])),
    params(("id" = String, Path, description = "The user's id.")),
    responses((status = 200, description = "The user.", body = UserView, headers(("etag" = String))), refused::Finding))]
async fn find_user(caller: Caller<may::ManageUsers>, Id(id): Id<UserId>) -> Result<Reply<UserView>, Failure> {
    let user = caller.scope.find::<User>(id).await?;
    Ok(Reply::ok(user.row.into()).version(user.version))
}

/// Adds a user. Only an owner adds an owner.
#[utoipa::path(post, path = "/v1/users", tag = "users", operation_id = "create_user", security(("key" = [])),
    params(Repeatable), request_body = NewUser,
    responses((status = 201, description = "The new user.", body = UserView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_user(
    State(api): State<Api>,
    caller: Caller<may::ManageUsers>,
    Input(body): Input<NewUser>,
) -> Result<Reply<UserView>, Failure> {
    may_touch(caller.role, &[body.role])?;
    let NewUser { name, email, role, reach, subject, phone, zone, locale, available } = body;
    let (available, reach) = (available.unwrap_or(true), reach.unwrap_or_default());
    caller.reach.covers(&reach)?;
    let new = let_in::NewUser { name, email, role, reach, subject, phone, zone, locale, available };
    let user = let_in::create_user(&caller.context, &caller.scope, api.issuer(), new).await?;
    let location = format!("/v1/users/{}", user.id);
    Ok(Reply::created(user.into(), &location).version(1))
}

/// Changes a user. Only an owner changes or makes an owner, and the last one stays one.
#[utoipa::path(patch, path = "/v1/users/{id}", tag = "users", operation_id = "update_user", security(("key" = [])),
    params(("id" = String, Path, description = "The user's id."), IfMatch, Repeatable), request_body = UserChange,
    responses((status = 200, description = "The changed user.", body = UserView, headers(("etag" = String))), refused::Changing))]
async fn update_user(
    State(api): State<Api>,
    caller: Caller<may::ManageUsers>,
    Id(id): Id<UserId>,
    if_match: IfMatch,
    Input(body): Input<UserChange>,
) -> Result<Reply<UserView>, Failure> {
    let mut user = caller.scope.find::<User>(id).await?;
    let before = user.row.clone();
    body.apply(&mut user.row);
    may_touch(caller.role, &[before.role, user.row.role])?;
    may_reach(&caller.reach, [&before.reach, &user.row.reach])?;
    if_match.check(user.version)?;
    let version = let_in::replace_user(&caller.context, &caller.scope, api.issuer(), &before, &mut user).await?;
    api.0.catalog.look_again_at_people(&caller.scope);
    Ok(Reply::ok(user.row.into()).version(version))
}

/// Removes a user and shuts the person's tokens out. Only an owner removes an owner, and the last one stays.
#[utoipa::path(delete, path = "/v1/users/{id}", tag = "users", operation_id = "delete_user", security(("key" = [])),
    params(("id" = String, Path, description = "The user's id."), IfMatch),
    responses((status = 204, description = "The user is gone."), refused::Deleting))]
async fn delete_user(
    State(api): State<Api>,
    caller: Caller<may::ManageUsers>,
    Id(id): Id<UserId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let user = caller.scope.find::<User>(id).await?;
    may_touch(caller.role, &[user.row.role])?;
    caller.reach.covers(&user.row.reach)?;
    if_match.check(user.version)?;
    let_in::remove_user(&caller.context, &caller.scope, api.issuer(), &user).await?;
    api.0.catalog.look_again_at_people(&caller.scope);
    Ok(Gone)
}

operations!(list_users, create_user, find_user, update_user, delete_user);

#[cfg(test)]
mod tests {
    use kernel::Error;

    use super::*;

    #[test]
    fn owners_are_kept_by_owners() {
        assert!(may_touch(Role::Owner, &[Role::Owner, Role::Viewer]).is_ok());
        assert!(may_touch(Role::Admin, &[Role::Admin, Role::Viewer]).is_ok());
        for roles in [[Role::Owner, Role::Viewer], [Role::Viewer, Role::Owner]] {
            assert_eq!(may_touch(Role::Admin, &roles), Err(Error::Forbidden { need: "tenant.manage" }));
        }
    }
}
