//! Completing a task together with what it was and what comes of it: all in one transaction, so that a request that comes again finds
//! the task completed and makes nothing.

use kernel::{Result, Time};
use store::{Stored, TenantScope};

use super::{Draft, beside};
use crate::flows::catalog::Catalog;
use crate::flows::log;
use crate::task::Actor;
use crate::{Activity, Task};

/// What is made when a task is completed.
#[derive(Clone, Debug, Default)]
pub struct Sequel {
    /// The activity that it was, and its description.
    pub activity: Option<(Activity, Option<String>)>,
    /// The task that follows.
    pub next: Option<Draft>,
}

impl Sequel {
    async fn check(&mut self, catalog: &Catalog, scope: &TenantScope) -> Result<()> {
        if let Some((activity, description)) = &mut self.activity {
            let definitions = catalog.definitions(scope).await?;
            let checked = activity.check(description.as_deref(), &definitions, None);
            checked.map_err(|error| error.under("/activity"))?;
        }
        match &mut self.next {
            Some(next) => next.check(catalog, scope).await.map_err(|error| error.under("/next")),
            None => Ok(()),
        }
    }
}

/// Completes a task, at the version it was read at; none when somebody else was quicker. One that is completed already stays as it is,
/// and nothing is made.
pub async fn complete(
    catalog: &Catalog,
    scope: &TenantScope,
    (by, now): (Actor, Time),
    mut task: Stored<Task>,
    outcome: Option<String>,
    mut sequel: Sequel,
) -> Result<Option<Task>> {
    let before = task.row.clone();
    if !task.row.complete(by, now, outcome)? {
        return Ok(Some(task.row));
    }
    sequel.check(catalog, scope).await?;
    task.row.logged = sequel.activity.as_ref().map(|(activity, _)| activity.id).or(task.row.logged);
    task.row.follow_up = sequel.next.as_ref().map(|next| next.task.id).or(task.row.follow_up);
    let (next, turn) = match &sequel.next {
        Some(next) => {
            let given = next.given(catalog, scope, by).await.map_err(|error| error.under("/next"))?;
            (Some(given.0), given.1)
        }
        None => (None, None),
    };
    let mut writes = vec![scope.replacing(&task)?];
    let changes = [(Some(&before), Some(&task.row)), (None, next.as_ref())];
    writes.extend(beside(scope, &changes)?);
    if let Some((mut activity, words)) = sequel.activity {
        writes.extend(log::creating(scope, &mut activity, words)?);
    }
    writes.extend(next.as_ref().map(|next| scope.creating(next)).transpose()?);
    writes.extend(turn.map(|turn| scope.replacing(&turn)).transpose()?);
    Ok(scope.transact(writes).await?.is_none().then_some(task.row))
}
