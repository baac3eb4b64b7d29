//! Companies: the organisations that contacts and deals belong to.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::Company;
use domain::field::Object;
use domain::flows::keep_company;
use kernel::ids::{CompanyId, UserId};
use kernel::{Phone, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Listing;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::contacts::fields::{merge_fields, tags, trimmed};
use crate::failure::Failure;
use crate::fields::FieldFilters;
use crate::input::{Id, IfMatch, Input, Repeatable, double_option, present, put};
use crate::operations::operations;
use crate::page::{Fielded, List, PageParams};
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CompanyView {
    #[schema(value_type = String, example = "cmp_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: CompanyId,
    name: String,
    /// Each belongs to one company alone.
    domains: Vec<String>,
    /// In E.164.
    #[schema(value_type = Option<String>)]
    phone: Option<Phone>,
    website: Option<String>,
    /// Postal address, line by line.
    address: Vec<String>,
    /// The user who keeps it.
    #[schema(value_type = Option<String>)]
    owner: Option<UserId>,
    tags: Vec<String>,
    /// Custom fields.
    #[schema(value_type = Object)]
    fields: BTreeMap<String, Value>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Company> for CompanyView {
    fn from(company: Company) -> Self {
        let Company { id, name, domains, phone, website, address, owner, tags, fields, silent: _, created_at, updated_at } =
            company;
        Self { id, name, domains, phone, website, address, owner, tags, fields, created_at, updated_at }
    }
}

/// What a company is made of, and what changes of one. What is absent stays as it is; null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompanyFields {
    /// A new company needs one.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200, example = "Example Ltd")]
    name: Option<String>,
    /// All domains. One that another company has is refused.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20, example = json!(["example.com"]))]
    domains: Option<Option<Vec<String>>>,
    /// In international form.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "+14155552671")]
    phone: Option<Option<Phone>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, example = "https://example.com/")]
    website: Option<Option<String>>,
    /// Postal address, line by line.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    address: Option<Option<Vec<String>>>,
    /// The user who keeps it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>)]
    owner: Option<Option<UserId>>,
    /// All tags.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Vec<String>>, max_items = 20)]
    tags: Option<Option<Vec<String>>>,
    /// Custom fields, as `/v1/fields` defines them; others hold text, numbers, true and false. Null removes one.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<Object>)]
    fields: Option<Option<BTreeMap<String, Value>>>,
}

impl CompanyFields {
    /// Carries the change out; the flow judges the result.
    fn apply(self, company: &mut Company, now: Time) {
        put(&mut company.name, self.name.map(trimmed));
        put(&mut company.domains, self.domains.map(Option::unwrap_or_default));
        put(&mut company.phone, self.phone);
        put(&mut company.website, self.website.map(|website| website.map(trimmed)));
        put(&mut company.address, self.address.map(|lines| lines.into_iter().flatten().map(trimmed).collect()));
        put(&mut company.owner, self.owner);
        put(&mut company.tags, self.tags.map(tags));
        match self.fields {
            Some(Some(fields)) => merge_fields(&mut company.fields, fields),
            Some(None) => company.fields.clear(),
            None => {}
        }
        company.updated_at = now;
    }
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct CompanyFilters {
    /// Companies that this user keeps.
    #[param(value_type = Option<String>)]
    owner: Option<UserId>,
    /// Companies with this tag.
    tag: Option<String>,
    /// Made at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Made before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

impl CompanyFilters {
    fn keeps(&self, company: &Company) -> bool {
        self.owner.is_none_or(|owner| company.owner == Some(owner))
            && self.tag.as_ref().is_none_or(|tag| company.tags.contains(tag))
    }
}

/// Lists companies, newest first.
#[utoipa::path(get, path = "/v1/companies", tag = "companies", operation_id = "list_companies", security(("key" = [])),
    params(PageParams, CompanyFilters, FieldFilters),
    responses((status = 200, description = "A page of companies.", body = List<CompanyView>), refused::Listing))]
async fn list_companies(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Fielded(page, filters, fields): Fielded<CompanyFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, format!("companies {filters:?} {fields:?}"));
    let asked = page.listing(keys, &caller.scope, &list)?;
    let listing = Listing { since: filters.since, until: filters.until, ..asked };
    let wanted = fields.of(&api, &caller, Object::Company).await?;
    let keeps = |company: &Company| filters.keeps(company) && wanted.keeps(&company.fields);
    let found = caller.scope.list(&listing, caller.context.clock.now(), keeps).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |company| CompanyView::from(company.row))))
}

/// Finds a company.
#[utoipa::path(get, path = "/v1/companies/{id}", tag = "companies", operation_id = "find_company", security(("key" = [])),
    params(("id" = String, Path, description = "The company's id.")),
    responses((status = 200, description = "The company.", body = CompanyView, headers(("etag" = String))), refused::Finding))]
async fn find_company(caller: Caller<may::Read>, Id(id): Id<CompanyId>) -> Result<Reply<CompanyView>, Failure> {
    let company = caller.scope.find::<Company>(id).await?;
    Ok(Reply::ok(company.row.into()).version(company.version))
}

/// Makes a company.
#[utoipa::path(post, path = "/v1/companies", tag = "companies", operation_id = "create_company", security(("key" = [])),
    params(Repeatable), request_body = CompanyFields,
    responses((status = 201, description = "The new company.", body = CompanyView,
        headers(("etag" = String), ("location" = String))), refused::Creating))]
async fn create_company(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Input(body): Input<CompanyFields>,
) -> Result<Reply<CompanyView>, Failure> {
    let id = CompanyId::new(&caller.context.ids, &caller.context.clock);
    let now = caller.context.clock.now();
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    let mut company = Company::new(id, String::new(), now);
    body.apply(&mut company, now);
    keep_company::create(&caller.context, &caller.scope, &definitions, &mut company).await?;
    Ok(Reply::created(company.into(), &format!("/v1/companies/{id}")).version(1))
}

/// Changes a company. Contacts that are linked with it keep the name that it had then.
#[utoipa::path(patch, path = "/v1/companies/{id}", tag = "companies", operation_id = "update_company", security(("key" = [])),
    params(("id" = String, Path, description = "The company's id."), IfMatch, Repeatable), request_body = CompanyFields,
    responses((status = 200, description = "The changed company.", body = CompanyView, headers(("etag" = String))),
        refused::Changing))]
async fn update_company(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<CompanyId>,
    if_match: IfMatch,
    Input(body): Input<CompanyFields>,
) -> Result<Reply<CompanyView>, Failure> {
    let mut company = caller.scope.find::<Company>(id).await?;
    if_match.check(company.version)?;
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    let before = company.row.clone();
    body.apply(&mut company.row, caller.context.clock.now());
    let version = keep_company::replace(&caller.context, &caller.scope, &definitions, &before, &mut company).await?;
    Ok(Reply::ok(company.row.into()).version(version))
}

/// Deletes a company. Contacts keep its name, and its id until they are changed next.
#[utoipa::path(delete, path = "/v1/companies/{id}", tag = "companies", operation_id = "delete_company", security(("key" = [])),
    params(("id" = String, Path, description = "The company's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_company(
    State(api): State<Api>,
    caller: Caller<may::Delete>,
    Id(id): Id<CompanyId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let company = caller.scope.find::<Company>(id).await?;
    if_match.check(company.version)?;
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    keep_company::delete(&caller.context, &caller.scope, &definitions, &company).await?;
    Ok(Gone)
}

operations!(list_companies, create_company, find_company, update_company, delete_company);
