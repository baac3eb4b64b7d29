//! What templates are used for, and what becomes of their messages.

use std::collections::HashMap;

use axum::extract::State;
use domain::Template;
use domain::message::Mark;
use http::HeaderMap;
use kernel::ids::TemplateId;
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use store::TenantScope;
use store::schema::Locator;
use utoipa::{IntoParams, ToSchema};

use super::grain::Key;
use super::question::{Format, GroupBy, Groups, Question};
use super::sums::{Counts, Rates, Sums};
use super::table::{Told, table, wanted};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Params;
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// What is asked.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct TemplateQuestion {
    /// From the hour of this moment on; 30 days ago when not said.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    since: Option<Time>,
    /// Up to this moment, the hour it lies in included; now when not said. At most 731 days after `since`.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[param(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// `csv` answers with a table, as `Accept: text/csv` does.
    #[param(inline)]
    format: Option<Format>,
}

/// What templates were used for between two moments.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateNumbers {
    /// First moment that is counted: the start of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    /// First moment that is not counted any more: the end of an hour.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    until: Time,
    /// Templates that were used, the one used most first.
    templates: Vec<TemplateUsage>,
}

/// What one template was used for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TemplateUsage {
    #[schema(value_type = String)]
    template: TemplateId,
    /// Its word; null when the template is gone.
    name: Option<String>,
    counts: Counts,
    rates: Rates,
    /// Where its messages are listed.
    rows: Option<String>,
}

/// The names of templates, of those that are still there: a hundred in each read.
async fn names(scope: &TenantScope, ids: &[TemplateId]) -> Result<HashMap<TemplateId, String>> {
    let locators: Vec<Locator> = ids.iter().map(|id| (*id).into()).collect();
    let found = scope.read_many::<Template>(&locators).await?;
    Ok(found.into_iter().flatten().map(|template| (template.row.id, template.row.name)).collect())
}

/// The templates of groups, the one used most first.
fn by_use(groups: &Groups) -> Vec<(TemplateId, &Sums)> {
    let of = |key: &Key| key.shown().and_then(|id| TemplateId::parse(&id));
    let mut used: Vec<(TemplateId, &Sums)> = groups.iter().filter_map(|(key, sums)| Some((of(key)?, sums))).collect();
    used.sort_by_key(|(id, sums)| (std::cmp::Reverse(sums.count(Mark::Accepted)), *id));
    used
}

/// Counts what templates are used for, and what becomes of their messages.
#[utoipa::path(get, path = "/v1/analytics/templates", tag = "analytics", operation_id = "count_templates",
    security(("key" = [])), params(TemplateQuestion),
    responses((status = 200, description = "The numbers.",
        content((TemplateNumbers = "application/json"), (String = "text/csv"))), refused::Listing))]
async fn count_templates(
    State(api): State<Api>,
    caller: Caller<may::Read>,
    headers: HeaderMap,
    Params(TemplateQuestion { since, until, format }): Params<TemplateQuestion>,
) -> Result<Told<TemplateNumbers>, Failure> {
    let asked = Question::over(since, until).check(&api, &caller.scope, GroupBy::Template).await?;
    let (_, mut groups) = asked.answer(&caller.scope).await?;
    groups.retain(|_, sums| !sums.is_empty());
    let used = by_use(&groups);
    let ids: Vec<TemplateId> = used.iter().map(|(id, _)| *id).collect();
    let mut names = names(&caller.scope, &ids).await?;
    let usage = |(template, sums): (TemplateId, &Sums)| TemplateUsage {
        template,
        name: names.remove(&template),
        counts: sums.into(),
        rates: sums.into(),
        rows: asked.rows(Some(&Key::Word(Some(template.to_string())))),
    };
    let templates: Vec<TemplateUsage> = used.into_iter().map(usage).collect();
    if wanted(format, &headers) {
        let sums = Sums::default();
        let template = TemplateId::from_bytes([0; 16]);
        let blank = TemplateUsage { template, name: None, counts: (&sums).into(), rates: (&sums).into(), rows: None };
        return Ok(Told::Table(table(&blank, &templates)));
    }
    Ok(Told::Json(Reply::ok(TemplateNumbers { since: asked.span.since, until: asked.span.until, templates })))
}

operations!(count_templates);
