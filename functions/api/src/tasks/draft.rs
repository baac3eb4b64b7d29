//! From what a request says of a task to the task that it wants.

use domain::flows::keep_task::Draft;
use domain::{Activity, Recurrence, Recurring, Task, User};
use kernel::ids::ActivityId;
use kernel::{Error, Result, Zone};
use store::TenantScope;

use super::fields::TaskFields;
use crate::activities;
use crate::caller::{Caller, may};
use crate::state::Api;

/// The task that is wanted where it is `base` as long as nobody says otherwise.
pub(super) async fn drafted(
    api: &Api,
    caller: &Caller<may::WriteContacts>,
    mut base: Task,
    mut body: TaskFields,
) -> Result<Draft> {
    let assign = body.take_assign()?;
    if assign.is_some() {
        base.assignee = None;
    }
    if let Some(id) = body.activity().filter(|id| base.activity_id != Some(*id)) {
        base.come_of(&activity(api, caller, id).await?);
    }
    let mut task = base.clone();
    apply(api, &caller.scope, body, &mut task).await?;
    Ok(Draft { task, base, assign })
}

/// Carries a change out, with the rule on the clock that it speaks of.
pub(super) async fn apply(api: &Api, scope: &TenantScope, mut body: TaskFields, task: &mut Task) -> Result<()> {
    let rule = body.take_recurrence();
    body.apply(task)?;
    // A rule that is sent as it stands goes on where it is.
    if let Some(rule) = rule.filter(|rule| rule.as_ref() != task.recurring.as_ref().map(|recurring| &recurring.rule)) {
        task.recurring = recurring(api, scope, task, rule).await?;
    }
    Ok(())
}

async fn recurring(api: &Api, scope: &TenantScope, task: &Task, rule: Option<Recurrence>) -> Result<Option<Recurring>> {
    let Some(rule) = rule else { return Ok(None) };
    let due = task.due_at;
    let due = due.ok_or_else(|| Error::invalid("/due_at", "required", "a task that comes again is due at some time"))?;
    Ok(Some(Recurring::begin(rule, zone(api, scope, task).await?, due)))
}

/// The zone that a task's rule speaks of: its assignee's, else the tenant's.
async fn zone(api: &Api, scope: &TenantScope, task: &Task) -> Result<Zone> {
    let user = match task.assignee {
        Some(user) => scope.read_now::<User>(user).await?,
        None => None,
    };
    match user.and_then(|user| user.row.zone) {
        Some(zone) => Ok(zone),
        None => Ok(api.0.catalog.tenant(scope).await?.zone.clone()),
    }
}

/// The activity that a task is to come of. One that the caller may not see is nobody's.
pub(super) async fn activity(api: &Api, caller: &Caller<may::WriteContacts>, id: ActivityId) -> Result<Activity> {
    match activities::find(api, caller, id).await {
        Ok(found) => Ok(found.activity.row),
        Err(Error::NotFound { .. }) => Err(Error::invalid("/activity_id", "unknown", "no such activity")),
        Err(error) => Err(error),
    }
}
