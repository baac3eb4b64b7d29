//! Rules that are there for the usual cases: a tenant takes one over as its own.

use axum::extract::State;
use domain::rule::shipped::{self, Shipped};
use kernel::ids::RuleId;
use kernel::{Error, Result};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::RuleView;
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Input, Repeatable};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::state::Api;

/// A rule for a usual case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShippedRule {
    #[schema(example = "welcome")]
    name: &'static str,
    title: &'static str,
    description: &'static str,
    #[schema(example = "contact.created")]
    trigger: &'static str,
    /// The shipped template that its message is made of.
    template: &'static str,
    /// Days that its message waits.
    days: u32,
}

/// Every rule for a usual case.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ShippedRules {
    data: Vec<ShippedRule>,
}

impl From<&Shipped> for ShippedRule {
    fn from(shipped: &Shipped) -> Self {
        let Shipped { name, title, description, trigger, template, days } = *shipped;
        Self { name, title, description, trigger, template, days }
    }
}

/// Lists the rules that are there for usual cases.
#[utoipa::path(get, path = "/v1/rules/shipped", tag = "rules", operation_id = "list_shipped_rules", security(("key" = [])),
    responses((status = 200, description = "The rules.", body = ShippedRules), refused::Listing))]
async fn list_shipped_rules(_: Caller<may::Read>) -> Result<Reply<ShippedRules>, Failure> {
    Ok(Reply::ok(ShippedRules { data: shipped::SHIPPED.iter().map(ShippedRule::from).collect() }))
}

/// Which rule to take over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakeOver {
    #[schema(example = "welcome")]
    name: String,
}

/// Takes a rule for a usual case over, as a rule of one's own that is switched off.
#[utoipa::path(post, path = "/v1/rules/shipped", tag = "rules", operation_id = "adopt_rule", security(("key" = [])),
    params(Repeatable), request_body = TakeOver,
    responses((status = 201, description = "The new rule.", body = RuleView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn adopt_rule(
    State(api): State<Api>,
    caller: Caller<may::ManageRules>,
    Input(body): Input<TakeOver>,
) -> Result<Reply<RuleView>, Failure> {
    let names = || shipped::SHIPPED.iter().map(|shipped| shipped.name).collect::<Vec<_>>().join(", ");
    let shipped = shipped::find(&body.name).ok_or_else(|| Error::invalid("/name", "unknown", format!("one of {}", names())))?;
    let (id, now) = (RuleId::new(&caller.context.ids, &caller.context.clock), caller.context.clock.now());
    let rule = shipped.rule(id, now);
    super::create(&api, &caller, &rule, now).await?;
    Ok(Reply::created(rule.into(), &format!("/v1/rules/{id}")).version(1))
}

operations!(list_shipped_rules, adopt_rule);
