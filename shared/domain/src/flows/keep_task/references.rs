//! What tasks point at must be there. When nobody says which company a task is about, it is the one of the contact, or else of the
//! deal, as they are then.

use kernel::Result;
use kernel::error::Faults;
use kernel::ids::{CompanyId, UserId};
use store::TenantScope;
use store::schema::{Entity, Locator};

use crate::flows::catalog::Catalog;
use crate::task::Whom;
use crate::{Company, Contact, Deal, Task, User};

/// Refuses ids that name nothing of this tenant. What the task had before is not asked for again. Whether an activity is there hangs on
/// who is asking, and is found out by whoever takes the order.
pub async fn check_references(catalog: &Catalog, scope: &TenantScope, before: &Task, task: &mut Task) -> Result<()> {
    let mut faults = Faults::default();
    let said = (before.contact_id, before.deal_id) != (task.contact_id, task.deal_id);
    let contact = task.contact_id.filter(|_| before.contact_id != task.contact_id);
    let contact_row = known::<Contact>(scope, contact, "/contact_id", &mut faults).await?;
    let company = task.company_id.filter(|_| before.company_id != task.company_id);
    known::<Company>(scope, company, "/company_id", &mut faults).await?;
    let deal = task.deal_id.filter(|_| before.deal_id != task.deal_id);
    let deal_row = known::<Deal>(scope, deal, "/deal_id", &mut faults).await?;
    if let Some(team) = task.team.filter(|_| before.team != task.team)
        && catalog.team(scope, team).await?.is_none()
    {
        faults.add("/team", "unknown", "no such team");
    }
    people(catalog, scope, before, task, &mut faults).await?;
    faults.check()?;
    if task.follows && said {
        task.company_id = company_of(scope, task, contact_row, deal_row).await?;
    }
    Ok(())
}

/// The company of a task's contact, or else of its deal, of which one may have been read.
async fn company_of(
    scope: &TenantScope,
    task: &Task,
    contact: Option<Contact>,
    deal: Option<Deal>,
) -> Result<Option<CompanyId>> {
    let contact = or_read(scope, contact, task.contact_id).await?;
    if let Some(company) = contact.and_then(|contact| contact.company_id) {
        return Ok(Some(company));
    }
    Ok(or_read(scope, deal, task.deal_id).await?.and_then(|deal| deal.company_id))
}

/// The thing that was read, or else the one that has been named before, which may be gone by now.
async fn or_read<E: Entity>(scope: &TenantScope, read: Option<E>, at: Option<impl Into<Locator> + Send>) -> Result<Option<E>> {
    match (read, at) {
        (None, Some(at)) => Ok(scope.read_now::<E>(at).await?.map(|found| found.row)),
        (read, _) => Ok(read),
    }
}

async fn known<E: Entity>(
    scope: &TenantScope,
    at: Option<impl Into<Locator> + Send>,
    pointer: &str,
    faults: &mut Faults,
) -> Result<Option<E>> {
    let Some(at) = at else { return Ok(None) };
    let found = scope.read_now::<E>(at).await?;
    if found.is_none() {
        faults.add(pointer, "unknown", format!("no such {}", E::ROW.kind));
    }
    Ok(found.map(|found| found.row))
}

/// Who has it, and who is told when nobody sees to it: all users in one batch.
async fn people(catalog: &Catalog, scope: &TenantScope, before: &Task, task: &Task, faults: &mut Faults) -> Result<()> {
    let mut users: Vec<(String, UserId)> = Vec::new();
    if let Some(user) = task.assignee.filter(|_| before.assignee != task.assignee) {
        users.push(("/assignee".to_owned(), user));
    }
    let steps = task.escalation.iter().enumerate().filter(|_| before.escalation != task.escalation);
    for (at, step) in steps {
        match step.to {
            Whom::User(user) => users.push((format!("/escalation/{at}/to/user"), user)),
            Whom::Team(team) if catalog.team(scope, team).await?.is_none() => {
                faults.add(format!("/escalation/{at}/to/team"), "unknown", "no such team");
            }
            Whom::Team(_) | Whom::Role(_) => {}
        }
    }
    let at: Vec<Locator> = users.iter().map(|(_, user)| (*user).into()).collect();
    for ((pointer, _), found) in users.iter().zip(scope.read_many_now::<User>(&at).await?) {
        if found.is_none() {
            faults.add(pointer, "unknown", "no such user");
        }
    }
    Ok(())
}
