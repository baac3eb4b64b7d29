//! Teams and who is in them, kept like the rest of the catalog.

use std::sync::Arc;

use kernel::Result;
use kernel::ids::{TeamId, UserId};
use store::schema::Locator;
use store::{Listing, TenantScope};

use super::{Catalog, put};
use crate::team::TEAMS;
use crate::{Team, User};

impl Catalog {
    /// The tenant's teams.
    pub async fn teams(&self, scope: &TenantScope) -> Result<Arc<Vec<Team>>> {
        let found = self.fresh(self.kept().teams.get(&scope.tenant()));
        if let Some(teams) = found {
            return Ok(teams);
        }
        let listing = Listing { limit: TEAMS, after: None, since: None, until: None };
        let page = scope.list::<Team>(&listing, self.clock.now(), |_| true).await?;
        let teams = Arc::new(page.rows.into_iter().map(|stored| stored.row).collect::<Vec<_>>());
        put(&mut self.kept().teams, scope.tenant(), (self.clock.now(), teams.clone()));
        Ok(teams)
    }

    /// The team of that id, also when it was made a moment ago.
    pub async fn team(&self, scope: &TenantScope, id: TeamId) -> Result<Option<Team>> {
        let known = self.teams(scope).await?.iter().find(|team| team.id == id).cloned();
        if known.is_some() {
            return Ok(known);
        }
        Ok(scope.read_now::<Team>(id).await?.map(|team| team.row))
    }

    /// The teams that a user is a member of.
    pub async fn teams_of(&self, scope: &TenantScope, user: UserId) -> Result<Vec<TeamId>> {
        let teams = self.teams(scope).await?;
        Ok(teams.iter().filter(|team| team.has(user)).map(|team| team.id).collect())
    }

    /// The members of a team, in its order. Who is gone is not among them.
    pub async fn members(&self, scope: &TenantScope, team: &Team) -> Result<Arc<Vec<User>>> {
        let key = (scope.tenant(), team.id);
        let found = self.fresh(self.kept().members.get(&key));
        if let Some(members) = found {
            return Ok(members);
        }
        let at: Vec<Locator> = team.members.iter().map(|member| member.user.into()).collect();
        let users = scope.read_many::<User>(&at).await?;
        let members = Arc::new(users.into_iter().flatten().map(|stored| stored.row).collect::<Vec<_>>());
        put(&mut self.kept().members, key, (self.clock.now(), members.clone()));
        Ok(members)
    }

    /// Forgets the tenant's teams and who is in them: who looks next sees them as they are.
    pub fn look_again_at_people(&self, scope: &TenantScope) {
        let mut kept = self.kept();
        kept.teams.remove(&scope.tenant());
        kept.members.retain(|(tenant, _), _| *tenant != scope.tenant());
    }
}
