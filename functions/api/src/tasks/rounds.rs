//! Doing something to a task while alarms ring and others write it.

use domain::Task;
use domain::flows::keep_task::TURNS;
use kernel::ids::TaskId;
use kernel::{Error, Result};
use store::{Stored, TenantScope};

use crate::input::IfMatch;

/// The rounds of one request. What comes up against another write of the row is done anew on the task as it is then; the version that
/// the caller named, if any, is to stand in each.
#[derive(Debug)]
pub(super) struct Rounds {
    if_match: IfMatch,
    id: TaskId,
    found: Option<Stored<Task>>,
    left: usize,
}

impl Rounds {
    /// Finds the task, at the version that the caller knows.
    pub(super) async fn begin(scope: &TenantScope, id: TaskId, if_match: IfMatch) -> Result<Self> {
        let mut rounds = Self { if_match, id, found: None, left: TURNS };
        rounds.found = Some(rounds.next(scope).await?);
        Ok(rounds)
    }

    /// The task as it is in the next round. There are only so many.
    pub(super) async fn next(&mut self, scope: &TenantScope) -> Result<Stored<Task>> {
        if let Some(found) = self.found.take() {
            return Ok(found);
        }
        let left = self.left.checked_sub(1);
        self.left = left.ok_or_else(|| Error::unavailable("a task is changed all the time"))?;
        let task = scope.find::<Task>(self.id).await?;
        self.if_match.check(task.row.edits)?;
        Ok(task)
    }
}
