//! Making and changing tasks. A task, its rows on agendas and the workload of who has it move together.

use std::collections::BTreeMap;

use kernel::ids::UserId;
use kernel::{Error, Result};
use store::schema::attr;
use store::{Change, Stored, TenantScope, Write};

use super::assign::{self, Assign};
use super::catalog::Catalog;
use crate::task::Actor;
use crate::workload::{Turn, Workload};
use crate::{Agenda, Task, agenda};

mod complete;
mod references;

pub use complete::{Sequel, complete};
pub use references::check_references;

/// How often something is done anew when somebody else was quicker.
pub const TURNS: usize = 20;

/// A task that is to be made.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What it is to be.
    pub task: Task,
    /// What it was before anybody said anything: what it points at there is known.
    pub base: Task,
    /// How its assignee is found, whoever the task names.
    pub assign: Option<Assign>,
}

impl Draft {
    /// Checks what can be said before anything is written.
    async fn check(&mut self, catalog: &Catalog, scope: &TenantScope) -> Result<()> {
        let definitions = catalog.definitions(scope).await?;
        self.task.check(&definitions, None, self.task.created_at)?;
        if let Some(recurring) = &self.task.recurring {
            recurring.check(self.task.created_at)?;
        }
        check_references(catalog, scope, &self.base, &mut self.task).await
    }

    /// The task with its assignee, and the turn that this takes.
    async fn given(&self, catalog: &Catalog, scope: &TenantScope, by: Actor) -> Result<(Task, Option<Stored<Turn>>)> {
        let (mut task, mut turn) = (self.task.clone(), None);
        if let Some(assign) = &self.assign {
            turn = assign::give(catalog, scope, assign, &mut task, true).await?;
        }
        task.begin(by);
        Ok((task, turn))
    }
}

/// The writes beside the rows of tasks that change together, each as it was and as it is to be: what differs on agendas, and in
/// workloads.
fn beside(scope: &TenantScope, changes: &[(Option<&Task>, Option<&Task>)]) -> Result<Vec<Write>> {
    let of = |task: Option<&Task>| task.map(agenda::of).unwrap_or_default();
    let busy = |task: Option<&Task>| task.filter(|task| task.state.is_open()).and_then(|task| task.assignee);
    let mut writes = Vec::new();
    // A transaction writes a row once: what is taken from and given to the same user is one amount.
    let mut loads: BTreeMap<UserId, i64> = BTreeMap::new();
    for (before, after) in changes {
        let (old, new) = (of(*before), of(*after));
        for row in old.iter().filter(|row| !new.contains(row)) {
            writes.push(scope.erasing::<Agenda>(&Stored { row: row.clone(), version: 1 })?);
        }
        for row in new.iter().filter(|row| !old.contains(row)) {
            writes.push(scope.creating(row)?);
        }
        for (user, amount) in [(busy(*before), -1), (busy(*after), 1)] {
            if let Some(user) = user {
                *loads.entry(user).or_default() += amount;
            }
        }
    }
    for (user, amount) in loads.into_iter().filter(|(_, amount)| *amount != 0) {
        let change = Change::new().set(attr::USER, store::scope::value(&user)?).add(attr::OPEN, amount);
        writes.push(scope.tallying::<Workload>(&Workload::at(user), change)?);
    }
    Ok(writes)
}

/// Writes a new task that somebody made, and gives it to whom it is to be given.
pub async fn create(catalog: &Catalog, scope: &TenantScope, by: Actor, mut draft: Draft) -> Result<Task> {
    draft.check(catalog, scope).await?;
    for _ in 0..TURNS {
        let (task, turn) = draft.given(catalog, scope, by).await?;
        let mut writes = vec![scope.creating(&task)?];
        writes.extend(beside(scope, &[(None, Some(&task))])?);
        writes.extend(turn.map(|turn| scope.replacing(&turn)).transpose()?);
        match scope.transact(writes).await? {
            None => return Ok(task),
            // A task of this id is there when an earlier try of the same request got this far.
            Some(0) => return Ok(scope.find::<Task>(task.id).await?.row),
            // Somebody else took the turn.
            Some(_) => {}
        }
    }
    Err(Error::unavailable("too many take turns at once"))
}

/// Writes a task that follows another; one of that id may be there already.
pub(super) async fn create_next(scope: &TenantScope, task: &Task) -> Result<()> {
    let mut writes = vec![scope.creating(task)?];
    writes.extend(beside(scope, &[(None, Some(task))])?);
    scope.transact(writes).await.map(drop)
}

/// Writes a changed task over the version it was read at, and the turn that this takes, if any. Says whether nobody was quicker.
pub async fn replace(scope: &TenantScope, before: &Task, task: &Stored<Task>, turn: Option<Stored<Turn>>) -> Result<bool> {
    let mut writes = vec![scope.replacing(task)?];
    writes.extend(beside(scope, &[(Some(before), Some(&task.row))])?);
    writes.extend(turn.map(|turn| scope.replacing(&turn)).transpose()?);
    if writes.len() > 1 {
        return Ok(scope.transact(writes).await?.is_none());
    }
    match scope.replace(task).await {
        Ok(_) => Ok(true),
        Err(Error::Stale { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Deletes a task at the version it was read at. Says whether nobody was quicker.
pub async fn delete(scope: &TenantScope, task: &Stored<Task>) -> Result<bool> {
    let mut writes = vec![scope.erasing(task)?];
    writes.extend(beside(scope, &[(Some(&task.row), None)])?);
    Ok(scope.transact(writes).await?.is_none())
}
