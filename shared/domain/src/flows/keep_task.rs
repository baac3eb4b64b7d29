//! Making and changing tasks. A task, its rows on agendas and the workload of who has it move together.

use kernel::error::Faults;
use kernel::ids::{TaskId, UserId};
use kernel::{Error, Result};
use store::schema::{Locator, attr};
use store::{Change, Stored, TenantScope, Write};

use super::assign::{Assign, Chosen, choose};
use super::catalog::Catalog;
use crate::task::{Actor, Whom};
use crate::workload::{Turn, Workload};
use crate::{Agenda, Contact, Task, User, agenda};

/// How often a turn is taken anew when somebody else was quicker.
const TURNS: usize = 5;

/// Refuses ids that name nothing of this tenant. What the task had before is not asked for again.
pub async fn check_references(catalog: &Catalog, scope: &TenantScope, before: Option<&Task>, task: &Task) -> Result<()> {
    let mut faults = Faults::default();
    if let Some(contact) = task.contact_id.filter(|_| before.is_none_or(|it| it.contact_id != task.contact_id))
        && scope.read_now::<Contact>(contact).await?.is_none()
    {
        faults.add("/contact_id", "unknown", "no such contact");
    }
    if let Some(team) = task.team.filter(|_| before.is_none_or(|it| it.team != task.team))
        && catalog.team(scope, team).await?.is_none()
    {
        faults.add("/team", "unknown", "no such team");
    }
    let mut users: Vec<(String, UserId)> = Vec::new();
    if let Some(user) = task.assignee.filter(|_| before.is_none_or(|it| it.assignee != task.assignee)) {
        users.push(("/assignee".to_owned(), user));
    }
    if before.is_none_or(|it| it.escalation != task.escalation) {
        for (at, step) in task.escalation.iter().enumerate() {
            match step.to {
                Whom::User(user) => users.push((format!("/escalation/{at}/to/user"), user)),
                Whom::Team(team) if catalog.team(scope, team).await?.is_none() => {
                    faults.add(format!("/escalation/{at}/to/team"), "unknown", "no such team");
                }
                Whom::Team(_) | Whom::Role(_) => {}
            }
        }
    }
    let at: Vec<Locator> = users.iter().map(|(_, user)| (*user).into()).collect();
    for ((pointer, _), found) in users.iter().zip(scope.read_many::<User>(&at).await?) {
        if found.is_none() {
            faults.add(pointer, "unknown", "no such user");
        }
    }
    faults.check()
}

/// The writes beside the task's own row: what differs on agendas, and in workloads.
fn beside(scope: &TenantScope, before: Option<&Task>, after: Option<&Task>) -> Result<Vec<Write>> {
    let of = |task: Option<&Task>| task.map(agenda::of).unwrap_or_default();
    let (old, new) = (of(before), of(after));
    let mut writes = Vec::new();
    for row in old.iter().filter(|row| !new.contains(row)) {
        writes.push(scope.erasing::<Agenda>(&Stored { row: row.clone(), version: 1 })?);
    }
    for row in new.iter().filter(|row| !old.contains(row)) {
        writes.push(scope.creating(row)?);
    }
    let busy = |task: Option<&Task>| task.filter(|task| task.state.is_open()).and_then(|task| task.assignee);
    let (had, has) = (busy(before), busy(after));
    if had != has {
        for (user, amount) in [(had, -1), (has, 1)].into_iter().filter_map(|(user, amount)| Some((user?, amount))) {
            let change = Change::new().set(attr::USER, store::scope::value(&user)?).add(attr::OPEN, amount);
            writes.push(scope.tallying::<Workload>(&Workload::at(user), change)?);
        }
    }
    Ok(writes)
}

/// Writes a new task that somebody made, and gives it to whom it is to be given.
pub async fn create(
    catalog: &Catalog,
    scope: &TenantScope,
    by: Actor,
    assign: Option<&Assign>,
    mut task: Task,
) -> Result<Task> {
    task.check(task.created_at, &[])?;
    if let Some(recurring) = &task.recurring {
        recurring.check(task.created_at)?;
    }
    check_references(catalog, scope, None, &task).await?;
    for _ in 0..TURNS {
        let Chosen { user, turn } = match assign {
            Some(assign) => choose(catalog, scope, assign).await?,
            None => Chosen::default(),
        };
        let mut task = task.clone();
        if let Some(assign) = assign {
            (task.team, task.assignee) = (Some(assign.team), user);
        }
        task.begin(by);
        let mut writes = vec![scope.creating(&task)?];
        writes.extend(beside(scope, None, Some(&task))?);
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
    writes.extend(beside(scope, None, Some(task))?);
    scope.transact(writes).await.map(drop)
}

/// Writes a changed task over the version it was read at, and the turn that this takes, if any.
pub async fn replace(scope: &TenantScope, before: &Task, task: &Stored<Task>, turn: Option<Stored<Turn>>) -> Result<u64> {
    let mut writes = vec![scope.replacing(task)?];
    writes.extend(beside(scope, Some(before), Some(&task.row))?);
    writes.extend(turn.map(|turn| scope.replacing(&turn)).transpose()?);
    if writes.len() == 1 {
        return scope.replace(task).await;
    }
    match scope.transact(writes).await? {
        None => Ok(task.version.saturating_add(1)),
        Some(_) => Err(meanwhile(scope, task).await?),
    }
}

/// What a refused write of a task came up against.
async fn meanwhile(scope: &TenantScope, task: &Stored<Task>) -> Result<Error> {
    Ok(match scope.read_now::<Task>(task.row.id).await? {
        Some(now) if now.version == task.version => Error::unavailable("somebody else took the turn"),
        Some(now) => Error::Stale { version: now.version },
        None => Error::NotFound { kind: TaskId::KIND },
    })
}

/// Deletes a task at the version it was read at.
pub async fn delete(scope: &TenantScope, task: &Stored<Task>) -> Result<()> {
    let mut writes = vec![scope.erasing(task)?];
    writes.extend(beside(scope, Some(&task.row), None)?);
    match scope.transact(writes).await? {
        None => Ok(()),
        Some(_) => Err(meanwhile(scope, task).await?),
    }
}
