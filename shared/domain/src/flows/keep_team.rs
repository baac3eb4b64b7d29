//! Making and changing teams. Their members are users of the tenant; who is removed as a user leaves his teams when they are read or
//! written next.

use std::collections::BTreeSet;

use kernel::error::Faults;
use kernel::ids::UserId;
use kernel::{Error, Result, Time};
use store::schema::Locator;
use store::{Listing, Stored, TenantScope};

use crate::team::TEAMS;
use crate::{Team, User};

/// Those of these users who exist.
async fn known(scope: &TenantScope, users: &BTreeSet<UserId>) -> Result<BTreeSet<UserId>> {
    let at: Vec<Locator> = users.iter().map(|user| (*user).into()).collect();
    let found = scope.read_many_now::<User>(&at).await?;
    Ok(found.into_iter().flatten().map(|user| user.row.id).collect())
}

/// Drops members who are gone from teams that were read. Each user is read once, however many teams name him.
pub async fn drop_gone<'a>(scope: &TenantScope, teams: impl Iterator<Item = &'a mut Team> + Send) -> Result<()> {
    let teams: Vec<&mut Team> = teams.collect();
    let named = teams.iter().flat_map(|team| team.members.iter().map(|member| member.user)).collect();
    let known = known(scope, &named).await?;
    for team in teams {
        team.members.retain(|member| known.contains(&member.user));
    }
    Ok(())
}

/// Refuses members whom nobody knows. Who was a member before and is gone is dropped instead.
async fn check_members(scope: &TenantScope, before: &[UserId], team: &mut Team) -> Result<()> {
    team.check()?;
    let known = known(scope, &team.members.iter().map(|member| member.user).collect()).await?;
    let mut faults = Faults::default();
    for (at, member) in team.members.iter().enumerate() {
        if !known.contains(&member.user) && !before.contains(&member.user) {
            faults.add(format!("/members/{at}/user"), "unknown", "no such user");
        }
    }
    faults.check()?;
    team.members.retain(|member| known.contains(&member.user));
    Ok(())
}

/// Writes a new team.
pub async fn create(scope: &TenantScope, now: Time, team: &mut Team) -> Result<()> {
    check_members(scope, &[], team).await?;
    let all = Listing { limit: TEAMS, after: None, since: None, until: None };
    if scope.list::<Team>(&all, now, |other| other.id != team.id).await?.rows.len() >= TEAMS {
        return Err(Error::conflict(format!("a tenant has at most {TEAMS} teams")));
    }
    // A team of this id is there when an earlier try of the same request got this far.
    scope.create(team).await.map(drop)
}

/// Writes a changed team over the version it was read at.
pub async fn replace(scope: &TenantScope, before: &Team, team: &mut Stored<Team>) -> Result<u64> {
    let before: Vec<UserId> = before.members.iter().map(|member| member.user).collect();
    check_members(scope, &before, &mut team.row).await?;
    scope.replace(team).await
}
