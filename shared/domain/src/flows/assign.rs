//! Giving a task to a member of a team by itself: in turns, or to whoever has the least to do. Members who are away are passed over.

use kernel::ids::{TeamId, UserId};
use kernel::{Error, Result, Zone};
use serde::{Deserialize, Serialize};
use store::schema::Locator;
use store::{Stored, TenantScope};

use super::catalog::Catalog;
use crate::workload::{Turn, Workload};
use crate::{Recurring, Task, User};

/// How a task finds its assignee.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// By what.
    pub strategy: Strategy,
    /// Among whom.
    pub team: TeamId,
    /// What to do when nobody is available; the task is refused when nothing is said.
    #[serde(default)]
    pub fallback: Option<Fallback>,
}

/// By what a member is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// One after the other.
    RoundRobin,
    /// Who has the fewest open tasks.
    Load,
}

/// What to do when nobody is available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The task is the team's.
    Unassigned,
}

/// Who was chosen, and the turn that this takes.
#[derive(Debug, Default)]
struct Chosen {
    /// Who; nobody when nobody is available and that was allowed.
    user: Option<UserId>,
    /// The clock on that user's wall, if they said which.
    zone: Option<Zone>,
    /// The team's turn as it is then, over the version that it was read at.
    turn: Option<Stored<Turn>>,
}

/// Gives a task to a member of a team. A rule that `begins` with that is on the member's clock. What comes back is the turn that this
/// takes: to be written together with the task.
pub async fn give(
    catalog: &Catalog,
    scope: &TenantScope,
    assign: &Assign,
    task: &mut Task,
    begins: bool,
) -> Result<Option<Stored<Turn>>> {
    let Chosen { user, zone, turn } = choose(catalog, scope, assign).await?;
    (task.team, task.assignee) = (Some(assign.team), user);
    if let Some((recurring, zone)) = task.recurring.as_mut().zip(zone).filter(|_| begins) {
        *recurring = Recurring::begin(recurring.rule.clone(), zone, recurring.at);
    }
    Ok(turn)
}

/// Chooses a member. Reads the team's members and one row, or a row of each of them.
async fn choose(catalog: &Catalog, scope: &TenantScope, assign: &Assign) -> Result<Chosen> {
    let team = catalog.team(scope, assign.team).await?;
    let team = team.ok_or_else(|| Error::invalid("/assign/team", "unknown", "no such team"))?;
    let members = catalog.members(scope, &team).await?;
    let ready: Vec<UserId> = members.iter().filter(|member| member.available).map(|member| member.id).collect();
    if ready.is_empty() {
        return match assign.fallback {
            Some(Fallback::Unassigned) => Ok(Chosen::default()),
            None => Err(Error::invalid("/assign", "nobody", "no member of the team is available")),
        };
    }
    let chosen = match assign.strategy {
        Strategy::RoundRobin => in_turn(scope, team.id, &members, &ready).await?,
        Strategy::Load => least(scope, &ready).await?,
    };
    let member = members.iter().find(|member| chosen.user == Some(member.id));
    Ok(Chosen { zone: member.and_then(|member| member.zone.clone()), ..chosen })
}

async fn in_turn(scope: &TenantScope, team: TeamId, members: &[User], ready: &[UserId]) -> Result<Chosen> {
    let found = scope.read_now::<Turn>(Turn::at(team)).await?;
    let last = found.as_ref().and_then(|turn| members.iter().position(|member| member.id == turn.row.last));
    // Those behind the one who was last come first, in the order of the team.
    let from = last.map_or(0, |last| last.saturating_add(1));
    let round = members.iter().skip(from).chain(members.iter().take(from));
    let user = round.map(|member| member.id).find(|user| ready.contains(user));
    let version = found.map_or(0, |turn| turn.version);
    let turn = user.map(|last| Stored { row: Turn { team, last }, version });
    Ok(Chosen { user, turn, ..Chosen::default() })
}

async fn least(scope: &TenantScope, ready: &[UserId]) -> Result<Chosen> {
    let at: Vec<Locator> = ready.iter().map(|user| Workload::at(*user)).collect();
    let loads = scope.read_many_now::<Workload>(&at).await?;
    let open = loads.into_iter().map(|load| load.map_or(0, |load| load.row.open));
    let user = ready.iter().zip(open).min_by_key(|(_, open)| *open).map(|(user, _)| *user);
    Ok(Chosen { user, ..Chosen::default() })
}
