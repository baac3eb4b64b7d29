//! Runs: what rules saw of events, and what they did.

use std::collections::BTreeMap;

use domain::event::{Occurrence, Shift};
use domain::rule::Finding;
use domain::rule::condition::Op;
use domain::run::{Deed, State as Place};
use domain::{Rule, Run};
use kernel::Time;
use kernel::ids::{CompanyId, ContactId, DealId, EventId, MessageId, RuleId, RunId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::Id;
use crate::operations::operations;
use crate::page::{List, PageParams, Paged};
use crate::reply::words::{ConditionWord, DeedWord, RunStateWord};
use crate::reply::{Reply, refused};
use crate::rules::trial::ShiftShape;

/// One time that a rule was carried out for one event.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub(crate) struct RunView {
    #[schema(value_type = String, example = "run_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    id: RunId,
    #[schema(value_type = String)]
    rule: RuleId,
    /// How the rule was called then.
    name: String,
    event: RunEventView,
    #[schema(value_type = RunStateWord)]
    state: Place,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    state_at: Time,
    /// Until when its actions wait.
    #[serde(with = "kernel::clock::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    until: Option<Time>,
    /// How often the action that is next has been tried in vain.
    tries: u32,
    /// What each condition saw.
    conditions: Vec<FindingView>,
    /// What came of each action.
    actions: Vec<DeedView>,
    /// Why nothing was done.
    why: Option<String>,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
}

/// The event of a run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunEvent)]
pub(crate) struct RunEventView {
    /// Of an event that was reported, or raised by a rule.
    #[schema(value_type = Option<String>)]
    id: Option<EventId>,
    #[schema(example = "contact.created")]
    name: String,
    #[serde(with = "kernel::clock::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    occurred_at: Time,
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    address: Option<String>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
    #[schema(value_type = Option<String>)]
    message: Option<MessageId>,
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    /// The data of an event of the house's own; that of others is theirs.
    #[schema(value_type = Object)]
    data: Map<String, Value>,
    /// What it changed, by the names of fields.
    #[schema(value_type = BTreeMap<String, ShiftShape>)]
    changes: BTreeMap<String, Shift>,
    /// The run that led to it.
    #[schema(value_type = Option<String>)]
    run: Option<RunId>,
}

/// What a condition came to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunFinding)]
pub(crate) struct FindingView {
    field: String,
    #[schema(value_type = ConditionWord)]
    op: Op,
    /// What the field was compared with.
    #[schema(value_type = Option<Value>)]
    value: Value,
    /// What it was, cut to 200 bytes; null when it was missing.
    #[schema(value_type = Option<Value>)]
    saw: Value,
    /// Whether the test held.
    held: bool,
}

/// What came of an action.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunAction)]
pub(crate) struct DeedView {
    #[schema(example = "send_message")]
    kind: &'static str,
    #[schema(value_type = DeedWord)]
    state: Deeds,
    /// The id of what it made or changed.
    made: Option<String>,
    /// Why it could not be done.
    why: Option<String>,
    /// What it had to do without, as it was not there any more.
    note: Option<String>,
}

/// How far an action is.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Deeds {
    Pending,
    Done,
    Failed,
    Skipped,
}

impl From<Finding> for FindingView {
    fn from(finding: Finding) -> Self {
        let Finding { field, op, value, saw, held } = finding;
        Self { field, op, value, saw, held }
    }
}

impl From<Occurrence> for RunEventView {
    fn from(event: Occurrence) -> Self {
        Self {
            id: event.event,
            name: event.name,
            occurred_at: event.occurred_at,
            contact: event.about.contact,
            address: event.about.address,
            company_id: event.about.company,
            deal_id: event.about.deal,
            message: event.about.message,
            user: event.about.user,
            data: event.data,
            changes: event.changes,
            run: event.cause.map(|cause| cause.run),
        }
    }
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        let deed = |number: usize| run.deeds.iter().find(|deed| deed.action == number);
        let actions = run.actions.iter().enumerate().map(|(number, action)| {
            let (kind, deed) = (action.as_str(), deed(number));
            let state = match deed {
                None if run.state == Place::Skipped => Deeds::Skipped,
                None => Deeds::Pending,
                Some(deed) if deed.why.is_some() => Deeds::Failed,
                Some(_) => Deeds::Done,
            };
            let Deed { made, why, note, .. } = deed.cloned().unwrap_or_default();
            DeedView { kind, state, made, why, note }
        });
        Self {
            actions: actions.collect(),
            id: run.id,
            rule: run.rule,
            name: run.name,
            event: run.event.into(),
            state: run.state,
            state_at: run.state_at,
            until: run.until,
            tries: run.tries,
            conditions: run.findings.into_iter().map(FindingView::from).collect(),
            why: run.why,
            created_at: run.created_at,
        }
    }
}

/// Filters of the list.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub(crate) struct RunFilters {
    /// Runs in this state.
    #[param(value_type = Option<RunStateWord>)]
    state: Option<Place>,
}

/// Lists the runs of a rule, the newest event first. They are kept for 90 days; those whose conditions did not hold are noted when
/// the rule says so, and kept for 7.
#[utoipa::path(get, path = "/v1/rules/{id}/runs", tag = "rules", operation_id = "list_runs", security(("key" = [])),
    params(("id" = String, Path, description = "The rule's id."), PageParams, RunFilters),
    responses((status = 200, description = "A page of runs.", body = List<RunView>), refused::Finding))]
async fn list_runs(
    caller: Caller<may::Read>,
    Id(id): Id<RuleId>,
    Paged(page, filters): Paged<RunFilters>,
) -> Result<Reply<List<Value>>, Failure> {
    caller.scope.find::<Rule>(id).await?;
    let keeps = |run: &Run| run.rule == id && filters.state.is_none_or(|state| state == run.state);
    page.rows::<_, _, RunView>(&caller, &format!("runs {id} {filters:?}"), keeps).await
}

/// Finds a run.
#[utoipa::path(get, path = "/v1/runs/{id}", tag = "rules", operation_id = "find_run", security(("key" = [])),
    params(("id" = String, Path, description = "The run's id.")),
    responses((status = 200, description = "The run.", body = RunView), refused::Finding))]
async fn find_run(caller: Caller<may::Read>, Id(id): Id<RunId>) -> Result<Reply<RunView>, Failure> {
    Ok(Reply::ok(caller.scope.find::<Run>(id).await?.row.into()))
}

operations!(list_runs, find_run);
