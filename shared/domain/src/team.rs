//! Teams: users who work together.

use std::collections::BTreeSet;

use kernel::error::Faults;
use kernel::ids::{TeamId, UserId};
use kernel::{Result, Time};
use serde::{Deserialize, Serialize};
use store::schema::{self, Entity, Locator, Row};

/// Most members of a team: they stand in its row.
pub const MEMBERS: usize = 200;
/// Most teams of a tenant: whoever asks whose teams somebody is in looks at all of them.
pub const TEAMS: usize = 100;

/// Users who work together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Team {
    /// Its id.
    pub id: TeamId,
    /// Name for people.
    pub name: String,
    /// Who is in it. Some may have been removed as users since: they are dropped when the team is written next.
    pub members: Vec<Member>,
    /// When it was made.
    pub created_at: Time,
    /// When it was changed last.
    pub updated_at: Time,
}

/// One of a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Who.
    pub user: UserId,
    /// Whether the person leads the team.
    #[serde(default)]
    pub lead: bool,
}

impl Team {
    /// Whether that user is a member.
    pub fn has(&self, user: UserId) -> bool {
        self.members.iter().any(|member| member.user == user)
    }

    /// Those who lead it.
    pub fn leads(&self) -> Vec<UserId> {
        self.members.iter().filter(|member| member.lead).map(|member| member.user).collect()
    }

    /// Checks what the types do not, and tidies up.
    pub fn check(&mut self) -> Result<()> {
        let mut faults = Faults::default();
        if let Some(name) = faults.take("/name", crate::name::title(&self.name)) {
            self.name = name;
        }
        if self.members.len() > MEMBERS {
            faults.add("/members", "too_many", format!("at most {MEMBERS}"));
        }
        let mut seen = BTreeSet::new();
        for (at, member) in self.members.iter().enumerate() {
            if !seen.insert(member.user) {
                faults.add(format!("/members/{at}/user"), "twice", "each user is a member once");
            }
        }
        faults.check()
    }
}

impl Entity for Team {
    const ROW: Row = schema::TEAM;

    fn locator(&self) -> Locator {
        self.id.into()
    }
}
