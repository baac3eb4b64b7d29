//! API keys: credentials of machines. The key itself is shown once.

use domain::flows::let_in;
use domain::{ApiKey, Reach, Right, Role};
use kernel::ids::ApiKeyId;
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged, Unfiltered};
use crate::reach::{ReachShape, limited};
use crate::reply::words::RoleWord;
use crate::reply::{Gone, Reply, refused};

/// A machine's credential.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    #[schema(value_type = String, example = "key_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: ApiKeyId,
    name: String,
    #[schema(value_type = RoleWord)]
    role: Role,
    /// What it is limited to; null when it is not.
    #[schema(value_type = Option<ReachShape>)]
    reach: Option<Reach>,
    /// The beginning of the key, to recognise it by.
    start: String,
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

/// A key and when it was used.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyDetail {
    #[serde(flatten)]
    key: KeyView,
    /// When it was last used, to the hour.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Time>,
}

// Without `Debug`: it holds the secret.
/// A new key.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreshKey {
    #[serde(flatten)]
    key: KeyView,
    /// The key itself, for the Authorization header. It is shown this once.
    #[schema(example = "swk_...")]
    secret: String,
}

impl From<ApiKey> for KeyView {
    fn from(key: ApiKey) -> Self {
        let ApiKey { id, name, role, reach, start, digest: _, expires_at, created_at } = key;
        Self { id, name, role, reach: limited(reach), start, expires_at, created_at }
    }
}

/// What a key is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// What it is for.
    #[schema(max_length = 200)]
    name: String,
    /// At most the caller's own.
    #[schema(value_type = RoleWord)]
    role: Role,
    /// What it is limited to: at most the caller's own; nothing when not said.
    #[schema(value_type = Option<ReachShape>)]
    reach: Option<Reach>,
    /// When it ends to be valid; never when not said.
    #[serde(default, with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
}

/// Keys of a higher role than the caller's are neither made nor deleted; nor are those that reach further.
fn reaches(caller: Role, key: Role) -> Result<()> {
    if key <= caller { Ok(()) } else { Err(Error::Forbidden { need: Right::ManageTenant.as_str() }) }
}

/// Lists API keys, newest first.
#[utoipa::path(get, path = "/v1/api-keys", tag = "api keys", operation_id = "list_api_keys", security(("key" = [])),
    params(PageParams),
    responses((status = 200, description = "A page of keys.", body = List<KeyView>), refused::Listing))]
async fn list_api_keys(
    caller: Caller<may::ManageUsers>,
    Paged(page, Unfiltered {}): Paged<Unfiltered>,
) -> Result<Reply<List<Value>>, Failure> {
    page.rows::<_, _, KeyView>(&caller, "api-keys", |_: &ApiKey| true).await
}

/// Finds an API key and when it was last used.
#[utoipa::path(get, path = "/v1/api-keys/{id}", tag = "api keys", operation_id = "find_api_key", security(("key" = [])),
    params(("id" = String, Path, description = "The key's id.")),
    responses((status = 200, description = "The key.", body = KeyDetail, headers(("etag" = String))), refused::Finding))]
async fn find_api_key(caller: Caller<may::ManageUsers>, Id(id): Id<ApiKeyId>) -> Result<Reply<KeyDetail>, Failure> {
    let key = caller.scope.find::<ApiKey>(id).await?;
    let last_used_at = caller.scope.last_use(&key.row.digest).await?;
    Ok(Reply::ok(KeyDetail { key: key.row.into(), last_used_at }).version(key.version))
}

/// Makes an API key. The answer alone has the key itself.
#[utoipa::path(post, path = "/v1/api-keys", tag = "api keys", operation_id = "create_api_key", security(("key" = [])),
    params(Repeatable), request_body = NewKey,
    responses((status = 201, description = "The new key.", body = FreshKey, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_api_key(caller: Caller<may::ManageUsers>, Input(body): Input<NewKey>) -> Result<Reply<FreshKey>, Failure> {
    reaches(caller.role, body.role)?;
    let reach = body.reach.unwrap_or_default();
    caller.reach.covers(&reach)?;
    let allowed = (body.role, reach);
    let (key, secret) = let_in::create_key(&caller.context, &caller.scope, &body.name, allowed, body.expires_at).await?;
    let location = format!("/v1/api-keys/{}", key.id);
    Ok(Reply::created(FreshKey { key: key.into(), secret: secret.reveal().to_owned() }, &location).version(1))
}

/// Deletes an API key: it lets nobody in any more, within seconds.
#[utoipa::path(delete, path = "/v1/api-keys/{id}", tag = "api keys", operation_id = "delete_api_key", security(("key" = [])),
    params(("id" = String, Path, description = "The key's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_api_key(caller: Caller<may::ManageUsers>, Id(id): Id<ApiKeyId>, if_match: IfMatch) -> Result<Gone, Failure> {
    let key = caller.scope.find::<ApiKey>(id).await?;
    reaches(caller.role, key.row.role)?;
    caller.reach.covers(&key.row.reach)?;
    if_match.check(key.version)?;
    let_in::revoke_key(&caller.scope, &key).await?;
    Ok(Gone)
}

operations!(list_api_keys, create_api_key, find_api_key, delete_api_key);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_reaches_above_its_maker() {
        assert!(reaches(Role::Owner, Role::Owner).is_ok());
        assert!(reaches(Role::Admin, Role::Admin).is_ok());
        assert_eq!(reaches(Role::Admin, Role::Owner), Err(Error::Forbidden { need: "tenant.manage" }));
    }
}
