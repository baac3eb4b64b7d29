//! Pages of lists: the parameters that every list takes and the outline that every page has.

use axum::extract::FromRequestParts;
use http::request::Parts;
use kernel::{Error, Keys, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Entity, Listing, Page, Position, Stored, TenantScope};

use crate::caller::{Caller, Need};
use crate::failure::Failure;
use crate::fields::FieldFilters;
use crate::input;
use crate::reply::Reply;
use crate::state::Api;

/// Fields that `fields` does not leave out: the id, and what was asked for by `expand`.
const ALWAYS: [&str; 2] = ["id", "expanded"];

/// Names of the parameters that every list takes.
const PARAMETERS: [&str; 3] = ["limit", "after", "fields"];

/// Parameters that every list takes.
#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// Rows wanted, 1 to 100; 50 when not said.
    #[serde(default)]
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<u16>,
    /// The `next` of an earlier page.
    #[serde(default)]
    pub after: Option<String>,
    /// Names of the fields wanted, separated by commas; all when not said. A row then has those alone, and its id, whatever else its
    /// schema requires.
    #[serde(default)]
    pub fields: Option<String>,
}

/// Query parameters of a list: those that every list takes, and its own filters. Unknown ones are faults.
#[derive(Debug)]
pub struct Paged<F>(pub PageParams, pub F);

/// The filters of a list that has none.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unfiltered {}

impl<F: DeserializeOwned> FromRequestParts<Api> for Paged<F> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        let text = parts.uri.query().unwrap_or_default();
        let ours = |name: &str| PARAMETERS.contains(&name);
        Ok(Self(input::query(text, ours)?, input::query(text, |name| !ours(name))?))
    }
}

/// The same for a list that is filtered by custom fields too.
#[derive(Debug)]
pub(crate) struct Fielded<F>(pub(crate) PageParams, pub(crate) F, pub(crate) FieldFilters);

impl<F: DeserializeOwned> FromRequestParts<Api> for Fielded<F> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Failure> {
        let text = parts.uri.query().unwrap_or_default();
        let ours = |name: &str| PARAMETERS.contains(&name);
        let fields = FieldFilters::read(text)?;
        let rest = |name: &str| !ours(name) && !name.starts_with(FieldFilters::PREFIX);
        Ok(Self(input::query(text, ours)?, input::query(text, rest)?, fields))
    }
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    /// The rows, newest first.
    pub data: Vec<T>,
    /// Whether there may be more.
    pub has_more: bool,
    /// Give this as `after` for the next page.
    #[schema(required)]
    pub next: Option<String>,
}

impl PageParams {
    /// How many rows are wanted.
    pub(crate) fn limit(&self) -> Result<u16> {
        let limit = self.limit.unwrap_or(50);
        if (1..=100).contains(&limit) { Ok(limit) } else { Err(Error::invalid("?limit", "range", "between 1 and 100")) }
    }

    /// What to ask the store for. `list` names the list and its filters, so that a cursor fits its question.
    pub fn listing(&self, keys: &Keys, scope: &TenantScope, list: &str) -> Result<Listing> {
        let limit = self.limit()?;
        let after = self.after.as_deref().map(|after| Position::open(keys, scope, list, after)).transpose()?;
        Ok(Listing { limit: usize::from(limit), after, since: None, until: None })
    }

    /// A page of all that there is of a noun: what `keeps` lets through, newest first, as callers see it.
    pub(crate) async fn rows<N: Need, E: Entity, V: From<E> + Serialize>(
        &self,
        caller: &Caller<N>,
        list: &str,
        keeps: impl Fn(&E) -> bool + Send,
    ) -> Result<Reply<List<Value>>, Failure> {
        let (keys, scope) = (&caller.context.keys, &caller.scope);
        let listing = self.listing(keys, scope, list)?;
        let found = scope.list(&listing, caller.context.clock.now(), keeps).await?;
        Ok(Reply::ok(self.shape(keys, scope, list, found, |row| V::from(row.row))))
    }

    /// Shapes a page: `view` turns rows into views; `fields` leaves out what was not asked for.
    pub fn shape<E, V: Serialize>(
        &self,
        keys: &Keys,
        scope: &TenantScope,
        list: &str,
        page: Page<E>,
        view: impl Fn(Stored<E>) -> V,
    ) -> List<Value> {
        let next = page.next.map(|position| position.seal(keys, scope, list));
        let data = page.rows.into_iter().map(|row| self.sparse(serde_json::to_value(view(row)).unwrap_or_default())).collect();
        List { data, has_more: next.is_some(), next }
    }

    /// The view without the fields that were not asked for.
    pub(crate) fn sparse(&self, view: Value) -> Value {
        match (&self.fields, view) {
            (Some(fields), Value::Object(map)) => {
                let wanted: Vec<&str> = fields.split(',').map(str::trim).collect();
                Value::Object(
                    map.into_iter()
                        .filter(|(name, _)| ALWAYS.contains(&name.as_str()) || wanted.contains(&name.as_str()))
                        .collect(),
                )
            }
            (_, view) => view,
        }
    }
}
