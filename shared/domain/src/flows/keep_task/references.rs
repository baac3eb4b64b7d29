//! What tasks point at must be there.

use kernel::Result;
use kernel::error::Faults;
use kernel::ids::UserId;
use store::TenantScope;
use store::schema::{Entity, Locator};

use crate::flows::catalog::Catalog;
use crate::task::Whom;
use crate::{Company, Contact, Deal, Task, User};

/// Refuses ids that name nothing of this tenant. What the task had before is not asked for again. Whether an activity is there hangs on
/// who is asking, and is found out by whoever takes the order.
pub async fn check_references(catalog: &Catalog, scope: &TenantScope, before: &Task, task: &Task) -> Result<()> {
    let mut faults = Faults::default();
    let contact = task.contact_id.filter(|_| before.contact_id != task.contact_id);
    known::<Contact>(scope, contact, "/contact_id", &mut faults).await?;
    let company = task.company_id.filter(|_| before.company_id != task.company_id);
    known::<Company>(scope, company, "/company_id", &mut faults).await?;
    let deal = task.deal_id.filter(|_| before.deal_id != task.deal_id);
    known::<Deal>(scope, deal, "/deal_id", &mut faults).await?;
    if let Some(team) = task.team.filter(|_| before.team != task.team)
        && catalog.team(scope, team).await?.is_none()
    {
        faults.add("/team", "unknown", "no such team");
    }
    people(catalog, scope, before, task, &mut faults).await?;
    faults.check()
}

async fn known<E: Entity>(
    scope: &TenantScope,
    at: Option<impl Into<Locator> + Send>,
    pointer: &str,
    faults: &mut Faults,
) -> Result<()> {
    if let Some(at) = at
        && scope.read_now::<E>(at).await?.is_none()
    {
        faults.add(pointer, "unknown", format!("no such {}", E::ROW.kind));
    }
    Ok(())
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
