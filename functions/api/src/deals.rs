//! Deals: what is to be won, with its value and how far it is.

use axum::extract::State;
use domain::Deal;
use domain::deal::Status;
use domain::field::Object;
use domain::flows::keep_deal;
use kernel::ids::{CompanyId, ContactId, DealId, UserId};
use kernel::{Result, Time};
use serde::Deserialize;
use serde_json::Value;
use store::Listing;
use utoipa::IntoParams;

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::fields::FieldFilters;
use crate::input::{Id, IfMatch, Input, Repeatable};
use crate::operations::operations;
use crate::page::{Fielded, List, PageParams};
use crate::reply::words::DealStatusWord;
use crate::reply::{Gone, Reply, refused};
use crate::sought::Sought;
use crate::state::Api;

pub(crate) mod decide;
mod shape;

use shape::DealFields;
pub(crate) use shape::DealView;

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct DealFilters {
    /// Deals that are open, won or lost.
    #[param(value_type = Option<DealStatusWord>)]
    status: Option<Status>,
    /// Deals at this stage.
    stage: Option<String>,
    /// Deals with this contact.
    #[param(value_type = Option<String>)]
    contact_id: Option<ContactId>,
    /// Deals with this company.
    #[param(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// Deals that this user keeps; `none` for those that nobody does.
    #[param(value_type = Option<String>)]
    owner: Option<Sought<UserId>>,
    /// Deals with this tag.
    tag: Option<String>,
    /// Won or lost at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    closed_since: Option<Time>,
    /// Won or lost before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    closed_until: Option<Time>,
    /// Made at this moment or later.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Made before this moment.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
}

impl DealFilters {
    fn keeps(&self, deal: &Deal) -> bool {
        self.status.is_none_or(|status| deal.status == status)
            && self.stage.as_ref().is_none_or(|stage| deal.stage == *stage)
            && self.contact_id.is_none_or(|contact| deal.contact_id == Some(contact))
            && self.company_id.is_none_or(|company| deal.company_id == Some(company))
            && self.owner.is_none_or(|owner| deal.owner == owner.0)
            && self.tag.as_ref().is_none_or(|tag| deal.tags.contains(tag))
            && self.closed_since.is_none_or(|since| deal.closed_at.is_some_and(|at| at >= since))
            && self.closed_until.is_none_or(|until| deal.closed_at.is_some_and(|at| at < until))
    }
}

/// Lists deals, newest first.
#[utoipa::path(get, path = "/v1/deals", tag = "deals", operation_id = "list_deals", security(("key" = [])),
    params(PageParams, DealFilters, FieldFilters),
    responses((status = 200, description = "A page of deals.", body = List<DealView>), refused::Listing))]
async fn list_deals(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    Fielded(page, filters, fields): Fielded<DealFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    let (keys, list) = (&caller.context.keys, format!("deals {filters:?} {fields:?}"));
    let asked = page.listing(keys, &caller.scope, &list)?;
    // None is decided before it is made.
    let until = [filters.until, filters.closed_until].into_iter().flatten().min();
    let listing = Listing { since: filters.since, until, ..asked };
    let wanted = fields.of(&api, &caller, Object::Deal).await?;
    let keeps = |deal: &Deal| filters.keeps(deal) && wanted.keeps(&deal.fields);
    let found = caller.scope.list(&listing, caller.context.clock.now(), keeps).await?;
    Ok(Reply::ok(page.shape(keys, &caller.scope, &list, found, |deal| DealView::from(deal.row))))
}

/// Finds a deal.
#[utoipa::path(get, path = "/v1/deals/{id}", tag = "deals", operation_id = "find_deal", security(("key" = [])),
    params(("id" = String, Path, description = "The deal's id.")),
    responses((status = 200, description = "The deal.", body = DealView, headers(("etag" = String))), refused::Finding))]
async fn find_deal(caller: Caller<may::Read>, Id(id): Id<DealId>) -> Result<Reply<DealView>, Failure> {
    let deal = caller.scope.find::<Deal>(id).await?;
    Ok(Reply::ok(deal.row.into()).version(deal.version))
}

/// Makes a deal. It is open.
#[utoipa::path(post, path = "/v1/deals", tag = "deals", operation_id = "create_deal", security(("key" = [])),
    params(Repeatable), request_body = DealFields,
    responses((status = 201, description = "The new deal.", body = DealView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_deal(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Input(body): Input<DealFields>,
) -> Result<Reply<DealView>, Failure> {
    let id = DealId::new(&caller.context.ids, &caller.context.clock);
    let now = caller.context.clock.now();
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    let mut deal = Deal::new(id, String::new(), now);
    body.apply(&mut deal, now)?;
    keep_deal::create(&caller.context, &caller.scope, &definitions, &mut deal).await?;
    Ok(Reply::created(deal.into(), &format!("/v1/deals/{id}")).version(1))
}

/// Changes a deal; another stage moves it, while it is open.
#[utoipa::path(patch, path = "/v1/deals/{id}", tag = "deals", operation_id = "update_deal", security(("key" = [])),
    params(("id" = String, Path, description = "The deal's id."), IfMatch, Repeatable), request_body = DealFields,
    responses((status = 200, description = "The changed deal.", body = DealView, headers(("etag" = String))),
        refused::Changing))]
async fn update_deal(
    State(api): State<Api>,
    caller: Caller<may::WriteContacts>,
    Id(id): Id<DealId>,
    if_match: IfMatch,
    Input(body): Input<DealFields>,
) -> Result<Reply<DealView>, Failure> {
    let mut deal = caller.scope.find::<Deal>(id).await?;
    if_match.check(deal.version)?;
    let definitions = api.0.catalog.definitions(&caller.scope).await?;
    let before = deal.row.clone();
    body.apply(&mut deal.row, caller.context.clock.now())?;
    let version = keep_deal::replace(&caller.context, &caller.scope, &definitions, &before, &mut deal).await?;
    Ok(Reply::ok(deal.row.into()).version(version))
}

/// Deletes a deal. What became of it is taken off all timelines within seconds.
#[utoipa::path(delete, path = "/v1/deals/{id}", tag = "deals", operation_id = "delete_deal", security(("key" = [])),
    params(("id" = String, Path, description = "The deal's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_deal(caller: Caller<may::Delete>, Id(id): Id<DealId>, if_match: IfMatch) -> Result<Gone, Failure> {
    let deal = caller.scope.find::<Deal>(id).await?;
    if_match.check(deal.version)?;
    keep_deal::delete(&caller.context, &caller.scope, &deal).await?;
    Ok(Gone)
}

operations!(list_deals, create_deal, find_deal, update_deal, delete_deal);
