//! Which rule made something.

use domain::event;
use kernel::ids::{RuleId, RunId};
use serde::Serialize;
use utoipa::ToSchema;

/// Which rule made something, and in which run.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RuleCause)]
pub(crate) struct CauseView {
    #[schema(value_type = String, example = "rul_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    rule: RuleId,
    #[schema(value_type = String, example = "run_0195527c0d7b7c3e8a51d2b0f3a94c11")]
    run: RunId,
}

impl CauseView {
    /// The latest rule of those that led to it, if any did.
    pub(crate) fn of(cause: Option<event::Cause>) -> Option<Self> {
        let event::Cause { rules, run, .. } = cause?;
        rules.last().map(|rule| Self { rule: *rule, run })
    }
}
