//! Rules: what is done when something happens.

use axum::extract::State;
use domain::Rule;
use domain::rule::{Action, Condition, Delay, Log, MOST, formula};
use kernel::error::Faults;
use kernel::ids::RuleId;
use kernel::{Error, Result, Time};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Listing;
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, IfMatch, Input, Repeatable, double_option, present, put};
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::words::RuleLogWord;
use crate::reply::{Gone, Reply, refused};
use crate::state::Api;

pub(crate) mod cause;
pub(crate) mod ready_made;
mod references;
mod shape;
mod step;
pub(crate) mod terms;
pub(crate) mod trial;

use references::check_references;
use shape::{ActionShape, ConditionShape, DelayShape};

/// What is done when something happens.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rule)]
pub(crate) struct RuleView {
    #[schema(value_type = String, example = "rul_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: RuleId,
    name: String,
    description: Option<String>,
    /// The event that it waits for; `invoice.*` for all of a noun.
    #[schema(example = "invoice.overdue")]
    trigger: String,
    /// What must hold; null: it always does.
    #[schema(value_type = Option<ConditionShape>)]
    conditions: Option<Condition>,
    /// The same as it was written, if it was a formula.
    formula: Option<String>,
    #[schema(value_type = DelayShape)]
    delay: Delay,
    #[schema(value_type = Vec<ActionShape>)]
    actions: Vec<Action>,
    /// Whether it is in force.
    enabled: bool,
    #[schema(value_type = RuleLogWord)]
    log: Log,
    /// What happened before this moment concerns it not.
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: Time,
}

impl From<Rule> for RuleView {
    fn from(rule: Rule) -> Self {
        let Rule {
            id,
            name,
            description,
            trigger,
            conditions,
            formula,
            delay,
            actions,
            enabled,
            log,
            since,
            created_at,
            updated_at,
        } = rule;
        Self {
            id,
            name,
            description,
            trigger,
            conditions,
            formula,
            delay,
            actions,
            enabled,
            log,
            since,
            created_at,
            updated_at,
        }
    }
}

/// A rule to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRule {
    #[schema(max_length = 200, example = "Remind of overdue invoices")]
    name: String,
    #[schema(max_length = 500)]
    description: Option<String>,
    /// The event that it waits for; `invoice.*` for all of a noun.
    #[schema(example = "invoice.overdue")]
    trigger: String,
    /// What must hold. Either this or a formula; without both it always holds.
    #[schema(value_type = Option<ConditionShape>)]
    conditions: Option<Value>,
    /// What must hold, as a person writes it.
    #[schema(max_length = 2000, example = "event.data.total > 100 and not contact.tags contains \"vip\"")]
    formula: Option<String>,
    /// How long the actions wait, at most 28 days; not at all when not said.
    #[serde(default)]
    #[schema(value_type = DelayShape, required = false)]
    delay: Delay,
    /// What is done, in this order.
    #[schema(value_type = Vec<ActionShape>, min_items = 1, max_items = 10)]
    actions: Vec<Action>,
    /// Whether it is in force; true when not said.
    enabled: Option<bool>,
    /// Which runs are noted; `matched` when not said.
    #[serde(default)]
    #[schema(value_type = RuleLogWord, required = false)]
    log: Log,
}

/// What changes of a rule. What is absent stays as it is; null removes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleChange {
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false, max_length = 200)]
    name: Option<String>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 500)]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = String, required = false)]
    trigger: Option<String>,
    /// What must hold, in place of what was said before, a formula too.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<ConditionShape>)]
    conditions: Option<Option<Value>>,
    /// The same as a person writes it.
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<String>, max_length = 2000)]
    formula: Option<Option<String>>,
    #[serde(default, deserialize_with = "double_option")]
    #[schema(value_type = Option<DelayShape>)]
    delay: Option<Option<Delay>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Vec<ActionShape>, required = false, min_items = 1, max_items = 10)]
    actions: Option<Vec<Action>>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = bool, required = false)]
    enabled: Option<bool>,
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = RuleLogWord, required = false)]
    log: Option<Log>,
}

/// The tree that conditions or a formula stand for.
fn conditions(tree: Option<Value>, formula: Option<&str>) -> Result<Option<Condition>> {
    match (tree.filter(|tree| !tree.is_null()), formula) {
        (Some(_), Some(_)) => Err(Error::invalid("/formula", "conditions", "either conditions or a formula")),
        (None, Some(text)) => formula::parse(text).map(Some).map_err(|error| error.under("/formula")),
        (Some(tree), None) => {
            let mut faults = Faults::default();
            let read = Condition::read(&tree, "/conditions", &mut faults);
            faults.check().map(|()| read)
        }
        (None, None) => Ok(None),
    }
}

impl NewRule {
    pub(crate) fn into_rule(self, id: RuleId, now: Time) -> Result<Rule> {
        let rule = Rule {
            id,
            name: self.name.trim().to_owned(),
            description: self.description,
            trigger: self.trigger,
            conditions: conditions(self.conditions, self.formula.as_deref())?,
            formula: self.formula,
            delay: self.delay,
            actions: self.actions,
            enabled: self.enabled.unwrap_or(true),
            log: self.log,
            since: now,
            created_at: now,
            updated_at: now,
        };
        rule.check().map(|()| rule)
    }
}

impl RuleChange {
    fn apply(self, rule: &mut Rule, now: Time) -> Result<()> {
        let before = (rule.trigger.clone(), rule.enabled);
        put(&mut rule.name, self.name.map(|name| name.trim().to_owned()));
        put(&mut rule.description, self.description);
        put(&mut rule.trigger, self.trigger);
        if self.conditions.is_some() || self.formula.is_some() {
            rule.formula = self.formula.flatten();
            rule.conditions = conditions(self.conditions.flatten(), rule.formula.as_deref())?;
        }
        put(&mut rule.delay, self.delay.map(Option::unwrap_or_default));
        put(&mut rule.actions, self.actions);
        put(&mut rule.enabled, self.enabled);
        put(&mut rule.log, self.log);
        // What happened while it waited for something else, or for nothing, concerns it not.
        if (rule.trigger.clone(), rule.enabled) != before {
            rule.since = now;
        }
        rule.updated_at = now;
        rule.check()
    }
}

/// Writes a new rule, unless there are too many.
async fn create<N>(api: &Api, caller: &Caller<N>, rule: &Rule, now: Time) -> Result<()> {
    let scope = &caller.scope;
    check_references(api, caller, rule).await?;
    let all = Listing { limit: MOST, after: None, since: None, until: None };
    if scope.list::<Rule>(&all, now, |_| true).await?.rows.iter().filter(|other| other.row.id != rule.id).count() >= MOST {
        return Err(Error::conflict(format!("A tenant has at most {MOST} rules.")));
    }
    // A rule of this id is there when an earlier try of the same request got this far.
    scope.create(rule).await?;
    api.0.catalog.forget_rules(scope);
    Ok(())
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct RuleFilters {
    /// Rules that wait for this event, by these very words.
    trigger: Option<String>,
    /// Rules in force, or not.
    enabled: Option<bool>,
}

impl RuleFilters {
    fn keeps(&self, rule: &Rule) -> bool {
        self.trigger.as_ref().is_none_or(|wanted| *wanted == rule.trigger)
            && self.enabled.is_none_or(|wanted| wanted == rule.enabled)
    }
}

/// Lists rules, newest first.
#[utoipa::path(get, path = "/v1/rules", tag = "rules", operation_id = "list_rules", security(("key" = [])),
    params(PageParams, RuleFilters),
    responses((status = 200, description = "A page of rules.", body = List<RuleView>), refused::Listing))]
async fn list_rules(
    caller: Caller<may::Read>,
    Paged(page, filters): Paged<RuleFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    page.rows::<_, _, RuleView>(&caller, &format!("rules {filters:?}"), |rule: &Rule| filters.keeps(rule)).await
}

/// Finds a rule.
#[utoipa::path(get, path = "/v1/rules/{id}", tag = "rules", operation_id = "find_rule", security(("key" = [])),
    params(("id" = String, Path, description = "The rule's id.")),
    responses((status = 200, description = "The rule.", body = RuleView, headers(("etag" = String))), refused::Finding))]
async fn find_rule(caller: Caller<may::Read>, Id(id): Id<RuleId>) -> Result<Reply<RuleView>, Failure> {
    let rule = caller.scope.find::<Rule>(id).await?;
    Ok(Reply::ok(rule.row.into()).version(rule.version))
}

/// Makes a rule. What happened before concerns it not.
#[utoipa::path(post, path = "/v1/rules", tag = "rules", operation_id = "create_rule", security(("key" = [])),
    params(Repeatable),
    request_body(content = NewRule, example = json!({
        "name": "Remind of overdue invoices", "trigger": "invoice.overdue",
        "formula": "event.data.total > 100 and not contact.tags contains \"vip\"", "delay": {"days": 1, "until": "09:00"},
        "actions": [{"send_message": {"template": "overdue"}}, {"update_contact": {"add_tags": ["reminded"]}}]
    })),
    responses((status = 201, description = "The new rule.", body = RuleView, headers(("etag" = String), ("location" = String))),
        refused::Creating))]
async fn create_rule(
    State(api): State<Api>,
    caller: Caller<may::ManageRules>,
    Input(body): Input<NewRule>,
) -> Result<Reply<RuleView>, Failure> {
    let (id, now) = (RuleId::new(&caller.context.ids, &caller.context.clock), caller.context.clock.now());
    let rule = body.into_rule(id, now)?;
    create(&api, &caller, &rule, now).await?;
    Ok(Reply::created(rule.into(), &format!("/v1/rules/{id}")).version(1))
}

/// Changes a rule. Events that it has taken up already are carried out as it was.
#[utoipa::path(patch, path = "/v1/rules/{id}", tag = "rules", operation_id = "update_rule", security(("key" = [])),
    params(("id" = String, Path, description = "The rule's id."), IfMatch, Repeatable), request_body = RuleChange,
    responses((status = 200, description = "The changed rule.", body = RuleView, headers(("etag" = String))), refused::Changing))]
async fn update_rule(
    State(api): State<Api>,
    caller: Caller<may::ManageRules>,
    Id(id): Id<RuleId>,
    if_match: IfMatch,
    Input(body): Input<RuleChange>,
) -> Result<Reply<RuleView>, Failure> {
    let mut rule = caller.scope.find::<Rule>(id).await?;
    if_match.check(rule.version)?;
    body.apply(&mut rule.row, caller.context.clock.now())?;
    check_references(&api, &caller, &rule.row).await?;
    let version = caller.scope.replace(&rule).await?;
    api.0.catalog.forget_rules(&caller.scope);
    Ok(Reply::ok(rule.row.into()).version(version))
}

/// Deletes a rule. What waits because of it is not done; its runs stay.
#[utoipa::path(delete, path = "/v1/rules/{id}", tag = "rules", operation_id = "delete_rule", security(("key" = [])),
    params(("id" = String, Path, description = "The rule's id."), IfMatch),
    responses((status = 204, description = "It is gone."), refused::Deleting))]
async fn delete_rule(
    State(api): State<Api>,
    caller: Caller<may::ManageRules>,
    Id(id): Id<RuleId>,
    if_match: IfMatch,
) -> Result<Gone, Failure> {
    let rule = caller.scope.find::<Rule>(id).await?;
    if_match.check(rule.version)?;
    caller.scope.erase(&rule).await?;
    api.0.catalog.forget_rules(&caller.scope);
    Ok(Gone)
}

operations!(list_rules, create_rule, find_rule, update_rule, delete_rule);
