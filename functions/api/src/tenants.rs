//! Tenants: the platform makes and lists them, each sees and keeps its own.

use std::num::NonZeroU32;

use axum::extract::State;
use domain::archive::LEAST_DAYS;
use domain::contact::QuietHours;
use domain::flows::found;
use domain::tenant::{REQUESTS_PER_HOUR, REQUESTS_PER_MINUTE};
use domain::{Tenant, Visibility};
use kernel::ids::{ApiKeyId, TenantId};
use kernel::{Error, Locale, Result, Time, Zone};
use serde::{Deserialize, Serialize};
use store::Platform;
use store::doors::Listed;
use utoipa::{IntoParams, ToSchema};

use crate::activities::words::VisibilityWord;
use crate::caller::{Caller, Operator, may};
use crate::contacts::fields::QuietHoursShape;
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Params, Repeatable, double_option, present, put};
use crate::operations::operations;
use crate::page::List;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// The month before which no tenant was made.
const FIRST: Time = Time::from_millis(1_735_689_600_000);
/// Most months that one page walks back through.
const MONTHS: usize = 24;

/// How a tenant is set up.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantView {
    #[schema(value_type = String, example = "ten_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: TenantId,
    /// Its word in public addresses.
    slug: String,
    name: String,
    /// Time zone of contacts that have none.
    #[schema(value_type = String)]
    zone: Zone,
    /// Locale of contacts that have none.
    #[schema(value_type = String)]
    locale: Locale,
    /// Quiet hours of contacts that have none.
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<QuietHours>,
    /// Whether it may send.
    active: bool,
    /// Days after which activities of a past month are put into the archive; 0 for never.
    archive_after_days: u16,
    /// Who sees mail on timelines.
    #[schema(value_type = VisibilityWord)]
    mail_visibility: Visibility,
    /// Requests that it may make in an hour, set by the platform; null for any number.
    requests_per_hour: Option<u32>,
    /// Requests that each of its credentials may make in a minute, set by the platform; null for any number.
    requests_per_minute: Option<u32>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

impl From<Tenant> for TenantView {
    fn from(tenant: Tenant) -> Self {
        let Tenant {
            id,
            slug,
            name,
            zone,
            locale,
            quiet_hours,
            active,
            archive_after_days,
            mail_visibility,
            requests_per_hour,
            requests_per_minute,
            data_key: _,
            created_at,
        } = tenant;
        Self {
            id,
            slug,
            name,
            zone,
            locale,
            quiet_hours,
            active,
            archive_after_days,
            mail_visibility,
            requests_per_hour,
            requests_per_minute,
            created_at,
        }
    }
}

// Without `Debug`: it holds the secret.
/// A new tenant and its first key.
#[derive(Serialize, ToSchema)]
pub(crate) struct FreshTenant {
    #[serde(flatten)]
    tenant: TenantView,
    key: FirstKey,
}

/// The owner's first key.
#[derive(Serialize, ToSchema)]
pub(crate) struct FirstKey {
    #[schema(value_type = String)]
    id: ApiKeyId,
    /// The key itself. It is shown this once.
    #[schema(example = "swk_...")]
    secret: String,
}

/// A tenant as the platform lists it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantEntry {
    #[schema(value_type = String)]
    id: TenantId,
    slug: String,
    name: String,
}

impl From<Listed> for TenantEntry {
    fn from(Listed { id, slug, name }: Listed) -> Self {
        Self { id, slug, name }
    }
}

/// What a tenant is made of.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTenant {
    /// Its word in public addresses: lower-case letters, digits, - and _. It never changes.
    #[schema(max_length = 64, example = "acme")]
    slug: String,
    #[schema(max_length = 200)]
    name: String,
    /// IANA time zone; UTC when not said.
    #[schema(value_type = Option<String>, example = "Europe/Berlin")]
    zone: Option<Zone>,
    /// Language tag; en when not said.
    #[schema(value_type = Option<String>, example = "de")]
    locale: Option<Locale>,
    /// Requests that it may make in an hour; 1,000 when not said, null for any number.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    requests_per_hour: Option<Option<NonZeroU32>>,
    /// Requests that each of its credentials may make in a minute; 100 when not said, null for any number.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    requests_per_minute: Option<Option<NonZeroU32>>,
}

/// What the platform changes of a tenant. What is absent stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantTerms {
    /// Requests that it may make in an hour; null for any number.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    requests_per_hour: Option<Option<NonZeroU32>>,
    /// Requests that each of its credentials may make in a minute; null for any number.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<u32>, minimum = 1)]
    requests_per_minute: Option<Option<NonZeroU32>>,
}

/// A limit as rows keep it.
fn plain(limit: Option<NonZeroU32>) -> Option<u32> {
    limit.map(NonZeroU32::get)
}

/// What changes of a tenant. What is absent stays as it is; null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TenantChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false)]
    zone: Option<Zone>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false)]
    locale: Option<Locale>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<QuietHoursShape>)]
    quiet_hours: Option<Option<QuietHours>>,
    /// Whether it may send.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    active: Option<bool>,
    /// Days after which activities of a past month are put into the archive, where they are found as before: 30 or more, or 0 for
    /// never.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = u16, required = false)]
    archive_after_days: Option<u16>,
    /// Who sees mail on timelines: `tenant` is everybody, `team` and `private` are the tenant's admins, `team` its API keys too.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = VisibilityWord, required = false)]
    mail_visibility: Option<Visibility>,
}

impl TenantChange {
    fn apply(self, tenant: &mut Tenant) -> Result<()> {
        let name = self.name.map(|name| domain::name::title(&name)).transpose();
        put(&mut tenant.name, name.map_err(|error| error.under("/name"))?);
        put(&mut tenant.zone, self.zone);
        put(&mut tenant.locale, self.locale);
        put(&mut tenant.quiet_hours, self.quiet_hours);
        put(&mut tenant.active, self.active);
        put(&mut tenant.mail_visibility, self.mail_visibility);
        if self.archive_after_days.is_some_and(|days| (1..LEAST_DAYS).contains(&days)) {
            return Err(Error::invalid("/archive_after_days", "range", format!("{LEAST_DAYS} or more, or 0")));
        }
        put(&mut tenant.archive_after_days, self.archive_after_days);
        Ok(())
    }
}

/// Parameters of the platform's list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DirectoryParams {
    /// Rows wanted, 1 to 100; 50 when not said.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// The `next` of an earlier page.
    after: Option<String>,
}

impl DirectoryParams {
    fn read(&self) -> Result<(usize, Option<TenantId>)> {
        let limit = self.limit.unwrap_or(50);
        if !(1..=100).contains(&limit) {
            return Err(Error::invalid("?limit", "range", "between 1 and 100"));
        }
        let after = self.after.as_deref().map(|text| {
            TenantId::parse(text).ok_or_else(|| Error::invalid("?after", "cursor", "the next of an earlier page is needed"))
        });
        Ok((usize::from(limit), after.transpose()?))
    }
}

/// The smallest id of that moment: where a walk goes on that met nobody for years.
fn bound(time: Time) -> TenantId {
    let millis = u128::try_from(time.millis()).unwrap_or(0);
    TenantId::from_bytes((millis << 80).to_be_bytes())
}

/// One page of tenants made before `after`, month by month, newest first.
async fn walk(platform: &Platform<'_>, limit: usize, after: Option<TenantId>, now: Time) -> Result<List<TenantEntry>> {
    let mut month = after.map_or(now, |after| after.made_at().min(now)).month();
    let mut data: Vec<TenantEntry> = Vec::new();
    for _ in 0..MONTHS {
        let wanted = u16::try_from(limit.saturating_sub(data.len())).unwrap_or(1);
        data.extend(platform.tenants(month, after, wanted).await?.into_iter().map(TenantEntry::from));
        let next = data.last().filter(|_| data.len() >= limit).map(|last| last.id.to_string());
        if next.is_some() || month <= FIRST.month() {
            return Ok(List { data, has_more: next.is_some(), next });
        }
        month = month.previous();
    }
    Ok(List { data, has_more: true, next: Some(bound(month.next().start()).to_string()) })
}

/// Makes a tenant with the shipped templates and the owner's first key.
#[utoipa::path(post, path = "/v1/tenants", tag = "tenants", operation_id = "create_tenant", security(("platform" = [])),
    request_body = NewTenant,
    responses((status = 201, description = "The new tenant.", body = FreshTenant, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_tenant(
    State(api): State<Api>,
    _: Operator,
    Input(body): Input<NewTenant>,
) -> Result<Reply<FreshTenant>, Failure> {
    let NewTenant { slug, name, zone, locale, requests_per_hour, requests_per_minute } = body;
    let requests_per_hour = requests_per_hour.map_or(Some(REQUESTS_PER_HOUR), plain);
    let requests_per_minute = requests_per_minute.map_or(Some(REQUESTS_PER_MINUTE), plain);
    let new = found::NewTenant { slug, name, zone, locale, requests_per_hour, requests_per_minute };
    let (tenant, key, secret, _) = found::found(&api.0.context, &api.0.vault, &api.0.store, new).await?;
    let key = FirstKey { id: key.id, secret: secret.reveal().to_owned() };
    Ok(Reply::created(FreshTenant { tenant: tenant.into(), key }, "/v1/tenant").version(1))
}

/// Lists tenants, newest first.
#[utoipa::path(get, path = "/v1/tenants", tag = "tenants", operation_id = "list_tenants", security(("platform" = [])),
    params(DirectoryParams),
    responses((status = 200, description = "A page of tenants.", body = List<TenantEntry>), refused::Listing))]
async fn list_tenants(
    State(api): State<Api>,
    _: Operator,
    Params(params): Params<DirectoryParams>,
) -> Result<Reply<List<TenantEntry>>, Failure> {
    let (limit, after) = params.read()?;
    Ok(Reply::ok(walk(&api.0.store.platform(), limit, after, api.0.context.clock.now()).await?))
}

/// Changes how many requests a tenant may make. It holds everywhere within seconds.
#[utoipa::path(patch, path = "/v1/tenants/{id}", tag = "tenants", operation_id = "limit_tenant", security(("platform" = [])),
    params(("id" = String, Path, description = "The tenant's id."), IfMatch), request_body = TenantTerms,
    responses((status = 200, description = "The changed tenant.", body = TenantView, headers(("etag" = String))),
        refused::Changing))]
async fn limit_tenant(
    State(api): State<Api>,
    _: Operator,
    Id(id): Id<TenantId>,
    if_match: IfMatch,
    Input(body): Input<TenantTerms>,
) -> Result<Reply<TenantView>, Failure> {
    let scope = api.0.store.platform().reopen(id).await?;
    let mut tenant = scope.find::<Tenant>(id).await?;
    if_match.check(tenant.version)?;
    put(&mut tenant.row.requests_per_hour, body.requests_per_hour.map(plain));
    put(&mut tenant.row.requests_per_minute, body.requests_per_minute.map(plain));
    let version = scope.replace(&tenant).await?;
    api.0.catalog.look_again(&scope);
    Ok(Reply::ok(tenant.row.into()).version(version))
}

/// Finds the caller's tenant.
#[utoipa::path(get, path = "/v1/tenant", tag = "tenants", operation_id = "find_tenant", security(("key" = [])),
    responses((status = 200, description = "The tenant.", body = TenantView, headers(("etag" = String))), refused::Finding))]
async fn find_tenant(caller: Caller<may::Read>) -> Result<Reply<TenantView>, Failure> {
    let tenant = caller.scope.find::<Tenant>(caller.scope.tenant()).await?;
    Ok(Reply::ok(tenant.row.into()).version(tenant.version))
}

/// Changes the caller's tenant.
#[utoipa::path(patch, path = "/v1/tenant", tag = "tenants", operation_id = "update_tenant", security(("key" = [])),
    params(IfMatch, Repeatable), request_body = TenantChange,
    responses((status = 200, description = "The changed tenant.", body = TenantView, headers(("etag" = String))),
        refused::Changing))]
async fn update_tenant(
    caller: Caller<may::ManageTenant>,
    if_match: IfMatch,
    Input(body): Input<TenantChange>,
) -> Result<Reply<TenantView>, Failure> {
    let mut tenant = caller.scope.find::<Tenant>(caller.scope.tenant()).await?;
    if_match.check(tenant.version)?;
    let before = tenant.row.name.clone();
    body.apply(&mut tenant.row)?;
    let version = found::keep(&caller.scope, &before, &tenant).await?;
    Ok(Reply::ok(tenant.row.into()).version(version))
}

operations!(create_tenant, list_tenants, limit_tenant, find_tenant, update_tenant);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_the_first_id_of_its_moment() {
        let time = Time::parse("2026-03-01T00:00:00Z").unwrap();
        assert_eq!(bound(time).made_at(), time);
        assert!(bound(time).hex().ends_with(&"0".repeat(20)));
        assert_eq!(FIRST.month().start(), FIRST);
    }

    #[test]
    fn a_page_of_the_directory_has_bounds() {
        let read = |limit, after: Option<&str>| DirectoryParams { limit, after: after.map(str::to_owned) }.read();
        assert_eq!(read(None, None), Ok((50, None)));
        assert!(read(Some(0), None).is_err());
        assert!(read(Some(101), None).is_err());
        assert!(read(None, Some("con_1")).is_err());
    }
}
