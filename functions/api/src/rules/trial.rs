//! What a rule would do with an event, before it is let loose.

use std::collections::BTreeMap;

use axum::extract::State;
use domain::Rule;
use domain::event::{About, Occurrence, Shift, known};
use domain::flows::automate::Desk;
use domain::flows::automate::trial::{Trial, about, try_out};
use kernel::Result;
use kernel::ids::{CompanyId, ContactId, DealId, EventId, MessageId, RuleId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::step::StepView;
use super::{NewRule, check_references};
use crate::caller::{Caller, may};
use crate::failure::Failure;
use crate::input::{Id, Input};
use crate::operations::operations;
use crate::reply::{Reply, refused};
use crate::runs::FindingView;
use crate::state::Api;

/// An event to try a rule on: one that callers report, or one of the house's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SampleEvent {
    #[schema(example = "invoice.overdue")]
    name: String,
    #[schema(value_type = Option<String>)]
    contact: Option<ContactId>,
    #[schema(max_length = 320)]
    address: Option<String>,
    #[schema(value_type = Option<String>)]
    company_id: Option<CompanyId>,
    /// The deal. Unless the event says otherwise, it is about the deal's contact and company too.
    #[schema(value_type = Option<String>)]
    deal_id: Option<DealId>,
    /// The user, as in `user.created`.
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    /// The message, as in `message.opened`. Unless the event says otherwise, it is about whom that was to.
    #[schema(value_type = Option<String>)]
    message: Option<MessageId>,
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    data: Map<String, Value>,
    /// What it changes, by the names of fields.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, ShiftShape>, required = false)]
    changes: BTreeMap<String, Shift>,
}

/// What a field was and is.
#[derive(ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FieldShift)]
#[expect(dead_code, reason = "describes a type of the domain")]
pub(crate) struct ShiftShape {
    /// Before; null when there was nothing.
    #[schema(value_type = Option<Value>)]
    old: Option<Value>,
    /// After; null when there is nothing.
    #[schema(value_type = Option<Value>)]
    new: Option<Value>,
}

/// What to try a rule on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleTrial {
    event: SampleEvent,
}

/// A rule that is not stored, and what to try it on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DraftTrial {
    rule: NewRule,
    event: SampleEvent,
}

/// What a rule would do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuleTrialView {
    /// Whether it waits for such an event.
    waits: bool,
    /// Whether its conditions hold.
    holds: bool,
    /// What each of them saw.
    conditions: Vec<FindingView>,
    /// What each action would come to, if it were done.
    actions: Vec<StepView>,
}

impl From<Trial> for RuleTrialView {
    fn from(trial: Trial) -> Self {
        Self {
            waits: trial.waits,
            holds: trial.holds,
            conditions: trial.findings.into_iter().map(FindingView::from).collect(),
            actions: trial.steps.into_iter().map(StepView::from).collect(),
        }
    }
}

impl SampleEvent {
    /// As rules see it, if what it is about is there.
    async fn occurrence(self, caller: &Caller<may::ManageRules>) -> Result<Occurrence> {
        known::trigger(&self.name).map_err(|error| error.under("/event/name"))?;
        let said = About {
            contact: self.contact,
            address: self.address,
            company: self.company_id,
            deal: self.deal_id,
            user: self.user,
            message: self.message,
            conversation: None,
        };
        let about = about(&caller.scope, &self.name, &said).await.map_err(|error| error.under("/event"))?;
        let id = EventId::new(&caller.context.ids, &caller.context.clock);
        Ok(Occurrence {
            name: self.name,
            of: id.to_string(),
            at: id.made_at(),
            occurred_at: id.made_at(),
            event: None,
            about,
            data: self.data,
            changes: self.changes,
            cause: None,
        })
    }
}

async fn tried(api: &Api, caller: &Caller<may::ManageRules>, rule: &Rule, event: SampleEvent) -> Result<Reply<RuleTrialView>> {
    let desk = Desk { context: &caller.context, catalog: &api.0.catalog, files: &api.0.files, scope: &caller.scope };
    let occurrence = event.occurrence(caller).await?;
    Ok(Reply::ok(try_out(desk, rule, occurrence).await?.into()))
}

/// Tries a rule on an event: which conditions hold and why, and what each action would do. Nothing is done.
#[utoipa::path(post, path = "/v1/rules/{id}/test", tag = "rules", operation_id = "test_rule", security(("key" = [])),
    params(("id" = String, Path, description = "The rule's id.")), request_body = RuleTrial,
    responses((status = 200, description = "What it would do.", body = RuleTrialView), refused::Changing))]
async fn test_rule(
    State(api): State<Api>,
    caller: Caller<may::ManageRules>,
    Id(id): Id<RuleId>,
    Input(body): Input<RuleTrial>,
) -> Result<Reply<RuleTrialView>, Failure> {
    let rule = caller.scope.find::<Rule>(id).await?;
    Ok(tried(&api, &caller, &rule.row, body.event).await?)
}

/// Tries a rule that is not stored on an event. Nothing is done.
#[utoipa::path(post, path = "/v1/rules/test", tag = "rules", operation_id = "test_draft_rule", security(("key" = [])),
    request_body = DraftTrial,
    responses((status = 200, description = "What it would do.", body = RuleTrialView), refused::Creating))]
async fn test_draft_rule(
    State(api): State<Api>,
    caller: Caller<may::ManageRules>,
    Input(body): Input<DraftTrial>,
) -> Result<Reply<RuleTrialView>, Failure> {
    let id = RuleId::new(&caller.context.ids, &caller.context.clock);
    let rule = body.rule.into_rule(id, caller.context.clock.now()).map_err(|error| error.under("/rule"))?;
    check_references(&api, &caller, &rule).await.map_err(|error| error.under("/rule"))?;
    Ok(tried(&api, &caller, &rule, body.event).await?)
}

operations!(test_rule, test_draft_rule);
